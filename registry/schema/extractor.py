"""Feature spaces: a network, its weights, what is done to images before, and the layer that is read."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, Field, model_validator

from ..fields import Weights
from ..spaces import NetworkSource, Prepared, Texts, TimmNetwork, TransformersNetwork
from .entry import Entry, Precision, Shape


class Extractor(Entry):
    """A feature space: network, weights, preprocessing and layer. What differs in any of these has another name."""

    kind: ClassVar[str] = "extractors"
    noun: ClassVar[str] = "extractor"
    version: int
    loader: str | None = None  # of a network of this package: "digits_cnn:load", in `registry.extractors`
    preprocessing: Prepared  # a name from `registry.extractors.preprocessing.MODES`, or a table that describes it
    layer: str
    input: Shape | Literal["rgb", "any"]  # one shape; RGB images of any size; or any image
    dim: int | None = None  # none: as many as an image has values
    classes: int | None = None  # number of logits, where the network is also a classifier
    block: int  # images computed at once: a network's last bits depend on it, so it is part of the protocol
    # Of these, how many a core computes at once; none: all cores share the block. Older entries call it `lane`.
    sub_batch: int | None = Field(None, validation_alias=AliasChoices("sub_batch", "lane"))
    weights: Weights | None = None
    source: NetworkSource | None = Field(None, discriminator="kind")  # of a network from anywhere else
    texts: Texts | None = None  # of a space that images and texts share: what makes features of captions
    trained_on: tuple[str, ...] = ()  # "<data set>/<split>"
    licence: str
    paper: str | None = None

    @model_validator(mode="after")
    def _sub_batches_fill_the_block(self) -> Extractor:
        if self.sub_batch is not None and (self.sub_batch < 1 or self.block % self.sub_batch):
            raise ValueError(f"a block of {self.block} is not a multiple of the sub-batch of {self.sub_batch}")
        return self

    @model_validator(mode="after")
    def _one_network(self) -> Extractor:
        if (self.loader is None) == (self.source is None):
            raise ValueError("give exactly one network: loader, or [source]")
        if self.source is None:
            return self
        if self.dim is None:
            raise ValueError("add dim, the number of features, which is checked when the network is loaded")
        by_name = isinstance(self.source, (TimmNetwork, TransformersNetwork))
        if by_name and self.weights is None:
            raise ValueError("a model by its name needs [weights]: a file and its SHA-256")
        if self.source.kind in ("exported", "onnx") and self.weights is not None:
            raise ValueError("a program holds its weights: remove [weights]")
        revision = self._configuration.get("revision")
        if revision is not None and not re.fullmatch(r"[0-9a-f]{40}", revision):
            raise ValueError(f"without config, revision = {revision!r} must be a commit; branches and tags can move")
        return self

    @model_validator(mode="after")
    def _texts_have_weights(self) -> Extractor:
        if self.texts is not None and self.weights is None:
            raise ValueError("[texts] reads its half of [weights], which is missing")
        return self

    @property
    def _configuration(self) -> dict[str, str | None]:
        """Where a model's configuration lies, if that is the file beside its weights on the Hub; else empty."""
        there = isinstance(self.source, TransformersNetwork) and self.source.config is None
        found = self.weights.model_dump(include={"repo", "revision"}) if there and self.weights else {}
        return found if found.get("repo") else {}

    @property
    def file(self) -> Weights | None:
        """The file that its network needs, where there is one: weights, or a program."""
        return self.weights or getattr(self.source, "program", None)

    @property
    def runs_code(self) -> bool:
        """Whether loading it runs code of a user's own."""
        return self.source is not None and self.source.kind == "python"

    def identity(self, precision: Precision = "float32") -> dict[str, Any]:
        """What makes two feature spaces the same one."""
        images = self.preprocessing
        return {
            "name": self.name,
            "version": self.version,
            **(self.source.identity() if self.source else {}),
            **(self.weights.identity() if self.weights else {"weights": None}),
            **self._configuration,
            "preprocessing": images if isinstance(images, str) else images.identity(),
            "layer": self.layer,
            **({} if precision == "float32" else {"precision": precision}),
        }
