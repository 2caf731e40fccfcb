"""Draws strokes of libmypaint above the neural painter's, for every bundled brush.

python -m experiments.stroke_sheet --out=docs/strokes.png
"""

from __future__ import annotations

import pathlib

from absl import app, flags
import jax
import numpy as np

from jaxpaint import mypaint, outputs, painters

_OUT = flags.DEFINE_string("out", "docs/strokes.png", "Picture to write.")
_COLUMNS = flags.DEFINE_integer("columns", 12, "Strokes a brush, held out by their seed.")


def main(argv: list[str]) -> None:
    del argv
    rows = []
    for brush in painters.available():
        stroke = np.random.default_rng(777).random((_COLUMNS.value, 15), np.float32)
        painter = painters.load(brush)
        noise = painters.noise_for(jax.random.key(0), painter, len(stroke))
        rows.append(mypaint.draw_alpha(stroke, brush, seed=777))
        rows.append(np.asarray(painters.apply(painter.module, painter.params, stroke, noise)))
    sheet = np.pad(np.stack(rows), ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=0.3)
    sheet = 1 - sheet.transpose(0, 2, 1, 3).reshape(len(rows) * 68, -1)
    path = pathlib.Path(_OUT.value)
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs.write_picture(path, np.repeat(sheet[..., None], 3, axis=-1))


if __name__ == "__main__":
    app.run(main)
