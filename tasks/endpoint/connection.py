"""How an endpoint is reached: one aiohttp session, with its headers, its proxy and its certificates.

aiohttp alone, without an SDK on top: a call is one POST of JSON, and what an SDK adds to that (typed models, retries,
redirects, variables of the environment) is either done elsewhere here or must not be done, at five times the price.
Redirects are not followed, since the key must not travel to another address; cookies are not kept; nothing of the
environment is read but the proxies.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from graph.errors import SettingsError
from tasks.endpoint.config import Endpoint
from tasks.endpoint.keys import resolve_value
from tasks.endpoint.streaming import join_events

KEEP_ALIVE = 3.0
"""Seconds an idle connection is kept. Servers drop theirs after 5, and a request sent into that moment is lost."""

CONNECT_TIMEOUT = 10.0
"""Seconds for a connection to come up; a host that stays silent for longer is as down as one that refuses."""


@dataclass(frozen=True, slots=True)
class Raw:
    """What came back, whatever it is."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def header_lines(self) -> dict[str, str]:
        """The headers by lower-case name."""
        return {name.lower(): value for name, value in self.headers.items()}

    def tells_limits(self) -> bool:
        """Whether the headers speak of limits per minute at all; those of most servers never do."""
        return any("ratelimit" in name.lower() for name in self.headers)

    def json(self) -> object:
        """The parsed body, put together where it came as events. Raises ValueError."""
        if "event-stream" in self.headers.get("Content-Type", ""):
            return join_events(self.content.decode())
        return json.loads(self.content)


@dataclass(slots=True)
class Connection:
    """A way to an endpoint, and what must be known about it."""

    address: str
    """The base URL without user, password and query, for messages."""
    base_url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """Strings that must not appear in any message."""
    connect_timeout: float
    tls: ssl.SSLContext | bool
    _way: dict[str, Any] = field(repr=False)
    """What every request is sent with. The headers are here and not the session's: those go to the proxy as well."""
    _session: aiohttp.ClientSession | None = None

    def url(self, path: str) -> str:
        """The full address of a call. A query in the base URL (`?api-version=...`) stays at the end."""
        parts = urlsplit(self.base_url)
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path, fragment=""))

    async def post(self, url: str, content: bytes) -> Raw:
        """Send JSON and read the whole answer. Raises what aiohttp raises; the caller sets the deadline."""
        session = self._session or self._open()
        async with session.post(url, data=content, **self._way) as response:
            return Raw(response.status, response.headers, await response.read())

    async def get(self, url: str) -> Raw:
        """Ask for a page. Raises what aiohttp raises; the caller sets the deadline."""
        session = self._session or self._open()
        async with session.get(url, **self._way) as response:
            return Raw(response.status, response.headers, await response.read())

    def _open(self) -> aiohttp.ClientSession:
        """The session, made within the event loop that uses it."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ssl=self.tls),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.connect_timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


def connect(endpoint: Endpoint, key: str | None) -> Connection:
    """A connection to `endpoint`; nothing is sent yet. Raises SettingsError."""
    address = _address(endpoint.base_url)
    headers = {name: resolve_value(value) for name, value in endpoint.headers.items()}
    read = [value for name, value in headers.items() if value != endpoint.headers[name]]
    proxy, login, password = _proxy(endpoint.proxy, address)
    tunnel = address.startswith("https:")
    found = {secret for secret in (key, password, urlsplit(endpoint.base_url).password, *read) if secret}
    return Connection(
        address=address,
        base_url=endpoint.base_url,
        secrets=tuple(sorted(found, key=len, reverse=True)),
        connect_timeout=min(CONNECT_TIMEOUT, endpoint.timeout),
        tls=_certificates(endpoint.ca_file),
        _way={
            # TLS goes through a tunnel whose opening carries the password; a clear request carries it itself.
            "headers": STANDING_HEADERS | _authorization(key) | ({} if tunnel else login) | headers,
            "proxy": proxy,
            "proxy_headers": login if tunnel and login else None,
            "allow_redirects": False,
        },
    )


def _authorization(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _certificates(ca_file: str | None) -> ssl.SSLContext | bool:
    """Trust in that authority alone; without a file, in those of the system."""
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"ca_file {ca_file} cannot be used: {error.strerror or error}. Name a PEM file of certificates."
        ) from None


def _proxy(value: str | None, address: str) -> tuple[str | None, dict[str, str], str | None]:
    """The proxy's bare address, the header that opens it, and its password."""
    proxy = resolve_value(value) if value else _proxy_of_environment(address)
    if not proxy:
        return None, {}, None
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise SettingsError("proxy is not a valid address. Give http://host:port.") from None
    if parts.scheme != "http":
        # aiohttp speaks to a proxy in clear text only; through it, TLS to the server stays end to end.
        raise SettingsError("proxy must be an http:// address. Give http://host:port, or env:NAME that holds it.")
    bare = f"http://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    if parts.username is None:
        return bare, {}, None
    password = unquote(parts.password or "")
    word = base64.b64encode(f"{unquote(parts.username)}:{password}".encode()).decode()
    return bare, {"Proxy-Authorization": f"Basic {word}"}, password or None


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
        raise SettingsError("base_url must be an http:// or https:// address, up to and including /v1.")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

STANDING_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "gsdp"}
