"""What studies found against a metric is on every page that shows its values, computed from the tables alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from genboard.benchmarks.studies.seeds import calibration_rows
from genboard.benchmarks.studies.table import Table
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.cautions import FAILS, NARROW, REWARDED, cautions_of, concerning, together
from genboard.leaderboard.site.study_findings import studies_view
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.storage.study_tables import COMMITTED, Tables, read_tables
from site_tree import TRACK, Page, save
from study_sets import table

Rows = list[dict[str, Any]]


def drawn(name: str, metric: str, claimed: float, seed: int) -> Rows:
    """Six seeds of a generator whose values vary by 1, and the error claimed for each."""
    generator = torch.Generator().manual_seed(seed)
    found = torch.randn(6, generator=generator, dtype=torch.float64).tolist()
    ends = [{"value": v, "se": claimed, "lo": v - 1.96 * claimed, "hi": v + 1.96 * claimed} for v in found]
    return [{"what": "value", "generator": name, "metric": metric, "seed": i, **one} for i, one in enumerate(ends)]


def seeds(claims: dict[tuple[str, str], float]) -> Table:
    """A table of the study of seeds: by generator and metric, what is claimed of a spread of 1."""
    rows = [row for i, ((name, key), claim) in enumerate(claims.items()) for row in drawn(name, key, claim, i)]
    by_metric: dict[str, dict[str, Rows]] = {}
    for row in rows:
        by_metric.setdefault(row["metric"], {}).setdefault(row["generator"], []).append(row)
    return table(
        "seeds", rows + [row for key, own in by_metric.items() for row in calibration_rows(key, [*own.values()])]
    )


NAMES = [f"m{i}" for i in range(8)]
HALF = {(name, "fd:digits-cnn"): 0.5 for name in NAMES}
RIGHT = {(name, "kid:digits-cnn"): 1.0 for name in NAMES}


def copies() -> Table:
    rows: Rows = []
    for metric, moved in (("is", -6.7), ("kid", -0.3), ("nn_ratio", 59.4), ("recall", -5.0)):
        for share in (0.0, 0.1, 1.0):
            wide = 9.0 if metric == "recall" else 1.5
            size = moved * share
            own = {"kind": "exact", "share": share, "metric": f"{metric}:digits-cnn", "n": 250, "value": 1.0}
            rows.append({"what": "value", **own, "moved": size, "lo": size - wide, "hi": size + wide, "spread": 1.0})
    return table("copies", rows)


def sanity() -> Table:
    asked = [("kid", True), ("kid", False), ("kid", None), ("fd", True)]
    own = {"what": "check", "check": "spheres", "variant": "v", "criterion": "c", "asks": "shape"}
    return table("sanity", [{**own, "metric": metric, "passed": passed} for metric, passed in asked])


def test_an_interval_that_fresh_seeds_show_too_narrow_is_found_and_a_right_one_is_not() -> None:
    (one,) = cautions_of([seeds(HALF | RIGHT)])
    assert (one.kind, one.track, one.key, one.generator) == (NARROW, "digits@1", "fd:digits-cnn", "")
    ratio = re.search(r"claims an error of (0\.\d\d) of the spread over fresh seeds", one.words)
    assert ratio
    assert 0.4 < float(ratio[1]) < 0.62
    assert "not 95%" in one.words


def test_one_narrow_interval_among_many_right_ones_is_not_chance() -> None:
    many = {(name, f"{m}:digits-cnn"): 1.0 for name in NAMES for m in ("kid", "precision", "recall", "coverage", "is")}
    assert cautions_of([seeds(many)]) == ()
    found = cautions_of([seeds({**many, ("m3", "recall:digits-cnn"): 0.1})])
    assert {(one.kind, one.key) for one in found} == {(NARROW, "recall:digits-cnn")}


def test_a_generator_whose_own_interval_is_too_narrow_is_named_and_nobody_else() -> None:
    claims = {(f"g{i}", "c_t:digits-cnn"): 1.3 for i in range(60)} | {("odd", "c_t:digits-cnn"): 0.19}
    (one,) = cautions_of([seeds(claims)])
    assert (one.kind, one.generator) == (NARROW, "odd")
    assert one.words.startswith("for odd it claims an error of ")
    assert concerning([one], "digits@1", ["c_t:digits-cnn"], "odd") == [one]
    assert concerning([one], "digits@1", ["c_t:digits-cnn"], "g1") == []


def test_what_exact_copies_make_better_is_found_and_chance_is_not() -> None:
    (one,) = cautions_of([copies()])
    assert (one.kind, one.key) == (REWARDED, "is:digits-cnn")
    assert "better by 6.7 standard errors when 100% of the samples are exact copies" in one.words


def test_failed_checks_are_counted_and_are_of_no_track() -> None:
    (one,) = cautions_of([sanity(), sanity()])
    assert (one.kind, one.track, one.key, one.brief) == (FAILS, "", "kid", "1 of 2")
    assert concerning([one], "mnist@1", ["kid:lenet-mnist"]) == [one]


def test_a_finding_stays_on_its_track() -> None:
    found = cautions_of([copies(), sanity()])
    assert [one.kind for one in concerning(found, "mnist@1", ["is:digits-cnn", "kid:x"])] == [FAILS]
    assert [kind for kind, _, _ in together(concerning(found, "digits@1", ["is:digits-cnn"]))] == [REWARDED]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("results")
    for i, name in enumerate(("m0", "m1", "other")):
        save(folder, name, 1.0 + i)
    made = {("digits@1", one.study): one for one in (seeds(HALF | RIGHT), copies(), sanity())}
    return render_site(read_records([folder]), {TRACK.name: TRACK}, Tables(made, ()))


@pytest.mark.parametrize(
    "path", ["tracks/digits.html", "compare/digits.html", "generators/m0.html", "generators/other.html", "metrics.html"]
)
def test_every_page_with_the_values_carries_the_findings_with_links(site: dict[str, bytes], path: str) -> None:
    page = Page(site[path])
    text = " ".join(page.text.split())
    for kind in (NARROW, REWARDED, FAILS):
        assert kind in text, kind
    root = "" if path == "metrics.html" else "../"
    links = {attrs.get("href") for tag, attrs in page.tags if tag == "a"}
    assert {f"{root}studies/{name}.html" for name in ("seeds", "copies", "sanity")} <= links


def test_a_claimed_95_percent_is_marked_where_seeds_deny_it(site: dict[str, bytes]) -> None:
    page = Page(site["generators/m0.html"])
    narrow = [row for row in page.rows if "too narrow" in row]
    assert len(narrow) == 1
    assert narrow[0].split()[:2] == ["Fréchet", "distance"]
    assert "against train" not in narrow[0]
    assert "95%" in narrow[0]


def test_without_studies_nothing_is_said(tmp_path: Path) -> None:
    save(tmp_path, "alone", 1.0)
    text = Page(render_site(read_records([tmp_path]), {TRACK.name: TRACK})["generators/alone.html"]).text
    assert "too narrow" not in text
    assert "What studies found" not in text


def test_points_that_a_study_makes_are_findings_on_no_track() -> None:
    every = read_tables([COMMITTED]).readable
    chosen = {place: one for place, one in every.items() if one.study in ("sanity", "outliers", "modes")}
    view = studies_view(Tables(chosen, ()), {TRACK.name: TRACK}, ())
    found = {one.study.name: one for one in view.studies}
    assert [(one.page, one.title) for one in found["sanity"].findings] == [
        ("", "Points of known distributions, of no track")
    ]
    outliers = found["outliers"]
    assert len(outliers.findings) == 2
    assert len(outliers.of_points) == 2
    assert all("normal points" in text for text in outliers.of_points)
    assert "normal points" not in outliers.heading
    assert not [text for one in outliers.findings for text in one.verdict if "normal points" in text]
    assert "Normal points, of no track, in the reference" in outliers.findings[0].figure.drawing
    *cards, points = view.cards
    assert {card.at for card in cards} == {"digits-1", "mnist-1"}
    units = [said for card in cards for row in card.rows for cell in row.cells for said in cell]
    assert len(units) > 20
    assert not [said for said in units if said.study == "sanity" or "normal points" in said.unit]
    own = [said for row in points.rows for cell in row.cells for said in cell]
    assert {said.study for said in own} == {"sanity", "outliers"}
    assert all(said.study == "sanity" or "normal points" in said.unit for said in own)
    assert points.title == "points of known distributions, of no track"
