"""The sketch that CLIP's gradient draws and strokes follow."""

import dataclasses
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions, clip, composition, optimize, painters, sketch, studio
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
    config = dataclasses.replace(CONFIG, sketch_paper=0.0)
    empty = sketch.begin(jnp.full((SIDE, SIDE, 3), 0.5))
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
    paper = jnp.full((SIDE, SIDE, 3), 0.9).at[:2].set(0.3)
    empty = sketch.begin(paper)
    gradient = jnp.full((SIDE, SIDE, 3), -1.0).at[:4].set(-0.01)
    drawn = np.asarray(sketch.follow(empty, gradient, config=config).picture)
    np.testing.assert_array_equal(drawn[:4], paper[:4])
    length = config.sketch_rate / np.sqrt(np.mean(np.asarray(gradient) ** 2))
    np.testing.assert_allclose(drawn[4:], 0.9 - (length - 0.004), atol=1e-6)


def test_views_show_the_picture_and_noise_is_noise():
    picture, paper = jnp.full((48, 48, 3), 0.25), jnp.full((48, 48, 3), 0.75).at[:24].set(0.5)
    quiet = np.asarray(sketch.look(jax.random.key(0), picture, paper, views=16, noise=0.0))
    assert quiet.shape == (16, 48, 48, 3)
    inside = quiet[:, 6:-6, 6:-6]
    assert np.mean(np.abs(inside - 0.25) < 1e-5) > 0.8  # but for where the paper changes
    still = np.asarray(sketch.look(jax.random.key(0), paper, paper, views=16, noise=0.0))
    np.testing.assert_array_equal(still, np.broadcast_to(paper, still.shape))
    loud = np.asarray(sketch.look(jax.random.key(0), picture, paper, views=16, noise=0.1))
    assert np.std(loud - quiet) == pytest.approx(0.1, rel=0.05)


def test_a_sketch_means_more_of_its_prompt_than_paper_does(eye):
    config = dataclasses.replace(CONFIG, sketch_steps=40)
    networks, weights, subject, _ = start(eye, ["red apple", "green tree"], config)
    drawn = optimize.draw_sketch(subject, weights, networks=networks, config=config).sketch
    assert drawn.shape == (2, config.height, config.width, 3)
    drawn = jax.image.resize(drawn, (2, eye.resolution, eye.resolution, 3), "cubic").clip(0, 1)
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
    ids, mask = clip.tokenize(eye, sorted(eye.vocabulary.words))
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
    assert not np.allclose(subject.things.aims[0, 0], subject.text[0], atol=1e-3)


def test_no_steps_are_no_sketch(eye):
    config = dataclasses.replace(CONFIG, sketch_steps=0)
    networks, weights, subject, state = start(eye, ["cat"], config)
    assert subject.sketch.size == 0
    key = jax.random.key(0)
    paper = jnp.linspace(0, 1, eye.resolution**2 * 3).reshape(*2 * [eye.resolution], 3)
    drawn = sketch.draw(
        key, subject.text[0], paper, eye.module, eye.params, mean=eye.mean, std=eye.std,
        config=config,
    )  # fmt: skip
    np.testing.assert_array_equal(drawn, paper)
    _, terms = optimize.train_steps(
        state, subject, weights, networks=networks, config=config, steps=1
    )
    assert set(terms) == {"cosine"}


def test_things_are_sketched_each_in_its_place_on_the_paper(eye):
    """What a place shows is that thing alone; absent things leave no trace."""
    ground = " on a blue background"
    texts = ["a cat next to a red apple" + ground, "a cat" + ground, "a red apple" + ground]
    networks, weights, subject, _ = start(eye, texts)
    keywords = {"networks": networks, "config": CONFIG}
    drawn = np.asarray(optimize.draw_sketch(subject, weights, **keywords).sketch)
    blue = np.float32(composition.COLORS["blue"])
    assert np.abs(drawn[0, [0, -1]] - blue).max() < 0.02  # above and below lies nothing
    both = subject.things.boxes[0]
    assert np.count_nonzero(np.asarray(both)[:, 3]) == 2
    one = subject.things._replace(boxes=subject.things.boxes.at[0, 1].set(0.0))
    alone = np.asarray(optimize.draw_sketch(
        subject._replace(things=one), weights, **keywords
    ).sketch)[0]  # fmt: skip
    width = CONFIG.width
    np.testing.assert_array_equal(alone[:, : width // 3], drawn[0, :, : width // 3])
    assert np.abs(alone[:, width // 2 :] - drawn[0, :, width // 2 :]).max() > 0.02
    assert np.abs(alone[:, -width // 4 :] - blue).max() < 1e-6
    np.testing.assert_array_equal(subject.things.aims[0, 1], subject.things.aims[2, 0])


def test_a_prompt_may_be_sketched_whole(eye):
    config = dataclasses.replace(CONFIG, sketch_things=0)
    _, _, subject, _ = start(eye, ["two red apples on a blue background"], config)
    assert subject.things.boxes.shape == (1, 1, 4)
    np.testing.assert_array_equal(subject.things.paper, 1.0)
    np.testing.assert_allclose(subject.things.aims[0, 0], subject.text[0], atol=1e-6)


def test_a_paper_has_a_horizon_wherever_a_part_of_it_is_cut_out():
    paper = jnp.array([[0.2, 0.3, 0.4], [0.9, 0.8, 0.7]])
    whole = np.asarray(sketch.ground(paper, 0.5, 1.0, pixels=64))
    assert whole.shape == (64, 1, 3)
    np.testing.assert_allclose(whole[0, 0], paper[0], atol=1e-3)
    np.testing.assert_allclose(whole[-1, 0], paper[1], atol=1e-3)
    part = np.asarray(sketch.ground(paper, 0.625, 0.25, pixels=16))
    np.testing.assert_allclose(part, whole[32:48], atol=1e-6)


def test_strokes_begin_in_the_sketchs_colours_and_follow_it(eye):
    config = dataclasses.replace(CONFIG, steps=60)
    networks, weights, subject, _ = start(eye, ["cat"], config)
    target = jnp.ones_like(subject.sketch).at[:, 8:24, 8:24].set(jnp.array([0.9, 0.1, 0.1]))
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
