"""What the list of generators shows: who was measured, and the place of each on every track."""

from __future__ import annotations

from dataclasses import dataclass

from ..charts.families import family_class
from .content import Content, Made
from .findings import rank_text
from .sheets import Picture, stem


@dataclass(frozen=True)
class GeneratorLine:
    name: str
    title: str
    family: str
    colour: str
    task: str
    baseline: bool
    places: tuple[tuple[str, str], ...]  # track, rank on it or what it is there
    strip: Picture | None


def generators_pages(site: Content) -> Made:
    tracks = [name for name, board in site.boards.items() if board.rows]
    yield "generators.html", {"lines": _lines(site), "tracks": tracks}


def _lines(site: Content) -> tuple[GeneratorLine, ...]:
    """All generators in alphabetical order, baselines last."""
    places: dict[str, list[tuple[str, str]]] = {}
    for board in site.boards.values():
        for row in board.rows:
            said = rank_text(row.place) if row.place else "noise floor" if row is board.floor else "baseline"
            places.setdefault(row.name, []).append((board.track.name, said))
    lines = []
    for name, records in site.generators.items():
        head = records[0].result.generator
        lines.append(
            GeneratorLine(
                name=name,
                title=head.title,
                family="" if head.baseline and head.family == "baseline" else head.family,
                colour=family_class(head.family, head.baseline),
                task=head.task,
                baseline=head.baseline,
                places=tuple(places.get(name, [])),
                strip=site.sheets[stem(records[0])].strip,
            )
        )
    return tuple(sorted(lines, key=lambda line: line.baseline))
