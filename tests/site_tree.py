"""Trees of results that the tests of the site render: hostile, tied, missing, and many."""

from __future__ import annotations

import io
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from genboard.benchmarks.result import Result, result_id, save_result
from genboard.benchmarks.specification import specify_column
from genboard.benchmarks.studies.table import Table
from genboard.leaderboard.storage.records import Records, read_records
from genboard.leaderboard.storage.study_tables import Tables
from genboard.leaderboard.verification.log import append, new_entry
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from PIL import Image

from genboard.core.files import sha256

TRACK = find(Track, "digits")
HOSTILE = "<script>alert(1)</script> \"'&amp; <img src=http://evil.example/x.png onerror=alert(2)> \u202egnp.\u2067x"
LONG = "x" * 300
PLAIN = "<script>alert(9)</script> \"'& javascript:alert(9)"  # hostile, and short enough for a log
LONGEST_NAME = "n" * 80


@cache
def picture(equal: tuple[int, ...] = ()) -> bytes:
    """A contact sheet of 64 samples, of which these equal their nearest training images; all others differ."""
    image = Image.new("RGBA", (2 * 8 * 9, 8 * 9))
    for i in range(64):
        tile = Image.new("RGBA", (8, 8), (i * 3, 128, 255 - i * 3, 255))
        near = tile if i in equal else Image.new("RGBA", (8, 8), (255 - i * 3, i * 3, 64, 255))
        image.paste(tile, (i % 8 * 9, i // 8 * 9))
        image.paste(near, (72 + i % 8 * 9, i // 8 * 9))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def measured(name: str, value: float | None, se: float | None, against: str, reason: str | None) -> dict[str, Any]:
    interval = None
    if value is not None and se is not None:
        ends = {"lo": value - 1.96 * se, "hi": value + 1.96 * se}
        interval = {"target": "conditional", "se": se, **ends, "level": 0.95, "method": f"method {HOSTILE}"}
    return {
        "name": name,
        "version": 1,
        "extractor": "digits-cnn",
        "value": value,
        "reason": reason,
        "direction": "lower",
        "uncertainty": interval,
        "n": 500,
        "n_reference": None if name == "is" else 500,
        "params": {"against": against},
    }


@cache
def columns() -> tuple[dict[str, Any], ...]:
    return tuple(specify_column(TRACK, column) for column in TRACK.metrics)


def save(folder: Path, name: str, fd: float | None, se: float | None = 0.1, **changes: Any) -> Result:
    """A result file with its preview; `changes` go into the parts of the result by name."""
    other = changes.pop("other", {})  # values of other columns by key
    generator = {
        "name": name,
        "title": f"Title of {name}",
        "kind": "registered",
        "family": "vae",
        "task": "unconditional",
        "origin": "made for a test",
        "licence": "Apache-2.0",
        **changes.pop("generator", {}),
    }
    n = changes.pop("n", TRACK.samples)
    specification = {
        "generator": {"name": name, "weights": "ab" * 32},
        "track": {"name": TRACK.name, "version": TRACK.version},
        "metrics": list(columns()),
        "salt": changes.pop("salt", 0),
        "n": n,
    }
    metrics = []
    for column in TRACK.metrics:
        value, error = other.get(column.key, (1.0, 0.05)) if column.key != TRACK.primary else (fd, se)
        reason = f"unmeasurable {HOSTILE}" if value is None or error is None else None
        metrics.append(measured(column.metric, value, error, column.against, reason))
    failure = changes.pop("error", None)
    suspicion = changes.pop("suspicion", None)  # value and standard error by name
    png = picture(changes.pop("equal", ()))
    layout = {"sha256": sha256(png), "tiles": 64, "columns": 8, "gap": 1, "tile": [8, 8]}
    sampling = {"protocol": 1, "n": n, "seed": TRACK.seed, "shape": [8, 8, 1], "digest": "cd" * 32}
    usual = {"sampling_s": 1.0, "measuring_s": 2.0, "images_per_s": 500.0, "peak_memory_mib": None}
    cost = changes.pop("cost", usual)
    machine = dict.fromkeys(("genboard", "python", "torch", "numpy", "system", "processor", "device"), "0")
    odd = [measured(m, v, se, "reference", None if se else HOSTILE) for m, (v, se) in (suspicion or {}).items()]
    result = Result.model_validate(
        {
            **({"suspicion": odd} if suspicion else {}),
            "schema": 1,
            "id": result_id(specification),
            "status": "failed" if failure else "complete",
            "track": specification["track"],
            "generator": generator,
            "sampling": {**sampling, "digest": None} if failure else sampling,
            "metrics": [] if failure else metrics,
            "specification": specification,
            "preview": None if failure else layout,
            "environment": {**machine, "threads": 1},
            "cost": cost,
            "provenance": {
                "created": changes.pop("created", "2026-01-02T03:04:05+00:00"),
                "command": f"genboard evaluate {name} --track digits {HOSTILE}",
                "trusted_code": False,
            },
            "error": failure,
        }
    )
    assert not changes
    save_result(result, folder, None if failure else png)
    return result


def everything(folder: Path) -> Records:
    """Ranked rows that tie and that do not, baselines, a failure, nulls, leftovers, hostile texts."""
    hostile = {"title": HOSTILE, "family": HOSTILE, "licence": HOSTILE, "origin": "javascript:alert(3)"}
    save(folder, "alpha", 2.0, other={"kid:digits-cnn": (None, None), "fd:digits-cnn:train": (0.5, 0.1)})
    save(folder, "beta", 2.1, generator={"paper": "Kingma and Welling, arXiv:1312.6114"})
    save(
        folder,
        "gamma",
        9.0,
        other={"is:digits-cnn": (3.0, None)},
        generator={**hostile, "paper": "javascript:alert(4)"},
    )
    save(folder, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True})
    save(folder, "copy", 0.3, 0.05, other={"nn_ratio:digits-cnn": (0.0, 0.0)}, generator={"baseline": True})
    save(folder, "far", 4000.0, 0.0, generator={"baseline": True})
    save(folder, LONGEST_NAME, 30.0, generator={"title": LONG, "licence": LONG, "origin": f"https://x.example/{LONG}"})
    save(folder, "alpha", 5.0, salt=1, created="2025-01-01T00:00:00+00:00")
    save(folder, "few", 3.0, n=50)
    save(folder, "null", None)
    save(folder, "crash", None, error={"stage": "sampling", "type": "ValueError", "message": f"boom {HOSTILE}"})
    disputed = folder / save(folder, "doubted", 40.0).path
    append(disputed, new_entry(disputed, "disputed", by=PLAIN[:29], reason=PLAIN))
    broken = folder / TRACK.id / "alpha" / "0123456789ab.json"
    broken.write_bytes(b'{"a": 1, "a": 2}')
    return read_records([folder])


def many(folder: Path, count: int) -> Records:
    """So many ranked rows, with a noise floor and a baseline among them."""
    families = ("gan", "vae", "diffusion", "flow", "autoregressive")
    save(folder, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True, "family": "baseline"})
    save(folder, "noise", 40.0, 0.5, generator={"baseline": True, "family": "baseline"})
    for i in range(count - 2):
        other = {c.key: (0.3 + 0.7 * ((7 * i + 3 * j) % count) / count, 0.012) for j, c in enumerate(TRACK.metrics)}
        save(folder, f"generator-{i:03d}", 1.0 + 0.11 * i, 0.13, other=other, generator={"family": families[i % 5]})
    return read_records([folder])


FIVE = ("alpha", "beta", "gamma", "doubted", "far")  # generators: of fewer, studies compare no rankings


def study(track: str = TRACK.name, names: tuple[str, ...] = FIVE, last: int = 4) -> Table:
    """A table of the study `k`, with hostile words wherever a table has any."""
    rows: list[dict[str, Any]] = []
    for m, metric in enumerate(("precision", "recall", "density", "coverage")):
        for k in range(1, last + 1):
            at = {"metric": metric, "k": k, "n": 500}
            rows.append({"what": "real", **at, "value": 0.2 * k, "se": 0.01, "resamples": 8})
            if metric in ("density", "coverage"):
                rows.append({"what": "expected", **at, "value": 0.2 * k})
            for i, name in enumerate((*names, HOSTILE)):
                value = (0.1 + 0.02 * ((7 * i + 3 * m) % (len(names) + 1))) * k**0.5
                rows.append({"what": "value", "generator": name, **at, "value": value, "se": 0.01, "resamples": 8})
    traits = {"digest": "cd" * 32, "family": HOSTILE, "baseline": False, "noise_floor": False}
    words = {"title": HOSTILE, "question": HOSTILE, "method": HOSTILE, "genboard": PLAIN, "created": PLAIN}
    card = {
        **words,
        "version": 1,
        "primary": TRACK.primary,
        "n": 500,
        "seed": 1,
        "generators": [{"name": name, **traits} for name in names],
        "parameters": {HOSTILE: 1},
        "extractors": [],
        "references": {},
        "left_out": {HOSTILE: HOSTILE},
    }
    return Table.model_validate(
        {"schema": 2, "study": "k", "track": {"name": track, "version": 1}, "card": card, "rows": rows}
    )


def studies(*tracks: str, **shape: Any) -> Tables:
    return Tables(
        {(f"{track}@1", "k"): study(track, **shape) for track in sorted(tracks)}, (("digits@1/x.json", PLAIN),)
    )


class Page(HTMLParser):
    """Tags with their attributes, the text, and the text of each table row."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[str] = []
        self._in_row = False
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")
            self._in_row = True

    def handle_endtag(self, tag: str) -> None:
        self._in_row = self._in_row and tag != "tr"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_row:
            self.rows[-1] += data + " "

    def row(self, name: str) -> str:
        """The first row that names it, of the first table that does."""
        found, *_ = [" ".join(row.split()) for row in self.rows if re.search(rf"\b{name}\b", row)]
        return found


def pages(site: dict[str, bytes]) -> dict[str, Page]:
    found = {path: Page(data) for path, data in site.items() if path.endswith(".html")}
    assert len(found) >= 3
    return found
