"""Convolutions and their gradients agree with XLA's and Flax's."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import convolution

# size, stride, padding, side of the picture: those of the published painters and others.
DOWN = [(4, 2, 1, 8), (3, 1, 1, 6), (4, 2, 0, 31), (4, 1, 0, 4), (5, 2, 0, 9), (5, 3, 2, 10)]
UP = [(4, 2, 1, 4), (3, 1, 1, 6), (5, 2, 0, 5), (6, 2, 0, 5), (4, 1, 0, 1), (5, 3, 2, 4)]


def random(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def flax_down(x, kernel, stride, padding):
    size, features = kernel.shape[0], kernel.shape[-1]
    layer = nn.Conv(
        features, (size, size), (stride, stride), [(padding, padding)] * 2, use_bias=False
    )
    return layer.apply({"params": {"kernel": kernel}}, x)


def flax_up(x, kernel, stride, padding):
    size, features = kernel.shape[0], kernel.shape[-1]
    layer = nn.ConvTranspose(
        features, (size, size), (stride, stride), [(size - 1 - padding,) * 2] * 2,
        use_bias=False, transpose_kernel=True,
    )  # fmt: skip
    return layer.apply({"params": {"kernel": kernel.swapaxes(2, 3)}}, x)


CASES = [(convolution.down, flax_down, *case) for case in DOWN] + [
    (convolution.up, flax_up, *case) for case in UP
]
each_case = pytest.mark.parametrize(("ours", "theirs", "size", "stride", "padding", "side"), CASES)


@each_case
def test_values_and_gradients_are_those_of_flax(ours, theirs, size, stride, padding, side):
    x, kernel = random((2, side, side, 3)), random((size, size, 3, 5), 1)
    out = theirs(x, kernel, stride, padding)
    np.testing.assert_allclose(ours(x, kernel, stride, padding), out, atol=1e-4)
    weight = random(out.shape, 2)

    def gradients(convolve):
        total = lambda x, kernel: jnp.sum(weight * convolve(x, kernel, stride, padding) ** 2)
        return jax.grad(total, (0, 1))(x, kernel)

    for mine, other in zip(gradients(ours), gradients(theirs)):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("pair", [(convolution.down, flax_down), (convolution.up, flax_up)])
def test_gradients_of_gradients(pair):
    """What a gradient penalty needs."""
    x, kernel = random((2, 8, 8, 3)), random((4, 4, 3, 5), 1)

    def steepness(convolve):
        def penalty(x, kernel):
            total = lambda x: jnp.sum(jnp.tanh(convolve(x, kernel, 2, 1)))
            return jnp.sum(jax.grad(total)(x) ** 3)

        return jax.grad(penalty, (0, 1))(x, kernel)

    for mine, other in zip(*map(steepness, pair)):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=2e-3)


def test_kernel_gradient_is_the_sum_of_what_each_place_saw():
    x, grad = random((2, 7, 7, 2)), random((2, 3, 3, 4), 1)
    naive = np.zeros((3, 3, 2, 4))
    for n in range(2):
        for i in range(3):
            for j in range(3):
                for a in range(3):
                    for b in range(3):
                        naive[a, b] += np.outer(x[n, 2 * i + a, 2 * j + b], grad[n, i, j])
    np.testing.assert_allclose(convolution.kernel_gradient(x, grad, 3, 2, 0), naive, atol=1e-4)


@pytest.mark.parametrize(("layer", "side"), [(convolution.Down, 4), (convolution.Up, 16)])
def test_layers_add_a_bias_and_keep_the_size_of_what_they_see(layer, side):
    layer, x = layer(5), random((64, 8, 8, 32))
    params = layer.init(jax.random.key(0), x)["params"]
    out = layer.apply({"params": params}, x)
    assert out.shape == (64, side, side, 5)
    assert 1.0 < float(out[:, 1:-1, 1:-1].std()) < 2.0  # He's: ReLU halves the square
    moved = layer.apply({"params": params | {"bias": jnp.full(5, 3.0)}}, x)
    np.testing.assert_allclose(moved - out, 3.0, atol=1e-5)
