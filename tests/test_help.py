"""Every command says what it does, in words that work, and lists answer at once."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from genboard.registry.catalog import KINDS, entries
from genboard.registry.schema import Generator

from genboard.cli import app

Run = Callable[..., tuple[int, str, str]]
ALL_KINDS = tuple(KINDS)


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that can be run, by the words that name it."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
assert {("list",), ("evaluate",), ("reference", "build"), ("site", "build")} <= set(COMMANDS)
every_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


@every_command
def test_help_ends_in_an_example(run: Run, path: tuple[str, ...]) -> None:
    code, out, err = run(*path, "--help")
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    assert words.rpartition("Example: ")[2].startswith(" ".join(("genboard", *path)))
    assert COMMANDS[path].help


@every_command
def test_the_example_is_right_usage(path: tuple[str, ...]) -> None:
    words = shlex.split(COMMANDS[path].epilog.removeprefix("Example: "))
    assert words[: 1 + len(path)] == ["genboard", *path]
    context = COMMANDS[path].make_context(" ".join(path), words[1 + len(path) :])
    assert set(context.params) == {p.name for p in COMMANDS[path].params if p.name != "help"}


@every_command
def test_every_option_says_what_it_is(path: tuple[str, ...]) -> None:
    options = [p for p in COMMANDS[path].params if p.name != "help"]
    assert [p.name for p in options if not getattr(p, "help", None)] == []


def test_help_of_the_whole_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert {path[0] for path in COMMANDS} <= set(out.split())


def test_the_version_is_printed_alone(run: Run) -> None:
    from importlib.metadata import version

    assert run("--version") == (0, version("genboard") + "\n", "")


@pytest.mark.parametrize(
    "call",
    [
        "import genboard",
        "import genboard.cli",
        *(f"run('list', {kind!r})" for kind in ALL_KINDS),
        "run('list', 'generators', '--json')",
        "run('show', 'generator', 'vae')",
    ],
)
def test_a_list_imports_nothing_heavy(call: str, own_home: Path) -> None:
    code = (
        "import sys\n"
        "def run(*words):\n"
        "    from genboard.cli import app\n"
        "    try:\n"
        "        app(list(words))\n"
        "    except SystemExit as e:\n"
        "        assert not e.code\n"
        f"{call}\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'pandas', 'pyarrow', 'altair', 'datasets'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_installed_command_answers(own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genboard", "list", "generators", "--json"], capture_output=True, text=True, check=True
    )
    assert {row["name"] for row in json.loads(done.stdout)} == set(entries(Generator))
    assert done.stderr == ""
