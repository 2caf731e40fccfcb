"""The strokes that neural painters learn: drawn once, kept, and bound to what made them.

A folder of `train_painter` belongs to one training. Its strokes and its checkpoint say with
which settings they were made, under the names of the flags; others are refused, because
their result would be of one brush and called another.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from typing import Any
import zipfile

import numpy as np
from tqdm import tqdm

from jaxpaint import actions, mypaint, painters

Settings = dict[str, Any]  # names of flags and JSON values
_SMUDGES = 0.03  # of `smudging`, from which on a brush is refused
_CONTENT = "brush_content"  # no flag: a digest of the brush's file


def identify(brush: str) -> Settings:
    """What tells a brush from others: its name without folder, and what its file holds.

    Raises:
      MyPaintError: there is no such brush.
    """
    content = mypaint.find_brush(brush).read_bytes()
    return {"brush": pathlib.Path(brush).stem, _CONTENT: hashlib.sha256(content).hexdigest()}


def own_file(brush: str) -> pathlib.Path | None:
    """The file of a brush that its name alone does not lead to, which must then be kept.

    That is a user's own, and one of a folder whose name another folder's brush has too.

    Raises:
      MyPaintError: there is no such brush.
    """
    file = mypaint.find_brush(brush)
    try:
        known = mypaint.find_brush(file.stem).read_bytes() == file.read_bytes()
    except mypaint.MyPaintError:
        known = False
    return None if known else file


def smudging(brush: str) -> float:
    """How much a brush does to the paint that is there, besides covering it.

    Draws twelve strokes over one another, and each alone to lay their alphas over one
    another by arithmetic; returns the root mean square of the difference as a share of
    that of the latter, 0 for a brush that only covers. Settings do not tell: smudging may depend
    on the pressure or be too little to matter. The 87 brushes of `mypaint-data/1.0` that
    leave something and have no such setting come to 0.002 at most; a base value of smudging
    of 0.1 comes to 0.007 to 0.011, one of 0.2 to 0.017, those of 0.5 and more to 0.08 to 0.23.

    Raises:
      MyPaintError: the brush cannot be drawn with.
    """
    strokes = np.random.default_rng(1).random((12, 12), np.float32)
    strokes[:, :2] = 0.5 + strokes[:, :2] / 2  # of some pressure and size, so that they meet
    alone = 1 - np.prod(1 - mypaint.draw_alpha(strokes, brush), axis=0)
    whole = np.tile(np.float32([0.5, 0.5, 1.0]), (len(strokes), 1))
    side = actions.FRAME_PIXELS
    white, black = (
        mypaint.replay(strokes, whole, brush, height=side, width=side, background=background)
        for background in (1.0, 0.0)
    )
    together = 1 - (white - black)[..., 0]  # whatever the colours are
    return float(np.sqrt(np.sum((together - alone) ** 2) / max(np.sum(alone**2), 1e-6)))


def refuse_smudging(brush: str) -> None:
    """Refuses a brush whose strokes depend much on the paint below them.

    Raises:
      PainterError: it smudges, or erases.
      MyPaintError: it cannot be drawn with.
    """
    if (share := smudging(brush)) > _SMUDGES:
        raise painters.PainterError(
            f"brush {brush!r} smudges or erases what lies below: its strokes over one another are "
            f"{share:.0%} off from what is learned of it, each on empty paper ({_SMUDGES:.0%} may "
            "be): choose a brush that covers, or give --smudging if replays may differ so"
        )


def refuse_others(file: pathlib.Path, found: Settings | None, wanted: Settings) -> None:
    """Refuses what was made with other settings.

    Args:
      file: what it is, for the message.
      found: the settings that it was made with; None if it does not say.
      wanted: those of now. Further ones in `found` do not count.

    Raises:
      PainterError: some differ; the message has all that both name.
    """
    if found is None:
        raise painters.PainterError(
            f"{file} does not say with which settings it was made: give another --workdir"
        )
    differ = [name for name in wanted if name in found and found[name] != wanted[name]]
    if "brush" in differ and _CONTENT in differ:
        differ.remove(_CONTENT)  # goes without saying
    told = [
        f"another file of brush {wanted['brush']}"
        if name == _CONTENT
        else f"--{name}={found[name]} instead of --{name}={wanted[name]}"
        for name in differ
    ]
    if told or wanted.keys() - found.keys():
        raise painters.PainterError(
            f"{file} was made with {', '.join(told) or 'other settings'}: give another --workdir, "
            "or the settings that it was made with"
        )


def draw(
    brush: str, number: int, file: pathlib.Path, *, seed: int, corners: bool, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Random geometry `[N, 9]` and its alpha `[N, 64, 64]` uint8; kept in `file`.

    Uniform, as the published painters have it; with `corners` every other stroke has
    its numbers near 0 and 1 instead, where optimised strokes end up and where a
    painter that knows little of them would be exploited.

    Raises:
      PainterError: `file` is damaged, or of other `settings`.
      MyPaintError: the brush cannot be drawn with.
    """
    if file.exists():
        try:
            with np.load(file, allow_pickle=False) as data:
                kept = {name: data[name] for name in data.files}
            geometry, alpha = kept["geometry"], kept["alpha"]
            found = json.loads(str(kept["settings"])) if "settings" in kept else None
        except (EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise painters.PainterError(
                f"{file} cannot be read ({error}): delete it to draw its strokes anew"
            ) from error
        refuse_others(file, found, settings)
        return geometry, alpha
    rng = np.random.default_rng([seed, number])
    numbers = rng.random((number, 12), np.float32)
    if corners:
        numbers[::2] = rng.beta(0.35, 0.35, numbers[::2].shape)
    alpha = np.empty((number, 64, 64), np.uint8)
    for i in tqdm(range(0, number, 500), desc=f"drawing {settings['brush']}"):
        drawn = mypaint.draw_alpha(numbers[i : i + 500], brush, seed=seed * 7919 + i)
        alpha[i : i + 500] = np.round(255 * drawn)
    geometry = numbers[:, actions.GEOMETRY]
    # Not through memory as `outputs.write` does: it may be hundreds of megabytes.
    scratch = file.with_name(f".{file.name}.{os.getpid()}.part")
    with scratch.open("wb") as stream:
        np.savez(stream, geometry=geometry, alpha=alpha, settings=json.dumps(settings))
    os.replace(scratch, file)
    return geometry, alpha
