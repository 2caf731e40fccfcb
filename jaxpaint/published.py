"""The neural painters as they were published, in place of the one that paints by default.

    gan  `GanPainter`, `GanCritic`: Neural Painters (Nakano 2019, arXiv 1904.08410)
    vae  `VaePainter`, `VaeEncoder`: the same paper
    joy  `JoyPainter`, `JoyCritic`: The Joy of Neural Painting (Diaz-Aviles et al. 2019,
         arXiv 2111.10283)

Layers and widths are those of the authors' notebooks (reiinakano/neural-painters and
neural-painters-pytorch, libreai/neural-painters-x); `width` scales all of a network's. A
painter maps the twelve numbers of the published action space (`actions.REFERENCE`) to
**RGB on white**, `painter(stroke [S, 12], noise [S, N, 3]) -> [S, 64, 64, 3]` in [0, 1], and
has the colour to learn too. `separate` makes of that what the canvas wants: how much of
a pixel the stroke covers, and its colour.

What differs from the publications, and why:

- Strokes: the authors' lie anywhere in their frame; these networks are trained on the same
  strokes as the default painter, `actions.FRAME_MARGIN` inside it, so that all painters
  can be compared and their paintings replayed by MyPaint.
- Batch normalisation (Ioffe & Szegedy 2015) stays while training, and no running mean is
  kept: `settle` measures the statistics over many strokes when the painter is written and
  folds them into scale and shift, all that a painter then has.
- `GanCritic` has layer normalisation where Nakano's has batch normalisation: the gradient
  penalty is a statement about one picture at a time (Gulrajani et al. 2017, section 4).
- `JoyCritic`'s spectral normalisation (Miyato et al. 2018) keeps no vector between
  steps: a few power iterations from a fixed start find it anew.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import flax.traverse_util
import jax
import jax.numpy as jnp

from jaxpaint.convolution import Down, Up

_FAINT = 1 / 255  # darkness below which a stroke has left nothing
_NEAR_WHITE = 1e-3  # squared distance from white below which a colour tells no alpha
_EPSILON = 1e-5  # of the variance, in batch normalisation
_NAKANO = nn.initializers.normal(0.02)


class Norm(nn.Module):
    """Batch normalisation while training; what `settle` made of it when painting."""

    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, ..., C]` to likewise, a channel at a time."""
        scale = self.param("scale", nn.initializers.ones, x.shape[-1:])
        shift = self.param("shift", nn.initializers.zeros, x.shape[-1:])
        if self.train:
            axes = tuple(range(x.ndim - 1))
            mean, variance = jnp.mean(x, axes), jnp.var(x, axes)
            for name, value in (("mean", mean), ("variance", variance)):
                self.sow("statistics", name, value, lambda _, new: new, lambda: None)
            x = (x - mean) * jax.lax.rsqrt(variance + _EPSILON)
        return scale * x + shift


class GanPainter(nn.Module):
    """Nakano's generator: transposed convolutions of an action and noise."""

    width: int = 16
    chance: int = 16  # numbers of noise
    train: bool = False
    rgb, darkest = True, False

    @property
    def dabs(self) -> int:
        """N, rows of three numbers of noise."""
        return -(-self.chance // 3)

    @nn.compact
    def __call__(self, stroke: jax.Array, noise: jax.Array) -> jax.Array:
        """`[S, 12]` in [0, 1] and standard normal `[S, N, 3]` to RGB `[S, 64, 64, 3]`."""
        noise = noise.reshape(len(noise), -1)[:, : self.chance]
        x = nn.Dense(4 * 4 * 16 * self.width)(jnp.concatenate([stroke, noise], -1))
        x = x.reshape(-1, 4, 4, 16 * self.width)
        for features in (8 * self.width, 4 * self.width, 2 * self.width, 3):
            x = Up(features, kernel_init=_NAKANO)(nn.relu(Norm(self.train)(x)))
        return nn.sigmoid(x)


class GanCritic(nn.Module):
    """Nakano's critic, which sees the action beside the picture; Wasserstein, no bounds."""

    width: int = 16

    @nn.compact
    def __call__(self, rgb: jax.Array, stroke: jax.Array) -> jax.Array:
        """RGB `[S, 64, 64, 3]` and actions `[S, 12]` to `[S]`: low for real strokes."""
        action = nn.relu(nn.Dense(self.width)(stroke))
        x = nn.leaky_relu(Down(self.width, kernel_init=_NAKANO)(rgb), 0.2)
        x = x + action[:, None, None]
        for factor in (2, 4, 8):
            x = Down(factor * self.width, kernel_init=_NAKANO)(x)
            x = nn.leaky_relu(nn.GroupNorm(num_groups=1)(x), 0.2)
        return nn.Dense(1)(x.reshape(len(x), -1))[:, 0]


class VaeEncoder(nn.Module):
    """Of pictures of strokes to a normal distribution of latents; for training alone."""

    width: int = 32

    @nn.compact
    def __call__(self, rgb: jax.Array) -> tuple[jax.Array, jax.Array]:
        """RGB `[S, 64, 64, 3]` to means and log variances `[S, 2 width]`."""
        x = rgb
        for factor in (1, 2, 4, 8):
            x = nn.relu(Down(factor * self.width, padding=0)(x))
        x = x.reshape(len(x), -1)
        return nn.Dense(2 * self.width)(x), nn.Dense(2 * self.width)(x)


class VaePainter(nn.Module):
    """An action leads to latents (trained second), and they to a picture (trained first)."""

    width: int = 32
    train: bool = False
    rgb, darkest = True, False

    def setup(self) -> None:
        """The two networks; what trains the decoder needs it alone."""
        self.predictor = _Predictor(self.width, self.train)
        self.decoder = _Decoder(self.width)

    def __call__(self, stroke: jax.Array, noise: jax.Array) -> jax.Array:
        """`[S, 12]` in [0, 1] to RGB `[S, 64, 64, 3]`; the noise is not used."""
        del noise
        return self.decode(self.predict(stroke))

    def predict(self, stroke: jax.Array) -> jax.Array:
        """Actions `[S, 12]` to latents `[S, 2 width]`, the mean that the encoder would find."""
        return self.predictor(stroke)

    def decode(self, latents: jax.Array) -> jax.Array:
        """Latents `[S, 2 width]` to RGB `[S, 64, 64, 3]` in (0, 1)."""
        return self.decoder(latents)


class JoyPainter(nn.Module):
    """The generator of The Joy of Neural Painting: fast.ai's, without noise."""

    width: int = 64
    train: bool = False
    rgb, darkest = True, True

    @nn.compact
    def __call__(self, stroke: jax.Array, noise: jax.Array) -> jax.Array:
        """`[S, 12]` to RGB `[S, 64, 64, 3]`; in training in (-1, 1), where targets are from 0."""
        del noise
        x = nn.Dense(64 * self.width)(stroke)[:, None, None]
        layers = [(8, 4, 1, 0), (4, 4, 2, 1), (2, 4, 2, 1), (1, 4, 2, 1), (1, 3, 1, 1)]
        for factor, size, stride, padding in layers:
            x = Up(factor * self.width, size, stride, padding, use_bias=False)(x)
            x = Norm(self.train)(nn.relu(x))
        x = jnp.tanh(Up(3, use_bias=False)(x))
        return x if self.train else jnp.maximum(x, 0.0)


class JoyCritic(nn.Module):
    """The critic of The Joy of Neural Painting: fast.ai's, with self-attention."""

    width: int = 64
    train: bool = False  # whether channels are dropped at random

    @nn.compact
    def __call__(self, rgb: jax.Array) -> jax.Array:
        """RGB `[S, 64, 64, 3]` to logits `[S]` that it is real; needs an rng `dropout` to train."""

        def convolve(x: jax.Array, features: int, size: int = 4, stride: int = 2) -> jax.Array:
            return nn.leaky_relu(Down(features, size, stride, constrain=spectral)(x), 0.2)

        drop = lambda rate: nn.Dropout(rate, broadcast_dims=(1, 2), deterministic=not self.train)  # noqa: E731
        x = drop(0.075)(convolve(rgb, self.width))
        inner = convolve(convolve(x, self.width, 3, 1), self.width, 3, 1)
        x = drop(0.15)(jnp.concatenate([inner, x], -1))
        x = _Attention()(convolve(x, 4 * self.width))
        x = convolve(drop(0.15)(x), 8 * self.width)
        x = convolve(drop(0.15)(x), 16 * self.width)
        return Down(1, 4, 1, 0, use_bias=False, constrain=spectral)(x)[:, 0, 0, 0]


def separate(
    rgb: jax.Array, colors: jax.Array, *, blend: str, darkest: bool
) -> tuple[jax.Array, jax.Array]:
    """What a stroke on white covers, and with which colour.

    Args:
      rgb: strokes on white `[S, 64, 64, 3]` in [0, 1].
      colors: the strokes' own `[S, 3]`, as they were asked for.
      blend: `darkness` is how the publications lay strokes over one another: how dark a
        pixel is, of the stroke's darkest. So the boldest pixel of any stroke covers all.
        `alpha` solves `white + alpha (color - white) = rgb` for alpha by least squares.
        A white stroke covers nothing either way.
      darkest: whether, with `darkness`, the colour is the darkest value of each channel of
        the stroke (Diaz-Aviles et al.) and not what was asked for (Nakano).

    Returns:
      Alpha `[S, 64, 64]` in [0, 1] and colours `[S, 3]`.
    """
    if blend == "darkness":
        dark = 1.0 - jnp.mean(rgb, -1)
        dark = dark / jnp.maximum(jnp.max(dark, (1, 2), keepdims=True), _FAINT)
        return dark, jnp.min(rgb, (1, 2)) if darkest else colors
    ink = colors - 1.0
    size = jnp.maximum(jnp.sum(ink**2, -1), _NEAR_WHITE)
    alpha = jnp.einsum("shwc,sc->shw", rgb - 1.0, ink) / size[:, None, None]
    return jnp.clip(alpha, 0.0, 1.0), colors


def settle(module: nn.Module, params: Any, stroke: jax.Array, noise: jax.Array) -> Any:
    """The weights of a painter that has been trained, ready to paint.

    Args:
      module: a painter with `train` on.
      params: its weights.
      stroke, noise: as of the painter, many: their statistics are kept.
    """
    _, found = module.apply({"params": params}, stroke, noise, mutable="statistics")
    weights = flax.traverse_util.flatten_dict(params)
    found = flax.traverse_util.flatten_dict(dict(found["statistics"]))
    for (*layer, name), variance in found.items():
        if name == "variance":
            scale, shift, mean = ((*layer, part) for part in ("scale", "shift", "mean"))
            weights[scale] = weights[scale] * jax.lax.rsqrt(variance + _EPSILON)
            weights[shift] = weights[shift] - found[mean] * weights[scale]
    return flax.traverse_util.unflatten_dict(weights)


def spectral(kernel: jax.Array) -> jax.Array:
    """A kernel `[.., F]` divided by its largest singular value as a matrix of F columns."""
    matrix = kernel.reshape(-1, kernel.shape[-1])
    unit = lambda x: x * jax.lax.rsqrt(jnp.sum(x**2) + 1e-12)  # noqa: E731
    still = jax.lax.stop_gradient(matrix)
    begin = unit(jax.random.normal(jax.random.key(0), matrix.shape[1:]))
    right = jax.lax.fori_loop(0, 5, lambda _, right: unit((still @ right) @ still), begin)
    return kernel / (unit(still @ right) @ matrix @ right)


class _Predictor(nn.Module):
    width: int
    train: bool

    @nn.compact
    def __call__(self, stroke: jax.Array) -> jax.Array:
        x = stroke
        for factor in (8, 2, 2):
            x = Norm(self.train)(nn.leaky_relu(nn.Dense(factor * self.width)(x), 0.2))
        return nn.Dense(2 * self.width)(x)


class _Decoder(nn.Module):
    width: int

    @nn.compact
    def __call__(self, latents: jax.Array) -> jax.Array:
        x = nn.Dense(32 * self.width)(latents)[:, None, None]
        for factor, size in ((4, 5), (2, 5), (1, 6)):
            x = nn.relu(Up(factor * self.width, size, padding=0)(x))
        return nn.sigmoid(Up(3, 6, padding=0)(x))


class _Attention(nn.Module):
    """Self-attention between places, as in SAGAN (Zhang et al. 2019); at first it adds nothing."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        width = x.shape[-1]
        flat = x.reshape(len(x), -1, width)

        def project(name: str, features: int) -> jax.Array:
            kernel = self.param(name, nn.initializers.lecun_normal(), (width, features))
            return flat @ spectral(kernel)

        query, key = project("query", max(1, width // 8)), project("key", max(1, width // 8))
        share = nn.softmax(query @ key.swapaxes(1, 2), -1)
        gain = self.param("gain", nn.initializers.zeros, ())
        return x + gain * (share @ project("value", width)).reshape(x.shape)
