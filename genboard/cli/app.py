"""The root of the command line, and how commands are registered."""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import ContextVar
from typing import Annotated, NoReturn, ParamSpec, TypeVar

import typer
from typer import Option

from ..core.errors import GenboardError
from .output import say, say_unreadable_entries

LONGEST_PATH = 200  # characters of a path in a message

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="genboard",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Benchmark generative image models and rank them with honest error bars.",
)


_ENDING: ContextVar[ExitStack] = ContextVar("_ENDING")


def at_end(call: Callable[[], None]) -> None:
    """Have this called when the running command ends, also by an error or by Ctrl-C, and after it has said so."""
    _ENDING.get().callback(call)


@app.callback()
def _options(
    version: Annotated[bool, Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("genboard"))
        raise typer.Exit


def group(name: str, help: str) -> typer.Typer:
    """A group of commands under the root."""
    made = typer.Typer(no_args_is_help=True, help=help)
    app.add_typer(made, name=name)
    return made


def command(group: typer.Typer, name: str, example: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a command. Its help ends with an example; a user error prints a message, not a traceback."""

    def register(call: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(call)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            with ExitStack() as ending:
                _ENDING.set(ending)
                try:
                    done = call(*args, **kwargs)
                    say_unreadable_entries()
                    return done
                except GenboardError as e:
                    _fail(str(e))
                except OSError as e:
                    if e.filename is None or e.errno == errno.EPIPE:  # no path is to blame, or nobody reads the pipe
                        raise
                    name = str(e.filename)
                    shown = name if len(name) <= LONGEST_PATH else f"{name[:LONGEST_PATH]}..."
                    _fail(f"{shown}: {e.strerror}\n\nhint: check the path, and that you may read and write there")
                except KeyboardInterrupt:
                    _fail(
                        "interrupted\n\nhint: run the same command again to resume; finished shards and results are "
                        "kept"
                    )

        return group.command(name, epilog=f"Example: {example}")(guarded)

    return register


def _fail(message: str) -> NoReturn:
    say(f"Error: {message}")
    raise typer.Exit(1)
