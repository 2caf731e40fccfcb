"""Random views of a canvas: what CLIP is shown instead of the canvas itself.

A picture that CLIP reads only at one place and size is noise to everyone else, so
each step looks at several *cutouts*: crops under a random perspective and close
crops (CLIPDraw, Frans et al. 2021; pixray), and wide views, shifted, that keep the
composition. Resampling is by matrix products in two one-dimensional passes (for the
perspective: Catmull & Smith 1980), so no gradient holds a gather or a scatter.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxpaint.config import Config


def make(
    key: jax.Array,
    canvas: jax.Array,
    *,
    resolution: int,
    config: Config,
    done: float | jax.Array = 0,
) -> jax.Array:
    """Cuts `config.cutouts` random views out of one canvas.

    Args:
      key: typed PRNG key.
      canvas: `[H, W, 3]` in [0, 1].
      resolution: R, side of a view in pixels.
      config: numbers and sizes of the views.
      done: share of all steps that is done, in [0, 1): the noise goes from the first
        to the second of `config.view_noise` meanwhile.

    Returns:
      `[K, R, R, 3]` float32, in [0, 1] but for the noise; crops first, then zooms,
      then wide views. What lies beyond the canvas has the background's colour.
    """
    fill = jnp.asarray(config.background, canvas.dtype)
    box_key, warp_key, noise_key = jax.random.split(key, 3)
    boxes = random_boxes(box_key, config)
    views = jax.vmap(lambda box: crop(canvas, box, fill, resolution=resolution))(boxes)
    if config.crops and config.perspective:
        corners = jax.random.uniform(warp_key, (config.crops, 4, 2), maxval=config.perspective / 2)
        warped = jax.vmap(lambda v, c: perspective(v, c, fill))(views[: config.crops], corners)
        views = jnp.concatenate([warped, views[config.crops :]])
    first, last = config.view_noise
    noise = first + (last - first) * done
    return views + noise * jax.random.normal(noise_key, views.shape)


def random_boxes(key: jax.Array, config: Config) -> jax.Array:
    """Boxes `[K, 4]` (centre x, centre y, width, height), fractions of the canvas."""
    ranges = (
        [config.crop_scale] * config.crops
        + [config.zoom_scale] * config.zooms
        + [config.wide_scale] * config.wides
    )
    low, high = jnp.asarray(ranges, jnp.float32).reshape(-1, 2).T
    size_key, aspect_key, place_key = jax.random.split(key, 3)
    number = len(ranges)
    size = low + (high - low) * jax.random.uniform(size_key, (number,))
    stretch = 0.5 * jnp.log(config.crop_aspect)
    stretch = jnp.exp(jax.random.uniform(aspect_key, (number,), minval=-1.0) * stretch)
    sides = jnp.stack([size * stretch, size / stretch], -1)
    # Anywhere inside the canvas; a box larger than the canvas anywhere around it.
    room = jnp.maximum(jnp.abs(1.0 - sides), 0.04)
    centre = 0.5 + room * (jax.random.uniform(place_key, (number, 2)) - 0.5)
    return jnp.concatenate([centre, sides], -1)


def crop(canvas: jax.Array, box: jax.Array, fill: jax.Array, *, resolution: int) -> jax.Array:
    """One view `[R, R, 3]` of the box (x, y, width, height), triangle-filtered."""
    height, width, _ = canvas.shape
    rows = _axis_weights(box[1], box[3], height, resolution)  # [R, H]
    columns = _axis_weights(box[0], box[2], width, resolution)  # [R, W]
    seen = jnp.einsum("ih,hwc,jw->ijc", rows, canvas, columns)
    inside = rows.sum(1)[:, None] * columns.sum(1)[None]
    return seen + (1.0 - inside[..., None]) * fill


def whole(canvas: jax.Array, *, resolution: int) -> jax.Array:
    """The whole canvas as one view `[R, R, 3]`: what a painting is scored by."""
    box = jnp.array([0.5, 0.5, 1.0, 1.0])
    return crop(canvas, box, jnp.zeros(3), resolution=resolution)


def perspective(view: jax.Array, inset: jax.Array, fill: jax.Array) -> jax.Array:
    """Shows a view `[R, R, 3]` under perspective.

    Args:
      view: the picture.
      inset: `[4, 2]` in [0, 1): how far the corners (top left, top right, bottom
        right, bottom left) of what is shown lie inside the view, in fractions of
        its side, x and y.
      fill: RGB of what lies beyond.

    Returns:
      `[R, R, 3]`.
    """
    size = view.shape[0]
    signs = jnp.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    unit = jnp.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    a, b, c, d, e, f, g, h = _homography(unit, unit + signs * inset)
    grid = (jnp.arange(size) + 0.5) / size
    # First pass, along rows: column x of the result, row v of the view.
    x, v = grid[None, :], grid[:, None]
    y = (v * (g * x + 1) - d * x - f) / (e - v * h)
    u = (a * x + b * y + c) / (g * x + h * y + 1)  # [v, x]
    near = _tent(u, size)  # [v, x, u]
    half = jnp.einsum("vxu,vuc->vxc", near, view - fill)
    # Second pass, along columns.
    x, y = grid[None, :], grid[:, None]
    v = (d * x + e * y + f) / (g * x + h * y + 1)  # [y, x]
    return jnp.einsum("yxv,vxc->yxc", _tent(v, size), half) + fill


def _axis_weights(centre: jax.Array, side: jax.Array, pixels: int, size: int) -> jax.Array:
    """Weights `[size, pixels]` of canvas pixels in view pixels along one axis."""
    scale = side * pixels / size  # canvas pixels a view pixel
    where = (centre - side / 2) * pixels + (jnp.arange(size) + 0.5) * scale
    reach = jnp.maximum(scale, 1.0)
    distance = jnp.abs(where[:, None] - (jnp.arange(pixels) + 0.5))
    weights = jnp.maximum(1.0 - distance / reach, 0.0)
    # A view pixel whose filter hangs over the edge is still wholly picture.
    inside = (where > 0.0) & (where < pixels)
    total = jnp.maximum(weights.sum(1), 1e-6)
    return jnp.where(inside[:, None], weights / total[:, None], 0.0)


def _tent(where: jax.Array, size: int) -> jax.Array:
    """Linear interpolation weights `[..., size]` at positions in [0, 1]."""
    distance = where[..., None] * size - (jnp.arange(size) + 0.5)
    return jnp.maximum(1.0 - jnp.abs(distance), 0.0)


def _homography(source: jax.Array, target: jax.Array) -> jax.Array:
    """The eight numbers of the projective map that takes four points to four."""
    x, y = source.T
    u, v = target.T
    one, zero = jnp.ones(4), jnp.zeros(4)
    first = jnp.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    second = jnp.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    return jnp.linalg.solve(jnp.concatenate([first, second]), jnp.concatenate([u, v]))
