"""Trains a CLIP's gradient on scenes composed from emoji art.

    python -m experiments.art --out=/tmp/art.npz
    python -m experiments.train_guide --art=/tmp/art.npz --workdir=runs/guide

A small CLIP (the Flax classes of transformers, hub file format, own tokenizer) is
trained to be *guided by*. Beside the contrastive loss of CLIP (Radford et al. 2021) its
gradient itself is trained: for a half-done picture, the gradient of the similarity with
the caption must point to what is missing (`experiments.unfinished`), also where the CLIP's
own gradient led a sketch (`jaxpaint.sketch`; states of its own making, as in imitation
learning's DAgger, Ross et al. 2011). What is scored and saved is the mean of the weights over
the last `--remembered` updates. Wrong captions (another colour, noun, number, order
or ground) are negatives. Linear heads that name the noun, colour and ground help it learn
from few samples and are thrown away. Resumes from its checkpoint.
"""

from __future__ import annotations

import functools
import json
import pathlib
import shutil
import time

from absl import app, flags
import jax
import jax.numpy as jnp
import numpy as np

from experiments import batches as batches_lib
from experiments import clip_runs, draw, guide_loss, scenes, user_errors
from jaxpaint import clip as clip_lib
from jaxpaint import painters

_ART = flags.DEFINE_string("art", "/tmp/art.npz", "Output of experiments.art.")
_WORKDIR = flags.DEFINE_string("workdir", "runs/guide", "Checkpoint, log and model.")
_STEPS = flags.DEFINE_integer("steps", 6000, "Weight updates.")
_STOP_AT = flags.DEFINE_integer(
    "stop_at", 0, "Update to stop at, to go on with other flags; 0: after --steps."
)
_BATCH = flags.DEFINE_integer("batch", 64, "Scenes a batch.")
_WIDTH = flags.DEFINE_integer("width", 128, "Width of the image tower.")
_LAYERS = flags.DEFINE_integer("layers", 4, "Layers of the image tower.")
_UNITS = flags.DEFINE_integer(
    "units", 4, "Hidden units of such a layer, for each channel.", lower_bound=1
)
_TEXT_WIDTH = flags.DEFINE_integer("text_width", 128, "Width of the text tower.")
_PATCH = flags.DEFINE_integer(
    "patch", 8, "Side of a patch in pixels: a divisor of that of the art.", lower_bound=1
)
_LR = flags.DEFINE_float("lr", 2e-3, "Peak learning rate.")
_MATCH = flags.DEFINE_float("match", 0.1, "Weight of the contrastive loss beside the misfit.")
_SKETCHES = flags.DEFINE_integer(
    "sketches", 32, "Scenes of a batch that are shown as far as the CLIP itself sketched them."
)
_INIT = flags.DEFINE_string("init", "", "Directory of a CLIP to go on from; else random.")
_REMEMBERED = flags.DEFINE_integer(
    "remembered", 500, "Updates that the mean of the weights goes back.", lower_bound=1
)
_CALM = flags.DEFINE_float(
    "calm", 0.6, "Share of scenes that show the typical picture of a noun in its usual place."
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of weights and scenes.")


@flags.multi_flags_validator(["batch", "sketches"], message="--batch must be above --sketches")
def _fits(values: dict[str, int]) -> bool:
    return values["sketches"] < values["batch"]


def _scores(params, key, batch, pixels, painter_params, *, module, painter):
    """Retrieval among the captions of a test batch, finished; and the misfit, unfinished."""
    number = len(batch["scenes"].ground)
    draw_key, show_key = jax.random.split(key)
    images = jax.vmap(draw.draw, (0, 0, None))(
        jax.random.split(draw_key, number), batch["scenes"], pixels
    )
    nobody = guide_loss.begin(0, side=pixels.shape[1])
    batch = batch | {"lives": jnp.zeros(0, jnp.uint32)}
    shown = guide_loss.show(show_key, batch, pixels, nobody, painter, painter_params)
    found = [
        guide_loss.loss_fn(params, some, batch, module=module, match=0.0, faked=0)[1][0]
        for some in (shown._replace(states=images), shown)
    ]
    return found[0]["accuracy"], found[1]["misfit"]


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    workdir = pathlib.Path(_WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    art = scenes.load_art(_ART.value)
    run = clip_runs.begin(
        art, workdir, width=_WIDTH.value, layers=_LAYERS.value, patch=_PATCH.value,
        units=_UNITS.value, text_width=_TEXT_WIDTH.value, init=_INIT.value, seed=_SEED.value,
    )  # fmt: skip
    tx = clip_runs.optimizer(_LR.value, _STEPS.value)
    painter = painters.load("brush")
    sketches = guide_loss.begin(_SKETCHES.value, side=art.pixels.shape[1])
    mean = jax.tree.map(jnp.copy, run.params["clip"])  # state is donated, each array once
    state = run.params, tx.init(run.params), sketches, mean
    state, start, seconds = clip_runs.resume(workdir, state)
    if len(state[2].step) != _SKETCHES.value:
        state = (*state[:2], sketches, state[3])
    pixels = jax.device_put(art.pixels)
    typical = scenes.typical(art)
    tests = clip_runs.tests(art, run.tokenizer)
    step_fn = functools.partial(
        guide_loss.train_step,
        module=run.module,
        tx=tx,
        painter=painter.module,
        remembered=_REMEMBERED.value,
    )
    train = jax.jit(step_fn, donate_argnums=0)
    scores_of = jax.jit(functools.partial(_scores, module=run.module, painter=painter.module))
    log = (workdir / "log.jsonl").open("a")
    began, scores, record = time.time() - seconds, None, {}
    stop = min(_STOP_AT.value or _STEPS.value, _STEPS.value)

    def test() -> dict[str, float]:
        found = {}
        for kind, some in tests.items():
            params = state[0] | {"clip": state[3]}
            pair = scores_of(params, jax.random.key(99), some, pixels, painter.params)
            found[kind], found[f"misfit_{kind}"] = (round(float(x), 4) for x in pair)
        return found

    for step in range(start, stop):
        rng = np.random.default_rng([_SEED.value, step])
        key = jax.random.fold_in(jax.random.key(_SEED.value + 1), step)
        life = guide_loss.SKETCH.sketch_steps
        made = [divmod(step + i * life // _SKETCHES.value, life) for i in range(_SKETCHES.value)]
        rngs = [np.random.default_rng([_SEED.value, 1 + i, n]) for i, (n, _) in enumerate(made)]
        batch = batches_lib.make(
            rng, art, run.tokenizer, _BATCH.value, fake_rngs=rngs, calm=_CALM.value, typical=typical
        )
        batch["lives"] = np.uint32([n * _SKETCHES.value + i for i, (n, _) in enumerate(made)])
        batch["renewed"] = np.array([age == 0 for _, age in made], bool)
        state, parts = train(state, key, batch, pixels, painter.params, _MATCH.value)
        smooth = lambda old, new: new if old is None else 0.95 * old + 0.05 * new  # noqa: E731
        record = {name: smooth(record.get(name), value) for name, value in parts.items()}
        if (step + 1) % 50 and step + 1 < stop:
            continue
        seconds = time.time() - began
        if (step + 1) % 500 == 0 or step + 1 == stop:
            scores = test()
            clip_runs.keep(workdir, state, step + 1, seconds)
        line = {"step": step + 1, "seconds": round(seconds, 1)}
        line |= {name: round(float(value), 4) for name, value in record.items()} | (scores or {})
        print(json.dumps(line), flush=True)
        log.write(json.dumps(line) + "\n")
        log.flush()
    scores, done = scores or test(), max(start, stop)  # it may have been finished before
    clip_runs.finish(
        workdir, run, state[3], art, init=_INIT.value,
        names=("steps", "batch", "width", "layers", "units", "text_width", "patch", "lr", "match",
               "sketches", "calm", "remembered", "seed"),
        updates=done, scenes=done * _BATCH.value, seconds=round(seconds, 1), held_out=scores,
    )  # fmt: skip
    own = pathlib.Path(_INIT.value) / clip_lib.RECIPE  # how it likes to be painted with: sketching
    recipe = own if _INIT.value and own.exists() else clip_lib.BUNDLED / clip_lib.RECIPE
    shutil.copy(recipe, workdir / "model" / clip_lib.RECIPE)


if __name__ == "__main__":
    app.run(main)
