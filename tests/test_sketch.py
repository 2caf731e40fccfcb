"""The sketch that CLIP's gradient draws and strokes follow."""

import dataclasses
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions, clip, optimize, painters, sketch, studio
from jaxpaint.config import Config

CONFIG = Config(
    height=32, width=32, strokes=8, steps=12, crops=0, wides=1, sketch_steps=6, sketch_views=2
)
SIDE = 8


@pytest.fixture(scope="module")
def eye() -> clip.Clip:
    return clip.load("bundled")


def start(eye, texts, config=CONFIG):
    painter = painters.load("brush")
    jobs = [studio.Job(text, seed, pathlib.Path()) for seed, text in enumerate(texts)]
    networks, weights = studio.freeze(eye, painter)
    subject, state = studio.start(jobs, eye, painter, config=config)
    return networks, weights, subject, state


def test_a_step_is_as_long_as_the_first_gradient_says():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, SIDE, SIDE, 3)).astype(np.float32)
    config = dataclasses.replace(CONFIG, background=(0.5, 0.5, 0.5), sketch_paper=0.0)
    empty = sketch.begin(resolution=SIDE, config=config)
    one = sketch.follow(empty, 7.0 * first, config=config)
    two = sketch.follow(one, 3.5 * second, config=config)
    size = lambda x: float(jnp.sqrt(jnp.mean(x**2)))  # noqa: E731
    assert size(one.picture - empty.picture) == pytest.approx(config.sketch_rate, rel=1e-4)
    expected = 0.5 * config.sketch_rate * size(second) / size(first)
    assert size(two.picture - one.picture) == pytest.approx(expected, rel=1e-4)
    steep = sketch.follow(one, 700.0 * second, config=config)
    assert size(steep.picture - one.picture) == pytest.approx(3 * config.sketch_rate, rel=1e-4)
    assert int(two.step) == 2


def test_what_hardly_differs_from_the_paper_is_paper():
    config = dataclasses.replace(CONFIG, sketch_paper=0.004)
    empty = sketch.begin(resolution=SIDE, config=config)
    gradient = jnp.full((SIDE, SIDE, 3), -1.0).at[:4].set(-0.01)
    drawn = np.asarray(sketch.follow(empty, gradient, config=config).picture)
    np.testing.assert_array_equal(drawn[:4], 1.0)
    length = config.sketch_rate / np.sqrt(np.mean(np.asarray(gradient) ** 2))
    np.testing.assert_allclose(drawn[4:], 1.0 - (length - 0.004), atol=1e-6)


def test_views_show_the_picture_and_noise_is_noise():
    picture = jnp.full((48, 48, 3), 0.25)
    quiet = np.asarray(sketch.look(jax.random.key(0), picture, views=16, noise=0.0))
    assert quiet.shape == (16, 48, 48, 3)
    assert np.mean(np.abs(quiet - 0.25) < 1e-5) > 0.9  # beyond the edge is paper
    loud = np.asarray(sketch.look(jax.random.key(0), picture, views=16, noise=0.1))
    assert np.std(loud - quiet) == pytest.approx(0.1, rel=0.05)


def test_a_sketch_means_more_of_its_prompt_than_paper_does(eye):
    config = dataclasses.replace(CONFIG, sketch_steps=40)
    networks, weights, subject, _ = start(eye, ["red apple", "green tree"], config)
    drawn = optimize.draw_sketch(subject, weights, networks=networks, config=config).sketch
    assert drawn.shape == (2, eye.resolution, eye.resolution, 3)
    assert float(drawn.min()) >= 0 and float(drawn.max()) <= 1
    pictures = jnp.concatenate([drawn, jnp.ones_like(drawn[:1])])
    seen = clip.normalize(pictures, eye.mean, eye.std)
    cosines = np.asarray(clip.encode_image(eye.module, eye.params, seen) @ subject.text.T)
    assert cosines[0, 0] > max(cosines[1, 0], cosines[2, 0])
    assert cosines[1, 1] > max(cosines[0, 1], cosines[2, 1])


def test_a_sketch_is_the_same_alone_and_in_a_batch(eye):
    texts = ["cat", "house", "cat"]
    networks, weights, subject, _ = start(eye, texts)
    keywords = {"networks": networks, "config": CONFIG}
    many = np.asarray(optimize.draw_sketch(subject, weights, **keywords).sketch)
    last = jax.tree.map(lambda x: x[2:], subject)
    alone = np.asarray(optimize.draw_sketch(last, weights, **keywords).sketch)
    np.testing.assert_array_equal(alone[0], many[2])
    assert np.abs(many[0] - many[2]).max() > 1e-4  # another seed looks otherwise


def test_aims_past_the_prompt_away_from_the_mean_of_words(eye):
    mean = clip.mean_word(eye)
    ids, mask = clip.tokenize(eye, sorted(eye.vocabulary))
    each = np.asarray(clip.encode_text(eye.module, eye.params, ids, mask))
    np.testing.assert_allclose(mean, each.mean(0), atol=1e-5)
    text = jnp.asarray(each[5])
    config = dataclasses.replace(CONFIG, sketch_beyond=0.0)
    np.testing.assert_allclose(sketch.aim(text, mean, config=config), text, atol=1e-6)
    config = dataclasses.replace(CONFIG, sketch_beyond=1.0)
    aim = sketch.aim(text, mean, config=config)
    assert float(jnp.linalg.norm(aim)) == pytest.approx(1, abs=1e-5)
    assert aim @ mean < text @ mean and 0.5 < aim @ text < 1
    _, _, subject, _ = start(eye, ["cat"], config)
    assert not np.allclose(subject.aim[0], subject.text[0], atol=1e-3)


def test_no_steps_are_no_sketch(eye):
    config = dataclasses.replace(CONFIG, sketch_steps=0)
    networks, weights, subject, state = start(eye, ["cat"], config)
    assert subject.sketch.size == 0
    key = jax.random.key(0)
    paper = sketch.draw(
        key, subject.text[0], eye.module, eye.params, mean=eye.mean, std=eye.std,
        resolution=eye.resolution, config=config,
    )  # fmt: skip
    np.testing.assert_array_equal(paper, 1.0)
    _, terms = optimize.train_steps(
        state, subject, weights, networks=networks, config=config, steps=1
    )
    assert set(terms) == {"cosine"}


def test_strokes_begin_in_the_sketchs_colours_and_follow_it(eye):
    config = dataclasses.replace(CONFIG, steps=60)
    networks, weights, subject, _ = start(eye, ["cat"], config)
    target = jnp.ones_like(subject.sketch).at[:, 12:36, 12:36].set(jnp.array([0.9, 0.1, 0.1]))
    subject = subject._replace(sketch=target)
    state = optimize.begin(subject, config=config)
    colors = np.asarray(actions.bound(state.latents)[0, :, actions.COLOR])
    red = np.abs(colors - [0.9, 0.1, 0.1]).max(-1) < 0.01
    assert np.all(red | (colors.min(-1) > 0.99)) and red.any() and not red.all()
    _, terms = optimize.train_steps(
        state, subject, weights, networks=networks, config=config, steps=60
    )
    log = np.asarray(terms["sketch"])[:, 0]
    assert log[-1] < 0.6 * log[0]
