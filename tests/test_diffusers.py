"""Pipelines of diffusers, tiny ones that `save_pretrained` wrote, through the real loader."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find
from genboard.registry.generators import LiveGenerator, load_generator
from genboard.registry.generators.draws import Draw, draws
from genboard.registry.schema import Generator, Track
from refusals import Run, hint, refused
from sets import COMMIT, hub_server, serves
from tiny_models import entry, pipelines

from genboard.core.errors import BadSamples
from genboard.core.serialization import canonical_json

EVALUATE = "evaluate mine --track digits".split()
TASKS = {"ddpm": "unconditional", "ddim": "unconditional", "class": "class", "text": "text"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pipelines(tmp_path_factory.mktemp("pipelines"))


def said(path: Path, kind: str = "ddpm", more: str = "", steps: int = 3) -> dict[str, str]:
    """An entry of one of the four pipelines: its source, and what stands above it."""
    guided = {"class": ", guidance = 1.0", "text": ", guidance = 2.0"}.get(kind, "")
    head = f'task = "{TASKS[kind]}"\nblock = 4\narguments = {{ steps = {steps}{guided} }}'
    return {"source": f'kind = "diffusers"\npath = "{path.as_posix()}"\n{more}', "more": head}


def live(home: Path, path: Path, kind: str = "ddpm", more: str = "") -> LiveGenerator:
    entry(home, **said(path, kind, more))
    return load_generator(find(Generator, "mine"), find(Track, "digits"))


@pytest.mark.parametrize("kind", TASKS)
def test_a_sample_depends_on_its_own_draw_alone(own_home: Path, folder: Path, kind: str) -> None:
    generator = live(own_home, folder / kind, kind, 'prompt = "a digit"' if kind == "text" else "")
    assert generator.block == 4
    together = generator.sample(draws(7, 0, 4))
    assert together.shape == (4, 8, 8, 1)
    assert together.std(axis=0).max() > 1e-4
    for i, ticket in enumerate(draws(7, 0, 4)):
        np.testing.assert_allclose(generator.sample([ticket])[0], together[i], atol=1e-5)


def test_draws_are_what_the_pipeline_gives_with_the_same_generators(own_home: Path, folder: Path) -> None:
    import diffusers

    ours = live(own_home, folder / "ddpm").sample(draws(7, 0, 2))
    pipeline = diffusers.DDPMPipeline.from_pretrained(folder / "ddpm")
    seeds = [torch.Generator().manual_seed(ticket.sample_seed) for ticket in draws(7, 0, 2)]
    theirs = pipeline(batch_size=2, generator=seeds, num_inference_steps=3, output_type="np").images
    np.testing.assert_array_equal(ours, theirs)


def test_a_class_that_is_asked_for_changes_the_image(own_home: Path, folder: Path) -> None:
    generator = live(own_home, folder / "class", "class")
    one, other = (generator.sample([Draw(7, 0, label)]) for label in (1, 2))
    assert np.abs(one - other).max() > 1e-4


@pytest.mark.skipif(sys.platform != "linux", reason="pipes are those of Unix")
def test_a_pipe_in_the_folder_is_not_opened(run: Run, own_home: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "ddpm", tmp_path / "p")
    os.mkfifo(tmp_path / "p" / "unet" / "more.safetensors")
    entry(own_home, **said(tmp_path / "p"))
    assert "unet/more.safetensors: cannot be read: it is a named pipe" in refused(run, *EVALUATE)


def test_weights_behind_a_link_are_part_of_what_a_pipeline_is(own_home: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "ddpm", tmp_path / "p")
    before = live(own_home, tmp_path / "p").identity
    shutil.move(tmp_path / "p" / "unet", tmp_path / "unet")
    (tmp_path / "p" / "unet").symlink_to(tmp_path / "unet")
    linked = load_generator(find(Generator, "mine"), find(Track, "digits"))
    assert linked.identity == before
    config = tmp_path / "unet" / "config.json"
    config.write_text(config.read_text() + "\n")
    changed = load_generator(find(Generator, "mine"), find(Track, "digits"))
    assert changed.identity != before


def test_a_caption_comes_before_the_prompt_of_the_entry(own_home: Path, folder: Path) -> None:
    generator = live(own_home, folder / "text", "text", 'prompt = "the digit {label}"')
    told = generator.sample([Draw(7, 0, 3), Draw(7, 0, caption="the digit 3"), Draw(7, 0, caption="noise")])
    # Three in a batch: the last bits may differ, the prompts of the first two do not.
    np.testing.assert_allclose(told[0], told[1], atol=1e-5)
    assert np.abs(told[0] - told[2]).max() > 1e-4


def test_captions_that_nobody_gives_are_missed(own_home: Path, folder: Path) -> None:
    with pytest.raises(BadSamples, match="makes images from captions, but track 'digits' has none"):
        live(own_home, folder / "text", "text").sample(draws(7, 0, 1))


def test_a_pipeline_is_evaluated(run: Run, own_home: Path, folder: Path) -> None:
    shutil.copytree(folder / "ddpm", own_home / "models" / "ddpm")
    entry(own_home, **said(Path("models/ddpm")))
    code, out, err = run(*EVALUATE, "--samples", 12, "--json")
    assert code == 0, err
    specification = json.loads(out)["specification"]
    assert specification["sampling"]["block"] == 4
    assert len(specification["generator"].pop("files")) == 64
    assert specification["generator"] == {
        "name": "mine",
        "version": 1,
        "variant": None,
        "prompt": None,
        "arguments": {"steps": 3},
    }


def hub_source(revision: str = COMMIT) -> str:
    return f'kind = "diffusers"\nrepo = "someone/ddpm"\nrevision = "{revision}"'


def test_a_repository_is_read_from_the_cache(
    own_home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    local = live(own_home, folder / "ddpm").sample(draws(7, 0, 4))
    snapshot = tmp_path / "models--someone--ddpm" / "snapshots" / COMMIT
    shutil.copytree(folder / "ddpm", snapshot)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    mine = find(Generator, "mine")
    source = mine.source.model_copy(update={"repo": "someone/ddpm", "revision": COMMIT, "path": None})
    found = load_generator(mine.model_copy(update={"source": source}), find(Track, "digits"))
    assert found.identity["revision"] == COMMIT
    np.testing.assert_array_equal(found.sample(draws(7, 0, 4)), local)


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("model_index.json", "someone/ddpm at 0123456789ab: model_index.json: it is not in the cache"),
        ("unet/config.json", "someone/ddpm at 0123456789ab: unet/config.json"),
        ("unet/diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors"),
    ],
)
def test_a_file_that_is_in_no_cache_is_named(
    run: Run, own_home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str, named: str
) -> None:
    from huggingface_hub import constants

    snapshot = tmp_path / "models--someone--ddpm" / "snapshots" / COMMIT
    shutil.copytree(folder / "ddpm", snapshot)
    (snapshot / gone).unlink()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    entry(own_home, hub_source(), more="block = 4")
    assert named in refused(run, *EVALUATE)


def test_a_repository_that_is_not_there_is_named(
    run: Run, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(own_home, hub_source(), more="block = 4")
    with hub_server(monkeypatch, tmp_path, serves({})):
        assert "someone/ddpm at 0123456789ab: model_index.json: no such file" in refused(run, *EVALUATE)


def index(path: Path, **changes: Any) -> None:
    old = json.loads((path / "model_index.json").read_text())
    (path / "model_index.json").write_bytes(canonical_json({**old, **changes}))


def pickled(path: Path) -> None:
    from safetensors.torch import load_file

    weights = path / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda p: index(p, _class_name=["pipeline", "Own"]), "a custom pipeline"),
        (lambda p: (p / "unet" / "mine.py").write_text("raise SystemExit"), "a custom pipeline with its own code"),
        (lambda p: index(p, _class_name="OwnPipeline"), "has no pipeline 'OwnPipeline'"),
        (lambda p: index(p, _class_name="__doc__"), "has no pipeline '__doc__'"),
        (lambda p: index(p, unet=["mine", "Own"]), "unet is mine.Own"),
        (lambda p: index(p, unet=["os", "system"]), "unet is os.system"),
        (lambda p: (p / "model_index.json").unlink(), "has no model_index.json"),
        (lambda p: (p / "model_index.json").write_text("[]"), "a custom pipeline"),
        (pickled, "diffusion_pytorch_model.safetensors"),
        (lambda p: (p / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"x" * 99), "cannot be loaded"),
        (lambda p: (p / "model_index.json").write_text("[" * 100_000), "not valid JSON"),
        (lambda p: (p / "model_index.json").write_text('{"a": ' + "9" * 10_000 + "}"), "not valid JSON"),
        (lambda p: (p / "unet" / "config.json").write_text("[" * 100_000), "cannot be loaded"),
        (lambda p: (p / "unet" / "config.json").write_text('{"a": ' + "9" * 10_000 + "}"), "cannot be loaded"),
        (lambda p: (p / "unet" / "config.json").write_bytes(b"\xff\xfe"), "cannot be loaded"),
        (lambda p: (p / "unet" / "again").symlink_to(p), "the same folder as"),
        (lambda p: (p / "unet" / "loop.json").symlink_to("loop.json"), "cannot be read"),
    ],
)
def test_what_is_no_plain_pipeline_is_refused(
    run: Run, own_home: Path, folder: Path, tmp_path: Path, spoil: Any, why: str
) -> None:
    shutil.copytree(folder / "ddpm", tmp_path / "p")
    spoil(tmp_path / "p")
    entry(own_home, **said(tmp_path / "p"))
    fact = refused(run, *EVALUATE)
    assert str(tmp_path / "p") in fact
    assert why in fact


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("block = 4", "", "add block = 16"),
        ('task = "unconditional"', 'task = "text"', "task: 'text', but DDPMPipeline takes batch_size"),
        ("steps = 3", "stepz = 3", "arguments.stepz: generator 'mine' takes no argument 'stepz'"),
        ("steps = 3", "steps = 2.5", "arguments.steps: 2.5 is not a whole number"),
        ("steps = 3", "steps = 0", "0 steps of diffusion"),
        ("steps = 3", "guidance = 2.0", "DDPMPipeline takes no guidance_scale"),
        ('path = "', 'sha256 = "' + "0" * 64 + '"\npath = "', "its entry says 000"),
        ('path = "', 'repo = "a/b"\npath = "', "give exactly one source"),
        ('path = "', 'revision = "main"\npath = "', "revision"),
    ],
)
def test_an_entry_that_does_not_fit_its_pipeline_is_refused(
    run: Run, own_home: Path, folder: Path, old: str, new: str, why: str
) -> None:
    path = entry(own_home, **said(folder / "ddpm"))
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    assert why in refused(run, *EVALUATE)


def test_without_the_library_the_command_that_installs_it_is_given(
    run: Run, own_home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(own_home, **said(folder / "ddpm"))
    monkeypatch.setitem(sys.modules, "diffusers", None)
    assert "this needs diffusers" in refused(run, *EVALUATE)
    assert hint(run, *EVALUATE) == 'pip install "genboard[diffusers]"'
