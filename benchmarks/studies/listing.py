"""Every study there is. To add one: write a module of its name with `run` and `verdict`, add one row here.

`run(context, **parameters)` gives the rows and `verdict(table)` says what they show. A study that is `scored`
also has `cells(table)`, its part of the scorecard; one that is `of_faults` has `responses(table)`, what metrics make of
faults. A figure is optional: `leaderboard/study_figures/NAME.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ...core.errors import UnknownName
from ...registry.resolve import function

POINTS = "points"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study: what it asks, how, and what its table holds.

    Attributes:
        name: also that of its module.
        version: raised whenever the same samples would no longer give the same table.
        columns: every key that a row may have; `what` says of what kind a row is.
        least: fewest generators it can be made of.
        parameters: what may be set, and what it is if nobody does.
        baselines: whether the rows that are never ranked take part unless they are named.
        of_real: whether it looks at real images, or at points of its own, and at no generator.
        scored: whether it has a say in the scorecard.
        of_faults: whether it says of faults whether metrics see them.
        made_up: what it calls points that it makes itself, which no track has: nothing about these is a finding on the
            track. `points` where it has no others.
        pictured: whether its module has `picture(table)`: a PNG that is kept beside the table, which has its digest.
    """

    name: str
    title: str
    question: str
    method: str
    columns: tuple[str, ...]
    version: int = 1
    least: int = 1
    baselines: bool = True
    of_real: bool = False
    scored: bool = True
    of_faults: bool = False
    made_up: str = ""
    of_pictures: bool = False
    pictured: bool = False
    parameters: Mapping[str, int] = field(default_factory=dict)

    def is_made_up(self, text: str) -> bool:
        """Whether a sentence, or the unit of a cell, is of points that no track has."""
        return self.made_up == POINTS or (self.made_up != "" and self.made_up in text)

    @property
    def run(self) -> Callable[..., Any]:
        return self._function("run")

    @property
    def verdict(self) -> Callable[..., Any]:
        return self._function("verdict")

    @property
    def picture(self) -> Callable[..., Any]:
        return self._function("picture")

    @property
    def cells(self) -> Callable[..., Any]:
        return self._function("cells") if self.scored else lambda _: ()

    @property
    def responses(self) -> Callable[..., Any]:
        return self._function("responses") if self.of_faults else lambda _: ()

    def _function(self, name: str) -> Callable[..., Any]:
        return function(f"{self.name}:{name}", under="benchmarks.studies")


_WORDS = (
    "A change is significant if its interval excludes zero and it is two standard errors or more. Worse or better: the "
    "change at the highest level is significant, and none at a lower level is the other way. No steady trend: some "
    "change is significant, but neither of these holds. Too noisy to tell: no change is significant. In brackets: from "
    "which level on, if not from the first."
)
_SUBSETS = {"k": 10, "resamples": 8, "seed": 0}

_ROWS = (
    Study(
        name="k",
        title="The number of neighbours",
        question="How do precision, recall, density and coverage change with k?",
        method="Each k from 1 on, at the track's number of samples. For comparison, the values of two sets from one "
        "distribution: in closed form for density and coverage; for precision and recall from reference and held-out "
        "images, pooled and split at random into two sets.",
        columns=("what", "generator", "metric", "k", "n", "value", "se", "lo", "hi", "resamples"),
        parameters=_SUBSETS,
    ),
    Study(
        name="samples",
        title="The number of samples",
        version=2,
        question="How do metrics change with N, and how many samples make two generators significantly different?",
        method="Nested subsets of the samples in several random orders, each against as many reference images, as on "
        "a track of that many samples. Subsets drawn without replacement vary less as n approaches N, so their "
        "spread is scaled by (1 - n/N)^(-1/2); there is no band at n = N. The Fréchet distance is fitted by a "
        "straight line against 1/n, which gives its value for N to infinity. Two generators are significantly "
        "different if the 95% interval of their difference excludes zero, Student's for so many orders.",
        columns=("what", "generator", "metric", "n", "value", "se", "resamples", "limit", "slope", "straight", "a",
            "b", "n_apart", "expected", "gap"),
        of_faults=True,
        parameters=_SUBSETS,
    ),
    Study(
        name="grid",
        title="Neighbours and samples together",
        version=2,
        question="Can another k make up for fewer samples?",
        method="Kendall's tau-b between the ranking at each k and n and that at all samples and the metric's own k: "
        "mean, least and most over the subsets that the studies `k` and `samples` look at.",
        columns=("what", "metric", "k", "n", "tau", "lo", "hi"),
        least=2,
        baselines=False,
        scored=False,
        parameters=_SUBSETS,
    ),
    Study(
        name="ranking",
        title="The ranking",
        version=2,
        question="Does the ranking survive another k, N, draw or feature space, and which pairs change order?",
        method="Kendall's tau-b between the ranking in each setting and that in the track's own, and every pair "
        "whose order is reversed somewhere: a rank reversal. It matters where the two are significantly different in "
        "the track's own setting.",
        columns=("what", "axis", "setting", "metric", "n", "k", "extractor", "tau", "lo", "hi", "settings",
            "generators", "a", "b", "apart", "reversed", "where"),
        least=2,
        baselines=False,
        parameters=_SUBSETS,
    ),
    Study(
        name="extractors",
        title="The feature space",
        question="Do the same samples get the same ranking in another feature space?",
        method="Every generator's samples measured in each feature space at hand, against the reference in that "
        "space.",
        columns=("what", "generator", "extractor", "metric", "value", "se", "lo", "hi", "other", "tau", "generators"),
        scored=False,
    ),
    Study(
        name="seeds",
        title="The seed",
        question="Do fresh seeds vary as much as the interval claimed from one set of samples says?",
        method="Each generator is drawn anew from further seeds. The standard deviation of a metric over the seeds "
        "is compared with the standard error that each run claims; the interval of the ratio is that of a variance "
        "with as many degrees of freedom. Generators that draw in many steps take part only if they are named.",
        columns=("what", "generator", "metric", "seed", "value", "se", "lo", "hi", "ratio",
            "held", "df"),
        baselines=False,
        scored=False,
        parameters={"seeds": 6},
    ),
    Study(
        name="corruptions",
        of_pictures=True,
        title="Images made worse",
        version=2,
        question="Which metrics detect that real images are blurred, noisy or otherwise corrupted, and which do not?",
        method="Held-out real images, altered in seven ways at five severities, in place of samples. Changes are in "
        "standard errors of the value of unaltered images; their intervals come from disjoint parts of the images, "
        "each against its own part of the reference. " + _WORDS,
        columns=("what", "corruption", "metric", "severity", "strength", "n", "value", "moved", "lo", "hi"),
        of_real=True,
        of_faults=True,
        parameters={"resamples": 5, "seed": 0},
    ),
    Study(
        name="ruler",
        of_pictures=True,
        title="The ruler",
        question="What do the values of a metric look like, on real images made worse step by step?",
        method="Held-out real images, as many as the track has samples and as many in every set, scored as samples "
        "are: blurred by a Gaussian (its width in pixels); with normal noise on every value (its standard deviation, "
        "of the range); with classes missing, one more at each step, in whose place are more images of the others; "
        "and with some images replaced by uniform noise. Where too few held-out images of the other classes are left, "
        "training images fill up the set. Which classes are missing is drawn once. Between two steps a value is "
        "interpolated in proportion; beyond the last it is not extrapolated. Significantly worse: the 95% interval of "
        "the difference from unaltered images excludes zero, at that step and at all after it.",
        columns=("what", "ladder", "severity", "strength", "metric", "n", "value", "se", "lo", "hi", "strip",
            "missing", "filled", "side", "classes", "tile_height", "tile_width", "gap", "digest"),
        of_real=True,
        scored=False,
        pictured=True,
        parameters={"seed": 0},
    ),
    Study(
        name="outliers",
        title="Outliers",
        question="Does an outlier in one set make a bad other set look good?",
        method="Outliers replace some real images, and the generated ones are shifted three quarters of the way from "
        "their mean to that of the outliers; then the roles are swapped. First with normal points in 64 dimensions, "
        "drawn anew each time; then with features of held-out images against the reference, random halves of both, "
        "where outliers are images of noise, or negatives. For comparison, the same with nothing shifted. Changes "
        "are in standard errors of the value without outliers; a negative change looks better. " + _WORDS,
        columns=("what", "kind", "side", "shifted", "outliers", "share", "metric", "n", "value", "spread", "moved",
            "lo", "hi"),
        of_real=True,
        made_up="normal points",
        of_faults=True,
        parameters={"resamples": 4, "seed": 0},
    ),
    Study(
        name="modes",
        title="Missing, rare, frequent and invented classes",
        question="Which metrics detect classes that are missing, rare, too frequent or invented?",
        method="Held-out images in place of samples, always as many, against as many of the reference. Dropped: one "
        "class after another. Thinned: as many samples are missing, but from all those classes alike. Frequent: one "
        "class is two, three or more times as frequent. Invented: negatives of one class after another, each as "
        "frequent as a class. Several orders of the classes and draws of the images. Changes are in standard errors "
        "over fresh draws of the unaltered classes; a negative change looks better. " + _WORDS,
        columns=("what", "kind", "step", "metric", "n", "value", "spread", "moved", "lo", "hi"),
        of_real=True,
        of_faults=True,
        parameters={"resamples": 6, "seed": 0},
    ),
    Study(
        name="copies",
        of_pictures=True,
        title="Copies of training images",
        version=3,
        question="Which metrics detect that samples are copies of training images, and which reward it?",
        method="A rising share of held-out images is replaced by training images: exact copies among unaltered "
        "held-out images, and augmented copies (shifted a little, with some noise) among held-out images that are "
        "augmented alike, so that the augmentation itself does not count. Random halves of the held-out images, and "
        "as many of the reference. Changes are in standard errors over fresh draws of held-out images. For "
        "comparison, as many training images as there are held-out ones, measured as the baselines of the track are. "
        + _WORDS,
        columns=("what", "kind", "share", "metric", "n", "value", "spread", "moved", "lo", "hi", "better", "draws",
            "copy", "se"),
        of_real=True,
        of_faults=True,
        parameters={"resamples": 20, "seed": 0},
    ),
    Study(
        name="truncation",
        title="Truncation and guidance",
        version=2,
        question="Do truncation and guidance trade diversity for fidelity, or improve both?",
        method="Every generator that has one of the two is drawn anew at several values of it, from the track's "
        "seed, and measured as on the track. A setting is on the Pareto front of two metrics if no other setting of "
        "any generator is as good in both and better in one; it is significantly off the front if another is "
        "significantly better in both.",
        columns=("what", "generator", "argument", "setting", "own", "evaluations", "metric", "value", "se", "lo", "hi",
            "fidelity", "diversity", "front"),
        baselines=False,
        scored=False,
    ),
    Study(
        name="cycle",
        title="There and back",
        question="Does an image that a generator translated, and translates back, return as it was?",
        method="Every generator that offers a way back gives its samples, as they are stored, to it. The cycle error "
        "is the mean absolute difference of pixel values in [0, 1] between what returns and the image that was asked "
        "from; its interval is over images. For comparison the right answers go back in place of the samples, and "
        "both with normal noise of some grey levels: what returns from samples and not from samples with a little "
        "noise was hidden in last bits (arXiv:1712.02950). A copy of the input returns as it was, so a low error "
        "alone is no praise, and it ranks nothing.",
        columns=("what", "generator", "sent", "noise", "n", "value", "se", "lo", "hi"),
        scored=False,
        parameters={"seed": 0},
    ),
    Study(
        name="unawareness",
        title="Unawareness of the group",
        question="Asked with the same latent for the other group, does a model change more than the group?",
        method="On a track that asks for the same subjects in several groups, every class-conditional generator is "
        "drawn twice from the track's seed: as the track asks, and with each label replaced by that of the same "
        "subject in the next group. The track's classifier says of each pair whether the subject changed, and whether "
        "the group is the one asked for; distances are in the feature space that ranks. Samples of the same class from "
        "different seeds say what is far. Shares have Wilson's interval, distances that of a mean.",
        columns=("what", "generator", "group", "into", "measure", "n", "value", "se", "lo", "hi"),
        baselines=False,
        scored=False,
    ),
    Study(
        name="sanity",
        title="Sanity checks",
        question="Do the metrics pass checks in which the right answer is known?",
        method="Points of known distributions, 500 in a set, drawn several times: shifted, scaled, modes dropped, "
        "thinned, merged and invented, spheres of other radii, cubes that share a fifth of their volume with few and "
        "many points, a ball in a torus, one dimension stretched, sets apart in one of many dimensions; after Räisä, "
        "van Breugel and van der Schaar 2025, arXiv:2505.22450, with their tolerances. The curve of the means over "
        "the settings must have the right shape, and 0 or 1 where that is due. What has no scale from 0 to 1 is "
        "asked for the shape alone, between its own least and largest value.",
        columns=("what", "check", "variant", "metric", "setting", "value", "n", "criterion", "asks", "passed"),
        of_real=True,
        made_up=POINTS,
        parameters={"resamples": 2, "seed": 0},
    ),
)  # fmt: skip


def index(rows: tuple[Study, ...]) -> Mapping[str, Study]:
    by_name: dict[str, Study] = {}
    for row in rows:
        if row.name in by_name:
            raise ValueError(f"two studies are named {row.name!r}")
        by_name[row.name] = row
    return MappingProxyType(by_name)


STUDIES = index(_ROWS)


def find_study(name: str) -> Study:
    """The study of that name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return STUDIES[name]
    except KeyError:
        raise UnknownName("study", name, [*STUDIES, "all"]) from None
