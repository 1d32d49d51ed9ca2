"""Tiny pipelines of the classes that known models have, saved as their repositories are: a folder for each component,
or all files at the top.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from genboard.registry.kinds import Diffusers

SIDE = 8
TRAINED = 1000  # time steps of the schedule
FLAT = {"DDPMPipeline", "DDIMPipeline", "ScoreSdeVePipeline"}  # whose repositories have all files at the top


def unet(channels: int = 3, side: int = SIDE, **more: Any) -> Any:
    import diffusers

    return diffusers.UNet2DModel(
        sample_size=side,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(4,),
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        norm_num_groups=2,
        add_attention=False,
        **more,
    )


def pipeline(name: str, labelled: bool) -> Any:
    """A pipeline of that class, of random weights."""
    import diffusers

    kind = getattr(diffusers, name)
    ddim = diffusers.DDIMScheduler(num_train_timesteps=TRAINED)
    if name == "DDPMPipeline":
        return kind(unet(), diffusers.DDPMScheduler(num_train_timesteps=TRAINED))
    if name == "DDIMPipeline":
        return diffusers.DDPMPipeline(unet(), diffusers.DDPMScheduler(num_train_timesteps=TRAINED))
    if name == "ScoreSdeVePipeline":
        return kind(unet(time_embedding_type="fourier"), diffusers.ScoreSdeVeScheduler())
    if name == "ConsistencyModelPipeline":
        network = unet(num_class_embeds=1000 if labelled else None)
        return kind(network, diffusers.CMStochasticIterativeScheduler(num_train_timesteps=40))
    if name == "LDMPipeline":
        coder = diffusers.VQModel(
            block_out_channels=(4, 4),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=2,
            num_vq_embeddings=8,
            scaling_factor=1.0,
        )
        return kind(coder, unet(side=SIDE // 2), ddim)
    assert name == "DiTPipeline"
    transformer = diffusers.DiTTransformer2DModel(
        num_attention_heads=1,
        attention_head_dim=4,
        in_channels=4,
        out_channels=8,  # as in the published ones, half of them are variances
        num_layers=1,
        sample_size=SIDE // 2,
        patch_size=2,
        norm_num_groups=2,
        num_embeds_ada_norm=1000,
    )
    coder = diffusers.AutoencoderKL(
        latent_channels=4,
        block_out_channels=(4, 4),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=2,
        sample_size=SIDE,
    )
    return kind(transformer, coder, ddim)


def save(folder: Path, source: Diffusers, labelled: bool) -> Path:
    """A pipeline of an entry's class in a folder, with the files that its repository has."""
    assert source.pipeline
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = pipeline(source.pipeline, labelled)
    made.save_pretrained(folder, safe_serialization=source.weights == "safetensors")
    if source.pipeline in FLAT:
        for part in ("unet", "scheduler"):
            for file in (folder / part).iterdir():
                shutil.move(file, folder / file.name)
            (folder / part).rmdir()
        (folder / "modeling.py").write_text("raise SystemExit\n")
    if source.pipeline == "ScoreSdeVePipeline":  # the name that diffusers gave the network at first
        index = json.loads((folder / "model_index.json").read_text())
        index["model"] = index.pop("unet")
        (folder / "model_index.json").write_text(json.dumps(index))
    return folder
