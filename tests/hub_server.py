"""A small Hub: the endpoints that huggingface-hub's client calls to commit and to download, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server holds and what it was asked.

    Attributes:
        repos: files of each repository, by path.
        refuse: an HTTP status for every answer, or none.
        commits: (repository, header, places, whether a pull request) of each commit.
        asked: method and path of each request, without the query.
        tokens: what the Authorization headers said.
    """

    url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refuse: int | None = None
    commits: list[tuple[str, dict[str, Any], list[str], bool]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    blobs: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            """Nothing is printed."""

        def do_HEAD(self) -> None:
            self._resolve(body=False)

        def do_GET(self) -> None:
            self._resolve(body=True)

        def do_PUT(self) -> None:
            data = self._data()
            hub.blobs[self.path.rpartition("/")[2]] = data
            self._answer(200, b"")

        def do_POST(self) -> None:
            data = self._data()
            path, _, query = self.path.partition("?")
            if hub.refuse:
                self._answer(hub.refuse, b'{"error": "no"}')
            elif path == "/api/repos/create":
                asked = json.loads(data)
                name = f"{asked['organization']}/{asked['name']}"
                hub.repos.setdefault(name, {})
                self._json({"url": f"{hub.url}/datasets/{name}"})
            elif found := re.fullmatch(r"/api/datasets/(.+)/preupload/main", path):
                self._in(found[1]) and self._json({"files": [self._mode(f) for f in json.loads(data)["files"]]})
            elif found := re.fullmatch(r"/datasets/(.+)\.git/info/lfs/objects/batch", path):
                self._json({"transfer": "basic", "objects": [self._upload(o) for o in json.loads(data)["objects"]]})
            elif path == "/lfs/verify":
                self._answer(200, b"{}")
            elif found := re.fullmatch(r"/api/datasets/(.+)/commit/main", path):
                self._commit(found[1], data, "create_pr=1" in query)
            else:
                self._answer(404, b"")

        def _data(self) -> bytes:
            hub.asked.append(f"{self.command} {self.path.partition('?')[0]}")
            hub.tokens.add(self.headers.get("Authorization", ""))
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _in(self, repo: str) -> bool:
            if repo not in hub.repos:
                self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})
            return repo in hub.repos

        def _mode(self, file: dict[str, Any]) -> dict[str, Any]:
            large = file["path"].endswith((".safetensors", ".parquet", ".png"))
            return {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}

        def _upload(self, what: dict[str, Any]) -> dict[str, Any]:
            verify = {"href": f"{hub.url}/lfs/verify"}
            return {**what, "actions": {"upload": {"href": f"{hub.url}/lfs/{what['oid']}"}, "verify": verify}}

        def _commit(self, repo: str, data: bytes, pull_request: bool) -> None:
            lines = [json.loads(line) for line in data.splitlines()]
            files = {}
            for line in lines[1:]:
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                else:
                    assert line["key"] == "lfsFile"
                    files[value["path"]] = hub.blobs[value["oid"]]
                    assert hashlib.sha256(files[value["path"]]).hexdigest() == value["oid"]
            hub.commits.append((repo, lines[0]["value"], sorted(files), pull_request))
            hub.repos[repo].update(files)
            page = f"{hub.url}/datasets/{repo}"
            self._json(
                {
                    "commitUrl": f"{page}/commit/{COMMIT}",
                    "commitOid": COMMIT,
                    "pullRequestUrl": f"{page}/discussions/7" if pull_request else None,
                }
            )

        def _resolve(self, body: bool) -> None:
            self._data()
            found = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
            if hub.refuse:
                self._answer(hub.refuse, b"")
            elif not found:
                self._answer(404, b"")
            elif found[1] not in hub.repos:
                self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})
            elif found[2] not in ("main", COMMIT):
                self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif found[3] not in hub.repos[found[1]]:
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            else:
                data = hub.repos[found[1]][found[3]]
                tag = hashlib.sha256(data).hexdigest()
                self._answer(200, data, {"X-Repo-Commit": COMMIT, "ETag": f'"{tag}"'}, body)

        def _json(self, value: Any) -> None:
            self._answer(200, json.dumps(value).encode())

        def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None, body: bool = True) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
