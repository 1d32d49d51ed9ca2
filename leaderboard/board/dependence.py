"""Rows that share seeds have errors that correlate, with either sign: by how much, and how that is known.

Two generators that map the same latents to images go wrong together, or against each other. Where both results keep
the influences of their samples, the covariance of the two errors is the mean of their products over n. Where not, two
rows of one generator are taken as far apart as they can go wrong, and others as independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...benchmarks.influences import read_influences
from ...benchmarks.result import Result, influence_path
from ...core.errors import GenboardError
from ...core.files import digest_of
from ..storage.records import Record

Floats: TypeAlias = NDArray[np.float64]
# From the influences of the samples; the sum of the two errors; the root of the sum of their squares.
Basis = Literal["influences", "bound", "independent"]


@dataclass(frozen=True, eq=False)
class Influence:
    """By how much each sample moves a value, times n, about its mean, shape (n,): see `influences.deviations`."""

    values: Floats


@dataclass(frozen=True)
class Origin:
    """What the errors of a value may have in common with those of another.

    Attributes:
        seeds: what its samples were drawn from; none of images that were given.
        model: what made them, whatever arguments it was given; none where that is not known.
    """

    seeds: str | None = None
    model: str | None = None
    influence: Influence | None = None


ALONE = Origin()


def correlation(a: Origin, b: Origin, errors: tuple[float, float]) -> tuple[float, Basis]:
    """Correlation of the errors of two values, and how it is known.

    The covariance comes from the influences and is set against the whole errors: of a part that the influences do not
    see, no correlation is claimed.

    Args:
        errors: the standard errors of both.
    """
    if a.seeds is None or a.seeds != b.seeds:
        return 0.0, "independent"
    if a.influence and b.influence and len(a.influence.values) == len(b.influence.values):
        x, y = a.influence.values, b.influence.values
        unit = errors[0] * errors[1]
        return (float(np.clip(x @ y / len(x) ** 2 / unit, -1, 1)) if unit > 0 else 0.0), "influences"
    return (-1.0, "bound") if a.model is not None and a.model == b.model else (0.0, "independent")


def origins_of(record: Record) -> tuple[Mapping[str, Origin], str | None]:
    """The origin of each column's value, and why the influences that the result names cannot be used."""
    result = record.result
    seeds, model, problem = seeds_of(result), model_of(result), None
    found: Mapping[str, Floats] = {}
    if seeds is not None and result.influences is not None:
        try:
            found = read_influences(influence_path(record.path), result)
        except GenboardError as e:
            problem = e.fact.removeprefix(f"{influence_path(record.path)}: ")
    return {
        m.key: Origin(seeds, model, Influence(found[m.key]) if m.key in found else None) for m in result.metrics
    }, problem


def seeds_of(result: Result) -> str | None:
    """A digest of what decides which latents and labels the samples were drawn from; none of images that were given."""
    sampling = result.specification.get("sampling", {})
    if not isinstance(sampling, dict) or sampling.get("seed") is None or result.generator.kind == "images":
        return None
    return digest_of({key: sampling.get(key) for key in ("protocol", "n", "seed", "labels")})


def model_of(result: Result) -> str | None:
    """A digest of weights or code: the same for a generator and another entry of it with other arguments."""
    generator = result.specification.get("generator", {})
    if not isinstance(generator, dict) or result.generator.kind == "images":
        return None
    made_of = {key: generator[key] for key in _MADE_OF if generator.get(key)}
    return digest_of(made_of) if made_of else None


# What a generator's identity says of its weights or its code, see `registry/kinds.py`.
_MADE_OF = ("weights", "program", "repo", "revision", "code")
