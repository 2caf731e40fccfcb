"""What a guide is trained for: gradients that point, and words told apart."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from experiments import clip_files, draw, scenes, unfinished
from jaxpaint import clip, sketch
from jaxpaint.config import Config

# How CLIP sketches while it learns; its own recipe for painting must say the same.
SKETCH = Config(sketch_steps=60)

_HEAD_WEIGHTS = (0.5, 0.25, 0.1)  # of the heads for noun, colour and ground
_READING = 0.3  # weight of what the heads make of captions
_ALIKE = 0.3  # largest mean cosine of two captions that costs nothing
_SPREAD = 3.0  # what more of it costs
_MAX_SCALE = 5.7  # of the logarithm of what cosines are multiplied by
_HAZE = 0.2  # largest standard deviation of the noise over a picture


class Shown(NamedTuple):
    """What a CLIP in training is shown of a batch of N scenes."""

    states: jax.Array  # [N, H, W, 3] float32, unfinished; in [0, 1] but for the noise
    wanted: jax.Array  # likewise, what each state lacks
    weight: jax.Array  # [N], of each state in the misfit


def show(
    key: jax.Array, batch: dict[str, Any], pixels: jax.Array, sketches: sketch.Sketch,
    painter: nn.Module, params: Any,
) -> Shown:  # fmt: skip
    """Draws a batch of scenes as a painting of them may look on its way.

    The first F are shown as far as their sketches are: leaves with a leading axis F.

    Calm scenes are drawn on their own paper. Elsewhere a background that captions do not
    name is no reason to paint one: weight 0. The others count about alike, whether little
    is missing or much.
    """
    scene, number, faked = batch["scenes"], len(batch["scenes"].ground), len(sketches.step)
    draw_key, state_key, haze_key, amount_key, view_key = jax.random.split(key, 5)
    # A sketch's scene is the same as long as it lives.
    keys = jnp.concatenate([
        jax.vmap(jax.random.key)(batch["lives"]), jax.random.split(draw_key, number - faked)
    ])  # fmt: skip
    side = pixels.shape[1]
    whole = jax.vmap(draw.compose, (0, 0, None))(keys, scene, pixels)
    paper = jax.vmap(functools.partial(draw.paper, side=side))(keys, scene)
    states = jax.vmap(unfinished.unfinish, (0, 0, 0, 0, 0, None, None))(
        jax.random.split(state_key, number - faked), whole[faked:],
        jnp.roll(whole, 1, axis=0)[faked:], paper[faked:], scene.calm[faked:], painter, params,
    )  # fmt: skip
    look = jax.vmap(lambda *x: sketch.look(*x[:3], views=1, noise=x[3])[0])
    view_keys, quiet = jax.random.split(view_key, faked), jnp.zeros(faked)
    noise = sketch.noise_at(sketches.step, config=SKETCH)
    seen = look(view_keys, sketches.picture, sketches.paper, noise)
    targets = look(view_keys, whole[:faked], paper[:faked], quiet)
    clean = look(view_keys, sketches.picture, sketches.paper, quiet)
    wanted = jnp.concatenate([targets - clean, whole[faked:] - states])
    states = jnp.concatenate([seen, states])
    told = scene.calm | jnp.isin(scene.ground, jnp.array(scenes.TOLD_GROUNDS))
    weight = told / jnp.sqrt(jnp.sum(wanted**2, (1, 2, 3)) + 10.0 * (side / scenes.SIDE) ** 2)
    # As noisy as a painting's views, most of them a little.
    haze = _HAZE * jax.random.uniform(amount_key, (number, 1, 1, 1)) ** 2
    states = states + haze * jax.random.normal(haze_key, states.shape)
    return Shown(states, wanted, weight)


def loss_fn(
    params: Any, shown: Shown, batch: dict[str, Any], *, module: nn.Module,
    match: float | jax.Array, faked: int,
) -> tuple[jax.Array, tuple[dict[str, jax.Array], jax.Array]]:  # fmt: skip
    """How badly gradients point, and a contrastive loss (Radford et al. 2021).

    The latter ignores captions, right or wrong ones of other pictures, that may be true of one.

    Args:
      params: "clip" and the linear "heads".
      shown: N pictures.
      batch: of `batches.make`.
      module: the CLIP.
      match: weight of the contrastive loss and the heads beside the misfit.
      faked: how many of the pictures, the first ones, are sketches: they show what
        they should not yet, so the contrastive loss leaves them out.

    Returns:
      The loss; its parts, and the gradient of the similarity `[N, H, W, 3]`.
    """

    def encode(pictures: jax.Array) -> jax.Array:
        seen = clip.normalize(pictures, clip_files.MEAN, clip_files.STD)
        return clip.encode_image(module, params["clip"], seen)

    number = len(shown.states)
    text = clip.encode_text(module, params["clip"], batch["ids"], batch["mask"])  # N, then wrong
    image, pull = jax.vjp(encode, shown.states)
    (gradient,) = pull(text[:number])
    misfit = unfinished.misfit(gradient, shown.wanted, shown.weight)
    scale = jnp.exp(jnp.minimum(params["clip"]["logit_scale"], _MAX_SCALE))
    logits = scale * image @ text.T
    off = batch["compatible"] & ~jnp.eye(number, 2 * number, dtype=bool)
    logits += jnp.where(off, -1e4, 0.0)
    own = jnp.arange(number)
    ce = optax.softmax_cross_entropy_with_integer_labels
    confusion = ce(logits, own)[faked:].mean()
    reading = 0.0
    for i, (head, share) in enumerate(zip(params["heads"], _HEAD_WEIGHTS)):
        answer = batch["facts"][:, i]
        confusion += share * ce(10.0 * image @ head, answer)[faked:].mean()
        reading += share * ce(10.0 * text[:number] @ head, answer).mean()
    # All captions want something in the middle of the paper, and at first that is all that
    # the gradient learns: texts fall together, and what is special to each is lost.
    alike = (jnp.sum(text.mean(0) ** 2) * len(text) - 1) / (len(text) - 1)
    crowding = _SPREAD * jnp.maximum(alike - _ALIKE, 0.0)
    accuracy = (logits.argmax(-1) == own)[faked:].mean()
    parts = {
        "misfit": misfit,
        "confusion": confusion,
        "reading": reading,
        "alike": alike,
        "accuracy": accuracy,
    }
    return misfit + match * confusion + _READING * reading + crowding, (parts, gradient)


def begin(number: int, *, side: int = scenes.SIDE) -> sketch.Sketch:
    """So many empty sketches on white paper of `side` pixels: leaves with a leading axis."""
    empty = jax.vmap(sketch.begin)(jnp.ones((number, side, side, 3)))
    return jax.tree.map(jnp.copy, empty)  # picture and paper are donated, each by itself


def renew(sketches: sketch.Sketch, which: jax.Array, paper: jax.Array) -> sketch.Sketch:
    """The sketches `[F]` bool begun anew on papers `[F, H, W, 3]`, the others as they are."""
    pick = lambda a, b: jnp.where(which.reshape(-1, *[1] * (a.ndim - 1)), a, b)  # noqa: E731
    return jax.tree.map(pick, jax.vmap(sketch.begin)(paper), sketches)


def train_step(
    state: tuple, key: jax.Array, batch: dict[str, Any], pixels: jax.Array, painter_params: Any,
    match: jax.Array, *, module: nn.Module, tx: optax.GradientTransformation, painter: nn.Module,
    remembered: int = 500,
) -> tuple[tuple, dict[str, jax.Array]]:  # fmt: skip
    """Draws a batch and takes one step on it.

    `state` is the weights, that of `tx`, the sketches, and the mean of the CLIP's weights over
    some `remembered` steps (Polyak & Juditsky 1992), whose gradient points better than that of any
    of them. Other arguments as of `show` and `loss_fn`, whose parts of the loss it returns too.
    """
    params, opt_state, sketches, mean = state
    lives = jax.vmap(jax.random.key)(batch["lives"])
    drawn = jax.tree.map(lambda x: x[: len(lives)], batch["scenes"])
    paper = jax.vmap(functools.partial(draw.paper, side=pixels.shape[1]))(lives, drawn)
    sketches = renew(sketches, batch["renewed"], paper)

    def see(pictures: jax.Array) -> Shown:
        now = sketches._replace(picture=pictures)
        return show(key, batch, pixels, now, painter, painter_params)

    shown, pull = jax.vjp(see, sketches.picture)
    # Drawing that is fused into the matrix products of the network slows them down.
    shown = jax.lax.optimization_barrier(shown)
    faked = len(sketches.step)
    loss = functools.partial(loss_fn, module=module, match=match, faked=faked)
    (_, (parts, up)), grad = jax.value_and_grad(loss, has_aux=True)(params, shown, batch)
    nothing = jax.tree.map(jnp.zeros_like, shown)
    (pushes,) = pull(nothing._replace(states=up))
    sketches = jax.vmap(lambda s, g: sketch.follow(s, g, config=SKETCH))(sketches, pushes)
    updates, opt_state = tx.update(grad, opt_state, params)
    params = optax.apply_updates(params, updates)
    mean = optax.incremental_update(params["clip"], mean, 1 / remembered)
    return (params, opt_state, sketches, mean), parts
