"""The sketch: a small picture that CLIP's gradient draws, for the strokes to follow.

A CLIP whose gradient was trained to finish half-done pictures (the bundled one) draws
what a prompt means in some fifty steps of gradient ascent on pixels: its slope is a
denoiser's (Song & Ermon 2019). Strokes alone find the same similarity by messier ways, so
a painting of such a CLIP begins as a sketch, as a painter's does, and the loss has a term
for how far the canvas is from it. A CLIP of the usual kind would draw noise
that only it can read: `Config.sketch_steps` is 0 by default, and a model that can
sketch says so in its recipe.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxpaint import clip, cutouts
from jaxpaint.config import Config

_STEEPEST = 3.0  # longest step, of the first one's


class Sketch(NamedTuple):
    """All that changes while sketching."""

    picture: jax.Array  # [R, R, 3] float32 in [0, 1]
    scale: jax.Array  # [] root mean square of the first gradient; 0 before it
    step: jax.Array  # [] int32, steps taken


def begin(*, resolution: int, config: Config) -> Sketch:
    """Empty paper, `[R, R, 3]` of the background's colour."""
    paper = jnp.broadcast_to(jnp.asarray(config.background), (resolution, resolution, 3))
    return Sketch(paper, jnp.zeros(()), jnp.int32(0))


def look(key: jax.Array, picture: jax.Array, *, views: int, noise: float | jax.Array) -> jax.Array:
    """Random views `[views, R, R, 3]` of a sketch `[R, R, 3]`, a little shifted and scaled.

    They keep the grid of CLIP's patches from showing. `noise`: its standard deviation.
    """
    side = len(picture)
    config = Config(
        height=side, width=side, crops=0, zooms=0, wides=views, wide_scale=(0.9, 1.05),
        view_noise=(0.0, 0.0),
    )  # fmt: skip
    view_key, noise_key = jax.random.split(key)
    seen = cutouts.make(view_key, picture, resolution=side, config=config)
    return seen + noise * jax.random.normal(noise_key, seen.shape)


def noise_at(step: jax.Array, *, config: Config) -> jax.Array:
    """Noise of the views at a step: 0.05 at first, 0.015 at the end."""
    return 0.05 - 0.035 * step / max(config.sketch_steps, 1)


def follow(sketch: Sketch, gradient: jax.Array, *, config: Config) -> Sketch:
    """One step up the gradient `[R, R, 3]` of the similarity with the prompt.

    Steps shrink as the gradient does. Whatever differs from the paper by less than
    `config.sketch_paper` a step goes back to it (Daubechies et al. 2004, iterative
    shrinkage), so that nothing is drawn where nothing is wanted.
    """
    size = jnp.sqrt(jnp.mean(gradient**2) + 1e-20)
    scale = jnp.where(sketch.step == 0, size, sketch.scale)
    steps = config.sketch_rate * gradient / scale * jnp.minimum(1.0, _STEEPEST * scale / size)
    paper = jnp.asarray(config.background)
    ink = jnp.clip(sketch.picture + steps, 0.0, 1.0) - paper
    ink = jnp.sign(ink) * jnp.maximum(jnp.abs(ink) - config.sketch_paper, 0.0)
    return Sketch(paper + ink, scale, sketch.step + 1)


def aim(text: jax.Array, mean: jax.Array, *, config: Config) -> jax.Array:
    """Unit features `[D]` to sketch for a prompt with features `text` `[D]`.

    Past the prompt, away from the `mean` of words `[D]`, by `config.sketch_beyond`: as
    classifier-free guidance does (Ho & Salimans 2022), for firmer colours and outlines.
    """
    beyond = text + config.sketch_beyond * (text - mean)
    return beyond / jnp.linalg.norm(beyond)


def draw(
    key: jax.Array, text: jax.Array, module: nn.Module, params: Any,
    *, mean: tuple[float, ...], std: tuple[float, ...], resolution: int, config: Config,
) -> jax.Array:  # fmt: skip
    """Sketches one prompt.

    Args:
      key: typed PRNG key of the views.
      text: `[D]` unit features (of `aim`).
      module, params: the CLIP; `mean`, `std` and `resolution` are its own.
      config: `sketch_steps` and what begins with `sketch_`.

    Returns:
      `[R, R, 3]` float32 in [0, 1]; empty paper for no steps.
    """

    def similarity(picture: jax.Array, key: jax.Array, step: jax.Array) -> jax.Array:
        noise = noise_at(step, config=config)
        seen = look(key, picture, views=config.sketch_views, noise=noise)
        image = clip.encode_image(module, params, clip.normalize(seen, mean, std))
        return jnp.mean(image @ text)

    def body(_: int, sketch: Sketch) -> Sketch:
        step_key = jax.random.fold_in(key, sketch.step)
        gradient = jax.grad(similarity)(sketch.picture, step_key, sketch.step)
        return follow(sketch, gradient, config=config)

    empty = begin(resolution=resolution, config=config)
    return jax.lax.fori_loop(0, config.sketch_steps, body, empty).picture
