"""Forgeries by kind: edits of a fresh submission in which id, digests and canonical form are right, and lines of logs.

Each is refused, or stands in the review, by one of its codes; what no check can tell is in `MISSED`, with the reason.
"""

from __future__ import annotations

from .edits import Forgery
from .logs import of_logs
from .manifests import of_manifests
from .missed import MISSED
from .names import of_names
from .previews import of_previews
from .sizes import of_dates_and_sizes
from .specification import of_the_specification
from .submitters import of_submitters
from .texts import of_texts
from .values import of_values

FORGED: tuple[Forgery, ...] = tuple(
    f
    for table in (
        of_values,
        of_the_specification,
        of_previews,
        of_names,
        of_submitters,
        of_texts,
        of_dates_and_sizes,
        of_manifests,
        of_logs,
    )
    for f in table()
)


def counted() -> dict[str, int]:
    kinds = [f.kind for f in (*FORGED, *MISSED)]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
