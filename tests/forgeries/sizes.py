"""Dates that cannot be, and numbers and lists without measure."""

from __future__ import annotations

from collections.abc import Iterator

from tampered import edit, put

from .edits import Forgery, forgery


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
        ("drawn", -1),
        ("drawn", 100),
        ("drawn", 10**6),
    ):
        yield forgery(kind, f"cost.{field} as {value:g}", "R411", edit(put("cost", field, value=value)))
    honest = {"executor": "local", "count": 2, "seconds": 1.0, "restarts": 0, "peak_memory_mib": 300.0}
    for field, value in (("seconds", -1.0), ("seconds", 1e12), ("restarts", -1), ("peak_memory_mib", -5.0)):
        forged = {**honest, field: value}
        yield forgery(kind, f"cost.workers.{field} as {value:g}", "R411", edit(put("cost", "workers", value=forged)))
    told = {"device_seconds": {"cpu": 3.0}, "energy_j": None, "evaluations": None}
    for field, value in (
        ("device_seconds", {"cpu": -1.0}),
        ("device_seconds", {"cpu": 3.0, "NVIDIA H200": 1e12}),
        ("energy_j", -5.0),
        ("energy_j", 1e12),
        ("evaluations", 10**12),
    ):
        forged = {**told, field: value}
        yield forgery(kind, f"cost.spent.{field} as {value}", "R411", edit(put("cost", "spent", value=forged)))
    for field, value in (
        ("genboard", "the best"),
        ("python", ""),
        ("torch", "2"),
        ("numpy", "x" * 50),
        ("feature_runtime", "onnxruntime"),
        ("feature_runtime", "tensorrt 10.3"),
        ("threads", 0),
        ("threads", -1),
        ("threads", 10**9),
    ):
        yield forgery(
            kind, f"environment.{field} as {str(value)[:9]!r}", "R416", edit(put("environment", field, value=value))
        )
