"""The terms of the loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from jaxpaint import losses
from jaxpaint.config import Config

TEXT = jnp.array([0.6, 0.0, 0.8])
LOOK = jnp.array([0.0, 1.0, 0.0])
ALPHA = jnp.full((2, 4, 4), 0.25)


def asked(image, **weights):
    return losses.asked(image, TEXT, LOOK, config=Config(**weights))


@pytest.mark.parametrize("sign, loss", [(1.0, 0.0), (-1.0, 2.0)])
def test_same_features_cost_nothing_and_opposite_ones_two(sign, loss):
    terms = asked(jnp.tile(sign * TEXT, (5, 1)))
    assert float(terms["cosine"]) == pytest.approx(loss, abs=1e-6)


def test_cosine_is_the_mean_over_views():
    terms = asked(jnp.stack([TEXT, -TEXT, LOOK, TEXT]))
    assert float(terms["cosine"]) == pytest.approx((0 + 2 + 1 + 0) / 4, abs=1e-6)


def test_words_and_a_picture_are_asked_for_by_their_weights():
    assert set(asked(TEXT[None])) == {"cosine"}
    terms = asked(TEXT[None], prompt_weight=0.0, image_clip=0.5)
    assert set(terms) == {"image_clip"} and float(terms["image_clip"]) == pytest.approx(0.5)
    assert Config().looks and not Config(prompt_weight=0.0, image_l2=1.0).looks


def test_ink_is_there_only_with_a_weight():
    done = jnp.float32(0.9)
    assert losses.ink(ALPHA, done, config=Config(ink_weight=0.0)) == {}
    weighted = losses.ink(ALPHA, done, config=Config(ink_weight=0.4))
    assert float(weighted["ink"]) == pytest.approx(0.4 * 0.25, rel=1e-6)


def test_ink_costs_nothing_before_its_time():
    config = Config(ink_weight=0.4, ink_from=0.5)
    costs = [
        float(losses.ink(ALPHA, jnp.float32(done), config=config)["ink"])
        for done in (0.0, 0.49, 0.5, 0.99)
    ]
    np.testing.assert_allclose(costs, [0, 0, 0.1, 0.1], rtol=1e-6)


def test_likeness_compares_pixels():
    one, other = jnp.full((4, 6, 3), 0.25), jnp.full((4, 6, 3), 0.75)
    assert losses.likeness(one, other, config=Config()) == {}
    terms = losses.likeness(one, other, config=Config(image_l2=2.0, image_l1=3.0))
    assert float(terms["image_l2"]) == pytest.approx(2 * 0.25)
    assert float(terms["image_l1"]) == pytest.approx(3 * 0.5)
    assert all(np.shape(value) == () for value in terms.values())


def blob(row, column, side=8):
    cells = np.mgrid[:side, :side] - np.array([row, column])[:, None, None]
    mass = np.exp(-0.5 * (cells**2).sum(0)) + 1e-4
    return jnp.asarray(mass / mass.sum(), jnp.float32)


def test_transport_is_that_of_the_linear_program():
    one, other = blob(2, 2), blob(4, 5)
    side = len(one)
    place = np.stack(np.mgrid[:side, :side], -1).reshape(-1, 2) / side
    cost = ((place[:, None] - place[None]) ** 2).sum(-1)
    rows, columns = np.kron(np.eye(64), np.ones(64)), np.kron(np.ones(64), np.eye(64))
    sums = np.concatenate([np.ravel(one), np.ravel(other)]).astype(float)
    sums[64:] *= sums[:64].sum() / sums[64:].sum()
    exact = scipy.optimize.linprog(cost.ravel(), A_eq=np.concatenate([rows, columns]), b_eq=sums)
    assert float(losses.transport(one, other)) == pytest.approx(exact.fun, abs=0.02)
    assert exact.fun > 0.15


def test_transport_pulls_paint_to_where_it_is_wanted():
    """Strokes far from everything feel it: pixels would tell them nothing."""
    config = Config(image_transport=1.0)
    paper = jnp.ones((32, 32, 3))
    wanted = paper.at[4:12, 20:28].set(0.0)

    def painted(place):
        y, x = jnp.mgrid[:32, :32]
        dot = jnp.exp(-((y - place[0]) ** 2 + (x - place[1]) ** 2) / 18)
        return 1.0 - dot[..., None] * jnp.ones(3)

    loss = lambda place: losses.likeness(painted(place), wanted, config=config)["image_transport"]  # noqa: E731
    place = jnp.array([24.0, 8.0])
    pull = -jax.grad(loss)(place)
    assert pull[0] < 0 < pull[1]
    assert float(loss(jnp.array([8.0, 24.0]))) < float(loss(place))


def test_intrinsic_is_nothing_for_the_same_and_blind_to_scale():
    features = [jax.random.normal(jax.random.key(i), (2, 9, 5)) for i in range(2)]
    assert float(losses.intrinsic(tuple(features), tuple(features))) == 0
    others = [jax.random.normal(jax.random.key(i + 2), (2, 9, 5)) for i in range(2)]
    far = float(losses.intrinsic(tuple(features), tuple(others)))
    double = [tuple(2 * x for x in xs) for xs in (features, others)]
    assert far > 0.5 and float(losses.intrinsic(*double)) == pytest.approx(far, rel=1e-4)


def test_gram_matrices_do_not_ask_where():
    ours = jax.random.normal(jax.random.key(0), (1, 9, 5))
    moved = jnp.roll(ours, 3, axis=1)
    content = float(jnp.mean((ours - moved) ** 2) / jnp.mean(moved**2))
    assert float(losses.intrinsic((ours,), (moved,))) == pytest.approx(content, rel=1e-4)
