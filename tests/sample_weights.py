"""Weights for networks that need not be trained."""

import jax
import jax.numpy as jnp
import numpy as np


def weights(init, seed=0):
    """Random weights in the shapes that `init` would return; drawing them there compiles slowly."""
    rng = np.random.default_rng(seed)

    def draw(leaf):
        size = np.sqrt(2 * leaf.shape[-1] / leaf.size) if leaf.ndim > 1 else 0.2
        return jnp.asarray((leaf.ndim < 2) + size * rng.normal(size=leaf.shape), jnp.float32)

    return jax.tree.map(draw, jax.eval_shape(init))
