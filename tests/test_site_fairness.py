"""The page on fairness: what it says of results whose numbers are known, and what it says where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from genboard.benchmarks.result import MetricRecord, PartRecord, UncertaintyRecord
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.export.fairness_text import sentences, summary
from genboard.leaderboard.site.fairness_view import _steps, front_of
from genboard.leaderboard.site.render import render_site
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.registry.catalog import entries, find
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Track
from site_tree import save


def record(
    name: str, value: float | None, lo: float, hi: float, *parts: tuple[str, float, float, float]
) -> MetricRecord:
    metric = METRICS[name]
    interval = UncertaintyRecord(target=metric.interval, se=(hi - lo) / 3.92, lo=lo, hi=hi, level=0.95, method="m")
    return MetricRecord(
        name=name,
        version=1,
        extractor="groups-cnn",
        value=value,
        reason=None if value is not None else "few samples",
        direction=metric.better,
        uncertainty=interval if value is not None else None,
        n=500,
        n_reference=500,
        params=dict(metric.params),
        parts=tuple(
            PartRecord(name=n, value=v, se=0.01, lo=lo, hi=hi, reason=None, counts=None) for n, v, lo, hi in parts
        ),
    )


class Stub:
    """A row as far as the sentences look at it."""

    name = "model"

    def __init__(self, *records: MetricRecord) -> None:
        self.cells = {one.key: one for one in records}


def said(*records: MetricRecord) -> list[str]:
    return list(sentences(Stub(*records)))  # type: ignore[arg-type]


def test_shares_are_told_with_their_intervals_and_whether_they_are_off_the_target():
    shares = (("plain", 0.96, 0.94, 0.98), ("inverted", 0.04, 0.02, 0.06))
    off = record("representation", 0.06, 0.04, 0.08, *shares)
    assert said(off) == [
        "model: shares of plain 96.0% (94.0% to 98.0%), inverted 4.0% (2.0% to 6.0%), by 6.0% other than those of the "
        "real images (distance 0.060, interval 0.040 to 0.080)."
    ]
    assert (
        "not significantly different from those of the real images"
        in said(record("representation", 0.01, -0.02, 0.04, *shares))[0]
    )
    even = record("representation", 0.46, 0.44, 0.48, *shares).model_copy(update={"params": {"target": "uniform"}})
    assert "by 46.0% other than equal ones" in said(even)[0]
    own = even.model_copy(update={"params": {"target": "0.8, 0.2"}})
    assert "by 46.0% other than the target 0.8, 0.2" in said(own)[0]


def test_a_gap_is_told_only_where_its_interval_is_above_zero():
    parts = (("plain", 0.97, 0.95, 0.99), ("inverted", 0.6, 0.45, 0.75))
    assert said(record("accuracy_gap", 0.37, 0.22, 0.52, *parts)) == [
        "model: accuracy gap 0.370, interval 0.220 to 0.520: 0.600 of inverted, 0.970 of plain."
    ]
    assert said(record("accuracy_gap", 0.04, -0.02, 0.1, *parts)) == []
    assert said(record("kid_group_gap", None, 0, 1)) == []


def test_what_is_kept_is_told_of_each_group():
    kept = record("group_kept", 0.6, 0.5, 0.7, ("plain", 1.0, 0.99, 1.0), ("inverted", 0.2, 0.11, 0.33))
    assert said(kept) == [
        "model: plain 100.0% (99.0% to 100.0%), inverted 20.0% (11.0% to 33.0%) come back in their own group."
    ]


def test_the_front_holds_who_is_beaten_in_both_by_nobody():
    values = {"a": (0.1, 5.0), "b": (0.0, 9.0), "c": (0.2, 5.0), "d": (0.3, 4.0), "e": (0.1, 6.0)}
    best = front_of(values)
    assert best == ["b", "a", "d"]
    assert _steps([values[name] for name in best]) == [(0.0, 9.0), (0.1, 9.0), (0.1, 5.0), (0.3, 5.0), (0.3, 4.0)]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("results")
    save(folder, "alpha", 1.0)
    return render_site(read_records([folder]), entries(Track))["fairness.html"].decode()


def test_the_page_says_where_nothing_was_measured_yet(page: str):
    for track in ("digits-groups", "digits-groups-class", "digits-groups-upscale"):
        assert f'id="found-{track}"' in page
    assert page.count("No generator has been measured on this track yet.") == 3
    assert "The study of unawareness has not been made yet." in page
    assert 'id="found-digits"' not in page


def test_it_explains_every_definition_and_every_page_leads_to_it(page: str):
    for name in (
        "representation",
        "demographic_parity_gap",
        "equal_opportunity_gap",
        "equalized_odds_gap",
        "group_kept",
    ):
        assert f'href="metrics.html#{name}"' in page
    assert "exclude each other" in page
    assert '<a href="fairness.html" aria-current="page">Fairness</a>' in page


def test_the_summary_has_a_sentence_a_metric_and_names_who_is_off() -> None:
    board = make_board(find(Track, "digits-groups"), read_records([COMMITTED]).readable)
    said = summary(board)
    shares = [text for text in said if text.startswith("Shares of the groups")]
    assert len(shares) == 2
    assert "those of the real images, 3 of" in shares[0]
    assert all(name in shares[0] for name in ("fairgan-1", "fairgan-3", "groups-vae-truncated"))
    assert "equal ones" in shares[1]
    assert "held-out (plain 0.900, inverted 0.100)" in shares[1]
    assert len(said) == len({c.key for c in board.columns if "groups" in METRICS[c.metric].reads})
