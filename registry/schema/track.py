"""Tracks: what a leaderboard measures, on which images."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AliasChoices, Field, model_validator

from ..columns import column_key
from ..fields import Name, Sha256, Strict
from ..metrics import find_metric
from ..shares import shares_of
from .entry import Against, Entry, Task


class TrackMetric(Strict):
    """One column of a leaderboard."""

    metric: Name
    extractor: Name
    against: Against = "reference"
    params: dict[str, int | float | str] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """`metric:extractor`, with `:train` where it is measured against the training split, see `column_key`."""
        return column_key(self.metric, self.extractor, self.params, self.against)


class PrivateReference(Strict):
    """Real images that only maintainers have: how many, and the digest of their pixels in order."""

    count: int = Field(ge=2)
    digest: Sha256


class Track(Entry):
    """A leaderboard: data, splits, samples, metrics, at one version."""

    kind: ClassVar[str] = "tracks"
    noun: ClassVar[str] = "track"
    version: int
    dataset: Name
    task: Task
    train: Name  # what generators, and an extractor trained here, may see
    reference: Name  # what samples are measured against
    held_out: Name  # real images that stand in for a perfect generator
    private: PrivateReference | None = None  # what `genboard verify --private` compares with the reference
    reference_seen: str | None = None  # why generators may have seen the reference: train and reference are one split
    samples: int = Field(ge=2)
    # Training images among which copies are searched for; none: all of them. Older entries call it `train_bank`.
    train_features: int | None = Field(None, ge=2, validation_alias=AliasChoices("train_features", "train_bank"))
    seed: int = Field(ge=0, lt=2**63)
    metrics: tuple[TrackMetric, ...] = Field(min_length=1)
    primary: str  # key of the column that ranks
    conversions: dict[Name, tuple[str, ...]] = Field(default_factory=dict)  # of images, before an extractor sees them
    notes: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Track:
        keys = [m.key for m in self.metrics]
        if len(set(keys)) < len(keys):
            raise ValueError(f"a column is listed twice: {sorted(k for k in keys if keys.count(k) > 1)[0]}")
        if self.primary not in keys:
            raise ValueError(f"primary = {self.primary!r} is not one of its columns: {', '.join(keys)}")
        for column in self.metrics:
            unknown = sorted(set(column.params) - set(find_metric(column.metric).params))
            if unknown:
                raise ValueError(f"{column.key} has no parameter {unknown[0]!r}")
            target = column.params.get("target", "reference")
            if column.metric == "representation" and target not in ("reference", "uniform"):
                try:
                    shares_of(str(target))
                except ValueError as e:
                    raise ValueError(f"{column.key}: target = {target!r}: {e}") from e
        if next(find_metric(c.metric) for c in self.metrics if c.key == self.primary).better is None:
            raise ValueError(f"primary = {self.primary!r} has no direction, so it cannot rank")
        if self.held_out in {self.train, self.reference} or (self.train == self.reference) != bool(self.reference_seen):
            raise ValueError(
                "train, reference and held_out must be three different splits, unless reference_seen says why"
            )
        stray = sorted(set(self.conversions) - set(self.extractors))
        if stray:
            raise ValueError(f"conversions for {stray[0]!r}, which is not one of its extractors")
        return self

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def space(self) -> str:
        """The feature space of the column that ranks."""
        return next(column.extractor for column in self.metrics if column.key == self.primary)

    def split(self, against: Against) -> str:
        return self.reference if against == "reference" else self.train

    @property
    def reference_spaces(self) -> tuple[str, ...]:
        """The feature spaces in which a column looks at real images, beside those that belong to single samples."""
        own = ("fake.", "pair.", "caption.", "shape")
        real = {c.extractor for c in self.metrics if not all(r.startswith(own) for r in find_metric(c.metric).reads)}
        return tuple(name for name in self.extractors if name in real or name == self.space)

    @property
    def extractors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.extractor for m in self.metrics))
