"""Where frames lie: stitched and single canvases against plain references, and the command."""

import dataclasses
import functools
import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest
from sample_clip import TINY

from jaxpaint import (
    actions,
    batch,
    canvas,
    mixtures,
    optimize,
    outputs,
    painters,
    prompts,
    studio,
)
from jaxpaint.config import Config

GRID = (2, 3, 2)
HEIGHT, WIDTH = 118, 172
STITCHED = Config(
    height=HEIGHT, width=WIDTH, strokes=12, layout="stitched", grid=GRID, steps=4, crops=0, wides=1,
    background=(0.9, 0.8, 0.7), image_l2=1.0, prompt_weight=0.0, lift_below=0.0,
)  # fmt: skip
SINGLE = Config(height=40, width=60, strokes=5, layout="single")


@pytest.fixture(scope="module")
def networks(tiny):
    """CLIP, and two painters of random weights, one of whose dabs the noise moves."""
    parts = []
    for name, scatter in (("brush", True), ("calligraphy", False)):
        module = painters.DabPainter(dabs=8, hidden=16, scatter=scatter)
        params = painters.init(jax.random.key(len(parts)), module)
        parts.append((painters.Painter(module, params, name, (name,)), 1.0 + len(parts)))
    return tiny, mixtures.mix(parts, config=STITCHED)


def latents(config):
    return jax.random.normal(jax.random.key(3), (config.strokes, actions.NUM_ACTIONS))


def start(networks, seeds, image):
    jobs = [studio.Job("", seed, None) for seed in seeds]
    return studio.start(jobs, *networks, config=STITCHED, image=image)


@pytest.mark.parametrize("config", [STITCHED, SINGLE])
def test_fixed_frames_do_not_depend_on_the_action(config):
    stroke = np.random.default_rng(0).random((config.strokes, 15), np.float32)
    frames = actions.frames(stroke, config)
    assert isinstance(frames, np.ndarray)
    np.testing.assert_array_equal(frames, actions.frames(jnp.asarray(stroke[::-1]), config))
    if config is SINGLE:  # one square over the longer side, around the middle
        np.testing.assert_allclose(frames, [[0.5, 0.5, 1.5]] * 5)
    else:
        np.testing.assert_array_equal(frames, actions.grid_frames(*GRID)[0])
        pixels = np.round(frames * [WIDTH, HEIGHT, HEIGHT]).astype(int)
        assert pixels[::2].tolist() == [[x, y, 64] for y in (32, 86) for x in (32, 86, 140)]


def test_middles_are_where_strokes_are_drawn():
    stroke = np.full((12, 15), 0.5, np.float32)
    stroke[:, 2:4] = 0.0, 1.0  # control points at the lower left of the inner square
    pixels = actions.middles(stroke, STITCHED) * [WIDTH, HEIGHT]
    np.testing.assert_allclose(pixels[0], [10, 54], atol=1e-3)
    np.testing.assert_allclose(pixels[-1], [118, 108], atol=1e-3)
    free = Config(strokes=12)
    np.testing.assert_array_equal(actions.middles(stroke, free), stroke[:, 12:14])


@pytest.mark.parametrize(
    ("grid", "side", "overlap"), [((2, 3), 7, 3), ((3, 1), 6, 3), ((1, 2), 5, 0)]
)
def test_stitching_is_laying_tile_on_tile(grid, side, overlap):
    rng = np.random.default_rng(1)
    tiles = rng.random((*grid, side, side, 4), np.float32)
    pitch = side - overlap
    expected = np.zeros((grid[0] * pitch + overlap, grid[1] * pitch + overlap, 4), np.float32)
    expected[..., 3] = 1
    for row in range(grid[0]):
        for column in range(grid[1]):
            tile = tiles[row, column]
            there = expected[row * pitch :, column * pitch :][:side, :side]
            there[..., :3] = tile[..., :3] + tile[..., 3:] * there[..., :3]
            there[..., 3] *= tile[..., 3]
    np.testing.assert_allclose(canvas.stitch(tiles, overlap=overlap), expected, atol=1e-6)


def test_a_stitched_canvas_is_all_strokes_on_the_whole_one(networks):
    """Picture, mean alpha and gradient, against the general placement of 12 strokes in order."""
    eye, painter = networks
    frozen, weights = studio.freeze(eye, painter)
    noise = painters.noise_for(jax.random.key(1), painter, 12)
    subject = optimize.Subject(None, None, noise, None, None, None, None, jnp.zeros((0, 0, 3)))
    target = jax.random.uniform(jax.random.key(2), (HEIGHT, WIDTH, 3))

    def plain(latents):
        return optimize.paint(latents, noise, painter.module, painter.params, config=STITCHED)

    def fast(latents):
        return optimize.compose(latents, subject, weights, networks=frozen, config=STITCHED)

    def score(paint, latents):
        picture, alpha = paint(latents)
        return jnp.sum((picture - target) ** 2) / 1000 + 100 * jnp.mean(alpha), picture

    run = lambda paint: jax.jit(jax.value_and_grad(functools.partial(score, paint), has_aux=True))
    (one, picture), grad = run(plain)(latents(STITCHED))
    (two, whole), other = run(fast)(latents(STITCHED))
    np.testing.assert_allclose(picture, whole, atol=1e-4)
    assert float(jnp.std(whole)) > 0.01
    np.testing.assert_allclose(one, two, rtol=1e-4)
    assert np.abs(grad).max() > 0.01
    np.testing.assert_allclose(grad, other, atol=1e-4)
    np.testing.assert_array_equal(other[:, actions.FRAME], 0.0)


def test_first_colours_are_those_of_the_picture_under_the_stroke(networks):
    """Left half red, right half blue: the strokes of the left frames begin red."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    image[:, :86, 0] = image[:, 86:, 2] = 0.9
    _, state = start(networks, [0], image)
    colors = np.asarray(actions.bound(state.latents[0]))[:, actions.COLOR].reshape(*GRID, 3)
    np.testing.assert_allclose(colors[:, 0], [[[0.9, 0, 0]] * 2] * 2, atol=1e-3)
    np.testing.assert_allclose(colors[:, 2], [[[0, 0, 0.9]] * 2] * 2, atol=1e-3)


@pytest.mark.parametrize("ratio", [0.25, 0.7, 1.0, 1.25, 1.5, 16 / 9, 3.9])
def test_a_grid_of_a_pictures_shape(ratio):
    """About as many frames as usual, and none of those cuts less of the picture."""
    rows, columns = actions.grid_like(600, round(600 * ratio))
    assert 48 <= rows * columns <= 80

    def kept(rows, columns):
        _, height, width = actions.grid_frames(rows, columns)
        return min(ratio * height / width, width / (ratio * height))

    others = [(r, c) for r in range(1, 38) for c in range(1, 38) if 48 <= r * c <= 80]
    assert kept(rows, columns) >= max(0.94, *(kept(*grid) - 1e-3 for grid in others))
    assert (rows, columns) == actions.grid_like(600, round(600 / ratio))[::-1]


def test_grids_of_other_sizes():
    assert actions.grid_like(99, 99) == (8, 8)
    assert actions.grid_like(300, 450, frames=6) == (2, 3)
    assert actions.grid_like(10, 9000) == (2, 37)  # as long as they come


@pytest.mark.parametrize(
    "text", ["", "8x8", "0x8x5", "8x8x0", "38x1x5", "axbxc", "8x8x5x1", "9x9x9999"]
)
def test_grids_that_are_none(text):
    with pytest.raises(prompts.PromptError, match="ROWSxCOLUMNSxSTROKES"):
        prompts.parse_grid(text)
    assert prompts.parse_grid("2X3x4 ") == (2, 3, 4)


def test_interrupted_alone_is_whole_in_a_batch(networks, tmp_path, monkeypatch):
    """To the bit; and what is written has the grid's frames, which have not moved."""
    image = np.random.default_rng(0).random((HEIGHT, WIDTH, 3), np.float32)
    config = dataclasses.replace(STITCHED, lift_below=0.01)
    steps, calls = optimize.train_steps, []

    def paint(folder, seeds, resume=False):
        jobs = [studio.Job("", seed, tmp_path / folder / str(seed)) for seed in seeds]
        return batch.paint(
            jobs, *networks, config=config, outdir=tmp_path / folder, size=2,
            save_every=2, resume=resume, image=image,
        )  # fmt: skip

    def stops(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit("pulled the plug")
        return steps(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(optimize, "train_steps", stops)
        with pytest.raises(SystemExit, match="plug"):
            paint("killed", [5])
    assert paint("killed", [5], resume=True)[0]["score"] == paint("whole", [4, 5])[1]["score"]
    one, two = (
        outputs.read_strokes(tmp_path / folder / "5" / outputs.STROKES)
        for folder in ("killed", "whole")
    )
    for mine, other in zip(one, two):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(one.frames, actions.grid_frames(*GRID)[0])
    assert (one.height, one.width) == (HEIGHT, WIDTH)
    assert one.brush.tolist() == list(networks[1].brushes)  # a third: in four of six frames
    assert "".join(name[0] for name in one.brush) == "bcbcbcccbccc"
    first = np.asarray(actions.bound(start(networks, [5], image)[1].latents[0]))
    np.testing.assert_allclose(one.actions[:, actions.FRAME], first[:, actions.FRAME], atol=1e-6)
    assert np.abs(one.actions - first)[:, :12].max() > 0.05


def test_the_command_and_its_mistakes(tmp_path):
    """One process: mistakes and grids first, then a whole painting on a grid of two frames."""
    picture = np.random.default_rng(0).integers(0, 255, (64, 90, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    told = {
        "--grid=2x2x2": "--layout=stitched",
        "--layout=stitched --grid=8": "ROWSxCOLUMNSxSTROKES",
        "--layout=stitched --strokes=7": "the grid 6x9x5 has 270",
        "--layout=stitched": "'strokes': 270, 'grid': (6, 9, 5)}, (496, 334))",
        "--layout=stitched --grid=8x8x5": "'strokes': 320, 'grid': (8, 8, 5)}, (442, 442))",
        "--layout=stitched --size=128": "the grid 6x9x5 makes a canvas of 496x334",
    }
    right = [
        f"--image={tmp_path}/a.png", f"--outdir={tmp_path}/out", f"--clip={TINY}", "--steps=2",
        "--layout=stitched", "--grid=1x2x3", "--size=118x64", "--strokes=6",
        "--brush=calligraphy,brush",
    ]  # fmt: skip
    program = (
        "import sys, json\nimport numpy as np\nfrom absl import flags\nfrom jaxpaint import paint\n"
        "for line in json.loads(sys.argv[1]):\n"
        "    for name in ('grid', 'layout', 'strokes', 'size', 'brush'):\n"
        "        flags.FLAGS[name].unparse()\n"
        "    flags.FLAGS(['paint', *line])\n"
        "    try:\n        print(paint.arrangement(np.ones((200, 300, 3))))\n"
        "    except paint._USER_ERRORS as error:\n        print(error)\n"
        "paint.run()\n"
    )
    lines = [line.split() for line in told] + [right]
    result = subprocess.run(
        [sys.executable, "-c", program, json.dumps(lines)], capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    for line, expected in zip(result.stdout.splitlines(), told.values()):
        assert expected in line
    record = json.loads((tmp_path / "out" / "a-seed0" / "run.json").read_text())
    assert record["config"]["layout"] == "stitched" and record["config"]["grid"] == [1, 2, 3]
    assert record["brush"] == "calligraphy:3,brush:3"
    assert Image.open(tmp_path / "out" / "a-seed0" / "painting.png").size == (118, 64)
