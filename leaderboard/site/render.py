"""Results and studies to a site: a pure mapping from relative paths to contents, byte for byte the same for the same
results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from ...core.files import canonical_json, sha256
from ...registry.catalog import entries
from ...registry.metrics import find_metric
from ...registry.schema import Dataset, Extractor, Track
from ..board.board import Board, make_board
from ..storage.records import Record, Records
from ..storage.study_tables import Tables
from ..verification.log_entry import LEVELS
from .agreement_view import agreement_view
from .compare_view import compare_view
from .downloads import downloads
from .forest_view import board_forest
from .generator_view import generator_view, shown
from .glossary_view import dataset_entries, extractor_entries, metric_entries
from .index_view import commands, generator_lines, index_view
from .output import LISTING
from .pages import Nav, navigation, page, static
from .pareto_view import front_views
from .scorecard_view import said_of_metrics
from .sheets import Sheet, read_sheet, stem
from .studies_view import StudiesView, studies_view, table_csv
from .track_view import track_view

NO_TABLES = Tables({}, ())


def render_site(
    records: Records, tracks: Mapping[str, Track], studies: Tables = NO_TABLES, base: str | None = None
) -> dict[str, bytes]:
    """Every file of the site by its path.

    Args:
        records: all results at hand; the preview and the verification log beside each file are read too.
        tracks: the tracks by name; results on others are shown on their generators' pages only.
        studies: the tables of studies at hand.
        base: address of the folder it will be published in, for the page that is shown at any address.
    """
    made = (make_board(tracks[name], records.readable) for name in sorted(tracks))
    # Tracks with a ranking first, then those with rows at all, then the empty ones.
    boards = {b.track.name: b for b in sorted(made, key=lambda b: (not b.ranked, not b.rows))}
    generators = _by_generator(records.readable, boards)
    sheets = {stem(r): read_sheet(r) for r in _pictured(generators, boards)}
    compared = [name for name, board in boards.items() if len(board.rows) > 1]
    nav = navigation(f"compare/{compared[0]}.html" if compared else None)
    files = {name: static(name) for name in ("style.css", "site.js")}
    found_by_studies = studies_view(studies, tracks, "../")
    home = index_view(boards, records.readable, len(generators), records.unreadable, sheets, found_by_studies)
    files["index.html"] = page("index.html", nav, "home", view=home)
    for board in boards.values():
        files |= _track_pages(board, records, boards, sheets, nav, compared)
    lines = generator_lines(generators, boards, sheets)
    files["generators.html"] = page(
        "generators.html", nav, "generators", lines=lines, tracks=[name for name, b in boards.items() if b.rows]
    )
    for name, found in generators.items():
        view = generator_view(name, found, boards, sheets)
        files[f"generators/{name}.html"] = page("generator.html", nav, "generators", depth=1, exact=False, view=view)
    files |= _study_pages(found_by_studies, boards, nav)
    files |= _other_pages(tracks, nav, next(iter(boards), "TRACK"), base)
    files |= {picture.path: picture.data for sheet in sheets.values() for picture in sheet.pictures}
    files[LISTING] = canonical_json({"files": {path: sha256(data) for path, data in files.items()}})
    return dict(sorted(files.items()))


def _track_pages(
    board: Board,
    records: Records,
    boards: Mapping[str, Board],
    sheets: Mapping[str, Sheet],
    nav: Nav,
    compared: list[str],
) -> dict[str, bytes]:
    name = board.track.name
    view = track_view(board, records.unreadable, sheets)
    offered, files = downloads(board, view.unreadable)
    others = [(other, b.track.title) for other, b in boards.items() if other != name]
    files[f"tracks/{name}.html"] = page(
        "track.html",
        nav,
        "tracks",
        depth=1,
        exact=False,
        view=view,
        others=others,
        forest=board_forest(board, "../"),
        fronts=front_views(board, "../"),
        agreement=agreement_view(board),
        protocol=_columns(board),
        downloads=offered,
        comparable=name in compared,
    )
    if name in compared:
        rest = [(other, boards[other].track.title) for other in compared if other != name]
        side_by_side = compare_view(board, sheets)
        files[f"compare/{name}.html"] = page(
            "compare.html", nav, "compare", depth=1, exact=name == compared[0], view=side_by_side, others=rest
        )
    return files


def _study_pages(view: StudiesView, boards: Mapping[str, Board], nav: Nav) -> dict[str, bytes]:
    files = {"studies.html": page("studies.html", nav, "studies", view=view)}
    for study in view.studies:
        files[f"studies/{study.name}.html"] = page("study.html", nav, "studies", depth=1, exact=False, view=study)
    files |= {path: table_csv(table) for path, table in view.tables.items()}
    metrics = metric_entries(boards, said_of_metrics(view.cards))
    files["metrics.html"] = page("metrics.html", nav, "metrics", metrics=metrics)
    return files


def _other_pages(tracks: Mapping[str, Track], nav: Nav, first: str, base: str | None) -> dict[str, bytes]:
    sets = dataset_entries(entries(Dataset), tracks.values())
    spaces = extractor_entries(entries(Extractor), tracks.values())
    return {
        "datasets.html": page("datasets.html", nav, "datasets", entries=sets),
        "extractors.html": page("extractors.html", nav, "extractors", entries=spaces),
        "about.html": page("about.html", nav, "about", commands=commands(first), levels=LEVELS),
        # It is shown at any address, so it cannot count on the style sheet beside it.
        "404.html": page("404.html", nav, "", base=base, style=Markup(static("style.css").decode())),
    }


def _columns(board: Board) -> list[dict[str, str]]:
    """The columns of a track, as the protocol lists them."""
    rows = []
    for column in board.columns:
        metric = find_metric(column.metric)
        params = {**metric.params, **column.params}
        rows.append(
            {
                "metric": metric.name,
                "title": metric.title,
                "extractor": column.extractor,
                "against": f"{board.track.dataset}/{board.track.split(column.against)}",
                "params": ", ".join(f"{key} = {value}" for key, value in params.items()),
                "version": str(metric.version),
            }
        )
    return rows


def _by_generator(records: Iterable[Record], boards: Mapping[str, Board]) -> dict[str, list[Record]]:
    """Each generator's results, the one that its page shows first."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.result.generator.name, []).append(record)
    for mine in found.values():
        first = _shown_on_each(mine, boards)[0]
        mine.sort(key=lambda record: record is not first)
    return dict(sorted(found.items()))


def _shown_on_each(records: list[Record], boards: Mapping[str, Board]) -> list[Record]:
    """The result that stands for a generator on each of its tracks; tracks that have a board come first."""
    names = sorted({r.result.track.name for r in records}, key=lambda name: (name not in boards, name))
    return [shown([r for r in records if r.result.track.name == name], boards.get(name)) for name in names]


def _pictured(generators: Mapping[str, list[Record]], boards: Mapping[str, Board]) -> list[Record]:
    return [record for mine in generators.values() for record in _shown_on_each(mine, boards)]
