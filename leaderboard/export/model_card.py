"""Results as a model card says them on the Hugging Face Hub.

Two forms: `model-index` in the card's own metadata, and the newer `.eval_results/*.yaml`, which the Hub shows beside a
benchmark's data set. Both hold values only: a column without one cannot stand there. What the board says against a
result, or against one of its values, stands beside the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ...benchmarks.result import MetricRecord, Result, read_result
from ...core.errors import GenboardError
from ...registry.catalog import find
from ...registry.columns import qualifiers
from ...registry.extras import need
from ...registry.metrics import METRICS
from ...registry.schema import Dataset, Hub, Track
from ..board.board import Board
from ..board.comparable import comparable_cells
from ..board.versions import board_of
from ..storage.records import MANIFEST, Record, read_records, usual_folders
from ..text.words import problem_with_link
from ..text.yaml import to_yaml
from ..verification.copying import Copying, copying, threshold
from ..verification.log import status_of

Form = Literal["model-index", "eval-results"]

# What the Hub calls the tasks; it has no name for images of a given class.
_TASKS = {
    "unconditional": ("unconditional-image-generation", "Unconditional image generation"),
    "class": ("other", "Class-conditional image generation"),
    "text": ("text-to-image", "Text to image"),
    "image": ("image-to-image", "Image to image"),
}


class Card(NamedTuple):
    """The metadata of a model as YAML, and what whoever publishes it should know, a line each."""

    text: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Offered:
    """A result as a card shows it.

    Attributes:
        track: at the version that it was measured on.
        flags: whether its samples copy real images.
        caveats: why the board does not rank it, or what is said against it.
        doubts: of its columns, why a value is not comparable with those of the board, or too good.
    """

    result: Result
    track: Track
    dataset: Dataset
    flags: Copying
    caveats: tuple[str, ...]
    doubts: Mapping[str, str]

    @property
    def valued(self) -> list[MetricRecord]:
        return [record for record in self.result.metrics if record.value is not None]

    def said_of(self, record: MetricRecord) -> list[str]:
        """What a reader must know beside a value."""
        return [*self.caveats, *([self.doubts[record.key]] if record.key in self.doubts else [])]


def card(paths: Sequence[Path], form: Form, benchmark: str | None, source: str | None) -> Card:
    """The metadata of one model.

    Args:
        paths: result files of one generator, one a track; manifests of submissions among them are passed over.
        benchmark: the Hub's data set that holds the leaderboard; by default the track's own data set there.
        source: an address at which the results can be looked up.

    Raises:
        GenboardError: several models or results of one track, a failed or a withdrawn one, an address or a name of a
            data set that is none, or huggingface-hub is not installed.
    """
    utils = need("huggingface_hub.utils", "hub")
    if source is not None:
        _refuse_source(source)
    if benchmark is not None:
        _refuse_benchmark(benchmark, utils)
    given = [Record(read_result(path), path) for path in paths if not path.name.endswith(MANIFEST)]
    if not given:
        raise GenboardError("no result among the files", "pass results, such as demo/results/digits@1/ddpm/*.json")
    offered = [_offer(record, given) for record in _one_a_track(given)]
    said = model_index(offered, source) if form == "model-index" else eval_results(offered, benchmark, source)
    text = to_yaml({"model-index": said} if form == "model-index" else said)
    return Card(text, tuple(remark for one in offered for remark in _remarks(one)))


def model_index(offered: Sequence[Offered], source: str | None) -> list[dict[str, Any]]:
    """The `model-index` of a card, through the Hub's own types."""
    hub = need("huggingface_hub.repocard_data", "hub")
    said = []
    for one in offered:
        kind, task = _TASKS[one.track.task]
        said += [
            hub.EvalResult(
                task_type=kind,
                task_name=task,
                dataset_type=_hub_name(one.dataset) or one.dataset.name,
                dataset_name=one.dataset.title,
                dataset_config=one.track.id,
                dataset_split=one.track.reference,
                dataset_revision=one.dataset.revision,
                metric_type=record.name,
                metric_name=_title(record),
                metric_value=record.value,
                metric_args=_arguments(one, record),
                source_name="genboard" if source else None,
                source_url=source,
            )
            for record in one.valued
        ]
    index: list[dict[str, Any]] = hub.eval_results_to_model_index(offered[0].result.generator.name, said)
    return index


def eval_results(offered: Sequence[Offered], benchmark: str | None, source: str | None) -> list[dict[str, Any]]:
    """The entries of a file below `.eval_results/`."""
    entries = []
    for one in offered:
        where = benchmark or _hub_name(one.dataset)
        if where is None:
            raise GenboardError(
                f"data set {one.dataset.name!r} is not on the Hub, where an entry of .eval_results needs a data set",
                "name the one that holds the leaderboard: --dataset ORG/NAME",
            )
        for record in one.valued:
            entry: dict[str, Any] = {
                "dataset": {"id": where, "task_id": task_id(one.track, record)},
                "value": record.value,
                "date": one.result.provenance.created,
                "notes": _notes(one, record),
            }
            if source:
                entry["source"] = {"url": source, "name": "genboard"}
            entries.append(entry)
    return entries


def task_id(track: Track, record: MetricRecord) -> str:
    """What a column is called among the tasks of a benchmark: `digits-v1-fd-digits-cnn`."""
    return f"{track.name}-v{track.version}-{record.key.replace(':', '-')}"


def _refuse_source(source: str) -> None:
    if problem := problem_with_link(source):
        fact = f"{source!r} is not an address on the web: {problem}"
        raise GenboardError(fact, "use a form such as https://example.org/board/")


def _refuse_benchmark(name: str, utils: Any) -> None:
    try:
        utils.validate_repo_id(name)
        whole = name.count("/") == 1
    except utils.HFValidationError:
        whole = False
    if not whole:
        raise GenboardError(f"{name!r} is not the name of a data set on the Hub", "use the form ORG/NAME")


def _one_a_track(given: Sequence[Record]) -> list[Record]:
    """The records, one a track; a file that is given twice counts once."""
    names = sorted({record.result.generator.name for record in given})
    if len(names) != 1:
        raise GenboardError(
            f"a card describes one model, but these results are of {', '.join(names)}", "pass the results of one model"
        )
    found: dict[str, Record] = {}
    for record in given:
        result = record.result
        first = found.setdefault(_track_id(result), record).result
        if first.id != result.id:
            raise GenboardError(
                f"a card has one value of each metric, but these are two results of {names[0]} on {_track_id(result)}: "
                f"{first.id} and {result.id}",
                "pass one of them",
            )
    return list(found.values())


def _offer(record: Record, given: Sequence[Record]) -> Offered:
    """A result beside all others at hand: the given ones, and those of the usual folders."""
    result = record.result
    name = f"{result.generator.name} ({result.id})"
    if result.error is not None:
        raise GenboardError(f"{name} failed at {result.error.stage}: it has no values", "measure it again")
    if all(metric.value is None for metric in result.metrics):
        raise GenboardError(f"{name} has no values", "measure it again")
    track = find(Track, result.track.name)
    if result.track.version > track.version:
        raise GenboardError(
            f"{name} was measured on version {result.track.version} of {track.name}, this is {track.version}",
            "upgrade genboard",
        )
    published = [*given, *_published(record)]
    # A copy of a published result may lack the log that says it was withdrawn.
    for path in (record.path, *(other.path for other in published if _key(other.result) == _key(result))):
        if withdrawn := status_of(path).withdrawn:
            raise GenboardError(f"{name} was withdrawn: {withdrawn}", "leave it out")
    board = board_of(_track_id(result), list({_key(other.result): other for other in published}.values()))
    row = next((row for row in board.rows if row.result.id == result.id), None)
    caveats = [f"not ranked: {i.reason}" for i in board.left_out if (i.name, i.id) == _key(result)[1:]]
    caveats += [f"disputed: {row.verification.disputed}"] if row and row.verification.disputed else []
    caveats += [f"not reproduced: {row.verification.failed}"] if row and row.verification.failed else []
    doubts = comparable_cells(result, board.specs)[1]
    too_good = "significantly better than held-out real images, which calls for a look at the samples"
    doubts |= dict.fromkeys(row.better_than_real if row and row.place else (), too_good)
    flags = row.copying if row else _flags(result, board)
    return Offered(result, board.track, find(Dataset, track.dataset), flags, tuple(caveats), doubts)


def _published(record: Record) -> list[Record]:
    """The results that one stands beside: in its own folder, and in the usual ones."""
    path, below = record.path.absolute(), record.result.path.parts
    own = [path.parents[len(below) - 1]] if path.parts[-len(below) :] == below else []
    return [other for folder in (*own, *usual_folders()) for other in read_records([folder]).readable]


def _key(result: Result) -> tuple[str, str, str]:
    return _track_id(result), result.generator.name, result.id


def _flags(result: Result, board: Board) -> Copying:
    """Whether the samples of a result that is not on the board copy real images, beside its held-out images."""
    cells = {record.key: record for record in [*(result.suspicion or ()), *result.metrics]}
    floor = board.floor.cells if board.floor else None
    return copying(cells, floor, board.track.primary, threshold(board.track.id))


def _track_id(result: Result) -> str:
    return f"{result.track.name}@{result.track.version}"


def _hub_name(dataset: Dataset) -> str | None:
    return dataset.source.repo if isinstance(dataset.source, Hub) else None


def _title(record: MetricRecord) -> str:
    where = [str(record.extractor), *qualifiers(record.key)]
    said = ", ".join("against the training split" if one == "against train" else one for one in where)
    metric = METRICS.get(record.name)
    return f"{metric.title if metric else record.name} ({said})"


def _detects_copies(record: MetricRecord) -> bool:
    """Whether its metric does; one that the registry no longer has says nothing."""
    return record.name in METRICS and METRICS[record.name].detects_copies


def _arguments(one: Offered, record: MetricRecord) -> dict[str, Any]:
    """What makes the value this one, and its interval; of a test for copies also what it says."""
    u, said = record.uncertainty, one.said_of(record)
    copies = {"copies": one.flags.copies, "suspected": one.flags.suspected}
    return {
        "better": record.direction,
        "metric_version": record.version,
        "extractor": record.extractor,
        **record.params,
        "n": record.n,
        "n_reference": record.n_reference,
        "interval": {"lo": u.lo, "hi": u.hi, "level": u.level, "se": u.se, "target": u.target} if u else None,
        "genboard_result": one.result.id,
        **(copies if _detects_copies(record) else {}),
        **({"caveats": said} if said else {}),
    }


def _notes(one: Offered, record: MetricRecord) -> str:
    u, flags = record.uncertainty, one.flags
    interval = f"{u.level:.0%} interval {u.lo:.6g} to {u.hi:.6g} ({u.target})" if u else "no interval"
    said = [f"N = {record.n}, {interval}, metric version {record.version}", f"genboard result {one.result.id}"]
    if flags.seen and _detects_copies(record):
        said.append(f"{'copies' if flags.copies else 'suspected copies'}: {'; '.join(flags.seen)}")
    return "; ".join([*said, *one.said_of(record)])


def _remarks(one: Offered) -> list[str]:
    """What is marked, and what is left out."""
    id_ = one.result.id
    said = [f"marked: {id_}: {caveat}" for caveat in one.caveats]
    valued = {record.key for record in one.valued}
    said += [f"marked: {key} of {id_}: {doubt}" for key, doubt in one.doubts.items() if key in valued]
    return [*said, *(f"left out: {m.key} of {id_}: {m.reason}" for m in one.result.metrics if m.value is None)]
