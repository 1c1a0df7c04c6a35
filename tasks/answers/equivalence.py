r"""Whether two answers are mathematically the same: tiers from a string comparison to a killable math-verify.

Three outcomes. "unknown" means that nobody could tell within the bounds; it is neither agreement nor disagreement.
Knows: the tiers of `tasks/answers/tiers.py`, the refusals of `tasks/answers/guards.py`, and how to ask
`tasks/answers/algebra.py` in a process that dies when it takes too long or too much memory.
Does not know: which answer is right. Does not protect against a question whose answer depends on a convention; the
conventions are listed in `tasks/answers/tiers.py`.

Importing this module, and comparing answers that the cheap tiers settle, starts no process.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from threading import Lock
from types import TracebackType
from typing import NamedTuple

from pebble import ProcessExpired, ProcessPool

from tasks.answers import algebra
from tasks.answers.extraction import final_answer
from tasks.answers.groups import compare_groups, group_of
from tasks.answers.guards import oversized, prepared, refusal
from tasks.answers.pool import is_broken, start, stop
from tasks.answers.question import readings
from tasks.answers.reading import read
from tasks.answers.tiers import first_tier
from tasks.answers.verdict import Outcome, Verdict
from tasks.settings.policy import DEFAULT_POLICY, Policy

CACHE_SIZE = 16_384
"""Verdicts of workers that are remembered, least recently used out first. The others cost less than they would hold."""
TIMEOUT = 30.0
AT_ONCE = 64
"""Comparisons in flight when a file is checked."""
MAX_OPEN_PARTS = 36
"""Pairs of parts of two collections that workers are asked about."""


class Comparison(NamedTuple):
    """Two answers in an order that does not depend on the caller's, and the question that they answer, if known."""

    a: str
    b: str
    question: str


class Equivalence:
    """The checker. Symmetric, cached, safe to share between threads and event loops; close it, or use `with`.

    Args:
        rule: The policies for percent, units and tolerance.
        workers: Processes for math-verify, started at the first comparison that needs one.
        timeout: Seconds one comparison may take by the clock before its worker is killed: a wide net behind the limit
            of computing time (`algebra.CPU_LIMIT`), so that a busy machine decides nothing.
    """

    def __init__(self, rule: Policy = DEFAULT_POLICY, workers: int = 1, timeout: float = TIMEOUT) -> None:
        self._rule = rule
        self._workers = workers
        self._timeout = timeout
        self._pool: ProcessPool | None = None
        self._lock = Lock()
        self._cache: OrderedDict[Comparison, Verdict] = OrderedDict()

    async def compare(self, a: str, b: str, question: str = "") -> Verdict:
        """Compare two final answers to a question; never raises because of their content."""
        asked = Comparison(*_ordered(a, b), question)
        at_once = self._at_once(asked)
        return at_once if at_once is not None else self._remember(asked, await self._decide(asked, 0))

    def compare_at_once(self, a: str, b: str, question: str = "") -> Verdict | None:
        """The verdict where no worker is needed for it."""
        return self._at_once(Comparison(*_ordered(a, b), question))

    def _at_once(self, asked: Comparison) -> Verdict | None:
        known = self._known(asked)
        return known if known is not None else settle(asked.a, asked.b, self._rule, asked.question)

    def close(self) -> None:
        """Stop the workers; a later comparison starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            stop(pool)

    def __enter__(self) -> Equivalence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _decide(self, asked: Comparison, depth: int) -> Verdict:
        """The verdict by every policy that the question allows; the first "same" counts."""
        verdicts = []
        for rule in readings(asked.a, asked.b, self._rule, asked.question):
            verdict = _settle(asked.a, asked.b, rule, asked.question)
            verdict = verdict if verdict is not None else await self._part_by_part(asked, rule, depth)
            verdicts.append(verdict if verdict is not None else await self._ask(asked, rule))
            if verdicts[-1].outcome == "same":
                return verdicts[-1]
        return verdicts[0]

    async def _part_by_part(self, asked: Comparison, rule: Policy, depth: int) -> Verdict | None:
        """Two collections by their parts; math-verify would read lists as sets, so it is shown single parts alone."""
        left, right = (group_of(read(text, rule, asked.question).tidied) for text in asked[:2])
        if left is None or right is None:
            return None
        known: dict[tuple[str, str], Outcome | None] = {}

        def element(a: str, b: str) -> Outcome | None:
            a, b = (a, b) if a <= b else (b, a)
            if (a, b) not in known:
                verdict = _settle(a, b, rule, asked.question)
                known[a, b] = None if verdict is None or verdict.outcome == "unknown" else verdict.outcome
                if verdict is None:
                    open_pairs.append((a, b))
            return known[a, b]

        open_pairs: list[tuple[str, str]] = []
        compare_groups(left, right, element)
        if depth > 1 or len(open_pairs) > MAX_OPEN_PARTS:
            return Verdict("unknown", "collection")
        parts = [self._decide(Comparison(*pair, asked.question), depth + 1) for pair in open_pairs]
        for pair, verdict in zip(open_pairs, await asyncio.gather(*parts), strict=True):
            known[pair] = None if verdict.outcome == "unknown" else verdict.outcome
        return Verdict(compare_groups(left, right, element) or "unknown", "collection")

    async def _ask(self, asked: Comparison, rule: Policy) -> Verdict:
        left, right = (read(text, rule, asked.question) for text in asked[:2])
        equal, tier = await self.in_worker(algebra.judge, prepared(left, right), prepared(right, left))
        return Verdict("unknown" if equal is None else "same" if equal else "different", tier)

    async def in_worker(self, question: Callable[[str, str], bool | None], a: str, b: str) -> tuple[bool | None, str]:
        """What a question to math-verify comes to, and how: None where the worker ended or failed over it.

        A pool that broke (all its workers died) is replaced, once per question.
        """
        for _ in range(2):
            pool = self._running_pool()
            try:
                future: Future[bool | None] = pool.schedule(question, args=(a, b), timeout=self._timeout)
                return await asyncio.wrap_future(future), "math-verify"
            except TimeoutError:
                return None, "timeout"
            except ProcessExpired as error:
                return None, "timeout" if algebra.ended_by_limit(error.exitcode) else "worker died"
            except (asyncio.CancelledError, KeyboardInterrupt):
                raise
            except Exception as error:
                if not is_broken(pool):
                    return None, f"math-verify: {error or type(error).__name__}"
                self._replace(pool)
        return None, "worker died"

    def _running_pool(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                self._pool = start(self._workers)
            return self._pool

    def _replace(self, broken: ProcessPool) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        stop(broken)

    def _known(self, pair: Comparison) -> Verdict | None:
        with self._lock:
            verdict = self._cache.get(pair)
            if verdict is not None:
                self._cache.move_to_end(pair)
            return verdict

    def _remember(self, pair: Comparison, verdict: Verdict) -> Verdict:
        if verdict.tier == "worker died":
            return verdict  # may be the machine's doing, so it is asked again
        with self._lock:
            self._cache[pair] = verdict
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return verdict


def settle(a: str, b: str, rule: Policy = DEFAULT_POLICY, question: str = "") -> Verdict | None:
    """The verdict that needs no algebra, or None. Pure; a and b are in canonical order."""
    verdicts = [_settle(a, b, reading, question) for reading in readings(a, b, rule, question)]
    same = next((verdict for verdict in verdicts if verdict is not None and verdict.same), None)
    return None if same is None and None in verdicts else same or verdicts[0]


def _settle(a: str, b: str, rule: Policy, question: str) -> Verdict | None:
    if a == b:
        return Verdict("same" if a.strip() else "unknown", "identical")
    reason = oversized(a) or oversized(b)
    if reason:
        return Verdict("unknown", f"guard: {reason}")
    found = first_tier(a, b, rule, question=question)
    if found:
        return Verdict(found[1], found[0])
    left, right = read(a, rule, question), read(b, rule, question)
    if group_of(left.tidied) and group_of(right.tidied):
        return None
    reason = refusal(left) or refusal(right)
    return Verdict("unknown", f"guard: {reason}") if reason else None


def _ordered(a: str, b: str) -> tuple[str, str]:
    """The last box of each text where there is one, in an order that does not depend on the caller's."""
    a, b = (stated(text) if r"\boxed" in text else text for text in (a, b))
    return (a, b) if a <= b else (b, a)


def stated(text: str) -> str:
    """The final answer that a text states, or the text itself where it states none."""
    return final_answer(text) or text


async def check_all(
    rows: Iterable[tuple[str, str]], equivalence: Equivalence, questions: Sequence[str] = ()
) -> list[Verdict]:
    """Verdicts on pairs of whole texts, in the rows' order; `questions` are what they answer, where that is known.

    The final answer of each text is compared, or the text itself where it states none.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(asked: tuple[str, str, str]) -> Verdict:
        async with gate:
            return await equivalence.compare(*asked)

    pairs = [(stated(a), stated(b)) for a, b in rows]
    asked = [(*pair, question) for pair, question in zip(pairs, questions or [""] * len(pairs), strict=True)]
    verdicts = [equivalence.compare_at_once(*each) for each in asked]
    open_ones = [one(each) for each, verdict in zip(asked, verdicts, strict=True) if verdict is None]
    found = iter(await asyncio.gather(*open_ones))
    return [next(found) if verdict is None else verdict for verdict in verdicts]
