"""The files of a painting. Each is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
import html
import io
import json
import os
import pathlib
from typing import Any, NamedTuple
import urllib.parse

import flax.serialization
import numpy as np
from PIL import Image, ImageDraw, ImageFont

try:
    import fcntl
except ImportError:  # Windows has no locks of this kind
    fcntl = None

PICTURE, PROCESS, FORMING = "painting.png", "process.gif", "optimization.gif"
SKETCH, STROKES, RUN, SHEET = "sketch.png", "strokes.npz", "run.json", "sheet.png"
GALLERY, RESULTS = "index.html", "results.jsonl"
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
    brush: np.ndarray  # [S] names of MyPaint brushes, or .myb files
    picture: np.ndarray  # [H, W, 3] uint8, the neural canvas


def claim_folder(folder: pathlib.Path, *, again: bool = False) -> None:
    """Makes a folder for one painting, before any time is spent on it.

    With `again`, what an interrupted run left there may be replaced.

    Raises:
      OutputError: it cannot be written, or already holds a painting.
    """
    for name in (PICTURE, STROKES, RUN):
        if not again and (folder / name).exists():
            raise OutputError(
                f"{folder} already holds a painting: choose another --outdir or --seed, "
                "move the folder away, or give --resume if a run was interrupted"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
        _sweep(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextlib.contextmanager
def workplace(folder: pathlib.Path) -> Iterator[None]:
    """Makes a folder and holds it for this process alone; it goes afterwards if nothing is in it.

    What a run that was killed had begun to write there is deleted. The folder above goes
    likewise.

    Raises:
      OutputError: another process holds it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
        _sweep(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield
    finally:
        for place in (folder, folder.parent):
            with contextlib.suppress(OSError):  # something is in it, or another was quicker
                place.rmdir()
        if lock is not None:
            os.close(lock)


def _lock(folder: pathlib.Path) -> int | None:
    """A handle that locks a folder, which the system lets go of however the process ends."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise OutputError(
            f"another run works in {folder}: wait until it has ended, or choose another --outdir"
        ) from error
    except OSError:  # a file system without locks, as those of networks may be
        pass
    return handle


def _sweep(folder: pathlib.Path) -> None:
    """Deletes what a run that was killed had begun to write."""
    for scratch in folder.glob(".*.part"):
        scratch.unlink()


def _unwritable(folder: pathlib.Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write to {folder} ({error.strerror or error}): choose another --outdir"
    )


def write(
    path: pathlib.Path, save: Callable[[io.BytesIO], None], *, scratch: pathlib.Path | None = None
) -> None:
    """Writes a file through memory and a rename, so that it is never half there.

    Args:
      path: the file; the folders that it lies in are made.
      save: writes what is to be in it.
      scratch: folder that it is in until then; None: the file's own.

    Raises:
      OSError: it cannot be written, with its name; what was there before still is.
    """
    buffer = io.BytesIO()
    save(buffer)
    part = (scratch or path.parent) / f".{path.name}.{os.getpid()}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(buffer.getvalue())
        os.replace(part, path)
    except OSError as error:  # a full disk, say, which does not tell of which file it is
        with contextlib.suppress(OSError):
            part.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def to_pixels(picture: np.ndarray) -> np.ndarray:
    """Float `[H, W, 3]` in [0, 1] to uint8, which is left as it is."""
    if picture.dtype == np.uint8:
        return picture
    return np.round(255 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)


def write_picture(
    path: pathlib.Path, picture: np.ndarray, *, scratch: pathlib.Path | None = None
) -> None:
    """Writes `[H, W, 3]` float in [0, 1] or uint8 as PNG; `scratch` as of `write`."""
    write(path, lambda f: Image.fromarray(to_pixels(picture)).save(f, "PNG"), scratch=scratch)


def write_animation(
    path: pathlib.Path, pictures: Iterable[np.ndarray], *, seconds: float = 8.0
) -> None:
    """Writes `[H, W, 3]` pictures as a GIF that lasts `seconds` and rests at the end."""
    frames = [Image.fromarray(to_pixels(picture)) for picture in pictures]
    factor = max(1, -(-_GIF_SIDE // min(frames[0].size)))
    size = (frames[0].width * factor, frames[0].height * factor)
    # A median cut of each frame, which Pillow does by itself, takes eleven times as long.
    frames = [
        frame.resize(size, Image.Resampling.BICUBIC).quantize(
            256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
        for frame in frames
    ]
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
            height=int(found.height),
            width=int(found.width),
            brush=np.broadcast_to(found.brush, len(found.actions)),
        )
    except Exception as error:
        raise OutputError(
            f"{path} is not a strokes file of jaxpaint ({error}): paint it again"
        ) from error


def write_tree(path: pathlib.Path, tree: Any) -> None:
    """Writes a pytree of arrays and strings as Flax msgpack."""
    data = flax.serialization.to_bytes(tree)
    write(path, lambda f: f.write(data))


def read_tree(path: pathlib.Path) -> dict[str, Any]:
    """Reads what `write_tree` wrote, as nested dicts.

    Raises:
      OutputError: it is damaged.
    """
    try:
        return flax.serialization.msgpack_restore(path.read_bytes())
    except Exception as error:
        raise OutputError(f"{path} cannot be read ({error}): delete it to begin anew") from error


def write_run(path: pathlib.Path, record: dict[str, Any]) -> None:
    """Writes `run.json`: settings, seed, versions, models, scores, timings."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write(path, lambda f: f.write(text.encode()))


def read_run(folder: pathlib.Path) -> dict[str, Any] | None:
    """The record of a folder, or None if there is none (yet)."""
    try:
        return json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_gallery(
    path: pathlib.Path, rows: Sequence[dict[str, Any]], *, scratch: pathlib.Path | None = None
) -> None:
    """Writes a static page with every painting; `rows` as in results.jsonl.

    Prompts are escaped, links are relative, and nothing is loaded from elsewhere. `scratch` is
    as of `write`.
    """
    figures = []
    for row in rows:
        text = html.escape(str(row["prompt"] or row["folder"]))
        if row["error"]:
            figures.append(
                f"<figure><figcaption>{text}: {html.escape(row['error'])}</figcaption></figure>"
            )
            continue
        folder = html.escape(urllib.parse.quote(row["folder"]))
        shown = PROCESS if (path.parent / row["folder"] / PROCESS).exists() else PICTURE
        figures.append(
            f'<figure><a href="{folder}/{shown}"><img src="{folder}/{PICTURE}" alt="{text}" '
            f'loading="lazy"></a><figcaption>{text} <small>seed {row["seed"]}, cosine '
            f"{row['score']:.2f}</small></figcaption></figure>"
        )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>jaxpaint</title><style>'
        "body{font:15px sans-serif;margin:2em;display:grid;gap:1em;"
        "grid-template-columns:repeat(auto-fill,minmax(200px,1fr))}figure{margin:0}"
        "img{width:100%}small{color:#666}</style>" + "".join(figures) + "</html>\n"
    )
    write(path, lambda f: f.write(page.encode()), scratch=scratch)


def contact_sheet(
    pictures: Sequence[np.ndarray], captions: Sequence[str], *, side: int = 192
) -> np.ndarray:
    """Pictures under one another and side by side with captions: uint8 `[H, W, 3]`."""
    columns = min(len(pictures), max(1, round(len(pictures) ** 0.5 * 1.3)))
    rows = -(-len(pictures) // columns)
    font = ImageFont.load_default(12)
    sheet = Image.new("RGB", (columns * (side + 8) + 8, rows * (side + 38) + 8), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, caption) in enumerate(zip(pictures, captions)):
        x, y = 8 + i % columns * (side + 8), 8 + i // columns * (side + 38)
        image = Image.fromarray(to_pixels(picture))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        if max(image.size) < side:
            factor = side / max(image.size)
            size = (round(image.width * factor), round(image.height * factor))
            image = image.resize(size, Image.Resampling.BICUBIC)
        sheet.paste(image, (x + (side - image.width) // 2, y + (side - image.height) // 2))
        for line, text in enumerate(_two_lines(caption, font, side)):
            draw.text((x, y + side + 4 + 14 * line), text, fill="black", font=font)
    return np.asarray(sheet)


def _two_lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A text in at most two lines of so many pixels, cut where it still does not fit."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(lines) == 1 and lines[0] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    for i, line in enumerate(lines):
        while font.getlength(line) > width and len(line) > 1:
            line = line[:-2].rstrip() + "…"
        lines[i] = line
    return lines
