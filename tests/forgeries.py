"""Forgeries by kind: edits of a fresh submission in which id, digests and canonical form are right, and lines of logs.

Each is refused, or stands in the review, by one of its codes; what no check can tell is in `MISSED`, with the reason.
"""

from __future__ import annotations

import copy
import io
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from committed import current
from genboard.benchmarks.result import influence_path, preview_path, read_result
from genboard.leaderboard.submission.manifest import manifest_path
from genboard.leaderboard.verification import disputes
from genboard.leaderboard.verification.log import append, new_entry
from genboard.leaderboard.verification.log_entry import KINDS, Entry
from genboard.registry.catalog import entries
from genboard.registry.schema import Generator
from PIL import Image
from tampered import (
    BOARD,
    Ground,
    Value,
    both,
    edit,
    of_the_board,
    published,
    put,
    redraw,
    reinfluence,
    remanifest,
    resheet,
    respecify,
)

from genboard.core.files import sha256

Spoil = Callable[[Ground], object]
MAINTAINER = "genboard-maintainers"


@dataclass(frozen=True)
class Forgery:
    """One forgery.

    Attributes:
        codes: of which at least one must be found.
        log: of a published result's log, in a checkout that is held against its base.
        author: the GitHub account that offers it, where it is known.
        reason: why no check can tell, of those that are missed.
    """

    kind: str
    what: str
    spoil: Spoil
    codes: frozenset[str]
    log: bool = False
    author: str | None = None
    reason: str | None = None


def forgery(kind: str, what: str, codes: str, spoil: Spoil, **more: Any) -> Forgery:
    return Forgery(kind, what, spoil, frozenset(codes.split()), **more)


# What is done to a value.


def renamed(name: str, title: str | None = None) -> Spoil:
    """The whole submission under another name, with its command."""

    def change(value: Value) -> None:
        value["generator"]["name"] = value["specification"]["generator"]["name"] = name
        value["generator"]["title"] = title or value["generator"]["title"]
        value["provenance"]["command"] = f"genboard evaluate mine --track digits --name {name}"

    return respecify(change)


def metric(i: int, **fields: Any) -> Spoil:
    return edit(lambda v: v["metrics"][i].update(fields))


def interval(i: int, **fields: Any) -> Spoil:
    return edit(lambda v: v["metrics"][i]["uncertainty"].update(fields))


def moved(i: int, by: float) -> Spoil:
    """A value and its interval, by so many standard errors."""

    def change(value: Value) -> None:
        record = value["metrics"][i]
        gap = by * record["uncertainty"]["se"]
        record["value"] += gap
        record["uncertainty"]["lo"] += gap
        record["uncertainty"]["hi"] += gap

    return edit(change)


def narrowed(i: int, factor: float) -> Spoil:
    """A standard error and its interval, made that much smaller."""

    def change(value: Value) -> None:
        record = value["metrics"][i]
        u = record["uncertainty"]
        u["se"] /= factor
        u["lo"], u["hi"] = (record["value"] + (u[end] - record["value"]) / factor for end in ("lo", "hi"))

    return edit(change)


def column(i: int, change: Callable[[Value], object]) -> Spoil:
    return respecify(lambda v: change(v["specification"]["metrics"][i]))


def submission(**fields: Any) -> Spoil:
    return edit(lambda v: v["submission"].update(fields))


def copied_values(noise: float, columns: slice = slice(None)) -> Spoil:
    """A rival's numbers, changed by so much of themselves."""

    def spoil(ground: Ground) -> None:
        value, other = ground.read(), of_the_board(ground)
        for own, theirs in list(zip(value["metrics"], other["metrics"], strict=True))[columns]:
            own.update(copy.deepcopy(theirs))
            if own["uncertainty"] is not None and own["name"] not in SHARES:
                for record, key in ((own, "value"), (own["uncertainty"], "lo"), (own["uncertainty"], "hi")):
                    record[key] *= 1 + noise
        ground.write(value)

    return spoil


def same_file(path_of: Callable[[Path], Path], field: str) -> Spoil:
    """A rival's file in place of one's own."""

    def spoil(ground: Ground) -> None:
        theirs = path_of(ground.board / "digits@1" / BOARD[0] / current(BOARD[0]).name).read_bytes()
        path_of(ground.path).write_bytes(theirs)
        edit(lambda v: v[field].update(sha256=sha256(theirs)))(ground)

    return spoil


# What is done to a preview.


def chunks(change: Callable[[list[tuple[bytes, bytes]]], object], crc: Callable[[bytes], int] = zlib.crc32) -> Spoil:
    """The chunks of a PNG, changed and put together again."""

    def spoil(ground: Ground) -> None:
        data, at, found = preview_path(ground.path).read_bytes(), 8, []
        while at < len(data):
            (size,) = struct.unpack(">I", data[at : at + 4])
            found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
            at += 12 + size
        change(found)
        whole = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", crc(n + b)) for n, b in found)
        redraw(data[:8] + whole)(ground)

    return spoil


def behind(found: list[tuple[bytes, bytes]]) -> None:
    """Bytes in the stream of pixels, behind the last."""
    stream = zlib.decompress(b"".join(body for name, body in found if name == b"IDAT"))
    found[:] = [one for one in found if one[0] != b"IDAT"]
    found.insert(1, (b"IDAT", zlib.compress(stream + b"a secret")))


def theirs(
    change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]], mode: str = "RGBA", kind: str = "PNG"
) -> Spoil:
    """A rival's preview, saved anew."""

    def spoil(ground: Ground) -> None:
        path = preview_path(ground.board / "digits@1" / BOARD[0] / current(BOARD[0]).name)
        with Image.open(path) as image:
            sheet = change(np.array(image))
        buffer = io.BytesIO()
        Image.fromarray(sheet).convert(mode).save(buffer, kind, compress_level=1)
        redraw(buffer.getvalue())(ground)

    return spoil


def tile(sheet: np.ndarray[Any, Any], i: int, right: bool = False) -> np.ndarray[Any, Any]:
    y, x = i // 8 * 9, i % 8 * 9 + (72 if right else 0)
    return sheet[y : y + 8, x : x + 8]


def filled(i: int, value: Any, right: bool = False) -> Spoil:
    def change(sheet: np.ndarray[Any, Any]) -> None:
        tile(sheet, i, right)[:] = value

    return resheet(change)


def ink(y: int, x: int, value: tuple[int, int, int, int]) -> Spoil:
    def change(sheet: np.ndarray[Any, Any]) -> None:
        sheet[y, x] = value

    return resheet(change)


def blank(value: int) -> Spoil:
    def change(sheet: np.ndarray[Any, Any]) -> None:
        for i in range(64):
            tile(sheet, i)[..., :3] = value

    return resheet(change)


def noisy(sheet: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """By a grey level here and there, where a tile is."""
    step = np.random.default_rng(3).integers(0, 2, sheet.shape[:2])[..., None] * (sheet[..., 3:] > 0)
    sheet[..., :3] = np.clip(sheet[..., :3].astype(int) + step, 0, 255)
    return sheet


# What is done to a log.


def honest(path: Path, kind: str) -> dict[str, Any]:
    """The fields of a line that could be true of a result."""
    result = read_result(path)
    value: dict[str, Any] = {
        "schema": 1,
        "kind": kind,
        "rung": None,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": "genboard maintainers",
        "genboard": result.environment.genboard,
        "result": sha256(path.read_bytes()),
        "previous": None,
        "figures": None,
        "reason": None,
        "digest": None,
    }
    if kind not in ("recomputed", "reproduced", "resampled"):
        return value | {"reason": "it saw the reference"}
    digest = result.sampling.digest
    pixels = {"published": digest, "found": digest, "compared": 0, "share_off": None}
    drawn = [
        {"column": m.key, "published": m.value, "found": m.value, "in_se": 0.0, "agrees": True, "problem": None}
        for m in result.metrics
    ]
    figures = {
        "columns": len(result.metrics),
        "differing": drawn if kind == "resampled" else [],
        "largest_in_se": 0.0,
        "pixels": pixels if kind == "reproduced" else None,
        "seed": 123456789 if kind == "resampled" else None,
        "p": 0.5 if kind == "resampled" else None,
        "environment": result.environment.model_dump(mode="json"),
    }
    return value | {"rung": kind, "figures": figures}


def line(kind: str, change: Callable[[Any], object] = lambda e: None) -> Spoil:
    """A line added to the log of a published result."""

    def spoil(ground: Ground) -> None:
        path = published(ground)
        value = honest(path, kind)
        change(value)
        append(path, Entry.model_validate(value))

    return spoil


def own_line(kind: str) -> Spoil:
    def spoil(ground: Ground) -> None:
        value = honest(ground.path, kind)
        if kind in ("amended", "failed"):
            return append(
                ground.path, amendment(ground.path, title="Another") if kind == "amended" else failed(ground.path)
            )
        append(ground.path, Entry.model_validate(value))

    return spoil


def amendment(path: Path, **words: Any) -> Entry:
    return Entry.model_validate(honest(path, "amended") | {"amends": words})


def failed(path: Path) -> Entry:
    return Entry.model_validate(honest(path, "reproduced") | {"kind": "failed", "reason": "3 columns differ"})


def differing(i: int = 0, **fields: Any) -> Callable[[Any], object]:
    return lambda e: e["figures"]["differing"][i].update(fields)


def figures(**fields: Any) -> Callable[[Any], object]:
    return lambda e: e["figures"].update(fields)


def one_column(**fields: Any) -> Callable[[Any], object]:
    """Of a line 'reproduced', one column that did not come out to the last digit."""

    def change(e: Any) -> None:
        column = {"column": "fd:digits-cnn", "published": 5.546208588, "found": 5.546208588, "in_se": 0.0}
        e["figures"]["differing"] = [{**column, "agrees": True, "problem": None, **fields}]

    return change


def pixels(**fields: Any) -> Callable[[Any], object]:
    return lambda e: e["figures"]["pixels"].update(fields)


def later(days: float) -> Callable[[Any], object]:
    moment = datetime.now(UTC) + timedelta(days=days)
    return lambda e: e.update(date=moment.isoformat(timespec="seconds"))


def answered(ground: Ground) -> None:
    """A dispute that was upheld, and a rival's answer to another that never was."""
    path = published(ground)
    disputes.dispute(path, "it saw the reference", "Bo")
    append(path, new_entry(path, "rejected", by="Ada", reason="it did not", dispute="0" * 12))


def line_twice(ground: Ground) -> None:
    path = published(ground)
    append(path, new_entry(path, "withdrawn", by="Ada", reason="no licence"))
    append(path, new_entry(path, "withdrawn", by="Ada", reason="no licence"))


def raw_log(data: bytes) -> Spoil:
    def spoil(ground: Ground) -> None:
        path = published(ground)
        path.with_suffix(".verification.jsonl").write_bytes(data)

    return spoil


# Other submitters.


def offered_before(ground: Ground, **fields: Any) -> None:
    """The submission as it is stands on the board already; what is offered now is another of that name."""
    shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
    change = both(
        put("sampling", "digest", value="cd" * 32), put("specification", "generator", "images", value="cd" * 32)
    )
    respecify(lambda v: (change(v), v["submission"].update(fields)))(ground)


def by_account(first: str | None, later: str | None, **fields: Any) -> Spoil:
    def spoil(ground: Ground) -> None:
        if first:
            submission(account=first)(ground)
        offered_before(ground, **({"account": later} if later else {}), **fields)

    return spoil


def withdrawn_before(words: Value) -> Spoil:
    """The same samples stand on the board under another name, and were withdrawn there."""

    def spoil(ground: Ground) -> None:
        shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
        at = ground.board / ground.path.relative_to(ground.folder)
        append(at, new_entry(at, "withdrawn", by="Ada Example", reason="the licence was wrong"))
        renamed("yours", "Yours")(ground)
        shutil.rmtree(ground.folder / "digits@1" / "mine")
        submission(**words)(ground)

    return spoil


def twin(name: str, title: str) -> Spoil:
    """A second submission in the same folder, that is like the first but for its name."""

    def spoil(ground: Ground) -> None:
        kept = ground.read()
        first = ground.path
        for path in first.parent.iterdir():
            (ground.board / "kept").mkdir(exist_ok=True)
            shutil.copy(path, ground.board / "kept" / path.name)
        renamed(name, title)(ground)
        first.parent.mkdir(exist_ok=True)
        for path in (ground.board / "kept").iterdir():
            shutil.move(path, first.parent / path.name)
        assert kept["id"] in first.name

    return spoil


SHARES = ("precision", "recall", "coverage", "authenticity", "alpha_precision", "beta_recall")
METRICS = json.loads(current("dcgan").read_bytes())["metrics"]
COLUMNS = tuple((i, m["name"], m["params"]["against"]) for i, m in enumerate(METRICS))
INFLUENCED = ("fd", "kid", "is", "density", "vendi", "nn_ratio", "fd_debiased", "cmmd")


def of_values() -> Iterator[Forgery]:
    kind = "values"
    for i, name, against in COLUMNS:
        where = name if against == "reference" else f"{name} against training images"
        yield forgery(kind, f"{where}: a standard error of zero", "R406 R413 R414 R512", interval(i, se=0.0))
        yield forgery(kind, f"{where}: an error beyond all bounds", "R406", interval(i, se=1e308))
        if name in INFLUENCED:
            yield forgery(kind, f"{where}: its error over 100, with its interval", "R512", narrowed(i, 100))
            yield forgery(kind, f"{where}: its error over 1.5, with its interval", "R512", narrowed(i, 1.5))
        if name not in SHARES and name not in ("realism",):
            yield forgery(kind, f"{where}: no error, and no interval", "R414", exact(i))
        yield forgery(kind, f"{where}: half of its interval", "R406 R413", narrowed_one_side(i))
        yield forgery(kind, f"{where}: an invented method", "R412", interval(i, method="bootstrap of 10,000 draws"))
        yield forgery(kind, f"{where}: an invented target", "R105 R412", interval(i, target="truth"))
        other = "population" if name != "fd_debiased" else "conditional"
        yield forgery(kind, f"{where}: the other target", "R412", interval(i, target=other))
        yield forgery(kind, f"{where}: a version from the future", "R308 R204", metric(i, version=99))
        yield forgery(kind, f"{where}: of twice as many samples", "R311", metric(i, n=1000))
    for i, name, most in ((9, "is", 10.5), (14, "vendi", 501.0), (10, "density", 1e4), (8, "cmmd", 2001.0)):
        assert COLUMNS[i][1] == name
        yield forgery(kind, f"{name} beyond what there can be", "R401", metric(i, value=most))
    for i in (2, 10, 15):
        yield forgery(kind, f"{COLUMNS[i][1]} of another number of hits", "R520 R413", moved(i, -0.7))
        yield forgery(kind, f"{COLUMNS[i][1]} of no number of hits", "R408", metric(i, value=0.31459))
    for i in (3, 4):
        yield forgery(kind, f"{COLUMNS[i][1]} of no number of images", "R408", metric(i, value=0.31459))
    for by in (-0.6, -1.0, 0.8):
        yield forgery(kind, f"a distance moved by {by} standard errors, without its correction", "R419", moved(0, by))
        yield forgery(kind, f"a correction moved by {-by} standard errors", "R419", moved(7, -by))
    yield forgery(kind, "a correction that is a little surer", "R418", scaled_error(7, 0.995))
    for i, name, _ in COLUMNS:
        if name in ("fd", "fd_debiased", "is", "density", "nn_ratio"):
            yield forgery(kind, f"{name} {i} in an interval of the normal distribution", "R417", normal_interval(i))
    nothing = {"value": 0.0, "uncertainty": {**METRICS[0]["uncertainty"], "se": 1e-320, "lo": 0.0, "hi": 0.0}}
    yield forgery(kind, "a distance of zero, with an error that has no square", "R415", metric(0, **nothing))
    yield forgery(kind, "no samples", "R304", no_samples)
    yield forgery(kind, "a distance below its correction", "R415", moved(0, -1.5))
    yield forgery(kind, "a correction above its distance", "R415", moved(7, 2.0))
    yield forgery(kind, "a correction that is much surer", "R415 R512", narrowed(7, 5))
    for i, name, _ in COLUMNS:
        if name in ("nn_ratio", "is", "vendi", "c_t", "beta_recall", "alpha_precision", "recall"):
            yield forgery(
                kind, f"{name} moved inside of its interval", "R408" if name == "recall" else "R413", middle(i, 0.3)
            )
    yield forgery(kind, "a rival's values, in the tenth digit", "R602", copied_values(3e-10))
    yield forgery(kind, "a rival's values, in the seventh digit", "R602", copied_values(3e-8))
    yield forgery(kind, "a rival's values, in the sixth digit", "R602", copied_values(1e-6))
    yield forgery(kind, "half of a rival's values", "R602", copied_values(0.0, slice(0, 9)))
    yield forgery(kind, "the other half of them", "R602", copied_values(1e-9, slice(7, 18)))
    yield forgery(kind, "a rival's influences", "R604", same_file(influence_path, "influences"))
    yield forgery(kind, "a value with a reason why there is none", "R106 R105 R413 R409", metric(0, value=None))


def no_samples(ground: Ground) -> None:
    """A result of none, with influences of none."""
    reinfluence(lambda a: {k: x[:0] for k, x in a.items()})(ground)

    def change(value: Value) -> None:
        for part in (value["sampling"], value["specification"]["sampling"], *value["metrics"]):
            part["n"] = 0

    respecify(change)(ground)


def normal_interval(i: int) -> Spoil:
    def change(value: Value) -> None:
        u, own = value["metrics"][i]["uncertainty"], value["metrics"][i]["value"]
        u["lo"], u["hi"] = own - 1.95 * u["se"], own + 1.95 * u["se"]

    return edit(change)


def scaled_error(i: int, factor: float) -> Spoil:
    """A standard error and its influences and interval, all made that much smaller."""

    def spoil(ground: Ground) -> None:
        narrowed(i, 1 / factor)(ground)
        m = ground.read()["metrics"][i]
        key = f"{m['name']}:{m['extractor']}"
        reinfluence(lambda a: {k: x * np.float32(factor) if k == key else x for k, x in a.items()})(ground)

    return spoil


def exact(i: int) -> Spoil:
    def change(value: Value) -> None:
        u, own = value["metrics"][i]["uncertainty"], value["metrics"][i]["value"]
        u["se"], u["lo"], u["hi"] = 0.0, own, own

    return edit(change)


def narrowed_one_side(i: int) -> Spoil:
    def change(value: Value) -> None:
        record = value["metrics"][i]
        u = record["uncertainty"]
        u["lo"] = record["value"] - (record["value"] - u["lo"]) / 8
        u["hi"] = record["value"] + (u["hi"] - record["value"]) / 8

    return edit(change)


def middle(i: int, share: float) -> Spoil:
    def change(value: Value) -> None:
        record = value["metrics"][i]
        record["value"] += share * (record["uncertainty"]["hi"] - record["value"])

    return edit(change)


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


def of_previews() -> Iterator[Forgery]:
    kind = "preview"
    yield forgery(kind, "all black", "R515", blank(0))
    yield forgery(kind, "all white", "R515", blank(255))
    yield forgery(kind, "all grey", "R515", blank(128))
    for mode in ("RGB", "L", "P", "LA", "1"):
        yield forgery(kind, f"in mode {mode}", "R503 R504", resheet(lambda s: None, mode))
    for i in (0, 31, 63):
        yield forgery(kind, f"without tile {i}", "R513", filled(i, 0))
        yield forgery(kind, f"tile {i} half transparent", "R513", filled(i, (9, 9, 9, 128)))
        yield forgery(kind, f"neighbour {i} of another sort", "R514", filled(i, (77, 77, 77, 255), right=True))
        yield forgery(kind, f"neighbour {i} missing", "R513", filled(i, 0, right=True))
    yield forgery(kind, "a colour where there are greys", "R513", filled(5, (255, 0, 0, 255)))
    for y, x in ((8, 0), (0, 8), (71, 143), (40, 71)):
        yield forgery(kind, f"ink between the tiles at {y}, {x}", "R513", ink(y, x, (1, 2, 3, 255)))
        yield forgery(kind, f"what nobody sees at {y}, {x}", "R513", ink(y, x, (1, 2, 3, 0)))
    for field, value in (
        ("tiles", 63),
        ("tiles", 1),
        ("tiles", 0),
        ("columns", 4),
        ("columns", 0),
        ("gap", 0),
        ("gap", -1),
        ("tile", [8, 9]),
        ("tile", [0, 0]),
        ("tiles", -64),
        ("tiles", 10**9),
    ):
        yield forgery(kind, f"{field} as {value}", "R503", edit(put("preview", field, value=value)))
    yield forgery(
        kind, "samples on the right too", "R514", resheet(lambda s: np.concatenate([s[:, :72], s[:, :72]], axis=1))
    )
    for name in (b"tEXt", b"eXIf", b"iCCP", b"zTXt", b"acTL", b"tIME", b"prVt", b"PLTE"):
        yield forgery(
            kind, f"a chunk {name.decode()}", "R504", chunks(lambda c, n=name: c.insert(1, (n, b"a\0secret")))
        )
    yield forgery(kind, "a wrong checksum", "R504 R503", chunks(lambda c: None, lambda data: zlib.crc32(data) ^ 1))
    yield forgery(kind, "bytes behind the pixels", "R504", chunks(behind))
    yield forgery(kind, "bytes behind the stream", "R504", chunks(lambda c: c.insert(-1, (b"IDAT", b"a secret"))))
    yield forgery(kind, "two headers", "R504 R503", chunks(lambda c: c.insert(1, c[0])))
    yield forgery(kind, "no end", "R504 R503", chunks(lambda c: c.pop()))
    yield forgery(kind, "no pixels", "R503", chunks(lambda c: c.__delitem__(slice(1, -1))))
    yield forgery(kind, "a second picture", "R504", lambda g: redraw(preview_path(g.path).read_bytes() * 2)(g))
    yield forgery(
        kind, "nine megabytes", "R503", lambda g: redraw(preview_path(g.path).read_bytes() + bytes(9 * 2**20))(g)
    )
    yield forgery(kind, "none of it", "R503", lambda g: redraw(b"")(g))
    yield forgery(kind, "a rival's, saved anew", "R603", theirs(lambda s: s))
    yield forgery(kind, "a rival's, with a little noise", "R603 R514", theirs(noisy))
    yield forgery(kind, "a rival's left with one's own right", "R603", theirs(lambda s: s))
    yield forgery(kind, "a device", "R109 R501", fifo)


def fifo(ground: Ground) -> None:
    preview_path(ground.path).unlink()
    os.mkfifo(preview_path(ground.path))


def of_names() -> Iterator[Forgery]:
    kind = "name"
    for name in ("v-a-e", "v.a.e", "d-dpm", "kd-e", "wgan.gp", "wgangp", "vq-vae", "rea1nvp"):
        yield forgery(kind, f"the name {name}", "R212", renamed(name, "A model of mine"))
    for name in ("vae-", "vae_", "vae--", "vqvae-", "mine-", "a..b"):
        yield forgery(kind, f"the name {name}", "R215", renamed(name, "A model of mine"))
    for name in ("ddpm.", "acgan.", "con", "prn", "aux", "nul", "com1", "lpt9", "con.x", "aux.json", "nul.tar.gz"):
        yield forgery(kind, f"no folder of Windows: {name}", "R105", renamed(name, "A model of mine"))
    for name in ("a" * 81, "Mine", "mіne", "mine/../x", "", " mine", "-mine", ".mine", "mi ne", "生成"):
        yield forgery(kind, f"the name {name[:12]!r}", "R105", edit(put("generator", "name", value=name)))
    for entry in ("vae", "ddpm", "wgan-gp", "kde"):
        own = entries(Generator)[entry].title
        for title in (
            own,
            own.upper(),
            own.replace("a", "а").replace("e", "е"),
            f"{own}.",
            own.replace(" ", "  "),
            own.replace("o", "ο").replace("i", "і"),
        ):
            if title != own or entry == "vae":
                yield forgery(
                    kind, f"the title of {entry}, as {title!a}", "R211", edit(put("generator", "title", value=title))
                )
    yield forgery(kind, "a name for a title", "R211", edit(put("generator", "title", value="vae")))
    yield forgery(kind, "the same twice, with a hyphen", "R212 R601", twin("mine-a", "Mine"))
    yield forgery(kind, "two titles that look alike", "R211 R601", twin("yours", "Minе"))
    for title in ("", " ", "   ", "\u3164", "\u2800", "\u115f\u1160", "\u200b", "\u00ad", "\ufe0f", "\u034f"):
        yield forgery(kind, f"a blank title {title!a}", "R801", edit(put("generator", "title", value=title)))
    yield forgery(kind, "a title of signs", "R211", edit(put("generator", "title", value="???")))


def of_submitters() -> Iterator[Forgery]:
    kind = "submitter"
    yield forgery(kind, "a stranger's under the same name", "R213", by_account(None, None, authors=["Bo Stranger"]))
    yield forgery(kind, "another account", "R213", by_account("ada", "bo"))
    yield forgery(kind, "no account where there was one", "R213", by_account("ada", None, account=None))
    yield forgery(kind, "the same authors, by their own word", "R214", by_account(None, None))
    yield forgery(kind, "the same account", "R214", by_account("ada", "ada"))
    yield forgery(kind, "the same account, in capitals", "R214", by_account("ada", "ADA"))
    yield forgery(kind, "another contact", "R213", by_account(None, None, contact="bo@example.org"))
    yield forgery(kind, "its own samples, withdrawn under another name", "R605", withdrawn_before({}))
    yield forgery(kind, "a stranger's samples, withdrawn", "R601", withdrawn_before({"authors": ["Bo Stranger"]}))
    yield forgery(kind, "somebody else's account", "R906", submission(account="ada"), author="bo")
    yield forgery(kind, "no account that can be", "R105", submission(account="ada example"))
    yield forgery(kind, "an account with a path", "R105", submission(account="../ada"))
    yield forgery(
        kind, "100,000 authors", "R905 R101 R802", submission(authors=[f"Author {i}" for i in range(100_000)])
    )
    yield forgery(kind, "201 authors", "R905", submission(authors=[f"Author {i}" for i in range(201)]))
    yield forgery(kind, "an author twice", "R905", submission(authors=["Ada", "Ada"]))
    yield forgery(kind, "no author", "R105", submission(authors=[]))
    yield forgery(kind, "an author without a name", "R801", submission(authors=[""]))
    yield forgery(kind, "1,000 data sets", "R905", submission(training_data=[f"data/{i}" for i in range(1000)]))
    yield forgery(kind, "more parameters than there can be", "R905", submission(parameters=10**16))
    yield forgery(kind, "minus one parameter", "R105", submission(parameters=-1))
    yield forgery(
        kind,
        "more checkpoints than there can be",
        "R905",
        submission(selection={"tried": 10**16, "metric": "fd", "on": "other"}),
    )
    yield forgery(kind, "no checkpoint", "R105", submission(selection={"tried": 0, "metric": None, "on": None}))


TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "paths": (
        "R804",
        (
            "/home/ada/x.pt",
            "/srv/models/x",
            "/workspace/run1/x",
            "~/models",
            "~ada/models",
            "C:\\Users\\ada",
            "D:/models/x",
            "\\\\server\\share",
            "../../etc/passwd",
            "..\\..\\x",
            "%USERPROFILE%\\x",
            "$HOME/x",
            "${HOME}/x",
            "see /gpfs/scratch/x",
            "(/content/drive/x)",
            "file at /kaggle/working/x",
        ),
    ),
    "markup": (
        "R805",
        (
            "<b>bold</b>",
            "<img src=x>",
            "</td><td>",
            "<!-- x -->",
            "<?php",
            "&lt;script&gt;",
            "&#60;script",
            "[here](https://example.org)",
            "![x](https://example.org/x.png)",
            "{{ config }}",
            "{% raw %}",
            "`rm -rf`",
            "[x]: https://example.org",
        ),
    ),
    "schemes": (
        "R803",
        ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://example.org", "blob:x"),
    ),
    "directions": (
        "R801",
        (
            "a\u202eb",
            "a\u202db",
            "a\u2066b",
            "a\u2067b",
            "a\u200eb",
            "a\u200fb",
            "a\u061cb",
            "a\u200bb",
            "a\u2060b",
            "a\ufeffb",
            "a\u00adb",
            "a\u180eb",
            "a\u2028b",
            "a\x07b",
            "a\x1b[31mb",
            "a\nb",
            "a\ud800b".encode("utf-8", "replace").decode() + "\x00",
            "Z\u0300\u0301\u0302\u0303\u0304algo",
        ),
    ),
}


def of_texts() -> Iterator[Forgery]:
    for what, (code, texts) in TEXTS.items():
        for i, text in enumerate(texts):
            field = ("notes", "contact")[i % 2]
            yield forgery("text", f"{what} in {field}: {text!a}", code, submission(**{field: text}))
        yield forgery("text", f"{what} in a title", code, edit(put("generator", "title", value=f"Mine {texts[0]}")))
        yield forgery("text", f"{what} in an author's name", code, submission(authors=[texts[0]]))
        yield forgery("text", f"{what} in a data set's", code, submission(training_data=[texts[0]]))
    mine = "genboard evaluate mine --track digits --name mine"
    unsafe = (
        f"{mine}; rm x",
        "genboard evaluate $(id) --track digits --name mine",
        "curl https://example.org",
        f"{mine} | sh",
    )
    other = (
        mine.replace("digits", "mnist"),
        mine.replace("--name mine", "--name yours"),
        f"{mine} --trust-code",
        f"{mine} --track mnist",
        "genboard evaluate mine",
    )
    for command in (*unsafe, *other):
        yield forgery(
            "text",
            f"the command {command}",
            "R807" if command in unsafe else "R217",
            edit(put("provenance", "command", value=command)),
        )


def of_dates_and_sizes() -> Iterator[Forgery]:
    kind = "date"
    for date in (
        "2026-02-31T00:00:00+00:00",
        "2026-13-01T00:00:00+00:00",
        "1970-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+00:00",
        "2025-12-31T23:59:59+00:00",
        "9999-12-31T23:59:59+00:00",
        "2026-W48-1T00:00:00+00:00",
        "20261129T000000+00:00",
        "2026-11-29",
        "2026-11-29T00:00:00+02:00",
        "2026-11-29T25:00:00+00:00",
        "2026-11-29 00:00:00+00:00",
        "2026-11-29T00:00:00.5+00:00",
        "٢٠٢٦-11-29T00:00:00+00:00",
        "",
    ):
        yield forgery(kind, f"made at {date!a}", "R410 R801", edit(put("provenance", "created", value=date)))
    kind = "run"
    for field, value in (
        ("sampling_s", -1.0),
        ("measuring_s", 1e12),
        ("peak_memory_mib", -5.0),
        ("peak_memory_mib", 1e12),
        ("images_per_s", 1e6),
        ("images_per_s", -1.0),
    ):
        yield forgery(kind, f"cost.{field} as {value:g}", "R411", edit(put("cost", field, value=value)))
    for field, value in (
        ("genboard", "the best"),
        ("python", ""),
        ("torch", "2"),
        ("numpy", "x" * 50),
        ("threads", 0),
        ("threads", -1),
        ("threads", 10**9),
    ):
        yield forgery(
            kind, f"environment.{field} as {str(value)[:9]!r}", "R416", edit(put("environment", field, value=value))
        )


def of_manifests() -> Iterator[Forgery]:
    kind = "manifest"
    runs = lambda change: remanifest(lambda m: change(m["chunks"]))  # noqa: E731 - a table reads better
    yield forgery(
        kind,
        "one run of all",
        "R509",
        remanifest(lambda m: m.update(chunks=[{"file": None, "first": 0, "count": 500, "digest": "ab" * 32}])),
    )
    yield forgery(kind, "a run of one", "R509", runs(lambda c: c[0].update(count=1)))
    yield forgery(
        kind,
        "a run too many",
        "R509",
        runs(lambda c: c.append({"file": None, "first": 500, "count": 128, "digest": "ab" * 32})),
    )
    yield forgery(kind, "runs in another order", "R509", runs(lambda c: c.reverse()))
    yield forgery(kind, "the same run throughout", "R518", runs(lambda c: [one.update(digest="ab" * 32) for one in c]))
    yield forgery(kind, "a path for a file", "R518", runs(lambda c: c[0].update(file="../../etc/passwd")))
    yield forgery(
        kind,
        "a shard of images that were given",
        "R518",
        runs(lambda c: c[0].update(file="samples-00000-of-00004.parquet")),
    )
    yield forgery(kind, "a plan of images that were given", "R518", remanifest(lambda m: m.update(spec_id="ab" * 32)))
    yield forgery(kind, "another number", "R508", remanifest(lambda m: m.update(n=501)))
    yield forgery(kind, "another shape", "R508", remanifest(lambda m: m.update(shape=[8, 8, 3])))
    yield forgery(kind, "another schema", "R506", remanifest(lambda m: m.update(schema=2)))
    yield forgery(kind, "a key nobody reads", "R506", remanifest(lambda m: m.update(nonce=1)))
    yield forgery(kind, "40 megabytes", "R506", lambda g: manifest_path(g.path).write_bytes(b" " * 40 * 2**20))
    kind = "influences"
    yield forgery(kind, "none at all", "R516", uninfluenced)
    yield forgery(
        kind,
        "none of the distance",
        "R516",
        reinfluence(lambda a: {k: x for k, x in a.items() if k != "fd:digits-cnn"}),
    )
    yield forgery(kind, "ten times as large", "R512", reinfluence(lambda a: {k: 10 * x for k, x in a.items()}))
    yield forgery(
        kind, "a little smaller", "R512", reinfluence(lambda a: {k: x * np.float32(0.99) for k, x in a.items()})
    )
    yield forgery(kind, "of other samples", "R520", reinfluence(lambda a: {k: normal_like(x) for k, x in a.items()}))
    yield forgery(kind, "infinite", "R511", reinfluence(lambda a: {k: x * np.float32(np.inf) for k, x in a.items()}))
    yield forgery(kind, "of one sample fewer", "R511", reinfluence(lambda a: {k: x[1:] for k, x in a.items()}))
    yield forgery(
        kind, "of a column that is none", "R511", reinfluence(lambda a: {**a, "a secret": np.zeros(500, np.float32)})
    )
    yield forgery(kind, "in doubles", "R511", reinfluence(lambda a: {k: x.astype(np.float64) for k, x in a.items()}))


def uninfluenced(ground: Ground) -> None:
    influence_path(ground.path).unlink()
    edit(lambda v: v.pop("influences"))(ground)


def normal_like(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    y = np.random.default_rng(1).standard_normal(len(x))
    return (y * np.linalg.norm(x) / np.linalg.norm(y)).astype(np.float32)


def of_logs() -> Iterator[Forgery]:
    kind = "log"
    for own in KINDS:
        if own not in ("amended", "failed"):
            by = {"upheld": "R708", "rejected": "R708"}.get(own, "")
            yield forgery(kind, f"a line {own}", f"R706 {by}", line(own), log=True)
            code = "R706" if own == "disputed" else "R707"
            yield forgery(kind, f"a line {own} by a stranger", code, line(own), log=True, author="stranger")
            yield forgery(kind, f"a line {own} by a maintainer", "R706", line(own), log=True, author=MAINTAINER)
        yield forgery(kind, f"its own line {own}", "R705", own_line(own))
    amend = lambda g: append(p := published(g), amendment(p, notes="Better words"))  # noqa: E731
    yield forgery(kind, "a line amended by a stranger", "R707 R708", amend, log=True, author="stranger")
    yield forgery(
        kind,
        "a registered title amended",
        "R708",
        lambda g: append(p := published(g), amendment(p, title="The best")),
        log=True,
    )
    yield forgery(kind, "an answer to no dispute", "R708", answered, log=True)
    yield forgery(kind, "withdrawn twice", "R708", line_twice, log=True)
    changes: tuple[tuple[str, str, Callable[[Any], object]], ...] = (
        ("reproduced", "with other columns", figures(columns=3)),
        ("reproduced", "with no samples", figures(pixels=None)),
        ("reproduced", "with a seed", figures(seed=5)),
        ("reproduced", "with p", figures(p=0.5)),
        ("reproduced", "with a difference of nothing", figures(largest_in_se=2.5)),
        ("reproduced", "that does not agree", one_column(agrees=False, problem="the value differs")),
        ("reproduced", "of another column", one_column(column="fid:inception")),
        ("reproduced", "of another published value", one_column(published=1.0)),
        ("reproduced", "of a value that it is far from", one_column(found=9.9, in_se=0.0)),
        ("reproduced", "that agrees, 16 standard errors apart", one_column(found=9.9, in_se=15.9)),
        ("reproduced", "of other samples", pixels(published="cd" * 32)),
        ("reproduced", "of samples that nobody compared", pixels(found="cd" * 32)),
        (
            "reproduced",
            "of samples a half of which differ",
            pixels(found="cd" * 32, compared=64, share_off=0.5, levels=1),
        ),
        ("reproduced", "of samples 200 levels apart", pixels(found="cd" * 32, compared=64, share_off=1e-4, levels=200)),
        ("reproduced", "with another version than it ran on", lambda e: e.update(genboard="9.9.9")),
        (
            "recomputed",
            "with a comparison of samples",
            figures(pixels={"published": "cd" * 32, "found": "cd" * 32, "compared": 0, "share_off": None}),
        ),
        ("recomputed", "with other columns", figures(columns=99)),
        ("recomputed", "that does not agree", one_column(agrees=False)),
        ("resampled", "with the track's seed", figures(seed=2026)),
        ("resampled", "without a seed", figures(seed=None)),
        ("resampled", "without p", figures(p=None)),
        ("resampled", "with p below 0.01", figures(p=0.001)),
        ("resampled", "with p that its values do not give", figures(p=0.9)),
        ("resampled", "with p of one half, of a lucky draw", differing(found=9.9, in_se=-12.0)),
        ("resampled", "with a column twice", lambda e: e["figures"]["differing"].append(e["figures"]["differing"][0])),
        ("resampled", "with another published value", differing(1, published=0.1)),
        ("resampled", "with a difference of the other sign", differing(1, found=9.9, in_se=0.01)),
        ("resampled", "with a larger difference than there is", differing(1, in_se=5.0)),
        ("reproduced", "from the future", later(30)),
        ("reproduced", "before the result was made", later(-300)),
        ("withdrawn", "from the future", later(3650)),
        ("disputed", "before the result was made", later(-300)),
        ("disputed", "on the 31st of February", lambda e: e.update(date="2026-02-31T00:00:00+00:00")),
        ("disputed", "at 25 o'clock", lambda e: e.update(date="2026-11-30T25:00:00+00:00")),
    )
    for own, what, change in changes:
        yield forgery(kind, f"{own}, {what}", "R708", line(own, change), log=True)
    yield forgery(kind, "two megabytes", "R704", raw_log(b" " * 2 * 2**20), log=True)
    yield forgery(kind, "no lines", "R704", raw_log(b"\n"), log=True)
    yield forgery(
        kind, "a pipe", "R109 R704", lambda g: os.mkfifo(published(g).with_suffix(".verification.jsonl")), log=True
    )


FORGED: tuple[Forgery, ...] = tuple(
    f
    for table in (
        of_values,
        of_the_specification,
        of_previews,
        of_names,
        of_submitters,
        of_texts,
        of_dates_and_sizes,
        of_manifests,
        of_logs,
    )
    for f in table()
)


def missed(kind: str, what: str, reason: str, spoil: Spoil, **more: Any) -> Forgery:
    return Forgery(kind, what, spoil, frozenset(), reason=reason, **more)


MEASURED = "nothing in the files gives the value; `genboard verify` measures it again"
MISSED: tuple[Forgery, ...] = (
    missed("values", "the distance lower by a third of its error, with its interval", MEASURED, moved(0, -0.3)),
    missed("values", "the kernel distance lower, with its interval", MEASURED, moved(1, -2.0)),
    missed("values", "the ratio to training images nearer to one, with its interval", MEASURED, moved(5, -1.0)),
    missed("values", "the Inception score higher, with its interval", MEASURED, moved(9, 2.0)),
    missed("run", "a faster processor", "nobody else's clock was there", edit(put("cost", "measuring_s", value=0.5))),
    missed(
        "submitter",
        "authors that do not exist",
        "names prove nothing; the account is checked",
        submission(authors=["Nobody"]),
    ),
    missed(
        "submitter",
        "fewer checkpoints than were tried",
        "a fresh draw shows what the choice was worth",
        submission(selection={"tried": 1, "metric": None, "on": None}),
    ),
    missed(
        "date",
        "made a month earlier",
        "no clock but the submitter's was there",
        edit(put("provenance", "created", value="2026-10-01T00:00:00+00:00")),
    ),
    missed(
        "preview",
        "another submitter's own samples, in another order",
        "`genboard verify` compares the preview with the samples",
        resheet(lambda s: shuffled(s)),
    ),
)


def shuffled(sheet: np.ndarray[Any, Any]) -> None:
    first, second = tile(sheet, 0).copy(), tile(sheet, 9).copy()
    tile(sheet, 0)[:], tile(sheet, 9)[:] = second, first


def counted() -> dict[str, int]:
    kinds = [f.kind for f in (*FORGED, *MISSED)]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
