"""A genuine submission to a small board, and the ways in which it is tampered with, each with the code that tells."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from committed import current
from genboard.benchmarks.result import influence_path, preview_path, result_id
from genboard.leaderboard.submission.manifest import Chunk, Manifest, manifest_path
from genboard.leaderboard.verification.log import append, new_entry
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from genboard.core.files import sha256
from genboard.core.serialization import canonical_json

Value = dict[str, Any]
Arrays = dict[str, NDArray[np.float32]]
Sheet = NDArray[np.uint8]
BOARD = ("vae", "kde", "gaussian-mixture")
MODEL = "dcgan"  # whose numbers the submission has; it is not on the small board
DIGEST = "ab" * 32


@dataclass
class Ground:
    """A board, a folder submitted to it, and the result in that folder."""

    board: Path
    folder: Path
    path: Path

    def read(self) -> Value:
        value = json.loads(self.path.read_bytes())
        assert isinstance(value, dict)
        return value

    def write(self, value: Value) -> None:
        self.path.write_bytes(canonical_json(value))

    def move(self, value: Value) -> None:
        """Write a result to the place it claims, with all that belongs to it."""
        track = f"{value['track']['name']}@{value['track']['version']}"
        target = self.folder / track / value["generator"]["name"] / f"{value['id']}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        for old, new in (
            (preview_path(self.path), preview_path(target)),
            (manifest_path(self.path), manifest_path(target)),
            (influence_path(self.path), influence_path(target)),
        ):
            if old.exists():
                old.rename(new)
        self.path.rename(target)
        self.path = target
        self.write(value)


@dataclass(frozen=True)
class Tampered:
    """One way to tamper.

    Attributes:
        code: what must tell it.
        also: what else cannot but tell it.
    """

    code: str
    what: str
    spoil: Callable[[Ground], object]
    also: frozenset[str] = frozenset()


def files_of(result: Path) -> list[Path]:
    """A result, its preview and its influences, where it has any."""
    return [path for path in (result, preview_path(result), influence_path(result)) if path.is_file()]


def board(folder: Path) -> Path:
    """A small board; its results have no logs but those that a test writes."""
    for name in BOARD:
        result = current(name)
        for path in files_of(result):
            (folder / "digits@1" / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / "digits@1" / path.parent.name)
    return folder


def registered(folder: Path) -> Ground:
    """A genuine result of a registered generator, new to the small board."""
    source = current(MODEL)
    path = folder / "submission" / "digits@1" / MODEL / source.name
    path.parent.mkdir(parents=True)
    for one in files_of(source):
        shutil.copy(one, path.parent)
    return Ground(board(folder / "board"), folder / "submission", path)


def genuine(folder: Path) -> Ground:
    """A submission of images that contradicts itself nowhere."""
    ground = registered(folder)
    value = ground.read()
    value["generator"] |= {
        "name": "mine",
        "title": "Mine",
        "kind": "images",
        "origin": "given by the user",
        "paper": None,
    }
    value["specification"]["generator"] = {"name": "mine", "images": DIGEST}
    value["specification"]["sampling"] |= {"seed": None, "block": None}
    value["sampling"] |= {"seed": None, "digest": DIGEST}
    value["provenance"]["command"] = "genboard evaluate mine --track digits --name mine"
    value["cost"]["images_per_s"] = None
    chunks = tuple(
        Chunk(first=first, count=min(128, 500 - first), digest=f"{first:064x}") for first in range(0, 500, 128)
    )
    manifest = Manifest(schema=1, n=500, shape=(8, 8, 1), digest=DIGEST, chunks=chunks).encode()
    manifest_path(ground.path).write_bytes(manifest)
    value["submission"] = {
        "authors": ["Ada Example"],
        "contact": None,
        "page": "https://example.org/mine",
        "code": None,
        "training_data": ["digits/train"],
        "parameters": 1000,
        "notes": "One hour of training.",
        "selection": {"tried": 1, "metric": None, "on": None},
        "manifest": sha256(manifest),
    }
    value["id"] = result_id(value["specification"])
    ground.move(value)
    shutil.rmtree(ground.folder / "digits@1" / "dcgan")
    return ground


def edit(change: Callable[[Value], object]) -> Callable[[Ground], None]:
    """Edit the file, and nothing that depends on it."""

    def spoil(ground: Ground) -> None:
        value = ground.read()
        change(value)
        ground.write(value)

    return spoil


def respecify(change: Callable[[Value], object]) -> Callable[[Ground], None]:
    """Edit with care: the id and the place follow."""

    def spoil(ground: Ground) -> None:
        value = ground.read()
        change(value)
        value["id"] = result_id(value["specification"])
        ground.move(value)

    return spoil


def remanifest(change: Callable[[Value], object]) -> Callable[[Ground], None]:
    """Edit the manifest, and enter its new digest."""

    def spoil(ground: Ground) -> None:
        path = manifest_path(ground.path)
        manifest = json.loads(path.read_bytes())
        change(manifest)
        path.write_bytes(canonical_json(manifest))
        edit(lambda v: v["submission"].update(manifest=sha256(path.read_bytes())))(ground)

    return spoil


def influenced(then: Callable[[Ground], object], fewer: int = 0, scale: float = 1.0) -> Callable[[Ground], None]:
    """Other influences, kept and named as a result's are; and then something else."""

    def change(arrays: Arrays) -> Arrays:
        return {key: (scale * x[: len(x) - fewer]).astype(np.float32) for key, x in arrays.items()}

    def spoil(ground: Ground) -> None:
        reinfluence(change)(ground)
        then(ground)

    return spoil


def reinfluence(change: Callable[[Arrays], Arrays]) -> Callable[[Ground], None]:
    """Edit the influences, and enter their new digest."""

    def spoil(ground: Ground) -> None:
        path = influence_path(ground.path)
        path.write_bytes(safetensors.numpy.save(change(safetensors.numpy.load(path.read_bytes()))))
        edit(put("influences", value={"sha256": sha256(path.read_bytes())}))(ground)

    return spoil


def resheet(change: Callable[[Sheet], Sheet | None], mode: str = "RGBA") -> Callable[[Ground], None]:
    """Edit the pixels of the preview, and enter its new digest."""

    def spoil(ground: Ground) -> None:
        with Image.open(preview_path(ground.path)) as image:
            sheet = np.array(image)
        changed = change(sheet)
        buffer = io.BytesIO()
        Image.fromarray(sheet if changed is None else changed).convert(mode).save(buffer, "PNG")
        redraw(buffer.getvalue())(ground)

    return spoil


def redraw(data: bytes) -> Callable[[Ground], None]:
    """Another file for the preview, with its digest entered."""

    def spoil(ground: Ground) -> None:
        preview_path(ground.path).write_bytes(data)
        edit(lambda v: v["preview"].update(sha256=sha256(data)))(ground)

    return spoil


def raw(change: Callable[[str], str]) -> Callable[[Ground], None]:
    def spoil(ground: Ground) -> None:
        text = ground.path.read_text("utf-8")
        changed = change(text)
        assert changed != text
        ground.path.write_bytes(changed.encode())

    return spoil


def put(*keys: str | int, value: Any) -> Callable[[Value], None]:
    """Set one field: `put("metrics", 0, "value", value=1.0)`."""

    def change(whole: Value) -> None:
        at: Any = whole
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = value

    return change


def both(*changes: Callable[[Value], object]) -> Callable[[Value], None]:
    def change(value: Value) -> None:
        for one in changes:
            one(value)

    return change


def picture(size: tuple[int, int] = (144, 72), info: PngImagePlugin.PngInfo | None = None, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(buffer, kind, **({"pnginfo": info} if info else {}))
    return buffer.getvalue()


def commented() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "<script>")
    return picture(info=info)


def of_the_board(ground: Ground) -> Value:
    value = json.loads((ground.board / "digits@1" / BOARD[0] / current(BOARD[0]).name).read_bytes())
    assert isinstance(value, dict)
    return value


def published(ground: Ground) -> Path:
    """A result of the board in the submitted folder, as it is in a checkout."""
    for path in ground.board.rglob("*.*"):
        target = ground.folder / path.relative_to(ground.board)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return ground.folder / "digits@1" / BOARD[0] / current(BOARD[0]).name


def dispute(path: Path) -> None:
    append(path, new_entry(path, "disputed", by="Bo Example", reason="the samples are another's"))
