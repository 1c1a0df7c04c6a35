"""Whether a predicted answer is the gold answer: one call, a batch, or awaited.

Three outcomes: same, different, unknown. Unknown means that nobody could tell within the bounds; it is not wrong.
Symmetric: gold and prediction may change places. Either may be a whole solution; its final answer is compared then.
Most answers are settled in this process, in well under a millisecond. The rest is asked of math-verify in processes
that are limited in memory and in computing time and killed when they overrun; they start when they are first needed
and end with this process. No text of either side is ever evaluated as code.

Does not know which answer is right, and does not protect against a convention that the policy does not name.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.answers.verdict import Verdict
from tasks.settings.policy import DEFAULT_POLICY, Policy

if TYPE_CHECKING:
    import asyncio

    from tasks.answers.equivalence import Equivalence

T = TypeVar("T")
Answer = str | int | float | None
"""An answer, or a text that states one. None is no answer: the verdict is unknown."""

TIMEOUT = 30.0
MISSING = Verdict("unknown", "missing")


class Verifier:
    """A verifier with its own workers. Safe to share between threads and event loops; close it, or use `with`.

    Args:
        policy: What is decided where people differ: percent, units, rounding, tolerance.
        workers: Processes for what needs algebra, started when they are first needed.
        timeout: Seconds by the clock after which a worker is killed. Two seconds of computing time end it before.

    Examples:
        >>> with Verifier(Policy(tolerance=0.01), workers=2) as verifier:
        ...     verifier.verify("100", "100.5").outcome
        'same'
    """

    def __init__(self, policy: Policy = DEFAULT_POLICY, workers: int = 1, timeout: float = TIMEOUT) -> None:
        self._made_with = (policy, workers, timeout)
        self._lock = threading.Lock()
        self._equivalence: Equivalence | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def verify(self, gold: Answer, prediction: Answer, question: str | None = None) -> Verdict:
        """Compare two answers, in any thread, also where an event loop runs."""
        return self.verify_batch([gold], [prediction], [question])[0]

    def verify_batch(
        self,
        golds: Sequence[Answer],
        predictions: Sequence[Answer],
        questions: Sequence[str | None] | None = None,
    ) -> list[Verdict]:
        """Compare row by row; the verdicts come in the rows' order."""
        rows = _rows(golds, predictions, questions)
        found = [self._at_once(row) for row in rows]
        open_rows = [row for row, verdict in zip(rows, found, strict=True) if row is not None and verdict is None]
        asked = iter(self._run(self._ask(open_rows)) if open_rows else ())
        return [next(asked) if verdict is None else verdict for verdict in found]

    async def averify(self, gold: Answer, prediction: Answer, question: str | None = None) -> Verdict:
        """Compare two answers without blocking the event loop."""
        return (await self.averify_batch([gold], [prediction], [question]))[0]

    async def averify_batch(
        self,
        golds: Sequence[Answer],
        predictions: Sequence[Answer],
        questions: Sequence[str | None] | None = None,
    ) -> list[Verdict]:
        """Compare row by row without blocking the event loop."""
        rows = _rows(golds, predictions, questions)
        asked = iter(await self._ask([row for row in rows if row is not None]))
        return [MISSING if row is None else next(asked) for row in rows]

    def close(self) -> None:
        """Stop the workers; a later comparison starts new ones."""
        with self._lock:
            equivalence, self._equivalence = self._equivalence, None
            loop, self._loop = self._loop, None
        if equivalence is not None:
            equivalence.close()
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _ask(self, rows: Sequence[Row]) -> list[Verdict]:
        from tasks.answers.equivalence import check_all

        return await check_all([row[:2] for row in rows], self._checker(), [question for *_, question in rows])

    def _at_once(self, row: Row | None) -> Verdict | None:
        """The verdict where no worker is needed for it, and so neither a loop nor a thread."""
        from tasks.answers.equivalence import stated

        if row is None:
            return MISSING
        return self._checker().compare_at_once(stated(row[0]), stated(row[1]), row[2])

    def _checker(self) -> Equivalence:
        from tasks.answers.equivalence import Equivalence

        with self._lock:
            if self._equivalence is None:
                self._equivalence = Equivalence(*self._made_with)
            return self._equivalence

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to its end on a loop in a thread of its own, since the caller's thread may have one that runs."""
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="gsdp-verifier", daemon=True).start()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


Row = tuple[str, str, str]
"""Gold answer, prediction and question."""


def _rows(
    golds: Sequence[Answer], predictions: Sequence[Answer], questions: Sequence[str | None] | None
) -> list[Row | None]:
    rows = zip(golds, predictions, questions or [None] * len(golds), strict=True)
    return [
        None if gold is None or prediction is None else (str(gold), str(prediction), question or "")
        for gold, prediction, question in rows
    ]


# --- one verifier for a policy, shared by the process -----------------------------------------------------------------

_shared: dict[tuple[int, Policy], Verifier] = {}
_sharing = threading.Lock()


def shared(policy: Policy = DEFAULT_POLICY) -> Verifier:
    """This process's verifier for a policy; a forked process gets one of its own."""
    with _sharing:
        key = (os.getpid(), policy)
        if key not in _shared:
            _shared[key] = Verifier(policy)
            atexit.register(_shared[key].close)
        return _shared[key]


def verify(gold: Answer, prediction: Answer, question: str | None = None, policy: Policy = DEFAULT_POLICY) -> Verdict:
    """Compare a predicted answer with the gold answer.

    Args:
        gold: The right answer, or a solution that states it.
        prediction: The answer to check, or a solution that states it.
        question: What was asked. It tells whether a percentage is meant (`25` is then `25%`) and what is counted.
        policy: What is decided where people differ.

    Returns:
        The verdict: its `outcome` is "same", "different" or "unknown", its `tier` says what decided; `verdict.same` is
        true where the outcome is "same".
    """
    return shared(policy).verify(gold, prediction, question)


def verify_batch(
    golds: Sequence[Answer],
    predictions: Sequence[Answer],
    questions: Sequence[str | None] | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> list[Verdict]:
    """`verify`, row by row."""
    return shared(policy).verify_batch(golds, predictions, questions)


async def averify(
    gold: Answer, prediction: Answer, question: str | None = None, policy: Policy = DEFAULT_POLICY
) -> Verdict:
    """`verify`, awaited."""
    return await shared(policy).averify(gold, prediction, question)


async def averify_batch(
    golds: Sequence[Answer],
    predictions: Sequence[Answer],
    questions: Sequence[str | None] | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> list[Verdict]:
    """`verify_batch`, awaited."""
    return await shared(policy).averify_batch(golds, predictions, questions)
