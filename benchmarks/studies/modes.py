"""Study `modes`: which metrics notice classes that are missing, rare, too frequent or invented?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import fmean, stdev

import torch

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from ...registry.catalog import find
from ...registry.images import Images, ImageSource
from ...registry.schema import Dataset
from .changes import of_subsets
from .material import Material
from .readings import MOST, Readings, Yardstick, bads, called, decides, judges, metric_of, surely
from .steps import Steps
from .table import Cell, Finding, Row, Table, Value, number

SHARE = 4  # of all held-out images, samples are one in so many: enough of the classes that are left
KINDS = ("dropped", "thinned", "frequent", "invented")
TITLES = {
    "dropped": "classes dropped one after another",
    "thinned": "the same classes thinned together",
    "frequent": "one class too frequent",
    "invented": "classes invented",
}
MISSING = ("dropped", "thinned")


@dataclass(frozen=True)
class Mix:
    """How many samples of each class, and how many of it are of its invented counterpart.

    Attributes:
        step: how many classes' worth of samples are not where they should be.
    """

    kind: str
    step: int
    real: tuple[int, ...]
    invented: tuple[int, ...]


def mixes(counts: Sequence[int], n: int) -> list[Mix]:
    """Every mix of n samples, classes being in the order in which they are tampered with.

    Args:
        counts: images of each class that there are.
    """
    classes, plain = len(counts), tuple(divided(n, counts))
    nothing = (0,) * classes
    found = [Mix(kind, 0, plain, nothing) for kind in KINDS]
    # As many as leave enough images of the rest; and one class, at most, as often as it has images.
    droppable = max(d for d in range(classes) if sum(counts[d:]) >= n)
    for step in range(1, droppable + 1):
        left = (0,) * step + tuple(divided(n, counts[step:]))
        found.append(Mix("dropped", step, left, nothing))
        # The same number of samples is missing, but of all the classes that are ever dropped.
        gone = sum(plain[:step]) / max(1, sum(plain[:droppable]))
        thin = [round(count * (1 - gone)) for count in plain[:droppable]]
        rest = tuple(divided(n - sum(thin), counts[droppable:]))
        found.append(Mix("thinned", step, (*thin, *rest), nothing))
    for step in range(1, classes):
        more = plain[0] * (1 + step)
        if more <= counts[0] and more < n:
            found.append(Mix("frequent", step, (more, *divided(n - more, counts[1:])), nothing))
    for step in range(1, droppable + 1):
        # Each invented class is as large as a real one, and all together give way to it.
        away = divided(sum(plain[:step]), plain)
        found.append(
            Mix(
                "invented",
                step,
                tuple(a - b for a, b in zip(plain, away, strict=True)),
                plain[:step] + (0,) * (classes - step),
            )
        )
    return found


def divided(n: int, shares: Sequence[int]) -> list[int]:
    """n in whole numbers in these proportions: the largest remainders are rounded up.

    >>> divided(10, [1, 1, 1])
    [4, 3, 3]
    """
    total = sum(shares)
    exact = [n * share / total for share in shares]
    whole = [int(x) for x in exact]
    order = sorted(range(len(shares)), key=lambda i: (whole[i] - exact[i], i))
    for i in order[: n - sum(whole)]:
        whole[i] += 1
    return whole


def run(material: Material, steps: Steps, resamples: int, seed: int) -> list[Row]:
    track = material.track
    if not find(Dataset, track.dataset).classes:
        raise BadStudy(
            f"data set {track.dataset!r} of track {track.name!r} has no classes to drop", "take a track of classes"
        )
    if resamples < 3:
        raise BadStudy(f"{resamples} resamples show no spread", "use --resamples 3 or more")
    source = material.real(track.held_out)
    total = min(material.n, SHARE * MOST, source.count)
    n = min(MOST, total // SHARE)
    yardstick = Yardstick.of(material, n)
    material.left_out.update(yardstick.left_out)
    known = decides(material, yardstick, n=n, resamples=resamples, seed=seed)
    reads: dict[str, list[Readings]] = {}
    for place, _ in enumerate(steps.each([f"order {i + 1}" for i in range(resamples)])):
        own = {**known, "order": place}
        compute = partial(_read, material, yardstick, source, n, total, place, seed)
        found = material.part("modes", f"order-{place}", own, compute)
        for name, reading in found.items():
            reads.setdefault(name, []).append(reading)
    return rows_of(reads, n, total)


def _read(
    material: Material, yardstick: Yardstick, source: ImageSource, n: int, total: int, place: int, seed: int
) -> dict[str, Readings]:
    """Every mix, with classes and images in an order of their own, against a part of the bank of its own."""
    space, images = material.space, source.first(total)
    real: Measured = material.once(("modes", "real"), lambda: material.measure(images, space))
    strange: Measured = material.once(("modes", "strange"), lambda: material.measure(negatives(images), space))
    assert real.labels is not None
    generator = torch.Generator().manual_seed(seed + place)
    shuffled = torch.randperm(len(real.labels), generator=generator)
    classes = real.labels.unique()
    order = classes[torch.randperm(len(classes), generator=generator)]
    rows = [shuffled[real.labels[shuffled] == label] for label in order]
    bank = yardstick.reference[torch.randperm(len(yardstick.reference), generator=generator)[:n]]
    found: dict[str, Readings] = {}
    for mix in mixes([len(own) for own in rows], n):
        if mix.step == 0 and found:  # all kinds begin with the same
            found[f"{mix.kind}/0"] = next(iter(found.values()))
            continue
        taken = torch.cat([own[:count] for own, count in zip(rows, mix.real, strict=True)])
        made = torch.cat([own[:count] for own, count in zip(rows, mix.invented, strict=True)])
        features = torch.cat([real.features[taken], strange.features[made]])
        logits = None
        if real.logits is not None and strange.logits is not None:
            logits = torch.cat([real.logits[taken], strange.logits[made]])
        found[f"{mix.kind}/{mix.step}"] = yardstick.against(bank).read(features, logits)
    return found


def negatives(source: ImageSource) -> ImageSource:
    """The negative of every image: classes that the data set does not have."""

    def read(start: int, stop: int) -> Images:
        images = source.read(start, stop)
        return Images(255 - images.pixels, images.labels)

    return ImageSource(f"negatives of {source.name}", source.count, read)


def rows_of(reads: Mapping[str, Sequence[Readings]], n: int, total: int) -> list[Row]:
    """The rows, from the readings of each mix in each order; mixes that not every order allows are left out."""
    orders = max(len(found) for found in reads.values())
    rows: list[Row] = []
    for name, found in reads.items():
        kind, _, step = name.partition("/")
        if len(found) < orders:
            continue
        clean = reads[f"{kind}/0"]
        for key in found[0]:
            values = [one[key] for one in found]
            known = [value for value in values if value is not None]
            row: Row = {"what": "value", "kind": kind, "step": int(step), "metric": key, "n": n}
            whole = len(known) == orders
            row |= {"value": fmean(known) if whole else None, "spread": stdev(known) if whole else None}
            now, before = bads(key, values), bads(key, [one[key] for one in clean])
            # The spread of fresh draws: subsets of one set vary less, the nearer they come to all of it.
            unit = stdev(before) / (1 - n / total) ** 0.5 if before else 0.0
            if int(step) and now and before and unit > 0:
                change = of_subsets([a - b for a, b in zip(now, before, strict=True)], n, total).over(unit)
                row |= {"moved": change.mean, "lo": change.lo, "hi": change.hi}
            rows.append(row)
    return sorted(rows, key=lambda row: (KINDS.index(str(row["kind"])), number(row, "step")))


def verdict(table: Table) -> list[Finding]:
    findings = []
    for kind in table.seen("kind"):
        last = max(int(number(row, "step")) for row in table.of("value", kind=kind))
        if not last:
            continue
        noticed: list[tuple[int, str]] = []
        blind, better, moving = [], [], []
        for key in table.seen("metric"):
            rows = [row for row in table.of("value", kind=kind, metric=key) if row.get("lo") is not None]
            if len(rows) < last:
                continue
            signs = [surely(row) for row in rows]
            if not judges(metric_of(key)):
                if signs[-1]:
                    moving.append(called(key))
            elif signs[-1] > 0:
                first = next(i for i in range(len(signs)) if all(sign > 0 for sign in signs[i:]))
                noticed.append((int(number(rows[first], "step")), called(key)))
            elif signs[-1] < 0:
                better.append(called(key))
            else:
                blind.append(called(key))
        said = ", ".join(f"{metric} ({step})" for step, metric in sorted(noticed))
        template = "{title}, up to {last}: "
        template += "noticed by, and from which step on, {noticed}" if noticed else "noticed by no metric"
        for name, names in (("blind", blind), ("better for it", better), ("moving, with no better end", moving)):
            template += f"; {name}: {', '.join(names)}" if names else ""
        findings.append(Finding(template + ".", {"title": TITLES[kind].capitalize(), "last": last, "noticed": said}))
    for metric in ("recall", "coverage"):
        for kind in MISSING:
            finding = _in_step(table, metric, kind)
            if finding:
                findings.append(finding)
    return findings


def _in_step(table: Table, metric: str, kind: str) -> Finding | None:
    """Whether a metric falls with every step."""
    for key in table.seen("metric"):
        if metric_of(key).name == metric and not key.endswith(":train"):
            values = [number(row, "value") for row in table.of("value", kind=kind, metric=key)]
            falls = sum(b < a for a, b in pairwise(values))
            template = "{metric} falls from {first:.2f} to {last:.2f} as {title}, {always} ({falls} of {steps} steps)."
            always = "at every step" if falls == len(values) - 1 else "not at every step"
            numbers: dict[str, Value] = {"metric": metric, "first": values[0], "last": values[-1], "falls": falls}
            words = {"title": TITLES[kind].replace("classes d", "classes are d").replace("classes t", "classes are t")}
            return Finding(template, {**numbers, **words, "always": always, "steps": len(values) - 1})
    return None


def cells(table: Table) -> list[Cell]:
    """How far half of the classes that can be dropped, when dropped, move each metric."""
    last = max((int(number(row, "step")) for row in table.of("value", kind="dropped")), default=0)
    half, found = (last + 1) // 2, []
    for row in table.of("value", kind="dropped", step=half):
        key = str(row["metric"])
        if row.get("moved") is None or key.endswith(":train"):
            continue
        unit = f"standard errors at n = {row['n']:,}, by which {half} dropped classes "
        unit += "make it worse" if judges(metric_of(key)) else "raise it (no end is better)"
        moved, lo, hi = (number(row, column) for column in ("moved", "lo", "hi"))
        found.append(Cell(metric_of(key).name, "dropped modes", moved, lo, hi, unit, table.study))
    return found
