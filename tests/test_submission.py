"""Submitting: the real command, on images, a registered generator and a function; twice; and what is refused."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.submission.check import check
from genboard.leaderboard.submission.manifest import manifest_of_images, manifest_path, read_manifest
from genboard.leaderboard.submission.metadata import FIELDS, Metadata, read_metadata, template
from genboard.leaderboard.text.words import problem_with_link
from genboard.leaderboard.verification import disputes
from genboard.registry.images import Images, sequence_digest, source_of
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from refusals import GREY, Run, hint, module, png, refused

from genboard.core.errors import BadSubmission

TOLD = ("--family", "vae", "--authors", "Ada Example", "--licence", "CC0-1.0", "--training-data", "digits/train")
WHOLE = ("--title", "Mine", *TOLD, "--tried", "1")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 images that somebody might submit."""
    folder = tmp_path_factory.mktemp("given") / "my-samples"
    folder.mkdir()
    pixels = np.random.default_rng(8).integers(0, 256, (500, 8, 8), np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="module")
def measured(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which they have been submitted once, and the submission in it."""
    from genboard.cli import app

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(home))
        with pytest.raises(SystemExit) as ended:
            app(["submit", str(images), "--track", "digits", "--out", str(home / "submission"), *WHOLE])
    assert ended.value.code in (0, None)
    return home


@pytest.fixture
def again(measured: Path, own_home: Path) -> Path:
    """The same, for one test to change."""
    shutil.copytree(measured, own_home, dirs_exist_ok=True)
    return own_home


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def result_in(folder: Path) -> dict[str, Any]:
    (record,) = read_records([folder]).readable
    value = json.loads(record.path.read_bytes())
    assert isinstance(value, dict)
    return value


def test_a_submission_is_four_files_that_pass_every_check(measured: Path, images: Path):
    folder = measured / "submission"
    value = result_in(folder)
    place = f"digits@1/my-samples/{value['id']}"
    assert set(files(folder)) == {
        f"{place}.{end}" for end in ("json", "preview.png", "influence.safetensors", "manifest.json")
    }
    assert check([folder], [COMMITTED]) == []
    assert value["generator"]["title"] == "Mine"
    assert value["submission"]["selection"] == {"tried": 1, "metric": None, "on": None}
    assert not any(str(images.parent).encode() in data for data in files(folder).values())


def test_the_manifest_is_of_the_images(measured: Path):
    value = result_in(measured / "submission")
    manifest = read_manifest(manifest_path(measured / "submission" / "digits@1" / "my-samples" / f"{value['id']}.json"))
    assert manifest.digest == value["sampling"]["digest"]
    assert [(chunk.first, chunk.count) for chunk in manifest.chunks] == [(0, 128), (128, 128), (256, 128), (384, 116)]
    assert {chunk.file for chunk in manifest.chunks} == {None}


def test_the_same_twice_changes_nothing(run: Run, again: Path, images: Path):
    before = files(again / "submission")
    code, out, err = run("submit", images, "--track", "digits", "--out", again / "submission", *WHOLE)
    assert code == 0
    assert "already measured; nothing changed" in err
    assert len(out.splitlines()) == 4
    assert files(again / "submission") == before


def test_a_result_with_a_log_is_never_rewritten(run: Run, again: Path, images: Path):
    (path,) = (p for p in (again / "submission").rglob("*.json") if not p.name.endswith("manifest.json"))
    disputes.dispute(path, "it saw the reference", "Bo")
    before = files(again / "submission")
    command = ("submit", images, "--track", "digits", "--out", again / "submission")
    code, _, err = run(*command, *WHOLE)
    assert code == 0
    assert "is already published with the same specification and stays unchanged" in err
    assert "R705" not in err
    said = refused(run, *command, "--title", "Better words", *TOLD, "--tried", "1")
    assert f"{path} is published: {path.stem}.verification.jsonl is about it" in said
    assert "genboard amend" in hint(run, *command, "--title", "Better words", *TOLD, "--tried", "1")
    assert files(again / "submission") == before


def test_a_withdrawn_result_comes_back_under_another_name_only(run: Run, again: Path, images: Path):
    (path,) = (p for p in (again / "submission").rglob("*.json") if not p.name.endswith("manifest.json"))
    disputes.withdraw(path, "no licence", "Bo")
    command = ("submit", images, "--track", "digits", "--out", again / "submission")
    said = hint(run, *command, "--title", "Better words", *TOLD, "--tried", "1")
    assert "another name" in said
    assert "amend" not in said


def test_other_words_are_written_to_the_same_place(run: Run, again: Path, images: Path):
    numbers = result_in(again / "submission")["metrics"]
    words = ("--title", "Better words", *TOLD, "--tried", "9", "--chosen-by", "fd", "--chosen-on", "reference")
    code, _, err = run("submit", images, "--track", "digits", "--out", again / "submission", *words)
    assert code == 0
    assert "already measured; written" in err
    assert "R903 warning" in err
    value = result_in(again / "submission")
    assert value["generator"]["title"] == "Better words"
    assert value["metrics"] == numbers
    assert len(files(again / "submission")) == 4


def test_what_the_checks_would_reject_ends_in_exit_code_1(run: Run, again: Path, images: Path):
    words = ("--title", "Variational autoencoder", *TOLD, "--tried", "1")
    code, _, err = run("submit", images, "--track", "digits", "--out", again / "submission", *words)
    assert code == 1
    assert "R211 error" in err
    assert "`genboard check` would reject" in err


def test_metadata_from_a_file_and_flags_over_it(run: Run, again: Path, images: Path, tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(template(), "utf-8")
    arguments = ("submit", images, "--track", "digits", "--out", tmp_path / "out", "--metadata", path, "--json")
    code, out, _ = run(*arguments, "--authors", "Cy Example, Di Example")
    assert code == 0
    value = json.loads(out)
    assert value["generator"]["title"] == "A small VAE"
    assert value["submission"]["authors"] == ["Cy Example", "Di Example"]
    assert value == result_in(tmp_path / "out")


def test_what_is_missing_is_asked_for_on_a_terminal(
    run: Run, again: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answers = ["Mine", "vae", "Ada Example", "CC0-1.0", "digits/train", "many", "2", "fd", "the moon", "other"]
    terminal = io.StringIO("\n".join(answers) + "\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)
    code, out, err = run("submit", images, "--track", "digits", "--out", tmp_path / "out")
    assert code == 0, err
    assert len(out.splitlines()) == 4
    assert result_in(tmp_path / "out")["submission"]["selection"] == {"tried": 2, "metric": "fd", "on": "other"}
    assert "unable to parse" in err


def test_what_is_missing_is_named_with_its_flags(run: Run, images: Path):
    arguments = ("submit", images, "--track", "digits", "--title", "Mine")
    assert refused(run, *arguments).endswith("needs family, authors, licence, training_data, tried")
    advice = hint(run, *arguments)
    assert all(flag in advice for flag in ("--family", "--authors", "--licence", "--training-data", "--tried 1"))
    fact = refused(run, *arguments, *TOLD, "--tried", 5)
    assert fact.endswith("needs chosen_by, chosen_on")


def test_a_published_result_stays_as_it_is(run: Run, own_home: Path, tmp_path: Path):
    """Measured before, so that it is only read; the samples are drawn again for the manifest."""
    source = COMMITTED / "digits@1" / "noise"
    shutil.copytree(source, own_home / "results" / "digits@1" / "noise")
    told = ("--authors", "Ada Example", "--tried", "1")
    code, _, err = run("submit", "noise", "--track", "digits", "--out", tmp_path / "out", *told)
    assert code == 0
    assert "is already published" in err
    value = result_in(tmp_path / "out")
    assert (source / f"{value['id']}.json").is_file()
    manifest = json.loads(next((tmp_path / "out").rglob("*.manifest.json")).read_bytes())
    assert [chunk["file"] for chunk in manifest["chunks"]] == [f"samples-0000{i}-of-00004.parquet" for i in range(4)]
    assert manifest["digest"] == value["sampling"]["digest"]
    (finding,) = check([tmp_path / "out"], [COMMITTED])
    assert finding.code == "R701"


def test_an_entry_says_what_it_says(run: Run):
    fact = refused(run, "submit", "vae", "--track", "digits", *WHOLE)
    assert fact == "'vae' is registered: its entry already gives its title"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--page", "javascript:alert(1)"), "--page: not an http or https address"),
        (("--code", "https://"), "--code: it names no host, or a user"),
        (("--notes", "a\u202eb"), "--notes: the character U+202E at position 1 is not one that is shown"),
        (("--authors", ""), "needs authors"),
        (("--chosen-on", "moon"), "--chosen-on: input should be 'train', 'reference'"),
        (("--chosen-by", "fd"), "--tried: with one checkpoint, nothing was chosen"),
        (("--name", "vae"), "'vae' is the name of a registered generator"),
        (("--name", "My Name"), "--name: string should match pattern"),
    ],
)
def test_words_that_cannot_be_shown_are_refused(run: Run, images: Path, more: tuple[str, ...], why: str):
    assert why in refused(run, "submit", images, "--track", "digits", *WHOLE, *more)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title = ", "not valid TOML"),
        ('colour = "red"', "colour: extra inputs are not permitted"),
        ("tried = 0", "tried: input should be greater than or equal to 1"),
        ("title = 3", "title: input should be a valid string"),
        ("title = 'Ol\\u00e9'", None),
    ],
)
def test_a_metadata_file_is_read_or_refused(text: str, why: str | None, tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    if why is None:
        assert read_metadata(path, {}).title == "Ol\\u00e9"
        return
    with pytest.raises(BadSubmission, match=r"mine\.toml") as refusal:
        read_metadata(path, {})
    assert why in refusal.value.fact


def test_too_few_images_are_refused_before_anything_is_measured(run: Run, own_home: Path, tmp_path: Path):
    folder = tmp_path / "few"
    folder.mkdir()
    for i, pixels in enumerate(GREY):
        (folder / f"{i}.png").write_bytes(png(pixels))
    assert refused(run, "submit", folder, "--track", "digits", *WHOLE).endswith("holds 6 images, digits@1 needs 500")
    assert not (own_home / "results").exists()


def test_code_is_not_run_unasked(run: Run, tmp_path: Path):
    source = module(tmp_path, "raise SystemExit('ran')")
    assert "is code, which genboard does not run unasked" in refused(run, "submit", source, "--track", "digits", *WHOLE)


def test_usage(run: Run, images: Path):
    assert run("submit")[0] == 2
    assert run("submit", images)[0] == 2
    assert run("submit", images, "--track", "digits", "--tried", "few")[0] == 2


def test_the_template_has_every_field_and_is_metadata(run: Run, tmp_path: Path):
    code, out, _ = run("submit", "--template")
    assert code == 0
    commented = out.replace("# name =", "name =")
    for field in FIELDS:
        commented = commented.replace(f"# {field.name} = ", f"{field.name} = ")
    values = tomllib.loads(commented)
    assert set(values) == set(Metadata.model_fields) == {"name", *(field.name for field in FIELDS)}
    assert Metadata.model_validate(tomllib.loads(out)).missing(registered=False) == ()
    path = tmp_path / "form.toml"
    assert run("submit", "--template", "--out", path) == (0, f"{path}\n", "")
    assert path.read_text("utf-8") == out
    assert "already there" in run("submit", "--template", "--out", path)[2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_redirected_template_is_read_whatever_the_shell_made_of_it(tmp_path: Path, encoding: str, newline: str):
    path = tmp_path / "form.toml"
    path.write_bytes(template().replace("\n", newline).encode(encoding))
    if encoding == "utf-16-le":  # without a mark it may be anything
        with pytest.raises(BadSubmission, match="not valid TOML"):
            read_metadata(path, {})
    else:
        assert read_metadata(path, {}) == Metadata.model_validate(tomllib.loads(template()))


@given(st.integers(1, 300), st.integers(1, 3))
def test_a_manifest_covers_its_images_in_order(n: int, size: int):
    pixels = np.random.default_rng(n).integers(0, 256, (n, size, size, 1), np.uint8)
    source = source_of("x", Images(pixels))
    manifest = manifest_of_images(source)
    assert manifest.digest == sequence_digest(source.runs())
    assert sum(chunk.count for chunk in manifest.chunks) == manifest.n == n
    ends = [chunk.first + chunk.count for chunk in manifest.chunks]
    assert [chunk.first for chunk in manifest.chunks] == [0, *ends[:-1]]
    first = manifest.chunks[0]
    assert first.digest == sequence_digest(iter([source.read(0, first.count)]))


@given(st.text(max_size=40))
def test_only_addresses_of_the_web_become_links(text: str):
    problem = problem_with_link(text)
    assert problem is not None or text.partition(":")[0].lower() in ("http", "https")


@pytest.mark.parametrize(
    "address",
    ["http://[::1", "https://a:b@example.org/", "https://localhost/", "https://example.org/ x", "//example.org"],
)
def test_addresses_that_lead_elsewhere_are_none(address: str):
    assert problem_with_link(address) is not None
