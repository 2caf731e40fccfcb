"""A CLIP's image tower made twice as wide, with the same features as before.

    python -m experiments.widen --narrow=runs/guide/model --wide=runs/wide

What a narrow tower learnt is a better beginning than nothing (Net2Net, Chen et al.
2016): every channel, head and hidden unit gets a twin, and whoever reads both takes half
of each, plus a random part that the twins' equality cancels and by which they learn to
differ. A gradient of few channels can draw few things in a patch: it lies in as many
dimensions as the tower is wide, and a patch of 8 by 8 pixels has 192 numbers.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from typing import Any

from absl import app, flags
import flax.traverse_util
import jax
import numpy as np
from transformers import CLIPConfig

from experiments import clip_files
from jaxpaint import clip

_NARROW = flags.DEFINE_string("narrow", "runs/guide/model", "Directory of the CLIP to widen.")
_WIDE = flags.DEFINE_string("wide", "runs/wide", "Directory for the wide one.")
_NOISE = 0.5  # of the random part, in standard deviations of the kernel it is added to


def widen(params: Any, rng: np.random.Generator) -> Any:
    """Weights of a Flax CLIP whose image tower and features are twice as wide.

    Args:
      params: of `FlaxCLIPModule`, its towers of any width.
      rng: source of the random parts.

    Returns:
      Weights whose image and text features are those of `params`, each written twice and,
      as features have length one, divided by the root of two.
    """
    flat = flax.traverse_util.flatten_dict(jax.device_get(params), sep="/")
    wide = {}
    for name, leaf in flat.items():
        leaf = np.asarray(leaf, np.float32)
        twice = np.concatenate([leaf, leaf], -1) if leaf.ndim else leaf
        if name == "text_projection/kernel":
            leaf = twice
        elif name == "visual_projection/kernel" or (
            name.startswith("vision_model/encoder") and name.endswith("kernel")
        ):
            noise = _NOISE * leaf.std() * rng.standard_normal(twice.shape).astype(np.float32)
            leaf = np.concatenate([twice / 2 + noise, twice / 2 - noise], 0)
        elif name.startswith("vision_model"):
            leaf = twice
        wide[name] = leaf
    return flax.traverse_util.unflatten_dict(wide, sep="/")


def main(argv: list[str]) -> None:
    del argv
    source, out = pathlib.Path(_NARROW.value), pathlib.Path(_WIDE.value)
    model = clip.load(source)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json",
                 "special_tokens_map.json"):  # fmt: skip
        if (source / name).exists():
            shutil.copy(source / name, out / name)
    config = CLIPConfig.from_pretrained(source)
    vision = config.vision_config
    config = clip_files.make_config(
        model.tokenizer, width=2 * vision.hidden_size, layers=vision.num_hidden_layers,
        patch=vision.patch_size,
    )  # fmt: skip
    params = widen(model.params, np.random.default_rng(0))
    words, card = (
        json.loads((source / name).read_text()) if (source / name).exists() else {}
        for name in ("vocabulary.json", "card.json")
    )
    clip_files.save(out, config, params, words, card)


if __name__ == "__main__":
    app.run(main)
