"""What the samples of a track are compared with: real images, and the right answer of each where it has one."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import BadWorkers, GenboardError
from ..core.executor import Executor
from ..reference_stats.build import obtain, recipes_of
from ..reference_stats.features import measure
from ..reference_stats.statistics import ReferenceStatistics, held_out_recipe
from ..registry.conversions import converted
from ..registry.extractors import LiveExtractor, Runtime
from ..registry.extractors.texts import load_texts
from ..registry.schema import Against, Precision, Track
from .asked import answer_source, asked_of
from .feature_files import Workers, mapped
from .scoring import Answers, captioned_spaces, paired_spaces


def references_of(
    track: Track,
    device: str,
    precision: Precision = "float32",
    executor: Executor | None = None,
    n: int = 0,
    workers: Workers | None = None,
    runtime: Runtime = "torch",
) -> dict[tuple[str, Against], ReferenceStatistics]:
    """A track's reference statistics by (extractor, split side): found, or built into the user's data folder.

    Args:
        executor: whose workers build what is missing.
        n: samples to be compared with them.
        workers: by whom; large features then lie in files that they see.
        runtime: what computes the networks for those that are missing.
    """
    recipes = recipes_of(track, precision)
    return {key: mapped(obtain(recipe, device, executor, runtime), workers, n) for key, recipe in recipes.items()}


def held_out_of(
    track: Track,
    device: str,
    precision: Precision = "float32",
    executor: Executor | None = None,
    runtime: Runtime = "torch",
) -> ReferenceStatistics | None:
    """Statistics of a track's held-out images in the space that ranks; none where the images are not available."""
    try:
        return obtain(held_out_recipe(track, track.space, precision), device, executor, runtime)
    except BadWorkers:
        raise
    except GenboardError:
        return None


def answers_of(track: Track, n: int, spaces: Mapping[str, LiveExtractor]) -> Answers:
    """What n samples of a track are compared with one by one; nothing on tracks that ask for nothing of the kind.

    Raises:
        BadSamples: the track has not so many answers.
        BadImages: its data set is not available.
        GenboardError: it needs features of captions, and a library or a file for them is not available.
    """
    if track.task not in ("text", "image"):
        return Answers()
    source = answer_source(track, n)
    pairs = {
        name: measure(converted(source, track.conversions.get(name, ())), spaces[name], moments=False)
        for name in paired_spaces(track)
    }
    captions = asked_of(track, n).captions
    if captions is None:
        return Answers(pairs=pairs)
    texts = {name: load_texts(name, str(spaces[name].device)) for name in captioned_spaces(track)}
    return Answers(captions, pairs, {name: half.features(captions) for name, half in texts.items()})
