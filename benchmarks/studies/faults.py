"""What metrics make of faults: of each fault that studies look at, whether a metric sees it, by one set of rules.

To add a fault, name it here and let its study give a `FaultResponse` for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ...registry.columns import qualifiers
from ..uncertainty import Z
from .evaluator import NOTES
from .listing import STUDIES, find_study
from .table import Table

Word = Literal["sees it", "misses it", "rewarded by it", "unclear", "does not apply", "worsened by it", "unmoved"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What may be wrong with samples, or with how they are measured.

    Attributes:
        title: the head of a column.
        shown: what a picture of it shows.
        harmless: whether a metric should stay as it is: the samples are no worse for it.
        main: whether it is shown where there is room for few.
    """

    name: str
    title: str
    shown: str
    study: str
    harmless: bool = False
    main: bool = False


FAULTS: Final = (
    Fault(name="blur", title="blur", shown="real images, blurred", study="corruptions", main=True),
    Fault(name="noise", title="noise", shown="real images with noise", study="corruptions", main=True),
    Fault(name="jpeg", title="JPEG", shown="real images, compressed with loss", study="corruptions"),
    Fault(name="contrast", title="low contrast", shown="real images of less contrast", study="corruptions"),
    Fault(name="pixelation", title="pixelation", shown="real images in coarser pixels", study="corruptions"),
    Fault(name="shift", title="shift", shown="real images, shifted", study="corruptions"),
    Fault(
        name="swapped-patches",
        title="swapped patches",
        shown="real images with patches in each other's place",
        study="corruptions",
    ),
    Fault(
        name="dropped",
        title="classes missing",
        shown="real images of five classes, and four empty places",
        study="modes",
        main=True,
    ),
    Fault(name="frequent", title="a class too frequent", shown="real images, half of them of one class", study="modes"),
    Fault(name="invented", title="classes invented", shown="real images, some of them as negatives", study="modes"),
    Fault(name="exact", title="exact copies", shown="training images, as they are", study="copies", main=True),
    Fault(
        name="augmented",
        title="altered copies",
        shown="training images, each shifted a little and with some noise",
        study="copies",
    ),
    Fault(
        name="outlier",
        title="one outlier",
        shown="real images, and one of noise",
        study="outliers",
        harmless=True,
        main=True,
    ),
    Fault(
        name="few",
        title="few samples",
        shown="a single real image, and eight empty places",
        study="samples",
        harmless=True,
        main=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class FaultResponse:
    """What a metric does under a fault.

    Attributes:
        metric: the column's key.
        response: one of `evaluator.RESPONSES` or `NOTES`, or nothing where a change that is not significant is not
            judged: over all levels of the fault.
        moved, lo, hi: the change for the worse at one level, in standard errors, and its interval; none where unknown.
        level: that level in words: the middle one where no change is significant, else the highest.
        since: from which level on a metric is worse or better, in words, if not from the first.
    """

    fault: str
    metric: str
    response: str
    moved: float | None
    lo: float | None
    hi: float | None
    level: str
    n: int
    since: str = ""

    @property
    def fault_study(self) -> str:
        return fault_named(self.fault).study


def word_of(said: FaultResponse) -> Word:
    """What a metric does with a fault, by the rules of `RULES`."""
    harmless = fault_named(said.fault).harmless
    match said.response:
        case "worse":
            return "worsened by it" if harmless else "sees it"
        case "better":
            return "rewarded by it"
        case "too noisy to tell" if said.lo is not None and said.hi is not None and -Z <= said.lo <= said.hi <= Z:
            return "unmoved" if harmless else "misses it"
        case "no steady trend" | "too noisy to tell":
            return "unclear"
        case note if note == NOTES[1]:
            return "unclear"
    return "does not apply"


RULES: Mapping[Word, str] = {
    "sees it": "Worse: significantly worse at the highest level, and at no lower level significantly better.",
    "misses it": "Too noisy to tell at every level, and at the middle one the whole interval of the change lies "
    "within two standard errors.",
    "rewarded by it": "Better: significantly better at the highest level, and at no lower level significantly worse.",
    "unclear": "No steady trend: some change is significant, but neither worse nor better holds. Or too noisy to tell, "
    "with a wider interval or with none.",
    "worsened by it": "Worse, though the samples are no worse.",
    "unmoved": "By the rule of `misses it`, where the samples are no worse.",
    "does not apply": "Neither end of the metric is better, so that no change is for the worse.",
}


def fault_named(name: str) -> Fault:
    (found,) = (fault for fault in FAULTS if fault.name == name)
    return found


def fault_responses(tables: Iterable[Table]) -> dict[tuple[str, str], FaultResponse]:
    """What the studies of one track say, by metric and fault; columns against training images are left out.

    Raises:
        ValueError: tables of several tracks.
    """
    chosen = list(tables)
    tracks = {f"{table.track.name}@{table.track.version}" for table in chosen}
    if len(tracks) > 1:
        raise ValueError(f"one track at a time, here are {', '.join(sorted(tracks))}")
    found: dict[tuple[str, str], FaultResponse] = {}
    for table in sorted(chosen, key=lambda table: list(STUDIES).index(table.study)):
        for said in find_study(table.study).responses(table):
            if not qualifiers(said.metric):
                found.setdefault((said.metric.partition(":")[0], said.fault), said)
    return found
