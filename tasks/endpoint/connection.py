"""How an endpoint is reached: by a session of aiohttp, with the headers that the SDK says once.

The SDK spends two thirds of a request's time working out headers, address and options that are the same for all
requests, and reads answers of any size. So it is asked for its headers once, and sends nothing itself.

What is switched off here, and why: redirects (the key must not travel to another address) and everything the SDK would
take from OPENAI_* variables, which belongs to OpenAI's own servers alone.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from io import BytesIO
from typing import Any, TypedDict
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from aiohttp import (
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    FormData,
    TCPConnector,
)
from openai import AsyncOpenAI, Omit

from graph.errors import SettingsError
from tasks.endpoint.faults import SCRUBBED
from tasks.endpoint.streaming import join_events
from tasks.settings.endpoints import Endpoint
from tasks.settings.key_forms import forms, telling
from tasks.settings.lookup import resolve_key, resolve_value

KEEP_ALIVE = 3.0
"""Seconds an idle connection is kept. Servers drop theirs after 5, and a request sent into that moment is lost."""

CONNECT_TIMEOUT = 10.0
"""Seconds for a connection to come up; a host that stays silent for longer is as down as one that refuses."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    """What came back, whatever it is."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether the server granted what was asked."""
        return 200 <= self.status < 300

    def header_lines(self) -> dict[str, str]:
        """The headers by lower-case name."""
        return {name.lower(): value for name, value in self.headers.items()}

    def tells_limits(self) -> bool:
        """Whether the headers speak of limits per minute at all; those of most servers never do."""
        return "ratelimit" in "\n".join(self.headers).lower()

    def json(self) -> object:
        """The parsed body, put together where it came as events. Raises ValueError."""
        kind = self.headers.get("Content-Type", "")
        if "event-stream" in kind or ("json" not in kind and self.content.lstrip().startswith(EVENTS)):
            return join_events(self.content.decode())
        return json.loads(self.content)


class AnswerTooLarge(ClientPayloadError):
    """An answer was given up because it would not end."""


async def _whole(answer: ClientResponse, largest: int) -> bytes:
    """The body of an answer of so many megabytes, unpacked. Raises AnswerTooLarge, with no more than that in memory."""
    parts, size = [], 0
    while part := await answer.content.readany():
        parts.append(part)
        size += len(part)
        if size > largest << 20:
            answer.close()
            raise AnswerTooLarge(
                f"the answer is larger than {largest} MB, which `largest_answer` of the endpoint allows"
            )
    return b"".join(parts)


class _SentWith(TypedDict):
    headers: dict[str, str]
    allow_redirects: bool
    proxy: str | None
    proxy_headers: dict[str, str] | None


@dataclass(slots=True)
class Connection:
    """The aiohttp session of an endpoint, and its settings."""

    address: str
    """The base URL without user, password and query, for messages."""
    base_url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """Strings that must not appear in any message."""
    _sent_with: _SentWith = field(repr=False)
    """What every call is sent with. Not left to the session, which would tell its headers to a proxy, too."""
    _open: Callable[[], ClientSession] = field(repr=False)
    largest: int
    """Megabytes of an answer."""
    _session: ClientSession | None = field(default=None, repr=False)
    _telling: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._telling = tuple(secret.encode() for secret in telling(self.secrets))

    def url(self, path: str) -> str:
        """The full address of a call. A query in the base URL (`?api-version=...`) stays at the end."""
        parts = urlsplit(self.base_url)
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path, fragment=""))

    async def post(self, url: str, content: bytes) -> RawResponse:
        """Send JSON and read the whole answer. Raises what aiohttp raises; the caller sets the deadline."""
        return await self._read(await self._opened().post(url, data=content, **self._sent_with), self.largest)

    async def get(self, url: str, times: int = 1) -> RawResponse:
        """Ask for a page that holds as much as so many answers. Raises as `post` does."""
        return await self._read(await self._opened().get(url, **self._sent_with), self.largest * times)

    def _opened(self) -> ClientSession:
        if self._session is None:  # only now is there an event loop for certain
            self._session = self._open()
        return self._session

    async def _read(self, answer: ClientResponse, largest: int) -> RawResponse:
        try:
            return RawResponse(answer.status, answer.headers, self._clean(await _whole(answer, largest)))
        finally:
            answer.release()

    async def upload(self, url: str, content: bytes) -> RawResponse:
        """Send a file of requests for a batch. Raises as `post` does."""
        form = FormData({"purpose": "batch"})
        form.add_field("file", BytesIO(content), filename="requests.jsonl", content_type="application/jsonl")
        # The form says of which kind it is, since only it knows what stands between its parts.
        sent_with = self._sent_with.copy()
        sent_with["headers"] = {
            name: value for name, value in self._sent_with["headers"].items() if name.lower() != "content-type"
        }
        return await self._read(await self._opened().post(url, data=form, **sent_with), self.largest)

    def _clean(self, content: bytes) -> bytes:
        """What came, without the secrets that stand in it as they are or in base64."""
        for secret in self._telling:
            if secret in content:
                content = content.replace(secret, SCRUBBED.encode())
        return content

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


def connect(endpoint: Endpoint, key: str | None) -> Connection:
    """A connection to `endpoint`; nothing is sent yet. Raises SettingsError."""
    address = _address(endpoint.base_url)
    own = {name: resolve_value(value) for name, value in endpoint.headers.items()}
    read = [value for name, value in own.items() if value != endpoint.headers[name]]
    proxy, proxy_headers, password = _proxy(endpoint.proxy, address)
    certificates = _certificates(endpoint.ca_file)
    sdk = AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=key or "none",
        admin_api_key="",
        organization="",
        project="",
        default_headers=ACCOUNT_HEADERS | PLATFORM_HEADERS | proxy_headers | own,
        # Its own would read the authorities again.
        http_client=httpx2.AsyncClient(verify=certificates, trust_env=False),
    )
    secrets = forms(secret for secret in (key, password, urlsplit(endpoint.base_url).password, *read) if secret)
    # Without a key the SDK says the word that stands for one.
    keyless = not key and not any(name.lower() == "authorization" for name in own)
    sent_with = _SentWith(
        headers=_merged(sdk.auth_headers, sdk.default_headers, {"Authorization": Omit()} if keyless else {}),
        allow_redirects=False,
        proxy=str(proxy.url) if proxy else None,
        proxy_headers=dict(proxy.headers) if proxy else None,
    )
    session = partial(_session, endpoint, certificates)
    return Connection(address, endpoint.base_url, secrets, sent_with, session, endpoint.largest_answer)


def verify(endpoint: Endpoint) -> None:
    """Find what is wrong with an endpoint's settings without asking anybody. Raises SettingsError.

    What a Prefect block holds is looked up when a run opens.
    """
    address = _address(endpoint.base_url)
    for value in (endpoint.api_key, *endpoint.headers.values()):
        if value and value.startswith("env:"):
            (resolve_key if value == endpoint.api_key else resolve_value)(value)
    if not (endpoint.proxy or "").startswith("block:"):
        _proxy(endpoint.proxy, address)
    _certificates(endpoint.ca_file)


def _merged(*headers: Mapping[str, str | Omit]) -> dict[str, str]:
    """Headers as the SDK puts them together: later ones win, whatever the case of their letters, and may leave out."""
    merged: dict[str, tuple[str, str | Omit]] = {}
    for name, value in (item for part in headers for item in part.items()):
        merged[name.lower()] = name, value
    return {name: value for name, value in merged.values() if isinstance(value, str)}


def _session(endpoint: Endpoint, certificates: ssl.SSLContext) -> ClientSession:
    """A session of the running event loop.

    It keeps no cookies: one that stands for a replica behind a balancer would send every call to the same one.
    """
    return ClientSession(
        connector=TCPConnector(limit=endpoint.concurrency, keepalive_timeout=KEEP_ALIVE, ssl=certificates),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, sock_connect=min(CONNECT_TIMEOUT, endpoint.timeout)),
    )


@cache
def _known_authorities() -> ssl.SSLContext:
    """Trust in the usual authorities; reading them takes 30 ms, so all endpoints share one."""
    return httpx2.create_ssl_context(trust_env=False)


def _certificates(ca_file: str | None) -> ssl.SSLContext:
    """Trust in that authority alone; without a file, in the usual ones."""
    if ca_file is None:
        return _known_authorities()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"ca_file {ca_file} cannot be used: {error.strerror or error}. Name a PEM file of certificates."
        ) from None


def _proxy(value: str | None, address: str) -> tuple[httpx2.Proxy | None, dict[str, str], str | None]:
    """The proxy, the headers a request needs to pass it, and its password.

    TLS goes through a tunnel whose opening carries the password; a clear request carries it itself.
    """
    found = resolve_value(value) if value else _proxy_of_environment(address)
    if not found:
        return None, {}, None
    try:
        proxy = httpx2.Proxy(found)
    except (httpx2.InvalidURL, ValueError):
        raise SettingsError("proxy is not a valid address. Give http://host:port.") from None
    if proxy.url.scheme != "http":
        # aiohttp speaks to a proxy in clear text only; through it, TLS to the server stays end to end.
        raise SettingsError("proxy must be an http:// address. Give http://host:port, or env:NAME that holds it.")
    if not proxy.auth:
        return proxy, {}, None
    word = base64.b64encode(":".join(proxy.auth).encode()).decode()
    headers = {"Proxy-Authorization": f"Basic {word}"}
    tunnel = address.startswith("https:")
    return httpx2.Proxy(proxy.url, headers=headers if tunnel else None), {} if tunnel else headers, proxy.auth[1]


def _proxy_of_environment(address: str) -> str | None:
    """Proxies of the environment are for the world outside, never for this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host in LOOPBACK or proxy_bypass(host):
        return None
    found = getproxies()
    return found.get(parts.scheme) or found.get("all")


def _address(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingsError(f"{base_url!r} is no http:// or https:// address; write it up to and including /v1.")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


EVENTS = (b"data:", b"event:", b":")
"""How a stream of events begins; some gateways call it plain text."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

ACCOUNT_HEADERS: dict[str, Any] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
"""Left out of every request, whatever the environment says."""

TOLD = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
PLATFORM_HEADERS: dict[str, Any] = {f"X-Stainless-{name}": Omit() for name in TOLD}
"""What the SDK tells its maker of this machine: nobody here asked for it, and a tenth of its time goes there."""
