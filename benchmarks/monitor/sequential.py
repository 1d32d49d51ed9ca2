"""A test that may be looked at after every evaluation, for as long as training goes on.

Looked at again and again, intervals at 95% find a difference sooner or later where there is none. Look t gets the share
1 / (t (t + 1)) of the 5%: the shares of all looks, however many, sum up to one. So the chance that any interval of an
unlimited number of looks misses its target is below 5%, whether the looks are at one model or at many, and however
their errors hang together: each look may use the same seeds, and the checkpoints of one training do resemble each
other. A confidence sequence of a mean (Howard et al. 2021, arXiv:1810.08240) would be narrower at late looks, but holds
for one unchanging difference of two models to which independent samples are added, and that is not what training does.

What is assumed: that each single interval holds at its level, as those of the metrics do at 95% in simulation. At the
levels of late looks the tails of Student's distribution stand for what a simulation cannot tell.
"""

from __future__ import annotations

from ..uncertainty import LEVEL
from .estimates import Estimates
from .paired import Difference, compare


class SequentialTest:
    """Estimates after another, each compared with the same ones before; every column is a test of its own.

    Args:
        before: what all later ones are compared with, such as the first or the best checkpoint so far. Whoever takes
            another in its place begins another test.
        looks: how often it was looked at before.
    """

    def __init__(self, before: Estimates, level: float = LEVEL, looks: int = 0) -> None:
        self.before, self.level, self.looks = before, level, looks

    def look(self, after: Estimates) -> dict[str, Difference]:
        """The differences by column. Their intervals hold together with those of all looks; see `compare`."""
        found = compare(self.before, after, self.level, self.looks + 1)
        self.looks += 1
        return found
