"""Weights from caches, addresses and the Hub: checked, whole, and never taken half."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
from genboard.registry import download as downloads
from genboard.registry import limits
from genboard.registry.schema import Weights
from genboard.registry.weights import fetch, read_weights
from pydantic import ValidationError
from sets import COMMIT, hub_server, refuses, serves
from weights_server import DATA, DIGEST, send, something_else, weights_at

from genboard.core.errors import BadWeights, CannotWrite, GenboardError
from genboard.core.files import sha256

KEPT = f"{DIGEST[:8]}-net-01234567.safetensors"


pytestmark = pytest.mark.usefixtures("empty_cache")


def half_then_the_rest(request: BaseHTTPRequestHandler, seen: int) -> None:
    if seen == 1:
        send(request, DATA[:7000], len(DATA))
        return
    start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert start == 7000
    send(request, DATA[start:], len(DATA) - start, 206, start)


def half_then_everything_again(request: BaseHTTPRequestHandler, seen: int) -> None:
    send(request, DATA[:7000] if seen == 1 else DATA, len(DATA))


def always_half(request: BaseHTTPRequestHandler, seen: int) -> None:
    send(request, DATA[:7000], len(DATA))


def gone(request: BaseHTTPRequestHandler, seen: int) -> None:
    request.send_error(404)


def kept(cache: Path) -> list[str]:
    return sorted(p.name for p in cache.glob("*") if not p.name.endswith(".lock"))


def test_a_file_is_downloaded_once(server, empty_cache):
    path = fetch(weights_at(server.url))
    assert path == empty_cache / KEPT
    assert fetch(weights_at(server.url)) == path
    assert server.seen == 1
    arrays = read_weights(weights_at(server.url))
    np.testing.assert_array_equal(arrays["a"], np.arange(5000, dtype=np.float32))
    assert kept(empty_cache) == [path.name]


@pytest.mark.parametrize("answer", [half_then_the_rest, half_then_everything_again])
def test_a_broken_download_goes_on(server, answer):
    server.answer = answer
    assert fetch(weights_at(server.url)).read_bytes() == DATA
    assert server.seen == 2


def test_half_a_file_is_never_used(server, empty_cache):
    server.answer = always_half
    with pytest.raises(GenboardError, match=r"7,000 of [0-9,]+ bytes arrived") as e:
        fetch(weights_at(server.url))
    assert str(empty_cache / KEPT) in (e.value.hint or "")
    assert server.seen == downloads.TRIES
    assert kept(empty_cache) == []


def test_a_download_with_another_digest_is_not_kept(server, empty_cache):
    server.answer = something_else
    with pytest.raises(BadWeights, match=f"SHA-256 {sha256(b'<html>moved</html>')}, but its entry says {DIGEST}"):
        fetch(weights_at(server.url))
    assert kept(empty_cache) == []


def test_a_missing_file_is_asked_for_once(server, empty_cache):
    server.answer = gone
    with pytest.raises(GenboardError, match="answers 404 Not Found") as e:
        fetch(weights_at(server.url))
    assert e.value.hint == f"put the file there yourself: {empty_cache / KEPT} (SHA-256 {DIGEST})"
    assert server.seen == 1


def test_no_network_says_which_file_to_put_where(server, empty_cache):
    url = server.url.replace(str(server.http.server_address[1]), "9")  # nobody listens on the discard port
    with pytest.raises(GenboardError, match=r"cannot be downloaded: .*refused") as e:
        fetch(weights_at(url))
    place = empty_cache / KEPT
    assert str(place) in (e.value.hint or "")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(DATA)
    assert fetch(weights_at(url)) == place


def test_a_cache_that_cannot_be_written_to(server, empty_cache):
    (empty_cache / f".{KEPT}.lock").mkdir(parents=True)
    with pytest.raises(CannotWrite, match=f"cannot write {empty_cache}/.*: a folder stands") as e:
        fetch(weights_at(server.url))
    assert e.value.hint == "set TORCH_HOME to another folder"


def test_a_file_that_was_changed_in_the_cache_is_refused(server):
    path = fetch(weights_at(server.url))
    path.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(BadWeights, match=f"has SHA-256 .*, but its entry says {DIGEST}") as e:
        read_weights(weights_at(server.url))
    assert e.value.hint == "delete the file, and it is downloaded again"


def test_a_file_under_its_plain_name_is_found_and_never_taken_for_another(server, empty_cache):
    empty_cache.mkdir(parents=True)
    plain = empty_cache / "net-01234567.safetensors"
    plain.write_bytes(DATA)
    assert fetch(weights_at(server.url)) == plain
    assert server.seen == 0
    other = safetensors.numpy.save({"a": np.ones(2, np.float32)})
    plain.write_bytes(other)
    assert fetch(weights_at(server.url)) == empty_cache / KEPT
    assert fetch(weights_at(server.url, sha256(other))) == plain
    assert plain.read_bytes() == other
    assert server.seen == 1


def test_two_files_of_one_name_lie_side_by_side(server, empty_cache):
    other = safetensors.numpy.save({"a": np.ones(2, np.float32)})
    fetch(weights_at(server.url))
    server.answer = lambda request, _: send(request, other, len(other))
    assert fetch(weights_at(server.url, sha256(other))).read_bytes() == other
    assert fetch(weights_at(server.url)).read_bytes() == DATA
    assert kept(empty_cache) == sorted([KEPT, f"{sha256(other)[:8]}-net-01234567.safetensors"])


def test_the_first_digits_of_a_digest_will_do_and_fewer_will_not(server):
    assert fetch(weights_at(server.url, DIGEST[:8])).is_file()
    with pytest.raises(ValidationError):
        weights_at(server.url, DIGEST[:7])


def test_committed_weights_that_are_not_installed_are_fetched_from_their_address(server, empty_cache):
    there = weights_at(server.url).model_copy(update={"file": "extractors/weights/digits-cnn.safetensors"})
    with pytest.raises(BadWeights, match=r"digits-cnn\.safetensors has SHA-256"):  # the file goes before the address
        fetch(there)
    assert kept(empty_cache) == []
    assert fetch(there.model_copy(update={"file": "generators/not-installed.safetensors"})).read_bytes() == DATA
    assert kept(empty_cache) == [KEPT]


def test_committed_weights_are_checked_too():
    file = "extractors/weights/digits-cnn.safetensors"
    with pytest.raises(BadWeights, match="its entry says 00000000") as e:
        read_weights(Weights(file=file, sha256="0" * 64))
    assert e.value.hint == "restore the file, or train it again with `make zoo`"


def endless(request: BaseHTTPRequestHandler, seen: int) -> None:
    request.send_response(200)
    request.end_headers()
    with contextlib.suppress(OSError):  # the client hangs up
        for _ in range(10_000):
            request.wfile.write(bytes(1 << 16))


def announced(request: BaseHTTPRequestHandler, seen: int) -> None:
    send(request, b"", 10**15)


@pytest.mark.parametrize("answer", [endless, announced])
def test_a_download_has_a_limit(answer, server, monkeypatch, empty_cache):
    monkeypatch.setattr(limits, "DOWNLOAD", 2**22)
    server.answer = answer
    with pytest.raises(GenboardError, match="bytes or more, where the limit is 4,194,304"):
        fetch(weights_at(server.url))
    assert server.seen == 1
    assert kept(empty_cache) == []


HUB = {"repo": "someone/network", "revision": COMMIT, "path": "model.safetensors"}


def hub_weights(digest: str = DIGEST) -> Weights:
    return Weights.model_validate({**HUB, "sha256": digest})


def test_weights_of_the_hub(monkeypatch, tmp_path):
    with hub_server(monkeypatch, tmp_path / "hub", serves({"model.safetensors": DATA})):
        assert set(read_weights(hub_weights())) == {"a", "b"}
        with pytest.raises(BadWeights, match="its entry says 00000000"):
            read_weights(hub_weights("0" * 64))
    # The server is gone; the cache is enough.
    assert set(read_weights(hub_weights())) == {"a", "b"}


def test_a_file_of_the_hub_has_a_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "HUB_FILE", len(DATA) - 1)
    with hub_server(monkeypatch, tmp_path / "hub", serves({"model.safetensors": DATA})):
        with pytest.raises(GenboardError, match=f"someone/network: model.safetensors: {len(DATA):,} bytes"):
            fetch(hub_weights())
        assert not list((tmp_path / "hub").rglob("*.safetensors"))
        monkeypatch.setattr(limits, "HUB_FILE", len(DATA))
        assert fetch(hub_weights()).read_bytes() == DATA


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"repo": "../../x"}, "not the name of a repository"),
        ({"repo": "a/b/c"}, "not the name of a repository"),
        ({"repo": "a--b/c"}, "not the name of a repository"),
        ({"repo": "me/x y"}, "not the name of a repository"),
        ({"repo": "mé/x"}, "not the name of a repository"),
        ({"repo": "https://huggingface.co/me/x"}, "not the name of a repository"),
        ({"path": "../model.safetensors"}, "leads out of the repository"),
        ({"path": "/etc/passwd"}, "leads out of the repository"),
        ({"path": "..\\model.safetensors"}, "leads out of the repository"),
        ({"revision": "../../main"}, "leads out of the repository"),
    ],
)
def test_a_place_on_the_hub_is_one(place, problem):
    with pytest.raises(ValidationError, match=problem):
        Weights.model_validate({**HUB, **place, "sha256": DIGEST})


@pytest.mark.skipif(sys.platform != "linux", reason="pipes and devices are those of Unix")
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda p: os.mkfifo(p), "a named pipe"),
        (lambda p: p.symlink_to("/dev/zero"), "a device"),
        (Path.mkdir, "a folder"),
    ],
    ids=["pipe", "device", "folder"],
)
def test_weights_that_are_no_file_are_not_opened(make, kind, tmp_path):
    path = tmp_path / "a.safetensors"
    make(path)
    with pytest.raises(BadWeights, match=f"a.safetensors: cannot be read: it is {kind}, not a file"):
        fetch(Weights(local=str(path), sha256=DIGEST))


def test_weights_that_link_to_themselves_are_refused(tmp_path):
    (tmp_path / "a.safetensors").symlink_to(tmp_path / "a.safetensors")
    with pytest.raises(BadWeights, match="cannot be read"):
        fetch(Weights(local=str(tmp_path / "a.safetensors"), sha256=DIGEST))


@pytest.mark.parametrize(
    ("status", "code", "problem", "advice"),
    [
        (403, "GatedRepo", "the repository is gated", "hf auth login"),
        (404, "EntryNotFound", "no such file at this revision", "the files are listed at"),
        (401, "RepoNotFound", "the repository does not exist, or you may not read it", "HF_TOKEN"),
        (404, "RevisionNotFound", "the revision does not exist", "pin a commit"),
    ],
)
def test_what_the_hub_refuses(status, code, problem, advice, monkeypatch, tmp_path):
    with (
        hub_server(monkeypatch, tmp_path / "hub", refuses(status, code)),
        pytest.raises(GenboardError, match=f"someone/network at {COMMIT[:12]}: model.safetensors: {problem}") as e,
    ):
        fetch(hub_weights())
    assert advice in (e.value.hint or "")
    assert "put the file there yourself" in (e.value.hint or "")
    assert str(tmp_path / "hub" / "models--someone--network" / "snapshots" / COMMIT) in (e.value.hint or "")


def test_the_hub_offline_says_which_file_to_put_where(monkeypatch, tmp_path):
    with hub_server(monkeypatch, tmp_path / "hub", serves({"model.safetensors": DATA})):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(GenboardError, match="it is not in the cache, and HF_HUB_OFFLINE is set") as e:
            fetch(hub_weights())
        place = tmp_path / "hub" / "models--someone--network" / "snapshots" / COMMIT / "model.safetensors"
        assert (e.value.hint or "").endswith(f"put the file there yourself: {place} (SHA-256 {DIGEST})")
        place.parent.mkdir(parents=True)
        place.write_bytes(DATA)
        assert fetch(hub_weights()) == place


def test_a_fresh_process_without_a_network_says_so_too(tmp_path):
    program = f"from genboard.registry.weights import fetch, Weights; fetch(Weights(**{HUB!r}, sha256={DIGEST!r}))"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "model.safetensors: it is not in the cache, and HF_HUB_OFFLINE is set" in found.stderr
    assert str(tmp_path) in found.stderr.rpartition("hint: ")[2]


def test_an_entry_names_one_place():
    with pytest.raises(ValidationError, match="needs repo, revision and path"):
        Weights(repo="a/b", sha256=DIGEST)
    with pytest.raises(ValidationError, match="give exactly one source"):
        Weights.model_validate({**HUB, "file": "x", "sha256": DIGEST})
