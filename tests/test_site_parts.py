"""Values of classes and confusion matrices on a generator's page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from genboard.benchmarks.result import MetricRecord, PartRecord
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.parts_view import MOST, confusions_of, tables_of
from genboard.leaderboard.storage.records import COMMITTED, Records, read_records
from genboard.registry.catalog import find
from genboard.registry.schema import Track

TRACK = find(Track, "digits-class")


@pytest.fixture(scope="module")
def records() -> Records:
    found = read_records([COMMITTED])
    return replace(found, readable=tuple(r for r in found.readable if r.result.track.name == TRACK.name))


@pytest.fixture(scope="module")
def page(records: Records) -> str:
    return render_site(records, {TRACK.name: TRACK})["generators/acgan.html"].decode()


def tables(page: str, caption: str) -> list[str]:
    every = re.findall(r"<table class=\"list.*?</table>", page, re.DOTALL)
    return [table for table in every if caption in table]


def rows(table: str) -> list[list[str]]:
    found = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in found]


def test_every_class_has_its_values(page: str, records: Records):
    (table,) = tables(page, "Values of acgan by class")
    head, *found = rows(table)
    assert head[0] == "Class"
    assert head[1:] == [
        "Kernel distance within classes",
        "Conditional accuracy",
        "Conditional accuracy, corrected",
        "Classification accuracy score",
        "GAN-test",
        "Conditional accuracy, top 5",
    ]
    assert [row[0] for row in found] == list("0123456789")
    acgan = next(r.result for r in records.readable if r.result.generator.name == "acgan")
    part = (acgan.metrics[0].parts or ())[3]
    assert part.value is not None
    assert found[3][1].startswith(f"{part.value:.1f}".replace("-", "−"))
    assert "±" in found[3][1]


def test_the_samples_and_the_real_images_have_a_confusion_matrix(page: str):
    (samples,), (real,) = (tables(page, f"Confusion matrix of {what}") for what in ("samples", "real images"))
    for table in (samples, real):
        head, *found = rows(table)
        assert head[1:] == [row[0] for row in found] == list("0123456789")
        assert sum(int(cell) for row in found for cell in row[1:]) == 500
    assert samples.count("<b>") == 10
    assert all(int(row[1 + i]) >= 45 for i, row in enumerate(rows(samples)[1:]))


def test_tables_have_heads_and_captions_for_readers_of_a_screen(page: str):
    for table in [*tables(page, "by class"), *tables(page, "Confusion matrix")]:
        assert '<caption class="vh"' in table
        assert table.count('scope="row"') == 10
        assert table.count('scope="col"') >= 6


def test_a_result_without_parts_has_no_table():
    plain = MetricRecord(
        name="fd",
        version=2,
        extractor="digits-cnn",
        value=1.0,
        reason=None,
        direction="lower",
        uncertainty=None,
        n=500,
        n_reference=500,
        params={},
    )
    assert tables_of([plain], None) == []
    assert confusions_of([plain], None) == []


def many(count: int, **fields: object) -> MetricRecord:
    parts = tuple(
        PartRecord.model_validate({"name": str(i), "value": None, "se": None, "lo": None, "hi": None, **fields})
        for i in range(count)
    )
    return MetricRecord(
        name="made_up",
        version=1,
        extractor=None,
        value=None,
        reason="none",
        direction=None,
        uncertainty=None,
        n=2,
        n_reference=None,
        params={},
        parts=parts,
    )


def test_of_many_parts_some_are_shown_and_the_others_counted():
    (table,) = tables_of([many(MOST + 5, reason="no sample")], None)
    assert (len(table.rows), table.left) == (MOST, 5)
    assert table.rows[0][1][0].title == "no sample"


def test_counts_that_are_no_square_are_no_matrix():
    assert confusions_of([many(3, reason="x", counts=[1, 2])], None) == []
