"""Pictures to paint from: read, and brought to the size of the canvas."""

from __future__ import annotations

import pathlib
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from jaxpaint.config import MOST_WEIGHT

_SMALLEST = 16  # side of a canvas, pixels
_KEPT = 4096  # longer side of a picture as it is kept, pixels: twice that of the largest canvas
# What --objective may name: a weight of `Config`, and how much 1 of it is.
OBJECTIVES = {
    "pixel": ("image_l2", 30.0),
    "l1": ("image_l1", 10.0),
    "transport": ("image_transport", 1.0),
    "clip": ("image_clip", 1.0),
    "intrinsic": ("image_intrinsic", 0.3),
}


class PictureError(ValueError):
    """A picture or objective that cannot be painted from; the message says what to do."""


def read(path: pathlib.Path) -> np.ndarray:
    """A picture file as `[H, W, 3]` float32 in [0, 1], upright, on white where transparent.

    One of more than 4,096 pixels is made so small, which is still twice the largest canvas.

    Raises:
      PictureError: there is none, it cannot be read, or it is smaller than 16 pixels.
    """
    try:
        with warnings.catch_warnings():
            # Of half as many pixels as Pillow refuses it warns.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                upright = _eight_bits(ImageOps.exif_transpose(image)).convert("RGBA")
    except Exception as error:  # Pillow raises a dozen kinds for a damaged file
        raise PictureError(
            f"cannot read --image={path} ({_reason(error)}): give a PNG, JPEG or WebP file"
        ) from error
    if min(upright.size) < _SMALLEST:
        raise PictureError(
            f"--image={path} is {upright.width}x{upright.height} pixels: give one of at least "
            f"{_SMALLEST}x{_SMALLEST}"
        )
    upright.thumbnail((_KEPT, _KEPT))
    white = Image.new("RGBA", upright.size, "white")
    return _to_array(Image.alpha_composite(white, upright))


def canvas_size(picture: np.ndarray, *, longer: int) -> tuple[int, int]:
    """Width and height of a canvas of the picture's shape, the longer side as given.

    Raises:
      PictureError: the shorter side would be below 16 pixels.
    """
    height, width = picture.shape[:2]
    scale = longer / max(height, width)
    sides = round(width * scale), round(height * scale)
    if min(sides) < _SMALLEST:
        raise PictureError(
            f"a picture of {width}x{height} is too narrow for a canvas of {sides[0]}x{sides[1]}: "
            "give a larger --size, or a picture that is cut"
        )
    return sides


def fit(picture: np.ndarray, *, width: int, height: int) -> np.ndarray:
    """A picture `[H', W', 3]` as `[height, width, 3]`: scaled, and cut where the shape differs."""
    image = Image.fromarray(np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8))
    return _to_array(ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS))


def parse_objective(text: str) -> dict[str, float]:
    """Weights of `Config` from words such as `pixel`, or `pixel,clip:0.5`.

    Raises:
      PictureError: a word that is none of `OBJECTIVES` or there twice, or a weight that is not
        above 0 and up to `MOST_WEIGHT`.
    """
    weights = {}
    for part in text.split(","):
        name, colon, amount = part.strip().partition(":")
        try:
            field, one = OBJECTIVES[name]
            number = float(amount) if colon else 1.0
            if field in weights or not 0 < number <= MOST_WEIGHT:
                raise ValueError
            weights[field] = one * number
        except (KeyError, ValueError):
            raise PictureError(
                f"--objective={text}: {part.strip()!r} is none; give some of "
                f"{', '.join(OBJECTIVES)}, once each, with weights above 0 and up to "
                f"{MOST_WEIGHT:.0f} if wanted, as in pixel,clip:0.5"
            ) from None
    return weights


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two pictures `[H, W, 3]` in [0, 1], in dB."""
    return float(-10 * np.log10(np.mean((np.float64(one) - other) ** 2) + 1e-12))


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture, brought to 8 bits if it is gray of 16, of which Pillow would keep the lowest."""
    if image.mode[0] not in "IF":
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() >= 2**16:
        raise ValueError("gray values of no known range: save it with 8 or 16 bits")
    return Image.fromarray(np.round(values / 257).astype(np.uint8))


def _reason(error: Exception) -> str:
    """Why a picture cannot be read, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture, or of an unknown kind"
    if isinstance(error, Image.DecompressionBombError):
        return "too many pixels: make it smaller"
    return " ".join(str(getattr(error, "strerror", None) or error).split())


def _to_array(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.float32) / 255
