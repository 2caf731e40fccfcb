"""The canvas: places the strokes' frames on it and blends them in order.

Both are matrix products and cumulative products, with no gather or scatter in the
gradient. Strokes blend in index order, the last on top, by the "over" operator (Porter &
Duff 1984). On a CPU blending goes from stroke to stroke, one pass forward and one back, where
XLA's cumulative product goes over memory many times; an accelerator does all strokes at once.
"""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from jaxpaint import actions

_AT_A_TIME = 2**25  # strokes times pixels that are laid out at a time


def place(alpha: jax.Array, frames: jax.Array, *, height: int, width: int) -> jax.Array:
    """Resamples each stroke's frame to where it lies on the canvas.

    A canvas pixel takes what it covers of the frame's pixels, or lies between two of
    them when the frame grows, so that it is differentiable in its place and size. Beyond the
    frame there is nothing. One frame that fills a square canvas and the stitched
    grid of Nakano (2019) are particular values of `frames` (see `actions.grid_frames`).

    Args:
      alpha: `[S, 64, 64]` in [0, 1].
      frames: `[S, 3]`, centre x and y as fractions of the canvas width and height,
        side as a fraction of the shorter canvas side.

    Returns:
      `[S, H, W]` float32 in [0, 1].
    """
    side = frames[:, 2] * min(height, width)  # canvas pixels
    rows = _resampling(frames[:, 1] * height, side, height)  # [S, H, 64]
    columns = _resampling(frames[:, 0] * width, side, width)  # [S, W, 64]
    return rows @ alpha @ columns.swapaxes(1, 2)


_place = jax.jit(place, static_argnames=("height", "width"))


def blend(alpha: jax.Array, colors: jax.Array, background: jax.Array) -> jax.Array:
    """Paints the strokes over the background, all at once.

    The weight of a stroke is its alpha times what all later strokes leave to see.

    Args:
      alpha: `[S, H, W]` in [0, 1].
      colors: `[S, 3]` RGB.
      background: what broadcasts to `[H, W, 3]`.

    Returns:
      The canvas `[H, W, 3]`.
    """
    background = jnp.broadcast_to(background, (*alpha.shape[1:], 3)).astype(alpha.dtype)
    return jax.lax.platform_dependent(
        alpha, colors, background, cpu=blend_in_turn, default=blend_at_once
    )


def blend_at_once(alpha: jax.Array, colors: jax.Array, background: jax.Array) -> jax.Array:
    """`blend` by a reversed cumulative product."""
    through = jnp.cumprod((1.0 - alpha)[::-1], axis=0)[::-1]
    later = jnp.concatenate([through[1:], jnp.ones_like(through[:1])])
    strokes = jnp.einsum("shw,sc->hwc", alpha * later, colors)
    return strokes + through[0][..., None] * background


@jax.custom_vjp
def blend_in_turn(alpha: jax.Array, colors: jax.Array, background: jax.Array) -> jax.Array:
    """`blend` from stroke to stroke, with a gradient that needs one pass too."""
    return _blend_forward(alpha, colors, background)[0]


def _blend_forward(
    alpha: jax.Array, colors: jax.Array, background: jax.Array
) -> tuple[jax.Array, tuple]:
    first, later = _left(alpha)
    strokes = jnp.einsum("shw,sc->hwc", alpha * later, colors)
    return strokes + first[..., None] * background, (alpha, colors, background, first, later)


def _blend_backward(kept: tuple, gradient: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """A stroke changes a pixel by its colour less what lies below, as far as that shows.

    Of what lies below only its product with the gradient is needed, one number a pixel.
    """
    alpha, colors, background, first, later = kept

    def over(below: jax.Array, stroke: tuple) -> tuple[jax.Array, jax.Array]:
        alpha, color, later = stroke
        change = gradient @ color - below
        return below + alpha * change, later * change

    paper = jnp.sum(gradient * background, axis=-1)
    _, to_alpha = jax.lax.scan(over, paper, (alpha, colors, later))
    to_colors = jnp.einsum("shw,hwc->sc", alpha * later, gradient)
    return to_alpha, to_colors, first[..., None] * gradient


blend_in_turn.defvjp(_blend_forward, _blend_backward)


def effects(
    alpha: jax.Array, frames: jax.Array, colors: jax.Array, background: jax.Array,
    *, height: int, width: int,
) -> jax.Array:  # fmt: skip
    """What each stroke does for the picture: how much it would change without it.

    Some strokes at a time are laid out, about the square root of S: all at once would take
    gigabytes of a large canvas. So they are laid out twice, from the last one for what
    each group leaves to see, and from the first one for what lies below.

    Args:
      alpha: `[S, 64, 64]` in [0, 1].
      frames: `[S, 3]`, as of `place`.
      colors: `[S, 3]` RGB.
      background: what broadcasts to `[H, W, 3]`.

    Returns:
      `[S]` in [0, 1], the largest change of a channel of a pixel.
    """
    number = len(colors)
    some = math.isqrt(number)
    more = -number % some  # strokes without alpha, in the last one's frame
    alpha = jnp.pad(alpha, ((0, more), (0, 0), (0, 0)))
    frames, colors = (jnp.pad(x, ((0, more), (0, 0)), mode="edge") for x in (frames, colors))
    groups = jax.tree.map(lambda x: x.reshape(-1, some, *x.shape[1:]), (alpha, frames, colors))

    def leave(through: jax.Array, group: tuple) -> tuple[jax.Array, jax.Array]:
        laid = place(*group[:2], height=height, width=width)
        return through * jnp.prod(1.0 - laid, axis=0), through

    def paint(below: jax.Array, stroke: tuple) -> tuple[jax.Array, jax.Array]:
        alpha, color, later = stroke
        change = alpha[..., None] * (color - below)
        return below + change, jnp.max(later[..., None] * jnp.abs(change))

    def paint_group(below: jax.Array, group: tuple) -> tuple[jax.Array, jax.Array]:
        (alpha, frames, colors), later = group
        laid = place(alpha, frames, height=height, width=width)
        return jax.lax.scan(paint, below, (laid, colors, later * _left(laid)[1]))

    later = jax.lax.scan(leave, jnp.ones((height, width)), groups, reverse=True)[1]
    paper = jnp.broadcast_to(jnp.asarray(background, jnp.float32), (height, width, 3))
    return jax.lax.scan(paint_group, paper, (groups, later))[1].reshape(-1)[:number]


def blend_steps(
    alpha: np.ndarray, colors: np.ndarray, background: np.ndarray
) -> Iterator[np.ndarray]:
    """Yields the canvas `[H, W, 3]` before the first and after every stroke."""
    canvas = np.broadcast_to(background, alpha.shape[1:] + (3,)).astype(np.float32)
    yield canvas
    for stroke, color in zip(alpha, colors):
        canvas = canvas + stroke[..., None] * (color - canvas)
        yield canvas


def lay_steps(
    alpha: jax.Array, frames: np.ndarray, colors: np.ndarray, background: np.ndarray,
    *, height: int, width: int,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Yields what `blend_steps` does, of strokes `[S, 64, 64]` that are laid out some at a time.

    All strokes of a large picture at once would take gigabytes.
    """
    some = max(1, _AT_A_TIME // (height * width))
    for first in range(0, len(colors), some):
        now = slice(first, first + some)
        laid = _place(alpha[now], jnp.asarray(frames[now]), height=height, width=width)
        steps = blend_steps(np.asarray(laid), colors[now], background)
        for background in itertools.islice(steps, bool(first), None):
            yield background


def stitch(tiles: jax.Array, *, overlap: int) -> jax.Array:
    """Lays tiles one over the other, each over those before it in its row and above it.

    "Over" is associative: every tile is painted by itself, and what two of them share is
    one's paint under the other's. No stroke is ever laid out on the whole canvas.

    Args:
      tiles: `[R, C, N, N, 4]`, in every pixel the paint, times how much of it covers, and
        what shows through, all in [0, 1].
      overlap: pixels that neighbours share, at most N / 2.

    Returns:
      `[H, W, 4]` of the same kind, with H = R * (N - overlap) + overlap, and W alike.
    """
    columns = _over_each_other(tiles.transpose(1, 3, 0, 2, 4), overlap)  # [W, R, N, 4]
    return _over_each_other(columns.transpose(1, 2, 0, 3), overlap)


def _over_each_other(tiles: jax.Array, overlap: int) -> jax.Array:
    """Joins `[T, N, ..., 4]` along their pixels N, the later ones on top."""
    number, side = tiles.shape[:2]
    pitch = side - overlap
    clear = jnp.array([0.0, 0.0, 0.0, 1.0], tiles.dtype)
    empty = lambda *shape: jnp.broadcast_to(clear, (*shape, *tiles.shape[2:]))  # noqa: E731
    # Every tile begins on the tail, `overlap` pixels, of the one before it.
    tails = jnp.concatenate([tiles[:, pitch:], empty(number, pitch - overlap)], axis=1)
    below = jnp.concatenate([empty(1, pitch), tails])
    above = jnp.concatenate([tiles[:, :pitch], empty(1, pitch)])
    paint = above[..., :3] + above[..., 3:] * below[..., :3]
    joined = jnp.concatenate([paint, above[..., 3:] * below[..., 3:]], axis=-1)
    return joined.reshape(-1, *tiles.shape[2:])[: number * pitch + overlap]


def _left(alpha: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What strokes `[S, H, W]` leave to see: all of them `[H, W]`, and those after each."""

    def under(through: jax.Array, alpha: jax.Array) -> tuple[jax.Array, jax.Array]:
        return through * (1.0 - alpha), through

    return jax.lax.scan(under, jnp.ones_like(alpha[0]), alpha, reverse=True)


def _resampling(centre: jax.Array, side: jax.Array, pixels: int) -> jax.Array:
    """Weights `[S, pixels, 64]` of frame pixels in canvas pixels along one axis."""
    frame = actions.FRAME_PIXELS
    scale = frame / side[:, None]  # frame pixels a canvas pixel
    where = (jnp.arange(pixels) + 0.5 - centre[:, None]) * scale + frame / 2
    distance = jnp.abs(where[..., None] - (jnp.arange(frame) + 0.5))
    reach = jnp.maximum(scale, 1.0)[..., None]
    return jnp.clip((reach + 1.0) / 2 - distance, 0.0, 1.0) / reach
