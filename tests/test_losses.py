"""The terms of the loss."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import losses
from jaxpaint.config import Config

TEXT = jnp.array([0.6, 0.0, 0.8])
ALPHA = jnp.full((2, 4, 4), 0.25)
DONE = jnp.float32(0.9)  # share of the steps


@pytest.mark.parametrize("sign, loss", [(1.0, 0.0), (-1.0, 2.0)])
def test_same_features_cost_nothing_and_opposite_ones_two(sign, loss):
    image = jnp.tile(sign * TEXT, (5, 1))
    terms = losses.terms(image, TEXT, ALPHA, DONE, config=Config(ink_weight=0.0))
    assert float(terms["cosine"]) == pytest.approx(loss, abs=1e-6)


def test_cosine_is_the_mean_over_views():
    image = jnp.stack([TEXT, -TEXT, jnp.array([0.0, 1.0, 0.0]), TEXT])
    terms = losses.terms(image, TEXT, ALPHA, DONE, config=Config(ink_weight=0.0))
    assert float(terms["cosine"]) == pytest.approx((0 + 2 + 1 + 0) / 4, abs=1e-6)


def test_ink_is_there_only_with_a_weight():
    image = TEXT[None]
    assert set(losses.terms(image, TEXT, ALPHA, DONE, config=Config(ink_weight=0.0))) == {"cosine"}
    weighted = losses.terms(image, TEXT, ALPHA, DONE, config=Config(ink_weight=0.4))
    assert set(weighted) == {"cosine", "ink"}
    assert float(weighted["ink"]) == pytest.approx(0.4 * 0.25, rel=1e-6)


def test_ink_costs_nothing_before_its_time():
    config = Config(ink_weight=0.4, ink_from=0.5)
    costs = [
        float(losses.terms(TEXT[None], TEXT, ALPHA, jnp.float32(done), config=config)["ink"])
        for done in (0.0, 0.49, 0.5, 0.99)
    ]
    np.testing.assert_allclose(costs, [0, 0, 0.1, 0.1], rtol=1e-6)


def test_terms_are_scalars():
    terms = losses.terms(TEXT[None], TEXT, ALPHA, DONE, config=Config(ink_weight=1.0))
    assert all(np.shape(value) == () for value in terms.values())
