"""Where the network of a feature space comes from, and what is done to images before it sees them.

To add a kind of network: its table here, and its row in `OPENERS` of `registry.extractors.opening`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from .fields import HubPath, Sha256, Strict, WholeFile
from .user_code import code_digest

# Of `registry.extractors.preprocessing`, which says what each one is.
Filter = Literal[
    "bilinear",
    "bilinear-antialias",
    "bicubic-antialias",
    "tf1-bilinear",
    "pillow-box",
    "pillow-bilinear",
    "pillow-bicubic",
    "pillow-lanczos",
]
Setting: TypeAlias = bool | int | float | str | list[int] | list[float] | list[str]
LARGEST = 4096  # pixels on a side


class Resize(Strict):
    """A resize, before anything else is done."""

    filter: Filter  # see `docs/extractors.md`
    size: int = Field(ge=1, le=LARGEST)  # in pixels
    side: Literal["both", "shorter"] = "both"  # to a square, or the shorter side with the proportions kept


class Preprocessing(Strict):
    """What is done to images before a network sees them, in the order of the fields; nothing more."""

    resize: Resize | None = None  # none: images stay as large as they are
    crop: int | None = Field(None, ge=1, le=LARGEST)  # to a square of so many pixels, in the middle
    range: tuple[float, float] = (0.0, 1.0)  # what the grey levels 0 and 255 become
    mean: tuple[float, ...] = ()  # then subtracted, one for all channels or one for each
    std: tuple[float, ...] = ()  # then divided by, likewise

    @model_validator(mode="after")
    def _sensible(self) -> Preprocessing:
        if self.range[0] >= self.range[1]:
            raise ValueError(f"range = {list(self.range)}: the first number is not below the second")
        if len(self.mean) != len(self.std) or len(self.mean) not in (0, 1, 3):
            given = f"mean has {len(self.mean)} numbers, std {len(self.std)}"
            raise ValueError(f"{given}: give both, of one number or of three, or neither")
        if any(s <= 0 for s in self.std):
            raise ValueError(f"std = {list(self.std)}: standard deviations are above 0")
        if self.resize and self.crop and self.crop > self.resize.size:
            raise ValueError(f"crop = {self.crop} is larger than the resize to {self.resize.size}")
        return self

    def identity(self) -> dict[str, Any]:
        """What decides what a network sees; defaults are left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def __str__(self) -> str:
        resize = self.resize
        side = " (shorter side)" if resize and resize.side == "shorter" else ""
        steps = [f"{resize.filter} resize to {resize.size}{side}"] if resize else []
        steps += [f"centre crop to {self.crop}"] if self.crop else []
        steps.append(f"range [{self.range[0]:g}, {self.range[1]:g}]")
        steps += [f"mean {_listed(self.mean)}, std {_listed(self.std)}"] if self.mean else []
        return ", ".join(steps)


def _form(value: Any) -> str:
    return "name" if isinstance(value, str) else "table"


# Distinguished before either is read, so that an error is of the one that is meant.
Prepared: TypeAlias = Annotated[
    Annotated[str, Tag("name")] | Annotated[Preprocessing, Tag("table")], Discriminator(_form)
]


def _listed(values: tuple[float, ...]) -> str:
    return "/".join(f"{value:g}" for value in values)


class UserNetwork(Strict):
    """A function of the user's own that gives the network, run with leave only."""

    kind: Literal["python"]
    function: str = Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")  # "file.py:function", relative to the user's data folder
    sha256: Sha256 | None = None  # of the file; without it whatever stands there is run, and results say what that was

    def identity(self) -> dict[str, Any]:
        return {"function": self.function.rpartition(":")[2], "code": self.sha256 or code_digest(self.function)}


class _Program(Strict):
    """What is said of a program, images to features (and logits), in whatever format."""

    program: WholeFile
    features: str = "features"  # which of its outputs: a key of the dictionary that it returns, the name in ONNX
    logits: str = "logits"  # likewise; read where the entry has `classes`

    def identity(self) -> dict[str, Any]:
        return {"program": self.program.sha256, "features": self.features, "logits": self.logits}


class ExportedNetwork(_Program):
    """A program that `torch.export.save` wrote, a .pt2 file."""

    kind: Literal["exported"]


class OnnxNetwork(_Program):
    """An ONNX model, an .onnx file."""

    kind: Literal["onnx"]


class TimmNetwork(Strict):
    """A model of timm by its name, with the weights of the entry."""

    kind: Literal["timm"]
    model: str = Field(pattern=r"^[a-z0-9_]+$")  # such as "resnet18"; without a tag, which names weights
    arguments: dict[str, Setting] = Field(default_factory=dict)  # of `timm.create_model`, such as `img_size`
    ignore: tuple[str, ...] = ()  # weights that the model has no use for, by the beginnings of their names

    def identity(self) -> dict[str, Any]:
        return {"timm": self.model, "arguments": self.arguments}


class TransformersNetwork(Strict):
    """A model of transformers by its class, with the weights of the entry."""

    kind: Literal["transformers"]
    model: str = Field(pattern=r"^[A-Z]\w*$")  # the class, such as "Dinov2Model"
    config: dict[str, Setting] | None = None  # of the class; without, `config.json` beside the weights on the Hub
    ignore: tuple[str, ...] = ()  # weights that the class has no use for, by the beginnings of their names
    output: str = "pooler_output"  # which of what the model returns is the features
    logits: str = "logits"  # likewise; read where the entry has `classes`
    # What becomes of tokens or maps: the first token, or the mean over all; none: the output is a vector already.
    pool: Literal["first", "mean"] | None = None

    def identity(self) -> dict[str, Any]:
        return {"transformers": self.model, **self.model_dump(include={"config", "output", "logits", "pool"})}


class Texts(Strict):
    """The text half of a space that images and texts share, of the same weights."""

    loader: str  # "transformer:clip_texts", in `registry.extractors`
    tokenizer: HubPath = "tokenizer.json"  # as the library tokenizers writes it: a file beside the weights


NetworkSource: TypeAlias = UserNetwork | ExportedNetwork | OnnxNetwork | TimmNetwork | TransformersNetwork
