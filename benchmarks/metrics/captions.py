"""Do samples show what their captions say, and do two samples of one caption differ?

Whether they do is read off the scenes of the feature space `shapes-judge`, which are exact on real images, so that no
classifier's errors enter: see `registry.shapes`. Captions are those of the data set `shapes-text`.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ...registry.shapes.captions import parsed
from ...registry.shapes.coding import DIM, decoded
from ...registry.shapes.making import is_novel
from ...registry.shapes.scenes import Scene
from ...registry.shapes.statements import ATTRIBUTES, checked
from ..uncertainty import Estimate, Part, effective_df, normal, wilson
from .distances import refuse_not_finite
from .inputs import MetricInputs


def caption_accuracy(inputs: MetricInputs) -> Estimate:
    """Share of samples of whose caption every statement is right, 0 to 1. Higher is better.

    Samples are independent given their captions, so Wilson's interval holds; where captions differ in how hard they
    are it is a little wide. `by_attribute` has the shares of single statements.

    Raises:
        BadSamples: a caption that the grammar does not know.
    """
    right = torch.tensor([all(found.values()) for found in inputs.once(_verdicts)])
    return replace(_share(right), parts=by_attribute(inputs))


def by_attribute(inputs: MetricInputs) -> tuple[Part, ...]:
    """The parts of `caption_accuracy`.

    Of each attribute, the share of samples that have it right among those whose caption speaks of it; of `seen` and
    `novel` captions, the share that is right in full.
    """
    verdicts = inputs.once(_verdicts)
    parts = {name: [found[name] for found in verdicts if name in found] for name in ATTRIBUTES}
    novel = [is_novel(parsed(caption)) for caption in inputs.fake.captions or ()]
    for name, wanted in (("seen", False), ("novel", True)):
        parts[name] = [all(found.values()) for found, is_so in zip(verdicts, novel, strict=True) if is_so == wanted]
    return tuple(_part(name, right) for name, right in parts.items())


def _part(name: str, right: list[bool]) -> Part:
    if not right:
        return Part(name, None, reason="no caption speaks of it")
    found = _share(torch.tensor(right))
    return Part(name, found.value, found.uncertainty)


def caption_diversity(inputs: MetricInputs) -> Estimate:
    """Mean Euclidean distance of two samples of one caption, over captions that are asked for more than once.

    0 where a caption always gives the same image. Neither end is best: noise differs most. Captions count alike, and
    their samples are independent of those of others; the error is that of a mean over captions, a little wide because
    captions differ.
    """
    features, captions = inputs.fake.features.double(), inputs.fake.captions or ()
    refuse_not_finite(features)
    rows: dict[str, list[int]] = {}
    for row, caption in enumerate(captions):
        rows.setdefault(caption, []).append(row)
    several = [among for among in rows.values() if len(among) > 1]
    apart = torch.tensor([_mean_distance(features[among]) for among in several], dtype=torch.float64)
    if len(apart) < 2:
        raise BadFeatures(
            f"{len(apart)} captions with more than one sample, and 2 are needed",
            "measure more samples, or a track whose captions repeat",
        )
    value, se = float(apart.mean()), float(apart.std(correction=1)) / len(apart) ** 0.5
    return Estimate(value, normal(value, se, "standard error of a mean", df=effective_df(apart)))


def _mean_distance(features: Tensor) -> float:
    return float(torch.pdist(features).mean())


def _share(right: Tensor) -> Estimate:
    hits, n = int(right.sum()), len(right)
    return Estimate(hits / n, wilson(hits, n), influence=right.double())


def _verdicts(inputs: MetricInputs) -> list[dict[str, bool]]:
    """What each sample has right of what its caption says."""
    captions = [parsed(caption) for caption in inputs.fake.captions or ()]
    scenes = scenes_of(inputs.fake.features)
    return [checked(caption, scene) for caption, scene in zip(captions, scenes, strict=True)]


def scenes_of(features: Tensor) -> list[Scene]:
    """The scenes that the judge saw.

    Raises:
        BadFeatures: the features are not of the space `shapes-judge`.
    """
    refuse_not_finite(features)
    if features.shape[1] != DIM:
        raise BadFeatures(
            f"features of width {features.shape[1]} are no scenes, which have {DIM} numbers",
            'give the metric the extractor "shapes-judge", on a track of the data set shapes-text',
        )
    return decoded(features.double().cpu().numpy())
