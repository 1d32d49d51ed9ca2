"""What each sentence of the studies of k, samples, rankings, spaces and seeds says, and whether its table does."""

from __future__ import annotations

import re
from math import prod
from statistics import fmean, median

from genboard.benchmarks.studies.table import Table
from genboard.registry.metrics import METRICS
from study_sentences import LEAST, Check, N, Said, X, name_of, ranked, rows


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
    every = {(row["metric"], row["setting"]): row["tau"] for row in rows(table, "tau", axis=axis)}
    others = {place: tau for place, tau in every.items() if place not in taus}
    assert bool(said["other"]) == bool(others)
    if others:
        assert said["beside"] == f"{min(others.values()):.2f}" == f"{others[said['other'], said['other_setting']]:.2f}"
    assert said["by"] == ("by any metric" if axis == "k" else f"by {table.card.primary}")
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
        (rf"The ranking of (?P<count>\d+) generators (?P<by>by (?:any metric|\S+)) (?P<words>[\w ]+): "
         rf"Kendall's tau with the track's own is (?P<worst>{X}) "
         rf"at worst \((?P<metric>[^\s,]+), (?P<setting>[^)]+)\)"
         rf"(?:; the worst of the other metrics is (?P<beside>{X}) \((?P<other>[^\s,]+), (?P<other_setting>[^)]+)\))?; "
         r"(?P<pairs>\d+) pairs? changes? order in some setting, "
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
}  # fmt: skip
