"""Forged manifests and influences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from genboard.benchmarks.result import influence_path
from genboard.leaderboard.submission.manifest import manifest_path
from tampered import Ground, edit, reinfluence, remanifest

from .edits import Forgery, forgery, normal_like


def of_manifests() -> Iterator[Forgery]:
    kind = "manifest"
    runs = lambda change: remanifest(lambda m: change(m["chunks"]))  # noqa: E731 - a table reads better
    yield forgery(
        kind,
        "one run of all",
        "R509",
        remanifest(lambda m: m.update(chunks=[{"file": None, "first": 0, "count": 500, "digest": "ab" * 32}])),
    )
    yield forgery(kind, "a run of one", "R509", runs(lambda c: c[0].update(count=1)))
    yield forgery(
        kind,
        "a run too many",
        "R509",
        runs(lambda c: c.append({"file": None, "first": 500, "count": 128, "digest": "ab" * 32})),
    )
    yield forgery(kind, "runs in another order", "R509", runs(lambda c: c.reverse()))
    yield forgery(kind, "the same run throughout", "R518", runs(lambda c: [one.update(digest="ab" * 32) for one in c]))
    yield forgery(kind, "a path for a file", "R518", runs(lambda c: c[0].update(file="../../etc/passwd")))
    yield forgery(
        kind,
        "a shard of images that were given",
        "R518",
        runs(lambda c: c[0].update(file="samples-00000-of-00004.parquet")),
    )
    yield forgery(kind, "a plan of images that were given", "R518", remanifest(lambda m: m.update(spec_id="ab" * 32)))
    yield forgery(kind, "another number", "R508", remanifest(lambda m: m.update(n=501)))
    yield forgery(kind, "another shape", "R508", remanifest(lambda m: m.update(shape=[8, 8, 3])))
    yield forgery(kind, "another schema", "R506", remanifest(lambda m: m.update(schema=2)))
    yield forgery(kind, "a key nobody reads", "R506", remanifest(lambda m: m.update(nonce=1)))
    yield forgery(kind, "40 megabytes", "R506", lambda g: manifest_path(g.path).write_bytes(b" " * 40 * 2**20))
    kind = "influences"
    yield forgery(kind, "none at all", "R516", uninfluenced)
    yield forgery(
        kind,
        "none of the distance",
        "R516",
        reinfluence(lambda a: {k: x for k, x in a.items() if k != "fd:digits-cnn"}),
    )
    yield forgery(kind, "ten times as large", "R512", reinfluence(lambda a: {k: 10 * x for k, x in a.items()}))
    yield forgery(
        kind, "a little smaller", "R512", reinfluence(lambda a: {k: x * np.float32(0.99) for k, x in a.items()})
    )
    yield forgery(kind, "of other samples", "R520", reinfluence(lambda a: {k: normal_like(x) for k, x in a.items()}))
    yield forgery(kind, "infinite", "R511", reinfluence(lambda a: {k: x * np.float32(np.inf) for k, x in a.items()}))
    yield forgery(kind, "of one sample fewer", "R511", reinfluence(lambda a: {k: x[1:] for k, x in a.items()}))
    yield forgery(
        kind, "of a column that is none", "R511", reinfluence(lambda a: {**a, "a secret": np.zeros(500, np.float32)})
    )
    yield forgery(kind, "in doubles", "R511", reinfluence(lambda a: {k: x.astype(np.float64) for k, x in a.items()}))


def uninfluenced(ground: Ground) -> None:
    influence_path(ground.path).unlink()
    edit(lambda v: v.pop("influences"))(ground)
