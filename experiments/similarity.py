"""How alike two pictures are, or the textures of two sets of strokes.

NumPy throughout. PSNR is `jaxpaint.pictures.psnr`.
"""

from __future__ import annotations

import numpy as np

_SCALES = (1, 2, 4)  # pixels of a stroke that are averaged to one before its texture is measured
# Offsets, in rows and columns, at which a texture is compared with itself: the covariances
# that patches of three by three pixels have, but for mirror images.
_OFFSETS = ((0, 0), (0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))


def blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """A picture `[H, W, C]` through a Gaussian of `sigma` pixels, mirrored at its border."""
    reach = max(1, round(3 * sigma))
    reach = min(reach, *(side - 1 for side in picture.shape[:2]))
    padded = np.pad(picture.astype(np.float64), ((reach, reach), (reach, reach), (0, 0)), "reflect")
    return _gaussian(padded.transpose(2, 0, 1), sigma, reach).transpose(1, 2, 0)


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004) of pictures `[..., H, W]` of range 1, its mean.

    Windows are Gaussian, of 11 pixels and standard deviation 1.5, and lie within the
    picture. A picture `[H, W, 3]` is given with its channels first.
    """
    x, y = one.astype(np.float64), other.astype(np.float64)
    local = lambda z: _gaussian(z, 1.5, 5)  # noqa: E731
    mean_x, mean_y = local(x), local(y)
    var_x, var_y = local(x**2) - mean_x**2, local(y**2) - mean_y**2
    both = local(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    return float(np.mean(light * (2 * both + 0.03**2) / (var_x + var_y + 0.03**2)))


def texture(alpha: np.ndarray) -> np.ndarray:
    """Statistics of each stroke's texture: `[S, N, N]` in [0, 1] to `[S, F]`.

    At three scales: mean and spread of the alpha, mean size of its slopes, and the
    covariances of its small patches after a local mean is taken off. Where no two drawings
    of a stroke agree pixel by pixel, these do.
    """
    rows = []
    for scale in _SCALES:
        side = alpha.shape[1] // scale
        small = alpha.reshape(len(alpha), side, scale, side, scale).mean((2, 4), np.float64)
        rows += [small.mean((1, 2)), small.std((1, 2))]
        rows += [np.abs(np.diff(small, axis=axis)).mean((1, 2)) for axis in (1, 2)]
        local = _gaussian(np.pad(small, ((0, 0), (2, 2), (2, 2)), "edge"), 1.0, 2)
        fine = small - local
        for down, right in _OFFSETS:
            ahead = fine[:, down:, max(right, 0) : side + min(right, 0)]
            behind = fine[:, : side - down, max(-right, 0) : side - max(right, 0)]
            rows.append((ahead * behind).mean((1, 2)))
    return np.stack(rows, axis=-1)


def frechet(real: np.ndarray, painted: np.ndarray) -> float:
    """Fréchet distance of Gaussians fitted to features `[S, F]`, squared (Dowson & Landau 1982).

    The formula of FID (Heusel et al. 2017). Each feature is first divided by its standard
    deviation over the real strokes, so that 1 is a shift of one feature by that much.
    """
    scale = real.std(0) + 1e-12
    a, b = real / scale, painted / scale
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = _root(cov_a)
    between = _root(root @ cov_b @ root)
    shift = np.sum((a.mean(0) - b.mean(0)) ** 2)
    return float(max(0.0, shift + np.trace(cov_a) + np.trace(cov_b) - 2 * np.trace(between)))


def _root(matrix: np.ndarray) -> np.ndarray:
    """Symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _gaussian(stack: np.ndarray, sigma: float, reach: int) -> np.ndarray:
    """`[..., H, W]` through a Gaussian window, where it fits: `reach` pixels less all around."""
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    for axis in (-1, -2):
        windows = np.lib.stride_tricks.sliding_window_view(stack, 2 * reach + 1, axis=axis)
        stack = windows @ weights
    return stack
