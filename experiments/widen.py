"""A tower of a CLIP made twice as wide, with the same features as before.

    python -m experiments.widen --narrow=runs/guide/model --wide=runs/wide
    python -m experiments.widen --narrow=runs/guide9/model --wide=runs/wide9 --tower=text

What a narrow tower learnt is a better beginning than nothing (Net2Net, Chen et al.
2016): every channel, head and hidden unit gets a twin, and whoever reads both takes half
of each, plus a random part that the twins' equality cancels and by which they learn to
differ. A gradient of few channels can draw few things in a patch: it lies in as many
dimensions as the image tower is wide, and a patch of 8 by 8 pixels has 192 numbers. So it
does with a narrow text tower: of one picture, the gradients for all prompts are linear in
their features, which lie in no more dimensions than that tower is wide.
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
from transformers import CLIPConfig, CLIPTokenizerFast

from experiments import clip_files, user_errors
from jaxpaint import clip

_NARROW = flags.DEFINE_string("narrow", "runs/guide/model", "Directory of the CLIP to widen.")
_WIDE = flags.DEFINE_string("wide", "runs/wide", "Directory for the wide one.")
_TOWER = flags.DEFINE_enum("tower", "vision", ["vision", "text"], "Which tower to widen.")
_NOISE = 0.5  # of the random part, in standard deviations of the kernel it is added to


def widen(params: Any, rng: np.random.Generator, *, tower: str = "vision") -> Any:
    """Weights of a Flax CLIP one of whose towers is twice as wide.

    Args:
      params: of `FlaxCLIPModule`, its towers of any width.
      rng: source of the random parts.
      tower: "vision" or "text".

    Returns:
      Weights with the features of `params`. With a wider image tower all features are as
      long as that is wide: each written twice and, as they have length one, divided by the
      root of two.
    """
    flat = flax.traverse_util.flatten_dict(jax.device_get(params), sep="/")
    wide = {}
    for name, leaf in flat.items():
        leaf = np.asarray(leaf, np.float32)
        twice = np.concatenate([leaf, leaf], -1) if leaf.ndim else leaf
        inside = name.startswith(f"{tower}_model")
        features = name.endswith("_projection/kernel")
        out = twice if inside or (features and tower == "vision") else leaf
        own = features and name.startswith(tower[:3])  # visual_projection or text_projection
        if own or (name.startswith(f"{tower}_model/encoder") and name.endswith("kernel")):
            noise = _NOISE * leaf.std() * rng.standard_normal(out.shape).astype(np.float32)
            out = np.concatenate([out / 2 + noise, out / 2 - noise], 0)
        wide[name] = out
    return flax.traverse_util.unflatten_dict(wide, sep="/")


def wider(config: CLIPConfig, tokenizer: CLIPTokenizerFast, *, tower: str) -> CLIPConfig:
    """The shape of what `widen` makes of a CLIP of that shape."""
    vision, text = config.vision_config, config.text_config
    return clip_files.make_config(
        tokenizer, width=vision.hidden_size * (2 if tower == "vision" else 1),
        layers=vision.num_hidden_layers, patch=vision.patch_size,
        units=vision.intermediate_size // vision.hidden_size,
        text_width=text.hidden_size * (2 if tower == "text" else 1),
    )  # fmt: skip


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    source, out = pathlib.Path(_NARROW.value), pathlib.Path(_WIDE.value)
    model = clip.load(str(source))
    out.mkdir(parents=True, exist_ok=True)
    for name in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json",
                 "special_tokens_map.json", clip.RECIPE):  # fmt: skip
        if (source / name).exists():
            shutil.copy(source / name, out / name)
    config = CLIPConfig.from_pretrained(source)
    config = wider(config, model.tokenizer, tower=_TOWER.value)
    params = widen(model.params, np.random.default_rng(0), tower=_TOWER.value)
    words, card = (
        json.loads((source / name).read_text()) if (source / name).exists() else {}
        for name in ("vocabulary.json", "card.json")
    )
    clip_files.save(out, config, params, words, card)


if __name__ == "__main__":
    app.run(main)
