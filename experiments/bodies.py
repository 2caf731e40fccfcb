"""Which part of a picture is what a named colour is said of: the wool of a sheep, not its face."""

from __future__ import annotations

import numpy as np

_STEPS = 6  # of each primary colour; pixels of a cell of this grid have one colour
_DARK = 0.4  # share of the pixels from which dark ones are a body and no outlines
_NEAR = 0.2  # standard deviation of colours that are alike, of 1
_GRAY = 0.3  # saturation below which a body has no hue


def mask(picture: np.ndarray) -> np.ndarray:
    """How much each pixel belongs to the body, which has the most frequent colour.

    Lighter and darker shades of its hue belong to it too: the wings of a butterfly run from
    one blue to another, and no single colour of them is as frequent as the black of its edge.

    Args:
      picture: `[H, W, 4]` uint8, straight alpha.

    Returns:
      `[H, W]` float32 in [0, 1].
    """
    rgb = picture[..., :3].astype(np.float32) / 255
    seen = rgb[picture[..., 3] > 128]
    cells = (seen * (_STEPS - 1e-3)).astype(int) @ np.array([_STEPS**2, _STEPS, 1])
    dark = seen.max(-1) < 1 / 3
    counted = cells[~dark] if dark.mean() < _DARK else cells
    body = seen[cells == np.bincount(counted).argmax()].mean(0)
    alike = np.exp(-((rgb - body) ** 2).sum(-1) / (2 * _NEAR**2))
    hue, saturation = _hue_and_saturation(rgb)
    own_hue, own_saturation = _hue_and_saturation(body)
    if own_saturation < _GRAY:
        return alike
    turn = np.abs((hue - own_hue + 180) % 360 - 180)
    fade = np.abs(saturation - own_saturation)
    shade = np.exp(
        -((np.maximum(turn - 12, 0) / 10) ** 2 + (np.maximum(fade - 0.25, 0) / 0.1) ** 2) / 2
    )
    tinted = np.clip((np.ptp(rgb, -1) - 0.1) / 0.12, 0, 1)  # the hue of grays means nothing
    return np.maximum(alike, shade * tinted)


def _hue_and_saturation(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees, and 0 to 1, of colours `[..., 3]`."""
    high, low = rgb.max(-1), rgb.min(-1)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    chroma = np.maximum(high - low, 1e-6)
    sixth = np.where(
        high == red, (green - blue) / chroma,
        np.where(high == green, 2 + (blue - red) / chroma, 4 + (red - green) / chroma),
    )  # fmt: skip
    return 60 * sixth % 360, (high - low) / np.maximum(high, 1e-6)
