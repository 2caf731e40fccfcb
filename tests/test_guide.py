"""Tests of what a guide learns from: unfinished pictures, its own sketches, its loss."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sample_art import a_scene, init, quick_jit, some_art
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from experiments import batches, clip_files, draw, guide_loss, scenes, unfinished
from jaxpaint import painters, sketch


def test_unfinished_pictures_lie_between_nothing_and_the_picture():
    painter = painters.load("brush")
    picture = jnp.zeros((scenes.SIDE, scenes.SIDE, 3)).at[10:38, 10:38, 1].set(1.0)
    other = jnp.zeros_like(picture)
    many = quick_jit(jax.vmap(
        lambda key, paper, primed: unfinished.unfinish(
            key, picture, other, jnp.broadcast_to(paper, picture.shape), primed, painter.module,
            painter.params,
        ), in_axes=(0, None, None),
    ))  # fmt: skip
    keys = jax.random.split(jax.random.key(0), 64)
    states = np.asarray(many(keys, 1.0, False))
    assert states.shape == (64, scenes.SIDE, scenes.SIDE, 3)
    assert states.min() > -1e-4 and states.max() < 1 + 1e-4
    lacks = np.sqrt(((picture - states) ** 2).mean((1, 2, 3)))
    assert lacks.min() < 0.02 and lacks.max() > 0.5  # some are finished, some hardly begun
    assert 0.02 < np.mean(lacks < 0.1) < 0.5
    # On its own paper, here black, the edge is that paper from the first, but for strokes.
    primed = np.asarray(many(keys, 0.0, True))
    black = lambda pictures: np.mean(pictures[:, 0, 0].max(-1) < 0.02)  # noqa: E731
    assert black(primed) > 0.6 > 0.4 > black(states)


def test_blur_keeps_the_sum_and_spreads():
    dot = jnp.zeros((scenes.SIDE, scenes.SIDE, 3)).at[24, 24].set(1.0)
    soft = np.asarray(draw.blur(dot, 2.0))[..., 0]
    np.testing.assert_allclose(soft.sum(), 1.0, rtol=1e-5)
    rows = np.arange(scenes.SIDE) - 24
    np.testing.assert_allclose((soft.sum(1) * rows**2).sum(), 4.0, rtol=0.05)


def test_misfit_is_one_minus_the_weighted_cosine():
    rng = np.random.default_rng(0)
    wanted, noise = rng.normal(size=(2, 3, 4, 4, 3)).astype(np.float32)
    weight = jnp.array([1.0, 2.0, 0.0])
    misfit = lambda gradient: float(unfinished.misfit(gradient, wanted, weight))
    np.testing.assert_allclose(misfit(7.0 * wanted), 0.0, atol=1e-5)
    np.testing.assert_allclose(misfit(-wanted), 2.0, atol=1e-5)
    ignored = np.concatenate([wanted[:2], noise[2:]])
    np.testing.assert_allclose(misfit(ignored), 0.0, atol=1e-5)
    one, two = (np.sqrt([1, 2, 0])[:, None] * x.reshape(3, -1) for x in (noise, wanted))
    cosine = np.vdot(one, two) / np.linalg.norm(one) / np.linalg.norm(two)
    np.testing.assert_allclose(misfit(noise), 1 - cosine, atol=1e-5)


def test_training_turns_the_gradient_to_what_is_missing(tmp_path):
    """A tiny CLIP, the same batch again and again: the misfit falls, words are told apart."""
    art, painter = some_art(), painters.load("brush")
    tokenizer = clip_files.make_tokenizer(art, tmp_path)[0]
    module = FlaxCLIPModule(clip_files.make_config(tokenizer, width=64, layers=1, patch=16))
    params = init(module, 0)
    heads = [jnp.zeros((64, size)) for size in (8, 13, 20)]
    tx = optax.adam(3e-3)
    state = {"clip": clip_files.rescale(params, jax.random.key(0)), "heads": heads}
    mean = jax.tree.map(np.asarray, state["clip"])
    state = (state, tx.init(state), guide_loss.begin(2), mean)
    batch = batches.make(np.random.default_rng(0), art, tokenizer, 16)
    batch |= {"lives": np.uint32([0, 1]), "renewed": np.array([False, False])}
    step = quick_jit(functools.partial(
        guide_loss.train_step, module=module, tx=tx, painter=painter.module
    ))  # fmt: skip
    log = []
    for _ in range(60):
        pixels = jnp.asarray(art.pixels)
        state, parts = step(state, jax.random.key(1), batch, pixels, painter.params, 0.1)
        log.append(parts)
        mean = jax.tree.map(lambda old, new: old + (new - old) / 500, mean, state[0]["clip"])
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), state[3], mean)
    assert state[2].step.tolist() == [60, 60]
    assert log[-1]["misfit"] < 0.7 * log[0]["misfit"]
    assert log[-1]["confusion"] < log[0]["confusion"]
    # As on an accelerator, whose towers compute in half precision.
    seen, wanted = jax.random.uniform(jax.random.key(2), (2, 16, scenes.SIDE, scenes.SIDE, 3))
    shown = guide_loss.Shown(seen, wanted - 0.5, jnp.ones(16))
    half = FlaxCLIPModule(module.config, dtype=jnp.bfloat16)
    whole, rounded = (
        quick_jit(functools.partial(guide_loss.loss_fn, module=m, match=0.1, faked=0))(
            state[0], shown, batch
        )[1][0]["misfit"]
        for m in (module, half)
    )
    assert rounded.dtype == jnp.float32
    np.testing.assert_allclose(rounded, whole, atol=0.02)


def test_a_guide_is_trained_at_the_size_of_its_art(tmp_path):
    art, painter, tx = some_art(64), painters.load("brush"), optax.sgd(1e-3)
    tokenizer = clip_files.make_tokenizer(art, tmp_path)[0]
    config = clip_files.make_config(tokenizer, width=64, layers=1, patch=16, side=64)
    module = FlaxCLIPModule(config)
    params = {"clip": init(module, 0), "heads": [jnp.zeros((64, size)) for size in (8, 13, 20)]}
    state = params, tx.init(params), guide_loss.begin(2, side=64), params["clip"]
    batch = batches.make(np.random.default_rng(0), art, tokenizer, 4)
    batch |= {"lives": np.uint32([0, 1]), "renewed": np.array([False, False])}
    step = functools.partial(guide_loss.train_step, module=module, tx=tx, painter=painter.module)
    args = jax.random.key(1), batch, jnp.asarray(art.pixels), painter.params, 0.1
    new, parts = jax.eval_shape(step, state, *args)
    assert new[2].picture.shape == (2, 64, 64, 3)
    assert parts["misfit"].shape == ()


def test_a_sketch_is_seen_beside_what_it_should_become_in_the_same_view():
    """What is wanted of empty paper is the scene, where the view puts it; none of finished."""
    art, painter = some_art(), painters.load("brush")
    scene = a_scene(1, scenes.COLOR_NAMES.index("red"), scenes.ONE, scenes.WHITE_GROUND, 0)
    scene = jax.tree.map(lambda x: np.repeat(np.asarray(x)[None], 3, 0), scene)
    batch = {"scenes": scene._replace(calm=np.ones(3, bool)), "lives": np.uint32([4, 5])}
    pixels, key = jnp.asarray(art.pixels), jax.random.key(0)
    one = jax.tree.map(lambda x: x[0], batch["scenes"])
    keys = jax.vmap(jax.random.key)(jnp.uint32([4, 5]))
    whole = quick_jit(jax.vmap(draw.compose, (0, None, None)))(keys, one, pixels)
    paper = jax.vmap(lambda key: draw.paper(key, one, side=scenes.SIDE))(keys)
    sketches = jax.vmap(sketch.begin)(paper)
    see = quick_jit(lambda pictures: guide_loss.show(
        key, batch, pixels, sketches._replace(picture=pictures), painter.module, painter.params
    ))  # fmt: skip
    empty, done = see(sketches.picture), see(whole)
    assert empty.states.shape == (3, scenes.SIDE, scenes.SIDE, 3)
    np.testing.assert_allclose(done.wanted[:2], 0.0, atol=1e-6)
    red = np.asarray(empty.wanted[:2, ..., 1] < -0.5).mean((1, 2))  # paper that must lose its green
    here = np.asarray(whole[..., 1] < 0.5).mean((1, 2))
    np.testing.assert_allclose(red, here, rtol=0.3)  # views are scaled by 0.9 to 1.05
    fresh = jnp.full_like(whole, 0.5)
    again = guide_loss.renew(sketches._replace(picture=whole), np.array([False, True]), fresh)
    np.testing.assert_array_equal(again.picture, jnp.stack([whole[0], fresh[0]]))
    np.testing.assert_array_equal(again.paper, jnp.stack([paper[0], fresh[0]]))
