"""A copy of the repository to which a test adds what a contributor would add, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("registry", "reference_stats", "benchmarks", "leaderboard")
LEFT_OUT = shutil.ignore_patterns("results", "speed")


class TreeCopy:
    """The package, without committed results, and its tests; importable as `genboard` from `root`.

    Attributes:
        root: a folder that is made.
        package: `genboard` in it, with the floors inside.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.package = root, root / "genboard"
        shutil.copytree(ROOT / "genboard", self.package, ignore=LEFT_OUT)
        for floor in FLOORS:
            shutil.copytree(ROOT / floor, self.package / floor, ignore=LEFT_OUT)
        shutil.copytree(ROOT / "tests", root / "tests", ignore=LEFT_OUT)
        shutil.copy(ROOT / "pyproject.toml", root)
        (self.package / "leaderboard" / "results").mkdir()

    def add(self, path: str, text: str) -> None:
        """A new file of the package."""
        assert not (self.package / path).exists()
        (self.package / path).write_text(text, "utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """In a file of the package, where `old` must stand once."""
        text = (self.package / path).read_text("utf-8")
        assert text.count(old) == 1
        (self.package / path).write_text(text.replace(old, new), "utf-8")

    def run(self, *arguments: object) -> str:
        """What `python -m ...` prints with the copy in place of this package."""
        (said,) = self.run_all(arguments)
        return said

    def run_all(self, *commands: Sequence[object]) -> list[str]:
        """What each prints, one after another in one process: to import torch takes longer than most of them."""
        home = {"GENBOARD_HOME": str(self.root / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        environment = {**os.environ, **home, "PYTHONPATH": str(self.root)}
        given = json.dumps([[str(argument) for argument in command] for command in commands])
        command = [sys.executable, "-c", _EACH, given]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        said: list[str] = json.loads(done.stdout)
        assert len(said) == len(commands)
        return said


_EACH = """
import contextlib, io, json, runpy, sys
said = []
for command in json.loads(sys.argv[1]):
    sys.argv = list(command)
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as out:
        try:
            runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if end.code:
                out.flush()
                sys.exit(f"{out.buffer.getvalue().decode()}{command}: {end.code}")
    out.flush()
    said.append(out.buffer.getvalue().decode())
print(json.dumps(said))
"""
