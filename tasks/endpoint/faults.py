"""What an unsuccessful exchange with a model server means, decided from values alone: status, headers, body, error.

Servers disagree about status codes (500 for a bad request, 400 for a wrong key, 429 for an empty account), so the
wordings are asked first and the code second. Nothing here does I/O or imports an HTTP library: exceptions are known
by the names of their classes, so that a row can be read, and added, without knowing who raised it.

What servers say stands row by row in `fault_tables.py`; when one says something new, add a row there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tasks.endpoint.codes import FaultCode, FaultKind
from tasks.endpoint.fault_tables import (
    BUSY,
    BUSY_WORDS,
    DEFAULT_4XX,
    DEFAULT_5XX,
    EXCEPTIONS,
    GROUPS,
    REMEDIES,
    STATUSES,
    UNCLEAR,
    WORDINGS,
)
from tasks.settings.key_forms import telling

EXCERPT, SHORT = 300, 200
"""Characters of a server's own words that an error text may carry: as its reason, or behind one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an exchange gave no usable answer."""

    kind: FaultKind
    code: FaultCode
    reason: str
    """For people."""
    retry_after: float | None = None
    """Seconds the server asked to be left alone."""
    once: bool = False
    """Each try is paid in full, so that few are worth it."""
    words: str = ""
    """What the server said, shortened."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no answer."""

    code: FaultCode
    words: str
    """For people, and for the ledger."""
    gave_up: bool = False
    """Whether it was tried as often as may be, so that a later run may have more luck."""

    @property
    def group(self) -> str:
        """A short reason that items can be counted by: the server's own words differ from item to item."""
        return GAVE_UP if self.gave_up else GROUPS.get(self.code, self.words)


def in_words(failure: Failure | None) -> str | None:
    """What the ledger says of it; None for a usable answer."""
    return None if failure is None else failure.words


def gave_up(fault: Fault, attempts: int, words: str) -> Failure:
    """The end of an item after its last attempt."""
    return Failure(fault.code, f"{GAVE_UP} after {attempts} attempts: {words}", gave_up=True)


def read_status(status: int, headers: Mapping[str, str], body: str, now: datetime | None = None) -> Fault:
    """The fault behind an HTTP answer that is not a 2xx. `headers` are looked up in lower case.

    `now` is the wall clock that a Retry-After date is measured against.
    """
    if 300 <= status < 400:
        return Fault("fatal", "redirect", f"redirects ({status}) to {excerpt(headers.get('location') or 'nowhere')}")
    words, wait = error_words(body), retry_after(headers, now)
    kind, code, reason = _meaning(status, words, wait)
    if kind == "busy" and wait is None:
        wait = reset_after(headers, now)
    told = reason.format(status=status, words=excerpt(words) or "no text")
    return Fault(kind, code, told, None if kind in ("permanent", "fatal") else wait, words=excerpt(words, SHORT))


def _meaning(status: int, words: str, wait: float | None) -> tuple[FaultKind, FaultCode, str]:
    for pattern, kind, code, reason in WORDINGS:
        if pattern.search(words):
            return kind, code, reason
    if status in UNCLEAR and (wait or BUSY_WORDS.search(words)):
        return BUSY
    if status == 403 and words.startswith(PAGE):
        return "fatal", "blocked", STATUSES[403][2]
    return STATUSES.get(status) or (DEFAULT_5XX if status >= 500 else DEFAULT_4XX)


def read_error_object(error: object) -> Fault | None:
    """The fault in an `error` under status 200, as gateways send it once the model has begun to answer."""
    if not error:
        return None
    codes = [error.get(name) for name in ("code", "status", "status_code")] if isinstance(error, dict) else []
    found = (int(str(code)) for code in codes if str(code).isdecimal() and len(str(code)) == 3)
    status = next((code for code in found if 400 <= code < 600), 500)
    return read_status(status, {}, json.dumps({"error": error}, default=str))


def read_exception(error: BaseException) -> Fault | None:
    """The fault behind an exception of the HTTP stack, or None when it is not one of its own (so: a bug).

    All causes are looked at, since the SDK calls a refused connection a timeout; the first row that fits one wins.
    """
    names: dict[str, BaseException] = {}
    chain: BaseException | None = error
    while chain is not None:
        for kind in type(chain).__mro__:
            names.setdefault(kind.__name__, chain)
        chain = chain.__cause__ or chain.__context__
    for name, kind_of_fault, code, reason in EXCEPTIONS:
        if name in names:
            return Fault(kind_of_fault, code, reason.format(words=excerpt(str(names[name])) or name))
    return None


def retry_after(headers: Mapping[str, str], now: datetime | None) -> float | None:
    """Seconds the server asks to wait: milliseconds, seconds or an HTTP date, also under LiteLLM's prefix."""
    for name, scale in RETRY_AFTER_HEADERS:
        value = headers.get(name)
        if value is not None and (seconds := _seconds(value.strip(), scale, now or datetime.now(UTC))) is not None:
            return seconds
    return None


def reset_after(headers: Mapping[str, str], now: datetime | None) -> float | None:
    """Seconds until a limit that is used up is reset, for servers that say so instead of Retry-After.

    At most a minute: such headers come with every answer, and the clock they are read by may be wrong.
    """
    for name in RESET_HEADERS:
        value, remaining = headers.get(name), headers.get(name.replace("reset", "remaining"), "0")
        if value is None or remaining.strip() not in ("0", "0.0"):
            continue
        seconds = _seconds(value.strip(), 1.0, now or datetime.now(UTC))
        if seconds is not None:
            return min(seconds, LONGEST_RESET)
    return None


def _seconds(value: str, scale: float, now: datetime) -> float | None:
    try:
        number = since_now(float(value) * scale, now)
        return number if math.isfinite(number) and number >= 0 else None
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def since_now(number: float, now: datetime) -> float:
    """Seconds from now, of a number that may be a moment: seconds, or milliseconds, since 1970."""
    moment = number / 1000 if number > EPOCH_MILLISECONDS else number
    return max(0.0, moment - now.timestamp()) if EPOCH_SECONDS < moment < EPOCH_MILLISECONDS else number


def error_words(body: str) -> str:
    """What the server says went wrong: message, code and type, without the parts of a body that echo the request."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return _plain(body)
    return " ".join(dict.fromkeys(word for word in _words(parsed) if word)) or _plain(body)


def _words(value: object, depth: int = 0) -> Iterable[str]:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value).strip()
    elif isinstance(value, list) and depth < 4:
        for part in value[:5]:
            yield from _words(part, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for key in ERROR_KEYS:
            if key in value:
                yield from _words(value[key], depth + 1)


def _plain(body: str) -> str:
    if not re.match(r"\s*<(!doctype|html)", body, re.IGNORECASE):
        return body.strip()
    title = re.search(r"<title>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
    return f"{PAGE} titled {title[1].strip()!r}" if title else PAGE


def excerpt(text: str, most: int = EXCERPT) -> str:
    """One line of at most so many characters, without those that steer a terminal."""
    line = " ".join(CONTROL.sub(" ", text).split())
    return line if len(line) <= most else line[: most - 3] + "..."


def cleaned(answer: str, secrets: tuple[str, ...]) -> str:
    """What a server or a model answered, without the secrets: events may bring one in pieces, JSON may escape it."""
    for secret in telling(secrets):
        answer = answer.replace(secret, SCRUBBED)
    return answer


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` without the secrets, which servers like to echo; also without one that an excerpt cut in two."""
    for secret in secrets:
        text = text.replace(secret, SCRUBBED)
        body = text.removesuffix("...")
        cut = next((n for n in range(len(secret) - 1, 3, -1) if body.endswith(secret[:n])), 0)
        text = body[: len(body) - cut] + f"{SCRUBBED}..." if cut else text
    return text


def remedy(fault: Fault) -> str:
    """What a person can do about a fault of the whole endpoint, in one sentence."""
    return REMEDIES.get(fault.code, "Start the server or change base_url, then run the same command again.")


GAVE_UP = "gave up"
"""How the ledger marks a call that was tried as often as may be; the words behind it are for people."""

SCRUBBED = "[key]"
"""What replaces a secret."""

PAGE = "an HTML page"
EPOCH_SECONDS, EPOCH_MILLISECONDS = 1e9, 1e11
"""Numbers above these are moments: since 2001, and until 5138 in seconds."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

ERROR_KEYS = (
    *("error", "message", "msg", "detail", "loc", "code", "type", "param", "title"),
    *("base_resp", "status_msg", "status_code", "error_msg", "error_code", "status", "metadata", "raw"),
)
"""Fields of an error body that hold its words: OpenAI, FastAPI; then MiniMax, Baidu, Google, OpenRouter."""

RETRY_AFTER_HEADERS = (
    ("retry-after-ms", 0.001),
    ("retry-after", 1.0),
    ("llm_provider-retry-after-ms", 0.001),
    ("llm_provider-retry-after", 1.0),
)

RESET_HEADERS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
"""OpenRouter and GitHub Models; others; the IETF's draft. Those that name what they limit are `load.rates`'."""
LONGEST_RESET = 60.0
