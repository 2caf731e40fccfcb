"""Unfinished pictures for training a CLIP, and how its gradient should finish them.

A painting climbs the gradient of the similarity with its prompt, so the gradient is
trained as such: shown a half-done picture and the caption, it should point to what is
missing. Regression on the difference makes it the expected difference given both, as
the velocity of flow matching (Lipman et al. 2023) is; aligning input gradients with
pictures of the class is from Ganz et al. (2023), "Do perceptually aligned gradients
imply robustness?".
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from experiments import draw, scenes
from jaxpaint import actions, canvas, cutouts, painters
from jaxpaint.config import Config

_STROKES = 12  # most stray strokes on a picture


def unfinish(
    key: jax.Array, image: jax.Array, other: jax.Array, paper: jax.Array, primed: jax.Array,
    painter: nn.Module, params: Any,
) -> jax.Array:  # fmt: skip
    """A state that a painting of `image` `[H, W, 3]` may pass through, likewise.

    The picture blurred and faint, or some parts of it, on its `paper`, likewise, if that is
    `primed` (bool); else on a white or, now and then, other ground, and one in eight begins as
    a wholly `other` picture. There are stray strokes on it; one in ten is finished but for
    those. Some are overdone: too large or too strong. `painter` and `params` are a trained
    painter.
    """
    keys = jax.random.split(key, 10)
    begun = jnp.where(
        jax.random.bernoulli(keys[1], 0.75), jnp.ones(3), jax.random.uniform(keys[2], (3,))
    )
    begun = jnp.where(jax.random.bernoulli(keys[6], 0.125), other, begun)
    begun = jnp.where(primed, paper, begun)
    zoom = 1 + 0.8 * jax.random.uniform(keys[7]) * jax.random.bernoulli(keys[8], 0.15)
    shown = paper + cutouts.crop(
        image - paper, jnp.array([0.5, 0.5, 1.0, 1.0]) / jnp.array([1.0, 1.0, zoom, zoom]),
        jnp.zeros(3), resolution=len(image),
    )  # fmt: skip
    width = 0.3 * 30.0 ** jax.random.uniform(keys[3]) * len(image) / scenes.SIDE  # pixels
    # How far each place is: much the same everywhere, or some parts before others.
    patches = jax.random.uniform(keys[4], (4, 4, 1), minval=-0.5, maxval=0.5)
    patches *= jax.random.bernoulli(keys[5], 0.5)
    far = 1.3 * jax.random.uniform(keys[0]) + 1.4 * jax.image.resize(
        patches, (*image.shape[:2], 1), "cubic"
    )
    far = jnp.clip(far, 0.0, 1.3)
    finish_key, stray_key = jax.random.split(keys[9])
    finished = jax.random.bernoulli(finish_key, 0.1)
    far, width = jnp.where(finished, 1.0, far), jnp.where(finished, 0.3, width)
    state = jnp.clip(begun + far * (draw.blur(shown, width) - begun), 0.0, 1.0)
    return stray(stray_key, state, painter, params)


def stray(key: jax.Array, image: jax.Array, painter: nn.Module, params: Any) -> jax.Array:
    """The picture with up to twelve random strokes on it; on one in three none."""
    side, keys = len(image), jax.random.split(key, 5)
    config = Config(height=side, width=side, strokes=_STROKES, frame_min=0.25, frame_max=1.1)
    latents = 1.2 * jax.random.normal(keys[0], (_STROKES, actions.NUM_ACTIONS))
    # Colours are those of some places of the picture or any.
    spots = jax.random.randint(keys[1], (_STROKES, 2), 0, side)
    near = image[spots[:, 0], spots[:, 1]]
    wild = jax.random.uniform(keys[2], near.shape)
    colors = jnp.where(jax.random.bernoulli(keys[3], 0.5, (_STROKES, 1)), near, wild)
    amount = jax.random.uniform(keys[4], (2,))
    stroke = actions.bound(latents)
    noise = jnp.zeros((_STROKES, getattr(painter, "dabs", 1), 3))
    alpha = painters.apply(painter, params, stroke, noise)
    alpha = canvas.place(alpha, actions.frames(stroke, config), height=side, width=side)
    drawn = jnp.arange(_STROKES) < _STROKES * (1.5 * amount[0] - 0.5)
    alpha = alpha * (drawn * (0.2 + 0.8 * amount[1]))[:, None, None]
    return canvas.blend(alpha, colors, image)


def misfit(gradient: jax.Array, wanted: jax.Array, weight: jax.Array) -> jax.Array:
    """How far gradients `[N, ...]` are from a multiple of what is wanted: 0 to 2.

    One minus the cosine of all pictures' numbers taken together, weighted by `[N]`: the
    multiple is one for all, so the gradient is also small where little is missing.
    """
    weight = weight.reshape(-1, *[1] * (gradient.ndim - 1))
    dot = lambda a, b: jnp.sum(weight * a * b)  # noqa: E731
    size = jnp.sqrt(dot(gradient, gradient) * dot(wanted, wanted) + 1e-20)
    return 1 - dot(gradient, wanted) / size
