"""What is done to a value of a submission, and how a forgery is written down."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from committed import current
from tampered import BOARD, Ground, Value, edit, of_the_board, respecify

from genboard.core.files import sha256

Spoil = Callable[[Ground], object]

MAINTAINER = "ada-the-maintainer"


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


SHARES = ("precision", "recall", "coverage", "authenticity", "alpha_precision", "beta_recall")

METRICS = json.loads(current("dcgan").read_bytes())["metrics"]

COLUMNS = tuple((i, m["name"], m["params"]["against"]) for i, m in enumerate(METRICS))

INFLUENCED = ("fd", "kid", "is", "density", "vendi", "nn_ratio", "fd_debiased", "cmmd")


def normal_like(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    y = np.random.default_rng(1).standard_normal(len(x))
    return (y * np.linalg.norm(x) / np.linalg.norm(y)).astype(np.float32)
