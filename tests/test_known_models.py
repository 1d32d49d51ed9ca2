"""Published models: every entry that names a pipeline of diffusers, built from a tiny random network of its class."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import entries, find, shape_of
from genboard.registry.generators import LiveGenerator, diffusion_pipeline, load_generator
from genboard.registry.generators.draws import draws
from genboard.registry.kinds import Diffusers
from genboard.registry.schema import Generator, Track
from refusals import Run, hint, refused
from sets import COMMIT
from tiny_known import SIDE, save
from tiny_models import entry

from genboard.core.errors import BadWeights

KNOWN = {name: e for name, e in entries(Generator).items() if e.source.kind == "diffusers"}
LAST = 3  # steps that are taken of those that an entry has
every_model = pytest.mark.parametrize("name", KNOWN)


ENTRY = """title = "Mine"
version = 1
family = "diffusion"
tracks = ["digits"]
block = 4
origin = "me"
licence = "none"
"""


def source_of(e: Generator) -> Diffusers:
    assert isinstance(e.source, Diffusers)
    return e.source


def test_there_are_known_models_of_every_kind() -> None:
    assert len(KNOWN) >= 15
    assert len({source_of(e).pipeline for e in KNOWN.values()}) == 6
    assert {"cifar10", "ffhq-256", "celebahq-256", "imagenet-64", "imagenet-256", "imagenet-512"} <= {
        track for e in KNOWN.values() for track in e.tracks
    }
    assert sum(bool(e.reported) for e in KNOWN.values()) >= 15


@every_model
def test_an_entry_says_how_it_is_drawn_and_where_it_is_from(name: str) -> None:
    e, source = KNOWN[name], source_of(KNOWN[name])
    assert source.pipeline
    assert source.repo
    assert e.sampler
    assert e.nfe
    assert e.paper
    assert "arXiv:" in e.paper
    assert e.origin == f"https://huggingface.co/{source.repo}"
    for track in map(lambda name: find(Track, name), e.tracks):
        assert all(seen.partition("/")[0] == track.dataset for seen in e.trained_on)
        assert e.trained_on
        assert {r.column for r in e.reported} <= {column.key for column in track.metrics}
        assert shape_of(track)[2] == 3


class Counted:
    """The networks of a pipeline and its schedule, watched: `taken` steps of `planned`, `rows` that were computed."""

    def __init__(self, pipeline: Any) -> None:
        self.planned = self.taken = self.rows = 0
        network = getattr(pipeline, "unet", None) or pipeline.transformer
        network.register_forward_pre_hook(self._count)
        plan, self._scheduler = pipeline.scheduler.set_timesteps, pipeline.scheduler

        def shortened(*given: Any, **named: Any) -> None:
            plan(*given, **named)
            self.planned = len(self._scheduler.timesteps)
            self._scheduler.timesteps = self._scheduler.timesteps[-LAST:]
            self.taken = len(self._scheduler.timesteps)

        pipeline.scheduler.set_timesteps = shortened

    def _count(self, _: Any, given: tuple[torch.Tensor, ...]) -> None:
        self.rows += len(given[0])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the Hub with the repository of every known model in it."""
    root = tmp_path_factory.mktemp("hub")
    for e in KNOWN.values():
        source = source_of(e)
        assert source.repo
        place = root / f"models--{source.repo.replace('/', '--')}"
        commit = source.revision if source.revision != "recorded" else COMMIT
        if (place / "snapshots" / commit).is_dir():
            continue
        save(place / "snapshots" / str(commit), source, e.task == "class")
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(str(commit))
    return root


@pytest.fixture
def offline(cache: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return own_home


def watched(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[LiveGenerator, list[Counted]]:
    e, counts = KNOWN[name], []
    check = diffusion_pipeline._check_batch

    def watch(given: Generator, pipeline: Any) -> None:
        check(given, pipeline)
        counts.append(Counted(pipeline))

    monkeypatch.setattr(diffusion_pipeline, "_check_batch", watch)
    return load_generator(e, find(Track, e.tracks[0])), counts


@every_model
def test_two_samples_are_drawn_as_the_entry_says(name: str, offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e = KNOWN[name]
    generator, (count,) = watched(name, monkeypatch)
    assert generator.block == e.block
    assert generator.identity["revision"] == (COMMIT if source_of(e).revision == "recorded" else source_of(e).revision)
    tickets = list(draws(7, 0, 2))
    together = min(2, e.block or 2)
    images = np.concatenate([generator.sample(tickets[i : i + together]) for i in range(0, 2, together)])
    evaluations = count.rows / 2 / count.taken
    again = generator.sample(tickets[1:])
    assert images.shape == (2, SIDE, SIDE, 3)
    assert images.min() >= 0
    assert images.max() <= 1
    assert np.abs(images[0] - images[1]).max() > 1e-4
    np.testing.assert_allclose(again[0], images[1], atol=1e-5)
    assert count.planned == e.arguments["steps"]
    # Evaluations for each sample at each of the steps that were taken, times all the steps.
    assert evaluations * count.planned == e.nfe


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({str(source_of(e).pipeline) for e in KNOWN.values()}))
def test_all_steps_of_one_model_of_every_class_are_taken(kind: str, offline: Path) -> None:
    e = min((e for e in KNOWN.values() if source_of(e).pipeline == kind), key=lambda e: e.nfe or 0)
    generator = load_generator(e, find(Track, e.tracks[0]))
    images = generator.sample(draws(7, 0, 1))
    assert images.shape == (1, SIDE, SIDE, 3)
    assert np.isfinite(images).all()
    np.testing.assert_array_equal(generator.sample(draws(7, 0, 1)), images)


def given(home: Path, name: str, more: str = "", head: str = "") -> None:
    """An entry of the user's own, of the repository of a known model."""
    e = source_of(KNOWN[name])
    weights = f'weights = "{e.weights}"'
    entry(home, f'kind = "diffusers"\nrepo = "{e.repo}"\n{weights}\n{more}', text=ENTRY, more=head)


EVALUATE = "evaluate mine --track digits".split()
PIN = f'revision = "{source_of(KNOWN["ddpm-cifar10-32"]).revision}"\n'
REPORTED = """
[[reported]]
value = 3.0
samples = 100
reference = "all"
source = "a paper"
"""


@pytest.mark.parametrize(
    ("more", "head", "why"),
    [
        ('revision = "main"', "", "'main' is not a commit, and branches and tags can move"),
        ('revision = "267b167"', "", "'267b167' is not a commit"),
        (PIN + 'pipeline = "OwnPipeline"', "", "pipeline: Input should be 'ConsistencyModelPipeline', 'DDIMPipeline'"),
        (PIN + 'pipeline = "DiTPipeline"', "", "DiTPipeline is made of transformer, which a DDPMPipeline has not"),
        (PIN + 'weights = "safetensors"', "", "Cannot overwrite a value"),
        (PIN, "arguments = { steps = 0 }", "0 steps of diffusion"),
        (PIN, 'arguments = { timesteps = "0, 22" }', "timesteps = '0, 22'"),
        (PIN, 'arguments = { timesteps = "22, x" }', "timesteps = '22, x'"),
        (PIN, 'arguments = { timesteps = "22, 0", steps = 3 }', "timesteps = '22, 0', steps = 3"),
        (PIN, 'arguments = { timesteps = "22, 0" }', "DDPMPipeline takes no "),
        (PIN, "nfe = 0", "nfe: Input should be greater than or equal to 1"),
        (PIN + REPORTED.replace('source = "a paper"\n', ""), "", "source: Field required"),
        (PIN + REPORTED.replace("a paper", ""), "", "source: String should have at least 1 character"),
        (PIN + REPORTED.replace("3.0", "nan"), "", "value: NaN is not a number"),
        (PIN + REPORTED.replace("3.0", "-3.0"), "", "value = -3 is outside the range of fd"),
        (PIN + REPORTED + 'column = "fidd:pixels"\n', "", "'fidd:pixels' is of no metric here"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(run: Run, offline: Path, more: str, head: str, why: str) -> None:
    given(offline, "ddpm-cifar10-32", more, head)
    assert why in refused(run, *EVALUATE)


def test_what_would_mix_or_forget_the_randomness_of_samples_is_refused(run: Run, offline: Path) -> None:
    given(offline, "ncsnpp-church-256", f'revision = "{source_of(KNOWN["ncsnpp-church-256"]).revision}"')
    assert "block: 4, but ScoreSdeVePipeline mixes the samples of a batch" in refused(run, *EVALUATE)
    assert hint(run, *EVALUATE) == "write block = 1"


def test_noise_that_no_generator_of_a_sample_draws_is_refused(run: Run, offline: Path) -> None:
    pin = f'revision = "{source_of(KNOWN["ldm-celebahq-256"]).revision}"'
    given(offline, "ldm-celebahq-256", pin, "arguments = { eta = 1.0 }")
    assert "eta = 1: LDMPipeline draws that noise" in refused(run, *EVALUATE)


def test_weights_in_a_torch_file_need_the_word_of_the_entry(run: Run, offline: Path) -> None:
    source = f'kind = "diffusers"\nrepo = "google/ddpm-cifar10-32"\n{PIN}'
    entry(offline, source, text=ENTRY)
    assert "diffusion_pytorch_model.safetensors" in refused(run, *EVALUATE)
    assert 'others with weights = "torch"' in hint(run, *EVALUATE)


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def test_a_torch_file_with_code_is_not_run(
    run: Run, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = save(tmp_path / "p", source_of(KNOWN["ddpm-cifar10-32"]), False)
    torch.save({"weight": Code()}, folder / "diffusion_pytorch_model.bin")
    entry(own_home, f'kind = "diffusers"\npath = "{folder.as_posix()}"\nweights = "torch"', text=ENTRY)
    assert "the pipeline cannot be loaded" in refused(run, *EVALUATE)
    assert not Path("ran").exists()


def test_the_commit_of_the_first_download_is_kept(
    offline: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    name = "ct-imagenet64"
    e = KNOWN[name]
    assert "revision" not in e.identity()
    place = "models--openai--diffusers-ct_imagenet64"
    shutil.copytree(cache / place, tmp_path / place)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    loaded = load_generator(e, find(Track, "imagenet-64"))
    assert loaded.identity == {**e.identity(), "revision": COMMIT}
    moved = COMMIT[::-1]
    shutil.copytree(tmp_path / place / "snapshots" / COMMIT, tmp_path / place / "snapshots" / moved)
    (tmp_path / place / "refs" / "main").write_text(moved)
    assert load_generator(e, find(Track, "imagenet-64")).identity["revision"] == COMMIT
    (record,) = (offline / "revisions").glob("*.json")
    assert json.loads(record.read_text()) == {"repo": "openai/diffusers-ct_imagenet64", "revision": COMMIT}
    for damaged in ('{"repo": "a/b", "revision": "0"}', "[]", json.dumps({"repo": source_of(e).repo, "revision": 1})):
        record.write_text(damaged)
        with pytest.raises(BadWeights, match="not the record of a revision of openai/diffusers-ct_imagenet64"):
            load_generator(e, find(Track, "imagenet-64"))
    record.unlink()
    assert load_generator(e, find(Track, "imagenet-64")).identity["revision"] == moved


def test_the_command_that_shows_an_entry_shows_what_was_published(run: Run) -> None:
    code, out, err = run("show", "generator", "dit-xl-2-256-guided", "--json")
    assert code == 0, err
    shown = json.loads(out)
    (reported,) = shown["reported"]
    assert (reported["value"], reported["samples"], reported["source"]) == (2.27, 50000, "arXiv:2212.09748, Table 2")
    assert "variances" in reported["differs"]
    assert (shown["arguments"], shown["nfe"]) == ({"steps": 250, "guidance": 1.5}, 500)


def test_what_was_published_is_no_part_of_what_identifies_a_model() -> None:
    e = KNOWN["ddpm-cifar10-32"]
    assert e.reported
    other = e.model_copy(update={"reported": (), "sampler": None, "nfe": None})
    assert other.identity() == e.identity()
