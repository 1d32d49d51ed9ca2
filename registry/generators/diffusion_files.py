"""The files of a diffusers pipeline: which commit of a repository, what is downloaded of it, what its index says.

A repository has a folder for each component, as `save_pretrained` writes them, or all files of the one network and of
its scheduler side by side at the top, as the first versions of diffusers wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...core.errors import BadWeights
from ...core.files import home
from ...core.serialization import read_json, write_json
from ..extras import need
from ..hub import HubFile
from ..kinds import RECORDED, Diffusers
from ..sources.damage import files_below

INDEX = "model_index.json"
LEFT_OUT = ("safety_checker", "feature_extractor")  # the second serves the first alone
_TEXTS = (".json", ".txt", ".model")
_WEIGHTS = {"safetensors": ".safetensors", "torch": ".bin"}


def read_endings(source: Diffusers) -> tuple[str, ...]:
    """The endings of the files that are read."""
    return (*_TEXTS, _WEIGHTS[source.weights])


def pinned(source: Diffusers) -> Diffusers:
    """The source at a commit; one that is "recorded" is that of the first download, kept in the data folder.

    Raises:
        BadWeights: the record is damaged.
        GenboardError: there is none yet, and the repository is not available.
    """
    if source.revision != RECORDED:
        return source
    assert source.repo
    path = home() / "revisions" / f"{source.repo.replace('/', '--')}.json"
    if not path.is_file():
        # In the cache of the Hub, the folder of a snapshot has the name of its commit.
        write_json(path, {"repo": source.repo, "revision": HubFile(source.repo, "main", INDEX).fetch().parent.name})
    found = read_json(path)
    commit = found.get("revision") if isinstance(found, dict) and found.get("repo") == source.repo else None
    if not isinstance(commit, str) or not re.fullmatch("[0-9a-f]{40}", commit):
        raise BadWeights(f"{path}: not the record of a revision of {source.repo}", "delete it, and it is recorded anew")
    return source.model_copy(update={"revision": commit})


def index_of(folder: Path) -> dict[str, Any]:
    """The pipeline's own list of its components, all of them of diffusers or transformers.

    Raises:
        BadWeights: no such list, or a class that is somewhere else.
    """
    if not (folder / INDEX).is_file():
        raise BadWeights(f"{folder} has no {INDEX}", "save the pipeline there with pipeline.save_pretrained(folder)")
    index: dict[str, Any] = read_json(folder / INDEX)
    # One at the top is of its authors, and never run; one beside a component is code that the component would need.
    scripts = sorted(name for name in files_below(folder, BadWeights) if name.endswith(".py") and "/" in name)
    name = index.get("_class_name") if isinstance(index, dict) else None
    if scripts or not isinstance(name, str):
        raise BadWeights(
            f"{folder}: a custom pipeline with its own code{': ' + scripts[0] if scripts else ''}",
            'only pipelines of diffusers itself are supported; a kind = "python" entry can run others',
        )
    diffusers, pipelines = need("diffusers", "diffusers"), need("diffusers.pipelines", "diffusers")
    homes = {"diffusers": diffusers, "transformers": need("transformers", "diffusers")}
    found = getattr(diffusers, name, None)
    if not isinstance(found, type) or not issubclass(found, diffusers.DiffusionPipeline):
        raise BadWeights(f"{folder}: diffusers {diffusers.__version__} has no pipeline {name!r}", "update diffusers")
    for component, (library, kind) in components(index).items():
        home = homes.get(library) or getattr(pipelines, library, None)
        if getattr(home, kind, None) is None:
            raise BadWeights(
                f"{folder}: {component} is {library}.{kind}, which neither diffusers nor transformers has",
                "components with their own code are not supported",
            )
    return index


def components(index: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The library and the class of every component that is loaded."""
    pairs = {name: said for name, said in index.items() if isinstance(said, list) and len(said) == 2}
    texts = {name: tuple(said) for name, said in pairs.items() if all(isinstance(s, str) for s in said)}
    return {name: said for name, said in texts.items() if name not in LEFT_OUT}


def downloaded(source: Diffusers) -> Path:
    """The folder of a repository's snapshot, with all that is read of it.

    Raises:
        BadWeights: a file that is missing, or too large.
        GenboardError: the repository is not available.
    """
    assert source.repo
    assert source.revision
    hub = need("huggingface_hub", "diffusers")
    folder = HubFile(source.repo, source.revision, INDEX).fetch().parent
    parts = list(components(index_of(folder)))
    wanted = [f"{part}/*{ending}" for part in parts for ending in read_endings(source)]
    # At the top, no more than the one network and the scheduler: a repository keeps other things there too.
    wanted += ["config.json", "scheduler_config.json", f"diffusion_pytorch_model{_WEIGHTS[source.weights]}"]
    other = [] if source.variant else ["*.fp16.*", "*.bf16.*", "*.non_ema.*"]
    first = HubFile(source.repo, source.revision, f"{parts[0]}/" if parts else INDEX)
    with first.refusing():
        asked = {"revision": source.revision, "allow_patterns": wanted, "ignore_patterns": other}
        with suppress(need("huggingface_hub.errors", "diffusers").DryRunError):  # without a network nothing is sent
            for file in hub.snapshot_download(source.repo, **asked, dry_run=True):
                first.refuse_large(file)
        hub.snapshot_download(source.repo, **asked)
    for part in parts:
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        if not any((folder / part).glob("*.json")) and not (folder / name).is_file():
            problem = f"{part}/{name} is not in the cache, and the network is unavailable"
            raise BadWeights(
                f"{source.repo} at {source.revision[:12]}: {problem}",
                f"run it once with a network: see https://huggingface.co/{source.repo}",
            )
    return folder
