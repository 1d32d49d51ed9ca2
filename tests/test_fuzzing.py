"""Five thousand damaged files: each is read, or refused by an error that says what to do, in time and in memory."""

from __future__ import annotations

import resource
import warnings
from pathlib import Path

import pytest
from damage import VALUES
from fuzz_targets import TARGETS
from fuzzing import fuzz
from refusals import Run

INPUTS = 600
MEMORY = 2 * 2**20  # KiB


def test_enough_inputs_are_tried() -> None:
    assert INPUTS * len(TARGETS) >= 5000


@pytest.mark.slow
@pytest.mark.parametrize("kind", TARGETS)
def test_a_damaged_file_is_read_or_refused(kind: str, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with warnings.catch_warnings():
        # A damaged file may warn in the libraries that decode it; what matters is what the user gets.
        warnings.simplefilter("ignore")
        count, faults = fuzz(TARGETS[kind], tmp_path, INPUTS, seed=18)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{kind}: {count.taken} read, {count.refused} refused, {len(faults)} faults, {grown / 1024:.0f} MiB more")
    assert not faults, "\n".join(faults)
    assert count.refused, "no input was refused: the damage does not reach the reader"
    assert grown < MEMORY


WORDS = [value for value in VALUES if isinstance(value, str) and len(value) < 50_000 and "\x00" not in value] + [
    "-",
    "--",
    "-1",
    "~",
    ".",
    "/dev/null",
    "a,b,,c",
    "x" * 255,
    "ｖａｅ",
    "vae\n",
    "%s%n{0}",
    "digits@0",
    "digits@99999999999999999999",
    "math:inf",
    "os:system",
    "file.py:",
    ":f",
]
COMMANDS = [
    ["evaluate", "{}", "--track", "digits"],
    ["evaluate", "vae", "--track", "{}"],
    ["evaluate", "vae", "--track", "digits", "--convert", "{}"],
    ["evaluate", "vae", "--track", "digits", "--device", "{}"],
    ["sample", "{}", "--track", "digits", "--out", "out"],
    ["compare", "{}", "{}"],
    ["compare", "digits", "{}", "--extractor", "digits-cnn"],
    ["check", "{}"],
    ["verify", "{}"],
    ["dispute", "{}", "--reason", "{}", "--by", "{}"],
    ["list", "{}"],
    ["show", "generators", "{}"],
    ["rank", "--track", "{}"],
    ["rank", "--track", "digits", "--table", "{}"],
    ["rank", "--results", "{}"],
    ["card", "{}"],
    ["study", "{}", "--track", "digits"],
    ["study", "k", "--track", "{}"],
    ["reference", "import", "{}"],
    ["reference", "verify", "{}"],
    ["site", "build", "--results", "{}", "--out", "site"],
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_hostile_word_on_the_command_line_is_refused(
    run: Run, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in WORDS:
        code, _, err = run(*(part.format(word) if part == "{}" else part for part in command))
        # An empty word is this folder, or nothing to convert.
        assert code in ((0, 1, 2) if word.strip() in ("", ".", "--") else (1, 2)), (word[:80], code)
        assert "Traceback" not in err, (word[:80], err)
        assert code in (0, 2) or "\n\nhint: " in err, (word[:80], err)
