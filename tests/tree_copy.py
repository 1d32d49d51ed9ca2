"""A copy of the repository to which a test adds what a contributor would add, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("registry", "reference_stats", "benchmarks", "leaderboard")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "results", "speed")


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
        home = {"GENBOARD_HOME": str(self.root / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        environment = {**os.environ, **home, "PYTHONPATH": str(self.root)}
        command = [sys.executable, "-m", *map(str, arguments)]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
