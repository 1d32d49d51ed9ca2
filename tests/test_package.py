"""What is installed is what is on disk, and every documented command is there."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import pytest
from genboard.leaderboard.maintenance import docs
from genboard.registry.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("genboard", "registry", "reference_stats", "benchmarks", "leaderboard")
NOT_INSTALLED = (
    "benchmarks/speed/*",
    "registry/generators/zoo/larger/*",
    "leaderboard/results/[!d]*.influence.safetensors",
)
LEFT_OUT = {".venv", ".git", "build", "dist", "demo", "site-packages", "__pycache__"}


def sources(pattern: str) -> dict[Path, Path]:
    """Files of the package, as paths inside it, and where each lies."""
    found = {}
    for path in (p for folder in FOLDERS for p in (ROOT / folder).rglob(pattern) if p.is_file()):
        inside = path.relative_to(ROOT / "genboard" if (ROOT / "genboard") in path.parents else ROOT)
        if "__pycache__" not in inside.parts and not any(fnmatch(inside.as_posix(), p) for p in NOT_INSTALLED):
            found[inside] = path
    return found


def test_the_wheel_holds_what_is_on_disk(tmp_path):
    source = tmp_path / "some clone"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT, ".*", "*.egg-info"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name.removeprefix("genboard/") for name in archive.namelist() if name.startswith("genboard/")]
    assert len(names) > 80
    assert wheel.stat().st_size < 32_000_000
    assert set(names) == {path.as_posix() for path in sources("*")}
    assert "py.typed" in names  # without it, type checkers ignore the annotations of an installed package


def test_the_entry_point_and_the_version_are_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == version("genboard")
    assert project["scripts"] == {"genboard": "genboard.cli:main"}
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    assert released[0] == project["version"]


def test_the_constraints_pin_every_dependency_and_avoid_what_is_known_to_fail():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines())
    pinned = {name.lower().replace("_", "-") for name in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {re.split(r"[<>=!\[; ]", d)[0].lower() for d in wanted} - {"genboard", "setuptools"}
    assert len(names) > 20
    assert names <= pinned
    assert pins["torch"] != "2.13.0"
    assert tuple(map(int, pins["scipy"].split(".")[:2])) < (1, 18)


def modules() -> list[str]:
    names = [".".join(["genboard", *path.with_suffix("").parts]) for path in sources("*.py")]
    return sorted(name.removesuffix(".__init__") for name in names if not name.endswith("__main__"))


def test_the_examples_in_docstrings_run():
    results = [doctest.testmod(importlib.import_module(name)) for name in modules()]
    assert sum(r.attempted for r in results) > 10
    assert sum(r.failed for r in results) == 0


def test_generated_tables_are_up_to_date():
    documents = docs.documents()
    assert len(documents) >= 4
    assert any("<!-- generated:" in path.read_text("utf-8") for path in documents)
    assert docs.outdated() == []


def test_every_metric_is_documented():
    # By its row in the generated table; the paragraphs in docs/metrics.md explain metrics that there are.
    texts = [path.read_text("utf-8") for path in docs.documents()]
    (table,) = re.findall("<!-- generated: metrics -->(.*?)<!-- end -->", "".join(texts), re.DOTALL)
    assert len(METRICS) >= 10
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(METRICS)
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    explained = {
        name for line in re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    }
    assert len(explained) >= 10
    assert explained <= set(METRICS)


def test_every_command_is_documented():
    from genboard.cli import app

    text = "\n".join(path.read_text("utf-8") for path in docs.documents())
    subgroups = [(f"{group.name} ", group.typer_instance) for group in app.registered_groups]
    groups = [("", app), *((prefix, group) for prefix, group in subgroups if group)]
    assert len(groups) >= 4
    commands = [f"{prefix}{command.name}" for prefix, group in groups for command in group.registered_commands]
    assert len(commands) >= 11
    missing = [command for command in commands if f"genboard {command}" not in text]
    assert not missing


def test_notebooks_are_committed_without_outputs():
    notebooks = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
    assert len(notebooks) >= 2
    for path in notebooks:
        cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
        assert cells
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells), path.name


def test_the_citation_names_the_released_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released, date = re.findall(r"^## (\d+\.\d+\.\d+) \((.+)\)", changelog, re.MULTILINE)[0]
    assert f"\nversion: {released}\n" in citation
    assert f'\ndate-released: "{date}"\n' in citation


def test_links_inside_the_documents_lead_somewhere():
    found = 0
    for path in docs.documents():
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
            found += 1
            assert (path.parent / target).exists(), f"{path.name}: {target}"
    assert found > 5


@pytest.mark.parametrize("target", ["demo", "test", "check", "docs-site"])
def test_make_knows_what_the_readme_names(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert any(f"make {target}" in path.read_text("utf-8") for path in docs.documents()[:2])
