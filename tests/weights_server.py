"""A web server on this machine that has weights, or only half of them, and entries that name what it has."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import safetensors.numpy
import torch
from genboard.registry.schema import Weights

from genboard.core.files import sha256

DATA = safetensors.numpy.save({"a": np.arange(5000, dtype=np.float32), "b": np.eye(3, dtype=np.float32)})
DIGEST = sha256(DATA)
Answer = Callable[[BaseHTTPRequestHandler, int], None]


class Server:
    """A web server on this machine, and how many requests it saw."""

    def __init__(self) -> None:
        self.answer: Answer = whole
        self.seen = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen += 1
                outer.answer(self, outer.seen)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/weights/net-01234567.safetensors"


def send(request: BaseHTTPRequestHandler, data: bytes, announced: int, status: int = 200, start: int = 0) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(announced))
    if status == 206:
        request.send_header("Content-Range", f"bytes {start}-{start + announced - 1}/{start + announced}")
    request.end_headers()
    request.wfile.write(data)


def whole(request: BaseHTTPRequestHandler, seen: int) -> None:
    send(request, DATA, len(DATA))


def something_else(request: BaseHTTPRequestHandler, seen: int) -> None:
    send(request, b"<html>moved</html>", 18)


@contextmanager
def serving() -> Iterator[Server]:
    """A server that gives the whole file, until its `answer` is another."""
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def weights_at(url: str, digest: str = DIGEST) -> Weights:
    return Weights.model_validate({"url": url, "sha256": digest})


def torch_file(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()
