"""Columns of one metric that ask different things: their keys on a track, in records, in specifications, on pages."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.result import read_result
from genboard.benchmarks.scoring import score
from genboard.benchmarks.specification import key_of, specify_column
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.site.columns import columns_of
from genboard.leaderboard.site.parts_view import confusions_of, tables_of
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.registry.catalog import entries, find
from genboard.registry.metrics import METRICS, find_metric
from genboard.registry.schema import Track, TrackMetric

from genboard.core.errors import GenboardError

TRACK = find(Track, "digits-class")
TOP_1, TOP_5 = "conditional_accuracy:digits-cnn", "conditional_accuracy:digits-cnn:top-5"
# Of committed results, the keys that say what is asked.
ASKING = (TOP_5, "conditional_accuracy:lenet-mnist:top-5", "representation:groups-cnn:target-uniform")


def column(metric: str, **more: Any) -> TrackMetric:
    return TrackMetric(metric=metric, extractor="digits-cnn", **more)


def test_only_what_is_not_the_default_stands_in_a_key():
    assert column("conditional_accuracy", params={"top": 1}).key == TOP_1
    assert column("conditional_accuracy", params={"top": 5}).key == TOP_5
    assert column("conditional_accuracy", params={"top": 5}, against="train").key == f"{TOP_5}:train"
    assert column("feature_distance", params={"kind": "cosine"}).key == "feature_distance:digits-cnn:kind-cosine"
    assert column("precision", params={"k": 9}).key == "precision:digits-cnn"  # the same question, asked otherwise


def test_what_a_metric_asks_is_among_its_parameters():
    asking = [metric for metric in METRICS.values() if metric.asks]
    assert asking
    for metric in asking:
        assert set(metric.asks) <= set(metric.params), metric.name


def test_committed_results_keep_their_keys():
    paths = [path for path in COMMITTED.glob("*/*/*.json") if "." not in path.stem]
    assert len(paths) > 80
    for path in paths:
        for record in read_result(path).metrics:
            told = [record.name, str(record.extractor), *["train"] * (record.params.get("against") == "train")]
            assert record.key in (":".join(told), *ASKING), path


def test_a_track_may_ask_one_metric_two_questions():
    assert {TOP_1, TOP_5} <= {one.key for one in TRACK.metrics}
    twice = (*TRACK.metrics, column("conditional_accuracy", params={"top": 5}))
    with pytest.raises(ValueError, match=f"a column is listed twice: {TOP_5}"):
        Track.model_validate({**TRACK.model_dump(), "metrics": twice})


@pytest.mark.parametrize("track", entries(Track).values(), ids=lambda t: t.name)
def test_a_specification_and_a_record_have_the_key_of_their_column(track: Track):
    for one in track.metrics:
        try:
            assert key_of(specify_column(track, one)) == one.key
        except GenboardError:
            assert not COMMITTED.joinpath(track.id).exists()  # of data that nobody has recorded yet


def test_both_are_measured_and_their_confusion_matrix_is_shown_once():
    labels = torch.arange(10).repeat(3)
    logits = torch.eye(10)[labels] + 2 * torch.eye(10)[(labels + 1) % 10]
    inputs = MetricInputs(FeatureSet(logits=logits, labels=labels))
    both = [score(find_metric("conditional_accuracy"), inputs, {"top": top}, "digits-cnn").record for top in (1, 5)]
    assert [(one.key, one.value) for one in both] == [(TOP_1, 0.0), (TOP_5, 1.0)]
    assert len(confusions_of(both[:1], None)) == len(confusions_of(both, None)) == 1
    (table,) = tables_of(both, None)
    assert table.heads == ("Conditional accuracy", "Conditional accuracy, top 5")


def test_the_board_tells_them_apart():
    heads = {one.key: one for one in columns_of(make_board(TRACK, read_records([COMMITTED]).readable))}
    assert heads[TOP_1].title == heads[TOP_5].title
    assert heads[TOP_5].note == f"{heads[TOP_1].note}, top 5"
