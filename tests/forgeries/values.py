"""Forged numbers: values, intervals, errors and influences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from genboard.benchmarks.result import influence_path
from tampered import Ground, Value, edit, reinfluence, respecify

from .edits import (
    COLUMNS,
    INFLUENCED,
    METRICS,
    SHARES,
    Forgery,
    Spoil,
    copied_values,
    forgery,
    interval,
    metric,
    moved,
    narrowed,
    same_file,
)


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
        if name not in ("precision", "authenticity", "coverage", "cmmd"):  # Wilson's, and one that is missed
            yield forgery(kind, f"{where}: an interval too narrow", "R406", scaled_interval(i, 0.8))
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


def scaled_interval(i: int, factor: float) -> Spoil:
    def change(value: Value) -> None:
        record = value["metrics"][i]
        u = record["uncertainty"]
        u["lo"], u["hi"] = (record["value"] + (u[end] - record["value"]) * factor for end in ("lo", "hi"))

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
