"""Fake pictures for training a CLIP: paintings of captions, made while it learns.

Each fake is a small painting that `jaxpaint.optimize` steps towards its caption under
the CLIP as it is, a step an update. The gradient is trained to lead it, from wherever
it led it, to one picture that the caption is true of: states
of its own making are what a guide meets in use (imitation learning's remedy, DAgger of
Ross et al. 2011; optimised pictures as training data of CLIP are from CLIP-JEM, Ganz &
Elad 2024).
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from experiments import scenes
from jaxpaint import cutouts, optimize
from jaxpaint.config import Config

STEPS = 96  # updates that a fake lives, a step each
# One view a step. The recipe is spelt out, so that it stays what a guide
# is trained with when the defaults of painting change.
CONFIG = Config(
    height=scenes.SIDE, width=scenes.SIDE, strokes=40, steps=STEPS,
    crops=0, zooms=0, wides=1, wide_scale=(0.85, 1.0), view_noise=(0.1, 0.03), init_ink=0.3,
    lr_shape=0.1, lr_pen=0.06, lr_color=0.12, lr_frame=0.05, adam_eps=0.1, ink_decay=0.1,
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
    latents: jax.Array, whole: jax.Array, key: jax.Array, painter: nn.Module, params: Any
) -> tuple[jax.Array, jax.Array]:
    """What CLIP is shown of fakes, and what each should have become, in the same view.

    Args:
      latents: `[F, S, A]`.
      whole: what they should become, `[F, SIDE, SIDE, 3]`.
      key: typed PRNG key of the views.
      painter, params: a trained painter.

    Returns:
      Both `[F, SIDE, SIDE, 3]` in [0, 1]; noise of the view may leave that range.
    """
    calm = dataclasses.replace(CONFIG, view_noise=(0.0, 0.0))

    def one(latents: jax.Array, whole: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        noise = jnp.zeros((CONFIG.strokes, getattr(painter, "dabs", 1), 3))
        picture, _ = optimize.paint(latents, noise, painter, params, config=CONFIG)
        look = functools.partial(cutouts.make, key, resolution=scenes.SIDE)
        return look(picture, config=CONFIG)[0], look(whole, config=calm)[0]

    return jax.vmap(one)(latents, whole, jax.random.split(key, len(latents)))


def climb(fakes: optimize.PaintState, gradient: jax.Array) -> optimize.PaintState:
    """One step up the gradient `[F, S, A]` of the similarity with the captions."""
    return jax.vmap(lambda state, g: optimize.nudge(state, -g, config=CONFIG))(fakes, gradient)
