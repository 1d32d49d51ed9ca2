"""Study `copies`: which metrics notice that samples are copies of training images?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import hypot
from statistics import fmean, stdev

import torch

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from ...registry.images import ImageSource
from ..uncertainty import Z
from .alterations import altered_source
from .changes import of_subsets
from .material import Material
from .readings import MOST, Readings, Yardstick, bads, called, decides, judges, metric_of, surely
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
KINDS = ("exact", "augmented")
AUGMENTED = ("shift", "noise")  # one after the other, at the mildest severity
PAIRS = 100_000_000  # of samples and training images in a reading: what the study is about may take its time
SCORED = 0.1  # share of copies that the scorecard shows


def run(material: Material, steps: Steps, resamples: int, seed: int) -> list[Row]:
    if resamples < 3:
        raise BadStudy(f"{resamples} resamples show no spread", "use --resamples 3 or more")
    track = material.track
    held_out, train = material.real(track.held_out), material.real(track.train)
    total = min(material.n, 2 * MOST, held_out.count, train.count)
    n = total // 2
    yardstick = Yardstick.of(material, n, pairs=PAIRS)
    material.left_out.update(yardstick.left_out)
    known = decides(material, yardstick, n=n, resamples=resamples, seed=seed)
    sources = {"held-out": held_out.first(total), "exact": train.first(total)}
    sources["augmented"] = augmented(sources["exact"], seed)
    reads: dict[str, list[Readings]] = {}
    for place, _ in enumerate(steps.each([f"draw {i + 1}" for i in range(resamples)])):
        compute = partial(_read, material, yardstick, sources, n, seed + place)
        found = material.part("copies", f"draw-{place}", {**known, "draw": place}, compute)
        for name, reading in found.items():
            reads.setdefault(name, []).append(reading)
    ties = steps.one(
        "all training images", lambda: material.part("copies", "all", known, partial(_all, material, sources))
    )
    return [*rows_of(reads, n, total), *tie_rows(ties, total)]


def augmented(source: ImageSource, seed: int) -> ImageSource:
    """The images, each altered a little."""
    for name in AUGMENTED:
        source = altered_source(name, source, 1, seed)
    return source


def _measured(material: Material, sources: Mapping[str, ImageSource]) -> dict[str, Measured]:
    return {
        name: material.once(("copies", name, source.count), partial(material.measure, source, material.space))
        for name, source in sources.items()
    }


def _read(
    material: Material, yardstick: Yardstick, sources: Mapping[str, ImageSource], n: int, seed: int
) -> dict[str, Readings]:
    """Every share of copies of each kind, of images drawn at random, against a part of the bank of its own."""
    measured = _measured(material, sources)
    generator = torch.Generator().manual_seed(seed)
    fresh, copied = (
        torch.randperm(len(measured[kind].features), generator=generator) for kind in ("held-out", "exact")
    )
    bank = yardstick.reference[torch.randperm(len(yardstick.reference), generator=generator)[:n]]
    found: dict[str, Readings] = {}
    for kind in KINDS:
        for share in SHARES:
            copies = round(n * share)
            if not copies and found:
                found[f"{kind}/{share}"] = next(iter(found.values()))
                continue
            parts = ((measured["held-out"], fresh[: n - copies]), (measured[kind], copied[:copies]))
            features = torch.cat([one.features[rows] for one, rows in parts])
            logits = [one.logits[rows] for one, rows in parts if one.logits is not None]
            reading = yardstick.against(bank).read(features, torch.cat(logits) if len(logits) == 2 else None)
            found[f"{kind}/{share}"] = reading
    return found


def _all(material: Material, sources: Mapping[str, ImageSource]) -> dict[str, dict[str, Readings]]:
    """Value and standard error of each column, of as many held-out images and of training images as there are."""
    measured = _measured(material, sources)
    found = {}
    for name in ("held-out", "exact"):
        features, logits = measured[name].features, measured[name].logits
        whole = Yardstick.of(material, len(features), pairs=PAIRS)
        whole = whole.against(whole.reference[: len(features)])
        found[name] = {"value": whole.read(features, logits), "se": whole.errors(features, logits)}
    return found


def rows_of(reads: Mapping[str, Sequence[Readings]], n: int, total: int) -> list[Row]:
    """The rows of each share of copies, from the readings of each draw."""
    rows: list[Row] = []
    for name, found in reads.items():
        kind, _, share = name.partition("/")
        clean = reads[f"{kind}/{SHARES[0]}"]
        for key in found[0]:
            values = [one[key] for one in found]
            known = [value for value in values if value is not None]
            whole = len(known) == len(values)
            row: Row = {"what": "value", "kind": kind, "share": float(share), "metric": key, "n": n}
            row |= {"value": fmean(known) if whole else None, "spread": stdev(known) if whole else None}
            now, before = _seen(key, values), _seen(key, [one[key] for one in clean])
            unit = stdev(before) / (1 - n / total) ** 0.5 if before and n < total else 0.0
            if float(share) and now and before:
                row["better"] = sum(a < b for a, b in zip(now, before, strict=True))
                row["draws"] = len(now)
            if float(share) and now and before and unit > 0:
                change = of_subsets([a - b for a, b in zip(now, before, strict=True)], n, total).over(unit)
                row |= {"moved": change.mean, "lo": change.lo, "hi": change.hi}
            rows.append(row)
    return rows


def _seen(key: str, values: Sequence[float | None]) -> list[float] | None:
    """How bad each value is, where the metric judges copies at all; of a test for copies, the more the lower."""
    if metric_of(key).detects_copies:
        known = [-value for value in values if value is not None]
        return known if len(known) == len(values) else None
    return bads(key, values)


def tie_rows(found: Mapping[str, Mapping[str, Readings]], n: int) -> list[Row]:
    """Held-out images and training images side by side."""
    rows: list[Row] = []
    for key, value in found["held-out"]["value"].items():
        copy, error = found["exact"]["value"][key], _joint(found, key)
        rows.append({"what": "tie", "metric": key, "n": n, "value": value, "copy": copy, "se": error})
    return rows


def _joint(found: Mapping[str, Mapping[str, Readings]], key: str) -> float | None:
    """The standard error of the difference of the two."""
    a, b = (found[name]["se"][key] for name in ("held-out", "exact"))
    return None if a is None or b is None else hypot(a, b)


def verdict(table: Table) -> list[Finding]:
    findings = []
    for kind in table.seen("kind"):
        noticed: list[tuple[float, str]] = []
        rewarded, blind = [], []
        for key in table.seen("metric", "value"):
            rows = [row for row in table.of("value", kind=kind, metric=key) if row.get("lo") is not None]
            if not rows or not (judges(metric_of(key)) or metric_of(key).detects_copies):
                continue
            signs = [surely(row) for row in rows]
            if signs[-1] > 0:
                first = next(i for i in range(len(signs)) if all(sign > 0 for sign in signs[i:]))
                noticed.append((number(rows[first], "share"), called(key)))
            elif signs[-1] < 0:
                rewarded.append(called(key))
            else:
                blind.append(called(key))
        template = "{kind} copies: "
        template += "noticed by, and from which share on, {noticed}" if noticed else "noticed by no metric"
        template += "; rewarded by {rewarded}" if rewarded else ""
        template += "; blind: {blind}." if blind else "; none is blind."
        said = ", ".join(f"{metric} ({share:.0%})" for share, metric in sorted(noticed))
        numbers = {"kind": str(kind).capitalize(), "noticed": said}
        findings.append(Finding(template, {**numbers, "rewarded": ", ".join(rewarded), "blind": ", ".join(blind)}))
    findings += [finding for row in table.of("tie") if (finding := _tie(row))]
    for row in table.of("value", kind="exact", share=1.0):
        key = str(row["metric"])
        if metric_of(key).name != "fd" or row.get("better") is None:
            continue
        clean = next(table.of("value", kind="exact", share=0.0, metric=key))
        side = "training images" if key.endswith(":train") else "reference"
        findings.append(
            Finding(
                "Nothing but copies is nearer to the {side} than fresh images in {better} of {draws} draws (fd "
                "{copy:.2f} and {value:.2f} on average).",
                {
                    "side": side,
                    "better": row["better"],
                    "draws": row["draws"],
                    "copy": row["value"],
                    "value": clean["value"],
                },
            )
        )
    return findings


def _tie(row: Row) -> Finding | None:
    """What a Fréchet distance to the reference says of training images beside held-out ones."""
    key = str(row["metric"])
    known = row["copy"] is not None and row["value"] is not None and row["se"] is not None
    if metric_of(key).name != "fd" or key.endswith(":train") or not known:
        return None
    gap, error = number(row, "copy") - number(row, "value"), number(row, "se")
    said = "tie with" if abs(gap) <= Z * error else "beat" if gap < 0 else "fall behind"
    return Finding(
        "Training images {said} held-out ones in fd against the reference: {copy:.2f} and {value:.2f}, {away:.1f} "
        "standard errors of their difference apart.",
        {"said": said, "copy": row["copy"], "value": row["value"], "away": abs(gap) / error},
    )


def cells(table: Table) -> list[Cell]:
    """How far a tenth of copies moves each metric, exact ones."""
    found = []
    for row in table.of("value", kind="exact", share=SCORED):
        key = str(row["metric"])
        if row.get("moved") is None or key.endswith(":train"):
            continue
        copied = metric_of(key).detects_copies
        unit = f"standard errors at n = {row['n']:,}, by which {SCORED:.0%} copies of training images "
        unit += "lower it, as they should" if copied else "make it worse" if judges(metric_of(key)) else "raise it"
        moved, lo, hi = (number(row, column) for column in ("moved", "lo", "hi"))
        found.append(Cell(metric_of(key).name, "copies", moved, lo, hi, unit, table.study))
    return found
