"""Scores of paintings under any CLIP, and what else a CLIP is shown to know what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
import io
import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageFilter

from jaxpaint import actions, batch, cutouts, mypaint, optimize, outputs, painters, prompts
from jaxpaint import clip as clip_lib
from jaxpaint.config import Config

_CHUNK = 32  # pictures that a CLIP sees at a time


def read_prompts(path: pathlib.Path) -> tuple[list[str], dict[str, list[int]]]:
    """The prompts of a file, one a line, and its kinds: which prompts each heading is over.

    Empty lines are skipped; a line that begins with # is the heading of what follows.

    Raises:
      PromptError: no prompt, or the same one twice (R-Precision would count it wrong).
    """
    found, kinds, heading = [], {}, "all"
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
        if line[0] == "#":
            heading = line.strip("# ")
            continue
        kinds.setdefault(heading, []).append(len(found))
        found.append(prompts.parse(line))
    twice = sorted({text for text in found if found.count(text) > 1})
    if not found or twice:
        raise prompts.PromptError(f"{path} must hold distinct prompts, one a line; twice: {twice}")
    return found, kinds


def all_painted(rows: Sequence[dict[str, Any]]) -> None:
    """Checks that every job of `batch.paint` came to its end.

    Raises:
      BatchError: one did not.
    """
    if failed := [row["error"] for row in rows if row["error"]]:
        raise batch.BatchError(f"{len(failed)} of {len(rows)} paintings failed: {failed[0]}")


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
    """R-Precision in percent and the mean cosine with the own text, with their intervals."""
    right, near = 100.0 * hits(cosines, own), cosines[np.arange(len(own)), own]
    return {
        "r_precision": round(float(right.mean()), 1),
        "interval": [round(x, 1) for x in interval(right)],
        "cosine": round(float(near.mean()), 4),
        "cosine_interval": [round(x, 4) for x in interval(near)],
    }


def shuffled(cosines: np.ndarray) -> dict[str, float]:
    """The score `[P, P]` would have if captions were dealt out anew, the mean over all rotations.

    Not chance: where paintings are right, a wrong caption is hardly ever the nearest.
    """
    own = np.arange(len(cosines))
    turns = [np.roll(own, i) for i in own[1:]]
    right = 100.0 * np.mean([hits(cosines, turn) for turn in turns])
    return {
        "r_precision": round(float(right), 1),
        "cosine": round(float(np.mean([cosines[own, turn] for turn in turns])), 4),
    }


def gap(one: np.ndarray, other: np.ndarray, own: np.ndarray) -> dict[str, float | list[float]]:
    """How many points of R-Precision and how much cosine one CLIP is ahead, with intervals.

    The same pictures and texts `[P, Q]` under both, so that the bootstrap is of pairs.
    """
    rows = np.arange(len(own))
    points = 100.0 * (hits(one, own).astype(float) - hits(other, own))
    near = one[rows, own] - other[rows, own]
    return {
        "points": round(float(points.mean()), 1),
        "interval": [round(x, 1) for x in interval(points)],
        "cosine": round(float(near.mean()), 4),
        "cosine_interval": [round(x, 4) for x in interval(near)],
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


def table(results: dict[str, dict[str, dict]]) -> str:
    """Markdown of `results[what was shown][who looked]`."""
    lookers = list(next(iter(results.values())))
    head = "".join(f" {who}: R-Precision | cosine |" for who in lookers)
    lines = [f"| pictures |{head}", "|---|" + "---|---|" * len(lookers)]
    for shown, found in results.items():
        cells = []
        for some in found.values():
            within = " ({:.1f} to {:.1f})".format(*some["interval"]) if "interval" in some else ""
            cells.append(f" {some['r_precision']:.1f} %{within} | {some['cosine']:.3f} |")
        lines.append(f"| {shown} |" + "".join(cells))
    return "\n".join(lines) + "\n"
