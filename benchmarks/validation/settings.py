"""In which settings the intervals are simulated, and which metrics are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from .distributions import FAMILIES, Distribution, pooled

# Metrics that the simulation leaves out, and why.
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("reference_nn_ratio", "reference_fd_ratio"),
            "its interval is over random divisions of the real images, which are counted as false alarms instead",
        ),
        **dict.fromkeys(("ssim", "nearest_ssim"), "it is of images; a test draws them"),
        **dict.fromkeys(("content_distance", "style_distance"), "`lpips` in another feature space"),
        **dict.fromkeys(("nearest_content_distance", "nearest_style_distance"), "`nearest_lpips` in another space"),
        "clip_score_2_5": "`clip_score` times 0.025",
        **dict.fromkeys(
            (
                "representation",
                "group_kept",
                "demographic_parity_gap",
                "equal_opportunity_gap",
                "equalized_odds_gap",
                "accuracy_gap",
            ),
            "it is of groups; a test draws them",
        ),
        **dict.fromkeys(
            (
                "fd_group_gap",
                "kid_group_gap",
                "precision_group_gap",
                "recall_group_gap",
                "density_group_gap",
                "coverage_group_gap",
            ),
            "it is of groups, and made of errors of the metric that it is the gap of",
        ),
        **dict.fromkeys(
            (
                "intra_fd",
                "intra_kid",
                "conditional_accuracy",
                "conditional_accuracy_corrected",
                "cas",
                "cas_gap",
                "gan_test",
            ),
            "it needs classes: simulated with classes in tests/test_class_intervals.py",
        ),
        **dict.fromkeys(
            ("caption_accuracy", "caption_diversity"),
            "it reads captions, which these samples have not; its intervals are simulated in tests/test_captions.py",
        ),
    }
)


@dataclass(frozen=True)
class Setting:
    """Real features of a family against samples of it that are shifted and scaled.

    Attributes:
        d: features.
        n: samples, and as many real and training images.
        family: one of `FAMILIES`.
        seed: of everything drawn in this setting.
        pool: how many different samples there are, drawn with replacement; none for no end of them.
    """

    d: int
    n: int
    family: str
    seed: int
    shift: float = 0.0
    scale: float = 1.0
    pool: int | None = None

    @property
    def near(self) -> bool:
        return (self.shift, self.scale) == (0.0, 1.0)

    @property
    def size(self) -> str:
        return f"{self.d}/{self.n}"

    @property
    def kind(self) -> str:
        """What distinguishes it among those of its size."""
        repeats = f", pool of {self.pool}" if self.pool else ""
        return f"{self.family}{repeats}, {'near' if self.near else 'far'}"

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.size}"

    def world(self) -> World:
        """The distributions and the fixed real and training features, the same at every call."""
        source = torch.Generator().manual_seed(self.seed)
        state = source.get_state()
        make = FAMILIES[self.family]
        real = make(self.d, 0.0, 1.0, source)
        # The same centres and loadings for the samples.
        fake = make(self.d, self.shift, self.scale, torch.Generator().set_state(state))
        fake = pooled(fake, self.pool, source) if self.pool else fake
        return World(real, fake, real.draw(self.n, source), real.draw(self.n, source))

    def generator(self, part: int, pairs: bool = False) -> torch.Generator:
        """What the draws of one part of the simulation come from; parts may be worked on in any order.

        Args:
            pairs: of what belongs to the samples, which so moves no draw of the samples themselves.
        """
        return torch.Generator().manual_seed((self.seed << 32) + (pairs << 31) + part + 1)


@dataclass(frozen=True)
class World:
    """What a setting draws from, and its reference.

    Attributes:
        source: what real features are drawn from.
        samples: what samples are drawn from.
        real: features of the reference, shape (n, d).
        train: of the training images, shape (n, d).
    """

    source: Distribution
    samples: Distribution
    real: Tensor
    train: Tensor


def _both(d: int, n: int, family: str, seed: int, pool: int | None = None) -> tuple[Setting, Setting]:
    return Setting(d, n, family, seed, pool=pool), Setting(d, n, family, seed + 1, 0.3, 0.9, pool)


# A new setting takes a new seed, so that those of the others stay.
SETTINGS = (
    *_both(4, 200, "skewed", 10),
    *_both(16, 300, "Gaussian", 20),
    *_both(16, 300, "skewed", 22),
    *_both(16, 300, "t5", 24),
    *_both(16, 300, "rectified", 26),
    *_both(16, 300, "clusters", 28),
    *_both(16, 300, "low rank", 30),
    *_both(16, 300, "Gaussian", 32, pool=150),
    *_both(64, 400, "t5", 40),
    *_both(64, 400, "rectified", 42),
    *_both(64, 400, "clusters", 44),
    Setting(64, 1000, "Gaussian", 60),
    Setting(64, 1000, "clusters", 61, 0.3, 0.9),
)
# Also with the reference redrawn.
REDRAWN = tuple(s for s in SETTINGS if s.size == "16/300" and s.family in ("Gaussian", "clusters") and not s.pool)
