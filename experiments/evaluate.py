"""Paints a fixed list of prompts and scores the paintings with CLIPs that never guided them.

    python -m experiments.evaluate --outdir=runs/evaluate

The judge is the one beside this file, or any other: `--judge=DIRECTORY_OR_HUB_ID`.

R-Precision (Park et al. 2021; text-to-image's usual score since CLIPDraw, Frans et al.
2021) is the share of paintings whose own prompt is, of all prompts of the list, the one
that a CLIP finds nearest. A model that guided is fooled by what it guided, so the score
that counts is a judge's, and the guide's lead over it tells how much was for the guide
alone. Controls: random strokes must score at chance and shuffled captions at most; blurred,
compressed and replayed pictures tell whether the score hangs on details that nobody sees.

Paintings that are already in the output folder are not painted again.
"""

from __future__ import annotations

from collections.abc import Sequence
import pathlib

from absl import app, flags
import numpy as np

from experiments import scores, user_errors
from jaxpaint import batch as batch_lib
from jaxpaint import clip as clip_lib
from jaxpaint import mypaint, outputs, painters, prompts, studio, vocabulary
from jaxpaint.config import QUALITIES, Config

LIST = pathlib.Path(__file__).parent / "prompts" / "fixed.txt"
JUDGE = pathlib.Path(__file__).parent / "judge"  # a CLIP of another seed, size and art
_PROMPTS = flags.DEFINE_string("prompts", str(LIST), "Text file, one prompt a line.")
_CLIP = flags.DEFINE_string("clip", "bundled", "The CLIP that guides, as for jaxpaint.paint.")
_JUDGE = flags.DEFINE_multi_string("judge", [str(JUDGE)], "CLIPs that judge, likewise.")
_OUTDIR = flags.DEFINE_string("outdir", "runs/evaluate", "Paintings and tables.")
_BATCH = flags.DEFINE_integer("batch", 16, "Paintings at a time.", lower_bound=1)
_QUALITY = flags.DEFINE_enum("quality", "normal", list(QUALITIES), "As for jaxpaint.paint.")
_STEPS = flags.DEFINE_integer("steps", None, "As for jaxpaint.paint.", lower_bound=1)
_STROKES = flags.DEFINE_integer("strokes", None, "As for jaxpaint.paint.", lower_bound=1)


def paint_all(
    texts: Sequence[str], clip: clip_lib.Clip, painter: painters.Painter,
    outdir: pathlib.Path, *, config: Config, batch: int,
) -> tuple[list[pathlib.Path], list[np.ndarray]]:  # fmt: skip
    """Paints what is not yet there, seed 0; all folders and pictures, in order."""
    lines = [prompts.Line(text) for text in texts]
    jobs = studio.make_jobs(lines, 0, 1, str(outdir))
    every = max(1, config.steps // 4)
    scores.all_painted(batch_lib.paint(
        jobs, clip, painter, config=config, outdir=outdir, size=batch, save_every=every, resume=True
    ))  # fmt: skip
    folders = [job.folder for job in jobs]
    read = lambda folder: outputs.read_strokes(folder / outputs.STROKES).picture  # noqa: E731
    return folders, [read(folder).astype(np.float32) / 255 for folder in folders]


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    outdir = pathlib.Path(_OUTDIR.value)
    texts, kinds = scores.read_prompts(pathlib.Path(_PROMPTS.value))
    guide, painter = clip_lib.load(_CLIP.value), painters.load("brush")
    short = [pathlib.PurePath(name).name for name in _JUDGE.value]
    apart = len({"guide", *short}) > len(short)  # no two of one name
    judges = {one if apart else name: clip_lib.load(name) for one, name in zip(short, _JUDGE.value)}
    lookers = {"guide": guide} | judges
    config = studio.configure(
        guide, quality=_QUALITY.value, steps=_STEPS.value, strokes=_STROKES.value
    )
    folders, pictures = paint_all(texts, guide, painter, outdir, config=config, batch=_BATCH.value)
    shown = {
        "paintings": pictures,
        "blurred": [scores.blurred(p) for p in pictures],
        "JPEG": [scores.compressed(p) for p in pictures],
        "random strokes": scores.random_strokes(len(texts), painter, config=config),
    }
    try:
        shown["replayed by libmypaint"] = [scores.replayed(folder) for folder in folders]
    except mypaint.MyPaintError as error:
        print(f"no replay: {error}")
    own = np.arange(len(texts))
    cosines = {
        what: {who: scores.similarity(clip, some, texts) for who, clip in lookers.items()}
        for what, some in shown.items()
    }
    results = {
        what: {who: scores.score(found, own) for who, found in by.items()}
        for what, by in cosines.items()
    }
    plain = cosines["paintings"]
    results["shuffled captions"] = {who: scores.shuffled(found) for who, found in plain.items()}
    gaps = {who: scores.gap(plain["guide"], plain[who], own) for who in judges}
    right = scores.hits(plain[list(lookers)[-1]], own)  # by the last, a judge if there is one
    record = {
        "prompts": len(texts), "chance": round(100 / len(texts), 2), "quality": _QUALITY.value,
        "steps": config.steps, "strokes": config.strokes, "clip": _CLIP.value,
        "results": results, "guide_ahead": gaps,
        "by_kind": {kind: round(100 * float(right[i].mean()), 1) for kind, i in kinds.items()},
        "unknown_words": {
            who: {t: words for t in texts if (words := vocabulary.unknown(clip.vocabulary, t))}
            for who, clip in lookers.items()
        },
    }  # fmt: skip
    outputs.write_run(outdir / "scores.json", record)
    ahead = {who: found["points"] for who, found in gaps.items()}
    chance = f"{len(texts)} prompts, chance {record['chance']} %, guide ahead by points: {ahead}"
    text = f"{scores.table(results)}\n{chance}; {record['by_kind']}\n"
    for who, unknown in record["unknown_words"].items():
        if unknown:
            text += f"{who} does not know a word of {len(unknown)} prompts: {unknown}\n"
    outputs.write(outdir / "scores.md", lambda f: f.write(text.encode()))
    marks = [f"{'+' if ok else '-'} {text}" for ok, text in zip(right, texts)]
    outputs.write_picture(outdir / outputs.SHEET, outputs.contact_sheet(pictures, marks, side=128))
    print(text)


if __name__ == "__main__":
    app.run(main)
