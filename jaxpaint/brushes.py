"""The brushes that can be painted with: `python -m jaxpaint.brushes --sheet=brushes.png`.

Your own: `python -m experiments.train_painter --brush=FILE.myb --workdir=runs/mine`, then
`python -m jaxpaint.paint --brush=runs/mine/NAME.safetensors`.
"""

from __future__ import annotations

import pathlib
import sys

from absl import app, flags
import jax
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jaxpaint import actions, canvas, outputs, painters
from jaxpaint.config import Config

_SHEET = flags.DEFINE_string("sheet", "", "Picture to write, with some strokes of every brush.")

_CONFIG = Config(height=96, width=288, frame_min=0.3, frame_max=1.0)
# pressure, size, control, end, colour, start, entry pressure; centre and size of the frame.
_SAMPLE = np.float32([
    [0.9, 0.35, 0.35, 0.05, 0.95, 0.50, 0.10, 0.15, 0.35, 0.02, 0.80, 0.2, 0.14, 0.5, 0.9],
    [0.2, 0.70, 0.60, 0.90, 0.85, 0.30, 0.75, 0.20, 0.10, 0.20, 0.35, 0.9, 0.41, 0.5, 1.0],
    [0.6, 0.55, 0.50, 0.50, 0.90, 0.85, 0.15, 0.45, 0.20, 0.10, 0.15, 0.6, 0.65, 0.5, 0.9],
    [1.0, 0.20, 0.20, 0.90, 0.90, 0.60, 0.85, 0.60, 0.10, 0.10, 0.10, 0.0, 0.84, 0.5, 0.8],
    [1.0, 0.80, 0.50, 0.52, 0.55, 0.52, 0.35, 0.20, 0.50, 0.45, 0.50, 1.0, 0.92, 0.3, 0.3],
])  # fmt: skip


def sample(painter: painters.Painter) -> np.ndarray:
    """Five strokes of every kind: thin, heavy, straight, swelling, a dot. `[96, 288, 3]`."""
    noise = painters.noise_for(jax.random.key(0), painter, len(_SAMPLE))
    alpha = painters.apply(painter.module, painter.params, _SAMPLE, noise)
    frames = actions.frames(_SAMPLE, _CONFIG)
    alpha = canvas.place(alpha, frames, height=_CONFIG.height, width=_CONFIG.width)
    paper = np.ones(3, np.float32)
    return np.asarray(canvas.blend(alpha, _SAMPLE[:, actions.COLOR], paper))


def sheet(names: list[str]) -> np.ndarray:
    """The samples of some brushes in two columns, named: uint8 `[H, W, 3]`."""
    width, height = _CONFIG.width + 16, _CONFIG.height + 20
    page = Image.new("RGB", (2 * width, -(-len(names) // 2) * height), "white")
    draw = ImageDraw.Draw(page)
    for i, name in enumerate(names):
        x, y = i % 2 * width + 8, i // 2 * height
        page.paste(Image.fromarray(outputs.to_pixels(sample(painters.load(name)))), (x, y))
        draw.text((x, y + _CONFIG.height + 2), name, fill="black", font=ImageFont.load_default(12))
    return np.asarray(page)


def main(argv: list[str]) -> None:
    """Lists the brushes, and draws the sheet if it is asked for."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}")
    names = painters.available()
    for name in names:
        card = painters.read_card(painters.WEIGHTS / f"{name}.json")
        figures = card["held_out"]["painter"]
        print(f"{name:24}{card.get('about', '')} ({figures['psnr']:.1f} dB on held-out strokes)")
    if _SHEET.value:
        try:
            outputs.write_picture(pathlib.Path(_SHEET.value), sheet(names))
        except OSError as error:
            print(f"jaxpaint: cannot write --sheet={_SHEET.value} ({error})", file=sys.stderr)
            sys.exit(1)
        print(_SHEET.value)


if __name__ == "__main__":
    app.run(main)
