"""The shape of the code: imports point downwards, one module writes files, public names are what they say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import genboard

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {"core": 0, "registry": 1, "reference_stats": 2, "benchmarks": 3, "leaderboard": 4, "cli": 5}
TOP = {"__init__", "__main__", "torchmetrics"}  # above all floors
FOLDERS = ("genboard", "registry", "reference_stats", "benchmarks", "leaderboard")
SOURCES = sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.py") if "speed" not in p.parts)


def inside(path: Path) -> tuple[str, ...]:
    """The path of a source inside the package: `genboard` is the package itself, the floors lie beside it."""
    parts = path.relative_to(ROOT).parts
    return parts[1:] if parts[0] == "genboard" else parts


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level part of every import inside the package, and its line."""
    package = list(inside(path)[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            for target in [node.module] if node.module else [alias.name for alias in node.names]:
                yield [*base, *target.split(".")][0], node.lineno
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for name in names:
                if name and name.split(".")[0] == "genboard":
                    yield name.split(".")[1], node.lineno


# Tables of functions that lie on a floor above: imported `if TYPE_CHECKING`, and called from where they are used.
FOR_THE_TYPE_CHECKER = {
    path.relative_to(ROOT).as_posix(): {"benchmarks"}
    for path in (ROOT / "registry/metrics").glob("*.py")
    if path.name != "__init__.py"
}


def test_the_table_of_metrics_imports_no_metric():
    code = "import sys, genboard.registry.overview as o; o.listed('metrics'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "genboard.registry.metrics" in loaded
    assert [name for name in loaded if name == "torch" or name.startswith("genboard.benchmarks")] == []


def test_there_are_sources_on_every_floor():
    assert len(SOURCES) > 40
    assert {inside(p)[0].removesuffix(".py") for p in SOURCES} == {*FLOORS, *TOP}
    assert not list(ROOT.glob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_point_downwards(path: Path):
    here = inside(path)[0].removesuffix(".py")
    if here in TOP:
        return
    above = FLOORS[here]
    upward = {target for target, _ in imports(path) if target != here and FLOORS.get(target, 9) >= above}
    assert upward == FOR_THE_TYPE_CHECKER.get(path.relative_to(ROOT).as_posix(), set())


# Packages of the leaderboard, each importing only from those before it.
LEADERBOARD = (
    "text verification storage board human export submission charts study_figures site hub maintenance"
).split()


def test_the_leaderboard_is_packages_that_import_one_way():
    top = ROOT / "leaderboard"
    assert {p.parent.name for p in top.glob("*/__init__.py")} == set(LEADERBOARD)
    assert [p.name for p in top.glob("*.py")] == ["__init__.py"]
    found = []
    for place, name in enumerate(LEADERBOARD):
        for path in (top / name).rglob("*.py"):
            package = path.relative_to(ROOT).parts[:-1]
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level:
                    base = package[: len(package) - node.level + 1]
                    names = node.module.split(".") if node.module else [node.names[0].name]
                    target = [*base, *names][:2]
                    if target[0] == "leaderboard" and target[1] not in LEADERBOARD[: place + 1]:
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {target[1]}")
    assert not found


FORBIDDEN_METHODS = {"write_text", "rename", "dump", "dumps", "savez", "to_csv", "to_parquet"}
FORBIDDEN_CALLS = {("os", "replace"), ("os", "rename"), ("json", "loads"), ("json", "load")}


def writers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Calls that put files on disk, or speak JSON, past the modules for it."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        spelled = ast.unparse(call.func)
        owner, _, name = spelled.rpartition(".")
        if name == "open" and any(opens_for_writing(argument) for argument in call.args):
            yield "open for writing", call.lineno
        if name in FORBIDDEN_METHODS or (owner, name) in FORBIDDEN_CALLS:
            yield spelled, call.lineno
        if name == "write_bytes" and owner not in ("", "files"):
            yield spelled, call.lineno
        # Encoders may fill a buffer, or give bytes (safetensors); a path would be a second writer.
        if name in {"save", "write_table"} and owner and "safetensors" not in owner:
            target = call.args[1 if name == "write_table" else 0]
            if not (isinstance(target, ast.Name) and target.id == "buffer"):
                yield spelled, call.lineno


def opens_for_writing(argument: ast.expr) -> bool:
    mode = argument.value if isinstance(argument, ast.Constant) else None
    return isinstance(mode, str) and set(mode) <= set("rwaxbt+") and bool(set(mode) & set("wax+"))


FILES, SERIALIZATION = (ROOT / "genboard" / "core" / name for name in ("files.py", "serialization.py"))


def test_one_module_writes_files_and_one_speaks_json():
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{line}: {what}"
        for path in SOURCES
        if path not in (FILES, SERIALIZATION)
        for what, line in writers(ast.parse(path.read_text("utf-8")))
    }
    # The one call that gives neither a file nor JSON: what travels to a worker.
    packing = {call for call in found if re.fullmatch(r"genboard/core/executor/checked\.py:\d+: pickle\.dumps", call)}
    assert len(packing) == 1
    assert not found - packing


def test_the_search_for_writers_finds_them():
    files, serialization = (
        {what for what, _ in writers(ast.parse(path.read_text("utf-8")))} for path in (FILES, SERIALIZATION)
    )
    assert files == {"open for writing", "os.replace"}
    assert serialization == {"json.dumps", "json.loads"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_module_says_why_it_exists(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_public_names_are_sorted_and_importable():
    assert sorted(genboard.__all__) == genboard.__all__
    assert all(getattr(genboard, name) is not None for name in genboard.__all__)
    lazy = {name for names in genboard._HOMES.values() for name in names}
    assert lazy | {"GenboardError", "__version__"} == set(genboard.__all__)
    with pytest.raises(AttributeError):
        _ = genboard.no_such_name  # type: ignore[attr-defined]
