"""Generators, and what others published of them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ..fields import Name, Strict, Weights
from ..kinds import BuiltIn, Exported, Source, TorchWeights
from ..metrics import METRICS
from .entry import Entry, Task

# Families whose images are decoded from a latent space that was learnt: how latents are drawn is part of the model.
AUTOENCODERS = ("vae", "autoencoder", "latent diffusion")


class Reported(Strict):
    """A value that others published: shown beside ours, never in a ranking, a result or what identifies a generator."""

    column: str = "fd:inception-v3-tf2015"  # the column of a track that it is comparable with
    value: float = Field(allow_inf_nan=False)  # as published
    decimals: int = Field(2, ge=0, le=9)  # that it was published with
    samples: int = Field(ge=2)  # how many they drew
    reference: str = Field(min_length=1)  # the real images they compared with
    source: str = Field(min_length=1)  # the paper and its table
    differs: str = ""  # in what this entry is measured otherwise, beside the number of samples

    @model_validator(mode="after")
    def _of_a_metric(self) -> Reported:
        metric = METRICS.get(self.column.partition(":")[0])
        if metric is None:
            raise ValueError(f"column = {self.column!r} is of no metric here; write METRIC:EXTRACTOR")
        if not metric.range[0] <= self.value <= metric.range[1]:
            raise ValueError(f"value = {self.value:g} is outside the range of {metric.name}")
        return self


class Generator(Entry):
    """A generator: its family, where it comes from, and what makes its samples its own."""

    kind: ClassVar[str] = "generators"
    noun: ClassVar[str] = "generator"
    version: int
    family: str
    task: Task = "unconditional"
    baseline: bool = False
    noise_floor: bool = False  # real images the metrics have not seen: what a perfect generator would score
    source: Source = Field(discriminator="kind")  # see `registry.kinds`
    tracks: tuple[Name, ...] | Literal["all"] = "all"
    trained_on: tuple[str, ...] = ()
    latents: str | None = None  # of an autoencoder: how the latents are drawn that it decodes
    # Samples computed at once; none: each stands alone, so any number gives the same bits.
    block: int | None = Field(None, ge=1)
    arguments: dict[str, int | float | str] = Field(default_factory=dict)
    training: dict[str, bool | int | float | str] = Field(default_factory=dict)  # settings of its training
    sampler: str | None = None  # how samples are drawn with the network, in words; its numbers are in `arguments`
    nfe: int | None = Field(None, ge=1)  # evaluations of the network for one sample; guidance makes two of a step
    reported: tuple[Reported, ...] = ()  # what others published of it
    origin: str
    licence: str
    paper: str | None = None

    @model_validator(mode="after")
    def _floor_is_a_baseline(self) -> Generator:
        if self.noise_floor and not self.baseline:
            raise ValueError("noise_floor = true needs baseline = true")
        return self

    @model_validator(mode="after")
    def _says_how_it_is_drawn(self) -> Generator:
        if self.family in AUTOENCODERS and self.latents is None and not isinstance(self.source, Exported):
            raise ValueError(f'family = {self.family!r} needs latents = "how the latents are drawn that it decodes"')
        if self.source.kind == "diffusers" and self.block is None:
            raise ValueError("a pipeline computes its samples in blocks: add block = 16, or what fits in memory")
        return self

    @model_validator(mode="after")
    def _goes_back_from_images(self) -> Generator:
        if self.task != "image" and self.way_back is not None:
            raise ValueError(f'task = "{self.task}", and only a generator that is asked from images has a way back')
        return self

    @property
    def way_back(self) -> Generator | None:
        """The generator that makes from its images those that they were asked from; none where it offers none."""
        back = self.source.way_back if isinstance(self.source, BuiltIn | TorchWeights) else None
        return None if back is None else self.model_copy(update={"source": back})

    @property
    def loader(self) -> str | None:
        """The function of this package that makes it, where there is one."""
        source = self.source
        if isinstance(source, TorchWeights):
            return source.architecture
        return source.loader if isinstance(source, BuiltIn) else None

    @property
    def weights(self) -> Weights | None:
        return self.source.weights if isinstance(self.source, TorchWeights) else None

    def identity(self) -> dict[str, Any]:
        """What makes two generators the same one: the samples must change when this does."""
        return {
            "name": self.name,
            "version": self.version,
            **self.source.identity(),
            "arguments": self.arguments,
        }
