"""Models of a few thousand parameters that somebody else might have: programs, pipelines, weights, a user's entries."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
ENTRY = """title = "Mine"
version = 1
family = "gan"
tracks = ["digits"]
origin = "me"
licence = "none"
"""


class Decoder(nn.Module):
    """Latents (n, 8), and labels, to images (n, 1, 8, 8) in [-1, 1]: what exporters meet, all in one."""

    def __init__(self, labelled: bool = False) -> None:
        super().__init__()
        self.labelled = labelled
        self.embed = nn.Embedding(10, 8)
        self.enter = nn.Linear(8, 64)
        self.norm = nn.BatchNorm2d(16)
        self.drop = nn.Dropout(0.5)
        self.grow = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.leave = nn.ConvTranspose2d(8, 1, 4, 2, 1)
        self.register_buffer("scale", torch.tensor(1.5), persistent=False)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.labelled:
            assert labels is not None
            z = z + self.embed(labels)
        hidden = self.norm(self.enter(z).view(z.shape[0], 16, 2, 2)).relu_()
        hidden = self.drop(self.grow(hidden))  # (n, 8, 4, 4)
        tokens = hidden.flatten(2).transpose(1, 2)
        mixed = self.attend(tokens, tokens, tokens, need_weights=False)[0].transpose(1, 2)
        first, second = torch.chunk(mixed.reshape(z.shape[0], 8, 4, 4), 2, dim=1)
        both = torch.cat([first, second], dim=1) + torch.zeros(z.shape[0], 1, 1, 1)
        image = self.leave(both)
        return torch.tanh(self.scale * 20 * (image - image.mean(dim=(1, 2, 3), keepdim=True)))


def export(path: Path, model: nn.Module, *shapes: Any, any_batch: bool = False) -> Path:
    """A program of a model in evaluation mode; `int` stands for labels of as many."""
    given = tuple(torch.zeros(s, dtype=torch.int64) if isinstance(s, int) else torch.randn(s) for s in shapes)
    dynamic = tuple({0: torch.export.Dim("n", min=1, max=4096)} for _ in given) if any_batch else None
    program = torch.export.export(model, given, dynamic_shapes=dynamic)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.export.save(program, path)
    return path


def export_onnx(path: Path, model: nn.Module, *shapes: Any, any_batch: bool = False) -> Path:
    """The same, in ONNX."""
    given = tuple(torch.zeros(s, dtype=torch.int64) if isinstance(s, int) else torch.randn(s) for s in shapes)
    dynamic = tuple({0: torch.export.Dim.DYNAMIC} for _ in given) if any_batch else None
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(model, given, path, dynamic_shapes=dynamic, external_data=False, verbose=False)
    return path


def decoder(labelled: bool = False) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Decoder(labelled).eval()


def entry(home: Path, source: str, name: str = "mine", more: str = "", text: str = ENTRY) -> Path:
    """An entry of the user's own; it must be written before the first look at the registry in a test."""
    path = home / "entries" / "generators" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}{more}\n[source]\n{source}\n", "utf-8")
    return path


def program_source(
    path: Path, digest: str, span: Sequence[int] = (-1, 1), more: str = "", kind: str = "exported"
) -> str:
    return (
        f'kind = "{kind}"\nrange = {list(span)}\n{more}\n[source.program]\nlocal = "{path.as_posix()}"\n'
        f'sha256 = "{digest}"'
    )


def pipelines(folder: Path) -> Path:
    """Four pipelines as `save_pretrained` leaves them: `ddpm`, `ddim`, `class` and `text`."""
    import diffusers

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unet = diffusers.UNet2DModel(
            sample_size=8,
            in_channels=1,
            out_channels=1,
            layers_per_block=1,
            block_out_channels=(8, 8),
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            norm_num_groups=4,
        )
        transformer = diffusers.DiTTransformer2DModel(
            num_attention_heads=2,
            attention_head_dim=4,
            in_channels=2,
            out_channels=2,
            num_layers=1,
            sample_size=4,
            patch_size=2,
            norm_num_groups=2,
            num_embeds_ada_norm=10,
        )
        vae = diffusers.AutoencoderKL(
            in_channels=1,
            out_channels=1,
            latent_channels=2,
            block_out_channels=(4, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=2,
            sample_size=8,
        )
        ddim = diffusers.DDIMScheduler(num_train_timesteps=20)
        diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler(num_train_timesteps=20)).save_pretrained(folder / "ddpm")
        diffusers.DDIMPipeline(unet, ddim).save_pretrained(folder / "ddim")
        diffusers.DiTPipeline(transformer, vae, ddim).save_pretrained(folder / "class")
        _text_to_image(folder, vae).save_pretrained(folder / "text")
    return folder


def _text_to_image(folder: Path, vae: Any) -> Any:
    import diffusers
    import transformers

    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    tokens = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    spelling = folder / "spelling"
    spelling.mkdir(parents=True)
    (spelling / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (spelling / "merges.txt").write_text("#version: 0.2\n")
    config = transformers.CLIPTextConfig(
        vocab_size=len(tokens),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=32,
        bos_token_id=len(tokens) - 2,
        eos_token_id=len(tokens) - 1,
        pad_token_id=0,
    )
    unet = diffusers.UNet2DConditionModel(
        sample_size=4,
        in_channels=2,
        out_channels=2,
        layers_per_block=1,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8,
        norm_num_groups=4,
        attention_head_dim=4,
    )
    names = (str(spelling / "vocab.json"), str(spelling / "merges.txt"))
    return diffusers.StableDiffusionPipeline(
        vae=vae,
        text_encoder=transformers.CLIPTextModel(config),
        tokenizer=transformers.CLIPTokenizer(*names, model_max_length=32),
        unet=unet,
        scheduler=diffusers.DDIMScheduler(num_train_timesteps=20, steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def examples(document: str) -> dict[str, str]:
    """The entries that a document shows, by name: TOML blocks that begin with the path of their file."""
    text = (ROOT / document).read_text("utf-8")
    found = re.findall(r"```toml\n# entries/generators/([a-z0-9-]+)\.toml\n(.*?)```", text, re.DOTALL)
    return dict(found)
