"""Study `ruler`: what do the values of a metric look like, on real images made worse step by step?"""

from __future__ import annotations

from hashlib import sha256
from itertools import count

from ...core.errors import BadStudy
from ...registry.catalog import find
from ...registry.datasets import load_split
from ...registry.metrics import find_metric
from ...registry.schema import Track, TrackMetric
from ..scoring import score_track
from .context import StudyContext, versioned
from .evaluator import SIDES, apart, called, claimed, metric_of
from .ladders import GAP, UNALTERED, png, sheet, steps
from .rungs import AMOUNTS, exactly, ladders_of, layout_of, passing, phrase, worse_from
from .table import Row, Table

LEAST = 50  # images of a set
HEADLINE = 7  # columns of a track that boards show first


def run(context: StudyContext, seed: int) -> list[Row]:
    track = context.track
    held_out, train = context.real(track.held_out), context.real(track.train)
    n = min(context.n, held_out.count)
    if n < LEAST:
        raise BadStudy(f"{n} held-out images are too few for a ruler", "choose a track with 50 or more")
    columns = measured_columns(context)
    only = track.model_copy(update={"metrics": columns})
    references = {(context.space, side): context.reference(context.space, side) for side in SIDES}
    found = list(steps(held_out, train, n, seed))
    pixels, (height, width) = sheet(found)
    shape = held_out.read(0, 1).shape
    digest = sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    layout = {"tile_height": height, "tile_width": width, "gap": GAP, "digest": digest}
    rows: list[Row] = [
        {"what": "pictures", "n": n, "side": min(shape[:2]), "classes": len(context.dataset.classes or ()), **layout}
    ]
    names = context.dataset.classes or ()
    counts = {ladder: count() for ladder in [UNALTERED, *AMOUNTS]}
    known = {"version": 1, "columns": versioned(columns), "seed": seed, "n": n, **context.space_identity()}
    labelled = {f"{step.ladder}-{step.strength:.4g}": step for step in found}
    for strip, name in enumerate(context.each(list(labelled))):
        step = labelled[name]

        def measure() -> dict[str, dict[str, float | None]]:
            images = context.measure(step.images, context.space)  # noqa: B023 (called before the loop goes on)
            scored = score_track(only, {context.space: images}, references)
            return {column.key: claimed(one.record) for column, one in zip(columns, scored, strict=True)}

        values = context.part("ruler", name, {**known, "step": name}, measure)
        severity = next(counts[step.ladder]) + (step.ladder != UNALTERED)
        at = {"ladder": step.ladder, "severity": severity, "strength": step.strength}
        missing = ", ".join(names[i] if i < len(names) else str(i) for i in step.missing)
        rows.append(
            {"what": "step", **at, "strip": strip, "n": n, "missing": missing or None, "filled": step.filled or None}
        )
        rows += [{"what": "value", **at, "metric": one.key, "n": n, **values[one.key]} for one in columns]
    return rows


def measured_columns(context: StudyContext) -> tuple[TrackMetric, ...]:
    """The columns that boards show first, of those with a better end in the space that the track ranks in."""
    return tuple(
        column
        for column in context.columns(context.space)
        if column in context.track.metrics[:HEADLINE]
        and column.against == "reference"
        and find_metric(column.metric).better is not None
    )


def picture(table: Table) -> bytes:
    """The strips of a table as one PNG, a strip for each step in the order of its rows; made from the images anew."""
    track, own = find(Track, table.track.name), layout_of(table)
    held_out, train = (load_split(track.dataset, split) for split in (track.held_out, track.train))
    return png(sheet(list(steps(held_out, train, own["n"], table.card.parameters["seed"])))[0])


def verdict(table: Table) -> list[str]:
    primary = table.card.primary
    ladders, metric = ladders_of(table, primary), metric_of(primary)
    sentences = []
    if "classes" in ladders:
        one = ladders["classes"][1]
        like = {name: passing(own, one.loss) for name, own in ladders.items() if name != "classes"}
        words = [phrase(table, name, exactly(at)) for name, at in like.items() if at is not None]
        if words:
            missing = phrase(table, "classes", exactly(one.strength))
            by = f"By {metric.title} ({one.value:.3g}), real images {missing}"
            listed = " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
            sentences.append(f"{by} are as far from the reference as real images {listed}.")
    for name, own in ladders.items():
        since, most = worse_from(own, primary), phrase(table, name, exactly(own[-1].strength))
        goes = f"{AMOUNTS[name].title}: {called(primary)} goes from {own[0].value:.3g} to {own[-1].value:.3g}"
        worse = f"significantly worse from step {since} on" if since else "not significantly worse at the last step"
        sentences.append(f"{goes} in {len(own) - 1} steps, the last of images {most}; {worse}.")
    blind = [
        f"{called(key)} ({AMOUNTS[name].title.lower()})"
        for key in table.seen("metric")
        for name, own in ladders_of(table, key).items()
        if worse_from(own, key) is None and apart(own[-1].claimed, own[0].claimed) is not None
    ]
    if blind:
        sentences.append(f"Not significantly worse at the last step: {', '.join(blind)}.")
    return sentences
