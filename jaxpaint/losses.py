"""What a painting is asked to minimise: named scalars that sum to the loss."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxpaint.config import Config

_GRID = 16  # cells of a side between which paint is moved
_SOFT = 0.005  # entropy weight of the transport, in units of its cost
_SINKHORN = 30  # iterations of it


def asked(
    image: jax.Array, text: jax.Array, look: jax.Array,
    *, weight: jax.Array | float = 1.0, config: Config,
) -> dict[str, jax.Array]:  # fmt: skip
    """How far the cutouts are from what is asked for in words or shown.

    Args:
      image: unit features of the cutouts `[K, D]`.
      text: unit features of the prompt `[D]`.
      look: unit features of the picture to paint from `[D]`.
      weight: of the prompt, times that of the config.
      config: the weights.

    Returns:
      `cosine`, the weighted mean of 1 - cos over the cutouts (the loss of diavlex), and
      `image_clip`, the same for the picture; those whose weight is not 0.
    """
    out = {}
    if config.prompt_weight:
        out["cosine"] = weight * config.prompt_weight * jnp.mean(1.0 - image @ text)
    if config.image_clip:
        out["image_clip"] = config.image_clip * jnp.mean(1.0 - image @ look)
    return out


def ink(alpha: jax.Array, done: jax.Array, *, config: Config) -> dict[str, jax.Array]:
    """The term `ink`: the mean alpha of a stroke, weighted, when its weight is not 0.

    It sets in after the subject has formed (`config.ink_from`) and wipes away strokes
    that CLIP does not miss; from the start it would wipe away all.

    Args:
      alpha: the strokes `[S, H, W]` in [0, 1]; of a canvas of tiles `[rows, columns, S, h, w]`,
        times a tile's share of the canvas (`optimize.compose`).
      done: share of all steps that is done, in [0, 1).
      config: the weight.
    """
    if not config.ink_weight:
        return {}
    return {"ink": config.ink_weight * (done >= config.ink_from) * jnp.mean(alpha)}


def unlikeness(whole: jax.Array, sketch: jax.Array, *, config: Config) -> jax.Array:
    """The term `sketch`: the weighted mean squared difference of two pictures `[H, W, 3]`."""
    return config.sketch_weight * jnp.mean((whole - sketch) ** 2)


def likeness(picture: jax.Array, image: jax.Array, *, config: Config) -> dict[str, jax.Array]:
    """The weighted terms that compare the canvas with a picture to paint from, pixel by pixel.

    Args:
      picture: the canvas `[H, W, 3]`.
      image: likewise.
      config: the weights; terms with weight 0 are left out.
    """
    out = {}
    if config.image_l2:
        out["image_l2"] = config.image_l2 * jnp.mean((picture - image) ** 2)
    if config.image_l1:
        out["image_l1"] = config.image_l1 * jnp.mean(jnp.abs(picture - image))
    if config.image_transport:
        paper = jnp.asarray(config.background)
        moved = transport(*(_ink_map(p, paper) for p in (picture, image)))
        out["image_transport"] = config.image_transport * moved
    return out


def transport(one: jax.Array, other: jax.Array) -> jax.Array:
    """Squared distance, in sides of a square, that `one` must be moved to become `other`.

    Entropic optimal transport (Cuturi 2013) between two distributions `[G, G]`, each of
    sum one. Strokes that overlap nothing of the picture get no gradient from pixels; this
    tells them where to go (Zou et al. 2021, Stylized Neural Painting).
    """
    side = len(one)
    place = (jnp.arange(side) + 0.5) / side
    distance = (place[:, None] - place) ** 2
    cost = distance[:, None, :, None] + distance[None, :, None]  # from (row, column) to likewise
    cost = cost.reshape(side**2, side**2)
    # The gradient is that of fixed potentials (the envelope theorem).
    logs = [jax.lax.stop_gradient(jnp.log(p.reshape(-1) + 1e-6)) for p in (one, other)]

    def body(_: int, potentials: tuple) -> tuple:
        f, g = potentials
        f = _SOFT * (logs[0] - jax.nn.logsumexp((g - cost) / _SOFT, axis=1))
        g = _SOFT * (logs[1] - jax.nn.logsumexp((f[:, None] - cost) / _SOFT, axis=0))
        return f, g

    f, g = jax.lax.fori_loop(0, _SINKHORN, body, (jnp.zeros(side**2), jnp.zeros(side**2)))
    return jnp.sum(f * one.reshape(-1)) + jnp.sum(g * other.reshape(-1))


def intrinsic(ours: tuple[jax.Array, ...], theirs: tuple[jax.Array, ...]) -> jax.Array:
    """How much features `[K, T, W]` of some layers differ, and their Gram matrices.

    Intrinsic style transfer (Nakano 2019; Gatys et al. 2016): content by the features
    at their places, style by what goes with what anywhere. Each is relative to the size
    of `theirs`.
    """
    relative = lambda a, b: jnp.mean((a - b) ** 2) / (jnp.mean(b**2) + 1e-8)  # noqa: E731
    gram = lambda x: jnp.einsum("ktv,ktw->kvw", x, x) / x.shape[1]  # noqa: E731
    pairs = [(a.astype(jnp.float32), b.astype(jnp.float32)) for a, b in zip(ours, theirs)]
    return sum(relative(a, b) + relative(gram(a), gram(b)) for a, b in pairs) / len(pairs)


def _ink_map(picture: jax.Array, paper: jax.Array) -> jax.Array:
    """Where a picture `[H, W, 3]` differs from the paper: `[G, G]`, of sum one."""
    ink = jnp.mean(jnp.abs(picture - paper), axis=-1)
    ink = jax.image.resize(ink, (_GRID, _GRID), "linear") + 1e-5
    return ink / ink.sum()
