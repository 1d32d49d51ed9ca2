"""The exact protocol of a track, in words: a line, facts, and every column with what it is measured with."""

from __future__ import annotations

from ...benchmarks.drawing import PROTOCOL
from ...registry.catalog import entries
from ...registry.metrics import find_metric
from ...registry.schema import Extractor
from ..board.board import Board


def protocol_line(board: Board) -> str:
    track = board.track
    return f"{track.id} · N = {track.samples:,} · against {track.dataset}/{track.reference} · seed {track.seed}"


def protocol_facts(board: Board) -> tuple[tuple[str, str], ...]:
    """The exact protocol, in words."""
    track, key = board.track, board.track.primary
    counts = sorted({n for row in board.rows if (n := row.cells[key].n_reference) is not None})
    images = "".join(f", {n:,} images" for n in counts)
    searched = (
        "all of the training split" if track.train_features is None else f"{track.train_features:,} training images"
    )
    facts = [
        ("Track", f"{track.name}, version {track.version}"),
        ("Task", track.task),
        ("Samples", f"{track.samples:,} a generator, seed {track.seed}, sampling protocol {PROTOCOL}"),
        ("Measured against", f"{track.dataset}/{track.reference}{images}"),
        ("Generators may train on", f"{track.dataset}/{track.train}"),
        ("Noise floor", f"{track.dataset}/{track.held_out}: real images in place of samples"),
        ("Copies are searched for in", searched),
        ("Ranked by", f"{find_metric(board.columns[0].metric).title} in {board.columns[0].extractor} space"),
    ]
    if track.reference_seen:
        facts.append(("The reference was seen", track.reference_seen))
    facts += [(f"Images for {name}", ", ".join(steps)) for name, steps in sorted(track.conversions.items())]
    return tuple(facts)


def protocol_columns(board: Board) -> list[dict[str, object]]:
    """The columns of a track, as the protocol lists them; `known` is whether the registry has the feature space."""
    spaces = entries(Extractor)
    rows: list[dict[str, object]] = []
    for column in board.columns:
        metric = find_metric(column.metric)
        params = {**metric.params, **column.params}
        rows.append(
            {
                "metric": metric,
                "extractor": column.extractor,
                "known": column.extractor in spaces,
                "against": f"{board.track.dataset}/{board.track.split(column.against)}",
                "params": ", ".join(f"{key} = {value}" for key, value in params.items()),
                "version": board.specs.get(column.key, {}).get("version", metric.version),
            }
        )
    return rows
