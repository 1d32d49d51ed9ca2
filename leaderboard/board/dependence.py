"""Rows that share seeds have errors that correlate, with either sign: by how much, and how that is known.

Two generators that map the same latents to images go wrong together, or against each other. Where both results keep
the influences of their samples, the covariance of the two errors is the mean of their products over n. Where not, two
rows of one generator are taken as far apart as they can go wrong, and others as independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...benchmarks import influences
from ...benchmarks.influences import first_order_error, read_influences
from ...benchmarks.result import Result, influence_path
from ...core.errors import GenboardError
from ...core.serialization import digest_of
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
    """Correlation of the errors of two values, and how it is known; see `influences.correlation`.

    Args:
        errors: the standard errors of both.
    """
    if a.seeds is None or a.seeds != b.seeds:
        return 0.0, "independent"
    if a.influence and b.influence and len(a.influence.values) == len(b.influence.values):
        return influences.correlation(a.influence.values, b.influence.values, errors), "influences"
    return (-1.0, "bound") if a.model is not None and a.model == b.model else (0.0, "independent")


@dataclass(frozen=True, eq=False)
class Correlations:
    """The correlations of the errors of some rows, and how they are known; every array has the shape (rows, rows).

    Attributes:
        known: as far as they come from influences, 0 elsewhere.
        joint: the pairs of which they do.
        bound: the pairs that are taken as far apart as they can go wrong, which is used and cannot be simulated.
    """

    known: Floats
    joint: NDArray[np.bool_]
    bound: NDArray[np.bool_]

    @property
    def used(self) -> Floats:
        """What the errors of differences are computed with."""
        return np.where(self.bound, -1.0, self.known)


def correlations(origins: Sequence[Origin], errors: Sequence[float]) -> Correlations:
    """`correlation` of every pair of rows, in array code.

    Args:
        errors: the standard error of each.
    """
    seeds, models = (_codes([getattr(o, key) for o in origins]) for key in ("seeds", "model"))
    alike = (seeds[:, None] == seeds) & (seeds >= 0)
    np.fill_diagonal(alike, False)
    known, joint = np.zeros(alike.shape), np.zeros(alike.shape, bool)
    together: dict[tuple[int, int], list[int]] = {}
    for i, origin in enumerate(origins):
        if origin.influence is not None and seeds[i] >= 0:
            together.setdefault((int(seeds[i]), len(origin.influence.values)), []).append(i)
    for (_, n), rows in together.items():
        moved = np.stack([origins[i].influence.values for i in rows])  # type: ignore[union-attr]
        whole = np.array([max(errors[i], first_order_error(origins[i].influence.values)) for i in rows])  # type: ignore[union-attr]
        unit = np.outer(whole, whole)
        rho = np.divide(moved @ moved.T / n**2, unit, out=np.zeros_like(unit), where=unit > 0)
        known[np.ix_(rows, rows)] = np.clip(rho, -1, 1)  # rounding may leave that range
        joint[np.ix_(rows, rows)] = True
    np.fill_diagonal(known, 0.0)
    np.fill_diagonal(joint, False)
    return Correlations(known, joint, alike & ~joint & (models[:, None] == models) & (models >= 0))


def _codes(names: Sequence[str | None]) -> NDArray[np.int_]:
    """A number for each name, the same for equal ones; -1 for none."""
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([-1 if name is None else numbers[name] for name in names], int)


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
