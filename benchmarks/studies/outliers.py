"""Study `outliers`: does an outlier in one set make a bad other set look good?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import BadStudy
from ...reference_stats.moments import Moments
from ...registry.images import Images, ImageSource
from ..uncertainty import Z
from .changes import Change, of_blocks, of_subsets
from .design import shuffled
from .material import Material
from .readings import MOST, Readings, Yardstick, bads, called, decides, judges, metric_of, of_reference, of_train
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

KINDS = ("normal points", "noise", "negatives")
SIDES = ("real", "generated")
SHARES = (0.0, 0.0, 0.02, 0.1)  # of outliers in their set; the second is a single one
TOWARDS = 0.75  # of the way to the outliers, that the other set is shifted
POINTS, WIDTH = 400, 64  # normal points in a set, and their dimension
FAR = 8.0  # standard deviations from their middle to the outliers

Sets = dict[str, list[Readings]]  # by setting: of each resample


@dataclass(frozen=True)
class Setting:
    """Where outliers are, how many, and whether the other set is shifted towards them."""

    side: str
    shifted: bool
    outliers: int

    @property
    def name(self) -> str:
        return f"{self.side}/{'shifted' if self.shifted else 'equal'}/{self.outliers}"


def settings(n: int) -> list[Setting]:
    counts = sorted({0, 1, *(round(n * share) for share in SHARES)})
    return [Setting(side, shifted, count) for side in SIDES for shifted in (False, True) for count in counts]


def run(material: Material, steps: Steps, resamples: int, seed: int) -> list[Row]:
    if resamples < 3:
        raise BadStudy(f"{resamples} resamples show no spread", "use --resamples 3 or more")
    held_out = material.real(material.track.held_out)
    total = min(material.n, MOST, held_out.count, len(material.reference(material.space).features))
    n = total // 2
    columns = [c for c in material.columns(material.space) if c.against == "reference" and of_reference(c)]
    yardstick = Yardstick.of(material, n, columns)
    material.left_out.update(yardstick.left_out)
    plain = Yardstick.of(material, POINTS, [c for c in columns if not of_train(c)])
    rows: list[Row] = []
    for kind in steps.each(KINDS):
        own = {"n": n, "resamples": resamples, "seed": seed, "kind": kind, "towards": TOWARDS}
        of_points = kind == KINDS[0]
        if of_points:
            own |= {"points": [POINTS, WIDTH, FAR]}
            compute = partial(_of_points, plain, resamples, seed)
        else:
            compute = partial(_of_images, material, yardstick, held_out.first(total), kind, n, resamples, seed)
        known = decides(material, plain if of_points else yardstick, **own)
        found = material.part("outliers", kind.replace(" ", "-"), known, compute)
        rows += rows_of(kind, found["sets"], found["errors"], POINTS if of_points else n, None if of_points else total)
    return rows


def _of_points(yardstick: Yardstick, resamples: int, seed: int) -> dict[str, Any]:
    """Normal points drawn anew each time; outliers far out in one direction, close together."""
    sets: Sets = {}
    errors: dict[str, Readings] = {}
    for i in range(resamples):
        generator = torch.Generator().manual_seed(seed + i)
        real, fake, away = (torch.randn(POINTS, WIDTH, generator=generator) for _ in range(3))
        outliers = FAR * torch.ones(WIDTH) / WIDTH**0.5 + 0.1 * away
        for name, (left, right) in tampered(real, fake, outliers):
            now = yardstick.against(left, Moments.of(left))
            sets.setdefault(name, []).append(now.read(right))
            if i == 0 and name.endswith("/0"):
                errors[name] = now.errors(right)
    return {"sets": sets, "errors": errors}


def _of_images(
    material: Material, yardstick: Yardstick, held_out: ImageSource, kind: str, n: int, resamples: int, seed: int
) -> dict[str, Any]:
    """Features of real images, held out and of the reference; outliers are of images that are neither."""
    space = material.space
    measured = material.once(("outliers", "held-out"), lambda: material.measure(held_out, space))
    strange = material.measure(foreign(kind, held_out, seed), space).features
    fakes, bank = measured.features, yardstick.reference[: held_out.count]
    chosen = (shuffled(len(rows), resamples, seed + i) for i, rows in enumerate((fakes, bank, strange)))
    sets: Sets = {}
    errors: dict[str, Readings] = {}
    for i, (of_fake, of_bank, of_strange) in enumerate(zip(*chosen, strict=True)):
        for name, (left, right) in tampered(bank[of_bank[:n]], fakes[of_fake[:n]], strange[of_strange]):
            now = yardstick.against(left, Moments.of(left))
            sets.setdefault(name, []).append(now.read(right))
            if i == 0 and name.endswith("/0"):
                errors[name] = now.errors(right)
    return {"sets": sets, "errors": errors}


def foreign(kind: str, source: ImageSource, seed: int) -> ImageSource:
    """Images of the same shape that are not of the data set: noise, or negatives of its images."""

    def read(start: int, stop: int) -> Images:
        images = source.read(start, stop)
        if kind == "negatives":
            return Images(255 - images.pixels)
        streams = [
            np.random.Generator(np.random.Philox(key=np.array([seed, i], np.uint64))) for i in range(start, stop)
        ]
        return Images(np.stack([stream.integers(0, 256, images.shape, np.uint8) for stream in streams]))

    return ImageSource(f"{kind} for {source.name}", source.count, read)


def tampered(real: Tensor, fake: Tensor, outliers: Tensor) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
    """Real and generated features in every setting: as many rows as before, the last replaced by outliers.

    The set without outliers is shifted three quarters of the way from its middle to theirs.
    """
    middle = outliers.mean(dim=0)
    for setting in settings(len(real)):
        sets = {"real": real.clone(), "generated": fake.clone()}
        if setting.outliers:
            sets[setting.side][-setting.outliers :] = outliers[: setting.outliers]
        other = "generated" if setting.side == "real" else "real"
        if setting.shifted:
            sets[other] = sets[other] + TOWARDS * (middle - sets[other].mean(dim=0))
        yield setting.name, (sets["real"], sets["generated"])


def rows_of(
    kind: str,
    sets: Mapping[str, Sequence[Readings]],
    errors: Mapping[str, Mapping[str, float | None]],
    n: int,
    total: int | None,
) -> list[Row]:
    """The rows of one kind of outliers.

    Args:
        sets: by setting, the readings of each resample.
        errors: by setting without outliers, the standard error of each column.
        total: of how many images the resamples are; none: they are drawn anew.
    """
    rows: list[Row] = []
    for setting in settings(n):
        base = Setting(setting.side, setting.shifted, 0).name
        clean = sets[base]
        for key in clean[0]:
            values = [one[key] for one in sets[setting.name]]
            known = [value for value in values if value is not None]
            row: Row = {"what": "value", "kind": kind, "side": setting.side, "shifted": setting.shifted}
            row |= {"outliers": setting.outliers, "share": setting.outliers / n, "metric": key, "n": n}
            row["value"] = fmean(known) if len(known) == len(values) else None
            row["spread"] = stdev(known) if len(known) == len(values) else None
            now, before = bads(key, values), bads(key, [one[key] for one in clean])
            unit = errors[base].get(key)
            if setting.outliers and now and before and unit:
                apart = [a - b for a, b in zip(now, before, strict=True)]
                change: Change = of_blocks(apart) if total is None else of_subsets(apart, n, total)
                change = change.over(unit)
                row |= {"moved": change.mean, "lo": change.lo, "hi": change.hi}
            rows.append(row)
    return rows


def fooled(row: Row) -> bool:
    """Whether outliers make it look better, surely and by two standard errors or more."""
    known = row.get("hi") is not None and judges(metric_of(str(row["metric"])))
    return known and number(row, "hi") < 0 and number(row, "moved") < -Z


def moved(row: Row) -> bool:
    """Whether outliers move it either way, surely and by two standard errors or more."""
    known = row.get("hi") is not None and not number(row, "lo") <= 0 <= number(row, "hi")
    return known and abs(number(row, "moved")) > Z


def verdict(table: Table) -> list[Finding]:
    findings = []
    for side in SIDES:
        for kind in table.seen("kind"):
            single = list(table.of("value", kind=kind, side=side, shifted=True, outliers=1))
            if not single:
                continue
            taken = sorted((row for row in single if fooled(row)), key=lambda row: number(row, "moved"))
            clean = {row["metric"]: row for row in table.of("value", kind=kind, side=side, shifted=True, outliers=0)}
            said = ", ".join(
                f"{called(str(row['metric']))} ({before:.2f} to {number(row, 'value'):.2f})"
                for row in taken
                if (before := number(clean[row["metric"]], "value")) is not None
            )
            still = ", ".join(
                called(str(row["metric"])) for row in single if row.get("hi") is not None and not moved(row)
            )
            template = "A single outlier ({kind}) among the {side} {things}, the others shifted most of the way to it: "
            template += "looking better for it are {fooled}" if taken else "nothing looks better for it"
            template += "; not moved are {still}." if still else "; nothing stays where it was."
            things = "images" if side == "real" else "samples"
            numbers = {"kind": kind, "side": side, "things": things, "fooled": said, "still": still}
            findings.append(Finding(template, numbers))
    for side in SIDES:
        rows = list(table.of("value", side=side, shifted=False, outliers=1))
        stirred = sorted({called(str(row["metric"])) for row in rows if moved(row)})
        template = "Nothing shifted, a single outlier among the {side} moves "
        template += "{metrics}." if stirred else "no metric by two standard errors."
        findings.append(Finding(template, {"side": side, "metrics": ", ".join(stirred)}))
    return findings


def cells(table: Table) -> list[Cell]:
    """By how much one outlier makes the others, shifted towards it, look better: where it does most, for each material.

    Normal points are one material, the track's images the other.
    """
    found = []
    for key in table.seen("metric"):
        rows = [row for row in table.of("value", shifted=True, outliers=1, metric=key) if row.get("moved") is not None]
        for own in (
            [row for row in rows if row["kind"] == KINDS[0]],
            [row for row in rows if row["kind"] != KINDS[0]],
        ):
            if not own:
                continue
            row = min(own, key=lambda row: number(row, "moved"))
            things = "reference" if row["side"] == "real" else "samples"
            unit = f"standard errors at n = {row['n']:,}, by which one outlier ({row['kind']}) in the {things} makes "
            unit += "the others, shifted towards it, " + ("look better" if judges(metric_of(key)) else "fall")
            worth = (-number(row, "moved"), -number(row, "hi"), -number(row, "lo"))
            found.append(Cell(metric_of(key).name, "outliers", *worth, unit, table.study))
    return found
