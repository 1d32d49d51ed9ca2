"""What the pages of studies show: of each its question, what was found on which track, the figure, table and method."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from ...benchmarks.studies.headlines import headline, headline_of_points
from ...benchmarks.studies.listing import POINTS, STUDIES, Study
from ...benchmarks.studies.table import Table
from ...registry.resolve import PACKAGE, function
from ...registry.schema import Track
from ..charts.theme import Figure, inline
from ..export.tables import csv_bytes
from ..storage.study_sheets import Sheet
from ..storage.study_tables import Tables, place_of
from ..text.numbers import written
from .cautions import Caution, cautions_of
from .findings import short_title
from .matrix_view import MatrixView, Pictures, matrix_view
from .scorecard_view import OF_POINTS, CardView, card_view, points_card

FIGURES = "leaderboard.study_figures"
MOST = 200  # rows of a table that a page shows; the file has them all
# What a study's verdict or figure meets in rows that are not its own.
UNREAD = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Finding:
    """What a study found on a track.

    Attributes:
        page: the track's page below the site's root, or empty where it has none.
        title: of the track.
        headline: the finding in one sentence.
        verdict: what it found of the track's images, or of points that the study makes itself where it has no others.
        matrix: what metrics see of the faults that the study looks at; none where it looks at no spoilt images.
        brief: the part of the figure that the headline is about; empty where that is all of it.
        columns: of the table that have a value anywhere, and whether they hold numbers.
        rows: the first of them; the file has them all.
    """

    table: Table
    page: str
    title: str
    headline: str
    verdict: tuple[str, ...]
    matrix: MatrixView | None
    brief: Figure
    figure: Figure
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def at(self) -> str:
        """What names the track in an address: `digits-1`."""
        return _at(self.table)

    @property
    def samples(self) -> str:
        return f"{self.table.card.n:,} samples"

    @property
    def csv(self) -> str:
        return data_path(self.table)


@dataclass(frozen=True)
class StudyView:
    """A study, headed by what it found on the first of its tracks.

    Attributes:
        of_points: what it found of points that it makes itself beside a track's images, the same on every track.
        points_headline: that in one sentence.
    """

    study: Study
    heading: str
    findings: tuple[Finding, ...]
    of_points: tuple[str, ...] = ()
    points_headline: str = ""


@dataclass(frozen=True)
class StudiesView:
    studies: tuple[StudyView, ...]
    missing: tuple[tuple[str, str], ...]  # title and question of what has no table yet
    cards: tuple[CardView, ...]
    tables: Mapping[str, Table]  # by the path at which their rows are offered
    unreadable: tuple[tuple[str, str], ...]
    cautions: tuple[Caution, ...] = ()
    matrices: tuple[MatrixView, ...] = ()  # the one that says most first
    sheets: Mapping[tuple[str, str], Sheet] = field(default_factory=dict)  # as of `Tables`


def studies_view(tables: Tables, tracks: Mapping[str, Track], generators: Container[str]) -> StudiesView:
    """Every study that has a table, in the order of the list of studies.

    `generators` are those that have a page: studies may be of others, whose marks in figures lead nowhere.
    A table whose rows are not those of its study is listed with those that cannot be read.
    """
    found: dict[str, list[Finding]] = {}
    unreadable = list(tables.unreadable)
    good: dict[str, list[Table]] = {}
    for table in tables.readable.values():
        study = STUDIES[table.study]
        try:
            study.cells(table)
            cautions_of([table])
            finding = _finding(study, table, tracks, generators, _pictures(tables, table))
        except UNREAD as e:
            why = f"its rows are not those of the study: {type(e).__name__}"
            unreadable.append((place_of(table).as_posix(), why))
            continue
        found.setdefault(table.study, []).append(finding)
        good.setdefault(_id(table), []).append(table)
    return StudiesView(
        studies=tuple(_study(own, found[name]) for name, own in STUDIES.items() if name in found),
        missing=tuple((own.title, own.question) for name, own in STUDIES.items() if name not in found),
        cards=(
            *(card_view(_at(mine[0]), _title(mine[0], tracks), mine) for mine in good.values()),
            points_card([table for mine in good.values() for table in mine]),
        ),
        tables={data_path(table): table for mine in good.values() for table in mine},
        unreadable=tuple(unreadable),
        cautions=cautions_of(table for mine in good.values() for table in mine),
        matrices=_matrices(good, tables, tracks),
        sheets=tables.sheets,
    )


def _matrices(
    good: Mapping[str, Sequence[Table]], tables: Tables, tracks: Mapping[str, Track]
) -> tuple[MatrixView, ...]:
    found = []
    for mine in good.values():
        found.append(matrix_view(_at(mine[0]), _title(mine[0], tracks), mine, _pictures(tables, mine[0])))
    return tuple(sorted((one for one in found if one.rows), key=lambda one: -len(one.heads)))


def _pictures(tables: Tables, table: Table) -> dict[str, bytes]:
    """Those of a table's track, by the name of the fault."""
    return {name: png for (track, name), png in tables.pictures.items() if track == _id(table)}


def data_path(table: Table) -> str:
    """Where a study's rows are offered."""
    return f"data/study-{table.study}-{_at(table)}.csv"


def table_csv(table: Table) -> bytes:
    """A study's rows as CSV, every column that its study has."""
    columns = STUDIES[table.study].columns
    return csv_bytes(columns, [[row.get(name) for name in columns] for row in table.rows])


def _study(study: Study, findings: Sequence[Finding]) -> StudyView:
    mixed = study.made_up != POINTS
    of_points = (text for text in study.verdict(findings[0].table) if mixed and study.is_made_up(text))
    said = headline_of_points(findings[0].table)
    return StudyView(study, findings[0].headline, tuple(findings), tuple(of_points), said)


def _finding(
    study: Study, table: Table, tracks: Mapping[str, Track], generators: Container[str], pictures: Pictures
) -> Finding:
    all_made_up = study.made_up == POINTS
    title = f"{OF_POINTS[:1].upper()}{OF_POINTS[1:]}" if all_made_up else _title(table, tracks)
    shown = [name for name in study.columns if any(row.get(name) is not None for row in table.rows)]
    return Finding(
        table=table,
        page=f"tracks/{table.track.name}.html" if _is_here(table, tracks) and not all_made_up else "",
        title=title,
        headline=headline(table),
        verdict=tuple(text for text in study.verdict(table) if all_made_up or not study.is_made_up(text)),
        matrix=matrix_view(_at(table), title, [table], pictures) if study.of_faults and study.of_real else None,
        brief=_figure(study, table, generators, "brief"),
        figure=_figure(study, table, generators),
        columns=tuple((name, any(isinstance(row.get(name), float | int) for row in table.rows)) for name in shown),
        rows=tuple(tuple(_text(row.get(name)) for name in shown) for row in table.rows[:MOST]),
        facts=_facts(table),
    )


def _facts(table: Table) -> tuple[tuple[str, str], ...]:
    card = table.card
    left_out: dict[str, list[str]] = {}
    for name, why in card.left_out.items():
        left_out.setdefault(why, []).append(name)
    return (
        ("Samples", f"{card.n:,} a generator, seed {card.seed}"),
        ("Generators", ", ".join(g.name for g in card.generators)),
        ("Parameters", ", ".join(f"{key} = {value}" for key, value in sorted(card.parameters.items())) or "none"),
        ("Study version", str(card.version)),
        ("Made", f"{card.created[:10]} with genboard {card.genboard}"),
        *(("Left out", f"{', '.join(sorted(names))}: {why}") for why, names in sorted(left_out.items())),
    )


def _figure(study: Study, table: Table, generators: Container[str], name: str = "figure") -> Figure:
    """What a function in the module of the study's name draws; nothing where there is none."""
    module = f"{PACKAGE}.{FIGURES}.{study.name}"
    if find_spec(module) is None or not hasattr(import_module(module), name):
        return Figure()
    found: Figure = function(f"{study.name}:{name}", under=FIGURES)(table)
    return found._replace(drawing=inline(found.drawing, "../", generators))


def _id(table: Table) -> str:
    return place_of(table).parent.name


def _at(table: Table) -> str:
    return _id(table).replace("@", "-")


def _is_here(table: Table, tracks: Mapping[str, Track]) -> bool:
    return table.track.name in tracks and tracks[table.track.name].version == table.track.version


def _title(table: Table, tracks: Mapping[str, Track]) -> str:
    return short_title(tracks[table.track.name]) if _is_here(table, tracks) else _id(table)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}".replace("-", "−")
        case float():
            return f"{value:.4g}".replace("-", "−") if abs(value) < 1e5 else written(value, 0)
        case _:
            return str(value)
