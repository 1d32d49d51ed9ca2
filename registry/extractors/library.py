"""Models of timm and of transformers by their names, with weights by digest: no code comes with them, nothing is
unpickled, and neither library downloads anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...core.errors import BadEntry, BadFeatures, BadWeights
from ...core.serialization import read_json
from ..catalog import file_of
from ..extras import need
from ..hub import HubFile
from ..schema import Extractor
from ..sources.damage import refusing
from ..spaces import TimmNetwork, TransformersNetwork
from ..training import Arrays
from ..weights import read_weights
from .fitting import fitted

CONFIG = "config.json"
# What `timm.create_model` would read or fetch besides the model, or take for something else than its settings.
_NOT_OF_TIMM = {"pretrained", "checkpoint_path", "cache_dir", "scriptable", "exportable", "no_jit", "features_only"}
# What a configuration says that has other code or other files fetched, or changes what the weights mean.
_NOT_OF_CONFIG = (
    "auto_map",
    "quantization_config",
    "attn_implementation",
    "experts_implementation",
    "use_pretrained_backbone",
    "use_timm_backbone",
    "backbone",
)


class TimmFeatures(nn.Module):
    """A model of timm, read before its classifier and after it."""

    def __init__(self, model: Any, classes: int | None) -> None:
        super().__init__()
        self.model, self.classes = model, classes

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        inside = self.model.forward_features(images)
        features = self.model.forward_head(inside, pre_logits=True)
        return {"features": features, **({"logits": self.model.forward_head(inside)} if self.classes else {})}


class TransformersFeatures(nn.Module):
    """A model of transformers, and which of what it returns is read."""

    def __init__(self, model: nn.Module, entry: Extractor, source: TransformersNetwork) -> None:
        super().__init__()
        self.model, self.entry, self.source = model, entry, source

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        found = self.model(pixel_values=images)
        wanted = {"features": self.source.output, **({"logits": self.source.logits} if self.entry.classes else {})}
        for what, name in wanted.items():
            if found.get(name) is None:
                field = "source.output" if what == "features" else "source.logits"
                hint = f"it gives: {', '.join(found)}"
                raise BadEntry(file_of(self.entry), field, f"{self.source.model} gives no {name!r}", hint)
        chosen = {what: found[name] for what, name in wanted.items()}
        return {**chosen, "features": _pooled(chosen["features"], self.entry, self.source)}


def _pooled(x: Tensor, entry: Extractor, source: TransformersNetwork) -> Tensor:
    """Features (n, d) of tokens (n, t, d) or maps (n, d, h, w)."""
    if source.pool == "mean" and x.ndim == 4:
        return x.mean((2, 3))
    if source.pool is not None and x.ndim == 3:
        return x.mean(1) if source.pool == "mean" else x[:, 0]
    if source.pool is None and x.ndim == 4 and x.shape[2:] == (1, 1):  # what some classes call pooled
        return x.flatten(1)
    if x.ndim == 2 and source.pool is None:
        return x
    pool = f"pool = {source.pool!r}" if source.pool else "no pool"
    raise BadFeatures(
        f"extractor {entry.name!r}: {source.output} has shape {tuple(x.shape)}, with {pool}",
        'pool = "first" or "mean" of tokens (n, tokens, d), "mean" of maps (n, d, h, w), none of vectors (n, d)',
    )


def open_timm(entry: Extractor) -> nn.Module:
    """The model that an entry names.

    Raises:
        BadEntry: an argument that is not one of the model's settings.
        BadWeights: no such model, or weights that do not fit it.
        GenboardError: timm is not installed, or the weights are not available.
    """
    source = entry.source
    assert isinstance(source, TimmNetwork)
    refused = [key for key in source.arguments if key in _NOT_OF_TIMM or key.startswith("pretrained")]
    if refused:
        hint = "weights stand in [weights] of the entry, with their SHA-256"
        raise BadEntry(file_of(entry), f"source.arguments.{refused[0]}", "not a setting of the model", hint)
    timm = need("timm", "timm")
    weights = _weights(entry, source.ignore)
    hint = 'python -c "import timm; print(timm.list_models())" lists its models'
    with refusing(BadWeights, f"extractor {entry.name!r}: timm cannot make {source.model!r}", hint):
        with torch.random.fork_rng(devices=[]):
            # Made with its buffers, some of which no file holds; so not without memory, as `empty` does.
            model = timm.create_model(source.model, pretrained=False, **source.arguments)
        network = TimmFeatures(fitted(model, weights), entry.classes)
    return network.eval()


def open_transformers(entry: Extractor) -> nn.Module:
    """The model that an entry names.

    Raises:
        BadEntry: no configuration, or one that would have code or files fetched.
        BadWeights: no such class, or weights that do not fit it.
        GenboardError: transformers is not installed, or a file is not available.
    """
    source = entry.source
    assert isinstance(source, TransformersNetwork)
    library = need("transformers", "networks")
    kind: Any = getattr(library, source.model, None)
    if not _is_model(kind, library):
        hint = "name a class such as Dinov2Model or CLIPVisionModelWithProjection; AutoModel is none"
        raise BadWeights(f"transformers {library.__version__} has no model {source.model!r}", hint)
    settings = _settings(entry, source)
    weights = {key: torch.tensor(value) for key, value in _weights(entry, source.ignore).items()}
    mend = "see the configuration of the class in the documentation of transformers"
    with _quietly(library), refusing(BadWeights, f"extractor {entry.name!r}: {source.model} cannot be made", mend):
        config = kind.config_class.from_dict(settings)
        # Rather than `fitted`: transformers knows under which names older releases published the same weights.
        # What does not fit is refused below.
        told = {"output_loading_info": True, "ignore_mismatched_sizes": True, "dtype": torch.float32}
        model, said = kind.from_pretrained(None, config=config, state_dict=weights, **told)
    for what in ("missing", "unexpected", "mismatched"):
        if said[f"{what}_keys"]:
            key = min(key if isinstance(key, str) else key[0] for key in said[f"{what}_keys"])
            raise BadWeights(
                f"extractor {entry.name!r}: the weights do not fit {source.model}: {key!r} is {what}",
                'name weights of this class; ignore = ["..."] leaves out what it has no use for',
            )
    model.requires_grad_(False)
    return TransformersFeatures(model, entry, source).eval()


def _is_model(kind: Any, library: Any) -> bool:
    """Whether it is a class with weights and a configuration; AutoModel and the base of all have none."""
    return (
        isinstance(kind, type)
        and issubclass(kind, library.PreTrainedModel)
        and getattr(kind, "config_class", None) is not None
    )


def _settings(entry: Extractor, source: TransformersNetwork) -> dict[str, Any]:
    """What the configuration of a model says, of the entry or of the repository that its weights are in."""
    weights = entry.weights
    assert weights is not None
    if source.config is not None:
        settings: Any = dict(source.config)
    elif weights.repo is not None:
        assert weights.revision is not None
        path = HubFile(weights.repo, weights.revision, CONFIG).fetch()
        settings = read_json(path)
        # Remarks of the library that saved it, such as where it lay.
        settings = {k: v for k, v in settings.items() if not k.startswith("_")} if isinstance(settings, dict) else {}
    else:
        hint = f"copy the sizes from the {CONFIG} of the model: config = {{ hidden_size = 384 }}"
        raise BadEntry(file_of(entry), "source.config", "missing, and its weights are no file of the Hub", hint)
    refused = [key for key in settings if key.startswith("_") or (key in _NOT_OF_CONFIG and settings[key])]
    if refused:
        hint = "only models whose code is in transformers, with plain weights, are read"
        raise BadEntry(file_of(entry), f"source.config.{refused[0]}", "is not read", hint)
    return dict(settings)


def _weights(entry: Extractor, ignore: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The weights of an entry but those that it has ignored.

    Raises:
        BadEntry: what is to be ignored is not there.
    """
    assert entry.weights is not None
    arrays: Arrays = read_weights(entry.weights)
    for start in ignore:
        if not any(key.startswith(start) for key in arrays):
            hint = f"the first is {min(arrays, default='')!r}"
            raise BadEntry(file_of(entry), "source.ignore", f"no weight's name begins with {start!r}", hint)
    return {key: np.asarray(array) for key, array in arrays.items() if not key.startswith(ignore or ("\0",))}


@contextmanager
def _quietly(library: Any) -> Iterator[None]:
    """transformers reports what it loads on stderr; what is wrong is raised here."""
    logging = library.utils.logging
    before: Mapping[str, Any] = {"level": logging.get_verbosity(), "bar": logging.is_progress_bar_enabled()}
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before["level"])
        if before["bar"]:
            logging.enable_progress_bar()
