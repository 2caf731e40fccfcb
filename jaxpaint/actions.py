"""The brushstroke action space: what the numbers of a stroke mean.

A painting is an array of actions `[S, A]`, one row a stroke, painted in row
order. The first twelve numbers are the MyPaint environment of SPIRAL (Ganin et
al. 2018) and of Neural Painters (Nakano 2019), in the same order. The last
three place the stroke's own square frame on the canvas, which the reference
does not have. All fifteen lie in [0, 1] once bounded; the optimiser sees
unbounded *latents*, one logit a number.

Angles do not occur; x grows to the right and y grows down.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxpaint.config import MOST_FRAMES, Config

# Column names in order, with what 0 and 1 mean.
NAMES = (
    "pressure",  # pen pressure at the end of the stroke, 0 none .. 1 is 0.8 of full
    "size",  # log radius / 2: radius 1 .. 7.4 pixels of a 64-pixel frame
    "control_x",  # the point that the curve passes at half time; 0 left .. 1 right
    "control_y",  # likewise; 0 top .. 1 bottom
    "end_x",
    "end_y",
    "color_r",
    "color_g",
    "color_b",
    "start_x",
    "start_y",
    "entry_pressure",  # pen pressure at the start of the stroke
    "frame_x",  # centre of the stroke's frame; 0 left .. 1 right edge of the canvas
    "frame_y",  # likewise; 0 top .. 1 bottom
    "frame_size",  # 0 smallest .. 1 largest frame that the Config allows
)
NUM_ACTIONS = len(NAMES)
REFERENCE = slice(0, 12)  # the numbers of the published action space
COLOR = slice(6, 9)
FRAME = slice(12, 15)
PRESSURES = np.array([0, 11])
PEN = np.array([0, 1, 11])  # what a stroke's width and strength follow
GEOMETRY = np.array([0, 1, 2, 3, 4, 5, 9, 10, 11])  # all that the alpha depends on

FRAME_PIXELS = 64  # side of the surface on which a stroke is drawn and learned
OVERLAP = 10  # pixels that neighbouring frames of the stitched canvas share
# The unit square of stroke coordinates is this far inside the frame, so that a
# thick stroke on its border is not cut. The published painters use 0.
FRAME_MARGIN = 10
PATH_POINTS = 100  # pen events a stroke
PATH_SECONDS = 0.1  # time between two pen events
MAX_PRESSURE = 0.8
MAX_LOG_RADIUS = 2.0
# Fractions of the R2 sequence (Roberts 2018), whose multiples are spread evenly.
_SPREAD = 0.7548776662466927, 0.5698402909980532
_COARSE = 8, 8  # pixels of what has no detail
_EVEN = 0.02  # detail that a place is taken to have at least, of 1


def bound(latents: jax.Array) -> jax.Array:
    """Maps latents `[..., A]` on the real line to actions in (0, 1)."""
    return jax.nn.sigmoid(latents)


def unbound(actions: jax.Array) -> jax.Array:
    """Inverse of `bound`; actions are first kept 1e-4 away from 0 and 1."""
    actions = jnp.clip(actions, 1e-4, 1.0 - 1e-4)
    return jnp.log(actions) - jnp.log1p(-actions)


def path(actions: Any) -> tuple[Any, Any]:
    """The pen's way: a quadratic curve with a pressure at every point.

    The curve goes from start to end through the control point at half time, so
    its Bezier point is `mid + 2 (control - mid)` with `mid` the middle of start
    and end. Pressure runs from `entry` to `(entry + pressure) / 2` over the first
    quarter, stays, and runs to `pressure` over the last quarter (SPIRAL's MyPaint
    environment). Pure arithmetic: takes and returns NumPy or JAX arrays.

    Args:
      actions: `[S, >= 12]` in [0, 1].

    Returns:
      Points `[S, 100, 2]` (x, y) in units of the frame's inner square, which they
      may leave a little, and pressures `[S, 100]` in [0, 0.8].
    """
    t = np.linspace(0.0, 1.0, PATH_POINTS, dtype=np.float32)
    start, end = actions[:, 9:11], actions[:, 4:6]
    middle = (start + end) / 2
    bezier = middle + 2 * (actions[:, 2:4] - middle)
    points = (
        ((1 - t) ** 2)[:, None] * start[:, None]
        + (2 * t * (1 - t))[:, None] * bezier[:, None]
        + (t**2)[:, None] * end[:, None]
    )
    entry, final = actions[:, 11:12], actions[:, 0:1]
    half = (entry + final) / 2
    rise = np.minimum(4 * t, 1.0)
    fall = np.maximum(4 * t - 3, 0.0)
    pressure = entry * (1 - rise) + half * (rise - fall) + final * fall
    return points, MAX_PRESSURE * pressure


def frames(actions: Any, config: Config) -> Any:
    """Where the frames lie: `[..., A]` actions to `[..., 3]` (x, y, side).

    x and y are fractions of the canvas width and height, beyond 0 and 1 only for cells at the
    border; side is a fraction of the shorter canvas side, spread
    geometrically between `config.frame_min` and `config.frame_max`. In the layouts with
    fixed frames the numbers of the frame do not matter. In the layout "cells" the
    centre lies in the stroke's own cell, and x and y are fractions of that; "cell" is one
    of them, in the middle of a canvas twice as large. The strokes of stages are as in each.
    """
    xp = np if isinstance(actions, np.ndarray) else jnp
    if config.stages:
        parts = [(config.rows(i), config.stage(i, small=False)) for i in range(len(config.stages))]
        return xp.concatenate([frames(actions[..., i, :], part) for i, part in parts], axis=-2)
    if config.layout in ("stitched", "single"):
        if config.layout == "stitched":
            fixed = grid_frames(*config.grid)[0]
        else:
            sides = config.height, config.width
            fixed = np.float32([0.5, 0.5, max(sides) / min(sides)])
        return xp.broadcast_to(fixed, (*actions.shape[:-1], 3))
    place = actions[..., 12:14]
    if config.layout == "cell":
        place = 0.25 + 0.5 * place
    if config.layout == "cells":
        y, x = np.divmod(np.arange(config.strokes) // config.grid[2], config.grid[1])
        sides = np.float32([config.width, config.height])
        place = (np.stack([x, y], -1).astype(np.float32) + place) * (config.cell / sides)
    small, large = np.log(config.frame_min), np.log(config.frame_max)
    side = xp.exp(small + (large - small) * actions[..., 14:15])
    return xp.concatenate([place, side], axis=-1)


def middles(actions: Any, config: Config) -> Any:
    """About where strokes paint: `[..., A]` actions to `[..., 2]`, fractions of the canvas.

    That is the middle of a free frame, which strokes begin near to, and the control
    point in a fixed one. Always in [0, 1).
    """
    xp = np if isinstance(actions, np.ndarray) else jnp
    frame = frames(actions, config)
    middle = frame[..., :2]
    if config.layout in ("stitched", "single"):
        inner = min(config.height, config.width) * (1 - 2 * FRAME_MARGIN / FRAME_PIXELS)
        sides = inner / np.float32([config.width, config.height])
        middle = middle + frame[..., 2:] * sides * (actions[..., 2:4] - 0.5)
    return xp.clip(middle, 0.0, 1 - 1e-6)


def ranks(config: Config) -> np.ndarray:
    """How low strokes lie: `[S]` int, each of 0 .. S - 1 once, 0 for the lowest.

    Free strokes lie as they are numbered, and stages one on the other. Frames and cells of a grid
    lie side by side: the lowest strokes of all of them come first, then the second ones.
    Among those they take turns all over the canvas, so that any number of the lowest
    strokes is spread evenly, of every frame as many as of the others or one more.
    """
    if config.stages:
        parts = [(config.rows(i), config.stage(i, small=False)) for i in range(len(config.stages))]
        return np.concatenate([rows.start + ranks(part) for rows, part in parts])
    if config.layout not in ("stitched", "cells"):
        return np.arange(config.strokes)
    rows, columns, strokes = config.grid
    row, column = np.divmod(np.arange(rows * columns), columns)
    turn = np.argsort(np.argsort((row * _SPREAD[0] + column * _SPREAD[1]) % 1))
    return (np.arange(strokes) * rows * columns + turn[:, None]).reshape(-1)


def first(
    key: jax.Array, *, config: Config, image: jax.Array | None = None, choices: int = 1
) -> jax.Array:
    """First strokes `[S, A]`: random and faint, large frames below, small ones on top.

    Their colours are near the background's, so that a stroke that finds no use does
    not stay behind as clutter. Where there is a picture `[H, W, 3]` to follow they have its
    colours, and each has been chosen from so many `choices` by the detail where it lies:
    strokes that follow a thing on plain paper then come as near to it in half the steps, as
    hardly any is spent on the paper. With a photograph there is nothing to win.
    """
    start_key, color_key = jax.random.split(key)
    follows = image is not None and image.size
    choices = choices if follows else 1
    start = jax.random.uniform(start_key, (choices, config.strokes, NUM_ACTIONS))
    start = 0.15 + 0.7 * start
    start = start.at[..., 14].set(jnp.linspace(0.9, 0.1, config.strokes))
    if follows:
        start, color = _choose(color_key, start, image, config=config)
    else:
        start = start[0]
        color = jax.random.uniform(color_key, (config.strokes, 3))
        color = 0.65 * jnp.asarray(config.background) + 0.35 * color
    ink = config.init_ink * (0.75 + 0.5 * start[:, :1])
    start = start.at[:, COLOR].set(color)
    return start.at[:, 0:1].set(ink).at[:, 11:12].set(ink)


def _choose(
    key: jax.Array, start: jax.Array, image: jax.Array, *, config: Config
) -> tuple[jax.Array, jax.Array]:
    """Of strokes `[N, S, A]` one of N for each, `[S, A]`, and the picture's colours there.

    The more the picture differs in a stroke's middle from its coarse self, the likelier.
    """
    coarse = jax.image.resize(image, (*_COARSE, 3), "linear")
    detail = jnp.abs(image - jax.image.resize(coarse, image.shape, "linear")).max(-1)
    places = jax.vmap(lambda strokes: middles(strokes, config))(start)
    column, row = jnp.moveaxis(jnp.floor(places * jnp.array(image.shape[1::-1])).astype(int), -1, 0)
    chosen = jax.random.categorical(key, jnp.log(detail[row, column] + _EVEN), axis=0)
    each = chosen, jnp.arange(len(chosen))
    return start[each], image[row[each], column[each]]


def tile(config: Config) -> tuple[Config, int]:
    """A tile of a canvas that is painted tile by tile: its settings, and the overlap, pixels.

    Its background is black, so that its picture is paint alone. A cell has half its side
    around it, as far as its frames reach beyond it.
    """
    black = (0.0, 0.0, 0.0)
    if config.layout == "stitched":
        side = FRAME_PIXELS
        return dataclasses.replace(
            config, layout="single", height=side, width=side, background=black
        ), OVERLAP
    side = 2 * config.cell
    larger = min(config.height, config.width) / side
    return dataclasses.replace(
        config, layout="cell", height=side, width=side, background=black,
        frame_min=larger * config.frame_min, frame_max=larger * config.frame_max,
    ), config.cell  # fmt: skip


def grid_like(height: int, width: int, *, frames: int = 64) -> tuple[int, int]:
    """Rows and columns of the stitched canvas whose shape is nearest to that of a picture.

    Args:
      height, width: of the picture.
      frames: about how many; three to five quarters of that are.
    """
    some = range(1, MOST_FRAMES + 1)
    grids = [(r, c) for r in some for c in some if 3 * frames <= 4 * r * c <= 5 * frames]

    def unlike(grid: tuple[int, int]) -> tuple[float, int]:
        _, own_height, own_width = grid_frames(*grid)
        shape = abs(np.log(own_width * height / (own_height * width)))
        return float(shape), abs(grid[0] * grid[1] - frames)

    return min(grids, key=unlike)


def grid_frames(
    rows: int = 8, columns: int = 8, strokes: int = 5, *, overlap: int = OVERLAP
) -> tuple[np.ndarray, int, int]:
    """The stitched canvas of Neural Painters (Nakano 2019) as frames.

    Args:
      rows, columns: frames down and across.
      strokes: strokes a frame.
      overlap: pixels that neighbouring 64-pixel frames share.

    Returns:
      Frames `[rows * columns * strokes, 3]`, frame by frame, and the canvas height
      and width in pixels (442 and 442 for the published 8 x 8).
    """
    frame = FRAME_PIXELS
    height = rows * (frame - overlap) + overlap
    width = columns * (frame - overlap) + overlap
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    centre = np.stack([x, y], -1).reshape(-1, 2) * (frame - overlap) + frame / 2
    centre = centre / np.array([width, height])
    side = np.full((len(centre), 1), frame / min(height, width))
    frames = np.concatenate([centre, side], -1).astype(np.float32)
    return frames.repeat(strokes, axis=0), height, width
