"""Every sentence of every committed study is held against its table: what it quotes is worked out here again."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from math import prod
from pathlib import Path
from statistics import fmean, median

import pytest
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.table import Row, Table, read_table
from genboard.leaderboard.storage.study_tables import COMMITTED
from genboard.registry.metrics import METRICS

TABLES = sorted(COMMITTED.glob("*/*.json"))
Said = dict[str, str]
Check = Callable[[Table, Said], object]
LEAST = 5  # rows of a ranking of which a tau is quoted


def rows(table: Table, what: str, **fixed: object) -> list[Row]:
    return [row for row in table.rows if row["what"] == what and all(row.get(k) == v for k, v in fixed.items())]


def name_of(key: str) -> str:
    return key.split(":")[0] + (" against train" if key.endswith(":train") else "")


def ranked(table: Table) -> list[str]:
    return [g.name for g in table.card.generators if not g.baseline]


def k_range(table: Table, said: Said) -> None:
    values: dict[str, list[float]] = {}
    for row in rows(table, "value", metric=said["metric"]):
        values.setdefault(row["generator"], []).append(row["value"])
    spans = {name: max(own) - min(own) for name, own in values.items()}
    own = values[said["name"]]
    assert int(said["last"]) == max(row["k"] for row in table.rows)
    assert said["most"] == f"{max(spans.values()):.3f}" == f"{spans[said['name']]:.3f}"
    assert said["median"] == f"{median(spans.values()):.3f}"
    assert (said["low"], said["high"]) == (f"{min(own):.3f}", f"{max(own):.3f}")


def closed_form(table: Table, said: Said) -> None:
    off = {}
    for row in rows(table, "real", metric=said["metric"]):
        n, k = row["n"], row["k"]
        wanted = 1 if said["metric"] == "density" else 1 - prod((n - j) / (2 * n - j) for j in range(1, k + 1))
        off[k] = abs(row["value"] - wanted), row["se"]
    worst = max(off, key=lambda k: off[k][0])
    assert (int(said["k"]), said["off"], said["spread"]) == (worst, f"{off[worst][0]:.4f}", f"{off[worst][1]:.4f}")


def real_precision(table: Table, said: Said) -> None:
    values = {row["k"]: f"{row['value']:.3f}" for row in rows(table, "real", metric="precision")}
    assert (said["first"], said["end"]) == (values[1], values[int(said["last"])])
    assert int(said["last"]) == max(values)


def bias(table: Table, said: Said) -> None:
    lines = [row for row in rows(table, "line", metric=said["metric"]) if row["generator"] in ranked(table)]
    shares = {row["generator"]: 1 - row["limit"] / row["value"] for row in lines}
    assert {f"{row['n']:,}" for row in lines} == {said["n"]}
    assert said["name"] == max(shares, key=lambda name: (shares[name], name))
    assert int(said["most"]) == round(100 * max(shares.values()))
    assert int(said["least"]) == round(100 * min(shares.values()))
    assert said["straight"] == f"{100 * min(row['straight'] for row in lines):.1f}"


def drift(table: Table, metric: str) -> list[float]:
    """By how many standard errors each ranked generator's value moves from all samples to the fewest."""
    found = []
    for name in ranked(table):
        own = sorted(rows(table, "value", metric=metric, generator=name), key=lambda row: row["n"])
        errors = [row["se"] * row["n"] ** 0.5 for row in own if row["se"]]
        if errors and None not in [row["value"] for row in own]:
            se = fmean(errors[-2:]) / own[-1]["n"] ** 0.5
            found.append((own[0]["value"] - own[-1]["value"]) / se)
    return found


def biased(table: Table, said: Said) -> None:
    sizes = sorted({row["n"] for row in rows(table, "value")})
    assert (said["few"], said["all"]) == (f"{sizes[0]:,}", f"{sizes[-1]:,}")
    listed = re.findall(r"(\S+) \(([+-][\d.]+)\)", said["metrics"])
    assert len(listed) == said["metrics"].count(",") + 1
    for metric, by in listed:
        assert by == f"{fmean(drift(table, metric)):+.1f}", metric


def unbiased(table: Table, said: Said) -> None:
    sizes = sorted({row["n"] for row in rows(table, "value")})
    assert (said["few"], said["all"]) == (f"{sizes[0]:,}", f"{sizes[-1]:,}")
    for metric in said["metrics"].split(", "):
        own = drift(table, metric)
        spread = (sum((x - fmean(own)) ** 2 for x in own) / (len(own) - 1) / len(own)) ** 0.5
        assert abs(fmean(own)) < 4 * spread, metric


def pairs(table: Table, said: Said) -> None:
    apart = [row["n_apart"] for row in rows(table, "pair", metric=said["metric"])]
    assert said["metric"] == table.card.primary
    assert (int(said["pairs"]), int(said["never"])) == (len(apart), apart.count(None))
    assert int(said["pairs"]) == int(said["different"]) + int(said["never"])
    assert int(said["early"]) == apart.count(int(said["few"].replace(",", "")))


def combinations(table: Table, said: Said) -> None:
    own = [row for row in rows(table, "order", metric=said["metric"]) if row["tau"] is not None]
    assert int(said["count"]) == len(table.card.generators) >= LEAST
    assert (int(said["good"]), int(said["all"])) == (sum(row["tau"] >= 0.9 for row in own), len(own))
    few = {row["k"]: f"{row['tau']:.2f}" for row in own if row["n"] == min(row["n"] for row in own)}
    assert said["few"] == f"{min(row['n'] for row in own):,}"
    assert int(said["own"]) == METRICS[said["metric"]].params["k"]
    assert (few[int(said["own"])], few[int(said["k"])]) == (said["tau"], said["best"])
    assert float(said["best"]) == max(map(float, few.values()))


def survives(table: Table, said: Said) -> None:
    axis = {"with fewer samples": "n", "with another k": "k", "in another feature space": "extractors"}[said["words"]]
    taus = {(row["metric"], row["setting"]): row["tau"] for row in rows(table, "tau", axis=axis)}
    if axis != "k":
        taus = {place: tau for place, tau in taus.items() if place[0] == table.card.primary}
    assert said["worst"] == f"{min(taus.values()):.2f}" == f"{taus[said['metric'], said['setting']]:.2f}"
    assert LEAST <= int(said["count"]) <= len(ranked(table))
    reversals = [r for r in rows(table, "reversal", axis=axis) if axis == "k" or r["metric"] == table.card.primary]
    assert int(said["pairs"]) == len({(row["a"], row["b"]) for row in reversals})
    sure = len({(row["a"], row["b"]) for row in reversals if row["apart"]})
    assert said["significant"] == (str(sure) if sure else "none")


def most_often(table: Table, said: Said) -> None:
    found = [r for r in rows(table, "reversal", metric=said["metric"], a=said["a"], b=said["b"]) if r["apart"]]
    assert int(said["share"]) in [round(100 * row["reversed"]) for row in found]


def two_draws(table: Table, said: Said) -> None:
    (row,) = rows(table, "tau", axis="resamples", metric=said["metric"], n=int(said["n"].replace(",", "")))
    assert (said["tau"], said["lo"]) == (f"{row['tau']:.2f}", f"{row['lo']:.2f}")
    assert int(said["count"]) >= LEAST


def spaces(table: Table, said: Said) -> None:
    found = rows(table, "agreement", metric=said["metric"], extractor=said["a"], other=said["b"])
    assert [f"{row['tau']:.2f}" for row in found] == [said["tau"]]
    assert [row["generators"] for row in found] == [int(said["count"])]
    assert int(said["count"]) >= LEAST
    every = [row["tau"] for row in rows(table, "agreement", metric=said["metric"]) if row["tau"] is not None]
    assert found[0]["tau"] == min(every)
    assert (said["pairs"] or "1") == str(len(every))


def held(table: Table, said: Said) -> None:
    shares = {name_of(row["metric"]): row["held"] for row in rows(table, "calibration")}
    assert said["mean"] == f"{100 * fmean(shares.values()):.1f}"
    assert said["least"] == f"{100 * min(shares.values()):.1f}" == f"{100 * shares[said['metric']]:.1f}"


def widths(table: Table, said: Said) -> None:
    found = {name_of(row["metric"]): row for row in rows(table, "calibration")}
    listed = re.findall(r"([\w ]+) \(([\d.]+)\)", said["metrics"])
    assert len(listed) == said["metrics"].count(",") + 1
    side = {"narrower than": -1, "as wide as": 0, "wider than": 1}[said["words"]]
    for metric, ratio in listed:
        row = found[metric.strip()]
        assert ratio == f"{row['ratio']:.2f}"
        assert (row["lo"] > 1) - (row["hi"] < 1) == side
    assert len(listed) == sum((row["lo"] > 1) - (row["hi"] < 1) == side for row in found.values())
    degrees = sorted({found[metric.strip()]["df"] for metric, _ in listed})
    assert said["degrees"] == " to ".join(str(degree) for degree in dict.fromkeys((degrees[0], degrees[-1])))


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


def trade(table: Table, said: Said) -> None:
    own = [r for r in rows(table, "value", generator=said["name"], argument=said["argument"]) if r["value"] is not None]
    settings = sorted({row["setting"] for row in own})
    assert (said["from"], said["to"]) == (f"{settings[0]:g}", f"{settings[-1]:g}")
    for metric in ("precision", "recall"):
        curve = [r for r in own if r["metric"].split(":")[0] == metric and not r["metric"].endswith(":train")]
        assert (said[f"{metric}_from"], said[f"{metric}_to"]) == (
            f"{curve[0]['value']:.2f}",
            f"{curve[-1]['value']:.2f}",
        )
    opposite = (float(said["precision_to"]) > float(said["precision_from"])) != (
        float(said["recall_to"]) > float(said["recall_from"])
    )
    assert opposite or said["words"] == "no clear trade-off"
    primary = [row for row in own if row["metric"] == table.card.primary]
    assert said["best"] == f"{min(primary, key=lambda row: row['value'])['setting']:g}"
    assert {f"{row['setting']:g}" for row in own if row["own"]} == {said["own"]}


def front(table: Table, said: Said) -> None:
    found = rows(table, "front", fidelity=said["fidelity"], diversity=said["diversity"])
    on = [f"{row['generator']} at {row['setting']:g}" for row in found if row["front"] == "on"]
    assert said["on"].split(", ") == on
    assert int(said["own"]) == sum(row["own"] for row in found if row["front"] == "on")
    assert (int(said["off"]), int(said["all"])) == (sum(r["front"] == "surely off" for r in found), len(found))


def counts(table: Table, said: Said, asks: str | None = None) -> None:
    listed = re.findall(r"(\w+) (\d+) of (\d+)", said["counts"])
    assert len(listed) == said["counts"].count(",") + 1
    whole = []
    for metric, passed, asked in listed:
        own = [r for r in rows(table, "check", metric=metric) if r["passed"] is not None and asks in (None, r["asks"])]
        assert (int(passed), int(asked)) == (sum(row["passed"] for row in own), len(own))
        whole += [metric] * (passed == asked)
    if asks is None:
        names = said["whole"].removeprefix("All checks are passed by ").split(", ")
        assert sorted(names) == (sorted(whole) or ["No metric passes all checks"])


def counts_of(table: Table, said: Said) -> None:
    asks = {"the shape": "shape", "the bounds": "bounds", "the number of samples": "samples", "another scale": "scale"}
    counts(table, said, asks[said["words"]])


def nobody(table: Table, said: Said) -> None:
    for check in said["checks"].split("; "):
        own = [
            r for r in rows(table, "check", check=check) if r["asks"] in ("shape", "scale") and r["passed"] is not None
        ]
        assert own
        assert not {row["metric"] for row in own} - {row["metric"] for row in own if not row["passed"]}, check


N = r"[\d,]+"
X = r"-?[\d.]+"
SENTENCES: dict[str, list[tuple[str, Check]]] = {
    "k": [
        (rf"(?P<metric>\w+): from k = 1 to (?P<last>{N}) the value of a generator changes by (?P<median>{X}) "
         rf"\(median\) and "
         rf"by at most (?P<most>{X}) \((?P<name>.+): between (?P<low>{X}) and (?P<high>{X})\)\.", k_range),
        (rf"(?P<metric>\w+) of real images against real ones differs from the closed form by at most "
         rf"(?P<off>{X}) \(at k = "
         rf"(?P<k>\d+), where its standard deviation over splits is (?P<spread>{X})\)\.", closed_form),
        (rf"Real images against real ones have precision (?P<first>{X}) at k = 1 and (?P<end>{X}) at k = "
         rf"(?P<last>\d+): "
         r"compare a generator's precision with that, not with 1\.", real_precision),
    ],
    "samples": [
        (rf"(?P<metric>\S+): its bias falls as 1/n\. The line's value for N to infinity is (?P<least>-?\d+)% to "
         rf"(?P<most>-?\d+)% below the value at n = (?P<n>{N}) \(most for (?P<name>.+)\); the line explains at least "
         rf"(?P<straight>{X})% of the variance\.", bias),
        (rf"With (?P<few>{N}) samples instead of (?P<all>{N}) these metrics are biased \(in brackets: by how "
         rf"many of their "
         r"standard errors at (?P=all)\): (?P<metrics>.+)\.", biased),
        (rf"With (?P<few>{N}) samples instead of (?P<all>{N}) these metrics show no significant bias: "
         r"(?P<metrics>.+)\.",
         unbiased),
        (rf"By (?P<metric>\S+), (?P<different>{N}) of (?P<pairs>{N}) pairs are significantly different with {N} "
         rf"samples or "
         rf"fewer, (?P<early>{N}) of them with (?P<few>{N}); (?P<never>{N}) are not\.", pairs),
    ],
    "grid": [
        (rf"(?P<metric>\w+): (?P<good>\d+) of (?P<all>\d+) combinations of k and n keep a tau of 0\.9 or more "
         rf"\((?P<count>\d+) generators\)\. At n = (?P<few>{N}) tau is (?P<tau>{X}) with the usual k = "
         rf"(?P<own>\d+); the "
         rf"best is (?P<best>{X}), with k = (?P<k>\d+)\.", combinations),
    ],
    "ranking": [
        (rf"The ranking of (?P<count>\d+) generators (?P<words>[\w ]+): Kendall's tau with the track's own is "
         rf"(?P<worst>{X}) "
         r"at worst \((?P<metric>\S+), (?P<setting>.+)\); (?P<pairs>\d+) pairs? changes? order in some setting, "
         r"(?P<significant>\w+) of them significantly different in the track's own\.", survives),
        (r"Of those, (?P<a>\S+) and (?P<b>\S+) change order most often: by (?P<metric>\S+) in (?P<share>\d+)% of the "
         r"settings\.", most_often),
        (rf"The rankings by (?P<metric>\S+) of (?P<count>\d+) generators in two draws of (?P<n>{N}) samples "
         rf"agree with tau "
         rf"(?P<tau>{X}) on average, (?P<lo>{X}) at worst\.", two_draws),
    ],
    "extractors": [
        (rf"(?P<metric>\w+): the rankings of (?P<count>\d+) generators in (?P<a>\S+) and (?P<b>\S+) agree with tau "
         rf"(?P<tau>{X}?)(?:, the least of (?P<pairs>\d+) pairs of spaces)?\.", spaces),
    ],
    "seeds": [
        (rf"The intervals hold the mean of the other seeds in (?P<mean>{X})% of all cases, (?P<least>{X})% for "
         r"(?P<metric>.+), where 95% is claimed\.", held),
        (r"Intervals (?P<words>.+) fresh seeds show \(ratio of the claimed standard error to the observed one, "
         r"(?P<degrees>[\d to]+) degrees of freedom\): (?P<metrics>.+)\.", widths),
    ],
    "sanity": [
        (r"Checks that each metric passes \(distances are asked for the shape alone\): (?P<counts>.+?)\. "
         r"(?P<whole>.+)\.",
         counts),
        (r"Checks of (?P<words>.+) passed: (?P<counts>.+)\.", counts_of),
        (r"No metric has the right shape in every variant of: (?P<checks>.+)\.", nobody),
    ],
    "truncation": [
        (rf"(?P<name>\S+), (?P<argument>\w+) from (?P<from>{X}) to (?P<to>{X}): precision from "
         rf"(?P<precision_from>{X}) to "
         rf"(?P<precision_to>{X}), recall from (?P<recall_from>{X}) to (?P<recall_to>{X}): (?P<words>.+); best "
         rf"by \w+ at "
         rf"(?P<best>{X}) \(default (?P<own>{X})\)\.", trade),
        (r"On the Pareto front of (?P<fidelity>\w+) and (?P<diversity>\w+): (?P<on>.+); (?P<own>\d+) of these "
         r"are default "
         r"settings\. Another setting is significantly better in both than (?P<off>\d+) of (?P<all>\d+) "
         r"settings\.", front),
    ],
}  # fmt: skip
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


def test_every_committed_study_has_its_sentences() -> None:
    assert {path.stem for path in TABLES} == set(SENTENCES)
    assert len(TABLES) >= 16


def hold(table: Table, sentence: str) -> None:
    """Fails where a sentence says what its table does not."""
    found = [(m, check) for pattern, check in SENTENCES[table.study] if (m := re.fullmatch(pattern, sentence))]
    assert found, f"no rule for: {sentence}"
    match, check = found[0]
    check(table, {name: text or "" for name, text in match.groupdict().items()})


every_table = pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}/{path.stem}")


@every_table
def test_what_a_sentence_quotes_is_in_its_table(path: Path) -> None:
    table = read_table(path)
    said = STUDIES[table.study].verdict(table)
    assert said
    for sentence in said:
        hold(table, sentence)


@every_table
def test_a_sentence_with_any_other_number_is_seen(path: Path) -> None:
    table = read_table(path)
    for sentence in STUDIES[table.study].verdict(table)[:2]:
        numbers = list(re.finditer(r"\d(?![\d.%]*\d)", sentence))
        assert numbers
        for number in numbers:
            other = sentence[: number.start()] + str((int(number[0]) + 1) % 10) + sentence[number.end() :]
            with pytest.raises((AssertionError, LookupError, ValueError)):
                hold(table, other)
