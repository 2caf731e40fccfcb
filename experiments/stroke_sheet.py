"""Draws strokes of libmypaint above the neural painter's, for every bundled brush.

python -m experiments.stroke_sheet --out=docs/strokes.png
python -m experiments.stroke_sheet runs/gan/brush.safetensors --out=gan.png   # or of these painters
"""

from __future__ import annotations

import pathlib

from absl import app, flags
import jax
import numpy as np

from experiments import painter_losses, user_errors
from jaxpaint import actions, mypaint, outputs, painters

_OUT = flags.DEFINE_string("out", "docs/strokes.png", "Picture to write.")
_COLUMNS = flags.DEFINE_integer(
    "columns", 12, "Strokes a brush, held out by their seed.", lower_bound=1
)
_SEED = 777


def pair(name: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Real strokes and a painter's, `[N, 64, 64, 3]`: in black, or in colours if it paints RGB."""
    painter = painters.load(name)
    rng = np.random.default_rng(_SEED)
    stroke = rng.random((number, actions.NUM_ACTIONS), np.float32)
    noise = painters.noise_for(jax.random.key(0), painter, number)
    alpha = mypaint.draw_alpha(stroke, painter.brush, seed=_SEED)
    if getattr(painter.module, "rgb", False):
        asked, real = painter_losses.on_white(
            rng.random((number, 3), np.float32), stroke[:, actions.GEOMETRY], alpha
        )
        painted = painter.module.apply({"params": painter.params}, asked, noise)
        return np.asarray(real), np.asarray(painted)
    painted = painters.apply(painter.module, painter.params, stroke, noise)
    return tuple(np.repeat(1 - np.asarray(x)[..., None], 3, -1) for x in (alpha, painted))


@user_errors.told()
def main(argv: list[str]) -> None:
    rows = [row for name in argv[1:] or painters.available() for row in pair(name, _COLUMNS.value)]
    edges = ((0, 0), (0, 0), (2, 2), (2, 2), (0, 0))
    sheet = np.pad(np.stack(rows), edges, constant_values=0.7)
    path = pathlib.Path(_OUT.value)
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs.write_picture(path, sheet.transpose(0, 2, 1, 3, 4).reshape(len(rows) * 68, -1, 3))


if __name__ == "__main__":
    app.run(main)
