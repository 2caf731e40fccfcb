"""Coarse to fine: strokes in stages, each on top of those before, where they differ.

A large picture wants many small strokes, and to lay each of them out on the whole canvas
takes strokes times pixels. So a first stage paints the masses, anywhere, on a small canvas.
Every later stage lays strokes on its picture, which stand still: each in its own cell of the
whole canvas, the cells smaller from stage to stage, beginning where the canvas so far is
farthest from the picture to paint from (as Zou et al. 2021, Stylized Neural Painting, draw
their first strokes). A cell's strokes are painted on twice its side (`actions.tile`).

The state is that of all strokes: those of later stages wait with lifted pens. What a stage
does follows from the state and its number, so that stopping and going on changes nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxpaint import actions, mixtures, optimize, sharding
from jaxpaint.config import Config, Stage

_FIRST = 0.2  # share of the strokes that the first stage paints
_SMALL = 128  # longer side of its canvas, pixels
_IN_CELL = 8  # strokes a cell, about
_TRIES = 8  # places that a stroke chooses its first one from
_WAITS = -20.0  # latent of a pen that is lifted until its stage begins
_LOOK = 5  # side of the squares whose mean difference tells where to begin, pixels


class StageError(ValueError):
    """Stages that cannot be; the message says what to change."""


def plan(config: Config, *, number: int) -> Config:
    """The settings with their strokes and steps divided into stages; as they are for one.

    Raises:
      StageError: there are too few strokes or steps.
    """
    if number == 1:
        return config
    height, width, layers = config.height, config.width, []
    steps = [config.steps * (i + 1) // number - config.steps * i // number for i in range(number)]
    for layer in range(1, number):
        wanted = (1 - _FIRST) * config.strokes * 2.0 ** (layer - number) / (1 - 2.0 ** (1 - number))
        cell = math.sqrt(_IN_CELL * height * width / max(1.0, wanted))
        cell = 2 * round(max(8, min(cell, min(height, width) / 2)) / 2)  # half of it is whole
        cells = -(-height // cell) * -(-width // cell)
        own = max(1, round(wanted / cells)) * cells
        layers.append(Stage(own, steps[layer], max(height, width), cell))
    first = config.strokes - sum(stage.strokes for stage in layers)
    if first < 1 or min(steps) < 1:
        raise StageError(
            f"{config.strokes} strokes and {config.steps} steps are too few for {number} stages on "
            f"{width}x{height}: give more --strokes and --steps, or fewer --stages"
        )
    stage = Stage(first, steps[0], min(_SMALL, max(height, width)), 0)
    return dataclasses.replace(config, stages=(stage, *layers))


def at(done: int, *, config: Config) -> tuple[int, int]:
    """The stage after so many steps, and after how many it ends; 0 and all without stages."""
    end = 0
    for number, stage in enumerate(config.stages):
        end += stage.steps
        if done < end:
            return number, end
    return 0, config.steps


@functools.partial(jax.jit, static_argnames=("networks", "config", "stage", "mesh"))
def begin(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    *, networks: optimize.Networks, config: Config, stage: int, mesh: Mesh | None = None,
) -> tuple[optimize.PaintState, optimize.Subject]:  # fmt: skip
    """Enters a stage: puts its first strokes down if it has taken no step yet.

    Args:
      state: of all strokes; leaves with a leading axis C.
      subject: of the whole painting, likewise.
      weights, networks, config, mesh: as of `optimize.train_steps`.
      stage: its number, static.

    Returns:
      The state, and the subject of this stage alone: its noise, the picture in its size,
      what it paints on. Both as they are where there are no stages.
    """
    if not config.stages:
        return state, subject
    rows, small = config.rows(stage), config.stage(stage, small=True)
    start = _start(stage, config)

    def one(
        weights: optimize.Weights, state: optimize.PaintState, subject: optimize.Subject
    ) -> tuple[optimize.PaintState, optimize.Subject]:
        base = subject.base
        if stage:
            below = dataclasses.replace(config, stages=config.stages[:stage])
            base, _ = optimize.compose(
                state.latents, subject, weights, networks=networks, config=below
            )
        sides = small.height, small.width, 3
        part = subject._replace(
            seed=subject.seed + jnp.uint32(2654435769 * stage % 2**32),
            noise=subject.noise[rows], image=jax.image.resize(subject.image, sides, "linear"),
            base=base,
        )  # fmt: skip
        first = optimize.init(part.seed, config=small, image=part.image).latents
        if stage:
            first = _where_it_differs(first, part, small)
        latents = state.latents.at[rows].set(first)
        latents = jnp.where(state.step == start, latents, state.latents)
        return state._replace(latents=latents), part

    return sharding.per_canvas(one, config=config, mesh=mesh)(weights, state, subject)


def train_steps(
    state: optimize.PaintState, part: optimize.Subject, weights: optimize.Weights,
    *, networks: optimize.Networks, config: Config, stage: int, steps: int,
    count: jax.Array | int | None = None, mesh: Mesh | None = None,
) -> tuple[optimize.PaintState, dict[str, jax.Array]]:  # fmt: skip
    """Takes steps within a stage, whose subject `begin` gave.

    Other arguments and what is returned are as of `optimize.train_steps`, which this is
    without stages.
    """
    run = functools.partial(optimize.train_steps, steps=steps, count=count, mesh=mesh)
    if not config.stages:
        return run(state, part, weights, networks=networks, config=config)
    rows, start = config.rows(stage), _start(stage, config)
    own, terms = run(
        cut(state, config=config, stage=stage), part, weights,
        networks=networks._replace(painter=mixtures.only(networks.painter, rows)),
        config=config.stage(stage, small=True),
    )  # fmt: skip
    put = lambda x, y: x.at[:, rows].set(y) if x.ndim == 3 else y + start  # noqa: E731
    return jax.tree.map(put, state, own), terms


def cut(state: optimize.PaintState, *, config: Config, stage: int) -> optimize.PaintState:
    """The state of a stage's strokes alone, whose steps are counted from its first one.

    Args:
      state: of all strokes; leaves with a leading axis C.
      config: settings.
      stage: its number.
    """
    rows, start = config.rows(stage), _start(stage, config)
    return jax.tree.map(lambda x: x[:, rows] if x.ndim == 3 else x - start, state)


def waiting(latents: jax.Array) -> jax.Array:
    """Strokes `[..., A]` with their pens lifted, until their stage begins."""
    return latents.at[..., actions.PRESSURES].set(_WAITS)


def _start(stage: int, config: Config) -> int:
    """How many steps are done when a stage begins."""
    return sum(before.steps for before in config.stages[:stage])


def _where_it_differs(latents: jax.Array, part: optimize.Subject, config: Config) -> jax.Array:
    """First strokes `[S, A]` of cells, moved to where the base is far from the picture.

    Each takes the best of some places in its cell and the picture's colour there; in every
    cell the larger strokes lie below.
    """
    stroke = actions.bound(latents)
    key = jax.random.fold_in(jax.random.key(part.seed), part.noise.shape[0])
    places = jax.random.uniform(key, (_TRIES, config.strokes, 2), minval=0.02, maxval=0.98)
    error = jnp.sum((part.image - part.base) ** 2, axis=-1)
    window = jnp.full((_LOOK, _LOOK), 1.0 / _LOOK**2)
    error = jax.scipy.signal.convolve2d(error, window, mode="same")

    def pixel(place: jax.Array) -> tuple[Any, Any]:
        middle = actions.middles(stroke.at[:, 12:14].set(place), config)
        column, row = jnp.floor(middle * jnp.array(part.image.shape[1::-1])).astype(int).T
        return row, column

    worst = jnp.argmax(error[jax.vmap(pixel)(places)], axis=0)
    place = places[worst, jnp.arange(config.strokes)]
    order = jnp.tile(jnp.linspace(0.9, 0.1, config.grid[2]), config.grid[0] * config.grid[1])
    stroke = stroke.at[:, actions.FRAME].set(jnp.column_stack([place, order]))
    return actions.unbound(stroke.at[:, actions.COLOR].set(part.image[pixel(place)]))
