"""Every reader of files in the package, with whole files that it takes."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
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
from damage import damaged, edited_json, edited_toml
from genboard.benchmarks.feature_arrays import read_features
from genboard.benchmarks.influences import read_influences
from genboard.benchmarks.result import influence_path, preview_path, read_result
from genboard.benchmarks.shards import read_shard, write_shard
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.human.imported import import_table
from genboard.leaderboard.human.key import encode_key, read_key
from genboard.leaderboard.human.ratings import read_session
from genboard.leaderboard.storage.people import read_people
from genboard.leaderboard.submission.manifest import manifest_of_images, read_manifest
from genboard.leaderboard.submission.metadata import read_metadata, template
from genboard.leaderboard.verification.log import read_entries, verification_path
from genboard.reference_stats.import_npz import Said, import_npz
from genboard.reference_stats.store import load_any
from genboard.registry.catalog import KINDS, parse, track
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
from people_pages import made_up, ratings
from PIL import Image
from tiny_models import decoder, export, export_onnx

from genboard.core.files import sha256
from genboard.core.serialization import canonical_json

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "reference_stats" / "data" / "digits" / "reference-500.digits-cnn.safetensors"


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
    pq.write_table(pq.read_table(path), path)  # without the digest of its bytes, which would refuse all that is spoiled
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


def _ratings(folder: Path) -> dict[str, bytes]:
    rules = {"hype-time": "real", "hype-infinity": "generated", "pairs": "left"}
    return {
        f"{protocol}!ratings.json": canonical_json(ratings(made_up(protocol), 1, lambda q, a=answer: q.check or a))
        for protocol, answer in rules.items()
    }


def _error_rates(folder: Path) -> dict[str, bytes]:
    rows = "".join(f"p{i},{'ab'[i % 2]},{i / 20},{i / 25}\n" for i in range(20))
    return {"rates.csv": f"id,model,f_err_rt,r_err_rt\n{rows}".encode()}


def _people(folder: Path) -> dict[str, bytes]:
    for name, data in _error_rates(folder).items():
        (folder / name).write_bytes(data)
    study = import_table(folder / "rates.csv", track("digits"), "a table")
    return {study.path.name: canonical_json(study.to_json())}


def _in_its_place(path: Path) -> Path:
    folder = path.parent / "digits@1"
    folder.mkdir(exist_ok=True)
    return path.rename(folder / path.name)


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
    "ratings of people": Target(
        _ratings, lambda path: read_session(path, made_up(path.name.partition("!")[0])), edited_json
    ),
    "key of a study of people": Target(
        lambda folder: {"ask.key.json": encode_key(made_up("pairs"))}, read_key, edited_json
    ),
    "table of error rates": Target(_error_rates, lambda path: import_table(path, track("digits"), "a table")),
    "what people said": Target(_people, lambda path: read_people(_in_its_place(path)), edited_json),
}


def _alone(path: Path) -> Path:
    """A folder with this file only."""
    folder = path.parent / "alone"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path.rename(folder / path.name)
    return folder
