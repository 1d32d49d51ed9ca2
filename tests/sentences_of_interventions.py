"""What each sentence of the studies that alter images says, and whether its table does."""

from __future__ import annotations

import re
from itertools import pairwise

from genboard.benchmarks.studies.table import Row, Table
from genboard.registry.metrics import METRICS
from study_sentences import Check, Said, X, name_of, rows


def sign_of(row: Row) -> int:
    """1 for a change for the worse that is significant and two standard errors or more, -1 for one for the better."""
    return int(row["lo"] > 0 and row["moved"] > 1.96) - int(row["hi"] < 0 and row["moved"] < -1.96)


def judged(table: Table, key: str) -> bool:
    metric = METRICS[key.split(":")[0]]
    copies = table.study == "copies" and metric.detects_copies
    return metric.better is not None or metric.target is not None or copies


LEVEL = {"corruptions": "severity", "modes": "step", "copies": "share", "outliers": "outliers"}


def words_of(table: Table, **kind: object) -> dict[str, tuple[str, list[Row]]]:
    """What each metric should be said to do over the levels of a kind."""
    found = {}
    for key in dict.fromkeys(row["metric"] for row in rows(table, "value")):
        own = [row for row in rows(table, "value", metric=key, **kind) if row[LEVEL[table.study]]]
        if not own:
            continue
        if any(row.get("lo") is None for row in own):
            found[name_of(key)] = "no interval on so few images", own
            continue
        signs = [sign_of(row) for row in own]
        ends = {0: "no steady trend", 1: "worse", -1: "better"}[0 if -signs[-1] in signs else signs[-1]]
        word = ends if any(signs) else "too noisy to tell"
        if not judged(table, key):
            word = "changed, though neither end is better" if signs[-1] else "unsaid"
        found[name_of(key)] = word, own
    return found


def responses(table: Table, said: Said) -> None:
    kind: dict[str, object] = {}
    if table.study == "corruptions":
        kind = {"corruption": said["title"]}
    elif table.study == "copies":
        kind = {"kind": said["title"].split()[0].lower()}
    elif table.study == "outliers":
        words = re.fullmatch(
            r"A single outlier \((.+)\) among the (\w+) images, towards which the (\w+) .*", said["title"]
        )
        assert words
        assert {words[2], words[3]} == {"real", "generated"}
        kind = {"kind": words[1], "side": words[2], "shifted": True, "outliers": 1}
    else:
        kinds = {"dropped one": "dropped", "thinned": "thinned", "too frequent": "frequent", "invented": "invented"}
        kind = {"kind": next(own for words, own in kinds.items() if words in said["title"])}
        steps = [row["step"] for row in rows(table, "value", **kind)]
        assert said["title"].endswith(f", up to {max(steps)}")
    wanted = words_of(table, **kind)
    assert wanted
    words = ("worse", "better", "no steady trend", "too noisy to tell")
    worse = [name for name, (word, _) in wanted.items() if word == "worse"]
    assert said["worse"] == (str(len(worse)) if worse else "none")
    assert int(said["judged"]) == sum(word in words for word, _ in wanted.values())
    parts = {"worse": said["names"] or ""}
    parts |= dict(part.split(": ", 1) for part in said["rest"].split("; ") if part)
    listed = {}
    for word, names in parts.items():
        for name, note in re.findall(r"([\w ]+?)(?: \(([^)]*)\))?(?:, |$)", names):
            listed[name] = word
            own = wanted[name][1]
            if note.startswith("from "):
                level = float(note.removesuffix(" on").split()[-1].rstrip("%")) / (100 if "%" in note else 1)
                later = [row for row in own if row[LEVEL[table.study]] >= level]
                earlier = [row for row in own if row[LEVEL[table.study]] < level]
                assert {sign_of(row) for row in later} == {1 if word == "worse" else -1}, name
                assert sign_of(earlier[-1]) == 0, name
            elif note:
                before = rows(table, "value", **{**kind, "outliers": 0, "metric": own[0]["metric"]})
                assert note == f"{before[0]['value']:.2f} to {own[0]['value']:.2f}"
    assert listed == {name: word for name, (word, _) in wanted.items() if word != "unsaid"}


def mildest(table: Table, said: Said) -> None:
    first = [r for r in rows(table, "value", severity=1) if judged(table, r["metric"]) and r.get("lo") is not None]
    most = max((row for row in first if sign_of(row) == 1), key=lambda row: row["moved"])
    assert said["by"] == f"{most['moved']:.0f}"
    assert (said["metric"], said["corruption"]) == (name_of(most["metric"]), most["corruption"])


def stirred(table: Table, said: Said) -> None:
    found = [r for r in rows(table, "value", side=said["side"], shifted=False, outliers=1) if r.get("lo") is not None]
    names = sorted({name_of(row["metric"]) for row in found if sign_of(row)})
    assert said["names"] == (", ".join(names) or "no metric")


def goes(table: Table, said: Said) -> None:
    kind = "dropped" if "dropped" in said["title"] else "thinned"
    keys = [r["metric"] for r in rows(table, "value", kind=kind) if r["metric"].split(":")[0] == said["metric"]]
    values = [row["value"] for row in rows(table, "value", kind=kind, metric=keys[0])]
    assert (said["first"], said["last"]) == (f"{values[0]:.2f}", f"{values[-1]:.2f}")
    falls = sum(b < a for a, b in pairwise(values))
    assert (int(said["falls"]), int(said["steps"])) == (falls, len(values) - 1)


def tie(table: Table, said: Said) -> None:
    (row,) = [r for r in rows(table, "tie") if r["metric"].startswith("fd:") and not r["metric"].endswith(":train")]
    away = (row["copy"] - row["value"]) / row["se"]
    assert (said["copy"], said["value"]) == (f"{row['copy']:.2f}", f"{row['value']:.2f}")
    assert said["away"] == f"{abs(away):.1f}"
    assert said["words"] == ("tie with" if abs(away) < 1.96 else "beat" if away < 0 else "fall behind")


def closer(table: Table, said: Said) -> None:
    keys = [r["metric"] for r in rows(table, "value") if r["metric"].startswith("fd:")]
    key = next(key for key in keys if key.endswith(":train") == (said["side"] == "training images"))
    (copies,), (fresh,) = (rows(table, "value", kind="exact", share=share, metric=key) for share in (1.0, 0.0))
    assert (int(said["better"]), int(said["draws"])) == (copies["better"], copies["draws"])
    assert (said["value"], said["fresh"]) == (f"{copies['value']:.2f}", f"{fresh['value']:.2f}")


SENTENCES: dict[str, list[tuple[str, Check]]] = {}
RESPONDS = (
    r"(?P<title>.+): worse in (?P<worse>\w+) of (?P<judged>\d+) metrics(?:: (?P<names>[^;]+?))?(?:; (?P<rest>.+))?\.",
    responses,
)
SENTENCES["corruptions"] = [
    (r"The mildest severity moves (?P<metric>.+) the most for the worse, by (?P<by>\d+) of its standard errors "
     r"\((?P<corruption>.+)\)\.", mildest),
    RESPONDS,
]  # fmt: skip
SENTENCES["outliers"] = [
    (
        r"A single outlier among the (?P<side>\w+) images, with nothing shifted, significantly changes (?P<names>.+)\.",
        stirred,
    ),
    RESPONDS,
]
SENTENCES["modes"] = [
    (rf"As (?P<title>.+), (?P<metric>\w+) goes from (?P<first>{X}) to (?P<last>{X}) and falls at (?P<falls>\d+) of "
     r"(?P<steps>\d+) steps\.", goes),
    RESPONDS,
]  # fmt: skip
SENTENCES["copies"] = [
    (rf"Training images (?P<words>.+) held-out ones in fd against the reference: (?P<copy>{X}) and (?P<value>{X}), "
     rf"(?P<away>{X}) standard errors of their difference apart\.", tie),
    (rf"Nothing but copies is closer to the (?P<side>.+) than fresh images in (?P<better>\d+) of (?P<draws>\d+) "
     rf"draws \(mean "
     rf"fd (?P<value>{X}) and (?P<fresh>{X})\)\.", closer),
    RESPONDS,
]  # fmt: skip
