"""What the tests of data sets share: small sets of the user's own, and a server that speaks as the Hub does."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from genboard.registry.images import Images, Pixels
from PIL import Image

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHAPE = (8, 6, 3)


def images_of(n: int, classes: int = 3, seed: int = 0) -> Images:
    random = np.random.default_rng(seed)
    return Images(random.integers(0, 256, (n, *SHAPE), np.uint8), random.integers(0, classes, n))


def png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def parquet(images: Images, path: Path, rows: int = 7, **names: str) -> Path:
    """A Parquet file of images, `rows` to a row group; `image=` and `label=` rename the columns."""
    columns: dict[str, Any] = {
        names.get("image", "image"): [{"bytes": png(p), "path": f"{i}.png"} for i, p in enumerate(images.pixels)]
    }
    if images.labels is not None:
        columns[names.get("label", "label")] = images.labels
    if images.captions is not None:
        columns["caption"] = images.captions
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=rows)
    return path


def entry(
    home: Path,
    name: str,
    source: str,
    parts: Mapping[str, int],
    splits: Mapping[str, tuple[str, int]],
    classes: Sequence[str] = ("a", "b", "c"),
    revision: str = "1",
    more: str = "",
    shape: Sequence[int] = SHAPE,
) -> Path:
    """An entry of the user's own; it must be written before the first look at the registry in a test."""
    path = home / "entries" / "datasets" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "\n".join(f'{split} = {{ part = "{part}", count = {count} }}' for split, (part, count) in splits.items())
    path.write_text(
        f'title = "A set"\nrevision = "{revision}"\nshape = {list(shape)}\nclasses = {json.dumps(list(classes))}\n'
        f'licence = "x"\nhomepage = "https://example.org/"\ncitation = "x"\n{more}\n[source]\n{source}\n[parts]\n'
        + "".join(f"{part} = {count}\n" for part, count in parts.items())
        + f"[splits]\n{listed}\n"
    )
    return path


def local(path: Path) -> str:
    return f'kind = "local"\npaths = {{ all = "{path}" }}'


def hub(**files: str) -> str:
    listed = ", ".join(f'{part} = ["{name}"]' for part, name in files.items())
    return f'kind = "hub"\nrepo = "someone/pictures"\nlabel = "label"\nfiles = {{ {listed} }}'


def own_set(home: Path, images: Images, name: str = "mine", **options: Any) -> Path:
    """A local data set in one part with three splits; gives the Parquet file."""
    path = parquet(images, home / "data" / f"{name}.parquet")
    n = len(images)
    sizes = {"train": n - 2 * (n // 4), "reference": n // 4, "held-out": n // 4}
    options.setdefault("splits", {split: ("all", size) for split, size in sizes.items()})
    entry(home, name, local(path), {"all": n}, **options)
    return path


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def hub_server(monkeypatch: pytest.MonkeyPatch, cache: Path, answer: Answer) -> Iterator[str]:
    """A Hub on this machine, and huggingface-hub made to ask it and nobody else."""
    from huggingface_hub import constants

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            answer(self)

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serves(files: Mapping[str, bytes]) -> Answer:
    """A repository that has these files, and answers ranges as the Hub does."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        name = request.path.partition(f"/resolve/{COMMIT}/")[2]
        if name not in files:
            refuses(404, "EntryNotFound")(request)
            return
        data = files[name]
        start = int((request.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        request.send_response(206 if start else 200)
        request.send_header("X-Repo-Commit", COMMIT)
        request.send_header("ETag", f'"{len(data)}-{sum(data) % 65536}"')
        request.send_header("Content-Length", str(len(data) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(data[start:])

    return answer


def refuses(status: int, code: str) -> Answer:
    """A repository that answers every request with an error of the Hub's."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("X-Error-Message", "no")
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer
