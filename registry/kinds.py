"""The kinds of generator: where one comes from, a small table for each, whose `kind` decides its fields.

To add a kind: its table here, a module in `registry/generators/` that opens it, and its row in `OPENERS` there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from .fields import Repo, Sha256, Strict, Weights, WholeFile


class BuiltIn(Strict):
    """Code of this package that needs no weights."""

    kind: Literal["built-in"]
    loader: str  # "baselines:noise", in the package `registry.generators`
    back: str | None = None  # likewise: what makes from its images those that it was asked from

    def identity(self) -> dict[str, Any]:
        return {"weights": None}

    @property
    def way_back(self) -> BuiltIn | None:
        return BuiltIn(kind=self.kind, loader=self.back) if self.back else None


class TorchWeights(Strict):
    """Weights by address and SHA-256, for an architecture that is written here."""

    kind: Literal["torch-weights"]
    architecture: str  # "zoo.vae:load", in the package `registry.generators`
    weights: Weights
    back: Weights | None = None  # of the same architecture: make from its images those that it was asked from

    def identity(self) -> dict[str, Any]:
        return self.weights.identity()

    @property
    def way_back(self) -> TorchWeights | None:
        return TorchWeights(kind=self.kind, architecture=self.architecture, weights=self.back) if self.back else None


class _Program(Strict):
    """What is said of a program, latents (and labels) to images, in whatever format."""

    program: WholeFile
    latents: Literal["normal", "uniform"] = "normal"  # N(0, I), or uniform in [-1, 1)
    range: tuple[int, int]  # of the images that come out: [0, 1] or [-1, 1]

    @model_validator(mode="after")
    def _known_range(self) -> _Program:
        if self.range not in ((0, 1), (-1, 1)):
            raise ValueError(f"range = {list(self.range)}: programs give images in [0, 1] or in [-1, 1]")
        return self

    def identity(self) -> dict[str, Any]:
        return {"program": self.program.sha256, "latents": self.latents, "range": list(self.range)}


class Exported(_Program):
    """A program that `torch.export.save` wrote, a .pt2 file."""

    kind: Literal["exported"]


class Onnx(_Program):
    """An ONNX model, an .onnx file."""

    kind: Literal["onnx"]


# The classes of diffusers that an entry may name: all draw every sample from a generator of its own.
Pipeline = Literal[
    "ConsistencyModelPipeline",
    "DDIMPipeline",
    "DDPMPipeline",
    "DiTPipeline",
    "LDMPipeline",
    "ScoreSdeVePipeline",
]
RECORDED = "recorded"


def _stays(revision: str) -> str:
    if revision != RECORDED and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise ValueError(
            f"{revision!r} is not a commit, and branches and tags can move; write its 40 digits, or {RECORDED!r}"
        )
    return revision


Revision = Annotated[str, AfterValidator(_stays)]


class Diffusers(Strict):
    """A pipeline of the library diffusers: of a Hub repository at a pinned revision, or in a local folder."""

    kind: Literal["diffusers"]
    repo: Repo | None = None
    # A commit; or "recorded": that of the first download, which is kept in the data folder and written into results.
    revision: Revision | None = None
    pipeline: Pipeline | None = None  # the class that samples; none: the one that the repository names
    # Of the files that are read: "torch" where a repository has no others, read by `torch.load(weights_only=True)`.
    weights: Literal["safetensors", "torch"] = "safetensors"
    path: str | None = None  # relative to the user's data folder
    sha256: Sha256 | None = None  # over the files of that folder, see `docs/generators.md`; checked where it is given
    variant: str | None = None  # "fp16" where the repository has its weights under such names only
    prompt: str | None = None  # of text-to-image pipelines where a track has no captions; {label}: the class asked for

    @model_validator(mode="after")
    def _one_place(self) -> Diffusers:
        if bool(self.repo) == bool(self.path) or bool(self.repo) != bool(self.revision):
            raise ValueError("give exactly one source: repo with revision, or path")
        return self

    def identity(self) -> dict[str, Any]:
        # A folder's digest joins when it is read, and so does a revision that is recorded at the first download.
        place = {"repo": self.repo, "revision": self.revision} if self.repo else {}
        if self.revision == RECORDED:
            del place["revision"]
        chosen = {"pipeline": self.pipeline, "format": None if self.weights == "safetensors" else self.weights}
        said = {key: value for key, value in chosen.items() if value}  # what older entries did not say
        return {**place, **said, "variant": self.variant, "prompt": self.prompt}


class Samples(Strict):
    """Images that were drawn elsewhere: a folder, a zip, npz, npy or Parquet file."""

    kind: Literal["samples"]
    path: str | None = None  # relative to the user's data folder
    file: WholeFile | None = None  # or one file, by address and SHA-256
    table: str | None = None  # a CSV of labels and captions, relative to the data folder; else one beside the images
    columns: Mapping[Literal["image", "label", "caption"], str] = Field(default_factory=dict)  # of Parquet, of the CSV
    conversions: tuple[str, ...] = ()
    skip: bool = False  # leave out image files of formats that are not read, which are an error otherwise

    @model_validator(mode="after")
    def _one_place(self) -> Samples:
        if bool(self.path) == bool(self.file):
            raise ValueError("give exactly one source: path or file")
        return self

    def identity(self) -> dict[str, Any]:
        return {"conversions": list(self.conversions)}  # the images' own digest joins when they are read


class Python(Strict):
    """A function of seeds and labels, which runs only with permission."""

    kind: Literal["python"]
    function: str  # "package.module:function", or "file.py:function" relative to the user's data folder

    def identity(self) -> dict[str, Any]:
        return {"function": self.function.rpartition(":")[2]}  # the code's digest joins when it is read


Source: TypeAlias = BuiltIn | TorchWeights | Exported | Onnx | Diffusers | Samples | Python
