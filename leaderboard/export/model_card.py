"""Results as a model card says them on the Hugging Face Hub.

Two forms: `model-index` in the card's own metadata, and the newer `.eval_results/*.yaml`, which the Hub shows beside a
benchmark's data set. Both hold values only: a column without one cannot stand there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ...benchmarks.result import MetricRecord, Result
from ...core.errors import GenboardError
from ...registry.catalog import find
from ...registry.extras import need
from ...registry.metrics import find_metric
from ...registry.schema import Dataset, Hub, Track
from ..board.board import make_board
from ..board.copying import SUSPECTS, Copying, copying
from ..storage.records import read_records, usual_folders
from ..text.yaml import to_yaml

Form = Literal["model-index", "eval-results"]

_OF_COPIES = ("nn_ratio", *SUSPECTS)  # columns that say whether samples copy training images

# What the Hub calls the tasks; it has no name for images of a given class.
_TASKS = {
    "unconditional": ("unconditional-image-generation", "Unconditional image generation"),
    "class": ("other", "Class-conditional image generation"),
    "text": ("text-to-image", "Text to image"),
    "image": ("image-to-image", "Image to image"),
}


def card(results: Sequence[Result], form: Form, benchmark: str | None, source: str | None) -> str:
    """The metadata of one model as YAML.

    Args:
        results: of one generator, on any tracks.
        benchmark: the Hub's data set that holds the leaderboard; by default the track's own data set there.
        source: an address at which the results can be looked up.

    Raises:
        GenboardError: several models, a failed run, an old version of a track, or huggingface-hub is not installed.
    """
    names = sorted({result.generator.name for result in results})
    if len(names) != 1:
        raise GenboardError(
            f"a card describes one model, but these results are of {', '.join(names)}", "pass the results of one model"
        )
    for result in results:
        _refuse(result)
    said = model_index(results, source) if form == "model-index" else eval_results(results, benchmark, source)
    return to_yaml({"model-index": said} if form == "model-index" else said)


def model_index(results: Sequence[Result], source: str | None) -> list[dict[str, Any]]:
    """The `model-index` of a card, through the Hub's own types."""
    hub = need("huggingface_hub.repocard_data", "hub")
    said = []
    for result in results:
        track, dataset = _track(result)
        kind, task = _TASKS[track.task]
        said += [
            hub.EvalResult(
                task_type=kind,
                task_name=task,
                dataset_type=_hub_name(dataset) or dataset.name,
                dataset_name=dataset.title,
                dataset_config=track.id,
                dataset_split=track.reference,
                dataset_revision=dataset.revision,
                metric_type=record.name,
                metric_name=_title(record),
                metric_value=record.value,
                metric_args=_arguments(result, record),
                source_name="genboard" if source else None,
                source_url=source,
            )
            for record in _valued(result)
        ]
    index: list[dict[str, Any]] = hub.eval_results_to_model_index(results[0].generator.name, said)
    return index


def eval_results(results: Sequence[Result], benchmark: str | None, source: str | None) -> list[dict[str, Any]]:
    """The entries of a file below `.eval_results/`."""
    entries = []
    for result in results:
        track, dataset = _track(result)
        where = benchmark or _hub_name(dataset)
        if where is None:
            raise GenboardError(
                f"data set {dataset.name!r} is not on the Hub, where an entry of .eval_results needs a data set",
                "name the one that holds the leaderboard: --dataset ORG/NAME",
            )
        for record in _valued(result):
            entry: dict[str, Any] = {
                "dataset": {"id": where, "task_id": task_id(track, record)},
                "value": record.value,
                "date": result.provenance.created,
                "notes": _notes(result, record),
            }
            if source:
                entry["source"] = {"url": source, "name": "genboard"}
            entries.append(entry)
    return entries


def task_id(track: Track, record: MetricRecord) -> str:
    """What a column is called among the tasks of a benchmark: `digits-v1-fd-digits-cnn`."""
    return f"{track.name}-v{track.version}-{record.key.replace(':', '-')}"


def _refuse(result: Result) -> None:
    name = f"{result.generator.name} ({result.id})"
    if result.error is not None:
        raise GenboardError(f"{name} failed at {result.error.stage}: it has no values", "measure it again")
    if not _valued(result):
        raise GenboardError(f"{name} has no values", "measure it again")
    _track(result)


def _track(result: Result) -> tuple[Track, Dataset]:
    track = find(Track, result.track.name)
    if track.version != result.track.version:
        raise GenboardError(
            f"{result.generator.name} ({result.id}) was measured on version {result.track.version} of {track.name}, "
            f"this is {track.version}",
            f"measure it again: genboard evaluate {result.generator.name} --track {track.name}",
        )
    return track, find(Dataset, track.dataset)


def _valued(result: Result) -> list[MetricRecord]:
    return [record for record in result.metrics if record.value is not None]


def _hub_name(dataset: Dataset) -> str | None:
    return dataset.source.repo if isinstance(dataset.source, Hub) else None


def _title(record: MetricRecord) -> str:
    against = ", against the training split" if record.params.get("against") == "train" else ""
    return f"{find_metric(record.name).title} ({record.extractor}{against})"


def flags_of(result: Result) -> Copying:
    """Whether samples copy training images, beside the held-out images of the track's board."""
    floor = make_board(_track(result)[0], read_records(usual_folders()).readable).floor
    return copying({record.key: record for record in result.metrics}, floor.cells if floor else None)


def _arguments(result: Result, record: MetricRecord) -> dict[str, Any]:
    """What makes the value this one, and its interval; of a test for copies also what it says."""
    u = record.uncertainty
    flags = flags_of(result) if record.name in _OF_COPIES else None
    return {
        "better": record.direction,
        "metric_version": record.version,
        "extractor": record.extractor,
        **record.params,
        "n": record.n,
        "n_reference": record.n_reference,
        "interval": {"lo": u.lo, "hi": u.hi, "level": u.level, "se": u.se, "target": u.target} if u else None,
        "genboard_result": result.id,
        **({"copies": flags.copies, "suspected": flags.suspected} if flags else {}),
    }


def _notes(result: Result, record: MetricRecord) -> str:
    u = record.uncertainty
    interval = f"{u.level:.0%} interval {u.lo:.6g} to {u.hi:.6g} ({u.target})" if u else "no interval"
    flags = flags_of(result) if record.name in _OF_COPIES else None
    said = (
        f"; {'copies' if flags.copies else 'suspected copies'}: {'; '.join(flags.seen)}" if flags and flags.seen else ""
    )
    return f"N = {record.n}, {interval}, metric version {record.version}; genboard result {result.id}{said}"
