"""The page of speeds: a run of some works writes their sections, and leaves the others with their own day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SPEED = Path(__file__).parents[1] / "benchmarks" / "speed"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SPEED))
    import report

    return report


def run(data: list[float], day: str, **info: Any) -> dict[str, Any]:
    return {
        "datetime": f"{day}T12:00:00",
        "machine_info": {"cpu": {"count": 2, "brand_raw": "Some Processor"}},
        "benchmarks": [{"extra_info": {"yardstick": [0.1, 0.3], **info}, "stats": {"data": data}}],
    }


def test_a_partial_run_replaces_its_sections_alone(report):
    rates = run([2.0, 2.0], "2030-01-02", images=64, what="a network", seconds={"a peer": [4.0, 6.0]})
    ways = run([1.0], "2030-03-04", step="a step", taken="ours", seconds={"theirs": [3.0]})
    first = report.report(rates, "# Speed\n\n## Other ways\n\nold\n\n## Unknown\n\nx\n")
    assert "| a network | genboard | 32.0 |  |" in first
    assert "| a network | a peer | 12.8 | 2.50 x (2.00 to 3.00) |" in first
    assert "Measured 2030-01-02 with 2 threads; Some Processor." in first
    assert "## Other ways\n\nold" in first
    assert "## Against peers" not in first
    second = report.report(ways, first)
    assert "old" not in second
    assert "| a step | theirs | 3.00 s | 3.00 x (3.00 to 3.00) |" in second
    assert second.count("Measured 2030-01-02") == second.count("Measured 2030-03-04") == 1
    assert report.report(report.together([rates, ways]), "").count("Measured 2030-03-04") == 2


def test_shares_of_stages_and_the_time_of_many_images(report):
    stages = {"listing": [1.0], "network": [3.0], "one after the other": [8.0]}
    whole = run([4.0], "2030-01-02", stages="space", images_of=(100, 8, 8), whole=50_000, seconds=stages)
    page = report.report(whole, "")
    assert "| space, 100 of 8x8 | 25% | 75% |" in page
    assert "| space, 100 of 8x8 | 80.00 ms | 40.00 ms | 0.50 x (0.50 to 0.50) | 66.7 min | 33.3 min |" in page


def test_the_committed_page_has_every_section_with_its_day(report):
    page = (SPEED / "RESULTS.md").read_text("utf-8")
    parts = page.split("\n## ")[1:]
    assert len(parts) >= 4
    assert all("\nMeasured 20" in part for part in parts)
    assert {part.split("\n")[0] for part in parts} <= {heading for heading, _ in report.sections([])}
