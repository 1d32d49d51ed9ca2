"""Tables as plain text and as Markdown. On its own, so that listing the registry imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns two spaces apart, those of the numbers in `right` aligned on the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    """A table in Markdown, the columns in `right` aligned on the right.

    >>> print(markdown_table(["name", "n"], [["a", 1]], right=[1]))
    | name | n |
    |---|---:|
    | a | 1 |
    """
    rule = "".join("|---:" if i in right else "|---" for i in range(len(header)))
    lines = [f"| {' | '.join(map(str, row))} |" for row in (header, *rows)]
    return "\n".join([lines[0], f"{rule}|", *lines[1:]])
