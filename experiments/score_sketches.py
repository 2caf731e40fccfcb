"""Scores the sketches of a CLIP alone: six minutes on two cores instead of `evaluate`'s half hour.

    python -m experiments.score_sketches --clip=runs/guide/model
    python -m experiments.score_sketches --clip=bundled,runs/guide/model   # side by side

What the gradient of a CLIP draws, the strokes follow; so while weights are being trained
the R-Precision of the sketches by a judge (see `evaluate.py`) tells them apart. Of several
CLIPs, the judge's cosines are also compared with those of the first, prompt by prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
import pathlib
import time

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
_CLIPS = flags.DEFINE_list("clip", ["bundled"], "CLIPs that draw, each as for jaxpaint.paint.")
_JUDGE = flags.DEFINE_string("judge", str(_HERE / "judge"), "The CLIP that judges, likewise.")
_SIDE = flags.DEFINE_integer("side", 64, "Pixels of a sketch's side.", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch", 16, "Sketches at a time.", lower_bound=1)
_SHEET = flags.DEFINE_string(
    "sheet", "runs/sketches.png", "Contact sheet, + where recognised; numbered from the second on."
)


@flags.validator("clip", message="give the CLIP that draws, or some with commas between them")
def _is_given(names: list[str]) -> bool:
    return bool(names) and all(names)


def sketch_all(
    texts: Sequence[str], clip: clip_lib.Clip, *, config: Config, batch: int
) -> tuple[list[np.ndarray], float]:
    """Sketches `[H, W, 3]` float32 in [0, 1] of prompts, seed 0; and seconds a sketch.

    Those are of the fastest batch: the first one compiles.

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
    padded, found, times = [*texts, *[texts[-1]] * (-len(texts) % batch)], [], []
    for i in range(0, len(texts), batch):
        jobs = [studio.Job(text, 0, pathlib.Path()) for text in padded[i : i + batch]]
        subject, _ = studio.start(jobs, clip, painter, config=config)
        began = time.perf_counter()
        subject = optimize.draw_sketch(subject, weights, networks=networks, config=config)
        found += list(np.asarray(subject.sketch))
        times.append((time.perf_counter() - began) / batch)
    return found[: len(texts)], min(times)


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    texts, kinds = scores.read_prompts(pathlib.Path(_PROMPTS.value))
    judge, own, first = clip_lib.load(_JUDGE.value), np.arange(len(texts)), None
    guides = [clip_lib.load(name) for name in _CLIPS.value]  # a wrong one is told at once
    for number, (name, guide) in enumerate(zip(_CLIPS.value, guides)):
        config = studio.configure(guide, height=_SIDE.value, width=_SIDE.value)
        sketches, seconds = sketch_all(texts, guide, config=config, batch=_BATCH.value)
        cosines = {
            who: scores.similarity(clip, sketches, texts)
            for who, clip in {"guide": guide, "judge": judge}.items()
        }
        found = {who: scores.score(c, own) for who, c in cosines.items()}
        print(f"{name}: {seconds:.2f} s each\n\n{scores.table({'sketches': found})}")
        right = scores.hits(cosines["judge"], own)
        print({kind: round(100 * float(right[rows].mean()), 1) for kind, rows in kinds.items()})
        if first is not None:
            ahead = scores.gap(cosines["judge"], first, own)
            print(f"judge, beside the first: {ahead}")
        first = cosines["judge"] if first is None else first
        marks = [f"{'+' if ok else '-'} {text}" for ok, text in zip(right, texts)]
        file = pathlib.Path(_SHEET.value)
        file = file.with_stem(f"{file.stem}-{number + 1}") if number else file
        outputs.write_picture(file, outputs.contact_sheet(sketches, marks, side=96))


if __name__ == "__main__":
    app.run(main)
