"""How to cite: each board with the digest of its data, and the software; as a page and as a BibTeX file."""

from __future__ import annotations

from collections.abc import Sequence

from ..board.board import Board
from . import software
from .content import Content, Made
from .findings import short_title
from .snapshot import Snapshot, of_all, snapshots

_ESCAPED = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_ESCAPED |= {letter: f"\\{letter}" for letter in "&%$#_"}


def cite_pages(site: Content) -> Made:
    found = snapshots(site)
    boards = [one for one, _ in found]
    values = {
        "boards": [(one, short_title(board.track), of_board(one, board, site.absolute)) for one, board in found],
        "entry_of_software": of_software(),
        "all": of_all(boards) if boards else "",
        "newest": max((one.newest for one in boards), default=""),
    }
    yield "cite.html", values


def cite_files(site: Content) -> dict[str, bytes]:
    """All entries as a file."""
    found = snapshots(site)
    entries = [of_board(one, board, site.absolute) for one, board in found]
    return {"cite.bib": "\n".join([*entries, of_software()]).encode()}


def of_board(one: Snapshot, board: Board, base: str | None) -> str:
    """The entry of a board as it is now; its year and date are those of the newest result, never of the build."""
    where = f"{base}tracks/{one.name}.html" if base else software.REPOSITORY
    note = f"Track {board.track.id}, newest result {one.newest}, SHA-256 of {one.file}: {one.digest}"
    return _entry(
        f"genboard-{one.name}-{one.digest[:8]}",
        [
            ("author", f"{{{software.AUTHORS}}}"),
            ("title", f"{{genboard}}: leaderboard of generative image models on {_tex(short_title(board.track))}"),
            ("year", one.newest[:4]),
            ("date", one.newest),
            ("version", f"{software.VERSION}, {_tex(board.track.id)}"),
            ("url", where),
            ("note", _tex(note)),
        ],
    )


def of_software() -> str:
    """The entry of the software, as `CITATION.cff` has it."""
    name, _, rest = software.TITLE.partition(":")
    return _entry(
        "genboard",
        [
            ("author", f"{{{software.AUTHORS}}}"),
            ("title", f"{{{name}}}:{rest}"),
            ("year", software.RELEASED[:4]),
            ("date", software.RELEASED),
            ("version", software.VERSION),
            ("url", software.REPOSITORY),
            ("note", f"Licence {software.LICENCE}"),
        ],
    )


def _entry(key: str, fields: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in fields)
    lines = "".join(f"  {name:<{width}} = {{{value}}},\n" for name, value in fields)
    return f"@misc{{{key},\n{lines}}}\n"


def _tex(text: str) -> str:
    """A text that TeX prints as it is: titles of one's own tracks may hold anything."""
    return "".join(_ESCAPED.get(letter, letter) for letter in " ".join(text.split()))
