"""Paints a fixed list of prompts and scores the paintings with CLIPs that never guided them.

    python -m experiments.evaluate --judge=DIRECTORY_OR_HUB_ID --outdir=runs/evaluate

R-Precision (Park et al. 2021; text-to-image's usual score since CLIPDraw, Frans et al.
2021) is the share of paintings whose own prompt is, of all prompts of the list, the one
that a CLIP finds nearest. A model that guided is fooled by what it guided, so the score
that counts is a judge's, and the guide's lead over it tells how much was for the guide
alone. Controls: random strokes and shuffled captions must score at chance; blurred,
compressed and replayed pictures tell whether the score hangs on details that nobody sees.

Paintings that are already in the output folder are not painted again.
"""

from __future__ import annotations

from collections.abc import Sequence
import io
import pathlib

from absl import app, flags
import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageFilter

from jaxpaint import actions, cutouts, mypaint, optimize, outputs, painters, prompts, studio
from jaxpaint import batch as batch_lib
from jaxpaint import clip as clip_lib
from jaxpaint.config import QUALITIES, Config

LIST = pathlib.Path(__file__).parent / "prompts" / "fixed.txt"
_PROMPTS = flags.DEFINE_string("prompts", str(LIST), "Text file, one prompt a line.")
_CLIP = flags.DEFINE_string("clip", "bundled", "The CLIP that guides, as for jaxpaint.paint.")
_JUDGE = flags.DEFINE_multi_string("judge", [], "CLIPs that judge, likewise.")
_OUTDIR = flags.DEFINE_string("outdir", "runs/evaluate", "Paintings and tables.")
_BATCH = flags.DEFINE_integer("batch", 16, "Paintings at a time.", lower_bound=1)
_QUALITY = flags.DEFINE_enum("quality", "normal", list(QUALITIES), "As for jaxpaint.paint.")
_STEPS = flags.DEFINE_integer("steps", None, "As for jaxpaint.paint.", lower_bound=1)
_STROKES = flags.DEFINE_integer("strokes", None, "As for jaxpaint.paint.", lower_bound=1)
_CHUNK = 32  # pictures that a judge sees at a time


def read_prompts(path: pathlib.Path) -> list[str]:
    """The prompts of a file: one a line; empty lines and those that begin with # are skipped.

    Raises:
      PromptError: no prompt, or the same one twice (R-Precision would count it wrong).
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [prompts.parse(line) for line in lines if line.strip() and line.strip()[0] != "#"]
    twice = sorted({text for text in found if found.count(text) > 1})
    if not found or twice:
        raise prompts.PromptError(f"{path} must hold distinct prompts, one a line; twice: {twice}")
    return found


def similarity(
    clip: clip_lib.Clip, pictures: Sequence[np.ndarray], texts: Sequence[str]
) -> np.ndarray:
    """Cosines `[P, Q]` of pictures `[H, W, 3]` in [0, 1] and texts under one CLIP."""

    @jax.jit
    def look(params, some):
        views = jax.vmap(lambda p: cutouts.whole(p, resolution=clip.resolution))(some)
        views = clip_lib.normalize(views, clip.mean, clip.std)
        return clip_lib.encode_image(clip.module, params, views)

    text = clip_lib.encode_text(clip.module, clip.params, *clip_lib.tokenize(clip, texts))
    number = len(pictures)
    padded = np.stack([*pictures, *[pictures[-1]] * (-number % _CHUNK)]).astype(np.float32)
    parts = [look(clip.params, padded[i : i + _CHUNK]) for i in range(0, number, _CHUNK)]
    return np.asarray(jnp.concatenate(parts)[:number] @ text.T)


def hits(cosines: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Whether of each row of `[P, Q]` the largest is that of the row's `own` text; `[P]` bool."""
    return cosines.argmax(-1) == own


def interval(values: np.ndarray, *, seed: int = 0, draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of `[P]` (Efron 1979)."""
    rows = np.random.default_rng(seed).integers(len(values), size=(draws, len(values)))
    low, high = np.quantile(np.asarray(values, float)[rows].mean(-1), [0.025, 0.975])
    return float(low), float(high)


def score(cosines: np.ndarray, own: np.ndarray) -> dict[str, float | list[float]]:
    """R-Precision in percent with its interval, and the mean cosine with the own text."""
    right = 100.0 * hits(cosines, own)
    return {
        "r_precision": round(float(right.mean()), 1),
        "interval": [round(x, 1) for x in interval(right)],
        "cosine": round(float(cosines[np.arange(len(own)), own].mean()), 4),
    }


def random_strokes(number: int, painter: painters.Painter, *, config: Config) -> list[np.ndarray]:
    """Canvases of uniformly random actions: what no prompt had a say in."""

    def one(seed):
        key = jax.random.key(seed)
        action = jax.random.uniform(key, (config.strokes, actions.NUM_ACTIONS))
        noise = painters.noise_for(key, painter, config.strokes)
        latents = actions.unbound(0.01 + 0.98 * action)
        return optimize.paint(latents, noise, painter.module, painter.params, config=config)[0]

    return list(np.asarray(jax.jit(lambda s: jax.lax.map(one, s))(jnp.arange(number))))


def blurred(picture: np.ndarray) -> np.ndarray:
    """A picture after a Gaussian blur of 1.5 % of its side."""
    image = Image.fromarray(outputs.to_pixels(picture))
    soft = image.filter(ImageFilter.GaussianBlur(0.015 * min(image.size)))
    return np.asarray(soft, np.float32) / 255


def compressed(picture: np.ndarray) -> np.ndarray:
    """A picture after JPEG of quality 30."""
    buffer = io.BytesIO()
    Image.fromarray(outputs.to_pixels(picture)).save(buffer, "JPEG", quality=30)
    return np.asarray(Image.open(buffer).convert("RGB"), np.float32) / 255


def replayed(folder: pathlib.Path) -> np.ndarray:
    """A painting by libmypaint, at the canvas's own size."""
    strokes = outputs.read_strokes(folder / outputs.STROKES)
    return mypaint.replay(
        strokes.actions, strokes.frames, strokes.brush.tolist(), scale=1.0,
        height=strokes.height, width=strokes.width, background=strokes.background,
    )  # fmt: skip


def paint_all(
    texts: Sequence[str], clip: clip_lib.Clip, painter: painters.Painter,
    outdir: pathlib.Path, *, config: Config, batch: int,
) -> tuple[list[pathlib.Path], list[np.ndarray]]:  # fmt: skip
    """Paints what is not yet there, seed 0; all folders and pictures, in order."""
    lines = [prompts.Line(text, None) for text in texts]
    jobs = studio.make_jobs(lines, 0, 1, str(outdir))
    every = max(1, config.steps // 4)
    batch_lib.paint(
        jobs, clip, painter, config=config, outdir=outdir, size=batch, save_every=every, resume=True
    )
    folders = [job.folder for job in jobs]
    read = lambda folder: outputs.read_strokes(folder / outputs.STROKES).picture  # noqa: E731
    return folders, [read(folder).astype(np.float32) / 255 for folder in folders]


def table(results: dict[str, dict[str, dict]]) -> str:
    """Markdown of `results[what was shown][who looked]`."""
    lookers = list(next(iter(results.values())))
    head = "".join(f" {who}: R-Precision | cosine |" for who in lookers)
    lines = [f"| pictures |{head}", "|---|" + "---|---|" * len(lookers)]
    for shown, scores in results.items():
        cells = [
            f" {s['r_precision']:.1f} % ({s['interval'][0]:.1f} to {s['interval'][1]:.1f}) "
            f"| {s['cosine']:.3f} |"
            for s in scores.values()
        ]
        lines.append(f"| {shown} |" + "".join(cells))
    return "\n".join(lines) + "\n"


def main(argv: list[str]) -> None:
    del argv
    outdir = pathlib.Path(_OUTDIR.value)
    texts = read_prompts(pathlib.Path(_PROMPTS.value))
    guide, painter = clip_lib.load(_CLIP.value), painters.load("brush")
    lookers = {"guide": guide} | {name: clip_lib.load(name) for name in _JUDGE.value}
    config = studio.configure(
        guide, quality=_QUALITY.value, steps=_STEPS.value, strokes=_STROKES.value
    )
    folders, pictures = paint_all(texts, guide, painter, outdir, config=config, batch=_BATCH.value)
    shown = {
        "paintings": pictures,
        "blurred": [blurred(p) for p in pictures],
        "JPEG": [compressed(p) for p in pictures],
        "random strokes": random_strokes(len(texts), painter, config=config),
    }
    try:
        shown["replayed by libmypaint"] = [replayed(folder) for folder in folders]
    except mypaint.MyPaintError as error:
        print(f"no replay: {error}")
    own = np.arange(len(texts))
    results, right = {}, None
    for what, pictures_shown in shown.items():
        results[what] = {}
        for who, clip in lookers.items():
            cosines = similarity(clip, pictures_shown, texts)
            results[what][who] = score(cosines, own)
            if what == "paintings":
                right = hits(cosines, own)  # by the last who looked: a judge, if there is one
                other = results.setdefault("shuffled captions", {})
                other[who] = score(cosines, np.roll(own, len(own) // 2))
    guided = results["paintings"]
    gaps = {
        who: round(guided["guide"]["r_precision"] - guided[who]["r_precision"], 1)
        for who in _JUDGE.value
    }
    record = {
        "prompts": len(texts), "chance": round(100 / len(texts), 2), "quality": _QUALITY.value,
        "steps": config.steps, "strokes": config.strokes, "clip": _CLIP.value,
        "results": results, "gap_points": gaps,
    }  # fmt: skip
    outputs.write_run(outdir / "scores.json", record)
    text = table(results) + f"\n{len(texts)} prompts, chance {record['chance']} %, gaps {gaps}\n"
    outputs.write(outdir / "scores.md", lambda f: f.write(text.encode()))
    marks = [f"{'+' if ok else '-'} {text}" for ok, text in zip(right, texts)]
    outputs.write_picture(outdir / outputs.SHEET, outputs.contact_sheet(pictures, marks, side=128))
    print(text)


if __name__ == "__main__":
    app.run(main)
