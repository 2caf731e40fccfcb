"""Batches of scenes and captions for training a CLIP: which pairs agree, which do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import CLIPTokenizerFast

from experiments import clip_files, concepts, scenes


def make(
    rng: np.random.Generator,
    art: scenes.Art,
    tokenizer: CLIPTokenizerFast,
    number: int,
    held_out: str = "",
    fake_rngs: Sequence[np.random.Generator] = (),
) -> dict[str, Any]:
    """Chooses `N = number` scenes with what a contrastive loss needs beside them.

    Args:
      rng: source of the choices.
      art: the pictures.
      tokenizer: of the CLIP that is trained.
      number: how many scenes.
      held_out: as in `scenes.choose`.
      fake_rngs: the first scenes are chosen by these, one each, whatever `rng` is.

    Returns:
      "scenes"; "ids" and "mask" int32 `[2 N, 16]` of N captions and then N wrong ones;
      "compatible" bool `[N, N]`, whether caption j may be true of picture i; "facts"
      int32 `[N, 3]`: label, colour + 1, named ground + 1 (0 for none).
    """
    parts = [scenes.choose(r, art, 1) for r in fake_rngs]
    parts.append(scenes.choose(rng, art, number - len(parts), held_out=held_out))
    scene = scenes.Scenes(*map(np.concatenate, zip(*(part[0] for part in parts))))
    captions = [text for part in parts for text in part[1]]
    nouns = [noun for part in parts for noun in part[2]]
    color = scene.color
    same = (color[:, None] == color) | (color[:, None] < 0) | (color < 0)
    true_words = [scenes.true_of(art, label) for label in art.labels[scene.picture]]
    compatible = np.array([[noun in words for noun in nouns] for words in true_words]) & same
    wrong = [_wrong_caption(rng, art, *facts) for facts in zip(captions, color, true_words)]
    ids, mask = clip_files.tokenize(tokenizer, captions + wrong)
    ground = np.where(scene.ground == scenes.NAMED_GROUND, scene.ground_color, -1)
    facts = np.stack([art.labels[scene.picture], scene.color + 1, ground + 1], -1)
    return {"scenes": scene, "ids": ids, "mask": mask, "compatible": compatible,
            "facts": facts.astype(np.int32)}  # fmt: skip


def _wrong_caption(
    rng: np.random.Generator, art: scenes.Art, text: str, color: int, true_words: frozenset[str]
) -> str:
    """The caption of a scene with its colour changed, or of something else."""
    if color >= 0 and rng.random() < 0.5:
        other = (color + rng.integers(1, len(scenes.COLORS))) % len(scenes.COLORS)
        return text.replace(scenes.COLOR_NAMES[color], scenes.COLOR_NAMES[other], 1)
    taught = [label for label, name in enumerate(art.names) if name in concepts.TAUGHT]
    noun = next(iter(true_words))
    while noun in true_words:
        noun = scenes.noun_for(rng, art, taught[rng.integers(len(taught))])
    return scenes.caption(rng, noun, color, scenes.PLAIN_GROUND, 0)
