"""The optimisation: invariances of a painting, with a tiny CLIP and few strokes."""

import dataclasses
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions, clip, optimize, painters
from jaxpaint.config import Config

TINY = pathlib.Path(__file__).parent / "fixtures" / "clip_tiny"
CONFIG = Config(height=32, width=32, strokes=6, crops=2, zooms=1, wides=1, steps=60)
STEPS = 6
first_strokes = jax.jit(functools.partial(optimize.init, config=CONFIG))


@pytest.fixture(scope="module")
def studio():
    """A painter (random weights do), the networks, their weights and two texts."""
    eye = clip.load(str(TINY))
    module = painters.DabPainter(dabs=8, hidden=16, scatter=True)
    draw = jax.jit(painters.init, static_argnames="module")
    params = draw(module=module, key=jax.random.key(0))
    painter = painters.Painter(module, params, "test", ("test",))
    networks = optimize.Networks(module, eye.module, eye.mean, eye.std, eye.resolution)
    text = jax.random.normal(jax.random.key(1), (2, eye.module.config.projection_dim))
    text = text / jnp.linalg.norm(text, axis=1, keepdims=True)
    return painter, networks, optimize.Weights(params, eye.params), text


def start(studio, seeds=(0,), text=0):
    """State and subject of a batch with one painting a seed."""
    painter, _, _, texts = studio
    states = [first_strokes(jnp.uint32(seed)) for seed in seeds]
    subjects = [optimize.init_subject(texts[text], seed, painter, config=CONFIG) for seed in seeds]
    stack = lambda *leaves: jnp.stack(leaves)  # noqa: E731
    return jax.tree.map(stack, *states), jax.tree.map(stack, *subjects)


def advance(studio, state, subject, steps=STEPS, count=None):
    _, networks, weights, _ = studio
    return optimize.train_steps(
        state, subject, weights, networks=networks, config=CONFIG, steps=steps, count=count
    )


def picture(studio, state, subject):
    _, networks, weights, _ = studio
    out = optimize.render(state, subject, weights, networks=networks, config=CONFIG)
    return np.asarray(out[0]), np.asarray(out[1])


@pytest.fixture(scope="module")
def alone(studio):
    """State, canvas and terms of the painting of seed 1 after six steps."""
    state, subject = start(studio, [1])
    state, terms = advance(studio, state, subject)
    return jax.device_get(state), picture(studio, state, subject)[0][0], terms


def test_same_alone_and_in_a_batch(studio, alone):
    state, subject = start(studio, [0, 1, 2])
    state, terms = advance(studio, state, subject)
    canvases, scores = picture(studio, state, subject)
    assert canvases.shape == (3, 32, 32, 3) and scores.shape == (3,)
    assert terms["cosine"].shape == (STEPS, 3)
    np.testing.assert_array_equal(canvases[1], alone[1])
    np.testing.assert_array_equal(terms["cosine"][:, 1], alone[2]["cosine"][:, 0])
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(canvases[a] - canvases[b]).max() > 0.01


def test_one_call_is_many_calls(studio, alone):
    state, subject = start(studio, [1])
    log = []
    for _ in range(STEPS):
        state, terms = advance(studio, state, subject, 1)
        log.append(terms["cosine"])
    for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(alone[0]), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.concatenate(log), alone[2]["cosine"])


def test_a_whole_run_is_the_same_alone_and_in_a_batch(studio):
    """Rounding that differed once would be amplified by so many steps."""
    many, _ = advance(studio, *start(studio, [0, 1, 2]), CONFIG.steps)
    once, _ = advance(studio, *start(studio, [2]), CONFIG.steps)
    np.testing.assert_array_equal(many.latents[2], once.latents[0])


def test_a_remainder_of_steps_needs_no_program_of_its_own(studio, alone):
    state, terms = advance(studio, *start(studio, [1]), count=2)
    again, rest = advance(studio, state, start(studio, [1])[1], count=STEPS - 2)
    np.testing.assert_array_equal(again.latents, alone[0].latents)
    assert int(again.step[0]) == STEPS
    both = np.concatenate([terms["cosine"][:2], rest["cosine"][: STEPS - 2]])
    np.testing.assert_array_equal(both, alone[2]["cosine"])
    assert not np.any(terms["cosine"][2:])  # of steps that were not taken


def test_the_weight_of_a_prompt_weighs_its_term_alone(studio):
    state, subject = start(studio, [1])
    one = advance(studio, state, subject, 1)[1]["cosine"]
    state, _ = start(studio, [1])
    heavier = subject._replace(weight=jnp.float32([2.5]))
    np.testing.assert_allclose(
        advance(studio, state, heavier, 1)[1]["cosine"], 2.5 * one, rtol=1e-6
    )


def test_all_canvases_at_once_is_one_after_the_other(studio):
    _, networks, weights, _ = studio
    state, subject = start(studio, [0, 1])
    terms = [
        optimize.train_steps(
            jax.tree.map(jnp.copy, state), subject, weights, networks=networks,
            config=dataclasses.replace(CONFIG, at_once=at_once), steps=STEPS,
        )[1]["cosine"]
        for at_once in (True, False)
    ]  # fmt: skip
    assert terms[0].shape == (STEPS, 2)
    np.testing.assert_allclose(*terms, atol=1e-5)


def test_same_seed_same_painting(studio, alone):
    state, terms = advance(studio, *start(studio, [1]))
    np.testing.assert_array_equal(state.latents, alone[0].latents)
    np.testing.assert_array_equal(terms["cosine"], alone[2]["cosine"])


def test_another_prompt_another_painting(studio, alone):
    state, _ = advance(studio, *start(studio, [1], text=1))
    assert np.abs(state.latents - alone[0].latents).max() > 0.01


def test_step_counts(studio, alone):
    state, subject = start(studio, [1])
    assert state.step.tolist() == [0] and alone[0].step.tolist() == [STEPS]
    assert state.latents.shape == (1, 6, actions.NUM_ACTIONS)


def test_loss_falls(studio):
    state, subject = start(studio)
    before = picture(studio, state, subject)[1]
    cosine = []
    for _ in range(CONFIG.steps // STEPS):
        state, terms = advance(studio, state, subject)
        cosine.append(np.asarray(terms["cosine"][:, 0]))
    cosine = np.concatenate(cosine)
    assert cosine[-12:].mean() < cosine[:12].mean() - 0.05
    assert picture(studio, state, subject)[1] > before + 0.05


def test_first_nudge_is_the_rate_times_the_relative_gradient():
    """Adam's first update is g / (|g| + eps), for g in units of the canvas's typical one."""
    state = first_strokes(jnp.uint32(1))
    grad = np.random.default_rng(0).normal(size=state.latents.shape).astype(np.float32)
    grad *= 10.0 ** np.arange(-7, 8, dtype=np.float32)  # the scale of a column is no matter
    after = optimize.nudge(state, jnp.asarray(grad), config=CONFIG)
    relative = grad / np.sqrt((grad**2).mean(0))
    update = relative / (np.abs(relative) + CONFIG.adam_eps)
    update[:, [0, 1, 11]] += CONFIG.ink_decay
    rates = np.asarray(optimize.learning_rates(jnp.int32(0), config=CONFIG))
    np.testing.assert_allclose(after.latents - state.latents, -rates * update, atol=1e-4)
    assert int(after.step) == 1


def test_a_stroke_that_does_not_matter_only_lifts_its_pen():
    state = first_strokes(jnp.uint32(1))
    grad = jnp.ones_like(state.latents).at[2].set(0.0)
    for _ in range(3):
        state = optimize.nudge(state, grad, config=CONFIG)
    moved = np.asarray(state.latents - first_strokes(jnp.uint32(1)).latents)[2]
    assert (moved[[0, 1, 11]] < -0.01).all()
    np.testing.assert_array_equal(np.delete(moved, [0, 1, 11]), 0.0)


@pytest.mark.parametrize("kind", ["latents", "text"])
def test_what_is_not_finite_shows_in_the_loss(studio, kind):
    state, subject = start(studio, [1])
    if kind == "latents":
        state = state._replace(latents=state.latents.at[0, 3, 2].set(jnp.nan))
    else:
        subject = subject._replace(text=subject.text.at[0, 0].set(jnp.inf))
    _, terms = advance(studio, state, subject)
    assert not np.isfinite(terms["cosine"][0, 0])


def test_terms_sum_to_the_loss_and_every_step_has_its_views(studio):
    state, subject = jax.tree.map(lambda x: x[0], start(studio))
    _, networks, weights, _ = studio
    config = Config(**{**vars(CONFIG), "ink_weight": 0.5, "ink_from": 0.0})
    loss = lambda step: optimize.loss_fn(  # noqa: E731
        state.latents, step, subject, weights, networks=networks, config=config
    )
    fast_loss = jax.jit(loss)
    total, terms = fast_loss(state.step)
    assert set(terms) == {"cosine", "ink"} and terms["ink"] > 0
    assert float(total) == pytest.approx(float(terms["cosine"] + terms["ink"]), rel=1e-6)
    later = fast_loss(state.step + 1)[1]
    assert abs(later["cosine"] - terms["cosine"]) > 1e-5  # other views
    assert later["ink"] == terms["ink"]  # the same strokes


def test_learning_rates_follow_the_schedule_and_the_groups():
    config = Config(
        steps=100,
        lr_shape=1.0,
        lr_pen=2.0,
        lr_color=3.0,
        lr_frame=4.0,
        lr_drop=(0.5, 0.1),
    )
    base = {"pressure": 2, "size": 2, "entry_pressure": 2}
    base |= dict.fromkeys(("color_r", "color_g", "color_b"), 3)
    base |= dict.fromkeys(("frame_x", "frame_y", "frame_size"), 4)
    base = np.array([base.get(name, 1) for name in actions.NAMES], float)
    for step, drop in ((0, 1), (49, 1), (50, 0.5), (74, 0.5), (75, 0.1), (99, 0.1)):
        expected = base * drop
        expected[actions.COLOR] = 3
        rates = optimize.learning_rates(jnp.int32(step), config=config)
        np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_first_strokes_are_faint_and_large_frames_lie_below(studio):
    state, _ = start(studio, [0])
    first = np.asarray(actions.bound(state.latents))[0]
    ink = first[:, [0, 11]]
    assert np.all((ink > 0.5 * CONFIG.init_ink) & (ink < 1.5 * CONFIG.init_ink))
    assert np.all(np.diff(first[:, 14]) < 0)
    assert first[:, actions.COLOR].min() > 0.6  # near the white paper


def test_weights_are_not_constants_of_the_program(studio):
    _, networks, weights, _ = studio
    state, subject = start(studio)
    run = lambda *arguments: optimize.train_steps(  # noqa: E731
        *arguments, networks=networks, config=CONFIG, steps=STEPS
    )
    sizes = []

    def visit(value):
        if hasattr(value, "consts"):
            sizes.extend(np.size(c) for c in value.consts)
        jaxpr = getattr(value, "jaxpr", value)
        for equation in getattr(jaxpr, "eqns", ()):
            leaves = jax.tree.leaves(
                list(equation.params.values()), is_leaf=lambda v: hasattr(v, "eqns")
            )
            for leaf in leaves:
                visit(leaf)

    visit(jax.make_jaxpr(run)(state, subject, weights))
    largest = max(leaf.size for leaf in jax.tree.leaves(weights))
    assert largest > 4000 and max(sizes, default=0) < 200


def test_strokes_that_do_not_show_are_lifted_and_no_others(studio):
    _, networks, weights, _ = studio
    state, subject = start(studio, [0, 1])
    before = picture(studio, state, subject)[0]
    for limit in (0.0, 0.02, 2.0):
        config = dataclasses.replace(CONFIG, lift_below=limit)
        lifted = optimize.lift_unseen(state, subject, weights, networks=networks, config=config)
        changed = np.asarray(lifted.latents != state.latents)
        assert not changed[..., np.setdiff1d(np.arange(15), actions.PRESSURES)].any()
        after = picture(studio, lifted, subject)[0]
        if limit == 0.0:
            np.testing.assert_array_equal(after, before)
        elif limit == 2.0:
            assert changed[..., actions.PRESSURES].all()
            np.testing.assert_allclose(after, 1.0, atol=0.01)
        else:
            assert np.abs(after - before).max() < 0.02 * CONFIG.strokes
