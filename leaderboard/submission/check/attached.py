"""Checks of the manifest: it is there, and it describes the samples that were measured."""

from __future__ import annotations

from collections.abc import Iterator

from ....benchmarks.shards import SHARD
from ....core.errors import GenboardError
from ....core.files import read_bytes, sha256
from ....core.serialization import canonical_json
from ...verification.log import with_plain_ends
from ..manifest import Manifest, manifest_path, read_manifest
from .finding import Problem
from .identity import are_images
from .tree import Case

LARGEST = 32 * 2**20  # bytes: of a million images it has three million


def absent(case: Case) -> Iterator[Problem]:
    if case.result.submission and not _there(case):
        yield Problem("submission.manifest", f"there is no {manifest_path(case.path).name}")


def unreadable(case: Case) -> Iterator[Problem]:
    if _there(case) and isinstance(found := _manifest(case), str):
        yield Problem("", found, _place(case))


def other_digest(case: Case) -> Iterator[Problem]:
    if case.result.submission is None or not _there(case):
        return
    data, wanted = read_bytes(manifest_path(case.path)), case.result.submission.manifest
    if sha256(with_plain_ends(data)) != wanted:
        yield Problem("submission.manifest", f"{wanted[:12]}, the file has {sha256(data)[:12]}")


def other_samples(case: Case) -> Iterator[Problem]:
    manifest = _manifest(case) if _there(case) else None
    if not isinstance(manifest, Manifest):
        return
    sampling = case.result.sampling
    for field, found, wanted in (
        ("n", manifest.n, sampling.n),
        ("shape", manifest.shape, sampling.shape),
        ("digest", manifest.digest, sampling.digest),
    ):
        if found != wanted:
            yield Problem(field, f"{found!r}, the result says {wanted!r}", _place(case))


def gaps(case: Case) -> Iterator[Problem]:
    manifest = _manifest(case) if _there(case) else None
    if not isinstance(manifest, Manifest):
        return
    at = 0
    for i, chunk in enumerate(manifest.chunks):
        if chunk.first != at:
            yield Problem(f"chunks.{i}.first", f"{chunk.first}, the one before ends at {at}", _place(case))
            return
        at += chunk.count
        if chunk.count > SHARD or (chunk.count < SHARD and at < manifest.n):
            yield Problem(f"chunks.{i}.count", f"{chunk.count}, a run has {SHARD} images", _place(case))
            return
    if at != manifest.n:
        yield Problem("chunks", f"they hold {at:,} images, n is {manifest.n:,}", _place(case))


def other_source(case: Case) -> Iterator[Problem]:
    """Names of shards and the plan are of samples that genboard drew; images that were given have neither."""
    manifest = _manifest(case) if _there(case) else None
    if not isinstance(manifest, Manifest):
        return
    count = len(manifest.chunks)
    for i, chunk in enumerate(manifest.chunks):
        own = None if are_images(case) else f"samples-{i:05d}-of-{count:05d}.parquet"
        if chunk.file != own:
            yield Problem(f"chunks.{i}.file", f"{chunk.file!r}, this run is in {own!r}", _place(case))
            return
    if (manifest.spec_id is None) != are_images(case):
        yield Problem("spec_id", "of images that were given, or missing of samples that were drawn", _place(case))
    if count == 1 and manifest.chunks[0].digest != manifest.digest:
        yield Problem("chunks.0.digest", "not that of all, though it is the only one", _place(case))
    if count > 1 and len({chunk.digest for chunk in manifest.chunks}) == 1 and manifest.chunks[0].count > 1:
        yield Problem("chunks", "all runs hold the same images", _place(case))


def _there(case: Case) -> bool:
    path = manifest_path(case.path)
    return path.is_file() and not path.is_symlink()


def _place(case: Case) -> str:
    return manifest_path(case.path).as_posix()


def _manifest(case: Case) -> Manifest | str:
    """The manifest, or what is wrong with it."""
    path = manifest_path(case.path)
    if path.stat().st_size > LARGEST:
        return f"{path.stat().st_size:,} bytes, {LARGEST:,} are allowed"
    try:
        manifest = read_manifest(path)
    except GenboardError as e:
        return e.fact.removeprefix(f"{path}: ")
    canonical = canonical_json(manifest.model_dump(mode="json", by_alias=True)) == with_plain_ends(read_bytes(path))
    return manifest if canonical else "not in canonical form"
