"""Paints a painting again with libmypaint: `python -m jaxpaint.replay FOLDER --scale=8`."""

from __future__ import annotations

import pathlib
import sys

from absl import app, flags
import numpy as np

from jaxpaint import mypaint, outputs, pictures

_SCALE = flags.DEFINE_float("scale", 8.0, "Pixels of the replay per pixel of the canvas.")
_BRUSH = flags.DEFINE_string("brush", None, "MyPaint brush; default: what it was painted with.")

REPLAY = "replay.png"


def replay_folder(folder: pathlib.Path, *, scale: float, brush: str | None = None) -> float:
    """Writes `replay.png` beside `strokes.npz`.

    Returns:
      PSNR, dB, of the neural canvas and the replay at the canvas's own size.

    Raises:
      OutputError, MyPaintError: no strokes, no library, no such brush; bad scale.
    """
    strokes = outputs.read_strokes(folder / outputs.STROKES)
    short, long = sorted([scale * strokes.height, scale * strokes.width])
    if not (short >= 1 and long <= 16384):  # nor of a scale that is no number
        raise outputs.OutputError(
            f"--scale={scale:g} makes a picture whose sides have {short:.3g} and {long:.6g} "
            "pixels: choose one that keeps them from 1 to 16384"
        )

    def paint(factor: float) -> np.ndarray:
        return mypaint.replay(
            strokes.actions, strokes.frames, brush or strokes.brush.tolist(), scale=factor,
            height=strokes.height, width=strokes.width, background=strokes.background,
        )  # fmt: skip

    outputs.write_picture(folder / REPLAY, paint(scale))
    return pictures.psnr(paint(1.0), strokes.picture.astype(np.float32) / 255)


def main(argv: list[str]) -> None:
    """Replays the folder that is the only argument."""
    if len(argv) != 2:
        raise app.UsageError("give one folder that jaxpaint painted")
    folder = pathlib.Path(argv[1])
    try:
        likeness = replay_folder(folder, scale=_SCALE.value, brush=_BRUSH.value)
    except (outputs.OutputError, mypaint.MyPaintError) as error:
        print(f"jaxpaint: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"jaxpaint: cannot write {folder / REPLAY} ({error})", file=sys.stderr)
        sys.exit(1)
    print(folder / REPLAY)
    print(f"PSNR of the neural canvas and the replay: {likeness:.2f} dB")


if __name__ == "__main__":
    app.run(main)
