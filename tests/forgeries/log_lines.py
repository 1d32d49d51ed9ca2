"""Lines of logs, honest ones and what is done to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from genboard.benchmarks.result import read_result
from genboard.leaderboard.verification import disputes
from genboard.leaderboard.verification.log import append, new_entry
from genboard.leaderboard.verification.log_entry import Entry
from tampered import Ground, published

from genboard.core.files import sha256

from .edits import Spoil


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
    if kind == "judged":
        judgement: dict[str, Any] = {"judge": "geneval", "source": "GenEval 1.0", "records": "0" * 64, "value": 0.5}
        judgement["parts"] = [{"name": "colors", "value": 0.5, "n": 20}]
        return {key: v for key, v in value.items() if key != "rung"} | {
            "schema": 3,
            "level": None,
            "judgement": judgement,
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
