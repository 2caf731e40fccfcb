"""Scores the sketches of a CLIP alone: six minutes on two cores instead of `evaluate`'s half hour.

    python -m experiments.score_sketches --clip=runs/guide/model

What the gradient of a CLIP draws, the strokes follow; so while weights are being trained
the R-Precision of the sketches by a judge (see `evaluate.py`) tells them apart. It is lower
than that of the paintings, as sketches of so few pixels are blurred.
"""

from __future__ import annotations

from collections.abc import Sequence
import pathlib

from absl import app, flags
import numpy as np

from experiments import scores, user_errors
from jaxpaint import clip as clip_lib
from jaxpaint import optimize, outputs, painters, studio
from jaxpaint.config import Config

_HERE = pathlib.Path(__file__).parent
_PROMPTS = flags.DEFINE_string(
    "prompts", str(_HERE / "prompts" / "fixed.txt"), "Text file, one prompt a line."
)
_CLIP = flags.DEFINE_string("clip", "bundled", "The CLIP that draws, as for jaxpaint.paint.")
_JUDGE = flags.DEFINE_string("judge", str(_HERE / "judge"), "The CLIP that judges, likewise.")
_SIDE = flags.DEFINE_integer("side", 64, "Pixels of a sketch's side.", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch", 16, "Sketches at a time.", lower_bound=1)
_SHEET = flags.DEFINE_string("sheet", "runs/sketches.png", "Contact sheet, + where recognised.")


def sketch_all(
    texts: Sequence[str], clip: clip_lib.Clip, *, config: Config, batch: int
) -> list[np.ndarray]:
    """Sketches `[H, W, 3]` float32 in [0, 1] of prompts, seed 0.

    Raises:
      ClipError: this CLIP does not sketch.
    """
    if not config.sketch_steps:
        raise clip_lib.ClipError(
            f"{clip.name} does not sketch (its recipe has no sketch_steps): score its paintings, "
            "by experiments.evaluate"
        )
    painter = painters.load("brush")  # a subject has strokes too, though none is painted here
    networks, weights = studio.freeze(clip, painter)
    padded, found = [*texts, *[texts[-1]] * (-len(texts) % batch)], []
    for i in range(0, len(texts), batch):
        jobs = [studio.Job(text, 0, pathlib.Path()) for text in padded[i : i + batch]]
        subject, _ = studio.start(jobs, clip, painter, config=config)
        subject = optimize.draw_sketch(subject, weights, networks=networks, config=config)
        found += list(np.asarray(subject.sketch))
    return found[: len(texts)]


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    texts, kinds = scores.read_prompts(pathlib.Path(_PROMPTS.value))
    guide, judge = clip_lib.load(_CLIP.value), clip_lib.load(_JUDGE.value)
    config = studio.configure(guide, height=_SIDE.value, width=_SIDE.value)
    sketches = sketch_all(texts, guide, config=config, batch=_BATCH.value)
    own = np.arange(len(texts))
    cosines = {
        who: scores.similarity(clip, sketches, texts)
        for who, clip in {"guide": guide, "judge": judge}.items()
    }
    print(scores.table({"sketches": {who: scores.score(c, own) for who, c in cosines.items()}}))
    right = scores.hits(cosines["judge"], own)
    print({kind: round(100 * float(right[rows].mean()), 1) for kind, rows in kinds.items()})
    marks = [f"{'+' if ok else '-'} {text}" for ok, text in zip(right, texts)]
    sheet = outputs.contact_sheet(sketches, marks, side=96)
    outputs.write_picture(pathlib.Path(_SHEET.value), sheet)


if __name__ == "__main__":
    app.run(main)
