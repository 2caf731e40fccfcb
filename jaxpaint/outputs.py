"""The files of a painting. Each is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import io
import json
import os
import pathlib
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PICTURE, PROCESS, FORMING = "painting.png", "process.gif", "optimization.gif"
STROKES, RUN, SHEET = "strokes.npz", "run.json", "sheet.png"
_GIF_SIDE = 256  # animations are shown at least this large, pixels


class OutputError(ValueError):
    """A folder or file that cannot be written or read; the message says what to do."""


class Strokes(NamedTuple):
    """All that is needed to paint a picture again, without any network."""

    actions: np.ndarray  # [S, A] float32 in [0, 1], in the order painted
    frames: np.ndarray  # [S, 3] float32: centre x, centre y, side (see actions.frames)
    background: np.ndarray  # [3] float32 RGB
    height: int  # canvas, pixels
    width: int
    brush: str
    picture: np.ndarray  # [H, W, 3] uint8, the neural canvas


def claim_folder(folder: pathlib.Path) -> None:
    """Makes a folder for one painting, before any time is spent on it.

    Raises:
      OutputError: it cannot be written, or already holds a painting.
    """
    for name in (PICTURE, STROKES, RUN):
        if (folder / name).exists():
            raise OutputError(
                f"{folder} already holds a painting: choose another --outdir or --seed, "
                "or move the folder away"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"cannot write to {folder} ({error.strerror or error}): choose another --outdir"
        ) from error


def write(path: pathlib.Path, save: Callable[[io.BytesIO], None]) -> None:
    """Writes a file through memory and a rename, so that it is never half there."""
    buffer = io.BytesIO()
    save(buffer)
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(buffer.getvalue())
    os.replace(scratch, path)


def to_pixels(picture: np.ndarray) -> np.ndarray:
    """Float `[H, W, 3]` in [0, 1] to uint8."""
    return np.round(255 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)


def write_picture(path: pathlib.Path, picture: np.ndarray) -> None:
    """Writes `[H, W, 3]` float in [0, 1] or uint8 as PNG."""
    pixels = picture if picture.dtype == np.uint8 else to_pixels(picture)
    write(path, lambda f: Image.fromarray(pixels).save(f, "PNG"))


def write_animation(
    path: pathlib.Path, pictures: Iterable[np.ndarray], *, seconds: float = 8.0
) -> None:
    """Writes `[H, W, 3]` pictures as a GIF that lasts `seconds` and rests at the end."""
    frames = [Image.fromarray(to_pixels(picture)) for picture in pictures]
    factor = max(1, -(-_GIF_SIDE // min(frames[0].size)))
    size = (frames[0].width * factor, frames[0].height * factor)
    frames = [frame.resize(size, Image.Resampling.BICUBIC) for frame in frames]
    shown = max(20, int(1000 * seconds / len(frames)))
    durations = [shown] * (len(frames) - 1) + [2000]
    write(
        path,
        lambda f: frames[0].save(
            f, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0
        ),
    )


def write_strokes(path: pathlib.Path, strokes: Strokes) -> None:
    """Writes `strokes.npz`."""
    write(path, lambda f: np.savez_compressed(f, **strokes._asdict()))


def read_strokes(path: pathlib.Path) -> Strokes:
    """Reads `strokes.npz`.

    Raises:
      OutputError: there is none, or it is not one of ours.
    """
    if not path.is_file():
        raise OutputError(f"no {path.name} in {path.parent}: give a folder that jaxpaint painted")
    try:
        with np.load(path, allow_pickle=False) as data:
            found = Strokes(**{name: data[name] for name in Strokes._fields})
        if found.actions.ndim != 2 or found.frames.shape != (len(found.actions), 3):
            raise ValueError(f"actions {found.actions.shape}, frames {found.frames.shape}")
        return found._replace(
            height=int(found.height), width=int(found.width), brush=str(found.brush)
        )
    except Exception as error:
        raise OutputError(
            f"{path} is not a strokes file of jaxpaint ({error}): paint it again"
        ) from error


def write_run(path: pathlib.Path, record: dict[str, Any]) -> None:
    """Writes `run.json`: settings, seed, versions, models, scores, timings."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write(path, lambda f: f.write(text.encode()))


def contact_sheet(
    pictures: Sequence[np.ndarray], captions: Sequence[str], *, side: int = 192
) -> np.ndarray:
    """Pictures under one another and side by side with captions: uint8 `[H, W, 3]`."""
    columns = min(len(pictures), max(1, round(len(pictures) ** 0.5 * 1.3)))
    rows = -(-len(pictures) // columns)
    font = ImageFont.load_default(12)
    sheet = Image.new("RGB", (columns * (side + 8) + 8, rows * (side + 30) + 8), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, caption) in enumerate(zip(pictures, captions)):
        x, y = 8 + i % columns * (side + 8), 8 + i // columns * (side + 30)
        image = Image.fromarray(picture if picture.dtype == np.uint8 else to_pixels(picture))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        if max(image.size) < side:
            factor = side / max(image.size)
            size = (round(image.width * factor), round(image.height * factor))
            image = image.resize(size, Image.Resampling.BICUBIC)
        sheet.paste(image, (x + (side - image.width) // 2, y + (side - image.height) // 2))
        while font.getlength(caption) > side and len(caption) > 1:
            caption = caption[:-2].rstrip() + "…"
        draw.text((x, y + side + 6), caption, fill="black", font=font)
    return np.asarray(sheet)
