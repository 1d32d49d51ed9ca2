"""`genboard dataset`: the real images."""

from __future__ import annotations

from typing import Annotated

import typer

from .app import command, group
from .output import say

dataset_app = group("dataset", "The real images: check them, and record what they are.")


@command(dataset_app, "record", "genboard dataset record cifar10")
def dataset_record(
    name: Annotated[str, typer.Argument(help="A data set without a content digest, see `genboard list datasets`.")],
) -> None:
    """Read a data set and record its content digest here: every later load is checked against it."""
    from ..registry.datasets import record

    digest, path = record(name)
    say(f"recorded in {path}; the line for the entry:" if path else "the entry has it already:")
    print(f'content_digest = "{digest}"')


@command(dataset_app, "verify", "genboard dataset verify mnist")
def dataset_verify(
    name: Annotated[str, typer.Argument(help="See `genboard list datasets`.")],
) -> None:
    """Read all of a data set again, and fail if it is not what its entry, or the record made here, says."""
    from ..registry.datasets import verify

    print(f"{name} is as recorded: {verify(name)}")
