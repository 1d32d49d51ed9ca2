"""Reference statistics on disk: one safetensors file each, the card in its header. Nothing is unpickled.

Looked for in this order: committed with the package (`reference_stats/data`), then built by the user (`references`
in the user's data folder).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from ..errors import BadEntry, ReferenceMismatch, UnknownName
from ..files import canonical_json, home, parse_json, write_bytes
from .moments import Moments
from .statistics import Card, Recipe, ReferenceStatistics, refuse_mismatch

COMMITTED = Path(__file__).parent / "data"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Stored:
    """A file of reference statistics and what it says of itself."""

    path: Path
    card: Card


def built_by_user() -> Path:
    return home() / "references"


def save(statistics: ReferenceStatistics, folder: Path) -> Path:
    """Write statistics under `folder` and return the file."""
    moments = statistics.moments
    arrays = {
        "count": torch.tensor(moments.n),
        "mean": moments.mean,
        "scatter": moments.scatter,
        "root": moments.root,
        "features": statistics.features,
        "logits": statistics.logits,
        "labels": statistics.labels,
    }
    kept = {name: a.contiguous() for name, a in arrays.items() if a is not None}
    card = Card(
        recipe=statistics.recipe,
        image_digest=statistics.image_digest,
        array_digest=_digest(kept),
        code_version=version("genboard"),
    )
    path = folder / (statistics.recipe.name + SUFFIX)
    header = {"card": canonical_json(card.model_dump()).decode()}
    write_bytes(path, safetensors.torch.save(kept, metadata=header))
    return path


def load(path: Path) -> ReferenceStatistics:
    """The statistics in a file.

    Raises:
        BadEntry: not such a file, or its arrays are not the ones its card was written for.
    """
    card = read_card(path)
    with safetensors.safe_open(path, framework="pt") as f:
        arrays = {name: f.get_tensor(name) for name in f.keys()}
    found = _digest(arrays)
    if found != card.array_digest:
        raise BadEntry(path, "array_digest", f"the arrays have {found}, the card says {card.array_digest}", _AGAIN)
    return ReferenceStatistics(
        card.recipe,
        Moments(int(arrays["count"]), arrays["mean"], arrays["scatter"], arrays["root"]),
        arrays["features"],
        arrays.get("logits"),
        arrays.get("labels"),
        card.image_digest,
    )


def read_card(path: Path) -> Card:
    """What a file says of itself, without reading its arrays."""
    try:
        with safetensors.safe_open(path, framework="pt") as f:
            header = f.metadata() or {}
    except (OSError, safetensors.SafetensorError) as e:
        raise BadEntry(path, "", f"not a file of reference statistics: {e}", _AGAIN) from e
    try:
        return Card.model_validate(parse_json(header.get("card", "{}"), path))
    except ValidationError as e:
        first = e.errors()[0]
        raise BadEntry(path, "card." + ".".join(map(str, first["loc"])), first["msg"], _AGAIN) from e


def find_stored(name: str | None) -> list[Stored]:
    """Files at hand, committed ones first: those of that name, or all.

    Raises:
        UnknownName: none has that name.
        BadEntry: a file that is no reference statistics.
    """
    paths = [*sorted(COMMITTED.rglob(f"*{SUFFIX}")), *sorted(built_by_user().rglob(f"*{SUFFIX}"))]
    found = [Stored(path, read_card(path)) for path in paths]
    if name is None:
        return found
    named = [stored for stored in found if stored.card.recipe.name == name]
    if not named:
        raise UnknownName("reference statistics", name, {stored.card.recipe.name for stored in found})
    return named


def find_statistics(recipe: Recipe) -> ReferenceStatistics | None:
    """The statistics of that recipe, or none if they are nowhere.

    A committed file that does not match is an error; one the user built is only out of date, and is passed over.

    Raises:
        ReferenceMismatch: the committed file was made of something else.
    """
    committed = COMMITTED / (recipe.name + SUFFIX)
    if committed.is_file():
        statistics = load(committed)
        refuse_mismatch(statistics.recipe, recipe, str(committed))
        return statistics
    own = built_by_user() / (recipe.name + SUFFIX)
    if own.is_file():
        try:
            statistics = load(own)
            refuse_mismatch(statistics.recipe, recipe, str(own))
        except (BadEntry, ReferenceMismatch):
            return None
        return statistics
    return None


def _digest(arrays: Mapping[str, Tensor]) -> str:
    whole = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name].contiguous()
        whole.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        whole.update(array.numpy().tobytes())
    return whole.hexdigest()


_AGAIN = "build it again: genboard reference build --track TRACK"
