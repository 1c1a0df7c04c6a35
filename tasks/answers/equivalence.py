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
import multiprocessing
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from threading import Lock
from types import TracebackType
from typing import Any, NamedTuple

from pebble import ProcessExpired, ProcessPool

from tasks.answers import algebra
from tasks.answers.extraction import final_answer
from tasks.answers.groups import Outcome
from tasks.answers.guards import oversized, prepared, refusal
from tasks.answers.reading import DEFAULT, read
from tasks.answers.tiers import first_tier
from tasks.settings.run import EquivalenceRule

CACHE_SIZE = 16_384
"""Verdicts of workers that are remembered, least recently used out first. The others cost less than they would hold."""
TIMEOUT = 30.0
AT_ONCE = 64
"""Comparisons in flight when a file is checked."""
TASKS_PER_WORKER = 2_000
"""Comparisons after which a worker is replaced, since sympy's caches only grow."""


class Verdict(NamedTuple):
    """An outcome and the tier that reached it."""

    outcome: Outcome
    tier: str


class Equivalence:
    """The checker. Symmetric, cached, safe to share between threads and event loops; close it, or use `with`.

    Args:
        rule: The policies for percent, units and tolerance.
        workers: Processes for math-verify, started at the first comparison that needs one.
        timeout: Seconds one comparison may take by the clock before its worker is killed: a wide net behind the limit
            of computing time (`algebra.CPU_LIMIT`), so that a busy machine decides nothing.
    """

    def __init__(self, rule: EquivalenceRule = DEFAULT, workers: int = 1, timeout: float = TIMEOUT) -> None:
        self._rule = rule
        self._workers = workers
        self._timeout = timeout
        self._pool: ProcessPool | None = None
        self._lock = Lock()
        self._cache: OrderedDict[tuple[str, str], Verdict] = OrderedDict()

    async def compare(self, a: str, b: str) -> Verdict:
        """Compare two final answers; never raises because of their content."""
        pair = _ordered(a, b)
        return self._at_once(pair) or self._remember(pair, await self._ask(pair))

    def compare_at_once(self, a: str, b: str) -> Verdict | None:
        """The verdict where no worker is needed for it."""
        return self._at_once(_ordered(a, b))

    def _at_once(self, pair: tuple[str, str]) -> Verdict | None:
        return self._known(pair) or settle(*pair, self._rule)

    def close(self) -> None:
        """Stop the workers; a later comparison starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            _stop(pool)

    def __enter__(self) -> Equivalence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _ask(self, pair: tuple[str, str]) -> Verdict:
        """One question to the pool. A pool that broke (all its workers died) is replaced, once per question."""
        left, right = (read(text, self._rule) for text in pair)
        texts = (prepared(left, right), prepared(right, left))
        for _ in range(2):
            pool = self._running_pool()
            try:
                future: Future[bool | None] = pool.schedule(algebra.judge, args=texts, timeout=self._timeout)
                equal = await asyncio.wrap_future(future)
            except TimeoutError:
                return Verdict("unknown", "timeout")
            except ProcessExpired as error:
                return Verdict("unknown", "timeout" if algebra.ended_by_limit(error.exitcode) else "worker died")
            except (asyncio.CancelledError, KeyboardInterrupt):
                raise
            except Exception as error:
                if not _is_broken(pool):
                    return Verdict("unknown", f"math-verify: {type(error).__name__}")
                self._replace(pool)
            else:
                return Verdict("unknown" if equal is None else "same" if equal else "different", "math-verify")
        return Verdict("unknown", "worker died")

    def _running_pool(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                self._pool = _start(self._workers)
            return self._pool

    def _replace(self, broken: ProcessPool) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        _stop(broken)

    def _known(self, pair: tuple[str, str]) -> Verdict | None:
        with self._lock:
            verdict = self._cache.get(pair)
            if verdict is not None:
                self._cache.move_to_end(pair)
            return verdict

    def _remember(self, pair: tuple[str, str], verdict: Verdict) -> Verdict:
        if verdict.tier == "worker died":
            return verdict  # may be the machine's doing, so it is asked again
        with self._lock:
            self._cache[pair] = verdict
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return verdict


def settle(a: str, b: str, rule: EquivalenceRule = DEFAULT) -> Verdict | None:
    """The verdict that needs no algebra, or None. Pure; a and b are in canonical order."""
    if a == b:
        return Verdict("same" if a.strip() else "unknown", "identical")
    reason = oversized(a) or oversized(b)
    if reason:
        return Verdict("unknown", f"guard: {reason}")
    found = first_tier(a, b, rule)
    if found:
        return Verdict(found[1], found[0])
    reason = refusal(read(a, rule)) or refusal(read(b, rule))
    return Verdict("unknown", f"guard: {reason}") if reason else None


def _ordered(a: str, b: str) -> tuple[str, str]:
    """The last box of each text where there is one, in an order that does not depend on the caller's."""
    a, b = ((final_answer(text) or text) if r"\boxed" in text else text for text in (a, b))
    return (a, b) if a <= b else (b, a)


def _start(workers: int) -> ProcessPool:
    """A pool whose processes come from a fork server: safe beside threads, and quick to replace once it is up."""
    try:
        context: multiprocessing.context.BaseContext = multiprocessing.get_context("forkserver")
        multiprocessing.set_forkserver_preload(algebra.ALGEBRA_MODULES)
    except ValueError:
        context = multiprocessing.get_context("spawn")
    return ProcessPool(
        max_workers=workers, max_tasks=TASKS_PER_WORKER, initializer=algebra.start_worker, context=context
    )


def _stop(pool: Any) -> None:
    """Kill what runs and wait for the pool's threads. `Any`, since pebble leaves these two methods untyped."""
    pool.stop()
    pool.join()


def _is_broken(pool: ProcessPool) -> bool:
    return not pool.active


async def group(answers: Sequence[str | None], equivalence: Equivalence) -> list[list[int]]:
    """Indices of `answers` by equivalence class: larger classes first, ties by first index.

    Each answer is compared with the first member of each class, in the order the classes began, since tolerance is
    not transitive. None joins no class; an unknown comparison is no agreement, so the answer begins its own class.
    """
    classes: list[list[int]] = []
    for index, answer in enumerate(answers):
        if answer is None:
            continue
        for members in classes:
            first = answers[members[0]]
            if first is not None and (await equivalence.compare(first, answer)).outcome == "same":
                members.append(index)
                break
        else:
            classes.append([index])
    return sorted(classes, key=lambda members: (-len(members), members[0]))


async def check_all(rows: Iterable[tuple[str, str]], equivalence: Equivalence) -> list[Verdict]:
    """Verdicts on pairs of whole texts, in the rows' order.

    The final answer of each text is compared, or the text itself where it states none.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(a: str, b: str) -> Verdict:
        async with gate:
            return await equivalence.compare(a, b)

    pairs = [(final_answer(a) or a, final_answer(b) or b) for a, b in rows]
    verdicts = [equivalence.compare_at_once(a, b) for a, b in pairs]
    asked = [one(*pair) for pair, verdict in zip(pairs, verdicts, strict=True) if verdict is None]
    found = iter(await asyncio.gather(*asked))
    return [verdict or next(found) for verdict in verdicts]
