"""Files of the Hub that are not what an entry says, or cannot be had: each refused through the real command line."""

from __future__ import annotations

import io
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from genboard.registry.datasets import load_split
from refusals import Run, hint, refused
from sets import COMMIT, Answer, entry, hub, hub_server, images_of, parquet, png, refuses, serves

from genboard.core.errors import BadImages

SET = images_of(24)
WHOLE = {"train": ("all", 24)}


def missing_column(path: Path) -> None:
    parquet(SET, path, image="picture")


def missing_label(path: Path) -> None:
    parquet(SET, path, label="target")


def text_labels(path: Path) -> None:
    pq.write_table(pa.table({"image": [png(p) for p in SET.pixels], "label": ["a"] * 24}), path)


def some_labels(path: Path) -> None:
    pq.write_table(pa.table({"image": [png(p) for p in SET.pixels], "label": [0] * 23 + [None]}), path)


def truncated(path: Path) -> None:
    parquet(SET, path)
    path.write_bytes(path.read_bytes()[:-200])


def no_parquet(path: Path) -> None:
    path.write_bytes(b"<html>404</html>")


def no_image(path: Path) -> None:
    pq.write_table(pa.table({"image": [png(p) for p in SET.pixels[:-1]] + [b"nothing"], "label": [0] * 24}), path)


BAD_FILES = [
    pytest.param(missing_column, "no column named image among picture, label", id="no image column"),
    pytest.param(missing_label, "no column named label among image, target", id="no label column"),
    pytest.param(text_labels, "column label holds string", id="labels of text"),
    pytest.param(some_labels, "column label: row 23 has no label, but others have one", id="a label missing"),
    pytest.param(truncated, "not a Parquet file", id="truncated"),
    pytest.param(no_parquet, "not a Parquet file", id="a page of HTML"),
    pytest.param(no_image, "row 23: not an image", id="no image"),
]


@pytest.mark.parametrize(("write", "why"), BAD_FILES)
def test_a_bad_file_of_the_hub(
    run: Run,
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], None],
    why: str,
) -> None:
    write(tmp_path / "a.parquet")
    entry(own_home, "far", hub(all="a.parquet"), {"all": 24}, WHOLE, revision=COMMIT)
    with hub_server(monkeypatch, tmp_path / "cache", serves({"a.parquet": (tmp_path / "a.parquet").read_bytes()})):
        fact = refused(run, "dataset", "record", "far")
    assert fact.startswith(str(tmp_path / "cache"))
    assert f"a.parquet: {why}" in fact, fact


@pytest.mark.parametrize(
    ("answer", "why", "advice"),
    [
        pytest.param(refuses(403, "GatedRepo"), "the repository is gated", "accept its terms at", id="gated"),
        pytest.param(
            refuses(401, "RepoNotFound"),
            "the repository does not exist, or you may not read it",
            "HF_TOKEN",
            id="private",
        ),
        pytest.param(refuses(404, "RevisionNotFound"), "the revision does not exist", "pin a commit", id="revision"),
        pytest.param(serves({}), "no such file at this revision", "the files are listed at", id="file"),
    ],
)
def test_a_repository_that_does_not_answer_as_the_entry_hopes(
    run: Run,
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    why: str,
    advice: str,
) -> None:
    entry(own_home, "far", hub(all="a.parquet"), {"all": 24}, WHOLE, revision=COMMIT)
    with hub_server(monkeypatch, tmp_path / "cache", answer) as address:
        assert refused(run, "dataset", "record", "far") == f"someone/pictures at {COMMIT[:12]}: a.parquet: {why}"
        assert advice in hint(run, "dataset", "record", "far")
        assert address in hint(run, "dataset", "record", "far")


def test_no_network_and_nothing_in_the_cache(
    run: Run, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    entry(own_home, "far", hub(all="data/a.parquet"), {"all": 24}, WHOLE, revision=COMMIT)
    fact = refused(run, "dataset", "record", "far")
    assert fact.endswith("data/a.parquet: it is not in the cache, and HF_HUB_OFFLINE is set")
    # The hint is right: a file put there is taken.
    place = Path(hint(run, "dataset", "record", "far").rpartition(" ")[2])
    parquet(SET, place)
    assert run("dataset", "record", "far")[0] == 0


def cut_short(data: bytes, times: int) -> tuple[Answer, list[str]]:
    """A file whose transfer breaks off half way, that many times."""
    whole = serves({"a.parquet": data})
    ranges: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.command == "GET":
            ranges.append(request.headers.get("Range") or "")
        if request.command != "GET" or len(ranges) > times:
            whole(request)
            return
        kept, request.wfile = request.wfile, io.BytesIO()
        whole(request)
        sent = request.wfile.getvalue()
        request.wfile = kept
        kept.write(sent[: -len(data) // 2])
        request.close_connection = True

    return answer, ranges


def test_a_transfer_that_breaks_off_is_resumed_or_refused_and_never_used(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = parquet(SET, tmp_path / "a.parquet").read_bytes()
    entry(own_home, "far", hub(all="a.parquet"), {"all": 24}, WHOLE, revision=COMMIT)
    answer, ranges = cut_short(data, times=1)
    with hub_server(monkeypatch, tmp_path / "cache", answer):
        try:
            load_split("far", "train")
        except BadImages as e:
            assert "the download failed" in e.fact  # noqa: PT017 - which of the two is the library's choice
        assert not [p for p in (tmp_path / "cache").rglob("snapshots/*/*") if p.stat().st_size != len(data)]
        assert load_split("far", "train").count == 24
    assert len(ranges) >= 2
