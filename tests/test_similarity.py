"""Figures of likeness against their definitions, and the tables that are made of them."""

import json
import pathlib

import numpy as np
import pytest

from experiments import compare_painters, photo_table, similarity
from jaxpaint import clip, mypaint, pictures, prompts

RNG = np.random.default_rng(0)
VOCABULARY = clip.BUNDLED / "vocabulary.json"
PROMPTS = pathlib.Path(compare_painters.__file__).parent / "prompts"


def naive_ssim(x, y):
    """Window by window, as Wang et al. (2004) write it."""
    offsets = np.arange(11) - 5
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights = weights / weights.sum()
    values = []
    for row in range(x.shape[0] - 10):
        for column in range(x.shape[1] - 10):
            a, b = (z[row : row + 11, column : column + 11] for z in (x, y))
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            var_a, var_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
            both = (weights * (a - mean_a) * (b - mean_b)).sum()
            values.append(
                (2 * mean_a * mean_b + 1e-4) * (2 * both + 9e-4)
                / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
            )  # fmt: skip
    return np.mean(values)


def test_ssim_is_its_definition():
    one, other = RNG.random((2, 15, 18))
    assert similarity.ssim(one, other) == pytest.approx(naive_ssim(one, other), abs=1e-9)
    assert similarity.ssim(one, one) == pytest.approx(1.0)
    both = [naive_ssim(*pair) for pair in ((one, other), (other, other))]
    stacked = similarity.ssim(np.stack([one, other]), np.stack([other, other]))
    assert stacked == pytest.approx(np.mean(both), abs=1e-9)


def test_blur_keeps_the_mean_of_a_dot_and_spreads_it():
    dot = np.zeros((41, 41, 3))
    dot[20, 20] = 1.0
    soft = similarity.blur(dot, 2.0)
    rows = np.arange(41) - 20
    assert soft.shape == dot.shape and soft[..., 0].sum() == pytest.approx(1.0)
    assert (soft[..., 1].sum(1) * rows**2).sum() == pytest.approx(4.0, rel=0.05)
    np.testing.assert_allclose(similarity.blur(np.full((9, 3, 3), 0.3), 4.0), 0.3)


def test_frechet_distance_of_known_gaussians():
    one = RNG.normal(size=(20000, 3))
    assert similarity.frechet(one, one) == pytest.approx(0.0, abs=1e-9)
    assert similarity.frechet(one, one + [3.0, 0.0, 0.0]) == pytest.approx(9.0, rel=0.05)
    assert similarity.frechet(one, 2 * one) == pytest.approx(3.0, rel=0.05)  # (2 - 1)^2 each
    assert similarity.frechet(10 * one, 20 * one) == pytest.approx(3.0, rel=0.05)  # no units


def test_a_blurred_painter_has_the_worse_texture_than_a_noisy_right_one():
    """Though it wins by squared error: it paints the mean of all drawings."""
    y, x = np.mgrid[:64, :64]
    rng = np.random.default_rng(1)
    size = rng.uniform(10, 24, (300, 1, 1))
    mask = ((x - 32) ** 2 + (y - 32) ** 2 < size**2).astype(float)
    draw = lambda: mask * (rng.random((300, 64, 64)) < 0.5)
    real, noisy, blurred = draw(), draw(), 0.5 * mask
    noise, blur = (compare_painters.likeness(real, painted) for painted in (noisy, blurred))
    assert blur["psnr"] > noise["psnr"] + 2
    assert blur["texture"] > 20 * noise["texture"]
    assert noise["texture"] < 3


def test_sixteen_prompts_are_of_different_things_that_the_clip_knows():
    lines = [line.prompt for line in prompts.read_file(PROMPTS / "sixteen.txt")]
    words = set(json.loads(VOCABULARY.read_text())["words"])
    assert len(lines) == 16 and len({line.split()[-1] for line in lines}) == 16
    assert set(" ".join(lines).split()) <= words


def test_the_table_of_a_painter(tmp_path):
    if not mypaint.available():
        pytest.skip("libmypaint is not installed: apt-get install libmypaint-1.5-1")
    rows = compare_painters.compare(["dry_brush"], tmp_path, count=60, replayed=False)
    again, mean, own = rows
    assert again["texture"] < 0.5 * own["texture"] < own["texture"] < mean["texture"]
    assert mean["psnr"] > own["psnr"] + 1
    assert own["weights"] > 1e5 and own["flops"] > own["weights"]
    assert 0 < own["forward_us"] < own["gradient_us"]
    assert json.loads((tmp_path / "painters.json").read_text())["rows"] == rows
    assert (tmp_path / "painters.md").read_text().count("\n") == 5


def test_figures_of_a_painting_and_their_table():
    photo = RNG.random((24, 30, 3)).astype(np.float32)
    soft = similarity.blur(photo, 1.5)
    row = photo_table.figures(soft, photo, sigma=2.0)
    assert row["psnr"] == pytest.approx(pictures.psnr(soft, photo))
    assert row["psnr_blurred"] > row["psnr"] + 10  # only detail is missing
    assert 0 < row["ssim"] < 0.9
    text = photo_table.table([row | {"strokes": 7, "stages": 1, "steps": 2, "seconds": 3.0}])
    assert text.splitlines()[-1].startswith("| 7 | 1 | 2 | 3 | ")
