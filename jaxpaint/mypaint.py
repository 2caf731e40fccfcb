"""The real thing: libmypaint through ctypes, nothing compiled. NumPy in, NumPy out.

Draws the strokes that neural painters learn (`draw_alpha`, `draw_strokes`) and
replays a painting with MyPaint itself at any resolution (`replay`). A stroke follows
the MyPaint environment of SPIRAL (Ganin et al. 2018) and Neural Painters (Nakano
2019), but on a transparent surface, which gives its exact alpha, and with the brush
reset first, so that it does not depend on the stroke before.

Randomness: a brush's generator always starts from the same seed and nothing public
reseeds it. So every call makes a new brush and throws away a few random numbers,
told by `seed`, before each stroke. The same (actions, brush, seed) give the same
pixels, bit for bit; a texture depends only on the seed and the strokes before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import colorsys
import contextlib
import ctypes
import ctypes.util
import functools
import json
import math
import os
import pathlib
from typing import Any

import numpy as np

from jaxpaint import actions as A
from jaxpaint.brush_files import BrushName, MyPaintError, find_brush

# Debian and Ubuntu; other Linux; macOS.
LIBRARY_NAMES = ("libmypaint-1.5.so.1", "libmypaint.so.0", "libmypaint-1.5.1.dylib")

_TILE = 64  # pixels a side, fixed inside libmypaint
_FULL = 1 << 15  # the 16-bit pixel value of 1.0
# After a pause of more than 5 s the library takes an event for the start of a new
# stroke; after this many seconds even the laziest pen has arrived there.
_PAUSE = 1e6
_MAX_TIME_SCALE = 40.0  # so that 0.1 s between events never becomes such a pause
# Pressure 0 in disguise: after an exact 0 the library lets pressure jump instead of
# rise whenever events lie more than 0.1 s apart.
_NO_PRESSURE = 1e-9
_MAX_DISCARDED = 32  # random numbers thrown away before a stroke, at most

# Function:result and arguments. v nothing, p pointer, i int, f float, d double,
# s string, t tile request.
_PROTOTYPES = """
brush_new:p brush_unref:vp brush_from_defaults:vp brush_from_string:ips
brush_setting_from_cname:is brush_get_base_value:fpi brush_set_base_value:vpif
brush_new_stroke:vp brush_stroke_to:ippfffffd fixed_tiled_surface_new:pii
surface_begin_atomic:vp surface_end_atomic:vpp surface_unref:vp
tile_request_init:vtiiii tiled_surface_tile_request_start:vpt
tiled_surface_tile_request_end:vpt
"""

# A stroke drawn k times as large should be the same stroke. Whatever a brush makes
# of speed and time does come out the same if time runs k times slower: events lie k
# times further apart, and settings in units of time or pixels, these here, are
# converted. All others are relative to the radius. Mean |difference| / mean alpha
# of 40 strokes drawn at k = 4 and averaged down, against k = 1:
#                            brush  dry_brush  calligraphy  charcoal
#   same times               0.076      0.273        0.272     0.072
#   events k times apart     0.091      0.205        0.228     0.072
#   and settings converted   0.047      0.039        0.031     0.072
_CONVERT = {
    "slow_tracking": lambda b, k: b * k,  # seconds, like the next two
    "speed1_slowness": lambda b, k: b * k,
    "speed2_slowness": lambda b, k: b * k,
    "offset_by_speed": lambda b, k: b * k,  # pixels per (pixel per second)
    "offset_by_speed_slowness": lambda b, k: 100 * math.log1p(k * math.expm1(b / 100)),
    "direction_filter": lambda b, k: 2 * math.log1p(k * math.expm1(b / 2)),
    "dabs_per_second": lambda b, k: b / k,
    "anti_aliasing": lambda b, k: b * k,  # pixels
    "gridmap_scale": lambda b, k: b + math.log(k),  # log pixels
}


class _TileRequest(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in ("tx", "ty", "readonly")),
        *((name, ctypes.c_void_p) for name in ("buffer", "context")),
        *((name, ctypes.c_int) for name in ("thread_id", "mipmap_level")),
    ]


@functools.lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """Opens libmypaint at first use and declares its functions."""
    c, request = ctypes, ctypes.POINTER(_TileRequest)
    kinds = (None, c.c_void_p, c.c_int, c.c_float, c.c_double, c.c_char_p, request)
    types = dict(zip("vpifdst", kinds))
    found = [ctypes.util.find_library(n) for n in ("mypaint-1.5", "mypaint")]
    names = [name for name in (*LIBRARY_NAMES, *found) if name]
    for name in names:
        # AttributeError: a version that lacks one of the functions.
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(name)
            for prototype in _PROTOTYPES.split():
                function_name, (result, *arguments) = prototype.split(":")
                function = getattr(library, "mypaint_" + function_name)
                function.restype = types[result]
                function.argtypes = [types[a] for a in arguments]
            return library
    raise MyPaintError(
        f"libmypaint 1.3 to 1.6 not found (tried {', '.join(names) or 'no name'}): "
        "install it with `apt-get install libmypaint-1.5-1 mypaint-brushes`"
    )


def available() -> bool:
    """Whether libmypaint can be opened. Brushes are another package."""
    with contextlib.suppress(MyPaintError):
        return bool(_library())
    return False


class _Easel:
    """Brushes and one transparent surface of `height` x `width` pixels."""

    def __init__(self, brushes: Iterable[BrushName], height: int, width: int) -> None:
        lib = self._lib = _library()
        files = {brush: find_brush(brush) for brush in brushes}
        names = ("radius_logarithmic", "color_h", "color_s", "color_v", *_CONVERT)
        self._ids = {n: lib.mypaint_brush_setting_from_cname(n.encode()) for n in names}
        self._surface = lib.mypaint_fixed_tiled_surface_new(width, height)
        # The tiles of a fixed surface lie in one buffer, row after row.
        request = _TileRequest()
        lib.mypaint_tile_request_init(request, 0, 0, 0, 0)
        lib.mypaint_tiled_surface_tile_request_start(self._surface, request)
        tiles = (-(-height // _TILE), -(-width // _TILE), _TILE, _TILE, 4)
        buffer = (ctypes.c_uint16 * math.prod(tiles)).from_address(request.buffer)
        lib.mypaint_tiled_surface_tile_request_end(self._surface, request)
        self._tiles = np.frombuffer(buffer, np.uint16).reshape(tiles)
        self._shape = height, width
        self._brushes: dict[BrushName, tuple[int, dict[str, float]]] = {}
        try:
            for brush, file in files.items():
                self._take(brush, file)
        except MyPaintError:
            self.close()
            raise
        self.clear()

    def _take(self, brush: BrushName, file: pathlib.Path) -> None:
        """Makes a brush ready, with what its settings are at scale 1, and tries it."""
        lib, new, text = self._lib, self._lib.mypaint_brush_new(), file.read_bytes()
        self._brushes[brush] = new, {}
        try:
            valid = isinstance(json.loads(text)["settings"], dict)
        except (ValueError, KeyError, TypeError):
            valid = False
        lib.mypaint_brush_from_defaults(new)
        if not valid or not lib.mypaint_brush_from_string(new, text):
            raise MyPaintError(
                f"{file} is not a MyPaint brush: expected JSON with `version` 3 and "
                "`settings`; choose another or install mypaint-brushes again"
            )
        get = lib.mypaint_brush_get_base_value
        self._brushes[brush] = new, {n: get(new, self._ids[n]) for n in _CONVERT}
        self.clear()  # a new surface is opaque white
        line = np.linspace([10.0, 32.0], [54.0, 32.0], A.PATH_POINTS)
        self.stroke(brush, line, np.full(A.PATH_POINTS, 0.8), 0.7, (0, 0, 0), 1.0, 1)
        if self._tiles[0, 0, ..., 3].max() < _FULL / 255:
            raise MyPaintError(
                f"brush {os.fspath(brush)!r} leaves nothing on an empty surface (it "
                "smudges or erases): choose one that paints, such as `dry_brush`"
            )

    def clear(self) -> None:
        self._tiles.fill(0)

    def pixels(self, channels: slice = slice(4)) -> np.ndarray:
        """Copies out `[H, W, channels]` float32 of premultiplied RGBA in [0, 1]."""
        rows, columns = self._tiles.shape[:2]
        pixels = self._tiles[..., channels].swapaxes(1, 2)
        pixels = pixels.reshape(rows * _TILE, columns * _TILE, -1)
        return pixels[: self._shape[0], : self._shape[1]].astype(np.float32) / _FULL

    def stroke(
        self, brush: BrushName, points: Any, pressures: Any, size: float, color: Any,
        scale: float, n: int,
    ) -> None:  # fmt: skip
        """Draws a stroke through `points` `[P, 2]` pixels with `pressures` `[P]`.

        `size` and `color` are action numbers, `scale` is pixels here per pixel of a
        64-pixel frame, and `n` >= 1 random numbers are thrown away first.
        """
        lib, (brush, bases), surface = self._lib, self._brushes[brush], self._surface
        slower = min(scale, _MAX_TIME_SCALE)
        values = {name: f(bases[name], slower) for name, f in _CONVERT.items()}
        values["radius_logarithmic"] = A.MAX_LOG_RADIUS * size + math.log(scale)
        hsv = colorsys.rgb_to_hsv(*map(float, color))
        values |= zip(("color_h", "color_s", "color_v"), hsv)
        for name, value in values.items():
            lib.mypaint_brush_set_base_value(brush, self._ids[name], value)
        (x, y), event = points[0].tolist(), lib.mypaint_brush_stroke_to
        lib.mypaint_brush_new_stroke(brush)
        lib.mypaint_surface_begin_atomic(surface)
        seconds = A.PATH_SECONDS * slower
        pressures = np.maximum(pressures, _NO_PRESSURE).tolist()
        with _silence():
            for _ in range(n):  # resets the brush and costs a random number
                event(brush, surface, x, y, _NO_PRESSURE, 0, 0, _PAUSE)
            for (x, y), pressure in zip(points.tolist(), pressures):
                event(brush, surface, x, y, pressure, 0, 0, seconds)
        lib.mypaint_surface_end_atomic(surface, None)

    def close(self) -> None:
        self._tiles = None  # its memory goes away with the surface
        for brush, _ in self._brushes.values():
            self._lib.mypaint_brush_unref(brush)
        self._lib.mypaint_surface_unref(self._surface)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keeps the library's remarks on rounding off stdout."""
    flush = ctypes.CDLL(None).fflush
    flush(None)
    stdout, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
        flush(None)
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
        os.close(nowhere)


def _paint(
    easel: _Easel, actions: Any, brushes: Sequence[BrushName], centers: Any, scales: Any,
    margin: float, seed: int,
) -> Iterator[int]:  # fmt: skip
    """Draws the strokes and yields the number of strokes drawn so far after each.

    `brushes` are those of the S strokes, `centers` `[S, 2]` the frames' centres in pixels
    of the surface, `scales` `[S]` its pixels per pixel of a 64-pixel frame. Closes the easel
    at the end.
    """
    inner = A.FRAME_PIXELS - 2 * margin
    points, pressures = A.path(actions)
    points = centers[:, None] + scales[:, None, None] * inner * (points - 0.5)
    discarded = np.random.default_rng(seed).integers(1, _MAX_DISCARDED + 1, len(points))
    with contextlib.closing(easel):
        for i, row in enumerate(actions):
            color, scale, n = row[A.COLOR], float(scales[i]), int(discarded[i])
            easel.stroke(brushes[i], points[i], pressures[i], float(row[1]), color, scale, n)
            yield i + 1


def _check(actions: Any) -> np.ndarray:
    actions = np.asarray(actions, np.float32)
    if actions.ndim != 2 or actions.shape[1] < 12:
        raise ValueError(f"actions must be [S, >= 12], got shape {actions.shape}")
    if not np.all((actions >= -1e-6) & (actions <= 1 + 1e-6)):
        raise ValueError("actions must lie in [0, 1]: use actions.bound on latents")
    return np.clip(actions, 0.0, 1.0)


def draw_alpha(
    actions: Any,
    brush: BrushName,
    *,
    size: int = A.FRAME_PIXELS,
    margin: float = A.FRAME_MARGIN,
    seed: int = 0,
) -> np.ndarray:
    """Draws each stroke on a transparent surface of its own: training data.

    Args:
      actions: `[S, >= 12]` in [0, 1]; colours play no part.
      brush: name or `.myb` path, see `find_brush`.
      size: side of the surface in pixels; strokes grow with it.
      margin: like `actions.FRAME_MARGIN`, in pixels of a 64-pixel frame.
      seed: texture of brushes that scatter dabs, see above.

    Returns:
      Alpha `[S, size, size]` float32 in [0, 1], in steps of 1/32768.

    Raises:
      MyPaintError: no libmypaint, no such brush, or one that leaves nothing.
      ValueError: actions have a wrong shape or lie outside [0, 1].
    """
    actions = _check(actions)
    alpha = np.empty((len(actions), size, size), np.float32)
    centers = np.full((len(actions), 2), size / 2, np.float32)
    scales = np.full(len(actions), size / A.FRAME_PIXELS, np.float32)
    easel, brushes = _Easel([brush], size, size), [brush] * len(actions)
    for done in _paint(easel, actions, brushes, centers, scales, margin, seed):
        alpha[done - 1] = easel.pixels(slice(3, 4))[..., 0]
        easel.clear()
    return alpha


def draw_strokes(actions: Any, brush: BrushName, **options: Any) -> np.ndarray:
    """Like `draw_alpha`, options too, with the action's own colour put in.

    Returns:
      `[S, size, size, 4]` float32 RGBA in [0, 1], not premultiplied; RGB is 0 where
      alpha is 0.
    """
    alpha = draw_alpha(actions, brush, **options)[..., None]
    color = _check(actions)[:, None, None, A.COLOR]
    return np.concatenate([color * (alpha > 0), alpha], axis=-1)


def replay_steps(
    actions: Any,
    frames: Any,
    brush: BrushName | Sequence[BrushName],
    *,
    height: int,
    width: int,
    scale: float = 1.0,
    background: Any = 1.0,
    margin: float = A.FRAME_MARGIN,
    seed: int = 0,
    every: int = 1,
) -> Iterator[np.ndarray]:
    """Paints strokes in order with libmypaint on one canvas of any resolution.

    The paint is one transparent layer over the background: brushes that smudge take
    up earlier paint, of whichever brush, but no background. Scale refines the picture:
    what strokes look like stays the same, up to rasterisation.

    Args:
      actions, margin, seed: see `draw_alpha`.
      brush: name or `.myb` path, see `find_brush`; or one for each stroke, `S` of them.
      frames: `[S, 3]` from `actions.frames`: centre x and y as fractions of width
        and height, and side as a fraction of the shorter of the two.
      height, width: pixels of the canvas at scale 1.
      scale: pixels of the result per pixel of the canvas, > 0.
      background: sRGB in [0, 1], anything that broadcasts to `[H, W, 3]`.
      every: strokes from one yielded canvas to the next.

    Yields:
      `[round(height * scale), round(width * scale), 3]` float32 sRGB in [0, 1]: after
      every `every` strokes and after the last; without strokes the background.

    Raises:
      MyPaintError and ValueError: see `draw_alpha`; frames or sizes are wrong.
    """
    actions, frames = _check(actions), np.asarray(frames, np.float32)
    one = isinstance(brush, str | os.PathLike)
    brushes = [brush] * len(actions) if one else list(brush)
    if len(brushes) != len(actions):
        raise ValueError(f"brush must be one or {len(actions)}, got {len(brushes)}")
    if frames.shape != (len(actions), 3) or not np.all(np.isfinite(frames)):
        raise ValueError(f"frames must be [{len(actions)}, 3], got {frames.shape}")
    rows, columns = round(height * scale), round(width * scale)
    if min(rows, columns, every, *frames[:, 2]) <= 0:
        raise ValueError("height, width, scale, every and frame sides must be > 0")
    canvas = np.broadcast_to(np.float32(background), (rows, columns, 3))
    centers = frames[:, :2] * np.array([width, height], np.float32) * scale
    scales = frames[:, 2] * min(height, width) / A.FRAME_PIXELS * scale
    easel = _Easel([brush] if one else brushes, rows, columns)
    for done in _paint(easel, actions, brushes, centers, scales, margin, seed):
        if done % every == 0 or done == len(actions):
            rgba = easel.pixels()
            over = rgba[..., :3] + (1 - rgba[..., 3:]) * canvas
            yield np.clip(over, 0.0, 1.0)
    if not len(actions):
        yield canvas.copy()


def replay(
    actions: Any, frames: Any, brush: BrushName | Sequence[BrushName], **options: Any
) -> np.ndarray:
    """The last canvas of `replay_steps`; the same arguments, but for `every`."""
    *_, canvas = replay_steps(actions, frames, brush, every=max(1, len(actions)), **options)
    return canvas
