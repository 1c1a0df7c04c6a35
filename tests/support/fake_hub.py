"""A dataset hub on this machine: as much of its HTTP interface as making a repository, a commit and reading take."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

LARGE = (".parquet",)
"""Files of these kinds are sent beside the commit, by their hash."""


@dataclass
class FakeHub:
    """What the hub holds and was asked."""

    token: str
    url: str = ""
    private: dict[str, bool] = field(default_factory=dict)
    """Datasets, and whether they are private."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Of the one dataset that tests use, by path."""
    objects: dict[str, bytes] = field(default_factory=dict)
    """Large files, by SHA-256."""
    commits: int = 0
    asked: list[str] = field(default_factory=list)
    revision: str = "1" * 40
    """Commit that every branch is at."""

    def create(self, body: dict[str, Any]) -> tuple[int, Any]:
        name = f"{body['organization']}/{body['name']}" if body.get("organization") else body["name"]
        known = name in self.private
        self.private.setdefault(name, body.get("visibility") == "private" or bool(body.get("private")))
        return (409 if known else 200), {"url": f"{self.url}/datasets/{name}", "name": name}

    def tree(self) -> list[dict[str, Any]]:
        return [
            {"type": "file", "oid": "0", "path": path, "rfilename": path, "size": len(data)}
            for path, data in self.files.items()
        ]

    def modes(self, body: dict[str, Any]) -> dict[str, Any]:
        kinds = [(file["path"], "lfs" if file["path"].endswith(LARGE) else "regular") for file in body["files"]]
        return {"files": [{"path": path, "uploadMode": kind, "shouldIgnore": False} for path, kind in kinds]}

    def places(self, body: dict[str, Any]) -> dict[str, Any]:
        found = [
            {**each, "actions": {"upload": {"href": f"{self.url}/objects/{each['oid']}", "header": {}}}}
            for each in body["objects"]
        ]
        return {"transfer": "basic", "objects": found}

    def commit(self, lines: list[dict[str, Any]]) -> dict[str, Any]:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.files[value["path"]] = self.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                del self.files[value["path"]]
        self.commits += 1
        return {
            "success": True,
            "commitOid": "1" * 40,
            "commitUrl": f"{self.url}/datasets/me/mine/commit/{self.commits}",
        }


@contextmanager
def fake_hub(token: str) -> Iterator[FakeHub]:
    """A hub that takes this token, for as long as the `with` block lasts."""
    hub = FakeHub(token)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "/objects/" not in self.path and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self.give(401, {"error": "Invalid username or password."})
                return
            if "/resolve/" in self.path:
                self.give_file(unquote(self.path.split(f"/resolve/{hub.revision}/")[-1]))
            elif "/absent" in self.path:
                self.give(404, {"error": "Repository not found"})
            else:
                self.give(*self.made(body))

        def made(self, body: bytes) -> tuple[int, Any]:
            path = self.path.split("?")[0]
            if path.startswith("/objects/"):
                assert hashlib.sha256(body).hexdigest() == path.rsplit("/", 1)[1]
                hub.objects[path.rsplit("/", 1)[1]] = body
                return 200, {}
            if path == "/api/repos/create":
                return hub.create(json.loads(body))
            if "/tree/" in path:
                return 200, hub.tree()
            if "/preupload/" in path:
                return 200, hub.modes(json.loads(body))
            if path.endswith("/objects/batch"):
                return 200, hub.places(json.loads(body))
            if "/commit/" in path:
                return 200, hub.commit([json.loads(line) for line in body.splitlines()])
            if path == "/api/validate-yaml":
                return 200, {"errors": [], "warnings": []}
            return 200, {"id": "me/mine", "sha": hub.revision, "private": True, "siblings": hub.tree()}

        do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

        def give_file(self, path: str) -> None:
            data = hub.files[path]
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", hub.revision)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def give(self, status: int, content: Any) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield hub
        finally:
            server.shutdown()
