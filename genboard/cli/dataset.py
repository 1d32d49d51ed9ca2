"""`genboard dataset`: digests of the real images."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from .app import command, group
from .output import say

dataset_app = group("dataset", "Check the real images, or record their digest.")


@command(dataset_app, "record", "genboard dataset record cifar10")
def dataset_record(
    name: Annotated[str, Argument(help="Data set without a content digest, see `genboard list datasets`.")],
) -> None:
    """Read a data set and record its content digest. Every later load is checked against it."""
    from ..registry.datasets import record

    digest, path = record(name)
    say(f"recorded in {path}; add this line to the entry:" if path else "the entry already has this digest:")
    print(f'content_digest = "{digest}"')


@command(dataset_app, "verify", "genboard dataset verify mnist")
def dataset_verify(
    name: Annotated[str, Argument(help="Name of the data set, see `genboard list datasets`.")],
) -> None:
    """Read a whole data set again. Fail if it does not match the digest in its entry or the one recorded here."""
    from ..registry.datasets import verify

    print(f"{name} matches its recorded digest: {verify(name)}")
