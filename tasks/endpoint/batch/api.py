"""The Batch API of a server: upload a file of requests, begin a batch of it, look at it, fetch what came.

It knows the protocol and the retries of its own few requests, and that to begin a batch twice is to pay twice: where it
is not known whether one was begun, the server's list says. It knows nothing of calls, money or the store.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar, overload

from graph.errors import EndpointDown, EndpointRefused
from tasks.endpoint.connection import RawResponse, connect
from tasks.endpoint.faults import Fault, error_words, excerpt, read_exception, read_status, remedy, scrub
from tasks.settings.endpoints import Endpoint

FIRST_LOOK, LONGEST_LOOK = 1.0, 60.0
"""Seconds between two looks at a batch: a tenth of its age, within these."""
PAGE = 100
"""Batches listed at a time."""
FILE = 16
"""Times the largest answer that a file of a batch's answers may take, as it is read whole."""
PATH = "/v1/chat/completions"
"""What each request of a batch is for, whatever the path before it at this server."""
ENDED = ("completed", "expired", "cancelled", "failed")

T = TypeVar("T")
Send = Callable[[], Awaitable[RawResponse]]
Line = tuple[int, object]
"""Status and body of what a server answers to one request of a batch."""


class BatchApi:
    """The Batch API of one endpoint. Raises EndpointDown and EndpointRefused."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        window: str,
        key: str | None,
        sleep: Callable[[float], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        """Nothing is sent yet; `window` is the time in which the server is to answer, in its own words."""
        self._connection = connect(endpoint, key)
        self._endpoint, self._window, self._sleep, self._clock = endpoint, window, sleep, clock
        self._answered = False
        self.address = self._connection.address
        self.secrets = self._connection.secrets
        self.where = f"Endpoint {name} at {self.address}"

    async def close(self) -> None:
        """Close all connections."""
        await self._connection.close()

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        return scrub(text, self._connection.secrets)

    async def upload(self, lines: list[bytes]) -> str:
        """What the server calls the file of these requests."""
        content, url = b"\n".join(lines) + b"\n", self._connection.url("/files")
        return str((await self._ask(lambda: self._connection.upload(url, content), _object))["id"])

    async def begin(self, file: str, unsure: bool, earlier: bool) -> str | None:
        """What the server calls the batch of a file, which is begun where it is not.

        `unsure`: it may have been begun. None where the file is of an `earlier` run, and gone.
        """
        looked = await self._listed(file) if unsure else None
        if looked is None:
            body = {"input_file_id": file, "endpoint": PATH, "completion_window": self._window}
            url, content = self._connection.url("/batches"), json.dumps(body).encode()
            looked = await self._ask(
                lambda: self._connection.post(url, content), _object, lambda: self._listed(file), earlier
            )
        return None if looked is None else str(looked["id"])

    async def watch(self, remote: str) -> dict[str, Any] | None:
        """Look at a batch until it has ended; None where the server knows it no more."""
        began = self._clock()
        while True:
            state = await self._get(f"/batches/{remote}", _object)
            if state is None or state.get("status") in ENDED:
                return state
            await self._sleep(min(LONGEST_LOOK, max(FIRST_LOOK, (self._clock() - began) / 10)))

    async def results(self, state: Mapping[str, Any]) -> dict[str, Line]:
        """What the files of an ended batch hold."""
        found: dict[str, Line] = {}
        for file in (state.get("output_file_id"), state.get("error_file_id")):
            content = await self._get(f"/files/{file}/content", _bytes) if file else None
            found.update(_lines(content or b""))
        return found

    def complaint(self, state: Mapping[str, Any]) -> str:
        """Why a batch has failed, in the server's words."""
        errors = state.get("errors")
        words = error_words(json.dumps({"error": errors.get("data") if isinstance(errors, dict) else errors}))
        return self.scrub(excerpt(words))

    async def _listed(self, file: str) -> dict[str, Any] | None:
        """The batch of this file in the server's list, if there is one that has not failed."""
        after = ""
        while True:
            page = await self._get(f"/batches?limit={PAGE}{after}", _object)
            rows = [row for row in (page or {}).get("data") or [] if isinstance(row, dict)]
            for row in rows:
                if row.get("input_file_id") == file and row.get("status") != "failed":
                    return row
            if not rows or not (page or {}).get("has_more"):
                return None
            after = f"&after={rows[-1].get('id')}"

    async def _get(self, path: str, read: Callable[[RawResponse], T]) -> T | None:
        """What the server has at a path; None where it has nothing."""
        path, _, query = path.partition("?")
        url = self._connection.url(path)
        url += (("&" if "?" in url else "?") + query) if query else ""
        return await self._ask(lambda: self._connection.get(url, FILE), read, missing=True)

    @overload
    async def _ask(self, send: Send, read: Callable[[RawResponse], T]) -> T: ...

    @overload
    async def _ask(
        self,
        send: Send,
        read: Callable[[RawResponse], T],
        look: Callable[[], Awaitable[T | None]] | None = None,
        missing: bool = False,
    ) -> T | None: ...

    async def _ask(
        self,
        send: Send,
        read: Callable[[RawResponse], T],
        look: Callable[[], Awaitable[T | None]] | None = None,
        missing: bool = False,
    ) -> T | None:
        """A request that is tried again for as long as the endpoint has patience; `look` may find its fruit instead.

        None where `missing` is expected and the server says that something is not there.
        """
        since, wait = None, FIRST_LOOK
        while True:
            found, fault, status = await self._try(send, read)
            if fault is None:
                self._answered = True
                return found
            if missing and status in (400, 404, 410):
                return None
            reason = self.scrub(fault.reason)
            if fault.kind in ("fatal", "permanent"):
                raise EndpointRefused(f"{self.where} {reason}. {remedy(fault)}")
            since = self._clock() if since is None else since
            if self._clock() - since >= self._endpoint.outage_patience:
                error = EndpointDown(f"{self.where} gives no answer ({reason}). {remedy(fault)}")
                error.transient = self._answered
                raise error
            await self._sleep(max(wait, fault.retry_after or 0.0))
            wait = min(2 * wait, LONGEST_LOOK)
            if look is not None and (seen := await look()) is not None:
                return seen

    async def _try(self, send: Send, read: Callable[[RawResponse], T]) -> tuple[T | None, Fault | None, int]:
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                raw = await send()
        except Exception as error:
            fault = read_exception(error)
            if fault is None:
                raise
            return None, fault, 0
        if not raw.ok:
            return None, read_status(raw.status, raw.header_lines(), raw.content.decode(errors="replace")), raw.status
        try:
            return read(raw), None, raw.status
        except (ValueError, KeyError, RecursionError):
            return None, Fault("transient", "malformed_answer", "malformed answer"), raw.status


def _object(raw: RawResponse) -> dict[str, Any]:
    """A JSON object that has an id or is a list of such. Raises ValueError."""
    found = raw.json()
    if not isinstance(found, dict) or not ("id" in found or "data" in found):
        raise ValueError("no object")
    return found


def _bytes(raw: RawResponse) -> bytes:
    return raw.content


def _lines(content: bytes) -> Iterator[tuple[str, Line]]:
    """The answers in a file of a batch, by the ids of their calls; what was not answered at all is left out."""
    for text in content.splitlines():
        try:
            row = json.loads(text)
            answer = row["response"]
            yield str(row["custom_id"]), (int(answer["status_code"]), answer["body"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
