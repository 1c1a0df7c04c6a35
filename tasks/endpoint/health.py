"""What the failures of single requests say together: is the item at fault, or the endpoint?

One request that fails is evidence against itself only if others are answered meanwhile. This is the bookkeeping of
that evidence: it decides, from faults and times it is given, whether a request is tried again, gives up, or whether
the endpoint as a whole is down or refuses everybody. It does no I/O, reads no clock and never waits.

How often a failure must come again before it is the item's depends on how often the others fail: where a third of all
requests meet a 500, three in a row are chance; where nobody else does, they are proof. And nobody is blamed while
the endpoint answers nobody: where no other request shows that it works, a probe does, with a request that it answered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from uuid import UUID

from tasks.endpoint.codes import FaultCode
from tasks.endpoint.faults import Fault


class Consequence(Enum):
    """What follows from a fault."""

    RETRY = auto()
    PROBE = auto()
    """Ask something that was answered before, and tell `probed` what came of it."""
    GIVE_UP = auto()
    DOWN = auto()
    REFUSED = auto()


@dataclass(slots=True)
class AttemptHistory:
    """What one request has been through so far."""

    number: int
    answers_seen: int
    """Answers the endpoint had given to anybody when this request last failed or began."""
    model: str = ""
    call_id: UUID | None = None
    spent: float = 0.0
    """How much of its attempts the request has used up."""
    failures: int = 0
    errors: int = 0
    """Those that were the server's words about this request alone."""
    usable_seen: int | None = None
    """Usable answers the model had given to anybody when this request first failed."""
    last: Fault | None = None


@dataclass(slots=True)
class ModelRecord:
    """The evidence about one model of an endpoint."""

    usable: int = 0
    """Answers that could be used."""
    recent: deque[tuple[int, bool]] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The latest attempts: whose, and whether it met an error."""
    accused: dict[FaultCode, int] = field(default_factory=dict)
    """The request that was first refused with each code since the last usable answer."""
    unanswered: list[tuple[FaultCode, UUID | None]] = field(default_factory=list)
    """The calls that ended without an answer since the last usable one."""
    troubled_since: float | None = None
    """When the first error since the last usable answer came."""
    probes: int = 0

    def chance(self, history: AttemptHistory) -> float:
        """How likely as many errors in a row are for a request that is as good as the others."""
        others = [failed for number, failed in self.recent if number != history.number]
        return float(((sum(others) + 1) / (len(others) + 2)) ** history.errors)

    def others_err(self, history: AttemptHistory) -> bool:
        """Whether others met errors lately, too."""
        return any(failed for number, failed in self.recent if number != history.number)


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
    silent: int = 0
    """Failures without an answer, in a row."""
    forgiven: bool = False
    """Whether the wait that the server asked for is already part of this silence."""
    models: dict[str, ModelRecord] = field(default_factory=dict)

    def record(self, history: AttemptHistory) -> ModelRecord:
        """What is known about the model that a request asks."""
        return self.models.get(history.model) or self.models.setdefault(history.model, ModelRecord())

    def usable(self, history: AttemptHistory) -> None:
        """A request got a usable answer: the endpoint works."""
        record = self.record(history)
        if record.unanswered:
            record.unanswered.clear()
        self._works(record, history.number)

    def _works(self, record: ModelRecord, number: int) -> None:
        record.usable += 1
        record.recent.append((number, False))
        record.troubled_since = None
        if record.accused:
            record.accused.clear()
        self._answered()

    def forget(self) -> None:
        """The endpoint was declared down: later evidence starts from zero."""
        self.silent_since, self.forgiven = None, False
        for record in self.models.values():
            record.unanswered.clear()
            record.accused.clear()
            record.troubled_since = None

    def patience_left(self, now: float) -> float | None:
        """Seconds until the endpoint counts as down; None while it answers."""
        return None if self.silent_since is None else max(0.0, self.silent_since + self.patience - now)

    def _answered(self) -> None:
        self.answers += 1
        self.silent = 0
        self.silent_since = None
        self.forgiven = False

    def judge(self, history: AttemptHistory, fault: Fault, now: float, at_work: bool = False) -> Consequence:
        """What follows from `fault` for the request behind `history`.

        `at_work` says that the endpoint has taken in another request and may still answer it: a server that thinks
        for minutes and turns away what is too much meanwhile is not down.
        """
        record, others_answered = self.record(history), self.answers > history.answers_seen
        if history.usable_seen is None:
            history.usable_seen = record.usable
        history.failures += 1
        history.last = fault
        if fault.kind in SILENT_COSTS:
            verdict = self._silence(history, record, fault, others_answered, now, at_work)
        else:
            self._answered()
            verdict = self._spoken(history, record, fault, now, at_work)
        history.answers_seen = self.answers
        return verdict

    def _silence(
        self,
        history: AttemptHistory,
        record: ModelRecord,
        fault: Fault,
        others_answered: bool,
        now: float,
        at_work: bool,
    ) -> Consequence:
        """Nobody's fault as long as nobody is answered; then it is the endpoint's, once the patience is over."""
        self.silent += 1
        if self.silent_since is None:
            self.silent_since = now
        if now - self.silent_since >= self.patience and not at_work:
            return Consequence.DOWN
        if fault.retry_after and not self.forgiven:
            self.silent_since, self.forgiven = now + fault.retry_after, True
        if others_answered or fault.kind == "slow":
            history.spent += SILENT_COSTS[fault.kind]
        return self._blame(history, record, fault) if history.spent >= self.attempts else Consequence.RETRY

    def _spoken(
        self, history: AttemptHistory, record: ModelRecord, fault: Fault, now: float, at_work: bool
    ) -> Consequence:
        if fault.kind == "fatal":
            return self._accuse(history, record, fault)
        if fault.kind == "permanent":
            return self._ended(history, record, fault)
        history.errors += 1
        history.spent += SHARED_COST if record.others_err(history) else 1.0
        record.recent.append((history.number, True))
        if record.troubled_since is None:
            record.troubled_since = now
        if self.is_late(record, now) and history.failures > 1 and not (at_work or fault.once):
            return Consequence.PROBE if record.usable else Consequence.DOWN
        doubt, most = (DOUBT_PAID, MOST_PAID) if fault.once else (DOUBT, self.attempts)
        unlikely = history.errors >= LEAST_ERRORS[fault.once] and record.chance(history) < doubt
        enough = history.spent >= most or unlikely
        return self._blame(history, record, fault) if enough else Consequence.RETRY

    def is_late(self, record: ModelRecord, now: float) -> bool:
        """Whether the model has answered with nothing but errors for longer than the patience lasts."""
        return record.troubled_since is not None and now - record.troubled_since >= self.patience

    def _accuse(self, history: AttemptHistory, record: ModelRecord, fault: Fault) -> Consequence:
        """A refusal of everybody, by an endpoint that has answered before, wants a second witness.

        One bad replica behind a balancer, or a firewall that dislikes a text, says the same as a key that was revoked.
        """
        if fault.code not in DOUBTFUL or not record.usable:
            return Consequence.REFUSED
        if fault.code == "blocked":
            return self._ended(history, record, fault)
        if record.accused.setdefault(fault.code, history.number) != history.number:
            return Consequence.REFUSED
        return Consequence.RETRY if history.failures < WITNESSED_TRIES else self._blame(history, record, fault)

    def _blame(self, history: AttemptHistory, record: ModelRecord, fault: Fault) -> Consequence:
        """The request has failed often enough: it is at fault if the endpoint works for others."""
        if record.usable > (history.usable_seen or 0):
            return self._ended(history, record, fault)
        if record.usable:
            return Consequence.PROBE
        return self._ended(history, record, fault) if fault.once else Consequence.DOWN

    def probed(self, history: AttemptHistory, found: Fault | None, now: float) -> Consequence:
        """What follows for a request after a probe that met `found`, or was answered (None)."""
        record, own = self.record(history), history.last
        record.probes += 1
        if found is None and own is not None:
            self._works(record, 0)
            return self._ended(history, record, own)
        if found is not None and found.kind == "fatal":
            return Consequence.REFUSED
        record.recent.append((0, True))
        return Consequence.DOWN if self.is_late(record, now) else Consequence.RETRY

    def probed_meanwhile(self, history: AttemptHistory) -> Consequence:
        """The same, after a probe that another call sent."""
        record, own = self.record(history), history.last
        works = own is not None and record.usable > (history.usable_seen or 0)
        return self._ended(history, record, own) if works and own is not None else Consequence.RETRY

    def _ended(self, history: AttemptHistory, record: ModelRecord, fault: Fault) -> Consequence:
        """The request ends without an answer. Many of one kind in a row are the endpoint's fault."""
        record.unanswered.append((fault.code, history.call_id))
        alike = sum(code == fault.code for code, _ in record.unanswered)
        if alike < (LONG_ROW if record.usable and fault.code in ANSWERS else REFUSALS_IN_A_ROW):
            return Consequence.GIVE_UP
        return Consequence.REFUSED if fault.kind == "permanent" or fault.once else Consequence.DOWN


SILENT_COSTS = {"unreachable": 1.0, "slow": 1.0, "busy": 0.125}
"""Attempts that a fault uses up when others are served meanwhile. A rate limit costs little: the wait is the limit's
fault and not the item's, yet a request that no limit can ever admit must end."""

SHARED_COST = 0.125
"""Attempts that an error uses up while others meet errors, too."""

RECENT = 200
"""Attempts of a model by which it is known how often it errs."""

DOUBT, DOUBT_PAID = 1e-6, 1e-3
"""How likely chance may be when an item is blamed; the second where each try is paid in full."""
MOST_PAID = 5
LEAST_ERRORS = {False: 3, True: 2}
"""Errors in a row below which nobody is blamed; the second where each try is paid in full."""

DOUBTFUL: frozenset[FaultCode] = frozenset(
    {"key_refused", "forbidden", "blocked", "model_unknown", "not_found", "method_refused", "not_offered", "redirect"}
)
"""Refusals of the whole client that a single request may meet by accident; an empty account is not one."""
WITNESSED_TRIES = 3
"""Tries of a request that is refused like this, before a probe is sent."""

ANSWERS: frozenset[FaultCode] = frozenset(
    {"truncated", "truncated_thinking", "context_full", "only_thought", "empty", "repetition", "content_filter",
     "refused_by_model", "tool_call", "unparseable"}
)  # fmt: skip
"""What a working model may answer to hard items."""

REFUSALS_IN_A_ROW, LONG_ROW = 20, 100
"""Requests that may end alike, in a row, before the endpoint is blamed; the second for answers of a model that has
given usable ones. A wrong parameter must not turn a hundred thousand items into rows that say so."""
