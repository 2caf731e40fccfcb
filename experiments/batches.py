"""Batches of scenes and captions for training a CLIP: which pairs agree, which do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import CLIPTokenizerFast

from experiments import clip_files, scenes


def make(
    rng: np.random.Generator,
    art: scenes.Art,
    tokenizer: CLIPTokenizerFast,
    number: int,
    held_out: str = "",
    fake_rngs: Sequence[np.random.Generator] = (),
    calm: float = 0.0,
    typical: Sequence[int] = (),
) -> dict[str, Any]:
    """Chooses `N = number` scenes with what a contrastive loss needs beside them.

    Args:
      rng: source of the choices.
      art: the pictures.
      tokenizer: of the CLIP that is trained.
      number: how many scenes.
      held_out: as in `scenes.choose`.
      fake_rngs: the first scenes are chosen by these, one each, whatever `rng` is.
      calm, typical: as in `scenes.choose`; if `calm` is not 0, all of `fake_rngs` are.

    Returns:
      "scenes"; "ids" and "mask" int32 `[2 N, 16]` of N captions and then N wrong ones;
      "compatible" bool `[N, 2 N]`, whether caption j may be true of picture i, whose own wrong
      one is not; "facts"
      int32 `[N, 3]`: label and colour + 1 of the first thing, and its ground (0 unnamed,
      then colours, then places).
    """
    parts = [scenes.choose(r, art, 1, calm=float(calm > 0), typical=typical) for r in fake_rngs]
    parts.append(scenes.choose(
        rng, art, number - len(parts), held_out=held_out, calm=calm, typical=typical
    ))  # fmt: skip
    scene = scenes.Scenes(*map(np.concatenate, zip(*(part[0] for part in parts))))
    captions = [text for part in parts for text in part[1]]
    claims = [claim for part in parts for claim in part[2]]
    false = [wrong_caption(rng, art, scene, row, claim) for row, claim in enumerate(claims)]
    wrong, said = zip(*false)
    compatible = np.array([
        [scenes.is_true(art, scene, mine.layout, row, claim) for claim in (*claims, *said)]
        for row, mine in enumerate(claims)
    ])  # fmt: skip
    compatible &= ~np.eye(number, 2 * number, number, dtype=bool)  # a ground alone may be wrong
    ids, mask = clip_files.tokenize(tokenizer, [*captions, *wrong])
    label, color = art.labels[scene.picture[:, 0]], scene.color[:, 0]
    named = (scene.ground == scenes.NAMED_GROUND) * (scene.ground_color + 1)
    place = len(scenes.COLORS) + scene.ground_color + 1
    facts = [label, color + 1, np.where(scene.ground == scenes.PLACE_GROUND, place, named)]
    return {"scenes": scene, "ids": ids, "mask": mask, "compatible": compatible,
            "facts": np.stack(facts, -1).astype(np.int32)}  # fmt: skip


def wrong_caption(
    rng: np.random.Generator, art: scenes.Art, scene: scenes.Scenes, row: int, claim: scenes.Claim
) -> tuple[str, scenes.Claim]:
    """A caption false of the scene in a row, in a noun, a colour, number, order or ground.

    And what it claims of the things.
    """
    nouns, colors = list(claim.nouns), list(claim.colors)
    layout, ground, ground_color = claim.layout, scene.ground[row], scene.ground_color[row]
    k = rng.integers(len(nouns))
    luck, told = rng.random(), 0.75
    kinds = {scenes.NAMED_GROUND: len(scenes.COLORS), scenes.PLACE_GROUND: len(scenes.PLACES)}
    if luck < 0.15 and ground in kinds:
        ground_color = (ground_color + rng.integers(1, kinds[ground])) % kinds[ground]
        told = 1.0
    elif luck < 0.5 and layout in (scenes.TWO, scenes.THREE):
        layout = scenes.TWO + scenes.THREE - layout
    elif luck < 0.5 and layout == scenes.ABOVE and not _alike(art, scene, row):
        nouns, colors = nouns[::-1], colors[::-1]
    elif luck < 0.6 and colors[k] >= 0:
        colors[k] = int((colors[k] + rng.integers(1, len(scenes.COLORS))) % len(scenes.COLORS))
    else:
        truth = frozenset().union(*(scenes.true_of(art, art.labels[i]) for i in scene.picture[row]))
        nouns[k] = next(iter(truth))
        while nouns[k] in truth:
            nouns[k] = scenes.noun_for(rng, art, rng.choice(art.taught))
    changed = scenes.Claim(tuple(nouns), tuple(colors), layout)
    return scenes.caption(rng, changed, ground, ground_color, told=told), changed


def _alike(art: scenes.Art, scene: scenes.Scenes, row: int) -> bool:
    """Whether a noun fits both of the first two things, so that their order says nothing."""
    one, two = (scenes.true_of(art, art.labels[i]) for i in scene.picture[row, :2])
    return bool(one & two)
