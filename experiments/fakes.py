"""Fake pictures for training a CLIP: paintings of captions, made while it learns.

Each fake is a small painting that `jaxpaint.optimize` steps towards its caption under
the CLIP as it is, a step an update. Training holds it against its own caption, so
strokes that please CLIP without showing the thing lose their reward. This is the
energy-based view of CLIP of CLIP-JEM (Ganz & Elad 2024), with brushstrokes in place
of pixels.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from experiments import scenes
from jaxpaint import cutouts, optimize
from jaxpaint.config import Config

BATCHES = 32  # batches that a fake lives, some steps in each
# One wide view a step. The recipe is spelt out, so that it stays what the bundled CLIP
# was trained with when the defaults of painting change.
CONFIG = Config(
    height=scenes.SIDE, width=scenes.SIDE, strokes=40, steps=3 * BATCHES,
    crops=0, zooms=0, wides=1, wide_scale=(0.8, 1.05), view_noise=(0.1, 0.1), init_ink=0.35,
    lr_shape=0.12, lr_pen=0.06, lr_color=0.12, lr_frame=0.06, adam_eps=1e-8, ink_decay=0.0,
)  # fmt: skip


def start(key: jax.Array, number: int) -> optimize.PaintState:
    """First strokes of `number` fakes: leaves with a leading axis `F = number`."""
    seeds = jax.random.bits(key, (number,), jnp.uint32)
    return jax.vmap(lambda seed: optimize.init(seed, config=CONFIG))(seeds)


def renew(key: jax.Array, fakes: optimize.PaintState, which: jax.Array) -> optimize.PaintState:
    """The fakes `[F]` bool begun anew, the others as they are."""
    fresh = start(key, len(which))
    pick = lambda a, b: jnp.where(which.reshape(-1, *[1] * (a.ndim - 1)), a, b)  # noqa: E731
    return jax.tree.map(pick, fresh, fakes)


def show(
    latents: jax.Array, key: jax.Array, painter: nn.Module, params: Any, *, side: int = scenes.SIDE
) -> jax.Array:
    """What CLIP is shown of the latents `[F, S, A]` of fakes: `[F, side, side, 3]` in [0, 1].

    Noise of the view may leave that range. `painter` and `params` are a trained painter.
    """

    config = dataclasses.replace(CONFIG, height=side, width=side)

    def one(latents: jax.Array, key: jax.Array) -> jax.Array:
        noise = jnp.zeros((config.strokes, getattr(painter, "dabs", 1), 3))
        picture, _ = optimize.paint(latents, noise, painter, params, config=config)
        return cutouts.make(key, picture, resolution=side, config=config)[0]

    return jax.vmap(one)(latents, jax.random.split(key, len(latents)))


def climb(fakes: optimize.PaintState, gradient: jax.Array) -> optimize.PaintState:
    """One step up the gradient `[F, S, A]` of the loss that CLIP minimises."""
    return jax.vmap(lambda state, g: optimize.nudge(state, -g, config=CONFIG))(fakes, gradient)
