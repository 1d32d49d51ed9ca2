"""Every metric the suite can report. To add one: write a function of `MetricInputs`, add one row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Concatenate, Literal, TypeAlias

from ..core.errors import UnknownName
from .resolve import lazy_modules

if TYPE_CHECKING:
    from ..benchmarks.metrics import (
        authenticity,
        captions,
        classification_score,
        clip_score,
        cmmd,
        conditional_accuracy,
        copying,
        diversity,
        frechet,
        frechet_debiased,
        inception_score,
        intra_class,
        kernel,
        manifold,
        modes,
        nearest,
        nearest_pairs,
        pairs,
        realism,
        reference_copies,
        structural,
        typicality,
        vendi,
    )
    from ..benchmarks.metrics.inputs import MetricInputs
    from ..benchmarks.uncertainty import Estimate
else:
    # The functions lie on a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

Input = Literal[
    "real.moments",
    "real.features",
    "real.logits",
    "real.labels",
    "train.features",
    "train.labels",
    "reference.features",
    "held_out.features",
    "fake.features",
    "fake.logits",
    "fake.labels",
    "fake.captions",
    "pair.features",
    "caption.features",
    "shape",
]
Better = Literal["lower", "higher"]
Role = Literal["fidelity", "diversity", "distance"]
_FRECHET = (
    r"influence function, less the second-order term, with its skewness(; [\w.% ]+ of the reference's variance lies"
    r" where the samples have none)?|all samples are the same"
)
_OCCUPANCY = "Poisson mixture over classes"
_MEAN = "standard error of a mean"
_PROJECTION = "variance of the U-statistic's projection, with its skewness"
_PAIRS: tuple[Input, ...] = ("pair.features", "fake.features")
_NEAREST: tuple[Input, ...] = ("train.features", "fake.features")
_SHARE = "Wilson(, variance within labels)?"
_CLASSES = "variances of the classes' values added, with its skewness"
_TRAINED = "variance over draws of training images, seeds and test images"
_RECIPE: Mapping[str, int | float | str] = MappingProxyType({"hidden": 1024, "ridge": 0.01, "seeds": 5})
MetricFunction: TypeAlias = "Callable[Concatenate[MetricInputs, ...], Estimate]"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric: its function, what it reads, and how to read it.

    Attributes:
        version: raised whenever an old number would no longer be reproduced.
        fn: the function; it takes `MetricInputs`, then `params` by name.
        reads: the inputs without which it has no value. `real` is what the column is measured against, `reference`,
            `train` and `held_out` are those splits, `pair` the image and `caption` the text that belong to each sample,
            and `shape` is that of the images behind pixels.
        better: which way is better; none for what is shown and not ranked.
        symmetric: whether real and fake may be exchanged without changing the value.
        least: fewest samples it can score.
        role: what the study `sanity` expects of it; none where its checks have nothing to ask.
        spaces: patterns of the names of the feature spaces that it is defined in, such as `lpips-*`; none: all of them.
        unit: whether it is 1 where both sets are equal, so that its bounds can be checked and not only its shape.
        detects_copies: whether it is there to detect copies of training images, of which it is lower.
        suspicion: whether a low value is a reason to look closer at the samples. Those that a track has no column for
            are measured beside its columns.
        target: the value of a perfect generator where that is neither end of the range.
        parts: what it also has a value of: `class`, each class of the track's data set by its label; or attributes, by
            these names.
        methods: what its intervals may say of how they were made, as a regular expression of all of it.
        interval: what its intervals are about, see `benchmarks.uncertainty`.
    """

    kind: ClassVar[str] = "metrics"
    noun: ClassVar[str] = "metric"
    name: str
    title: str
    version: int
    fn: MetricFunction
    reads: tuple[Input, ...] = ("real.features", "fake.features")
    better: Better | None
    range: tuple[float, float]
    summary: str
    paper: str
    symmetric: bool = False
    least: int = 2
    role: Role | None = None
    spaces: tuple[str, ...] = ()
    unit: bool = False
    detects_copies: bool = False
    suspicion: bool = False
    target: float | None = None
    params: Mapping[str, int | float | str] = field(default_factory=lambda: MappingProxyType({}))
    parts: Literal["class"] | tuple[str, ...] = ()
    methods: str
    interval: Literal["conditional", "population", "permutation"] = "conditional"

    def is_defined_in(self, space: str | None) -> bool:
        """Whether it is, in the feature space of that name; of a space without a name the caller answers for it."""
        return not self.spaces or space is None or any(fnmatchcase(space, pattern) for pattern in self.spaces)

    @property
    def path(self) -> str:
        """Where its function is, as `benchmarks.metrics.frechet:frechet_distance`."""
        return str(self.fn)


_ROWS = (
    Metric(
        name="fd",
        title="Fréchet distance",
        version=2,
        fn=frechet.frechet_distance,
        reads=("real.moments", "fake.features"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        role="distance",
        summary="Distance of two Gaussians fitted to the features of real images and of samples.",
        paper="arXiv:1706.08500",
        methods=_FRECHET,
    ),
    Metric(
        name="fd_debiased",
        title="Fréchet distance, bias-corrected",
        version=2,
        fn=frechet_debiased.fd_debiased,
        reads=("real.moments", "fake.features"),
        better="lower",
        range=(-float("inf"), float("inf")),  # a difference of distances
        least=4,
        role="distance",
        summary="Fréchet distance of infinitely many samples, in closed form; the finite reference's bias stays in it.",
        paper="arXiv:1911.07023 (the bias), arXiv:1903.03447 (its Gaussian case); the correction is this project's",
        methods=_FRECHET,
        interval="population",
    ),
    Metric(
        name="kid",
        title="Kernel distance",
        version=2,
        fn=kernel.kernel_distance,
        better="lower",
        range=(-float("inf"), float("inf")),  # unbiased, so it falls below zero for a perfect generator
        symmetric=True,
        role="distance",
        summary="Unbiased squared maximum mean discrepancy under the kernel (x.y/d + 1)^3.",
        paper="arXiv:1801.01401",
        methods=_PROJECTION,
        params=MappingProxyType({"degree": 3, "coefficient": 1.0}),
    ),
    Metric(
        name="cmmd",
        title="CMMD",
        version=2,
        fn=cmmd.cmmd,
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        role="distance",
        summary="Biased squared maximum mean discrepancy of normalised features, Gaussian kernel, times 1000.",
        paper="arXiv:2401.09603",
        methods="variance of the V-statistic's projection, with its skewness",
        params=MappingProxyType({"sigma": 10.0, "scale": 1000.0}),
    ),
    Metric(
        name="is",
        title="Inception score",
        version=1,
        fn=inception_score.inception_score,
        reads=("fake.logits",),
        better="higher",
        range=(1.0, float("inf")),
        summary="How confidently the extractor's classifier labels single samples while all classes occur.",
        paper="arXiv:1606.03498",
        methods="influence function",
    ),
    Metric(
        name="modes",
        title="Modes",
        version=1,
        fn=modes.modes,
        reads=("fake.logits",),
        better="higher",
        range=(1.0, float("inf")),
        summary="Number of the extractor's classes that at least one sample is taken for.",
        paper="arXiv:1611.02163; the interval is this project's",
        methods=_OCCUPANCY,
    ),
    Metric(
        name="modes_kl",
        title="Unevenness of modes",
        version=1,
        fn=modes.modes_kl,
        reads=("fake.logits",),
        better="lower",
        range=(0.0, float("inf")),
        summary="KL divergence, in nats, of the distribution of the samples' classes from the uniform one.",
        paper="arXiv:1611.02163; the interval is this project's",
        methods=_OCCUPANCY,
    ),
    Metric(
        name="precision",
        title="Precision",
        version=1,
        fn=manifold.precision,
        better="higher",
        range=(0.0, 1.0),
        role="fidelity",
        unit=True,
        summary="Share of samples inside the manifold of the real images.",
        paper="arXiv:1904.06991",
        methods=_SHARE,
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="recall",
        title="Recall",
        version=2,
        fn=manifold.recall,
        better="higher",
        range=(0.0, 1.0),
        role="diversity",
        unit=True,
        summary="Share of real images inside the manifold of the samples.",
        paper="arXiv:1904.06991",
        methods=r"spread over \d+ half-samples",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="density",
        title="Density",
        version=1,
        fn=manifold.density,
        better=None,
        range=(0.0, float("inf")),
        role="fidelity",
        unit=True,
        summary="Mean number of real images' balls that a sample is in, over k.",
        paper="arXiv:2002.09797",
        methods=_MEAN,
        target=1.0,
        params=MappingProxyType({"k": 5}),
    ),
    Metric(
        name="coverage",
        title="Coverage",
        version=2,
        fn=manifold.coverage,
        better="higher",
        range=(0.0, 1.0),
        role="diversity",
        unit=True,
        summary="Share of real images whose ball holds a sample.",
        paper="arXiv:2002.09797",
        methods="Wilson, variance from halves and quarters",
        params=MappingProxyType({"k": 5}),
    ),
    Metric(
        name="realism",
        title="Realism score",
        version=2,
        fn=realism.realism,
        better="higher",
        range=(0.0, float("inf")),
        role="fidelity",
        summary="Median over samples of how deep they lie in the real images' balls; 1 is the surface.",
        paper="arXiv:1904.06991",
        methods="order statistics",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="alpha_precision",
        title="Alpha-precision",
        version=1,
        fn=typicality.alpha_precision,
        better="higher",
        range=(0.0, 1.0),
        role="fidelity",
        unit=True,
        summary="How closely the samples' distances from the real images' centre are spread like the real images' own.",
        paper="arXiv:2102.08921",
        methods="influence function, widened near the diagonal",
    ),
    Metric(
        name="beta_recall",
        title="Beta-recall",
        version=2,
        fn=typicality.beta_recall,
        better=None,
        range=(0.0, 1.0),
        role="diversity",
        unit=True,
        summary="How closely the share of real images that typical samples cover grows with what counts as typical.",
        paper="arXiv:2102.08921",
        methods="variance between halves",
        params=MappingProxyType({"k": 1}),
    ),
    Metric(
        name="vendi",
        title="Vendi score",
        version=1,
        fn=vendi.vendi_score,
        reads=("fake.features",),
        better=None,
        range=(1.0, float("inf")),
        role="diversity",
        summary="The effective number of different samples: exp of the entropy of their cosines' eigenvalues.",
        paper="arXiv:2210.02410",
        methods="influence function, to second order",
    ),
    Metric(
        name="nn_ratio",
        title="Nearest-training-image ratio",
        version=1,
        fn=nearest.nearest_ratio,
        reads=("train.features", "reference.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        detects_copies=True,
        summary="Mean distance to the nearest training image, over that of real images training has not seen.",
        paper="Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675 (the question; a plain ratio here)",
        methods=_MEAN,
        target=1.0,
    ),
    Metric(
        name="authenticity",
        title="Authenticity",
        version=1,
        fn=authenticity.authenticity,
        reads=("train.features", "fake.features"),
        better=None,
        range=(0.0, 1.0),
        detects_copies=True,
        suspicion=True,
        summary="Share of samples farther from their nearest training image than it is from its nearest other one.",
        paper="arXiv:2102.08921",
        methods=_SHARE,
    ),
    Metric(
        name="c_t",
        title="Copying test",
        version=2,
        fn=copying.copying_score,
        reads=("train.features", "reference.features", "fake.features"),
        better=None,
        range=(-float("inf"), float("inf")),
        detects_copies=True,
        suspicion=True,
        summary="z-score of distances to the nearest training images against those of real images it has not seen.",
        paper="arXiv:2004.05675 (cells and distances; van Elteren's sum of them here)",
        methods="influence function",
        target=0.0,
        params=MappingProxyType({"cells": 3, "seed": 0}),
    ),
    Metric(
        name="reference_nn_ratio",
        title="Nearest-reference-image ratio",
        version=2,
        fn=reference_copies.reference_nearest_ratio,
        reads=("train.features", "reference.features", "held_out.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        suspicion=True,
        summary="Mean distance to the nearest reference image, over that to the nearest held-out image.",
        paper="this project's; the question is that of arXiv:2004.05675, asked of the reference",
        methods="random divisions of reference and (training|held-out) images",
        interval="permutation",
        target=1.0,
    ),
    Metric(
        name="reference_fd_ratio",
        title="Fréchet distance ratio of the reference",
        version=2,
        fn=reference_copies.reference_frechet_ratio,
        reads=("train.features", "reference.features", "held_out.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        suspicion=True,
        summary="Fréchet distance from the reference images, over that from as many held-out images.",
        paper="this project's; the distance is that of arXiv:1706.08500",
        methods="random divisions of reference and (training|held-out) images",
        interval="permutation",
        target=1.0,
    ),
    Metric(
        name="pixel_distance",
        title="Pixel distance",
        version=1,
        fn=pairs.pixel_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("pixels",),
        summary="Mean absolute difference (L1) of pixel values in [0, 1] from the image that a sample should be.",
        paper="arXiv:1611.07004 (L1)",
        methods=_MEAN,
        params=MappingProxyType({"norm": "l1"}),
    ),
    Metric(
        name="psnr",
        title="PSNR",
        version=1,
        fn=pairs.psnr,
        reads=_PAIRS,
        better="higher",
        range=(-float("inf"), float("inf")),  # below 0 where values leave [0, 1] only
        spaces=("pixels",),
        summary="Peak signal-to-noise ratio in dB of samples and the images that they should be, the mean over pairs.",
        paper="doi:10.1109/ICPR.2010.579 (a survey)",
        methods=_MEAN,
    ),
    Metric(
        name="ssim",
        title="SSIM",
        version=1,
        fn=structural.ssim,
        reads=(*_PAIRS, "shape"),
        better="higher",
        range=(-1.0, 1.0),
        spaces=("pixels",),
        summary="Structural similarity of samples and the images that they should be, window by window.",
        paper="doi:10.1109/TIP.2003.819861",
        methods=_MEAN,
        params=MappingProxyType({"window": 11, "sigma": 1.5}),
    ),
    Metric(
        name="feature_distance",
        title="Feature distance",
        version=1,
        fn=pairs.feature_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        summary="Mean distance of a sample's features from those of the image that it should be.",
        paper="arXiv:1602.02644",
        methods=_MEAN,
        params=MappingProxyType({"kind": "euclidean"}),
    ),
    Metric(
        name="lpips",
        title="LPIPS",
        version=1,
        fn=pairs.squared_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("lpips-*",),
        summary="Learned perceptual distance of samples from the images that they should be.",
        paper="arXiv:1801.03924",
        methods=_MEAN,
    ),
    Metric(
        name="content_distance",
        title="Content distance",
        version=1,
        fn=pairs.squared_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("content-*",),
        summary="Half the squared difference of a network's maps of a sample and of the image that it should be.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
    Metric(
        name="style_distance",
        title="Style distance",
        version=1,
        fn=pairs.squared_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("style-*",),
        summary="Difference of the Gram matrices of a network's maps of a sample and of the image that it should be.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_pixel_distance",
        title="Pixel distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_pixel_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("pixels",),
        summary="The pixel distance from the nearest training image; 0 for copies.",
        paper="arXiv:1611.07004 (L1)",
        methods=_MEAN,
        params=MappingProxyType({"norm": "l1"}),
    ),
    Metric(
        name="nearest_psnr",
        title="PSNR with the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_psnr,
        reads=_NEAREST,
        better=None,
        range=(-float("inf"), float("inf")),
        spaces=("pixels",),
        summary="The peak signal-to-noise ratio with the nearest training image; high for copies.",
        paper="doi:10.1109/ICPR.2010.579 (a survey)",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_ssim",
        title="SSIM with the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_ssim,
        reads=(*_NEAREST, "shape"),
        better=None,
        range=(-1.0, 1.0),
        spaces=("pixels",),
        summary="The structural similarity with the nearest training image; 1 for copies.",
        paper="doi:10.1109/TIP.2003.819861",
        methods=_MEAN,
        params=MappingProxyType({"window": 11, "sigma": 1.5}),
    ),
    Metric(
        name="nearest_feature_distance",
        title="Feature distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_feature_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        summary="The feature distance from the nearest training image; 0 for copies. `nn_ratio` gives it a scale.",
        paper="arXiv:1602.02644",
        methods=_MEAN,
        params=MappingProxyType({"kind": "euclidean"}),
    ),
    Metric(
        name="nearest_lpips",
        title="LPIPS to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_squared_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("lpips-*",),
        summary="The learned perceptual distance from the nearest training image; 0 for copies.",
        paper="arXiv:1801.03924",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_content_distance",
        title="Content distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_squared_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("content-*",),
        summary="The content distance from the nearest training image; 0 for copies.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_style_distance",
        title="Style distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_squared_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("style-*",),
        summary="The style distance from the training image that is nearest by it; 0 for copies.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
    Metric(
        name="feature_diversity",
        title="Feature diversity",
        version=1,
        fn=diversity.feature_diversity,
        reads=("fake.features",),
        better=None,
        range=(0.0, float("inf")),
        summary="Mean distance of two samples of one class, over all pairs; of any two where there are no classes.",
        paper="arXiv:1711.11586 (of LPIPS)",
        methods=_PROJECTION,
        params=MappingProxyType({"kind": "euclidean"}),
    ),
    Metric(
        name="lpips_diversity",
        title="LPIPS diversity",
        version=1,
        fn=diversity.squared_diversity,
        reads=("fake.features",),
        better=None,
        range=(0.0, float("inf")),
        spaces=("lpips-*",),
        summary="Mean learned perceptual distance of two samples of one class, or of any two, over all pairs.",
        paper="arXiv:1711.11586",
        methods=_PROJECTION,
    ),
    Metric(
        name="clip_score",
        title="CLIP score",
        version=1,
        fn=clip_score.clip_score,
        reads=("caption.features", "fake.features"),
        better="higher",
        range=(0.0, 100.0),
        spaces=("clip-*",),
        summary="100 times the cosine of a sample and the caption it was asked for, 0 where that is negative.",
        paper="arXiv:2104.08718",
        methods=_MEAN,
        params=MappingProxyType({"scale": 100.0}),
    ),
    Metric(
        name="clip_score_2_5",
        title="CLIP score, times 2.5",
        version=1,
        fn=clip_score.clip_score,
        reads=("caption.features", "fake.features"),
        better="higher",
        range=(0.0, 2.5),
        spaces=("clip-*",),
        summary="The CLIP score as first published: 2.5 times the cosine, 0 where that is negative.",
        paper="arXiv:2104.08718",
        methods=_MEAN,
        params=MappingProxyType({"scale": 2.5}),
    ),
    Metric(
        name="intra_fd",
        title="Fréchet distance within classes",
        version=1,
        fn=intra_class.intra_fd,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        summary="Mean over classes of the Fréchet distance between real images of a class and samples asked for it.",
        paper="arXiv:1802.05637",
        parts="class",
        methods=_CLASSES,
    ),
    Metric(
        name="intra_kid",
        title="Kernel distance within classes",
        version=1,
        fn=intra_class.intra_kid,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="lower",
        range=(-float("inf"), float("inf")),  # unbiased, as `kid` is
        symmetric=True,
        summary="Mean over classes of the kernel distance between real images of a class and samples asked for it.",
        paper="arXiv:1802.05637 (the mean over classes), arXiv:1801.01401 (the distance)",
        parts="class",
        methods=_CLASSES,
        params=MappingProxyType({"degree": 3, "coefficient": 1.0}),
    ),
    Metric(
        name="conditional_accuracy",
        title="Conditional accuracy",
        version=1,
        fn=conditional_accuracy.conditional_accuracy,
        reads=("fake.logits", "fake.labels"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of samples that the extractor's classifier takes for the class that was asked for.",
        paper="arXiv:1610.09585",
        parts="class",
        methods="Wilson, variance within labels",
        params=MappingProxyType({"top": 1}),
    ),
    Metric(
        name="conditional_accuracy_corrected",
        title="Conditional accuracy, corrected",
        version=1,
        fn=conditional_accuracy.conditional_accuracy_corrected,
        reads=("real.logits", "real.labels", "fake.logits", "fake.labels"),
        better="higher",
        range=(-float("inf"), float("inf")),  # not cut: above 1, samples are easier to classify than real images
        summary="Conditional accuracy corrected by the confusion matrix that the classifier has on real images.",
        paper="doi:10.1093/oxfordjournals.aje.a112510 (two classes), arXiv:1802.03916 (the inverse matrix)",
        target=1.0,
        parts="class",
        methods="delta method, over samples and real images",
        interval="population",
    ),
    Metric(
        name="cas",
        title="Classification accuracy score",
        version=1,
        fn=classification_score.cas,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of real images that a classifier recognises which was trained on samples alone.",
        paper="arXiv:1905.10887",
        parts="class",
        methods=f"Wilson, {_TRAINED}",
        interval="population",
        params=_RECIPE,
    ),
    Metric(
        name="cas_gap",
        title="Classification accuracy score, short of real images",
        version=1,
        fn=classification_score.cas_gap,
        reads=("real.features", "real.labels", "train.features", "train.labels", "fake.features", "fake.labels"),
        better="lower",
        range=(-1.0, 1.0),
        summary="By how much training on as many real images recognises more real images than training on samples.",
        paper="arXiv:1905.10887",
        target=0.0,
        methods=_TRAINED,
        interval="population",
        params=_RECIPE,
    ),
    Metric(
        name="gan_test",
        title="GAN-test",
        version=1,
        fn=classification_score.gan_test,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of samples that a classifier recognises which was trained on real images alone.",
        paper="arXiv:1807.09499",
        parts="class",
        methods=f"Wilson, {_TRAINED}",
        interval="population",
        params=_RECIPE,
    ),
    Metric(
        name="caption_accuracy",
        title="Caption accuracy",
        version=1,
        fn=captions.caption_accuracy,
        reads=("fake.features", "fake.captions"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of samples that show all that their caption says, as a judge reads it from the pixels.",
        paper="this project's; the questions are those of arXiv:2310.11513 (GenEval)",
        methods=_SHARE,
        parts=("object", "colour", "count", "size", "position", "relation", "seen", "novel"),
    ),
    Metric(
        name="caption_diversity",
        title="Diversity within captions",
        version=1,
        fn=captions.caption_diversity,
        reads=("fake.features", "fake.captions"),
        better=None,
        range=(0.0, float("inf")),
        summary="Mean distance of two samples of one caption.",
        paper="this project's; the mean over pairs is that of arXiv:1711.11586 within an input",
        methods=_MEAN,
    ),
)


def index(rows: tuple[Metric, ...]) -> Mapping[str, Metric]:
    by_name: dict[str, Metric] = {}
    for row in rows:
        if row.name in by_name:
            raise ValueError(f"two metrics are named {row.name!r}")
        by_name[row.name] = row
    return MappingProxyType(by_name)


METRICS = index(_ROWS)


def find_metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownName("metric", name, METRICS) from None
