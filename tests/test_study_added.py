"""To add a study is one file and one row: done here to a copy of the tree, where nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("registry", "reference_stats", "benchmarks", "leaderboard")

STUDY = '''"""Study `darkness`: which generator has the darkest images?"""

from __future__ import annotations

from .context import StudyContext
from .steps import Steps
from .table import Finding, Row, Table, number


def run(context: StudyContext, steps: Steps) -> list[Row]:
    names = steps.each(context.generators)
    means = {name: context.source(name)[0].read(0, 10).pixels.mean() for name in names}
    return [{"what": "value", "generator": name, "value": float(mean)} for name, mean in means.items()]


def verdict(table: Table) -> list[Finding]:
    darkest = min(table.of("value"), key=lambda row: number(row, "value"))
    return [Finding("The darkest images are those of {generator}.", darkest)]
'''

ROW = """
    Study(
        name="darkness",
        title="Darkness",
        version=1,
        question="Which generator has the darkest images?",
        method="Mean grey level of ten images.",
        columns=("what", "generator", "value"),
        scored=False,
    ),
)  # fmt: skip
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests, with the new study."""
    folder = tmp_path_factory.mktemp("tree")
    package = shutil.copytree(ROOT / "genboard", folder / "genboard")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, package / floor, ignore=shutil.ignore_patterns("speed", "results", "__pycache__"))
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (package / "leaderboard" / "results").mkdir()
    studies = package / "benchmarks" / "studies"
    (studies / "darkness.py").write_text(STUDY, encoding="utf-8")
    listing = (studies / "listing.py").read_text("utf-8")
    assert listing.count("\n)  # fmt: skip\n") == 1
    (studies / "listing.py").write_text(listing.replace("\n)  # fmt: skip\n", ROW), encoding="utf-8")
    return folder


def python(tree: Path, *arguments: str) -> str:
    """What Python prints with the copy in place of this package."""
    command = [sys.executable, "-m", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree), "GENBOARD_HOME": str(tree / "home")}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_study_runs_and_is_on_the_site_without_a_figure(tree: Path) -> None:
    command = ("genboard", "study", "darkness", "--track", "digits", "--generators", "one-image,noise", "--json")
    table = json.loads(python(tree, *command))
    assert [row["generator"] for row in table["rows"]] == ["one-image", "noise"]
    python(tree, "genboard", "site", "build", "--studies", "home/studies", "--out", "site")
    page = (tree / "site" / "studies" / "darkness.html").read_text("utf-8")
    assert "The darkest images are those of one-image" in page
    assert "<svg" not in page


def test_the_tests_of_studies_pass_with_a_new_one(tree: Path) -> None:
    files = ("tests/test_studies.py", "tests/test_study_tables.py")
    chosen = ("-k", "there_are_studies or parts or study_tables")
    said = python(tree, "pytest", "-v", "-p", "no:cacheprovider", *chosen, *files)
    assert "test_every_study_has_its_parts[darkness] PASSED" in said
