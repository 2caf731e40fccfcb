"""How near a painting comes to a photograph, against the number of strokes.

    python -m experiments.photo_table --photo=photo.jpg --numbers=64,256 --sides=192
    python -m experiments.photo_table --photo=photo.jpg --numbers=1000,2000 --sides=512 --cut=2

A painting is no copy: strokes miss fine detail and keep the masses. So the table has the
PSNR of both pictures as they are and after a blur, and the structural similarity. Paintings
that are there already are not painted again. Writes `photo.json` and `photo.md` beside them.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from absl import app, flags
import numpy as np

from experiments import scores, similarity, user_errors
from jaxpaint import batch, clip, outputs, painters, pictures, stages, studio
from jaxpaint.config import Config

_PHOTO = flags.DEFINE_string("photo", "", "Picture file to paint.")
_NUMBERS = flags.DEFINE_list("numbers", ["64", "128", "256", "512"], "Numbers of strokes.")
_SIDES = flags.DEFINE_integer("sides", 192, "Longer side of the canvas, pixels.", lower_bound=16)
_CUT = flags.DEFINE_integer("cut", 1, "Stages, as --stages of jaxpaint.paint.", lower_bound=1)
_TAKEN = flags.DEFINE_integer("taken", 300, "Optimisation steps.", lower_bound=1)
_WITH = flags.DEFINE_string("painter", "brush", "Trained brush.")
_INTO = flags.DEFINE_string("into", "runs/photo", "Folder of the paintings and the table.")
_SIGMA = flags.DEFINE_float("sigma", 2.0, "Standard deviation of the blur, pixels.")


def figures(painting: np.ndarray, photo: np.ndarray, *, sigma: float) -> dict[str, float]:
    """How near two pictures `[H, W, 3]` in [0, 1] are: PSNR, after a blur too, and SSIM."""
    soft = [similarity.blur(picture, sigma) for picture in (painting, photo)]
    return {
        "psnr": pictures.psnr(painting, photo),
        "psnr_blurred": pictures.psnr(*soft),
        "ssim": similarity.ssim(painting.transpose(2, 0, 1), photo.transpose(2, 0, 1)),
    }


def paint(
    photo: np.ndarray, eye: clip.Clip, painter: painters.Painter, *, config: Config,
    folder: pathlib.Path, sigma: float,
) -> dict[str, Any]:  # fmt: skip
    """Paints one picture, if it is not painted yet, and measures it: a row of the table."""
    job = studio.Job("", 0, folder / f"{config.strokes}-strokes-{len(config.stages) or 1}-stages")
    scores.all_painted(batch.paint(
        [job], eye, painter, config=config, outdir=folder, size=1, save_every=50, resume=True,
        image=photo,
    ))  # fmt: skip
    painting = outputs.read_strokes(job.folder / outputs.STROKES).picture.astype(np.float32) / 255
    record = outputs.read_run(job.folder)
    row = {"strokes": config.strokes, "stages": len(config.stages) or 1, "steps": config.steps}
    row["seconds"] = record["timings"]["paint_s"]
    return row | figures(painting, photo, sigma=sigma)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    text = "| strokes | stages | steps | s | PSNR dB | blurred | SSIM |\n" + 7 * "|---" + "|\n"
    for row in rows:
        text += (
            f"| {row['strokes']} | {row['stages']} | {row['steps']} | {row['seconds']:.0f} "
            f"| {row['psnr']:.2f} | {row['psnr_blurred']:.2f} | {row['ssim']:.3f} |\n"
        )
    return text


def asked() -> tuple[np.ndarray, list[int]]:
    """The photograph `[H, W, 3]` and the numbers of strokes.

    Raises:
      PictureError: it cannot be read, or a number is none.
    """
    given = _NUMBERS.value
    if not given or not all(number.isdecimal() and int(number) for number in given):
        raise pictures.PictureError(
            f"--numbers={','.join(given)}: give whole numbers above 0, as in 64,256"
        )
    try:
        photo = pictures.read(pathlib.Path(_PHOTO.value))
    except pictures.PictureError as error:
        raise pictures.PictureError(str(error).replace("--image", "--photo")) from error
    return photo, [int(number) for number in given]


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    photo, numbers = asked()
    eye, painter = clip.load("bundled"), painters.load(_WITH.value)
    width, height = pictures.canvas_size(photo, longer=_SIDES.value)
    photo, folder = pictures.fit(photo, width=width, height=height), pathlib.Path(_INTO.value)
    rows = []
    for number in numbers:
        config = studio.configure(
            eye, from_picture=True, width=width, height=height, strokes=number,
            steps=_TAKEN.value, prompt_weight=0.0, **pictures.parse_objective("pixel"),
        )  # fmt: skip
        config = stages.plan(config, number=_CUT.value)
        rows.append(paint(photo, eye, painter, config=config, folder=folder, sigma=_SIGMA.value))
        text = json.dumps({"photo": _PHOTO.value, "sigma": _SIGMA.value, "rows": rows}, indent=1)
        outputs.write(folder / "photo.json", lambda f: f.write(text.encode()))  # noqa: B023
        outputs.write(folder / "photo.md", lambda f: f.write(table(rows).encode()))
    print(table(rows), end="")


if __name__ == "__main__":
    app.run(main)
