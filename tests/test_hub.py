"""The Hub: what the real client sends to a server that speaks its endpoints, and what a failure says."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants as constants
import numpy as np
import pytest
from genboard.leaderboard.hub import pull_reference, push_reference, push_samples, push_submission
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.reference_stats import store
from hub_server import COMMIT, Hub, serving
from refusals import Run, refused

from genboard.core.errors import CannotWrite, GenboardError, ReferenceMismatch
from genboard.core.files import sha256
from genboard.core.serialization import canonical_json

REPO = "org/board"
NAME = "digits/reference-500.digits-cnn"
FILE = store.COMMITTED / f"{NAME}.safetensors"
TOKEN = "hf_" + "s" * 34

# The client gives its HTTP library a file in a way that the library would rather see otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub of the test's own, with an empty cache, reached by whoever asks for one."""
    with serving(Hub(repos={REPO: {}})) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        # Its storage has a protocol of its own; without it the client uploads by the older one.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between the tries of the client
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission: a result and its preview, laid out as the committed ones are, and a file that is not of it."""
    made = tmp_path / "submission"
    path = next(p for p in sorted(COMMITTED.glob("digits@1/ddpm/*.json")))
    for file in (path, path.with_suffix(".preview.png")):
        target = made / file.relative_to(COMMITTED)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    (made / ".lock").write_text("")
    return made


def test_a_submission_is_one_commit_and_one_pull_request(hub: Hub, folder: Path) -> None:
    url = push_submission(folder, REPO, description="why")
    places = sorted(p.relative_to(folder).as_posix() for p in folder.glob("*/*/*"))
    assert len(places) == 2
    assert url == f"{hub.url}/datasets/{REPO}/discussions/7"
    ((repo, header, committed, pull_request),) = hub.commits
    assert (repo, committed, pull_request) == (REPO, places, True)
    assert header == {"summary": "Add digits@1/ddpm", "description": "why"}
    assert {place: hub.repos[REPO][place] for place in places} == {p: (folder / p).read_bytes() for p in places}
    assert hub.tokens == {f"Bearer {TOKEN}", ""}  # the storage of large files is not told the token


def test_only_the_files_asked_for_are_pushed(hub: Hub, folder: Path) -> None:
    (result,) = folder.glob("*/*/*.json")
    push_submission(folder, REPO, [result])
    assert hub.commits[0][2] == [result.relative_to(folder).as_posix()]


def test_what_was_pushed_is_a_folder_of_results(hub: Hub, folder: Path, tmp_path: Path) -> None:
    push_submission(folder, REPO)
    for place, data in hub.repos[REPO].items():
        (tmp_path / "clone" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clone" / place).write_bytes(data)
    assert [r.result.generator.name for r in read_records([tmp_path / "clone"]).readable] == ["ddpm"]


def test_a_link_out_of_the_folder_is_refused(hub: Hub, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (folder / "link.json").symlink_to(tmp_path / "secret")
    with pytest.raises(GenboardError, match="not a file inside"):
        push_submission(folder, REPO)
    assert not hub.asked


def test_samples_become_a_data_set_of_ones_own(hub: Hub, tmp_path: Path, run: Run) -> None:
    samples = tmp_path / "samples"
    assert run("sample", "noise", "--track", "digits", "--samples", 20, "--out", samples)[0] == 0
    url = push_samples(samples, "me/noise-digits")
    assert url == f"{hub.url}/datasets/me/noise-digits/commit/{COMMIT}"
    ((_, _, places, pull_request),) = hub.commits
    assert not pull_request
    assert any(place.endswith(".parquet") for place in places)
    assert {p: hub.repos["me/noise-digits"][p] for p in places} == {p: (samples / p).read_bytes() for p in places}


def test_submit_offers_what_it_prepared_and_shares_the_samples(hub: Hub, tmp_path: Path, run: Run) -> None:
    images = tmp_path / "images" / "mine.npy"
    images.parent.mkdir()
    np.save(images, np.random.default_rng(5).integers(0, 256, (500, 8, 8), np.uint8))
    (images.parent / "diary.txt").write_text("private")
    said = (
        "--title",
        "Mine",
        "--family",
        "noise",
        "--authors",
        "Me",
        "--licence",
        "CC0-1.0",
        "--training-data",
        "none",
        "--tried",
        "1",
    )
    command = ("submit", images, "--track", "digits", "--name", "mine", "--out", tmp_path / "out", *said)
    code, out, err = run(*command, "--push", REPO, "--push-samples", "me/samples")
    assert code == 0, err
    assert out.splitlines()[-2:] == [
        f"{hub.url}/datasets/me/samples/commit/{COMMIT}",
        f"{hub.url}/datasets/{REPO}/discussions/7",
    ]
    assert sorted(hub.repos["me/samples"]) == ["mine.npy"]
    assert sorted(hub.repos[REPO]) == sorted(
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").glob("*/*/*")
    )
    assert TOKEN not in out + err


def test_what_is_no_sample_stays_here(hub: Hub, tmp_path: Path) -> None:
    for name in ("a.png", "plan.json", "diary.txt", ".env"):
        (tmp_path / "mine" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "mine" / name).write_text(name)
    push_samples(tmp_path / "mine", "me/samples")
    assert sorted(hub.repos["me/samples"]) == ["a.png", "plan.json"]


def test_a_reference_goes_there_and_back(hub: Hub, run: Run, own_home: Path) -> None:
    code, out, err = run("reference", "push", NAME, REPO)
    assert code == 0, err
    assert out.strip() == f"{hub.url}/datasets/{REPO}/commit/{COMMIT}"
    said = json.loads(hub.repos[REPO][f"references/{NAME}.json"])
    assert said["sha256"] == sha256(FILE.read_bytes())
    code, out, err = run("reference", "pull", REPO, NAME, "--sha256", said["sha256"])
    assert code == 0, err
    assert "pulled" in err
    assert "genboard reference verify" in err
    target = own_home / "references" / f"{NAME}.safetensors"
    assert out.strip() == str(target)
    assert target.read_bytes() == FILE.read_bytes()
    assert TOKEN not in out + err
    assert "kept" in run("reference", "pull", REPO, NAME)[2]


def test_a_second_pull_needs_no_transfer_and_no_network(hub: Hub, own_home: Path, run: Run) -> None:
    push_reference(NAME, REPO)
    pull_reference(REPO, NAME)
    gets = [line for line in hub.asked if line.startswith("GET")]
    target = own_home / "references" / f"{NAME}.safetensors"
    target.unlink()
    assert not pull_reference(REPO, NAME).kept
    assert [line for line in hub.asked if line.startswith("GET")] == gets
    hub.refuse = 503
    target.unlink()
    assert pull_reference(REPO, NAME).path == target


def test_a_reference_that_is_not_what_its_digest_says_is_refused(hub: Hub, own_home: Path) -> None:
    push_reference(NAME, REPO)
    place = f"references/{NAME}.safetensors"
    hub.repos[REPO][place] = hub.repos[REPO][place][:-1] + b"\0"
    with pytest.raises(ReferenceMismatch, match="with SHA-256"):
        pull_reference(REPO, NAME)
    assert not list(own_home.rglob("*.safetensors"))


def test_a_digest_from_a_place_one_trusts_decides(hub: Hub, own_home: Path) -> None:
    push_reference(NAME, REPO)
    with pytest.raises(ReferenceMismatch, match="you asked for"):
        pull_reference(REPO, NAME, digest="0" * 64)
    assert not list(own_home.rglob("*.safetensors"))


def test_a_file_under_anothers_name_is_refused(hub: Hub, own_home: Path) -> None:
    data = FILE.read_bytes()
    other = "digits/reference-500.other"
    card = {"schema": 1, "name": other, "sha256": sha256(data), "bytes": len(data), "genboard": "0"}
    hub.repos[REPO] |= {f"references/{other}.safetensors": data, f"references/{other}.json": canonical_json(card)}
    with pytest.raises(ReferenceMismatch, match="describes itself as"):
        pull_reference(REPO, other)
    assert not list(own_home.rglob("*.safetensors"))


def test_a_file_of_the_users_is_not_replaced_unasked(hub: Hub, own_home: Path) -> None:
    push_reference(NAME, REPO)
    target = own_home / "references" / f"{NAME}.safetensors"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    with pytest.raises(CannotWrite, match="differs"):
        pull_reference(REPO, NAME)
    assert target.read_bytes() == b"mine"
    assert not pull_reference(REPO, NAME, again=True).kept
    assert target.read_bytes() == FILE.read_bytes()


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "not logged in"), (403, "permission denied"), (404, "the repository does not exist"), (500, "500")],
)
def test_a_refusal_of_the_hub_is_said_in_words(hub: Hub, run: Run, status: int, words: str) -> None:
    hub.refuse = status
    assert words in refused(run, "reference", "push", NAME, REPO)
    assert hub.asked
    assert TOKEN not in run("reference", "push", NAME, REPO)[2]


@pytest.mark.parametrize(
    ("repo", "name", "revision", "words"),
    [
        (REPO, "digits/nothing", None, "no such file"),
        (REPO, NAME, "v9", "no such revision"),
        ("org/other", NAME, None, "the repository does not exist"),
        ("nobody", NAME, None, "not the name of a repository"),
        ("org/../x", NAME, None, "not the name of a repository"),
        (REPO, "../../etc/passwd", None, "not the name"),
    ],
)
def test_what_is_not_there_is_named(hub: Hub, run: Run, repo: str, name: str, revision: str | None, words: str) -> None:
    more = ["--revision", revision] if revision else []
    assert words in refused(run, "reference", "pull", repo, name, *more)


def test_without_a_network_the_message_says_so(hub: Hub, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        assert "the Hub cannot be reached" in refused(run, "reference", "pull", REPO, NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refused(run, "reference", "push", NAME, REPO)


def test_a_push_that_finds_nobody_says_so(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(GenboardError, match=r"cannot push to org/board: no answer \(\w*Connect\w*\)"):
            push_submission(folder, REPO)
