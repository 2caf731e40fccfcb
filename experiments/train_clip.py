"""Trains the bundled CLIP on scenes composed from emoji art.

    python -m experiments.art --out=/tmp/art.npz
    python -m experiments.train_clip --art=/tmp/art.npz --workdir=runs/clip

(`experiments/README.md` has the two stages of the shipped weights.)

A small CLIP (the Flax classes of transformers, hub file format, own tokenizer) is
trained to be *guided by*: every batch is used `--replays` times while the pictures
are pushed within an L2 ball towards being misread ("free" adversarial training,
Shafahi et al. 2019), because the input gradients of robust models look like the
thing itself (Santurkar et al. 2019; CLIPAG, Ganz & Elad 2024). Negatives beside the
batch: captions wrong in one thing, pictures with shuffled tiles, and
`experiments.fakes`, paintings that are optimised to please it meanwhile. Linear heads
that name the noun, colour and ground help it learn from few samples and are thrown away.
Attack and fakes start after `--clean` of all updates. Resumes from its
checkpoint.
"""

from __future__ import annotations

import functools
import json
import pathlib
import time

from absl import app, flags
import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments import batches as batches_lib
from experiments import clip_files, clip_runs, draw, scenes, user_errors
from experiments import fakes as fakes_lib
from jaxpaint import clip, painters

_CLUTTER = 8  # pictures with shuffled tiles a batch

_ART = flags.DEFINE_string("art", "/tmp/art.npz", "Output of experiments.art.")
_WORKDIR = flags.DEFINE_string("workdir", "runs/clip", "Checkpoint, log and model.")
_STEPS = flags.DEFINE_integer("steps", 6000, "Weight updates.")
_STOP_AT = flags.DEFINE_integer(
    "stop_at", 0, "Batch to stop at, to go on another time; 0: after all of them."
)
_REPLAYS = flags.DEFINE_integer("replays", 3, "Updates a batch once the attack is on.")
_CLEAN = flags.DEFINE_float("clean", 0.5, "Fraction of updates before the attack.")
_BATCH = flags.DEFINE_integer("batch", 64, "Scenes a batch.", lower_bound=_CLUTTER)
_WIDTH = flags.DEFINE_integer("width", 128, "Width of the image tower.")
_LAYERS = flags.DEFINE_integer("layers", 4, "Layers of the image tower.")
_UNITS = flags.DEFINE_integer(
    "units", 4, "Hidden units of such a layer, for each channel.", lower_bound=1
)
_TEXT_WIDTH = flags.DEFINE_integer("text_width", 128, "Width of the text tower.")
_PATCH = flags.DEFINE_integer(
    "patch", 8, "Side of a patch in pixels: a divisor of that of the art.", lower_bound=1
)
_LR = flags.DEFINE_float("lr", 1e-3, "Peak learning rate.")
_EPSILON = flags.DEFINE_float("epsilon", 2.5, "Final L2 radius of the attack.")
_RAMP = flags.DEFINE_float("ramp", 0.6, "Share of the attacked batches before full epsilon.")
_FAKES = flags.DEFINE_integer(
    "fakes", 16, "Paintings of captions that are optimised beside the batch."
)
_INIT = flags.DEFINE_string("init", "", "Directory of a CLIP to go on from; else random.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of weights, scenes and attacks.")
_HEAD_WEIGHTS = (0.5, 0.25, 0.1)  # of the heads for noun, colour and ground
_HAZE = 0.2  # largest standard deviation of the noise over a picture


@flags.multi_flags_validator(["batch", "fakes"], message="--batch must be above --fakes")
def _fits(values: dict[str, int]) -> bool:
    return values["fakes"] < values["batch"]


def loss_fn(params, images, module, batch):
    """Contrastive loss (Radford et al. 2021) that ignores compatible pairs.

    `images` holds N scenes, then pictures without a caption, then F fakes of the
    first F captions; `batch["ids"]` holds N captions and then wrong captions;
    `batch["compatible"]` [N, 2 N] marks those that may be true of another picture
    too; `batch["facts"]` [N, 3] are the answers for the linear heads.
    """
    number = len(batch["compatible"])
    pixels = clip.normalize(images, clip_files.MEAN, clip_files.STD)
    image = clip.encode_image(module, params["clip"], pixels)
    text = clip.encode_text(module, params["clip"], batch["ids"], batch["mask"])
    logits = jnp.exp(jnp.minimum(params["clip"]["logit_scale"], 4.6)) * image @ text.T
    off = batch["compatible"] & ~jnp.eye(number, 2 * number, dtype=bool)
    # A fake is held against its own caption alone.
    clutter = min(_CLUTTER, len(images) - number)
    other = ~jnp.eye(len(images) - number - clutter, number, dtype=bool)
    other = jnp.pad(other, ((clutter, 0), (0, number)))
    logits += jnp.where(jnp.concatenate([off, other]), -1e4, 0.0)
    target = jnp.arange(number)
    ce = optax.softmax_cross_entropy_with_integer_labels
    loss = (ce(logits[:number], target).mean() + ce(logits[:, :number].T, target).mean()) / 2
    for i, (head, weight) in enumerate(zip(params["heads"], _HEAD_WEIGHTS)):
        loss += weight * ce(10.0 * image[:number] @ head, batch["facts"][:, i]).mean()
    return loss, (logits[:number].argmax(-1) == target).mean()


def train_batch(
    state, key, batch, pixels, epsilon, painter_params, *, module, tx, painter, replays
):
    """Draws one batch and takes `replays` steps on ever harder copies of it.

    With one replay there is neither attack nor fakes.
    """
    params, opt_state, fakes = state
    key, noise_key, tile_key, fake_key = jax.random.split(key, 4)
    keys = jax.random.split(key, batch["compatible"].shape[0])
    images = jax.vmap(draw.draw, (0, 0, None))(keys, batch["scenes"], pixels)
    clutter = jax.vmap(_shuffle_tiles)(jax.random.split(tile_key, _CLUTTER), images[:_CLUTTER])
    images = jnp.concatenate([images, clutter])
    number = len(images)
    delta = 0.02 * jax.random.normal(noise_key, images.shape) * jnp.minimum(epsilon, 1.0)

    def replay(carry, view_key):
        params, opt_state, delta, fakes = carry
        show = lambda latents: fakes_lib.show(  # noqa: E731
            latents, view_key, painter, painter_params, side=pixels.shape[1]
        )
        shown, pull = jax.vjp(show, fakes.latents)
        # As noisy as a painting's views, most of them a little.
        haze_key, amount_key = jax.random.split(jax.random.fold_in(view_key, 0))
        haze = _HAZE * jax.random.uniform(amount_key, (number, 1, 1, 1)) ** 2
        haze *= jax.random.normal(haze_key, images.shape)
        attacked = jnp.concatenate([jnp.clip(images + delta, 0.0, 1.0) + haze, shown])
        grad = jax.value_and_grad(loss_fn, argnums=(0, 1), has_aux=True)
        (loss, accuracy), (g_params, g_images) = grad(params, attacked, module, batch)
        updates, opt_state = tx.update(g_params, opt_state, params)
        params = optax.apply_updates(params, updates)
        delta = delta + epsilon / max(replays - 1, 1) * 1.2 * _unit(g_images[:number])
        norm = jnp.sqrt(jnp.sum(delta**2, (1, 2, 3), keepdims=True))
        delta = delta * jnp.minimum(1.0, epsilon / (norm + 1e-6))
        fakes = fakes_lib.climb(fakes, pull(g_images[number:])[0])
        return (params, opt_state, delta, fakes), (loss, accuracy)

    renew_key, *view_keys = jax.random.split(fake_key, replays + 1)
    used = fakes_lib.renew(renew_key, fakes, batch["renewed"])
    if replays == 1:
        used = jax.tree.map(lambda x: x[:0], fakes)
    carry, (losses, accuracies) = jax.lax.scan(
        replay, (params, opt_state, delta, used), jnp.stack(view_keys), unroll=True
    )
    fakes = fakes if replays == 1 else carry[3]
    return (*carry[:2], fakes), {"loss": losses, "accuracy": accuracies}


def _unit(x):
    return x / (jnp.sqrt(jnp.sum(x**2, (1, 2, 3), keepdims=True)) + 1e-12)


def _shuffle_tiles(key, image):
    side = len(image) // 4
    tiles = image.reshape(4, side, 4, side, 3).swapaxes(1, 2).reshape(16, side, side, 3)
    tiles = jax.random.permutation(key, tiles)
    return tiles.reshape(4, 4, side, side, 3).swapaxes(1, 2).reshape(image.shape)


def _retrieval(params, key, batch, pixels, *, module):
    keys = jax.random.split(key, batch["compatible"].shape[0])
    images = jax.vmap(draw.draw, (0, 0, None))(keys, batch["scenes"], pixels)
    return loss_fn(params, images, module, batch)[1]


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
    total = _STEPS.value
    attack_from = round(total * _CLEAN.value)
    # Batches: one update each at first, then `replays` updates each.
    batches = attack_from + -(-(total - attack_from) // _REPLAYS.value)
    tx = clip_runs.optimizer(_LR.value, total)
    painter = painters.load("brush")
    fakes = fakes_lib.start(jax.random.key(_SEED.value), _FAKES.value)
    state, start, seconds = clip_runs.resume(workdir, (run.params, tx.init(run.params), fakes))
    pixels = jax.device_put(art.pixels)
    tests = clip_runs.tests(art, run.tokenizer)
    clean, attacked = (
        jax.jit(
            functools.partial(
                train_batch, module=run.module, tx=tx, painter=painter.module, replays=n
            ),
            donate_argnums=0,
        )
        for n in (1, _REPLAYS.value)
    )
    retrieval = jax.jit(functools.partial(_retrieval, module=run.module))
    log = (workdir / "log.jsonl").open("a")
    began, scores = time.time() - seconds, None
    stop = min(_STOP_AT.value or batches, batches)

    def test() -> dict[str, float]:
        found = {kind: retrieval(state[0], key, some, pixels) for kind, some in tests.items()}
        return {kind: round(float(share), 4) for kind, share in found.items()}

    for step in range(start, stop):
        rng = np.random.default_rng([_SEED.value, step])
        train = clean if step < attack_from else attacked
        ramp = (step - attack_from) / max(1.0, _RAMP.value * (batches - attack_from))
        epsilon = _EPSILON.value * min(1.0, max(0.0, ramp))
        key = jax.random.fold_in(jax.random.key(_SEED.value + 1), step)
        life = fakes_lib.BATCHES
        made = [divmod(step + i * life // _FAKES.value, life) for i in range(_FAKES.value)]
        rngs = [np.random.default_rng([_SEED.value, 1 + i, n]) for i, (n, _) in enumerate(made)]
        batch = batches_lib.make(rng, art, run.tokenizer, _BATCH.value, fake_rngs=rngs)
        batch["renewed"] = np.array([age == 0 for _, age in made])
        state, record = train(state, key, batch, pixels, epsilon, painter.params)
        if (step + 1) % 50 and step + 1 < stop:
            continue
        record = {k: [round(float(x), 3) for x in v] for k, v in record.items()}
        seconds = time.time() - began
        if (step + 1) % 100 == 0 or step + 1 == stop:
            scores = test()
            clip_runs.keep(workdir, state, step + 1, seconds)
        line = {
            "step": step + 1,
            "seconds": round(seconds, 1),
            "epsilon": epsilon,
            **record,
            **(scores or {}),
        }
        print(json.dumps(line), flush=True)
        log.write(json.dumps(line) + "\n")
        log.flush()
    scores, done = scores or test(), max(start, stop)  # it may have been finished before
    clip_runs.finish(
        workdir, run, state[0]["clip"], art, init=_INIT.value,
        names=("steps", "replays", "clean", "batch", "width", "layers", "units", "text_width",
               "patch", "lr", "epsilon", "ramp", "fakes", "seed"),
        updates=min(done, attack_from) + max(0, done - attack_from) * _REPLAYS.value,
        scenes=done * _BATCH.value, seconds=round(seconds, 1),
        held_out_retrieval_of_512=scores,
    )  # fmt: skip


if __name__ == "__main__":
    app.run(main)
