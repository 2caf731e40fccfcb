"""Repaints the taught pictures with the neural painter, as one more style of art.

    python -m experiments.paint_art --art=/tmp/art.npz --out=/tmp/painted.npz

Fits a few strokes to each picture by gradient descent on its pixels, over black and
over white so that transparency is kept. A CLIP that has seen things made of strokes
judges a painting by what it shows and not by how it is made.
"""

from __future__ import annotations

import dataclasses
import functools

from absl import app, flags
import jax
import jax.numpy as jnp
import numpy as np
import optax
from tqdm import tqdm

from experiments import scenes, user_errors
from jaxpaint import optimize, painters
from jaxpaint.config import Config

_ART = flags.DEFINE_string("art", "/tmp/art.npz", "Output of experiments.art.")
_OUT = flags.DEFINE_string("out", "/tmp/painted.npz", "Array file to write: the same and more.")
_STROKES = 40  # a picture
_STEPS = 120  # of Adam, a picture
_BATCH = 16  # pictures a call


def both(
    latents: jax.Array, noise: jax.Array, painter: painters.Painter, *, config: Config
) -> list[jax.Array]:
    """The strokes of latents `[S, A]` on black and on white, each `[H, W, 3]` in [0, 1]."""
    grounds = [dataclasses.replace(config, background=(level,) * 3) for level in (0.0, 1.0)]
    return [
        optimize.paint(latents, noise, painter.module, painter.params, config=ground)[0]
        for ground in grounds
    ]


def fit(
    key: jax.Array, sprite: jax.Array, painter: painters.Painter, *, config: Config, steps: int
) -> jax.Array:
    """Repaints one sprite.

    Args:
      key: typed PRNG key, of the first strokes and the texture.
      sprite: `[H, W, 4]` in [0, 1], straight alpha.
      painter: a trained painter.
      config: size and number of strokes.
      steps: of Adam.

    Returns:
      The sprite made of strokes, likewise `[H, W, 4]`.
    """
    black = sprite[..., :3] * sprite[..., 3:]
    targets = [black, black + 1 - sprite[..., 3:]]
    noise = painters.noise_for(key, painter, config.strokes)
    start = optimize.init(jax.random.bits(key, (), jnp.uint32), config=config).latents
    tx = optax.adam(optax.cosine_decay_schedule(0.15, steps, 0.1))

    def loss(latents):
        pictures = both(latents, noise, painter, config=config)
        return sum(jnp.mean((p - t) ** 2) for p, t in zip(pictures, targets))

    def step(carry, _):
        latents, opt_state = carry
        update, opt_state = tx.update(jax.grad(loss)(latents), opt_state)
        return (optax.apply_updates(latents, update), opt_state), None

    (latents, _), _ = jax.lax.scan(step, (start, tx.init(start)), None, length=steps)
    black, white = both(latents, noise, painter, config=config)
    alpha = jnp.clip(1 - (white - black).mean(-1, keepdims=True), 0, 1)
    return jnp.concatenate([jnp.clip(black / (alpha + 1e-4), 0, 1), alpha], -1)


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    data = dict(np.load(_ART.value))
    painter, side = painters.load("brush"), data["pictures"].shape[1]
    config = Config(height=side, width=side, strokes=_STROKES, init_ink=0.35)
    taught = scenes.read_shares(data, _ART.value)[data["labels"]] > 0
    rows = np.flatnonzero(taught)
    one = functools.partial(fit, painter=painter, config=config, steps=_STEPS)
    many = jax.jit(lambda keys, sprites: jax.lax.map(lambda x: one(*x), (keys, sprites)))
    painted = []
    for i in tqdm(range(0, len(rows), _BATCH), desc="painting art"):
        some = np.resize(rows[i : i + _BATCH], _BATCH)
        keys = jax.vmap(jax.random.key)(some)
        sprites = jnp.asarray(data["pictures"][some], jnp.float32) / 255
        painted.append(np.round(255 * np.asarray(many(keys, sprites))).astype(np.uint8))
    data["pictures"] = np.concatenate([data["pictures"], *painted])[: len(taught) + len(rows)]
    for name, change in (("labels", 0), ("styles", scenes.STYLES)):
        data[name] = np.concatenate([data[name], data[name][rows] + change]).astype(np.int32)
    np.savez(_OUT.value, **data)


if __name__ == "__main__":
    app.run(main)
