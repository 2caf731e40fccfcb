"""Reading pictures, fitting them, and painting from one."""

import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from jaxpaint import clip, optimize, painters, pictures, studio
from jaxpaint.config import Config


def landscape(width=48, height=32) -> np.ndarray:
    """Sky, a sun, and a meadow: `[H, W, 3]` in [0, 1]."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    picture = np.where((y < 0.6)[..., None], [0.55, 0.75, 0.95], [0.3, 0.6, 0.2])
    sun = (y - 0.25) ** 2 + ((x - 0.7) * width / height) ** 2 < 0.02
    return np.where(sun[..., None], [1.0, 0.85, 0.2], picture).astype(np.float32)


def save(path, picture=None):
    pixels = np.round(255 * (landscape() if picture is None else picture)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_reads_upright_and_on_white(tmp_path):
    read = pictures.read(save(tmp_path / "a.png"))
    np.testing.assert_allclose(read, landscape(), atol=1 / 255)
    clear = Image.new("RGBA", (20, 30), (255, 0, 0, 0))
    clear.save(tmp_path / "b.png")
    assert (pictures.read(tmp_path / "b.png") == 1).all()
    image = Image.new("RGB", (20, 30))
    exif = image.getexif()
    exif[0x0112] = 6  # taken with the camera on its side
    image.save(tmp_path / "c.jpg", exif=exif)
    assert pictures.read(tmp_path / "c.jpg").shape == (20, 30, 3)


def saved(folder, image, name="a.png"):
    image.save(folder / name)
    return pictures.read(folder / name)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "I"])
def test_pictures_of_all_kinds(tmp_path, mode):
    """A gray ramp, as it is read from 8 bits of RGB."""
    ramp = np.tile(np.linspace(0, 1, 52), (20, 1))
    if mode[0] == "I":
        pixels = np.round(65535 * ramp)
        image = Image.fromarray(pixels.astype(np.uint16 if ";" in mode else np.int32))
    else:
        image = Image.fromarray(np.round(255 * ramp).astype(np.uint8)).convert("RGB")
        image = image.convert(mode, palette=Image.Palette.ADAPTIVE)
    assert image.mode == mode
    read = saved(tmp_path, image, "a.tif" if mode in ("CMYK", "I") else "a.png")
    np.testing.assert_allclose(read, ramp[..., None].repeat(3, -1), atol=0.01)


def test_large_pictures_are_kept_small(tmp_path, recwarn, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
    wide = np.zeros((20, 8192, 3), np.float32)
    wide[:, 4096:] = 1
    path = save(tmp_path / "a.png", wide)
    read = pictures.read(path)
    assert read.shape == (10, 4096, 3) and not recwarn.list
    assert read[:, :2040].max() < 0.01 and read[:, 2056:].min() > 0.99
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 80_000)
    with pytest.raises(pictures.PictureError, match="too many pixels: make it smaller"):
        pictures.read(path)


@pytest.mark.parametrize("kind", ["missing", "text", "cut", "tiny", "empty", "folder", "floats"])
def test_files_that_are_no_pictures(tmp_path, kind):
    path = tmp_path / "a.png"
    if kind == "text":
        path.write_text("no picture")
    if kind == "cut":
        path.write_bytes(save(tmp_path / "b.png").read_bytes()[:60])
    if kind == "empty":
        path.write_bytes(b"")
    if kind == "folder":
        path.mkdir()
    if kind == "floats":
        path = tmp_path / "a.tif"
        Image.fromarray(np.zeros((20, 20), np.float32)).save(path)
    if kind == "tiny":
        save(path, landscape(8, 8))
    with pytest.raises(pictures.PictureError, match="--image=.*give") as caught:
        pictures.read(path)
    assert "\n" not in str(caught.value)


def test_a_canvas_keeps_the_shape_of_its_picture():
    assert pictures.canvas_size(landscape(), longer=96) == (96, 64)
    assert pictures.canvas_size(landscape(32, 64), longer=96) == (48, 96)
    with pytest.raises(pictures.PictureError, match="narrow"):
        pictures.canvas_size(landscape(640, 16), longer=64)
    wide = pictures.fit(landscape(), width=24, height=16)
    assert wide.shape == (16, 24, 3)
    np.testing.assert_allclose(wide.mean((0, 1)), landscape().mean((0, 1)), atol=0.02)


def test_objectives():
    weights = pictures.parse_objective("pixel, clip:0.5")
    assert weights == {"image_l2": 30.0, "image_clip": 0.5}
    for field, _ in pictures.OBJECTIVES.values():
        assert getattr(Config(), field) == 0.0
    for text in (
        "",
        "pixels",
        "pixel:-1",
        "pixel:0",
        "pixel:x",
        "clip:inf",
        "clip:nan",
        "l1:",
        "l1,l1:2",
        "l1:1e7",
    ):
        with pytest.raises(pictures.PictureError, match="give some of pixel"):
            pictures.parse_objective(text)


@pytest.fixture(scope="module")
def eye():
    return clip.load("bundled")


def paint(eye, image, steps, **weights):
    config = studio.configure(
        eye, from_picture=True, height=image.shape[0], width=image.shape[1], strokes=24,
        steps=steps, prompt_weight=0.0, **weights,
    )  # fmt: skip
    painter = painters.load("brush")
    networks, frozen = studio.freeze(eye, painter)
    jobs = [studio.Job("", seed, None) for seed in (0, 1)]
    subject, state = studio.start(jobs, eye, painter, config=config, image=image)
    keywords = {"networks": networks, "config": config}
    first, _ = optimize.render(state, subject, frozen, **keywords)
    state, terms = optimize.train_steps(state, subject, frozen, steps=steps, **keywords)
    picture, score = optimize.render(state, subject, frozen, **keywords)
    return np.asarray(first), np.asarray(picture), jax.device_get(terms), np.asarray(score)


def test_strokes_come_to_look_like_the_picture(eye):
    image = landscape()
    first, last, terms, _ = paint(eye, image, 60, image_l2=30.0)
    assert set(terms) == {"image_l2"}
    for before, after in zip(first, last):
        assert pictures.psnr(after, image) > max(16, pictures.psnr(before, image) + 4)
    assert np.abs(last[0] - last[1]).max() > 0.01  # each seed paints its own


@pytest.mark.parametrize("term", ["image_l1", "image_transport", "image_clip", "image_intrinsic"])
def test_every_term_falls(eye, term):
    _, _, terms, score = paint(eye, landscape(), 30, **{term: 1.0})
    assert set(terms) == {term}
    assert terms[term][-5:].mean() < 0.9 * terms[term][:3].mean()
    assert np.isfinite(score).all()


def test_intrinsic_sees_the_layers_that_the_tower_has(eye):
    views = jax.random.uniform(jax.random.key(0), (2, eye.resolution, eye.resolution, 3))
    layers = clip.image_layers(eye.module, eye.params, views)
    vision = eye.module.config.vision_config
    patches = (vision.image_size // vision.patch_size) ** 2
    assert [x.shape for x in layers] == [(2, patches, vision.hidden_size)] * 3
    last = eye.module.apply(
        {"params": eye.params}, method=lambda m: m.vision_model(views).last_hidden_state
    )
    np.testing.assert_allclose(layers[-1], jnp.asarray(last)[:, 1:], atol=1e-5)


def test_the_command_paints_from_a_picture(hasty, tmp_path):
    save(tmp_path / "my hill.png")
    arguments = [f"--clip={hasty}", "--steps=4", "--strokes=8", "--save_every=2", "--size=48"]

    def command(*more):
        line = [sys.executable, "-m", "jaxpaint.paint", f"--outdir={tmp_path}/out", *arguments]
        return subprocess.run([*line, *more], capture_output=True, text=True, timeout=300)

    result = command(f"--image={tmp_path}/my hill.png")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "out" / "my-hill-seed0"
    assert Image.open(folder / "painting.png").size == (48, 32)
    record = json.loads((folder / "run.json").read_text())
    assert set(record["loss"]) == {"image_l2"} and 5 < record["psnr"] < 60
    result = command(f"--image={tmp_path}/my hill.png", "--resume")  # finished: left as it is
    assert result.returncode == 0 and "my-hill-seed0" in result.stdout
    save(tmp_path / "my hill.png", landscape()[:, ::-1])
    result = command(f"--image={tmp_path}/my hill.png", "--resume")
    assert result.returncode == 1 and "other settings" in result.stderr
    result = command(f"--image={tmp_path}/my hill.png", "--prompt=red sun", "--objective=l1,clip")
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / "out" / "red-sun-seed0" / "run.json").read_text())
    assert set(record["loss"]) == {"cosine", "image_l1", "image_clip"}
    for wrong in ([f"--image={tmp_path}/none.png"], ["--prompt=cat", "--objective=pixel"]):
        result = command(*wrong)
        assert result.returncode == 1 and result.stderr.count("\n") == 1, result.stderr
        assert "--image" in result.stderr
