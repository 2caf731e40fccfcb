"""Strided and transposed convolutions that can be trained on a CPU too.

The values, and the gradients of the pictures, are XLA's own. The gradient of the kernel
is not: on a CPU XLA's may take 20 times as long as all else, so there it is a few matrix
products over blocks of `stride x stride` pixels instead, which are the same numbers. On one
core the generator of Nakano (2019) with 32 strokes: 45 ms forward and back instead of 720 ms;
a whole step of its training with 64 strokes (`experiments.painter_recipes`, `gan`): 1.1 s
instead of 26.9 s. Convolutions without padding, as the VAE's, are no slower either way.

Pictures are `[N, H, W, C]`, kernels `[size, size, C, F]`, padding is the same on all sides.
Gradients may be taken of gradients (a critic's penalty needs it).
"""

from __future__ import annotations

from collections.abc import Callable
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def down(x: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    """A convolution: `[N, H, W, C]` to `[N, (H + 2 padding - size) // stride + 1, .., F]`."""
    return _correlate(x, kernel, stride, padding)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def up(x: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    """The transpose of `down`: `[N, H, W, C]` to `[N, (H - 1) stride + size - 2 padding, .., F]`.

    A pixel lays the kernel `[size, size, C, F]` down, pixels are `stride` apart, and
    `padding` pixels are cut off all sides of what comes out.
    """
    around = kernel.shape[0] - 1 - padding
    return jax.lax.conv_general_dilated(
        x, kernel[::-1, ::-1], (1, 1), [(around, around)] * 2, lhs_dilation=(stride, stride),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip


class Down(nn.Module):
    """A layer of `down` with a bias."""

    features: int  # F
    size: int = 4
    stride: int = 2
    padding: int = 1
    use_bias: bool = True
    kernel_init: Callable = nn.initializers.he_normal()
    # What becomes of the kernel before it is used.
    constrain: Callable[[jax.Array], jax.Array] | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, H, W, C]` to `[N, h, w, F]`."""
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape)
        kernel = kernel if self.constrain is None else self.constrain(kernel)
        x = down(x, kernel, self.stride, self.padding)
        bias = nn.initializers.zeros
        return x + self.param("bias", bias, (self.features,)) if self.use_bias else x


class Up(nn.Module):
    """A layer of `up` with a bias."""

    features: int  # F
    size: int = 4
    stride: int = 2
    padding: int = 1
    use_bias: bool = True
    # A pixel that comes out has size^2 / stride^2 of the kernel's places.
    kernel_init: Callable = nn.initializers.variance_scaling(8.0, "fan_in", "normal")

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, H, W, C]` to `[N, h, w, F]`."""
        shape = (self.size, self.size, x.shape[-1], self.features)
        x = up(x, self.param("kernel", self.kernel_init, shape), self.stride, self.padding)
        bias = nn.initializers.zeros
        return x + self.param("bias", bias, (self.features,)) if self.use_bias else x


def kernel_gradient(
    x: jax.Array, grad: jax.Array, size: int, stride: int, padding: int
) -> jax.Array:
    """The gradient `[size, size, C, F]` of the kernel of `down`, by matrix products.

    Args:
      x: the picture `[N, H, W, C]`.
      grad: the gradient `[N, h, w, F]` of what came out.
      size, stride, padding: of the convolution.

    `x` is cut into blocks of `stride x stride` pixels. A kernel covers a few blocks, and
    each of them saw, from all places, what one shifted view of the blocks holds.
    """
    n, high, wide, channels = x.shape
    _, rows, columns, features = grad.shape
    covered = -(-size // stride)  # blocks a side
    tall, broad = rows + covered - 1, columns + covered - 1
    fill = lambda have, blocks: (padding, max(0, blocks * stride - have - padding))  # noqa: E731
    x = jnp.pad(x, ((0, 0), fill(high, tall), fill(wide, broad), (0, 0)))
    x = x[:, : tall * stride, : broad * stride]
    x = x.reshape(n, tall, stride, broad, stride, channels).swapaxes(2, 3)
    x = x.reshape(n, tall, broad, -1)
    grad = grad.reshape(-1, features)
    products = [
        x[:, i : i + rows, j : j + columns].reshape(-1, x.shape[-1]).T @ grad
        for i in range(covered)
        for j in range(covered)
    ]
    out = jnp.stack(products).reshape(covered, covered, stride, stride, channels, features)
    out = out.swapaxes(1, 2).reshape(covered * stride, covered * stride, channels, features)
    return out[:size, :size]


def _correlate(x: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip


def _of_kernel(
    x: jax.Array, grad: jax.Array, kernel: jax.Array, stride: int, padding: int
) -> jax.Array:
    """The kernel's gradient, in whichever form is fast on this device."""
    if jax.default_backend() == "cpu":
        return kernel_gradient(x, grad, kernel.shape[0], stride, padding)
    return jax.vjp(lambda k: _correlate(x, k, stride, padding), kernel)[1](grad)[0]


def _down_forward(x: jax.Array, kernel: jax.Array, stride: int, padding: int) -> tuple:
    return down(x, kernel, stride, padding), (x, kernel)


def _down_backward(stride: int, padding: int, saved: tuple, grad: jax.Array) -> tuple:
    x, kernel = saved
    of_x = up(grad, kernel.swapaxes(2, 3), stride, padding)
    # Rows and columns at the far end that no kernel reached.
    missed = [(0, a - b) for a, b in zip(x.shape, of_x.shape)]
    return jnp.pad(of_x, missed), _of_kernel(x, grad, kernel, stride, padding)


def _up_forward(x: jax.Array, kernel: jax.Array, stride: int, padding: int) -> tuple:
    return up(x, kernel, stride, padding), (x, kernel)


def _up_backward(stride: int, padding: int, saved: tuple, grad: jax.Array) -> tuple:
    x, kernel = saved
    flipped = kernel.swapaxes(2, 3)
    of_kernel = _of_kernel(grad, x, flipped, stride, padding).swapaxes(2, 3)
    return down(grad, flipped, stride, padding), of_kernel


down.defvjp(_down_forward, _down_backward)
up.defvjp(_up_forward, _up_backward)
