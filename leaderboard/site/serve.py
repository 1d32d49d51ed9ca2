"""The site over HTTP for a look: from memory, to this machine only."""

from __future__ import annotations

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from ...core.errors import GenboardError

HOST = "127.0.0.1"
# What a site is made of; the system's own table differs from machine to machine.
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "xml": "application/xml",
    "bib": "text/plain; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


def server_of(files: Mapping[str, bytes], port: int) -> ThreadingHTTPServer:
    """A server of a rendered site; `serve_forever` runs it, `server_port` says where when `port` is 0.

    Raises:
        GenboardError: the port is taken, or not for this user.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(self._head())

        def do_HEAD(self) -> None:
            self._head()

        def _head(self) -> bytes:
            path = path_of(self.path)
            known = path in files
            body = files[path if known else "404.html"]
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", TYPES.get(path.rpartition(".")[2] if known else "html", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            return body

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the command says where to look, and what is not there is a page that says so."""

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as e:
        raise GenboardError(f"port {port} of {HOST} cannot be used: {e.strerror}", "--port 0 takes a free one") from e


def path_of(target: str) -> str:
    """The file that a request asks for; a folder's is its `index.html`.

    >>> path_of("/"), path_of("/tracks/digits.html?x=1#y"), path_of("/a%20b/")
    ('index.html', 'tracks/digits.html', 'a b/index.html')
    """
    path = unquote(urlsplit(target).path).lstrip("/")
    return f"{path}index.html" if not path or path.endswith("/") else path
