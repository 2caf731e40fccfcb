"""Fakes: paintings of captions, made with a CLIP while it learns, to learn from.

Each is a small painting that `jaxpaint.optimize` steps towards its caption under the
CLIP as it is, a step an update. `train_clip` holds them against their own captions, so
that strokes which please CLIP without showing the thing lose their reward (the
energy-based view of CLIP of CLIP-JEM, Ganz & Elad 2024, with brushstrokes in place of
pixels). `train_guide` teaches the gradient to lead each, from wherever it led it, to a
picture of the caption: states of its own making are what a guide meets in use
(imitation learning's remedy, DAgger of Ross et al. 2011).
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

# One wide view a step. Both recipes are spelt out, so that they stay what was trained
# with when the defaults of painting change. Steps are the life of a fake.
ADVERSARIAL = Config(
    height=scenes.SIDE, width=scenes.SIDE, strokes=40, steps=96,
    crops=0, zooms=0, wides=1, wide_scale=(0.8, 1.05), view_noise=(0.1, 0.1), init_ink=0.35,
    lr_shape=0.12, lr_pen=0.06, lr_color=0.12, lr_frame=0.06, adam_eps=1e-8, ink_decay=0.0,
)  # fmt: skip
GUIDED = Config(
    height=scenes.SIDE, width=scenes.SIDE, strokes=40, steps=96,
    crops=0, zooms=0, wides=1, wide_scale=(0.85, 1.0), view_noise=(0.1, 0.03), init_ink=0.3,
    lr_shape=0.1, lr_pen=0.06, lr_color=0.12, lr_frame=0.05, adam_eps=0.1, ink_decay=0.1,
)  # fmt: skip


def start(key: jax.Array, number: int, *, config: Config) -> optimize.PaintState:
    """First strokes of `number` fakes: leaves with a leading axis `F = number`."""
    seeds = jax.random.bits(key, (number,), jnp.uint32)
    return jax.vmap(lambda seed: optimize.init(seed, config=config))(seeds)


def renew(
    key: jax.Array, fakes: optimize.PaintState, which: jax.Array, *, config: Config
) -> optimize.PaintState:
    """The fakes `[F]` bool begun anew, the others as they are."""
    fresh = start(key, len(which), config=config)
    pick = lambda a, b: jnp.where(which.reshape(-1, *[1] * (a.ndim - 1)), a, b)  # noqa: E731
    return jax.tree.map(pick, fresh, fakes)


def show(
    latents: jax.Array, key: jax.Array, painter: nn.Module, params: Any, *, config: Config
) -> jax.Array:
    """What CLIP is shown of the latents `[F, S, A]` of fakes: `[F, SIDE, SIDE, 3]` in [0, 1].

    Noise of the view may leave that range. `painter` and `params` are a trained painter.
    """

    def one(latents: jax.Array, key: jax.Array) -> jax.Array:
        noise = jnp.zeros((config.strokes, getattr(painter, "dabs", 1), 3))
        picture, _ = optimize.paint(latents, noise, painter, params, config=config)
        return cutouts.make(key, picture, resolution=scenes.SIDE, config=config)[0]

    return jax.vmap(one)(latents, jax.random.split(key, len(latents)))


def show_targets(whole: jax.Array, key: jax.Array, *, config: Config) -> jax.Array:
    """What fakes should become, `[F, SIDE, SIDE, 3]`, in the very views of `show`, likewise.

    Without the noise.
    """
    calm = dataclasses.replace(config, view_noise=(0.0, 0.0))
    look = lambda w, k: cutouts.make(k, w, resolution=scenes.SIDE, config=calm)[0]  # noqa: E731
    return jax.vmap(look)(whole, jax.random.split(key, len(whole)))


def climb(
    fakes: optimize.PaintState, gradient: jax.Array, *, config: Config
) -> optimize.PaintState:
    """One step up the gradient `[F, S, A]` of what CLIP makes small, or the prompt's similarity."""
    return jax.vmap(lambda state, g: optimize.nudge(state, -g, config=config))(fakes, gradient)
