"""What a painting leaves: its picture, its strokes, how they were laid, and a record."""

from __future__ import annotations

import pathlib
import platform
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxpaint
from jaxpaint import actions, canvas, optimize, outputs, painters
from jaxpaint.config import Config

PREVIEW = "preview.png"  # the painting so far; gone when it is done
_FRAMES = 48  # most frames of an animation
_lay = jax.jit(painters.lay, static_argnums=0, static_argnames="blend")


def write(
    folder: pathlib.Path, one: tuple[optimize.PaintState, optimize.Subject],
    formed: list[np.ndarray], painter: painters.Painter, record: dict[str, Any], config: Config,
    *, animations: bool,
) -> None:  # fmt: skip
    """All files of one painting; the record last, so that it tells that all is there.

    Args:
      folder: where they go.
      one: state and subject of the canvas, host arrays.
      formed: pictures `[H, W, 3]` in [0, 1] of it forming; the last is the painting.
      painter: its strokes'.
      record: what `run.json` holds.
      config: settings.
      animations: whether it is shown being painted and forming.
    """
    state, subject = one
    stroke = np.asarray(actions.bound(jnp.asarray(state.latents)))
    frames = actions.frames(stroke, config)
    outputs.write_picture(folder / outputs.PICTURE, formed[-1])
    if animations:
        alpha, colors = _lay(
            painter.module, painter.params, stroke, subject.noise, blend=config.blend
        )
        steps = canvas.lay_steps(
            alpha, frames, np.asarray(colors), np.float32(config.background),
            height=config.height, width=config.width,
        )  # fmt: skip
        shown = set(evenly(len(stroke) + 1))
        process = [picture for i, picture in enumerate(steps) if i in shown]
        outputs.write_animation(folder / outputs.PROCESS, process)
        outputs.write_animation(folder / outputs.FORMING, _thin(formed))
    strokes = outputs.Strokes(
        stroke, frames, np.float32(config.background), config.height, config.width,
        np.broadcast_to(painter.brushes, len(stroke)), outputs.to_pixels(formed[-1]),
    )  # fmt: skip
    if subject.sketch.size:
        outputs.write_picture(folder / outputs.SKETCH, subject.sketch)
    outputs.write_strokes(folder / outputs.STROKES, strokes)
    (folder / PREVIEW).unlink(missing_ok=True)
    outputs.write_run(folder / outputs.RUN, record)


def _thin(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """At most `_FRAMES` pictures, evenly chosen, the first and last among them."""
    return [pictures[i] for i in evenly(len(pictures))]


def best(scores: np.ndarray, alive: np.ndarray, *, of: int) -> list[int]:
    """Of every `of` canvases `[C]` the one with the highest score; a lost one only if all are."""
    ranked = np.where(alive, scores, -np.inf).reshape(-1, of)
    return [row * of + int(one) for row, one in enumerate(ranked.argmax(1))]


def evenly(number: int) -> list[int]:
    """At most `_FRAMES` of so many, the first and last among them."""
    return [round(i) for i in np.linspace(0, number - 1, min(number, _FRAMES))]


def versions() -> dict[str, str]:
    """Of what had a part in a painting."""
    from importlib import metadata

    names = ("jax", "flax", "optax", "transformers", "numpy")
    found = {name: metadata.version(name) for name in names}
    return {"jaxpaint": jaxpaint.__version__, "python": platform.python_version(), **found}
