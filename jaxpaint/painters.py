"""Neural painters: networks that learned what a MyPaint brush leaves.

A painter maps the nine geometry numbers of a stroke (and the stroke's own noise)
to the stroke's alpha on its 64 x 64 frame. Colour needs no network (it is known).
All of them are Flax modules with one call, `painter(geometry [S, 9], noise
[S, N, 3]) -> alpha [S, 64, 64]` in [0, 1]. Published ones say `rgb = True`: they take the
twelve numbers and return RGB on white, which `lay` takes apart.

`DabPainter` is the one that paints. MyPaint itself lays dabs along the pen's way,
so this network does too: an MLP predicts, for each of N dabs strung on the exact
curve, a shift, two widths, an ink weight and how much of each is left to chance.
A dab is a Gaussian, thus separable, and the sum of all N dabs is one product of a
`64 x N` by an `N x 64` matrix; `1 - exp(-sum)` is the alpha. The noise moves the
dabs as a scattering brush does and is zero for a crisp brush. `RowColumnPainter`
(an MLP that ends in free row and column factors) and `ConvPainter` (the generator
of Neural Painters, Nakano 2019, with alpha as its only channel) are the other
candidates (the painters of the papers as they were published are in `published.py`).
On 2 CPU cores, held-out PSNR and milliseconds for 256 strokes forward and
with the gradient of the actions: dab 31.5 dB, 4 and 12; row and column 21.2 dB, 5 and
10; convolutions 13.0 dB after 139 s of training, 171 and 350 (the table is in
`experiments/README.md`, by `experiments.compare_painters`).
"""

from __future__ import annotations

from collections.abc import Mapping
import difflib
import functools
import json
import pathlib
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from jaxpaint import actions, published

WEIGHTS = pathlib.Path(__file__).parent / "weights" / "painters"
_MARGIN = actions.FRAME_MARGIN / actions.FRAME_PIXELS
KINDS = ("alpha", "gan", "vae", "joy")  # those with trained weights have a folder of that name
_TOUCH = 0.05  # pressure, of 0 .. 1, below which the painted ink fades to nothing


class PainterError(ValueError):
    """A painter's weights are missing or do not fit; the message says how to fix it."""


class Painter(NamedTuple):
    """A trained painter: the network is structure, the weights are an argument."""

    module: nn.Module
    params: Any  # pytree of float32
    # Name or .myb file of the MyPaint brush that it imitates; of a mixture, `name:strokes` of each.
    brush: str
    brushes: tuple[str, ...]  # of a mixture, that of each stroke; else the one


class DabPainter(nn.Module):
    """Gaussian dabs on the stroke's curve; see the module's docstring."""

    dabs: int = 48  # N
    hidden: int = 256
    scatter: bool = False  # whether noise moves the dabs

    @nn.compact
    def __call__(self, geometry: jax.Array, noise: jax.Array) -> jax.Array:
        """`[S, 9]` in [0, 1] and standard normal `[S, N, 3]` to alpha `[S, 64, 64]`."""
        radius = jnp.exp(actions.MAX_LOG_RADIUS * geometry[:, 1])[:, None]  # pixels
        x = nn.gelu(nn.Dense(self.hidden)(_features(geometry)))
        x = x + nn.gelu(nn.Dense(self.hidden)(x))
        x = x + nn.gelu(nn.Dense(self.hidden)(x))
        out = nn.Dense(self.dabs * 8, kernel_init=nn.initializers.normal(0.01))(x)
        out = out.reshape(-1, self.dabs, 8)
        centre = _curve(geometry, self.dabs) + radius[..., None] * out[..., 0:2]
        ink = 2.0 + 4.0 * out[..., 2]
        if self.scatter:
            spread = nn.softplus(out[..., 3:4] - 1.0)
            centre = centre + radius[..., None] * spread * noise[..., :2]
            ink = ink + nn.softplus(out[..., 4] - 2.0) * noise[..., 2]
        width = 0.35 * radius[..., None] * jnp.exp(2.0 * out[..., 5:7])
        return _lay_dabs(centre, width, ink)


class RowColumnPainter(nn.Module):
    """Candidate: an MLP that ends in rank-`rank` row and column factors."""

    rank: int = 24
    hidden: int = 384

    @nn.compact
    def __call__(self, geometry: jax.Array, noise: jax.Array) -> jax.Array:
        """`[S, 9]` to `[S, 64, 64]`; the noise is not used."""
        del noise
        x = nn.gelu(nn.Dense(self.hidden)(_features(geometry)))
        x = x + nn.gelu(nn.Dense(self.hidden)(x))
        size = actions.FRAME_PIXELS
        rows = nn.Dense(size * self.rank)(x).reshape(-1, size, self.rank)
        columns = nn.Dense(size * self.rank)(x).reshape(-1, self.rank, size)
        return nn.sigmoid(rows @ columns - 3.0)


class ConvPainter(nn.Module):
    """Candidate: transposed convolutions, as the generator of Nakano (2019)."""

    width: int = 16

    @nn.compact
    def __call__(self, geometry: jax.Array, noise: jax.Array) -> jax.Array:
        """`[S, 9]` to `[S, 64, 64]`; the noise is not used."""
        del noise
        x = nn.Dense(4 * 4 * self.width * 16)(geometry).reshape(-1, 4, 4, self.width * 16)
        for factor in (8, 4, 2):
            x = nn.relu(nn.LayerNorm()(x))
            x = nn.ConvTranspose(self.width * factor, (4, 4), (2, 2))(x)
        x = nn.ConvTranspose(1, (4, 4), (2, 2))(nn.relu(nn.LayerNorm()(x)))
        return nn.sigmoid(x[..., 0])


def noise_for(key: jax.Array, painter: Painter, strokes: int) -> jax.Array:
    """The chance part of each stroke, `[S, N, 3]` standard normal.

    Drawn once for a painting and kept, so that a stroke has one texture.
    """
    return _noise(key, strokes, getattr(painter.module, "dabs", 1))


@functools.partial(jax.jit, static_argnums=(1, 2))
def _noise(key: jax.Array, strokes: int, dabs: int) -> jax.Array:
    draw = lambda s: jax.random.normal(jax.random.fold_in(key, s), (dabs, 3))  # noqa: E731
    return jax.vmap(draw)(jnp.arange(strokes))


def apply(module: nn.Module, params: Any, stroke: jax.Array, noise: jax.Array) -> jax.Array:
    """Alpha `[S, 64, 64]` float32 in [0, 1] of actions `[S, A]` with noise `[S, N, 3]`."""
    return lay(module, params, stroke, noise, blend="alpha")[0]


def lay(
    module: nn.Module, params: Any, stroke: jax.Array, noise: jax.Array, *, blend: str
) -> tuple[jax.Array, jax.Array]:
    """What strokes cover of their frames, and their colours.

    Args:
      module, params: the painter.
      stroke: actions `[S, A]`.
      noise: `[S, N, 3]`.
      blend: how the RGB of a published painter is understood (`published.separate`).

    Returns:
      Alpha `[S, 64, 64]` float32 in [0, 1] and colours `[S, 3]`.
    """
    colors = stroke[:, actions.COLOR]
    if getattr(module, "rgb", False):
        rgb = module.apply({"params": params}, stroke[:, actions.REFERENCE], noise)
        rgb = rgb.astype(jnp.float32)
        alpha, colors = published.separate(rgb, colors, blend=blend, darkest=module.darkest)
    else:
        geometry = stroke[:, actions.GEOMETRY]
        alpha = module.apply({"params": params}, geometry, noise).astype(jnp.float32)
    # A pen without pressure draws nothing, where the networks leave a trace of 0.02.
    touch = jnp.minimum(jnp.maximum(stroke[:, 0], stroke[:, 11]) / _TOUCH, 1.0)
    return alpha * touch[:, None, None], colors


def available(*, kind: str = "alpha") -> list[str]:
    """Names of the brushes that have a trained painter of a kind in the package, sorted."""
    return sorted(path.stem for path in _folder(kind).glob("*.safetensors"))


def read_card(path: pathlib.Path) -> dict[str, Any]:
    """What a painter's training wrote of it: brush, architecture, held-out figures."""
    return json.loads(path.read_text(encoding="utf-8"))


def load(brush: str, *, kind: str = "alpha") -> Painter:
    """Loads a trained painter by brush name, of a kind, or from a `.safetensors` file.

    Raises:
      PainterError: no such brush, or the weights do not fit their card.
    """
    path = pathlib.Path(brush)
    own = path.suffix == ".safetensors"
    if not own:
        path = _folder(kind) / f"{brush}.safetensors"
    if own and not path.is_file():
        raise PainterError(
            f"no painter's file {brush}: give the .safetensors file that "
            "experiments.train_painter wrote"
        )
    if not path.is_file():
        known = available(kind=kind)
        advice = [f"choose one of {', '.join(known)}"] if known else []
        if kind == "alpha":
            advice.append(
                "train it with experiments.train_painter, unless it smudges, and give the "
                ".safetensors file"
            )
        else:
            advice.append(
                f"train it with experiments.train_painter --recipe={kind} and give "
                "--painter=FILE.safetensors"
            )
        what = "painter" if kind == "alpha" else f"{kind} painter"
        near = difflib.get_close_matches(brush.lower(), known, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise PainterError(f"no trained {what} for brush {brush!r}{meant}: {', or '.join(advice)}")
    try:
        card = read_card(path.with_suffix(".json"))
        module = make(card["architecture"], **card["options"])
        params = _unflatten(load_file(path))
        shapes = jax.eval_shape(lambda: init(jax.random.key(0), module))
        if jax.tree.structure(shapes) != jax.tree.structure(params):
            raise ValueError("other layers than its card says")
        jax.tree.map(_check_shape, shapes, params)
        brush = str(card["brush"])
        if "brush_file" in card:  # no installed one: it lies beside the weights
            brush = str((path.parent / card["brush_file"]).resolve())
    except (OSError, LookupError, TypeError, ValueError, SafetensorError) as error:
        raise PainterError(
            f"{path} is not a painter that jaxpaint can use ({error}): write it anew "
            "with experiments.train_painter"
        ) from error
    params = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), params)
    return Painter(module, params, brush, (brush,))


def make(architecture: str, **options: Any) -> nn.Module:
    """The network called `dab`, `row_column`, `conv`, `gan`, `vae`, `joy`; else a KeyError."""
    kinds = {
        "dab": DabPainter, "row_column": RowColumnPainter, "conv": ConvPainter,
        "gan": published.GanPainter, "vae": published.VaePainter, "joy": published.JoyPainter,
    }  # fmt: skip
    return kinds[architecture](**options)


def init(key: jax.Array, module: nn.Module) -> Any:
    """Random weights, a pytree of float32."""
    noise = jnp.zeros((1, getattr(module, "dabs", 1), 3))
    numbers = 12 if getattr(module, "rgb", False) else 9
    return module.init(key, jnp.zeros((1, numbers)), noise)["params"]


def _folder(kind: str) -> pathlib.Path:
    return WEIGHTS if kind == "alpha" else WEIGHTS / kind


def _features(geometry: jax.Array) -> jax.Array:
    """Sinusoids of the numbers, and stroke-relative coordinates: `[S, 69]`."""
    start, end, control = geometry[:, 6:8], geometry[:, 4:6], geometry[:, 2:4]
    chord, bulge = end - start, control - (start + end) / 2
    length = jnp.sqrt(jnp.sum(chord**2, -1, keepdims=True) + 1e-4)
    bend = jnp.sqrt(jnp.sum(bulge**2, -1, keepdims=True) + 1e-4)
    waves = jnp.pi * geometry[:, :, None] * jnp.array([1.0, 2.0, 4.0])
    waves = waves.reshape(geometry.shape[0], -1)
    relative = jnp.concatenate([chord, bulge, length, bend], -1)
    return jnp.concatenate([2 * geometry - 1, 2 * relative, jnp.sin(waves), jnp.cos(waves)], -1)


def _curve(geometry: jax.Array, points: int) -> jax.Array:
    """The stroke's way at `points` times, in frame pixels: `[S, points, 2]`."""
    t = jnp.linspace(0.0, 1.0, points)[:, None]
    start, end = geometry[:, None, 6:8], geometry[:, None, 4:6]
    middle = (start + end) / 2
    bezier = middle + 2 * (geometry[:, None, 2:4] - middle)
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bezier + t**2 * end
    return (_MARGIN + curve * (1 - 2 * _MARGIN)) * actions.FRAME_PIXELS


def _lay_dabs(centre: jax.Array, width: jax.Array, ink: jax.Array) -> jax.Array:
    """Sums separable Gaussians `exp(ink - d^2 / 2 width^2)`: alpha `[S, 64, 64]`."""
    pixels = jnp.arange(actions.FRAME_PIXELS) + 0.5
    offset = (pixels - centre[..., None]) / width[..., None]  # [S, N, 2, 64]
    factor = jnp.exp(jnp.clip(ink, -16.0, 12.0)[..., None, None] / 2 - offset**2 / 2)
    density = jnp.einsum("sny,snx->syx", factor[:, :, 1], factor[:, :, 0])
    return 1.0 - jnp.exp(-density)


def _unflatten(flat: Mapping[str, np.ndarray]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, leaf = name.split("/")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = value
    return tree


def _check_shape(expected: Any, found: np.ndarray) -> None:
    if expected.shape != found.shape:
        raise ValueError(f"expected shape {expected.shape}, found {found.shape}")
