"""What the failures of single requests say together: is the item at fault, or the endpoint?

One request that fails is evidence against itself only if others are answered meanwhile. This is the bookkeeping of
that evidence: it decides, from faults and times it is given, whether a request is tried again, gives up, or whether
the endpoint as a whole is down or refuses everybody. It does no I/O, reads no clock and never waits.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto

from tasks.endpoint.faults import Fault


class Consequence(Enum):
    """What follows from a fault."""

    RETRY = auto()
    GIVE_UP = auto()
    DOWN = auto()
    REFUSED = auto()


@dataclass(slots=True)
class AttemptHistory:
    """What one request has been through so far."""

    number: int
    answers_seen: int
    """Answers the endpoint had given to anybody when this request last failed or began."""
    spent: float = 0.0
    """How much of its attempts the request has used up."""
    failures: int = 0
    last: Fault | None = None
    last_words: str = ""


@dataclass(slots=True)
class Health:
    """The evidence about one endpoint."""

    attempts: int
    """Failed tries after which a request gives up."""
    patience: float
    """Seconds without an answer to anybody after which the endpoint counts as down."""
    answers: int = 0
    """How often the endpoint answered anybody, with whatever words."""
    silent_since: float | None = None
    """When the first failure after the last answer was seen; None while the endpoint answers."""
    silent: int = 0
    """Failures without an answer, in a row."""
    refusals: int = 0
    """Requests in a row that ended without a usable answer for a reason that may be the endpoint's."""
    errors: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """Words of recent 500s and the one request that got them; `SEVERAL` once a second request did."""

    def usable(self) -> None:
        """A request got an answer that can be used: the endpoint works."""
        self.refusals = 0
        self.errors.clear()
        self._answered()

    def forget(self) -> None:
        """The endpoint was declared down: what comes later is judged afresh."""
        self.silent_since = None
        self.refusals = 0

    def patience_left(self, now: float) -> float | None:
        """Seconds until the endpoint counts as down; None while it answers."""
        return None if self.silent_since is None else max(0.0, self.silent_since + self.patience - now)

    def _answered(self) -> None:
        self.answers += 1
        self.silent = 0
        self.silent_since = None

    def judge(self, trial: AttemptHistory, fault: Fault, words: str, now: float, at_work: bool = False) -> Consequence:
        """What follows from `fault`, whose body said `words`, for the request behind `trial`.

        `at_work` says that the endpoint has taken in another request and may still answer it: a server that thinks
        for minutes and turns away what is too much meanwhile is not down.
        """
        others_answered = self.answers > trial.answers_seen
        again = trial.last is not None and trial.last.code == fault.code
        same_words = again and trial.last_words == words
        trial.failures += 1
        trial.last, trial.last_words = fault, words
        if fault.kind == "fatal":
            return Consequence.REFUSED
        if fault.kind in SILENT_COSTS:
            verdict = self._silence(trial, fault, others_answered, now, at_work)
        else:
            self._answered()
            verdict = self._spoken(trial, fault, again, same_words)
        trial.answers_seen = self.answers
        return verdict

    def _silence(
        self, trial: AttemptHistory, fault: Fault, others_answered: bool, now: float, at_work: bool
    ) -> Consequence:
        """Nobody's fault as long as nobody is answered; then it is the endpoint's, once the patience is over."""
        self.silent += 1
        if self.silent_since is None:
            self.silent_since = now
        if now - self.silent_since >= self.patience and not at_work:
            return Consequence.DOWN
        if fault.retry_after:
            self.silent_since = max(self.silent_since, now + fault.retry_after)
        if others_answered or fault.kind == "slow":
            trial.spent += SILENT_COSTS[fault.kind]
        return self._bounded(trial)

    def _spoken(self, trial: AttemptHistory, fault: Fault, again: bool, same_words: bool) -> Consequence:
        if fault.kind == "permanent":
            if fault.code == "request_refused":
                return self._ended(Consequence.REFUSED)
            self.refusals = 0
            return Consequence.GIVE_UP
        trial.spent += 1
        if again and fault.once:
            return Consequence.GIVE_UP
        if fault.code == "server_error" and self._alone(trial, words=trial.last_words) and same_words:
            return self._ended(Consequence.DOWN)
        return self._bounded(trial)

    def _bounded(self, trial: AttemptHistory) -> Consequence:
        return self._ended(Consequence.DOWN) if trial.spent >= self.attempts else Consequence.RETRY

    def _alone(self, trial: AttemptHistory, words: str) -> bool:
        """Whether no other request got these words since the last usable answer.

        llama-cpp-python and transformers answer 500 to a bad request, always with the same words: the item's fault.
        The same words to several requests are a server in trouble, and waiting may help.
        """
        if self.errors.setdefault(words, trial.number) != trial.number:
            self.errors[words] = SEVERAL
        if len(self.errors) > ERRORS_KEPT:
            self.errors.popitem(last=False)
        return self.errors.get(words) == trial.number

    def _ended(self, systematic: Consequence) -> Consequence:
        """The request ends in vain. Many in a row are no longer the items' fault: a setting or the server is wrong."""
        self.refusals += 1
        return systematic if self.refusals >= REFUSALS_IN_A_ROW else Consequence.GIVE_UP


SILENT_COSTS = {"unreachable": 1.0, "slow": 1.0, "busy": 0.125}
"""Attempts that a fault uses up when others are served meanwhile. A rate limit costs little: the wait is the limit's
fault and not the item's, yet a request that no limit can ever admit must end."""

REFUSALS_IN_A_ROW = 20
"""Requests that may fail in a row before the endpoint is blamed. Each one leaves a row that says so; a wrong
parameter must not turn a hundred thousand items into such rows."""

ERRORS_KEPT = 256
SEVERAL = -1
