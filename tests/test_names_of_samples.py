"""What samples are called: different texts have different names, and a name that is taken is remarked on."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from genboard.benchmarks.evaluation_target import slug
from genboard.registry.fields import Name
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from refusals import FUNCTION, Run, hint, module, png, refused

pytestmark = pytest.mark.usefixtures("quick_intervals")

NAME = TypeAdapter(Name)
WINDOWS = {"con", "prn", "aux", "nul", "com1", "lpt9"}


@given(text=st.text(max_size=200))
def test_every_text_has_a_name_that_fits_and_stays_what_it_is(text: str) -> None:
    name = slug(text)
    assert NAME.validate_python(name) == slug(name) == name
    assert name.partition(".")[0] not in WINDOWS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("標本", "試料"),
        ("標本 v2", "試料 v2"),
        ("образцы", "примеры"),
        ("vae", "vаe"),  # the second with a Cyrillic letter
        ("café", "cafe"),
        ("a" * 90, "a" * 91),
        ("a" * 80 + "b", "a" * 80 + "c"),
        ("a" * 80, "a" * 81),
        ("...", "---"),
        ("", "unnamed"),
        ("nul", "nul-"),
        ("con.txt", "con-txt"),
        ("\udcff", "\udcfe"),
        ("run.1", "run.2"),
    ],
)
def test_different_texts_have_different_names(one: str, other: str) -> None:
    assert slug(one) != slug(other)


@pytest.mark.parametrize(
    ("text", "name"),
    [("My Samples (v2)", "my-samples-v2"), ("vae", "vae"), ("a" * 80, "a" * 80), ("run.1", "run.1"), ("A_b", "a_b")],
)
def test_what_can_be_said_in_full_has_no_digest(text: str, name: str) -> None:
    assert slug(text) == name


def test_both_spellings_of_a_letter_have_one_name() -> None:
    assert slug(unicodedata.normalize("NFC", "Café")) == slug(unicodedata.normalize("NFD", "Café"))


def images(folder: Path, seed: int) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    np.save(folder, np.random.default_rng(seed).integers(0, 256, (20, 8, 8), np.uint8))
    return folder


def evaluate(run: Run, source: object, *more: object) -> tuple[str, str, str]:
    """Name and title of the result, and what was said."""
    code, out, err = run("evaluate", source, "--track", "digits", "--samples", 20, "--json", *more)
    assert code == 0, err
    generator = json.loads(out)["generator"]
    return generator["name"], generator["title"], err


@pytest.mark.parametrize("title", ["標本", "Образцы 2", "My Samples"])
def test_samples_are_shown_by_the_title_of_their_file(run: Run, tmp_path: Path, own_home: Path, title: str) -> None:
    assert evaluate(run, images(tmp_path / f"{title}.npy", 0))[:2] == (slug(title), title)


@pytest.mark.parametrize("name", ["標本", "My Samples", "nul", "a" * 81])
def test_a_given_name_that_does_not_fit_is_refused_with_one_that_does(run: Run, tmp_path: Path, name: str) -> None:
    command = ("evaluate", images(tmp_path / "x.npy", 0), "--track", "digits", "--name", name)
    assert refused(run, *command) == f"the name {name!r} cannot be used in file names"
    assert hint(run, *command) == f"try --name {slug(name)}"


def test_a_name_that_is_taken_by_other_samples_is_remarked_on(run: Run, tmp_path: Path, own_home: Path) -> None:
    first, second = images(tmp_path / "a" / "samples.npy", 0), images(tmp_path / "b" / "samples.npy", 1)
    taken = "'samples' also names other samples"
    assert taken not in evaluate(run, first)[2]
    assert taken not in evaluate(run, first)[2]  # measured before
    assert taken in evaluate(run, second)[2]
    assert taken in evaluate(run, first)[2]
    assert taken not in evaluate(run, second, "--name", "others")[2]
    assert taken in evaluate(run, images(tmp_path / "c.npy", 2), "--name", "samples", "--results", tmp_path / "own")[2]


def test_a_function_by_a_name_that_is_taken_is_remarked_on(run: Run, tmp_path: Path, own_home: Path) -> None:
    for number, remarked in ((10, False), (20, True)):
        (tmp_path / str(number)).mkdir()
        source = module(tmp_path / str(number), FUNCTION + f"return np.full((n, 1, 8, 8), {number}, np.uint8)\n")
        assert ("'sample' also names other samples" in evaluate(run, source, "--trust-code")[2]) == remarked


def test_a_folder_is_called_by_all_of_its_name(run: Run, tmp_path: Path, own_home: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / f"run.{number}"
        folder.mkdir()
        for i, pixels in enumerate(np.random.default_rng(number).integers(0, 256, (20, 8, 8), np.uint8)):
            (folder / f"{i}.png").write_bytes(png(pixels))
        assert evaluate(run, folder)[0] == f"run.{number}"
