"""What a painting is asked to minimise: named scalars that sum to the loss."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxpaint.config import Config


def terms(
    image: jax.Array, text: jax.Array, alpha: jax.Array, done: jax.Array, *, config: Config
) -> dict[str, jax.Array]:
    """The weighted terms of one canvas; their sum is the loss, and they are the log.

    Args:
      image: unit features of the cutouts `[K, D]`.
      text: unit features of the prompt `[D]`.
      alpha: the strokes on the canvas `[S, H, W]` in [0, 1].
      done: share of all steps that is done, in [0, 1).
      config: the weights.

    Returns:
      `cosine`, the mean of 1 - cos over the cutouts (the loss of diavlex), in
      [0, 2]; `ink`, the mean alpha of a stroke, weighted, when its weight is not 0. It
      sets in after the subject has formed (`config.ink_from`) and wipes away strokes
      that CLIP does not miss; from the start it would wipe away all.
    """
    out = {"cosine": jnp.mean(1.0 - image @ text)}
    if config.ink_weight:
        on = done >= config.ink_from
        out["ink"] = config.ink_weight * on * jnp.mean(alpha)
    return out


def unlikeness(whole: jax.Array, sketch: jax.Array, *, config: Config) -> jax.Array:
    """The term `sketch`: the weighted mean squared difference of two pictures `[N, N, 3]`."""
    return config.sketch_weight * jnp.mean((whole - sketch) ** 2)
