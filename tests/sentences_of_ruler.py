"""What each sentence of the study `ruler` says, and whether its table does."""

from __future__ import annotations

import numpy as np
from genboard.benchmarks.studies.table import Table
from genboard.registry.metrics import METRICS
from study_sentences import Check, Said, X, name_of, rows

NAMES = {"Blur": "blur", "Noise": "noise", "Missing classes": "classes", "Noise images": "replaced"}


def curve(table: Table, ladder: str, key: str) -> tuple[list[float], list[float]]:
    """Strengths and values of a ladder, from the unaltered images on."""
    own = rows(table, "value", metric=key, ladder="unaltered") + rows(table, "value", metric=key, ladder=ladder)
    return [row["strength"] for row in own], [row["value"] for row in own]


def shown(table: Table, ladder: str, strength: float) -> float:
    """A strength in its unit, in two significant digits."""
    (side,) = (row["side"] for row in rows(table, "pictures"))
    return float(f"{strength * {'blur': side, 'classes': 1}.get(ladder, 100):.2g}")


def equal(table: Table, said: Said) -> None:
    key = table.card.primary
    assert said["title"] == METRICS[key.split(":")[0]].title
    one = rows(table, "value", metric=key, ladder="classes", severity=1)[0]
    (own,) = rows(table, "pictures")
    assert (said["value"], said["count"]) == (f"{one['value']:.3g}", f"{one['strength']:g}")
    assert int(said["classes"]) == own["classes"]
    for ladder in ("blur", "noise", "replaced"):
        strengths, values = curve(table, ladder, key)
        at = float(np.interp(one["value"], np.maximum.accumulate(values), strengths))
        assert float(said[ladder]) == shown(table, ladder, at), ladder


def goes(table: Table, said: Said) -> None:
    ladder, key = NAMES[said["title"]], table.card.primary
    strengths, values = curve(table, ladder, key)
    assert said["metric"] == name_of(key)
    assert (said["first"], said["last"]) == (f"{values[0]:.3g}", f"{values[-1]:.3g}")
    assert int(said["steps"]) == len(values) - 1
    numbers = [float(part.strip("%")) for part in said["most"].split() if part.strip("%").replace(".", "").isdigit()]
    assert numbers[0] == shown(table, ladder, strengths[-1])
    (own,) = rows(table, "pictures")
    assert numbers[1:] == ([own["classes"]] if ladder == "classes" else [])
    worse = [gap_is_significant(table, ladder, key, severity) for severity in range(1, len(values))]
    if said["since"]:
        since = int(said["since"])
        assert all(worse[since - 1 :])
        assert since == 1 or not worse[since - 2]
    else:
        assert not worse[-1]


def gap_is_significant(table: Table, ladder: str, key: str, severity: int) -> bool | None:
    """Whether a step is worse than the unaltered images by more than the error of their difference."""
    (plain,) = rows(table, "value", metric=key, ladder="unaltered")
    (own,) = rows(table, "value", metric=key, ladder=ladder, severity=severity)
    if None in (plain["lo"], own["lo"]):
        return None
    low, high = (plain, own) if own["value"] > plain["value"] else (own, plain)
    error = float(np.hypot(high["value"] - high["lo"], low["hi"] - low["value"]))
    worse = (
        own["value"] > plain["value"] if METRICS[key.split(":")[0]].better == "lower" else own["value"] < plain["value"]
    )
    return worse and high["value"] - low["value"] > error


def blind(table: Table, said: Said) -> None:
    found = []
    for key in dict.fromkeys(row["metric"] for row in rows(table, "value")):
        for title, ladder in NAMES.items():
            own = rows(table, "value", metric=key, ladder=ladder)
            if own and gap_is_significant(table, ladder, key, own[-1]["severity"]) is False:
                found.append(f"{name_of(key)} ({title.lower()})")
    assert sorted(said["names"].split(", ")) == sorted(found)


SENTENCES: dict[str, list[tuple[str, Check]]] = {
    "ruler": [
        (rf"By (?P<title>.+) \((?P<value>{X})\), real images with (?P<count>\d+) of (?P<classes>\d+) classes missing "
         rf"are as far from the reference as real images blurred by (?P<blur>{X}) pixels, with noise of "
         rf"(?P<noise>{X})% of the range or with (?P<replaced>{X})% of them replaced by noise\.", equal),
        (r"(?P<title>[\w ]+): (?P<metric>\w+) goes from (?P<first>[\w.+-]+) to (?P<last>[\w.+-]+) in "
         r"(?P<steps>\d+) steps, the last of images (?P<most>.+); (?:significantly worse from step (?P<since>\d+) on|"
         r"not significantly worse at the last step)\.", goes),
        (r"Not significantly worse at the last step: (?P<names>.+)\.", blind),
    ],
}  # fmt: skip
