"""`genboard.Monitor`: images of a training loop in, the estimates of `genboard evaluate` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor

from ...core.errors import BadSamples, ReferenceMismatch
from ...core.serialization import canonical_json
from ...reference_stats.features import Measured
from ...registry.generators.draws import Draw, draws
from .estimates import Estimates
from .measurement import Given, open_measurement
from .pooled import pooled, refuse_other_settings
from .ranks import rank_and_ranks, told_by_first
from .samples import Indices, Samples
from .shares import share
from .tensors import Range, expect_range, images_of_tensor


class Monitor:
    """The metrics of a track, or of a reference, on the images of a training loop; one pass of an extractor for all.

    On the same samples it gives the values and intervals of `genboard.evaluate`. In a `torch.distributed` group every
    rank has one: `compute` is called on all of them and gives all of them the same, that of all ranks' samples.

    Args:
        track_or_reference: a track or its name. Or, with `extractor`, real images or statistics of such: a folder, an
            array, a file, or a name from `genboard reference list`.
        metrics: columns such as `fd:digits-cnn`, or metrics; all that can be computed by default.
        extractor: the feature space; of a track those of its columns by default.
        device: where extractors run.
        value_range: of float images. A value outside it is an error.
        seed: of the samples that `draws` asks for; the track's by default.

    Raises:
        UnknownName: no such track, reference, metric, column or extractor.
        BadImages, BadFeatures, ReferenceMismatch: the reference cannot be used.
    """

    def __init__(
        self,
        track_or_reference: Given,
        metrics: Sequence[str] | None = None,
        extractor: str | None = None,
        device: str = "cpu",
        value_range: Range = (0.0, 1.0),
        seed: int | None = None,
    ) -> None:
        self._range = expect_range(value_range)
        self._what = open_measurement(track_or_reference, metrics, extractor, device, seed)
        self._settings = {**self._what.settings, "value_range": list(self._range)}
        self.reset()

    def __len__(self) -> int:
        """How many samples this rank has taken in."""
        return self._samples.count

    def reset(self) -> None:
        """Forget all samples."""
        self._samples = Samples(self._what.spaces, self._what.conversions, self._what.shape)

    def update(self, images: Tensor, indices: Indices = None) -> None:
        """Take in samples.

        Args:
            images: uint8, or floats in the declared range, on any device, shape (n, 1 or 3, height, width).
            indices: which samples they are, from 0 on; without, those that come next. On several ranks they are needed
                for the values not to depend, by the network's last bits, on the number of ranks.

        Raises:
            BadImages: images of another type, shape or range.
            BadSamples: an index that was there before, indices only with some of the images, or none where a track
                asks for something.
        """
        if indices is None and self._what.asks:
            raise BadSamples(
                f"track {self._what.name} asks for something of each sample, but nobody said which these are",
                "monitor.update(images, indices): sample i answers what draw i of monitor.draws() asks for",
            )
        self._samples.add(images_of_tensor(images, self._range, "samples"), indices)

    def compute(self) -> Estimates:
        """The estimates of all samples so far, of all ranks. More may come after.

        A metric that these samples do not suffice for is null, and says why.

        Raises:
            BadSamples: no samples; a sample that is missing or came twice.
            ReferenceMismatch: ranks with other settings.
        """
        measured = pooled(self._samples, self._settings)
        return told_by_first(lambda: self._estimates(measured))

    def draws(self, n: int | None = None, batch: int = 64) -> Iterator[list[Draw]]:
        """What the samples 0..n are to be made from, a batch at a time: on several ranks, this rank's share of them.

        Sample i has the same randomness at every call, so that successive checkpoints are paired.

        Args:
            n: as many as the track asks for by default.

        Raises:
            BadSamples: no number of samples, or more than a track can ask something of.
        """
        n = self._what.samples if n is None else n
        if n is None or n < 1:
            raise BadSamples(f"{n} samples of {self._what.name}", "say how many: n=10_000")
        asked = self._what.asked(n)
        start, stop = share(n, *rank_and_ranks(), max(s.entry.block for s in self._what.spaces.values()))
        for first in range(start, stop, batch):
            last = min(first + batch, stop)
            yield draws(self._what.seed, first, last, asked.labels, asked.captions, asked.conditions)

    def measure(self, sample: Callable[[list[Draw]], Tensor], n: int | None = None, batch: int = 64) -> Estimates:
        """The estimates of n samples of a generator, and of no others; on several ranks, each draws its share.

        Args:
            sample: gives the images of such draws, see `draws` and `noise`.
        """
        self.reset()
        for some in self.draws(n, batch):
            self.update(sample(some), [draw.index for draw in some])
        return self.compute()

    def merge(self, other: Monitor) -> None:
        """Take in the samples of another monitor; without indices they come after one's own.

        Raises:
            ReferenceMismatch: the other one measures something else.
            BadSamples: a sample that both have, or only one has indices.
        """
        refuse_other_settings(other._settings, self._settings, "the other monitor", "this one")
        self._samples.merge(other._samples)

    def state_dict(self) -> dict[str, Any]:
        """All samples so far, as `torch.save` takes them and `torch.load(weights_only=True)` gives them back."""
        return {"settings": self._told, **self._samples.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what `state_dict` gave, in place of all samples so far.

        Raises:
            ReferenceMismatch: it is of a monitor that measures something else.
        """
        if state["settings"] != self._told:
            raise ReferenceMismatch(
                "the state is of a monitor that measures something else", "make the monitor as it was made then"
            )
        self.reset()
        self._samples.restore(state)

    @property
    def _told(self) -> str:
        return canonical_json(self._settings).decode()

    def _estimates(self, measured: dict[str, Measured]) -> Estimates:
        found = self._what.score(measured)
        return Estimates(
            next(len(some.features) for some in measured.values()),
            {one.record.key: one.record for one in found},
            {one.record.key: one.influence for one in found if one.influence is not None},
            self._settings,
        )
