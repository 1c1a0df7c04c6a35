"""One call: what is sent, how its answer is read, and what its attempts used up.

Reading is pure: it knows what a server bills for an answer, and how to name a body that is not JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from tasks.endpoint.codes import FaultCode
from tasks.endpoint.connection import CONNECT_TIMEOUT, RawResponse
from tasks.endpoint.faults import Failure, Fault, read_status, scrub
from tasks.endpoint.health import AttemptHistory
from tasks.endpoint.load.admission import Ticket
from tasks.endpoint.money.meter import most_output
from tasks.endpoint.replies import NO_USAGE, CallUse, Reply, ReplyContent, Usage
from tasks.endpoint.streaming import CutShort


class Readable(Protocol):
    """What a 200 was read as."""

    @property
    def usage(self) -> Usage: ...

    @property
    def fault(self) -> Fault | None: ...


R = TypeVar("R", bound=Readable)

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class CallAttempts(Generic[R]):
    """One call: what is sent, how its answer is read, and what its attempts used up."""

    url: str
    make: Callable[[], dict[str, Any]]
    """The body as the endpoint is now known to take it."""
    read: Callable[[object], R]
    own: Mapping[str, Any]
    """Fields of the body that the user asked for."""
    history: AttemptHistory
    outages: int
    """Outages of the endpoint that were known when the call began."""
    secrets: tuple[str, ...] = field(repr=False)
    """Secrets, which are removed from everything the server says."""
    ticket: Ticket = field(default_factory=Ticket)
    body: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""
    used: CallUse = field(default_factory=CallUse)

    @property
    def most_output(self) -> int:
        """Tokens that an answer may have at most, all choices together."""
        return most_output(self.body)

    def reply(self, endpoint: str, answer: ReplyContent, failure: Failure | None) -> Reply:
        """What the caller is told, with all that the attempts took."""
        return answer.reply(self.used.amounts(endpoint), failure, self.secrets)

    def understand(self, raw: RawResponse) -> tuple[R | None, Fault | None, str]:
        """The value of a 200, or the fault and the words of anything else."""
        if not raw.ok:
            headers = {name: scrub(value, self.secrets) for name, value in raw.header_lines().items()}
            words = scrub(raw.content.decode(errors="replace"), self.secrets)
            return None, read_status(raw.status, headers, words), words
        try:
            value = self.read(raw.json())
        except CutShort:
            return None, Fault("unreachable", "cut_short", "answer cut short"), ""
        except (ValueError, RecursionError):
            return None, Fault("transient", *_no_json(raw.content)), ""
        return value, self._named(value.fault), ""

    def _named(self, fault: Fault | None) -> Fault | None:
        """The fault of an answer; one that was cut where its limit had been fitted to the context was cut by that."""
        asked = self.ticket.max_tokens or 0
        is_cut = fault is not None and fault.code in ("truncated", "truncated_thinking")
        return CONTEXT_FULL if is_cut and asked > self.most_output else fault

    def word(self) -> None:
        """Make the body and its bytes."""
        self.body = self.make()
        self.content = _compact(self.body).encode()
        self.ticket.size = len(self.content)


def billed(raw: RawResponse, value: Readable | None, seconds: float) -> Usage | None:
    """What a server bills for an answer that took so long; None where it worked and does not say.

    Errors are not billed, but a gateway that timed out says nothing about the server behind it, which may go on.
    """
    if raw.status in GATEWAY_TIMEOUTS or (raw.status == 502 and seconds > CONNECT_TIMEOUT):
        return None
    if not raw.ok or (value is None and _is_html(raw.content)):
        return NO_USAGE
    return value.usage if value is not None and value.usage.input + value.usage.output else None


CONTEXT_FULL = Fault("permanent", "context_full", "truncated at the end of the context")

GATEWAY_TIMEOUTS = frozenset({499, 504, 524})


def _is_html(content: bytes) -> bool:
    return content[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))


def _no_json(content: bytes) -> tuple[FaultCode, str]:
    if _is_html(content):
        return "html_page", "an HTML page instead of JSON"
    return ("malformed_json", "malformed JSON") if content.strip() else ("empty_body", "an empty body")
