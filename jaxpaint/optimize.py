"""The optimisation: actions are painted, looked at by CLIP, and nudged.

Everything here is a pure function of one canvas; `train_steps` makes it many
(`sharding.per_canvas`) and takes many steps in one loop inside one `jit`. Frozen networks
are arguments, never closures. All that is random in a step is folded from the painting's
own seed, the step and a purpose, so a painting does not depend on what else is in its
batch or on how its steps are divided into calls.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.sharding import Mesh
import optax

from jaxpaint import actions, canvas, clip, cutouts, losses, mixtures, painters, sharding
from jaxpaint import sketch as sketch_lib
from jaxpaint.config import Config

# Purposes that a painting's seed is folded with.
_INIT, _TEXTURE, _VIEWS, _SKETCH = range(4)
_CHOICES = 8  # places that a stroke which follows a sketch is chosen from
# Which learning rate each action number follows, in the order of `actions.NAMES`.
_GROUPS = ("pen", "pen", *("shape",) * 4, *("color",) * 3, *("shape",) * 2, "pen", *("frame",) * 3)


class PaintState(NamedTuple):
    """All that changes while painting. A batch has a leading axis C on every leaf."""

    latents: jax.Array  # [S, A] float32, unbounded; `actions.bound` gives the actions
    opt_state: Any  # Adam's moments of the latents
    step: jax.Array  # [] int32, steps taken


class Subject(NamedTuple):
    """What one painting is of, and its luck. A batch has a leading axis C."""

    text: jax.Array  # [D] float32, unit features of the prompt
    seed: jax.Array  # [] uint32
    noise: jax.Array  # [S, N, 3] float32, the texture of its strokes
    sketch: jax.Array  # [H, W, 3] float32 in [0, 1]; [0, 0, 3] if the config asks for none
    things: sketch_lib.Things  # what the sketch is of
    image: jax.Array  # [H, W, 3] float32 in [0, 1], to paint from; [0, 0, 3] for none
    look: jax.Array  # [D] float32, unit features of that picture; those of the prompt for none
    base: jax.Array  # [H, W, 3] float32 in [0, 1], what is painted on; [0, 0, 3]: the background
    weight: jax.Array | float = 1.0  # [] float32, of the prompt


class Networks(NamedTuple):
    """The frozen networks: structure, which is static."""

    painter: nn.Module
    clip: nn.Module
    mean: tuple[float, ...]  # of CLIP's input channels
    std: tuple[float, ...]
    resolution: int  # R


class Weights(NamedTuple):
    """The frozen networks: parameters, shared by all canvases."""

    painter: Any
    clip: Any


def init_subject(
    text: jax.Array, seed: int, painter: painters.Painter, *, config: Config,
    things: sketch_lib.Things | None = None,
    image: jax.Array | None = None, look: jax.Array | None = None, weight: float = 1.0,
) -> Subject:  # fmt: skip
    """A painting's subject.

    Args:
      text: unit features `[D]` of its prompt.
      seed: its own.
      painter: whose strokes have texture.
      config: settings.
      things: what is sketched, if the config asks for a sketch; the sketch is empty paper
        until `draw_sketch`. None: the prompt, all over the canvas.
      image: a picture `[H, W, 3]` to paint from, with its unit features `look` `[D]`.
      weight: of the prompt, times `config.prompt_weight`.
    """
    key = jax.random.fold_in(jax.random.key(seed), _TEXTURE)
    noise = painters.noise_for(key, painter, config.strokes)
    sides = (config.height, config.width) if config.sketch_steps else (0, 0)
    image = jnp.zeros((0, 0, 3)) if image is None else jnp.asarray(image, jnp.float32)
    sketch = jnp.broadcast_to(jnp.asarray(config.background), (*sides, 3))
    things = sketch_lib.one_thing(text, config=config) if things is None else things
    look = text if look is None else look
    base, weight = jnp.zeros((0, 0, 3)), jnp.float32(weight)
    return Subject(text, jnp.uint32(seed), noise, sketch, things, image, look, base, weight)


def init(
    seed: jax.Array, *, config: Config, image: jax.Array | None = None, choices: int = 1
) -> PaintState:
    """The state before the first step, with the strokes of `actions.first`."""
    key = jax.random.fold_in(jax.random.key(seed), _INIT)
    latents = actions.unbound(actions.first(key, config=config, image=image, choices=choices))
    return PaintState(latents, optimizer(config).init(latents), jnp.int32(0))


@functools.partial(jax.jit, static_argnames="config")
def begin(subject: Subject, *, config: Config) -> PaintState:
    """The states of a batch, with first strokes after the picture or sketch that they follow."""

    def one(_: None, subject: Subject) -> PaintState:
        if subject.image.size:
            return init(subject.seed, config=config, image=subject.image)
        return init(subject.seed, config=config, image=subject.sketch, choices=_CHOICES)

    return sharding.per_canvas(one, config=config)(None, subject)


def optimizer(config: Config) -> optax.GradientTransformation:
    """Adam without its learning rate, which `learning_rates` gives; for `nudge`."""
    return optax.scale_by_adam(b1=0.9, b2=0.99, eps=config.adam_eps)


def learning_rates(step: jax.Array, *, config: Config) -> jax.Array:
    """Rates `[A]` at a step: geometry drops at 50 % and 75 %, colour stays.

    The schedule of CLIPDraw (Frans et al. 2021) and DiffBMP.
    """
    done = step / config.steps
    drop = jnp.where(done < 0.5, 1.0, jnp.where(done < 0.75, *config.lr_drop))
    rates = {
        "shape": config.lr_shape * drop,
        "pen": config.lr_pen * drop,
        "frame": config.lr_frame * drop,
        "color": jnp.asarray(config.lr_color),
    }
    return jnp.stack([rates[group] for group in _GROUPS])


def paint(
    latents: jax.Array, noise: jax.Array, painter: nn.Module, params: Any, *, config: Config
) -> tuple[jax.Array, jax.Array]:
    """Paints latents `[S, A]`: the canvas `[H, W, 3]` and the strokes' alpha `[S, H, W]`."""
    alpha, colors = lay(actions.bound(latents), noise, painter, params, config=config)
    return canvas.blend(alpha, colors, jnp.asarray(config.background)), alpha


def lay(
    stroke: jax.Array, noise: jax.Array, painter: nn.Module, params: Any, *, config: Config
) -> tuple[jax.Array, jax.Array]:
    """Alpha `[S, H, W]` of actions `[S, A]` where they lie on the canvas, and colours `[S, 3]`."""
    alpha, colors = painters.lay(painter, params, stroke, noise, blend=config.blend)
    frames = jnp.asarray(actions.frames(stroke, config))
    return canvas.place(alpha, frames, height=config.height, width=config.width), colors


def compose(
    latents: jax.Array, subject: Subject, weights: Weights, *, networks: Networks, config: Config
) -> tuple[jax.Array, jax.Array]:
    """Paints a canvas of any layout, and of all stages.

    A canvas of tiles is painted tile by tile and stitched, which is the same as `paint`
    of all its strokes for a small part of the time and memory.

    Returns:
      The canvas `[H, W, 3]`, and the strokes' alpha (of the last stage) `[S, H, W]`; of tiles
      `[rows, columns, strokes a tile, h, w]`, times their share of the canvas, so that its mean is
      that over the canvas.
    """
    for number in range(len(config.stages)):
        rows = config.rows(number)
        part, own = subject._replace(noise=subject.noise[rows]), config.stage(number, small=False)
        nets = networks._replace(painter=mixtures.only(networks.painter, rows))
        picture, alpha = compose(latents[rows], part, weights, networks=nets, config=own)
        subject = subject._replace(base=picture)
    if config.stages:
        return picture, alpha
    painter, params = networks.painter, weights.painter
    if config.layout not in ("stitched", "cells"):
        return paint(latents, subject.noise, painter, params, config=config)
    tile, overlap = actions.tile(config)

    def draw(stroke: jax.Array, alpha: jax.Array, colors: jax.Array) -> tuple:
        frames = jnp.asarray(actions.frames(stroke, tile))
        alpha = canvas.place(alpha, frames, height=tile.height, width=tile.width)
        return canvas.blend(alpha, colors, jnp.asarray(tile.background)), alpha

    # The painter sees all strokes at once: in a mixture not every tile has as many of each brush.
    stroke = actions.bound(latents)
    painted = stroke, *painters.lay(painter, params, stroke, subject.noise, blend=config.blend)
    tiled = jax.tree.map(lambda x: x.reshape(*config.grid, *x.shape[1:]), painted)
    tiles, alpha = jax.vmap(jax.vmap(draw))(*tiled)
    through = jnp.prod(1.0 - alpha, axis=2)[..., None]
    whole = canvas.stitch(jnp.concatenate([tiles, through], -1), overlap=overlap)
    edge = overlap // 2 if config.layout == "cells" else 0  # half a cell around the canvas
    whole = whole[edge : edge + config.height, edge : edge + config.width]
    base = subject.base if subject.base.size else jnp.asarray(config.background)
    share = tile.height * tile.width / (config.height * config.width)
    return whole[..., :3] + whole[..., 3:] * base, share * alpha


def loss_fn(
    latents: jax.Array, step: jax.Array, subject: Subject, weights: Weights,
    *, networks: Networks, config: Config,
) -> tuple[jax.Array, dict[str, jax.Array]]:  # fmt: skip
    """The loss of one canvas, and its terms."""
    key = jax.random.fold_in(jax.random.key(subject.seed), _VIEWS)
    key = jax.random.fold_in(key, step)
    picture, alpha = compose(latents, subject, weights, networks=networks, config=config)
    done = step / config.steps
    terms = losses.ink(alpha, done, config=config)

    def see(picture: jax.Array) -> jax.Array:
        size = networks.resolution
        views = cutouts.make(key, picture, resolution=size, config=config, done=done)
        return clip.normalize(views, networks.mean, networks.std)

    if config.looks:
        views = see(picture)
        image = clip.encode_image(networks.clip, weights.clip, views)
        terms |= losses.asked(
            image, subject.text, subject.look, weight=subject.weight, config=config
        )
    if config.image_intrinsic:
        layers = functools.partial(clip.image_layers, networks.clip, weights.clip)
        unlike = losses.intrinsic(layers(views), layers(see(subject.image)))
        terms["image_intrinsic"] = config.image_intrinsic * unlike
    terms |= losses.likeness(picture, subject.image, config=config)
    if config.sketch_steps:
        # At the canvas's own resolution: strokes finer than CLIP's pixels would pass unseen.
        terms["sketch"] = losses.unlikeness(picture, subject.sketch, config=config)
    return sum(terms.values()), terms


def train_step(
    state: PaintState, subject: Subject, weights: Weights, *, networks: Networks, config: Config
) -> tuple[PaintState, dict[str, jax.Array]]:
    """One step of one canvas: paint, look, nudge. Returns the terms of the loss."""
    grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
    (_, terms), grad = grad_fn(
        state.latents, state.step, subject, weights, networks=networks, config=config
    )
    return nudge(state, grad, config=config), terms


def nudge(state: PaintState, grad: jax.Array, *, config: Config) -> PaintState:
    """One canvas after a step of Adam against the gradient `[S, A]` of its latents.

    Each action number's gradients are first divided by their root mean square over
    the strokes, so that `config.adam_eps` tells what little gradient means.
    """
    grad = grad / (jnp.sqrt(jnp.mean(grad**2, axis=0)) + 1e-20)
    update, opt_state = optimizer(config).update(grad, state.opt_state)
    update = update.at[:, actions.PEN].add(config.ink_decay)
    latents = state.latents - learning_rates(state.step, config=config) * update
    return PaintState(latents, opt_state, state.step + 1)


@functools.partial(
    jax.jit, static_argnames=("networks", "config", "steps", "mesh"), donate_argnames="state"
)
def train_steps(
    state: PaintState, subject: Subject, weights: Weights,
    *, networks: Networks, config: Config, steps: int, count: jax.Array | int | None = None,
    mesh: Mesh | None = None,
) -> tuple[PaintState, dict[str, jax.Array]]:  # fmt: skip
    """Takes `steps` steps of C canvases in one call.

    Args:
      state: leaves with a leading axis C; its buffers are reused.
      subject: likewise.
      weights: shared.
      networks, config: static.
      steps: how many, static.
      count: how many of them are really taken, `[]` int32, so that a remainder needs no
        program of its own; None: all.
      mesh: devices that the canvases are dealt out to (`sharding.deal`), static; None: one.

    Returns:
      The state and the terms of the loss, each `[steps, C]`, 0 for steps not taken.
    """
    # Jitted only to be traced once, for its shapes and for the loop; nothing of it is left.
    step = jax.jit(functools.partial(train_step, networks=networks, config=config), inline=True)

    def one(
        shared: tuple, state: PaintState, subject: Subject
    ) -> tuple[PaintState, dict[str, jax.Array]]:
        (weights, count), begin = shared, state.step

        def body(now: jax.Array, carry: tuple) -> tuple:
            state, log = carry
            state, terms = step(state, subject, weights)
            return state, jax.tree.map(lambda a, b: a.at[now - begin].set(b), log, terms)

        terms = jax.eval_shape(step, state, subject, weights)[1]
        log = jax.tree.map(lambda x: jnp.zeros((steps, *x.shape), x.dtype), terms)
        # A scan of one step would be compiled without its loop and round differently.
        return jax.lax.fori_loop(begin, begin + count, body, (state, log))

    shared = weights, jnp.int32(steps if count is None else count)
    state, terms = sharding.per_canvas(one, config=config, mesh=mesh)(shared, state, subject)
    return state, jax.tree.map(jnp.transpose, terms)


@functools.partial(jax.jit, static_argnames=("networks", "config", "mesh"))
def draw_sketch(
    subject: Subject, weights: Weights,
    *, networks: Networks, config: Config, mesh: Mesh | None = None,
) -> Subject:  # fmt: skip
    """The subjects with their sketches drawn (`sketch.py`); arguments as of `train_steps`."""

    def one(weights: Weights, subject: Subject) -> Subject:
        key = jax.random.fold_in(jax.random.key(subject.seed), _SKETCH)
        picture = sketch_lib.compose(
            key, subject.things, networks.clip, weights.clip, mean=networks.mean,
            std=networks.std, resolution=networks.resolution, config=config,
        )  # fmt: skip
        return subject._replace(sketch=picture)

    return sharding.per_canvas(one, config=config, mesh=mesh)(weights, subject)


def effects(
    latents: jax.Array, noise: jax.Array, weights: Weights, *, networks: Networks, config: Config
) -> jax.Array:
    """How much the picture would change without each stroke of one canvas, `[S]` in [0, 1]."""
    stroke = actions.bound(latents)
    alpha, colors = painters.lay(
        networks.painter, weights.painter, stroke, noise, blend=config.blend
    )
    return canvas.effects(
        alpha, jnp.asarray(actions.frames(stroke, config)), colors,
        jnp.asarray(config.background), height=config.height, width=config.width,
    )  # fmt: skip


@functools.partial(jax.jit, static_argnames=("networks", "config", "mesh"))
def lift_unseen(
    state: PaintState, subject: Subject, weights: Weights,
    *, networks: Networks, config: Config, mesh: Mesh | None = None,
) -> PaintState:  # fmt: skip
    """The state with the pens lifted of strokes that hardly show.

    They are leftovers that nothing in the picture asks for: a viewer takes them for
    dirt, and a replay by MyPaint shows them more. How little is too little, beside the
    boldest, `config.lift_below` says. Arguments as of `train_steps`.
    """
    if not config.lift_below:
        return state

    def one(weights: Weights, state: PaintState, subject: Subject) -> PaintState:
        effect = effects(state.latents, subject.noise, weights, networks=networks, config=config)
        kept = effect >= config.lift_below * effect.max()
        pens = jnp.zeros(actions.NUM_ACTIONS, bool).at[actions.PRESSURES].set(True)
        none = actions.unbound(jnp.zeros(()))
        return state._replace(latents=jnp.where(~kept[:, None] & pens, none, state.latents))

    return sharding.per_canvas(one, config=config, mesh=mesh)(weights, state, subject)


@functools.partial(jax.jit, static_argnames=("networks", "config", "mesh"))
def render(
    state: PaintState, subject: Subject, weights: Weights,
    *, networks: Networks, config: Config, mesh: Mesh | None = None,
) -> tuple[jax.Array, jax.Array]:  # fmt: skip
    """The canvases `[C, H, W, 3]` and their score `[C]`; arguments as of `train_steps`.

    The score is the cosine of the prompt with the whole canvas, without cutouts.
    """

    def one(weights: Weights, state: PaintState, subject: Subject) -> tuple[jax.Array, jax.Array]:
        picture, _ = compose(state.latents, subject, weights, networks=networks, config=config)
        return picture, _similarity(picture, subject, weights, networks)

    return sharding.per_canvas(one, config=config, mesh=mesh)(weights, state, subject)


def _similarity(
    picture: jax.Array, subject: Subject, weights: Weights, networks: Networks
) -> jax.Array:
    """Cosine of the prompt with the whole canvas `[H, W, 3]`, without cutouts."""
    view = cutouts.whole(picture, resolution=networks.resolution)[None]
    view = clip.normalize(view, networks.mean, networks.std)
    return clip.encode_image(networks.clip, weights.clip, view)[0] @ subject.text
