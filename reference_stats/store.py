"""Reference statistics on disk: one safetensors file each, the card in its header. Nothing is unpickled.

Looked for in this order: committed with the package (`reference_stats/data`), then built or imported by the user
(`references` in the user's data folder).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from ..core.errors import BadEntry, ReferenceMismatch, UnknownName
from ..core.files import home, write_bytes
from ..core.serialization import canonical_json, parse_json
from ..core.validation import field_and_problem
from .centres import CELLS
from .moments import Given, Moments
from .statistics import FORMAT, Card, ImportedStatistics, Recipe, ReferenceStatistics, refuse_mismatch

COMMITTED = Path(__file__).parent / "data"
SUFFIX = ".safetensors"
AGAIN = "rebuild it: genboard reference build --track TRACK"
_IMPORT = "import it again: genboard reference import FILE.npz"


@dataclass(frozen=True)
class Stored:
    """A file of reference statistics and what it says of itself."""

    path: Path
    card: Card

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def made(self) -> str:
        """`committed`, `built` or `imported`."""
        if self.card.origin is not None:
            return "imported"
        return "committed" if self.path.is_relative_to(COMMITTED) else "built"

    @property
    def count(self) -> int | None:
        """How many images the moments are of, where that is known."""
        about = self.card.recipe or self.card.origin
        return about.count if about else None

    def to_json(self) -> dict[str, Any]:
        size = self.path.stat().st_size
        return {"name": self.name, "made": self.made, "path": str(self.path), "bytes": size, **self.card.model_dump()}

    def to_row(self) -> list[str]:
        """Name, how it was made, images, features, MiB and file, for a table."""
        recipe = self.card.recipe
        images = "unknown" if self.count is None else f"{self.count:,}"
        size = f"{self.path.stat().st_size / 2**20:,.1f}"
        return [self.name, self.made, images, f"{recipe.features:,}" if recipe else "", size, str(self.path)]


def built_by_user() -> Path:
    return home() / "references"


def save(statistics: ReferenceStatistics | ImportedStatistics, folder: Path) -> Path:
    """Write statistics under `folder` and return the file."""
    arrays = arrays_of(statistics)
    card = Card(
        recipe=statistics.recipe if isinstance(statistics, ReferenceStatistics) else None,
        origin=statistics.origin if isinstance(statistics, ImportedStatistics) else None,
        image_digest=statistics.image_digest,
        array_digest=array_digest(arrays),
        code_version=version("genboard"),
    )
    path = folder / (card.name + SUFFIX)
    header = {"card": canonical_json(card.model_dump()).decode()}
    write_bytes(path, safetensors.torch.save(arrays, metadata=header))
    return path


def load(path: Path) -> ReferenceStatistics:
    """The statistics in a file, which say how they were made.

    Raises:
        BadEntry: not such a file, or its arrays are not the ones its card was written for.
        ReferenceMismatch: they were imported: what they were made of is not known.
    """
    found = load_any(path)
    if isinstance(found, ImportedStatistics):
        raise ReferenceMismatch(
            f"{path}: imported from {found.origin.file}, so its origin cannot be checked",
            "build your own: genboard reference build",
        )
    return found


def load_any(path: Path) -> ReferenceStatistics | ImportedStatistics:
    """The statistics in a file, built or imported.

    Raises:
        BadEntry: not such a file, or its arrays are not the ones its card was written for.
    """
    card = read_card(path)
    with safetensors.safe_open(path, framework="pt") as f:
        # Copied to where fresh arrays are: the bits of a matrix product depend on how its memory is aligned.
        arrays = {name: f.get_tensor(name).clone() for name in f.keys()}
    return statistics_of(card, arrays, path)


def read_card(path: Path) -> Card:
    """What a file says of itself, without reading its arrays.

    Raises:
        BadEntry: not a file of reference statistics, or of another version of the format.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as f:
            header = f.metadata() or {}
    except (OSError, safetensors.SafetensorError) as e:
        raise BadEntry(path, "", f"not a file of reference statistics: {e}", AGAIN) from e
    if "card" not in header:
        raise BadEntry(path, "", "not a file of reference statistics: it has no card", AGAIN)
    said = parse_json(header["card"], path)
    found = said.get("format", 1) if isinstance(said, dict) else None
    if found != FORMAT:
        newer = isinstance(found, int) and found > FORMAT
        hint = "install a newer genboard: pip install --upgrade genboard" if newer else AGAIN
        raise BadEntry(path, "card.format", f"{found!r}, but this version reads {FORMAT}", hint)
    try:
        return Card.model_validate(said)
    except ValidationError as e:
        field, problem = field_and_problem(e.errors()[0])
        raise BadEntry(path, f"card.{field}".removesuffix("."), problem, AGAIN) from e


def stored_files() -> tuple[list[Stored], dict[Path, BadEntry]]:
    """Files at hand, committed ones first, and what is wrong with those that are no reference statistics."""
    found: list[Stored] = []
    damaged: dict[Path, BadEntry] = {}
    for path in (p for folder in (COMMITTED, built_by_user()) for p in sorted(folder.rglob(f"*{SUFFIX}"))):
        try:
            found.append(Stored(path, read_card(path)))
        except BadEntry as e:
            damaged[path] = e
    return found, damaged


def find_stored(name: str | None) -> list[Stored]:
    """Files at hand, committed ones first: those of that name, or all that can be read.

    Raises:
        UnknownName: none has that name.
        BadEntry: the file of that name is no reference statistics.
    """
    found, damaged = stored_files()
    if name is None:
        return found
    named = [stored for stored in found if stored.name == name]
    if not named:
        problem = next((e for path, e in damaged.items() if path.as_posix().endswith(f"/{name}{SUFFIX}")), None)
        raise problem or UnknownName("reference statistics", name, {stored.name for stored in found})
    return named


def find_statistics(recipe: Recipe) -> ReferenceStatistics | None:
    """The statistics of that recipe, or none if they are nowhere.

    A committed file that does not match is an error; one the user built is only out of date, and is passed over.

    Raises:
        ReferenceMismatch: the committed file was made of something else.
    """
    committed = COMMITTED / (recipe.name + SUFFIX)
    if committed.is_file():
        return _load_as(committed, recipe)
    return find_in(built_by_user(), recipe)


def find_in(folder: Path, recipe: Recipe) -> ReferenceStatistics | None:
    """The statistics of that recipe in a folder, or none if what is there is out of date or damaged."""
    path = folder / (recipe.name + SUFFIX)
    if path.is_file():
        try:
            return _load_as(path, recipe)
        except (BadEntry, ReferenceMismatch):
            return None
    return None


def _load_as(path: Path, recipe: Recipe) -> ReferenceStatistics:
    """The statistics in a file, if they are of that recipe: its card alone decides that."""
    found = read_card(path).recipe
    if found is not None:
        refuse_mismatch(found, recipe, str(path))
    return load(path)


def find_wider(recipe: Recipe, folder: Path) -> ReferenceStatistics | None:
    """The same statistics in a folder with more features than are asked for, cut to as many; or none."""
    for path in sorted((folder / recipe.dataset).glob(f"{recipe.split}-*{SUFFIX}")):
        try:
            found = read_card(path).recipe
            if (
                found
                and found.features > recipe.features
                and found.model_copy(update={"features": recipe.features}) == recipe
            ):
                return load(path).cut(recipe.features)
        except BadEntry:
            continue
    return None


def arrays_of(statistics: ReferenceStatistics | ImportedStatistics) -> dict[str, Tensor]:
    """What is stored of statistics, by name."""
    if isinstance(statistics, ReferenceStatistics):
        moments = statistics.moments
        arrays = {
            "count": torch.tensor(moments.n),
            "mean": moments.mean,
            "scatter": moments.scatter,
            "root": moments.root,
            "features": statistics.features,
            "logits": statistics.logits,
            "labels": statistics.labels,
            "keys": statistics.keys,
            "centres": statistics.centres,
        }
    else:
        gaussian = statistics.gaussian
        arrays = {
            "mean": gaussian.mean,
            "cov": gaussian.cov,
            "root": gaussian.root,
            "features": statistics.features,
            "logits": statistics.logits,
        }
    return {name: array.contiguous() for name, array in arrays.items() if array is not None}


def statistics_of(card: Card, arrays: Mapping[str, Tensor], path: Path) -> ReferenceStatistics | ImportedStatistics:
    """The statistics that arrays are, with the card they came with; `path` is named in errors.

    Raises:
        BadEntry: they are not the arrays the card was written for, or not such as the card needs.
    """
    hint = AGAIN if card.recipe else _IMPORT
    found = array_digest(arrays)
    if found != card.array_digest:
        raise BadEntry(path, "array_digest", f"the arrays have {found}, but the card says {card.array_digest}", hint)
    for name, wanted in _expected(card, arrays).items():
        if name not in arrays:
            raise BadEntry(path, name, "the array is missing", hint)
        is_now = f"{arrays[name].dtype} {tuple(arrays[name].shape)}"
        if is_now != wanted:
            raise BadEntry(path, name, f"{is_now}, but {wanted} is needed", hint)
        if not bool(torch.isfinite(arrays[name]).all()):
            raise BadEntry(path, name, "holds NaN or infinity", hint)
    if card.origin is not None:
        gaussian = Given(arrays["mean"], arrays["cov"], arrays["root"])
        features, logits = arrays.get("features"), arrays.get("logits")
        return ImportedStatistics(card.origin, gaussian, features, logits, card.image_digest)
    assert card.recipe is not None
    assert card.image_digest is not None
    if int(arrays["count"]) != card.recipe.count:
        raise BadEntry(path, "count", f"{int(arrays['count'])}, but the card says {card.recipe.count}", hint)
    return ReferenceStatistics(
        card.recipe,
        Moments(int(arrays["count"]), arrays["mean"], arrays["scatter"], arrays["root"]),
        arrays["features"],
        arrays.get("logits"),
        arrays.get("labels"),
        card.image_digest,
        arrays["keys"],
        arrays.get("centres"),
    )


def _expected(card: Card, arrays: Mapping[str, Tensor]) -> dict[str, str]:
    """Type and shape of each array, as messages spell them: `torch.float64 (32,)`."""
    d = arrays["mean"].shape[0] if "mean" in arrays and arrays["mean"].ndim == 1 else 0
    square = f"torch.float64 {(d, d)}"
    expected = {"mean": f"torch.float64 {(d,)}", "root": square}
    if card.recipe is not None:
        rows = card.recipe.features
        expected |= {"count": "torch.int64 ()", "scatter": square, "features": f"torch.float32 {(rows, d)}"}
        expected["keys"] = f"torch.int64 {(rows,)}"
        if "labels" in arrays:
            expected["labels"] = f"torch.int64 {(rows,)}"
        if "centres" in arrays:
            expected["centres"] = f"torch.float64 {(CELLS, d)}"
    else:
        rows = len(arrays["features"]) if "features" in arrays else 0
        expected["cov"] = square
        if rows:
            expected["features"] = f"torch.float32 {(rows, d)}"
    if "logits" in arrays:
        expected["logits"] = f"torch.float32 {(rows, arrays['logits'].shape[-1])}"
    return expected


def array_digest(arrays: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and contents."""
    whole = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name].contiguous()
        whole.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        whole.update(array.reshape(-1).numpy().data)  # the memory itself: features may be many
    return whole.hexdigest()
