"""Forged specifications: what was measured, and of what."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tampered import Ground, Value, edit, put, respecify

from .edits import Forgery, column, forgery


def of_the_specification() -> Iterator[Forgery]:
    kind = "specification"
    at: tuple[tuple[str, ...], ...] = (("track",), ("generator",), ("sampling",), ())
    for path in at:
        for key in ("nonce", "note", "_"):
            where = ".".join(path) or "the top"
            yield forgery(kind, f"{key} in {where}", "R202", respecify(put("specification", *path, key, value=1)))
    for part in ("params", "extractor"):
        yield forgery(
            kind, f"a nonce in a column's {part}", "R308 R309", column(1, lambda c, p=part: c[p].update(nonce=1))
        )
    for field, value in (("n", 500.0), ("protocol", 1.0), ("shape", [8.0, 8.0, 1.0]), ("seed", False), ("block", 0)):
        change = put("specification", "sampling", field, value=value)
        yield forgery(kind, f"sampling.{field} as {value!r}", "R204 R216 R303", respecify(change))
    for value in (True, 1.0, "1"):
        change = put("specification", "track", "version", value=value)
        yield forgery(kind, f"track.version as {value!r}", "R204", respecify(change))
    for key, value in (("k", 3.0), ("k", "3")):
        yield forgery(
            kind, f"k as {value!r}", "R204 R308", column(2, lambda c, k=key, v=value: c["params"].update({k: v}))
        )
    for scale in ("", "a lot", True):
        spoil = edit(put("metrics", 8, "params", "scale", value=scale))
        yield forgery(kind, f"a scale of {scale!r}", "R105 R106 R204", spoil)
    yield forgery(kind, "a version as 2.0", "R204 R308", column(0, lambda c: c.update(version=2.0)))
    yield forgery(
        kind,
        "weights in capitals",
        "R309",
        column(0, lambda c: c["extractor"].update(weights=c["extractor"]["weights"].upper())),
    )
    yield forgery(
        kind,
        "its own digest in capitals",
        "R210",
        respecify(
            lambda v: v["specification"]["generator"].update(images=v["specification"]["generator"]["images"].upper())
        ),
    )
    yield forgery(kind, "columns in another order", "R313", respecify(exchanged))
    yield forgery(
        kind,
        "columns backwards",
        "R313",
        respecify(lambda v: (v["metrics"].reverse(), v["specification"]["metrics"].reverse())),
    )
    yield forgery(
        kind,
        "labels that nobody asked for",
        "R303",
        respecify(put("specification", "sampling", "labels", value="0" * 64)),
    )
    for block in (-1, 16, "16"):
        yield forgery(
            kind, f"a block of {block!r}", "R216", respecify(put("specification", "sampling", "block", value=block))
        )
    yield forgery(kind, "half a character", "R101 R801 R201", surrogate)
    yield forgery(kind, "a number of 31 digits", "R101", edit(put("submission", "parameters", value=10**30)))
    yield forgery(kind, "samples without number", "R101", edit(put("sampling", "n", value=10**25)))
    for field, value in (("task", "class"), ("task", "text"), ("origin", "a university"), ("origin", "")):
        yield forgery(kind, f"{field} as {value!r}", "R216", edit(put("generator", field, value=value)))


def exchanged(value: Value) -> None:
    for columns in (value["metrics"], value["specification"]["metrics"]):
        columns[0], columns[1] = columns[1], columns[0]


def surrogate(ground: Ground) -> None:
    value = ground.read()
    value["specification"]["track"]["name"] = "digits\ud800"
    ground.path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")
