"""The sketch: a small picture that CLIP's gradient draws, for the strokes to follow.

A CLIP whose gradient was trained to finish half-done pictures (the bundled one) draws
what a prompt means in some sixty steps of gradient ascent on pixels: its slope is a
denoiser's (Song & Ermon 2019). Strokes alone find the same similarity by messier ways, so
a painting of such a CLIP begins as a sketch, as a painter's does, and the loss has a term
for how far the canvas is from it. A CLIP of the usual kind would draw noise
that only it can read: `Config.sketch_steps` is 0 by default, and a model that can
sketch says so in its recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxpaint import clip, composition, cutouts
from jaxpaint.config import Config

_STEEPEST = 3.0  # longest step, of the first one's
_HORIZON = 0.55, 0.05  # where a paper of two colours has it, and how soft it is, of the height


class Sketch(NamedTuple):
    """All that changes while sketching."""

    picture: jax.Array  # [R, R, 3] float32 in [0, 1]
    paper: jax.Array  # [R, R, 3] likewise, what it is drawn on
    scale: jax.Array  # [] root mean square of the first gradient; 0 before it
    step: jax.Array  # [] int32, steps taken


class Things(NamedTuple):
    """What is sketched, P things (of `composition.Composition`)."""

    aims: jax.Array  # [P, D] float32, unit features of each (of `aim`)
    boxes: jax.Array  # [P, 4] float32, centre x, y, width, height, of 1; height 0: no thing
    paper: jax.Array  # [2, 3] float32 in [0, 1], colour above and below the horizon


def one_thing(features: jax.Array, *, config: Config) -> Things:
    """A thing with unit features `[D]` all over the canvas, on the background's colour."""
    plan = composition.Composition(("",), ((0.5, 0.5, 1.0, 1.0),), None)
    return arrange(plan, {"": features}, 0.0, config=config)


def arrange(
    plan: composition.Composition, features: Mapping[str, jax.Array], mean: jax.Array | float,
    *, config: Config,
) -> Things:  # fmt: skip
    """A composition as arrays, with room for `config.sketch_things` (at least one).

    Args:
      plan: at most so many things, and the ground.
      features: of each thing's prompt, `[D]` unit features.
      mean: of the features of words, `[D]`, as of `aim`.
      config: settings.
    """
    aims = jnp.stack([aim(features[thing], mean, config=config) for thing in plan.things])
    spare = max(config.sketch_things, 1) - len(aims)
    paper = plan.paper or (config.background, config.background)
    boxes = jnp.array([*plan.boxes, *[(0.0,) * 4] * spare])
    return Things(jnp.pad(aims, ((0, spare), (0, 0))), boxes, jnp.array(paper))


def begin(paper: jax.Array) -> Sketch:
    """Nothing yet on a paper `[R, R, 3]`."""
    return Sketch(paper, paper, jnp.zeros(()), jnp.int32(0))


def look(
    key: jax.Array, picture: jax.Array, paper: jax.Array, *, views: int, noise: float | jax.Array
) -> jax.Array:
    """Random views `[views, R, R, 3]` of a picture `[R, R, 3]` on its paper, likewise.

    What is drawn is a little shifted and scaled, the paper is not. This keeps the grid
    of CLIP's patches from showing. `noise`: its standard deviation.
    """
    side = len(picture)
    config = Config(
        height=side, width=side, crops=0, zooms=0, wides=views, wide_scale=(0.9, 1.05),
        view_noise=(0.0, 0.0), background=(0.0, 0.0, 0.0),
    )  # fmt: skip
    view_key, noise_key = jax.random.split(key)
    seen = paper + cutouts.make(view_key, picture - paper, resolution=side, config=config)
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
    ink = jnp.clip(sketch.picture + steps, 0.0, 1.0) - sketch.paper
    ink = jnp.sign(ink) * jnp.maximum(jnp.abs(ink) - config.sketch_paper, 0.0)
    return Sketch(sketch.paper + ink, sketch.paper, scale, sketch.step + 1)


def aim(text: jax.Array, mean: jax.Array, *, config: Config) -> jax.Array:
    """Unit features `[D]` to sketch for a prompt with features `text` `[D]`.

    Past the prompt, away from the `mean` of words `[D]`, by `config.sketch_beyond`: as
    classifier-free guidance does (Ho & Salimans 2022), for firmer colours and outlines.
    """
    beyond = text + config.sketch_beyond * (text - mean)
    return beyond / jnp.linalg.norm(beyond)


def draw(
    key: jax.Array, text: jax.Array, paper: jax.Array, module: nn.Module, params: Any,
    *, mean: tuple[float, ...], std: tuple[float, ...], config: Config,
) -> jax.Array:  # fmt: skip
    """Sketches one thing.

    Args:
      key: typed PRNG key of the views.
      text: `[D]` unit features (of `aim`).
      paper: `[R, R, 3]` in [0, 1], what it is drawn on; R is the side of what CLIP sees.
      module, params: the CLIP; `mean` and `std` are its own.
      config: `sketch_steps` and what begins with `sketch_`.

    Returns:
      `[R, R, 3]` float32 in [0, 1]; empty paper for no steps.
    """

    def similarity(picture: jax.Array, key: jax.Array, step: jax.Array) -> jax.Array:
        noise = noise_at(step, config=config)
        seen = look(key, picture, paper, views=config.sketch_views, noise=noise)
        image = clip.encode_image(module, params, clip.normalize(seen, mean, std))
        return jnp.mean(image @ text)

    def body(_: int, sketch: Sketch) -> Sketch:
        step_key = jax.random.fold_in(key, sketch.step)
        gradient = jax.grad(similarity)(sketch.picture, step_key, sketch.step)
        return follow(sketch, gradient, config=config)

    return jax.lax.fori_loop(0, config.sketch_steps, body, begin(paper)).picture


def compose(
    key: jax.Array, things: Things, module: nn.Module, params: Any,
    *, mean: tuple[float, ...], std: tuple[float, ...], resolution: int, config: Config,
) -> jax.Array:  # fmt: skip
    """Sketches every thing in its place, on one paper.

    Args:
      key: typed PRNG key.
      things: what and where.
      module, params: the CLIP; `mean`, `std` and `resolution` are its own.
      config: as of `draw`, and the canvas.

    Returns:
      `[H, W, 3]` float32 in [0, 1].
    """
    sides = jnp.array([config.height, config.width])

    def one(number: jax.Array, aim: jax.Array, box: jax.Array) -> jax.Array:
        own = ground(things.paper, box[1], box[3], pixels=resolution)
        paper = jnp.broadcast_to(own, (resolution, resolution, 3))
        part_key = jax.random.fold_in(key, number)
        picture = draw(part_key, aim, paper, module, params, mean=mean, std=std, config=config)
        extent = box[:1:-1] * sides  # pixels, height first
        return jax.image.scale_and_translate(
            picture - paper, (config.height, config.width, 3), (0, 1), extent / resolution,
            box[1::-1] * sides - extent / 2, "cubic",
        )  # fmt: skip

    def body(canvas: jax.Array, thing: tuple) -> tuple[jax.Array, None]:
        there = thing[-1][3] > 0
        ink = jax.lax.cond(there, one, lambda *_: jnp.zeros_like(canvas), *thing)
        return canvas + ink, None

    paper = ground(things.paper, 0.5, 1.0, pixels=config.height)
    paper = jnp.broadcast_to(paper, (config.height, config.width, 3))
    numbers = jnp.arange(len(things.boxes))
    canvas, _ = jax.lax.scan(body, paper, (numbers, things.aims, things.boxes))
    return jnp.clip(canvas, 0.0, 1.0)


def ground(
    paper: jax.Array, middle: float | jax.Array, height: float | jax.Array, *, pixels: int
) -> jax.Array:
    """Rows `[pixels, 1, 3]` of a paper of colours `[2, 3]`, about a height of the canvas."""
    y = middle + height * ((jnp.arange(pixels) + 0.5) / pixels - 0.5)
    place, soft = _HORIZON
    below = jax.nn.sigmoid((y - place) / soft)[:, None, None]
    return paper[0] + below * (paper[1] - paper[0])
