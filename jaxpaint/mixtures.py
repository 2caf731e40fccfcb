"""Which painters paint: one, or several that share the strokes of a painting."""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxpaint import actions, painters
from jaxpaint.config import Config


class Mixture(nn.Module):
    """Several painters, each for some of the strokes."""

    parts: tuple[nn.Module, ...]
    which: tuple[int, ...]  # the part that paints each of the S strokes

    @property
    def dabs(self) -> int:
        """N of the part that takes the most noise."""
        return max(getattr(part, "dabs", 1) for part in self.parts)

    @property
    def rgb(self) -> bool:
        """Whether the parts paint RGB on white; all do or none."""
        return getattr(self.parts[0], "rgb", False)

    @property
    def darkest(self) -> bool:
        """How the parts' colours are found (`published.separate`); alike for all."""
        return getattr(self.parts[0], "darkest", False)

    def __call__(self, stroke: jax.Array, noise: jax.Array) -> jax.Array:
        """What the parts take, `[S, 9]` or `[S, 12]`, and `[S, N, 3]` to what they return."""
        own = [np.flatnonzero(np.equal(self.which, part)) for part in range(len(self.parts))]
        painted = [
            part(stroke[rows], noise[rows, : getattr(part, "dabs", 1)])
            for part, rows in zip(self.parts, own)
            if len(rows)
        ]
        return jnp.concatenate(painted)[np.argsort(np.concatenate(own))]


def choose(painter: str, brush: str) -> list[tuple[painters.Painter, float]]:
    """Painters and their shares of the strokes, as the command line names them.

    Args:
      painter: one of `painters.KINDS`, or a `.safetensors` file, which knows its own brush.
      brush: as `load` takes it.

    Raises:
      PainterError: no such painter, or as `load`.
    """
    if painter.endswith(".safetensors"):
        return [(painters.load(painter), 1.0)]
    if painter not in painters.KINDS:
        raise painters.PainterError(
            f"no painter is called {painter!r}: choose one of {', '.join(painters.KINDS)}, or give "
            "the .safetensors file that experiments.train_painter wrote"
        )
    return load(brush, kind=painter)


def load(text: str, *, kind: str = "alpha") -> list[tuple[painters.Painter, float]]:
    """Painters and their shares of the strokes, from `brush` or `dry_brush:0.3,brush:0.7`.

    Raises:
      PainterError: a share is no number or negative, all are zero, or as `painters.load`.
    """
    parts = []
    for part in text.split(","):
        name, colon, share = part.strip().partition(":")
        try:
            amount = float(share) if colon else 1.0
            if not 0 <= amount < float("inf"):
                raise ValueError
        except ValueError:
            raise painters.PainterError(
                f"--brush={text}: {share!r} is no share of the strokes: give brushes with numbers "
                "from 0 up, as in dry_brush:0.3,brush:0.7"
            ) from None
        parts.append((painters.load(name, kind=kind), amount))
    if not any(amount for _, amount in parts):
        raise painters.PainterError(
            f"--brush={text}: all shares are 0: give one brush a share above 0"
        )
    return parts


def mix(parts: Sequence[tuple[painters.Painter, float]], *, config: Config) -> painters.Painter:
    """One painter of all parts, for paintings of some settings.

    The part that comes first paints the strokes that lie lowest (`actions.ranks`), which begin
    as the largest: washes first, details last. A part with little share may get no stroke.

    Args:
      parts: painters and their shares of the strokes, at least 0 and one above.
      config: settings, with their grid and stages.

    Raises:
      PainterError: some paint alpha and others RGB, or of two publications.
    """
    shares = np.array([share for _, share in parts])
    shares = np.cumsum(shares / shares.max())
    ends = np.round(config.strokes * shares / shares[-1])
    which = np.searchsorted(ends, actions.ranks(config), side="right")
    used, which = np.unique(which, return_inverse=True)
    chosen = [parts[i][0] for i in used]
    if len(chosen) == 1:
        return chosen[0]
    # A published painter is mixed with its own kind.
    if len({type(p.module) if getattr(p.module, "rgb", False) else None for p in chosen}) > 1:
        raise painters.PainterError(
            "painters of several kinds cannot share a painting: give one kind"
        )
    module = Mixture(tuple(painter.module for painter in chosen), tuple(which.tolist()))
    params = {f"parts_{i}": painter.params for i, painter in enumerate(chosen)}
    counts = np.bincount(which)
    label = ",".join(f"{painter.brush}:{n}" for painter, n in zip(chosen, counts))
    return painters.Painter(module, params, label, tuple(chosen[i].brush for i in which))


def only(module: nn.Module, rows: slice) -> nn.Module:
    """The painter of some of a painting's strokes alone; its weights stay the same."""
    if not isinstance(module, Mixture):
        return module
    return Mixture(module.parts, module.which[rows])
