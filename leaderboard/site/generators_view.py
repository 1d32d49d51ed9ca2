"""What the list of generators shows: who was measured, and the place of each on every track."""

from __future__ import annotations

from ..board.board import Row
from .content import Content, Made
from .findings import rank_text
from .sheets import stem


def generators_pages(site: Content) -> Made:
    """All generators in alphabetical order, baselines last: what each is, its place on each track, and a picture."""
    places: dict[str, dict[str, tuple[str, Row]]] = {}
    for board in site.boards.values():
        for row in board.rows:
            said = rank_text(row.place) or ("noise floor" if row is board.floor else "baseline")
            places.setdefault(row.name, {})[board.track.name] = said, row
    lines = [
        (records[0].result.generator, places.get(name, {}), site.sheets[stem(records[0])].strip)
        for name, records in site.generators.items()
    ]
    lines.sort(key=lambda line: line[0].baseline)
    baselines = sum(generator.baseline for generator, _, _ in lines)
    tracks = [name for name, board in site.boards.items() if board.rows]
    yield "generators.html", {"lines": lines, "baselines": baselines, "tracks": tracks}
