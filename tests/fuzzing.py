"""Files damaged at random, by a fixed seed, and what every reader of the package does with them."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import torch
from committed import current
from containers import GREY, RGB, encoded, table
from genboard.benchmarks.compare import read_features
from genboard.benchmarks.influences import read_influences
from genboard.benchmarks.result import influence_path, preview_path, read_result
from genboard.benchmarks.shards import read_shard, write_shard
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.submission.manifest import manifest_of_images, read_manifest
from genboard.leaderboard.submission.metadata import read_metadata, template
from genboard.leaderboard.verification.log import read_entries, verification_path
from genboard.reference_stats.import_npz import Said, import_npz
from genboard.reference_stats.store import load_any
from genboard.registry.catalog import KINDS, parse
from genboard.registry.fields import Weights
from genboard.registry.generators.draws import draws
from genboard.registry.generators.onnx_program import read_onnx
from genboard.registry.generators.program import read_program
from genboard.registry.images import Images, read_all
from genboard.registry.schema import Entry
from genboard.registry.sources import open_images
from genboard.registry.sources.archive import open_archive
from genboard.registry.sources.arrays import images_of
from genboard.registry.weights import read_weights
from PIL import Image
from tiny_models import decoder, export, export_onnx

from genboard.core.errors import GenboardError
from genboard.core.files import canonical_json, sha256

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "reference_stats" / "data" / "digits" / "reference-500.digits-cnn.safetensors"

# What a field of a document is replaced by. Each has broken some reader of some package.
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\ud800",
    "\x00",
    "\u202egnp.exe",
    "../../etc/passwd",
    "CON",
    "<script>alert(1)</script>",
    "=1+1",
    "a" * 100_000,
    "1e3",
    [],
    {},
    [[[[[[[[]]]]]]]],
    {"__proto__": {"a": 1}},
    ["x"] * 10_000,
    "9" * 10_000,
    "2026-02-30",
    "0001-01-01T00:00:00Z",
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with one to four wounds: bits turned, bytes cut, doubled, put in, zeroed or moved."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) + 1)
        length = min(2 ** chance.randint(0, 12), len(made) - at)
        match chance.randrange(7):
            case 0 if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                del made[at:]
            case 2:
                del made[at : at + length]
            case 3:
                made[at:at] = made[at : at + length]
            case 4:
                made[at:at] = chance.randbytes(2 ** chance.randint(0, 8))
            case 5:
                made[at : at + length] = bytes(length)
            case _:
                made[at : at + length] = chance.randbytes(length)
    return bytes(made)


def edited(document: Any, chance: random.Random) -> Any:
    """A JSON document in which one to three fields are replaced, removed or doubled."""
    made = json.loads(json.dumps(document))
    for _ in range(chance.randint(1, 3)):
        places = list(_places(made))
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chance.choice(["", "id", "value", "name", "x" * 300, "\ud800"])] = deepcopy(holder[key])
            case _:
                holder[key] = deepcopy(chance.choice(VALUES))
    return made


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [
        place
        for key in keys
        for place in [(value, key), *(_places(value[key]) if isinstance(value[key], dict | list) else [])]
    ]


def edited_json(data: bytes, chance: random.Random) -> bytes:
    """A JSON file, or one of JSON lines, as text: edited, or with bytes damaged."""
    if chance.random() < 0.3:
        return damaged(data, chance)
    lines = data.splitlines() if data.count(b"\n{") else [data]
    at = chance.randrange(len(lines))
    lines[at] = json.dumps(edited(json.loads(lines[at]), chance)).encode("utf-8", "surrogatepass")
    return b"\n".join(lines) + b"\n"


def edited_toml(data: bytes, chance: random.Random) -> bytes:
    """A TOML file in which values of lines are replaced, or bytes damaged."""
    if chance.random() < 0.3:
        return damaged(data, chance)
    lines = data.decode().splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, equals, _ = lines[at].partition("=")
        value = json.dumps(chance.choice([v for v in VALUES if v is not None]))
        lines[at] = f"{key}= {value}" if equals else lines[at] + lines[at]
    return "\n".join(lines).encode()


@dataclass(frozen=True)
class Target:
    """A kind of file: whole ones, how they are damaged, and the reader.

    Attributes:
        originals: whole files, by the name each must have.
        read: the reader, given the path of a damaged file. Whole files lie beside it where it needs them.
    """

    originals: Callable[[Path], dict[str, bytes]]
    read: Callable[[Path], object]
    damage: Callable[[bytes, random.Random], bytes] = damaged


def _all(path: Path) -> object:
    source = open_images(path)
    return [source.read(i, min(i + 64, source.count)) for i in range(0, source.count, 64)]


def _pictures(folder: Path) -> dict[str, bytes]:
    kinds = {"png": "PNG", "bmp": "BMP", "gif": "GIF", "jpg": "JPEG", "tif": "TIFF", "webp": "WEBP"}
    made = {}
    for suffix, kind in kinds.items():
        for name, pixels in (("grey", GREY[0]), ("rgb", RGB[0])):
            made[f"{name}.{suffix}"] = encoded(pixels, kind)
    palette = io.BytesIO()
    Image.fromarray(RGB[0]).convert("P").save(palette, "PNG")
    return made | {"palette.png": palette.getvalue()}


def _archives(folder: Path) -> dict[str, bytes]:
    import zipfile

    made = {}
    for name, method in (("stored.zip", zipfile.ZIP_STORED), ("packed.zip", zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            labels = [[f"{i:03d}.png", i % 3] for i in range(len(GREY))]
            archive.writestr("dataset.json", json.dumps({"labels": labels}))
            for i, image in enumerate(GREY):
                archive.writestr(f"{i:03d}.png", encoded(image))
        made[name] = buffer.getvalue()
    return made


def _tars(folder: Path) -> dict[str, bytes]:
    import tarfile

    made = {}
    for name, kind in (("plain.tar", ""), ("packed.tar.gz", "gz"), ("packed.tar.xz", "xz")):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as archive:
            for i, image in enumerate(GREY):
                data = encoded(image)
                member = tarfile.TarInfo(f"set/{'ab'[i % 2]}/{i:03d}.png")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        made[name] = buffer.getvalue()
    return made


def _saved(save: Callable[[Any], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def _arrays(folder: Path) -> dict[str, bytes]:
    return {
        "images.npz": _saved(lambda f: np.savez(f, GREY, np.arange(len(GREY)))),
        "packed.npz": _saved(lambda f: np.savez_compressed(f, RGB)),
        "images.npy": _saved(lambda f: np.save(f, RGB)),
    }


def _tables(folder: Path) -> dict[str, bytes]:
    pixels = {"images.parquet": table(GREY), "bare.parquet": pa.table({"img": [encoded(x) for x in RGB]})}
    return {name: _saved(lambda f, t=made: pq.write_table(t, f)) for name, made in pixels.items()}


def _labels(folder: Path) -> dict[str, bytes]:
    for i, image in enumerate(GREY):
        (folder / f"{i:03d}.png").write_bytes(encoded(image))
    lines = "".join(f'{i:03d}.png,{i % 3},"digit, of ink"\n' for i in range(len(GREY)))
    return {"metadata.csv": f"file_name,label,text\n{lines}".encode()}


def _shards(folder: Path) -> dict[str, bytes]:
    path = folder / "shard.parquet"
    write_shard(path, Images(GREY), draws(7, 0, len(GREY)), "0" * 64)
    return {path.name: path.read_bytes()}


def _weights(folder: Path) -> dict[str, bytes]:
    arrays = {"a": np.arange(50, dtype=np.float32), "b": np.eye(3, dtype=np.float32)}
    tensors = {key: torch.from_numpy(value) for key, value in arrays.items()}
    return {
        "plain.safetensors": safetensors.numpy.save(arrays),
        "new.pt": _saved(lambda f: torch.save(tensors, f)),
        "old.pth": _saved(lambda f: torch.save(tensors, f, _use_new_zipfile_serialization=False)),
    }


def _read_weights(path: Path) -> object:
    return read_weights(Weights(local=str(path), sha256=sha256(path.read_bytes())))


def _moments(folder: Path) -> dict[str, bytes]:
    mu, sigma = np.zeros(8), np.eye(8)
    return {
        "fid.npz": _saved(lambda f: np.savez(f, mu=mu, sigma=sigma)),
        "packed.npz": _saved(lambda f: np.savez_compressed(f, mu=mu, sigma=sigma)),
        "features.npz": _saved(lambda f: np.savez(f, features=np.random.default_rng(1).normal(size=(40, 8)))),
    }


def _features(folder: Path) -> dict[str, bytes]:
    rows = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    return {
        "rows.npy": _saved(lambda f: np.save(f, rows)),
        "rows.npz": _saved(lambda f: np.savez(f, features=rows)),
        "rows.safetensors": safetensors.numpy.save({"features": rows}),
    }


def _entries(folder: Path) -> dict[str, bytes]:
    files = sorted((ROOT / "registry" / "entries").rglob("*.toml"))
    return {f"{path.parent.name}!{path.name}": path.read_bytes() for path in files}


def _read_entry(path: Path) -> Entry:
    kind, _, name = path.name.partition("!")
    return parse(KINDS[kind], path.with_name(name), path.read_bytes().decode("utf-8", "replace"))


def _beside(name: str) -> Callable[[Path], dict[str, bytes]]:
    """A whole result beside what is damaged: its log, or its influences."""

    def lay(folder: Path) -> dict[str, bytes]:
        source = current("vae")
        for path in (source, preview_path(source), influence_path(source), verification_path(source)):
            (folder / path.name).write_bytes(path.read_bytes())
        path = {"result": source, "log": verification_path(source), "influence": influence_path(source)}[name]
        return {path.name: path.read_bytes()}

    return lay


def _result_beside(path: Path) -> Path:
    return path.with_name(f"{path.name.partition('.')[0]}.json")


def _studies(folder: Path) -> dict[str, bytes]:
    files = sorted((ROOT / "leaderboard" / "studies").rglob("*.json"), key=lambda path: path.stat().st_size)
    return {f"{path.parent.name}!{path.name}": path.read_bytes() for path in files[:4]}


TARGETS: dict[str, Target] = {
    "image": Target(_pictures, lambda path: _all(_alone(path))),
    "archive of images": Target(_archives, _all),
    "archive of a data set": Target(_tars, lambda path: read_all(open_archive(path, "set", ("a", "b")))),
    "array of images": Target(_arrays, _all),
    "table of images": Target(_tables, _all),
    "table of labels": Target(_labels, lambda path: _all(path.parent)),
    "shard of samples": Target(_shards, lambda path: read_shard(path, "0" * 64, (8, 6, 1), 0)),
    "weights": Target(_weights, _read_weights),
    "program of torch.export": Target(
        lambda folder: {"plain.pt2": export(folder / "plain.pt2", decoder(), (16, 8)).read_bytes()}, read_program
    ),
    "program in ONNX": Target(
        lambda folder: {"any.onnx": export_onnx(folder / "any.onnx", decoder(), (4, 8)).read_bytes()}, read_onnx
    ),
    "statistics of another tool": Target(
        _moments, lambda path: import_npz(path, f"n{sha256(path.read_bytes())[:12]}", None, Said())
    ),
    "reference statistics": Target(lambda folder: {DIGITS.name: DIGITS.read_bytes()}, load_any),
    "features": Target(_features, read_features),
    "entry": Target(_entries, _read_entry, edited_toml),
    "metadata": Target(
        lambda folder: {"metadata.toml": template().encode()}, lambda path: read_metadata(path, {}), edited_toml
    ),
    "result": Target(_beside("result"), read_result, edited_json),
    "log": Target(_beside("log"), lambda path: read_entries(_result_beside(path)), edited_json),
    "influences": Target(_beside("influence"), lambda path: read_influences(path, read_result(_result_beside(path)))),
    "manifest": Target(
        lambda folder: {"m.json": canonical_json(manifest_of_images(images_of(GREY, "grey")).model_dump(mode="json"))},
        read_manifest,
        edited_json,
    ),
    "table of a study": Target(_studies, read_table, edited_json),
}


def _alone(path: Path) -> Path:
    """A folder with this file only."""
    folder = path.parent / "alone"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path.rename(folder / path.name)
    return folder


@dataclass
class Count:
    """What became of the inputs: taken, refused by an error of ours, or anything else with the input's number."""

    taken: int = 0
    refused: int = 0


def fuzz(target: Target, folder: Path, inputs: int, seed: int) -> tuple[Count, list[str]]:
    """Damaged files through their reader: the counts, and every fault with what would repeat it."""
    import signal
    import time

    chance, count, faults = random.Random(seed), Count(), []
    originals = target.originals(folder)
    names = sorted(originals)

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"over {LIMIT} s")

    before = signal.signal(signal.SIGALRM, late)
    try:
        for i in range(inputs):
            name = chance.choice(names)
            data = target.damage(originals[name], chance)
            path = folder / name
            path.write_bytes(data)
            started = time.monotonic()
            signal.alarm(LIMIT)
            try:
                target.read(path)
                count.taken += 1
            except GenboardError as e:
                count.refused += 1
                if e.hint is None or "\n" in e.fact:
                    faults.append(f"input {i} ({name}): an error without a hint, or of several lines: {e!r}")
            except BaseException as e:
                if isinstance(e, KeyboardInterrupt):
                    raise
                faults.append(f"input {i} ({name}): {type(e).__name__}: {str(e)[:300]}")
            finally:
                signal.alarm(0)
            if time.monotonic() - started > LIMIT:
                faults.append(f"input {i} ({name}): {time.monotonic() - started:.0f} s")
            path.unlink(missing_ok=True)
    finally:
        signal.signal(signal.SIGALRM, before)
    return count, faults


LIMIT = 10
"""Seconds that a reader may take over a damaged file."""
