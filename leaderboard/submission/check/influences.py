"""Checks of the influences: they are those that the result names, and give its standard errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ....benchmarks.influences import ROUNDING, Floats, read_influences
from ....benchmarks.result import influence_path
from ....core.errors import GenboardError
from .finding import Problem
from .tree import Case
from .values import EXACT, up_to_date

# The variance of the influences over the square of the standard error. That may hold Wilson's half a hit too, and is
# then far larger; of a Fréchet distance near zero, up to half of the variance is taken away.
LEAST, MOST = 0.001, 2.1
# Of means and projections it is one, but for rounding: one sample may be all of it.
_WHOLE = {"kid", "cmmd", "is", "density", "vendi", "nn_ratio"}
_BOUNDS = {"fd": (0.998, 2.002), "fd_debiased": (0.998, 2.002), **dict.fromkeys(_WHOLE, (0.998, 1.002))}
# Errors that hold more than those of the samples: of real images, or of training.
_MORE = {"cas", "cas_gap", "gan_test", "conditional_accuracy_corrected", "representation"}
EXPECTED = {*_WHOLE, "fd", "fd_debiased", "precision", "authenticity", "alpha_precision", "c_t"}
# Metrics that are means of counts: the counts are multiples of one over this, or over k.
_COUNTS = {"precision", "authenticity", "density"}
_OFF_LATTICE = 0.01


def absent(case: Case) -> Iterator[Problem]:
    there = influence_path(case.path).is_file() or influence_path(case.path).is_symlink()
    if case.result.influences is not None and not there:
        yield Problem("influences", f"there is no {influence_path(case.path).name}")
    elif case.result.influences is None and there:
        yield Problem("influences", f"not there, and {influence_path(case.path).name} is")


def unchecked(case: Case) -> Iterator[Problem]:
    """Standard errors that nothing bears out, of metrics that have influences."""
    result = case.result
    if case.current is None or result.status == "failed" or not up_to_date(case):
        return
    if result.influences is None:
        yield Problem("influences", "none: no standard error can be checked")
        return
    arrays = found(case)
    missing = [r.key for r in result.metrics if r.name in EXPECTED and r.uncertainty and r.key not in arrays]
    missing = [key for key in missing if (m := result.metric(key)) and m.uncertainty and m.uncertainty.se > 0]
    if arrays and missing:
        yield Problem("influences", f"none of {', '.join(missing)}")


def other_values(case: Case) -> Iterator[Problem]:
    """Of a mean of counts, the influences are the counts less the value."""
    if case.current is None or case.current.task == "class" or not up_to_date(case):
        return  # of labels that are fixed they are about the mean of each
    arrays = found(case)
    for i, record in enumerate(case.result.metrics):
        x, k = arrays.get(record.key), record.params.get("k") if record.name == "density" else 1
        if x is None or record.name not in _COUNTS or record.value is None or not isinstance(k, int) or len(x) < 2:
            continue
        counts = (x / (len(x) / (len(x) - 1)) ** 0.5 + record.value) * k
        slack = _OFF_LATTICE + ROUNDING * k * np.abs(x)
        off, most = np.abs(counts - counts.round()), 1 if k == 1 else np.inf
        if (off > slack).any() or (counts < -slack).any() or (counts > most + slack).any():
            yield Problem(f"metrics.{i}.value", f"{record.value:g}, the influences of the samples are of another value")


def unusable(case: Case) -> Iterator[Problem]:
    path = influence_path(case.path)
    if case.result.influences is not None and path.exists():
        try:
            read_influences(path, case.result)
        except GenboardError as e:
            yield Problem("influences.sha256", e.fact.removeprefix(f"{path}: "))


def other_errors(case: Case) -> Iterator[Problem]:
    arrays = found(case)
    for i, record in enumerate(case.result.metrics):
        x, u = arrays.get(record.key), record.uncertainty
        if x is None:
            continue
        if u is None:
            yield Problem(f"metrics.{i}.uncertainty", "null, and there are influences on the value")
            continue
        variance = float(x @ x) / len(x) ** 2
        if record.value is None or u.se <= EXACT * abs(record.value) or variance**0.5 <= EXACT * u.se:
            continue
        ratio = variance**0.5 / u.se  # not squared: a hostile error may be too large, or too small, for that
        least, most = _BOUNDS.get(record.name, (LEAST, MOST)) if up_to_date(case) else (LEAST, MOST)
        if record.name in _MORE or (record.name == "c_t" and _of_copies(case)):
            least = 0.0  # copies have as good as equal influences within each label
        if not least**0.5 <= ratio <= most**0.5:
            yield Problem(
                f"metrics.{i}.uncertainty.se",
                f"{u.se:g}, the influences of the samples give {variance**0.5:g}",
            )


def _of_copies(case: Case) -> bool:
    """Whether a row may hold copies, honestly: a baseline of the registry, or any on a track that asks for classes."""
    registered = case.entry is not None and case.entry.baseline
    return registered or (case.track is not None and case.track.task == "class")


def found(case: Case) -> Mapping[str, Floats]:
    """The influences; none where they cannot be read, which another check tells."""
    if case.result.influences is None:
        return {}
    try:
        arrays = read_influences(influence_path(case.path), case.result)
    except GenboardError:
        return {}
    return {key: x for key, x in arrays.items() if len(x) > 1}
