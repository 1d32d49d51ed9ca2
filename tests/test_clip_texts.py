"""From the words of captions to a CLIP score: a tiny CLIP with random weights, against torchmetrics given the same."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from genboard.benchmarks.asked import answer_source
from genboard.benchmarks.scoring import captioned_spaces, score_track
from genboard.benchmarks.track_references import answers_of
from genboard.reference_stats.features import measure
from genboard.registry.catalog import find
from genboard.registry.extractors import load_extractor, transformer
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.extractors.texts import LENGTH, load_texts, tokenizer
from genboard.registry.images import read_all
from genboard.registry.schema import Extractor, Track, TrackMetric
from own_spaces import entry, file
from torchmetrics.functional.multimodal import clip_score as of_torchmetrics

from genboard.core.errors import BadEntry, BadWeights, GenboardError

N, END = 20, "<|endoftext|>"
SIZE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
WORDS = ["<|startoftext|>", END, "?", *"a one two three small large red green blue circle square triangle".split()]
VISION = {**SIZE, "image_size": 224, "patch_size": 56, "projection_dim": 24, "hidden_act": "quick_gelu"}
TEXT = {**SIZE, "vocab_size": len(WORDS), "projection_dim": 24, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
HEAD = """title = "A tiny CLIP"
version = 1
layer = "projected embedding"
input = "rgb"
block = 8
licence = "none"
loader = "transformer:tiny"
preprocessing = "clip-224"
dim = 24
"""
TEXTS = '[texts]\nloader = "transformer:tiny_texts"\n[weights]\n'


def tokenizer_file(path: Path) -> None:
    """A tokenizer of words, as the library that published ones are read with writes it."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    made = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="?"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(single=f"{WORDS[0]} $A {END}", special_tokens=[(WORDS[0], 0), (END, 1)])
    made.save(str(path))


@pytest.fixture(scope="module")
def whole() -> Any:
    """The CLIP, as transformers has it."""
    from transformers import CLIPConfig, CLIPModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return CLIPModel(CLIPConfig(vision_config=VISION, text_config=TEXT, projection_dim=24)).eval()


@pytest.fixture
def home(own_home: Path, whole: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with its weights, its tokenizer and its entry."""
    safetensors.torch.save_file(whole.state_dict(), own_home / "tiny.safetensors")
    tokenizer_file(own_home / "tokenizer.json")
    monkeypatch.setattr(transformer, "tiny", partial(transformer.clip, config=VISION), raising=False)
    monkeypatch.setattr(transformer, "tiny_texts", partial(transformer.clip_texts, config=TEXT), raising=False)
    entry(own_home, TEXTS + file(own_home, "tiny.safetensors"), HEAD).rename(
        own_home / "entries" / "extractors" / "clip-tiny.toml"
    )
    return own_home


class AsCalled(torch.nn.Module):
    """The model, as torchmetrics calls it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.config, self.model = model.config, model

    def get_image_features(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.model.visual_projection(self.model.vision_model(pixels).pooler_output)

    def get_text_features(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        pooled = self.model.text_model(input_ids, attention_mask=attention_mask).pooler_output
        return self.model.text_projection(pooled)


class Processor:
    """Images by the preprocessing of CLIP, words by transformers' own reader of the tokenizer, padded as it does."""

    def __init__(self, path: Path) -> None:
        from transformers import PreTrainedTokenizerFast

        self.words = PreTrainedTokenizerFast(tokenizer_file=str(path), pad_token=END)

    def __call__(self, images: Any = None, text: Any = None, **_: Any) -> dict[str, torch.Tensor]:
        if images is not None:
            pixels = torch.stack(list(images)).permute(0, 2, 3, 1)
            return {"pixel_values": find_mode("clip-224")(pixels)}
        found = self.words(list(text), padding=True, truncation=True, max_length=LENGTH, return_tensors="pt")
        return {"input_ids": found["input_ids"], "attention_mask": found["attention_mask"]}


def track() -> Track:
    column = TrackMetric(metric="clip_score", extractor="clip-tiny")
    return find(Track, "shapes-text").model_copy(update={"metrics": (column,), "primary": column.key, "samples": N})


def test_words_become_the_score_of_torchmetrics(home: Path, whole: Any):
    asked = track()
    right = answer_source(asked, N)
    live = load_extractor("clip-tiny")
    answers = answers_of(asked, N, {"clip-tiny": live})
    (found,) = score_track(asked, {"clip-tiny": measure(right, live)}, {}, answers)
    images = read_all(right)
    captions = images.captions
    assert captions is not None
    assert len(set(captions)) > 5
    pixels = torch.from_numpy(images.pixels).permute(0, 3, 1, 2)
    both = AsCalled(whole), Processor(home / "tokenizer.json")
    with torch.inference_mode():
        each = [float(of_torchmetrics(pixels[i], captions[i], lambda: both)) for i in range(N)]
    assert len({round(one, 3) for one in each}) > 5
    assert found.record.value == pytest.approx(np.mean(each), rel=1e-4)
    assert found.record.uncertainty is not None


def test_a_caption_alone_has_the_bits_that_it_has_among_others(home: Path):
    half = load_texts("clip-tiny")
    captions = ["a red circle", "two small squares", "three blue triangle"] * 5
    together = half.features(captions)
    assert together.shape == (15, 24)
    for i, caption in enumerate(captions[:3]):
        assert torch.equal(half.features([caption])[0], together[i])
    assert half.features([]).shape == (0, 24)


def test_of_a_long_caption_the_first_tokens_count(home: Path):
    weights = find(Extractor, "clip-tiny").weights
    assert weights is not None
    tokens = tokenizer(weights, "tokenizer.json")(["red", "", "red " * 200])
    assert tokens.shape == (3, LENGTH)
    start, end, red = 0, 1, WORDS.index("red")
    assert tokens[0].tolist() == [start, red] + [end] * (LENGTH - 2)
    assert tokens[1].tolist() == [start] + [end] * (LENGTH - 1)
    assert tokens[2].tolist() == [start] + [red] * (LENGTH - 2) + [end]


def test_without_the_extra_it_says_how_to_install_it(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(GenboardError, match="this needs tokenizers") as e:
        answers_of(track(), N, {"clip-tiny": load_extractor("clip-tiny")})
    assert e.value.hint == 'pip install "genboard[networks]"'


def test_without_a_network_it_says_where_the_file_belongs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(GenboardError, match=r"tokenizer\.json: it is not in the cache") as e:
        load_texts("clip-vit-l14")
    assert "run the command once with a network" in str(e.value.hint)


def test_a_space_of_images_alone_has_no_captions(home: Path):
    with pytest.raises(BadEntry, match="texts: missing: the space is one of images alone"):
        load_texts("dinov2-vitl14")
    column = TrackMetric(metric="clip_score", extractor="dinov2-vitl14")
    assert captioned_spaces(track().model_copy(update={"metrics": (column,)})) == ()


@pytest.mark.parametrize("text", ["", "{}", '{"model": 3}'])
def test_what_is_no_tokenizer_is_refused(home: Path, text: str):
    (home / "tokenizer.json").write_text(text, "utf-8")
    with pytest.raises(BadWeights, match="cannot be read as a tokenizer"):
        load_texts("clip-tiny")


def test_the_track_of_captions_asks_for_it_where_there_is_a_text_half():
    asked = find(Track, "coco-captions")
    assert captioned_spaces(asked) == ("clip-vit-l14",)
    assert all(find(Extractor, name).texts for name in ("clip-vit-l14", "clip-vit-l14-336"))
