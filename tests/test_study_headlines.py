"""The headline of every committed study: short, in plain words, and what its table says, worked out here again."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from genboard.benchmarks.studies.headlines import headline, headline_of_points
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.table import Row, Table, read_table
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.matrix_view import matrix_view
from genboard.leaderboard.storage.records import Records
from genboard.leaderboard.storage.study_tables import COMMITTED, read_tables
from genboard.registry.catalog import entries, find
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Track
from site_tree import Page
from study_sentences import Said, rows

TABLES = sorted(COMMITTED.glob("*/*.json"))
every_table = pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
LONGEST = 110
BY_TITLE = {metric.title: name for name, metric in METRICS.items()}
TITLES = "|".join(sorted(map(re.escape, BY_TITLE), key=len, reverse=True))
T = rf"(?:{TITLES})"


def named(text: str | None) -> tuple[set[str], int]:
    """The metrics that a list names, and how many there are with those that it counts."""
    if not text:
        return set(), 0
    names = {BY_TITLE[title] for title in re.findall(T, text)}
    more = re.search(r"(\d+) more", text)
    assert names
    return names, len(names) + (int(more[1]) if more else 0)


def listed(table: Table, fault: str) -> dict[str, set[str]]:
    """The metrics by what the matrix says of them, without those of no interval."""
    view = matrix_view("x", "x", [table], {})
    place = [head.fault.name for head in view.heads].index(fault)
    found: dict[str, set[str]] = {}
    for row in view.rows:
        cell = row.cells[place]
        if cell and "no interval" not in cell.text:
            found.setdefault(cell.word, set()).add(row.metric)
    return found


def holds(text: str | None, wanted: set[str]) -> None:
    names, count = named(text)
    assert names <= wanted
    assert count == len(wanted)


def copies(table: Table, said: Said) -> None:
    words = listed(table, "exact")
    holds(said["missed"], words.get("misses it", set()))
    holds(said["rewarded"], words.get("rewarded by it", set()))


def modes(table: Table, said: Said) -> None:
    words = listed(table, "dropped")
    holds(said["seen"], words["sees it"])
    holds(said["missed"], words["misses it"])


def outliers(table: Table, said: Said) -> None:
    words = listed(table, "outlier")
    holds(said["still"], words["unmoved"])
    assert int(said["unclear"]) == len(words["unclear"])
    assert "rewarded by it" not in words


def cycle(table: Table, said: Said) -> None:
    errors = {r["generator"]: r["value"] for r in table.of("value", sent="sample", noise=0)}
    assert errors[said["name"]] == min(errors[name] for name in errors if name in table.ranked)
    (right,) = (r["value"] for r in table.of("value", sent="right answer", noise=0, generator=said["name"]))
    assert (said["own"], said["right"]) == (f"{errors[said['name']]:.3f}", f"{right:.3f}")


def samples(table: Table, said: Said) -> None:
    words, sizes = listed(table, "few"), table.seen("n", "value")
    assert (said["few"], said["every"]) == (f"{sizes[0]:,}", f"{sizes[-1]:,}")
    holds(said["worse"], words.get("worsened by it", set()))
    holds(said["better"], words.get("rewarded by it", set()))


def corruptions(table: Table, said: Said) -> None:
    names = table.seen("corruption")
    seen: dict[str, int] = {}
    for name in names:
        words = listed(table, name)
        for metric in set().union(*(own for word, own in words.items() if word != "does not apply")):
            seen[metric] = seen.get(metric, 0) + (metric in words["sees it"])
    assert int(said["count"]) == len(names)
    assert (int(said["whole"]), int(said["all"])) == (sum(n == len(names) for n in seen.values()), len(seen))
    assert int(said["least"]) == min(seen.values()) == seen[BY_TITLE[said["name"]]]


def k(table: Table, said: Said) -> None:
    for end in ("1", "2"):
        (row,) = rows(table, "real", metric="precision", k=int(said[f"k{end}"]))
        assert said[f"value{end}"] == f"{row['value']:.2f}"
    assert int(said["k1"]) == min(table.seen("k"))
    assert int(said["k2"]) == max(table.seen("k"))


def grid(table: Table, said: Said) -> None:
    few = min(table.seen("n"))
    assert said["few"] == f"{few:,}"
    taus = [row for row in rows(table, "order", n=few) if row["tau"] is not None]
    best = max(taus, key=lambda row: row["tau"])
    assert (said["tau"], BY_TITLE[said["name"]], int(said["k"])) == (f"{best['tau']:.2f}", best["metric"], best["k"])
    assert best["tau"] < 0.9


def ranking(table: Table, said: Said) -> None:
    axes = {"with fewer samples": "n", "in another feature space": "extractors"}
    worst = {axis: min(r["tau"] for r in own) for axis in axes.values() if (own := primary_taus(table, axis))}
    assert said["tau"] == f"{min(worst.values()):.2f}"
    assert worst[axes[said["where"]]] == min(worst.values())
    assert BY_TITLE[said["name"]] == table.card.primary.split(":")[0]


def primary_taus(table: Table, axis: str) -> list[Row]:
    return [r for r in rows(table, "tau", axis=axis, metric=table.card.primary) if r["tau"] is not None]


def extractors(table: Table, said: Said) -> None:
    own = rows(table, "agreement", metric=table.card.primary.split(":")[0])
    worst = min(row["tau"] for row in own)
    assert said["tau"] == f"{worst:.2f}"
    assert (said["how"] == "agree") == (worst >= 0.9)
    assert bool(said["worst"]) == (len(own) > 1)


def seeds(table: Table, said: Said) -> None:
    held = {row["metric"].split(":")[0]: row["held"] for row in rows(table, "calibration")}
    every = [row["held"] for row in rows(table, "calibration")]
    assert said["mean"] == f"{100 * sum(every) / len(every):.1f}"
    assert said["least"] == f"{100 * min(every):.1f}"
    assert held[BY_TITLE[said["name"]]] == min(every)


def truncation(table: Table, said: Said) -> None:
    fidelity = BY_TITLE[said["fidelity"].capitalize()]
    assert (fidelity == "conditional_accuracy") == (find(Track, table.track.name).task == "class")
    lines = [text for text in STUDIES["truncation"].verdict(table) if f"{fidelity} from" in text]
    traded = [text for text in lines if "one is traded for the other" in text]
    assert (int(said["traded"]), int(said["all"])) == (len(traded), len(lines))


def sanity(table: Table, said: Said) -> None:
    asked: dict[str, list[bool]] = {}
    for row in rows(table, "check"):
        if row["passed"] is not None:
            asked.setdefault(row["metric"], []).append(row["passed"])
    assert (int(said["whole"]), int(said["all"])) == (sum(map(all, asked.values())), len(asked))
    own = asked[BY_TITLE[said["name"]]]
    assert (int(said["passed"]), int(said["asked"])) == (sum(own), len(own))
    assert sum(own) / len(own) == min(sum(one) / len(one) for one in asked.values())


def ruler(table: Table, said: Said) -> None:
    key = table.card.primary
    steps = {(r["ladder"], r["severity"]): r["strength"] for r in rows(table, "step")}
    values = {(r["ladder"], r["severity"]): r["value"] for r in rows(table, "value", metric=key)}
    assert BY_TITLE[said["name"]] == key.split(":")[0]
    assert int(said["missing"]) == steps["classes", 1]
    sought, plain = values["classes", 1], next(v for (ladder, _), v in values.items() if ladder == "unaltered")
    (side,) = [row["side"] for row in rows(table, "pictures")]  # strengths are shares of it
    blurred = [(0.0, plain), *((side * steps[at], value) for at, value in sorted(values.items()) if at[0] == "blur")]
    around = [
        (a, b) for (a, low), (b, high) in itertools.pairwise(blurred) if min(low, high) <= sought <= max(low, high)
    ]
    # The value lies between the two steps around it, as written.
    assert any(a - 0.01 <= float(said["pixels"]) <= b + 0.01 for a, b in around)


def unawareness(table: Table, said: Said) -> None:
    shares = {r["generator"]: r["value"] for r in rows(table, "changed", group="all", measure="subject changed")}
    assert (shares[said["least"]], shares[said["most"]]) == (min(shares.values()), max(shares.values()))
    assert (said["few"], said["many"]) == (f"{min(shares.values()):.1%}", f"{max(shares.values()):.1%}")


L = rf"{T}(?:, {T})*(?: and (?:{T}|\d+ more))?"
HEADLINES: dict[str, tuple[str, Callable[[Table, Said], object]]] = {
    "copies": (rf"Exact copies are missed by (?P<missed>{L})(?:, and rewarded by (?P<rewarded>{L}))?", copies),
    "modes": (rf"Missing classes are seen by (?P<seen>{L}), and missed by (?P<missed>{L})", modes),
    "outliers": (rf"One outlier leaves (?P<still>{L}) unmoved; for (?P<unclear>\d+) it is unclear", outliers),
    "samples": (
        rf"With (?P<few>[\d,]+) samples instead of (?P<every>[\d,]+), (?:(?P<worse>{L}) looks? worse)?(?: and )?"
        rf"(?:(?P<better>{L}) looks? better)?",
        samples,
    ),
    "corruptions": (
        rf"(?P<whole>\d+) of (?P<all>\d+) metrics see all (?P<count>\d+) corruptions; (?P<name>{T}) sees fewest, "
        r"(?P<least>\d+)",
        corruptions,
    ),
    "k": (
        r"Real images have a precision of (?P<value1>[\d.]+) at k = (?P<k1>\d+) and of (?P<value2>[\d.]+) at k = "
        r"(?P<k2>\d+): a value says little without its k",
        k,
    ),
    "grid": (
        r"With (?P<few>[\d,]+) samples no k keeps the ranking: at best Kendall's tau (?P<tau>[\d.]+), by "
        rf"(?P<name>{T}) at k = (?P<k>\d+)",
        grid,
    ),
    "ranking": (
        rf"The ranking by (?P<name>{T}) changes most (?P<where>.+): Kendall's tau (?P<tau>-?[\d.]+) at worst",
        ranking,
    ),
    "extractors": (
        rf"Feature spaces (?P<how>\w+) on the ranking by {T}: Kendall's tau (?P<tau>-?[\d.]+)(?P<worst> at worst)?",
        extractors,
    ),
    "seeds": (
        r"Of intervals that claim 95%, (?P<mean>[\d.]+)% hold over fresh seeds; least often for "
        rf"(?P<name>{T}), (?P<least>[\d.]+)%",
        seeds,
    ),
    "truncation": (
        r"Truncation or guidance trades (?P<fidelity>[a-z ]+) for recall in (?P<traded>\d+) of (?P<all>\d+) generators",
        truncation,
    ),
    "cycle": (
        r"Translated there and back by (?P<name>\S+), images return at a mean error of (?P<own>[\d.]+); right answers "
        r"at (?P<right>[\d.]+)",
        cycle,
    ),
    "unawareness": (
        r"Asked for the other group, (?P<least>\S+) shows another subject in (?P<few>[\d.]+%) of samples, "
        r"(?P<most>\S+) in (?P<many>[\d.]+%)",
        unawareness,
    ),
    "ruler": (
        rf"By (?P<name>{T}), real images with (?P<missing>\d+) of \d+ classes missing are as bad as ones blurred by "
        r"(?P<pixels>[\d.]+) pixels",
        ruler,
    ),
    "sanity": (
        rf"(?P<whole>\d+) of (?P<all>\d+) metrics pass every sanity check; (?P<name>{T}) passes the smallest share, "
        r"(?P<passed>\d+) of (?P<asked>\d+)",
        sanity,
    ),
}


@every_table
def test_a_headline_says_what_its_table_does(path: Path) -> None:
    table = read_table(path)
    pattern, check = HEADLINES[table.study]
    text = headline(table)
    found = re.fullmatch(pattern, text)
    assert found, text
    check(table, found.groupdict())


@every_table
def test_a_headline_is_short_and_names_no_code_name(path: Path) -> None:
    text = headline(read_table(path))
    assert len(text) <= LONGEST
    assert_plain(text)
    assert len(re.findall(T, text)) <= 3
    assert not text.endswith(".")


def assert_plain(text: str) -> None:
    assert "_" not in text
    codes = {name for name, metric in METRICS.items() if name != metric.title.lower() and name != "is"}
    assert not codes & set(re.findall(r"[\w:-]+", text))


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    """A site of a few studies alone."""
    tables = read_tables([COMMITTED])
    few = {key: table for key, table in tables.readable.items() if key[1] in ("copies", "modes", "seeds", "grid")}
    return render_site(Records((), ()), dict(entries(Track)), type(tables)(few, (), tables.pictures))


def test_every_heading_of_the_pages_of_studies_is_short_and_plain(site: dict[str, bytes]) -> None:
    pages = {path: data.decode() for path, data in site.items() if path.startswith("studies")}
    assert len(pages) == 5
    headings = [
        " ".join(re.sub(r"<[^>]+>", "", text).split())
        for page in pages.values()
        for text in re.findall(r"<h[123][^>]*>(.*?)</h[123]>", page, re.DOTALL)
    ]
    assert len(headings) > 20
    titles = {track.title.removesuffix(f", {track.task}") for track in entries(Track).values()}
    for text in headings:
        own = next((text.removeprefix(f"{title}: ") for title in titles if text.startswith(f"{title}: ")), text)
        assert len(own.replace("&#39;", "'")) <= LONGEST, text
        assert_plain(text)


@pytest.mark.parametrize("track", ["digits@1", "mnist@1"])
def test_points_of_no_track_have_a_headline_of_their_own(track: str) -> None:
    table = read_table(COMMITTED / track / "outliers.json")
    better = set()
    for row in rows(table, "value", kind="normal points", shifted=True, outliers=1):
        metric = METRICS[row["metric"].split(":")[0]]
        if row["hi"] < 0 and row["moved"] < -1.96 and (metric.better or metric.target is not None):
            better.add(metric.name)
    found = re.fullmatch(rf"One outlier is rewarded by (?P<names>{L})", headline_of_points(table))
    assert found
    holds(found["names"], better)
    assert headline_of_points(read_table(COMMITTED / "digits@1" / "modes.json")) == ""


def test_a_page_says_of_which_track_its_finding_is(site: dict[str, bytes]) -> None:
    of = {track: headline(read_table(COMMITTED / track / "modes.json")) for track in ("digits@1", "mnist@1")}
    text = " ".join(Page(site["studies/modes.html"]).text.split())
    assert f"{of['digits@1']} On Digits, 500 samples. Below: on MNIST." in text
    assert f"MNIST: {of['mnist@1']}" in text


def test_a_study_with_nothing_to_say_is_headed_by_its_question() -> None:
    table = read_table(next(path for path in TABLES if path.stem == "seeds"))
    assert headline(table) != STUDIES["seeds"].question
    empty = Table.model_validate({**table.to_json(), "rows": []})
    assert headline(empty) == STUDIES["seeds"].question
