"""What the trainings of a CLIP share: how a run begins, is kept and ends."""

from __future__ import annotations

from collections.abc import Sequence
import json
import pathlib
from typing import Any, NamedTuple

from absl import flags
import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
from transformers import CLIPConfig, CLIPTokenizerFast
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from experiments import batches, clip_files, muon, scenes

CHECKPOINT = "checkpoint.msgpack"


class Run(NamedTuple):
    """What a run begins with."""

    tokenizer: CLIPTokenizerFast
    words: dict[str, list[str]]  # of its captions, as of `clip_files.taught_words`
    config: CLIPConfig
    module: FlaxCLIPModule
    params: dict[str, Any]  # "clip", and linear "heads" for noun, colour and ground


def begin(
    art: scenes.Art, workdir: pathlib.Path, *, width: int, layers: int, patch: int, init: str,
    seed: int, units: int = 4, text_width: int = 128,
) -> Run:  # fmt: skip
    """A CLIP with random weights, or those of the directory `init`.

    Raises:
      SystemExit: `init` holds another shape of CLIP, a tower is not so many heads wide, or a
        picture not so many patches.
    """
    for name, wide, head in (("width", width, 64), ("text_width", text_width, 32)):
        if wide < head or wide % head:
            raise SystemExit(f"--{name}={wide}: give a multiple of {head}, what a head has")
    side = art.pixels.shape[1]
    if side % patch:
        raise SystemExit(
            f"--patch={patch}: pictures of this art have {side} pixels a side: give a divisor of "
            f"{side}"
        )
    tokenizer, words = clip_files.make_tokenizer(art, workdir / "model")
    config = clip_files.make_config(
        tokenizer, width=width, layers=layers, patch=patch, units=units, text_width=text_width,
        side=side,
    )  # fmt: skip
    # Weights and losses stay float32; what the towers compute is halved where that is fast.
    half = jax.default_backend() != "cpu"
    module = FlaxCLIPModule(config, dtype=jnp.bfloat16 if half else jnp.float32)
    ids = jnp.zeros((1, clip_files.TEXT_LENGTH), jnp.int32)
    picture = jnp.zeros((1, side, side, 3))
    params = module.init(jax.random.key(seed), ids, picture, jnp.ones_like(ids), ids)["params"]
    params = clip_files.rescale(params, jax.random.key(seed))
    if init:
        params = clip_files.go_on(init, params, tokenizer)
    sizes = (len(art.names), len(scenes.COLORS) + 1, len(scenes.COLORS) + len(scenes.PLACES) + 1)
    heads = [jnp.zeros((config.projection_dim, size)) for size in sizes]
    return Run(tokenizer, words, config, module, {"clip": params, "heads": heads})


def optimizer(rate: float, updates: int) -> optax.GradientTransformation:
    """Muon after 200 updates of warming up, its rate falling along a cosine."""
    schedule = optax.warmup_cosine_decay_schedule(0.0, rate, min(200, updates // 5), updates, 1e-5)
    return optax.chain(optax.clip_by_global_norm(1.0), muon.optimizer(schedule))


def tests(art: scenes.Art, tokenizer: CLIPTokenizerFast, *, number: int = 256) -> dict[str, Any]:
    """Batches that are held out: poses, art styles, and pairs of colour and noun."""
    return {
        kind or "pose": batches.make(np.random.default_rng([99, i]), art, tokenizer, number, kind)
        for i, kind in enumerate(("", "style", "pair"))
    }


def keep(workdir: pathlib.Path, state: Any, step: int, seconds: float) -> None:
    """Writes the checkpoint."""
    whole = {"state": state, "step": step, "seconds": seconds}
    clip_files.write_atomically(workdir / CHECKPOINT, flax.serialization.to_bytes(whole))


def resume(workdir: pathlib.Path, state: Any) -> tuple[Any, int, float]:
    """State, step and seconds of the checkpoint, or of a beginning if there is none.

    Raises:
      SystemExit: its weights have other shapes.
    """
    if not (workdir / CHECKPOINT).exists():
        return state, 0, 0.0
    saved = flax.serialization.from_bytes(
        {"state": state, "step": 0, "seconds": 0.0}, (workdir / CHECKPOINT).read_bytes()
    )
    shapes = [[x.shape for x in jax.tree.leaves(some[:2])] for some in (state, saved["state"])]
    if shapes[0] != shapes[1]:
        raise SystemExit(
            f"{workdir / CHECKPOINT} is of other art or another shape: give the flags that it was "
            "made with, or another --workdir"
        )
    return saved["state"], int(saved["step"]), float(saved["seconds"])


def finish(
    workdir: pathlib.Path, run: Run, params: Any, art: scenes.Art, *, names: Sequence[str],
    init: str, **results: Any,
) -> None:  # fmt: skip
    """Writes the model and its card: flags of these names, results, what it went on from."""
    kept = ", EmojiOne" if (art.styles >= scenes.KEPT_STYLE).any() else ""
    sets = f"Noto, Noto v1, Fluent flat, Twemoji{kept}; flags of Flag Icons, Flagpack"
    card = {
        "data": f"emoji art: {sets}; composed by experiments/scenes.py",
        "flags": {name: flags.FLAGS[name].value for name in names},
        "concepts": len(art.taught),
        "colors": list(scenes.COLOR_NAMES),
        "words": len(run.words["words"]),
    } | results
    if init:
        before = pathlib.Path(init) / "card.json"
        card["went_on_from"] = json.loads(before.read_text()) if before.exists() else init
    clip_files.save(workdir / "model", run.config, params, run.words, card)
