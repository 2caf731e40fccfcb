"""What neural painters are trained to minimise: of alpha, of RGB on white, against critics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxpaint import actions, clip

LAYERS = (
    5 / 22,
    15 / 22,
    2 / 22,
)  # weights of three layers: 5, 15, 2 in the Joy of Neural Painting


class Eye(NamedTuple):
    """The image tower that `unlikeness` compares features of; its weights are an argument."""

    module: nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resolution: int


def energy_score(real: jax.Array, one: jax.Array, two: jax.Array) -> jax.Array:
    """Energy score of image patches at four scales, of `[N, 64, 64]` pictures."""

    def distance(a: jax.Array, b: jax.Array, side: int) -> jax.Array:
        square = (a - b).reshape(-1, 64 // side, side, 64 // side, side) ** 2
        return jnp.sqrt(square.sum((2, 4)) + 1e-6).mean() / side

    score = lambda side: (  # noqa: E731
        (distance(real, one, side) + distance(real, two, side) - distance(one, two, side)) / 2
    )
    return score(4) + score(8) + score(16) + score(64)


def of_alpha(params, geometry, alpha, key, *, module, scatter):
    """Squared error of the alpha, or its energy score over two draws of noise."""
    shape = (2, geometry.shape[0], getattr(module, "dabs", 1), 3)
    noise = jax.random.normal(key, shape)
    first = module.apply({"params": params}, geometry, noise[0])
    if not scatter:
        return jnp.mean((first - alpha) ** 2)
    second = module.apply({"params": params}, geometry, noise[1])
    return energy_score(alpha, first, second)


def on_white(colors: Any, geometry: Any, alpha: Any) -> tuple[jax.Array, jax.Array]:
    """Strokes in colours as a published painter learns them.

    The alpha is what MyPaint drew and the colour is put in by arithmetic, so that every
    step can have colours of its own.

    Args:
      colors: `[N, 3]` in [0, 1].
      geometry: `[N, 9]`.
      alpha: `[N, 64, 64]` in [0, 1].

    Returns:
      Actions `[N, 12]` and RGB `[N, 64, 64, 3]`.
    """
    stroke = jnp.zeros((len(colors), 12)).at[:, actions.GEOMETRY].set(geometry)
    stroke = stroke.at[:, actions.COLOR].set(colors)
    return stroke, 1 + alpha[..., None] * (colors[:, None, None] - 1)


def squared(painted: jax.Array, real: jax.Array, extra: jax.Array | float) -> jax.Array:
    """Squared error, summed over a picture, the mean over `[N, 64, 64, 3]`.

    What is not white counts `extra` times: early in a training strokes are small and
    white paper is a tempting answer (Nakano 2019).
    """
    weight = jnp.where(jnp.mean(real, -1, keepdims=True) < 1, extra, 1.0)
    return jnp.mean(jnp.sum(weight * (painted - real) ** 2, (1, 2, 3)))


def divergence(mean: jax.Array, log_variance: jax.Array, tolerance: float) -> jax.Array:
    """Mean KL divergence of `[N, D]` normals from the standard one, at least `tolerance D`.

    Below that, it costs no less, so nothing draws the latents nearer (Ha & Schmidhuber 2018,
    World Models; Nakano 2019 has a tolerance of 0.5).
    """
    terms = mean**2 + jnp.exp(log_variance) - 1 - log_variance
    return jnp.mean(jnp.maximum(jnp.sum(terms, -1) / 2, tolerance * mean.shape[-1]))


def penalty(
    score: Callable[[jax.Array], jax.Array],
    real: jax.Array,
    painted: jax.Array,
    share: jax.Array,
) -> jax.Array:
    """How far a critic's slope is from 1: WGAN-GP (Gulrajani et al. 2017).

    Args:
      score: the critic, `[N, 64, 64, 3]` to `[N]`.
      real, painted: pictures that it is asked about, mixed.
      share: of the real ones, `[N]` in [0, 1].
    """
    share = share[:, None, None, None]
    between = share * real + (1 - share) * painted
    slope = jax.grad(lambda rgb: jnp.sum(score(rgb)))(between)
    length = jnp.sqrt(jnp.sum(slope**2, (1, 2, 3)) + 1e-12)
    return jnp.mean((length - 1) ** 2)


def unlikeness(painted: jax.Array, real: jax.Array, weights: Any, *, eye: Eye) -> jax.Array:
    """The feature loss of the Joy of Neural Painting, with a CLIP for an eye.

    Absolute differences of pixels, of the features of three layers and of their Gram
    matrices (Johnson et al. 2016). The authors' features are VGG16's, with weights for the
    sizes that those have; here every layer's differences are relative to the size of what
    the real strokes give, and the layers' weights are the authors', scaled to sum to one.

    Args:
      painted, real: `[N, 64, 64, 3]`.
      weights: of the image tower.
      eye: the image tower.
    """
    relative = lambda a, b: jnp.mean(jnp.abs(a - b)) / (jnp.mean(jnp.abs(b)) + 1e-8)  # noqa: E731
    gram = lambda x: jnp.einsum("ktv,ktw->kvw", x, x) / x.shape[1]  # noqa: E731

    def look(rgb: jax.Array) -> tuple[jax.Array, ...]:
        shape = (len(rgb), eye.resolution, eye.resolution, 3)
        seen = clip.normalize(jax.image.resize(rgb, shape, "linear"), eye.mean, eye.std)
        return clip.image_layers(eye.module, weights, seen)

    layers = zip(LAYERS, look(painted), look(jax.lax.stop_gradient(real)))
    features = sum(w * (relative(a, b) + relative(gram(a), gram(b))) for w, a, b in layers)
    return features + jnp.mean(jnp.abs(painted - real))
