"""Files that lie on a dataset hub or a web server: fetched once, kept in the person's cache, and read there ever after.

What an address gave is pinned next to the copy: the commit of a hub's repository, the SHA-256 of a server's file. While
the copies are there nobody is asked again, so that every run reads the same bytes, with a network or without. The key
is huggingface_hub's to find (HF_TOKEN, or its own login), and a web server is sent none. Protects against no change of
the copies by their owner.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from http.client import HTTPException, HTTPMessage
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from graph.errors import SeedError
from tasks.settings.run import RunSettings
from tasks.store.files import replacing

if TYPE_CHECKING:
    from huggingface_hub import HfApi

ADDRESS = re.compile(r"(hf|https?):/+(.+)", re.IGNORECASE)
"""Of an address that has gone through a path, where two slashes become one."""
REPOSITORY = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
"""OWNER/NAME, as a hub writes it."""
ON_HUB = re.compile(rf"datasets/({REPOSITORY})(?:@(refs/(?:convert|pr)/[\w-]+|[^/]+))?(?:/(.*))?")
LIBRARIES = ("huggingface_hub", "httpx2", "httpx")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LARGEST_FILE = 16 << 30
"""Bytes of a file that is fetched: more than the seeds of any run take, and less than the disks that hold its store."""
TIMEOUT = 30
"""Seconds in which a server must say something."""
LEAST_RATE = 1 << 10
"""Bytes a second, over the whole of a file, below which a server is not waited for."""
PIN = "pin.json"
BY_HAND = "download the file yourself and name its path"


Limit = Callable[[Path], int | None]
"""How many bytes a file may have, where that is less than LARGEST_FILE."""


class Pin(NamedTuple):
    """What an address gave."""

    version: str
    """The commit of a repository, or the hash of a file."""
    files: tuple[Path, ...]


def address_of(path: Path) -> str | None:
    """The address that a path of the settings is, if it is one."""
    found = ADDRESS.fullmatch(path.as_posix())
    return f"{found[1].lower()}://{found[2]}" if found else None


def fetched(address: str, is_data: Callable[[Path], bool], limit: Limit) -> tuple[Path, ...]:
    """Copies of what an address names, which are fetched when they are not there. Raises SeedError.

    `is_data` tells which files of a folder or pattern are wanted, `limit` how many bytes one may have.
    """
    known = pin_of(address)
    if known and all(file.is_file() for file in known.files):
        return known.files
    folder = _folder(address)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        on_hub = address.startswith("hf:")
        pin = _from_hub(address, known, is_data, limit) if on_hub else _from_server(address, folder, limit)
        with replacing(folder / PIN) as file:
            told = {"address": address, "version": pin.version, "files": [str(path) for path in pin.files]}
            file.write_text(json.dumps(told), encoding="utf-8")
    except SeedError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        raise SeedError(_away(address, error)) from error
    return pin.files


def pin_of(address: str) -> Pin | None:
    """What an address gave when it was fetched, if it was."""
    try:
        told = json.loads((_folder(address) / PIN).read_text(encoding="utf-8"))
        return Pin(told["version"], tuple(map(Path, told["files"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def pins(settings: RunSettings) -> list[str]:
    """What is told of each address in the settings: its pin, and what to remove to have it fetched again."""
    paths = [*(file.path for file in settings.seeds), *(file.path for file in settings.benchmarks)]
    found = [(address, pin_of(address)) for path in paths if (address := address_of(path))]
    return [f"{address} as of {pin.version}, kept under {_folder(address)}" for address, pin in found if pin]


def hub_client() -> HfApi:
    """huggingface_hub's client, without its bars. Raises ImportError where the extra `hub` is not installed."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    return HfApi(os.environ.get("HF_ENDPOINT"), library_name="gsdp")


def from_hub_library(error: Exception) -> bool:
    """Whether huggingface_hub tells of something: by its own errors, or those of the HTTP library that it uses."""
    return isinstance(error, OSError | RuntimeError) or type(error).__module__.split(".")[0] in LIBRARIES


def _folder(address: str) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "gsdp" / hashlib.sha256(address.encode()).hexdigest()[:16]


def _from_hub(address: str, known: Pin | None, is_data: Callable[[Path], bool], limit: Limit) -> Pin:
    found = ON_HUB.fullmatch(address.removeprefix("hf://"))
    if not found:
        raise SeedError(f"{address} is no file of a dataset hub: write hf://datasets/OWNER/NAME/path/in/repository.")
    try:
        hub = hub_client()
    except ImportError as error:
        raise SeedError(f"{address} needs huggingface_hub: install gsdp with the extra `hub`.") from error
    name, revision, inner = found[1], unquote(found[2] or "main"), (found[3] or "").strip("/")
    try:
        info = hub.dataset_info(name, revision=known.version if known else revision, files_metadata=True)
        sizes = {each.rfilename: each.size or 0 for each in info.siblings or ()}
        wanted = [inner] if inner in sizes else [path for path in sorted(sizes) if _within(path, inner, is_data)]
        if not wanted or not info.sha:
            raise SeedError(f"{address} is not there: the dataset holds no such file. Correct the address.")
        for path in wanted:
            _check_size(address, sizes[path], limit(Path(path)))
        take = hub.hf_hub_download
        return Pin(info.sha, tuple(Path(take(name, path, repo_type="dataset", revision=info.sha)) for path in wanted))
    except SeedError:
        raise
    except Exception as error:
        if not from_hub_library(error):
            raise
        raise SeedError(_refusal(address, error)) from error


def _within(path: str, inner: str, is_data: Callable[[Path], bool]) -> bool:
    """Whether a file lies below a folder, or is named by a pattern, whose marks stand for parts between slashes."""
    if not is_data(Path(path)):
        return False
    parts, named = path.split("/"), inner.split("/")
    alike = len(parts) == len(named) and all(map(fnmatchcase, parts, named))
    return not inner or path.startswith(f"{inner}/") or alike


def _refusal(address: str, error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return (
            f"The hub does not show {address} ({status}): correct it, or put a token with leave to read into HF_TOKEN."
        )
    if status == 404:
        return f"{address} is not there (404): correct the address."
    return _away(address, f"HTTP {status}" if status else error)


def _away(address: str, why: object) -> str:
    why = f"HTTP {why.code}" if isinstance(why, HTTPError) else getattr(why, "reason", why)
    said = next(iter(str(why).strip().splitlines()), "") or type(why).__name__
    return f"{address} cannot be fetched, and no copy of it is kept ({said[:200]}): try again, or {BY_HAND}."


def _check_size(address: str, size: int, limit: int | None) -> None:
    if size > (most := limit or LARGEST_FILE):
        remedy = "give JSON Lines, or raise its `largest_row`" if limit else BY_HAND
        raise SeedError(f"{address} is larger than {most / (1 << 20):,.3g} MB: {remedy}.")


def _from_server(address: str, folder: Path, limit: Limit) -> Pin:
    parts = urlsplit(address)
    _check_scheme(parts, address)
    if parts.query or "@" in parts.netloc:
        raise SeedError(f"An address with a password or a query may hold a secret, which settings never do: {BY_HAND}.")
    there = PurePosixPath(unquote(parts.path))
    target = folder / (_plain(there.parent.name) or "files") / (_plain(there.name) or "file")
    target.parent.mkdir(mode=0o700, exist_ok=True)
    taken, most, began = hashlib.sha256(), limit(target), time.monotonic()
    request = Request(address, headers={"User-Agent": "gsdp"})
    try:
        with build_opener(_Redirects).open(request, timeout=TIMEOUT) as answer, replacing(target) as fresh:
            length, size = answer.headers.get("Content-Length"), 0
            with fresh.open("wb") as file:
                while block := answer.read1(1 << 20):
                    size += len(block)
                    _check_size(address, size, most)
                    taken.update(block)
                    file.write(block)
                    if time.monotonic() - began > TIMEOUT + size / LEAST_RATE:
                        raise TimeoutError(f"{size:,} bytes came in {time.monotonic() - began:,.0f} s")
            if length and int(length) != size:
                raise HTTPException(f"it ended after {size:,} of {int(length):,} bytes")
    except HTTPError as error:
        if error.code in (401, 403):
            raise SeedError(f"{address} is not shown to everybody ({error.code}): {BY_HAND}.") from error
        if error.code in (404, 410):
            raise SeedError(f"{address} is not there ({error.code}): correct the address.") from error
        raise
    return Pin(f"sha256 {taken.hexdigest()}", (target,))


def _plain(name: str) -> str:
    """A name as one part of a path."""
    return re.sub(r"[^\w.=+-]", "_", name).lstrip(".")[-100:]


def _check_scheme(parts: SplitResult, address: str) -> None:
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise SeedError(f"{address} would be read over http, which anybody on the way can change: write https.")


class _Redirects(HTTPRedirectHandler):
    """To https alone, as what was asked."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise SeedError(f"{req.full_url} leads to an address without https: {BY_HAND}.")
        _check_scheme(urlsplit(newurl), req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
