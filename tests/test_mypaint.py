"""libmypaint: where strokes lie, what they leave, and what goes wrong in words."""

import json
import os
import pathlib

import numpy as np
import pytest

from jaxpaint import brush_files, mypaint

needs_mypaint = pytest.mark.skipif(
    not mypaint.available(),
    reason="libmypaint is missing: apt-get install libmypaint-1.5-1 mypaint-brushes",
)
pytestmark = needs_mypaint

# A black horizontal line at full pressure, columns in order.
LINE = {"pressure": 1, "size": 0.5, "cx": 0.5, "cy": 0.5, "ex": 0.9, "ey": 0.5}
LINE |= {"r": 0, "g": 0, "b": 0, "sx": 0.1, "sy": 0.5, "entry": 1}
WHOLE = [[0.5, 0.5, 1.0]]  # one frame that is the canvas


def stroke(**changes):
    """`[1, 12]`: the line, but for `changes`."""
    return np.array([list((LINE | changes).values())], np.float32)


def random_strokes(count, seed=0):
    return np.random.default_rng(seed).uniform(size=(count, 12)).astype(np.float32)


def boxes(images, k):
    """Averages `[S, H * k, W * k]` down to `[S, H, W]`."""
    count, height, width = images.shape
    return images.reshape(count, height // k, k, width // k, k).mean((2, 4))


def resident_bytes():
    pages = pathlib.Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("brush", ["brush", "calligraphy", "dry_brush", "charcoal"])
def test_zero_pressure_leaves_nothing(brush):
    for size in (64, 160):
        alpha = mypaint.draw_alpha(stroke(pressure=0, entry=0), brush, size=size)
        assert alpha.max() == 0


@pytest.mark.parametrize("brush", ["brush", "calligraphy", "dry_brush"])
def test_alpha_range_and_type(brush):
    alpha = mypaint.draw_alpha(random_strokes(20), brush)
    assert alpha.shape == (20, 64, 64) and alpha.dtype == np.float32
    assert alpha.min() == 0 and 0.5 < alpha.max() <= 1
    assert mypaint.draw_alpha(np.zeros((0, 12)), brush).shape == (0, 64, 64)


@pytest.mark.parametrize("size", [64, 96, 200])
@pytest.mark.parametrize("margin", [0, 10])
def test_horizontal_stroke_lies_where_it_should(size, margin):
    action = stroke(sy=0.3, cy=0.3, ey=0.3, size=0.6)
    alpha = mypaint.draw_alpha(action, "marker_fat", size=size, margin=margin)[0]
    assert alpha.shape == (size, size)
    scale = size / 64
    y, x = np.nonzero(alpha > 0.5)
    # Pixel i covers [i, i + 1]. The pen trails the path at its end a little.
    center = (np.array([0.5, 0.3]) * (64 - 2 * margin) + margin) * scale
    assert abs(x.mean() + 0.5 - center[0]) < 1.5 * scale
    assert abs(y.mean() + 0.5 - center[1]) < 0.5 * scale
    left, right = (margin + u * (64 - 2 * margin) for u in (0.1, 0.9))
    assert abs(x.min() - left * scale) < 2.5 * scale
    assert abs(x.max() + 1 - right * scale) < 2.5 * scale


def test_pressure_and_size_widen_a_stroke():
    def area(**changes):
        return mypaint.draw_alpha(stroke(**changes), "brush").sum()

    by_pressure = [area(pressure=p, entry=p) for p in (0.0, 0.3, 0.6, 1.0)]
    by_size = [area(size=s) for s in (0.1, 0.4, 0.7, 1.0)]
    assert by_pressure == sorted(by_pressure) and by_pressure[-1] > by_pressure[1]
    assert np.all(np.diff(by_size) > 0)


@pytest.mark.parametrize("color", [(1, 0, 0), (0.2, 0.7, 0.45), (1, 1, 1), (0, 0, 0)])
def test_replay_keeps_the_color(color):
    red, green, blue = color
    action = stroke(r=red, g=green, b=blue)
    solid = mypaint.draw_alpha(action, "brush")[0] > 0.999
    canvas = mypaint.replay(action, WHOLE, "brush", height=64, width=64, background=(0.1, 0.5, 0.9))
    assert solid.sum() > 200
    assert np.abs(canvas[solid] - np.array(color)).max() < 2 / 255


def test_strokes_have_alpha_and_their_own_color():
    actions = random_strokes(3)
    rgba = mypaint.draw_strokes(actions, "calligraphy", seed=3)
    np.testing.assert_array_equal(rgba[..., 3], mypaint.draw_alpha(actions, "calligraphy", seed=3))
    for image, action in zip(rgba, actions):
        assert np.all(image[image[..., 3] > 0, :3] == action[6:9])
        assert np.all(image[image[..., 3] == 0] == 0)


@pytest.mark.parametrize("brush", ["calligraphy", "marker_fat", "brush"])
def test_replay_is_strokes_over_one_another(brush):
    actions = random_strokes(20, seed=1)
    frames = np.repeat(WHOLE, 20, axis=0)
    expected = np.full((64, 64, 3), (0.9, 0.8, 0.7))
    for image in mypaint.draw_strokes(actions, brush):
        color, alpha = image[..., :3], image[..., 3:]
        expected = alpha * color + (1 - alpha) * expected
    canvas = mypaint.replay(actions, frames, brush, height=64, width=64, background=(0.9, 0.8, 0.7))
    # MyPaint rounds every dab down to 16 bits; soft strokes have hundreds of dabs.
    np.testing.assert_allclose(canvas, expected, atol=2 / 255)
    assert np.abs(canvas - expected).mean() < 1e-3


def test_replay_changes_brushes():
    actions = np.random.default_rng(5).random((5, 12), np.float32)
    frames = np.tile(WHOLE, (5, 1))
    brushes = ["brush", "brush", "calligraphy", "calligraphy", "brush"]
    options = {"height": 64, "width": 64}
    mixed = mypaint.replay(actions, frames, brushes, **options)
    under = mypaint.replay(actions[:2], frames[:2], "brush", **options)
    over = mypaint.draw_strokes(actions[2:4], "calligraphy")
    canvas = under
    for rgba in (*over, mypaint.draw_strokes(actions[4:], "brush")[0]):
        canvas = canvas + rgba[..., 3:] * (rgba[..., :3] - canvas)
    assert np.abs(mixed - canvas).mean() < 0.01 < np.abs(mixed - under).mean()
    alike = mypaint.replay(actions, frames, ["brush"] * 5, **options)
    np.testing.assert_array_equal(alike, mypaint.replay(actions, frames, "brush", **options))


def test_replay_puts_frames_on_canvases_of_any_size():
    """A frame that lies on the pixels of a 100 x 150 canvas is the drawn stroke."""
    action = random_strokes(6, seed=2)[2:3]
    alpha = mypaint.draw_alpha(action, "calligraphy", size=50)[0]
    action[:, 6:9] = 0
    expected = np.ones((100, 150, 3))
    expected[10:60, 80:130] -= alpha[..., None]
    frames = [[105 / 150, 35 / 100, 0.5]]
    canvas = mypaint.replay(action, frames, "calligraphy", height=100, width=150)
    assert canvas.shape == (100, 150, 3) and canvas.dtype == np.float32
    np.testing.assert_allclose(canvas, expected, atol=2e-3)
    large = mypaint.replay(action, frames, "calligraphy", height=100, width=150, scale=2.5)
    assert large.shape == (250, 375, 3)


# The random numbers of dry_brush fall on the same dabs whatever the scale.
@pytest.mark.parametrize(
    ("brush", "error"), [("brush", 0.08), ("calligraphy", 0.05), ("dry_brush", 0.08)]
)
def test_scale_only_refines(brush, error):
    actions = random_strokes(10, seed=4)
    small = mypaint.draw_alpha(actions, brush)
    large = boxes(mypaint.draw_alpha(actions, brush, size=256), 4)
    assert np.abs(large - small).mean() < error * small.mean()


def test_very_large_frames_still_paint():
    """At scale 60 events would lie more than 5 s apart, a pause to libmypaint."""
    action, frame = stroke(size=0), [[0.5, 0.5, 60.0]]
    canvas = mypaint.replay(action, frame, "calligraphy", height=64, width=64)
    assert canvas.min() < 0.01


def test_the_same_call_draws_the_same_pixels():
    actions = np.repeat(stroke(), 3, axis=0)
    first, second, other = (
        mypaint.draw_alpha(actions, "dry_brush", seed=seed) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, second)
    # A stroke depends on those before it, not on those after it.
    np.testing.assert_array_equal(first[:2], mypaint.draw_alpha(actions[:2], "dry_brush", seed=5))
    assert np.abs(first - other).mean() > 0.1 * first.mean()
    assert np.abs(first[0] - first[1]).mean() > 0.1 * first.mean()


def test_steps_end_with_the_replay(capfd):
    actions, frames = random_strokes(5), np.repeat(WHOLE, 5, axis=0)
    options = {"height": 70, "width": 80}
    steps = list(mypaint.replay_steps(actions, frames, "dry_brush", every=2, **options))
    whole = mypaint.replay(actions, frames, "dry_brush", **options)
    start = mypaint.replay(actions[:2], frames[:2], "dry_brush", **options)
    assert len(steps) == 3
    np.testing.assert_array_equal(steps[-1], whole)
    np.testing.assert_array_equal(steps[0], start)
    assert capfd.readouterr() == ("", "")  # the library's own remarks are kept back
    nothing = mypaint.replay(actions[:0], frames[:0], "brush", background=0.25, **options)
    assert np.all(nothing == 0.25)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux /proc")
def test_memory_does_not_grow():
    actions, frame = random_strokes(100), np.repeat(WHOLE, 100, axis=0)

    def work(times):
        for _ in range(times):
            mypaint.draw_alpha(actions, "marker_fat")
            mypaint.replay(actions[:2], frame[:2], "pen", height=512, width=512)

    work(5)
    before = resident_bytes()
    work(30)  # 3,000 strokes, and 30 surfaces of 2 MiB
    assert resident_bytes() - before < 8 << 20


def test_brushes_are_found_by_name_path_and_folder(monkeypatch, tmp_path):
    path = mypaint.find_brush("dry_brush")
    assert path.parent.name == "classic" and path.name == "dry_brush.myb"
    assert mypaint.find_brush(path) == path
    assert mypaint.find_brush("deevad/2B_pencil").parent.name == "deevad"
    own = tmp_path / "dry_brush.myb"
    own.write_bytes(path.read_bytes())
    monkeypatch.setenv(brush_files.BRUSH_FOLDER_VARIABLE, str(tmp_path))
    assert mypaint.find_brush("dry_brush") == own


def error_line(function, *arguments, **options):
    with pytest.raises(mypaint.MyPaintError) as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_brush_names_similar_ones():
    line = error_line(mypaint.draw_alpha, stroke(), "dry_brsh")
    assert "'dry_brsh'" in line and "dry_brush" in line
    assert "apt-get install mypaint-brushes" in line


@pytest.mark.parametrize(
    "text", ["not JSON", "[1]", "{}", json.dumps({"version": 2, "settings": {}})]
)
def test_a_file_that_is_no_brush(tmp_path, text):
    file = tmp_path / "odd.myb"
    file.write_text(text)
    assert "odd.myb is not a MyPaint brush" in error_line(mypaint.draw_alpha, stroke(), file)


@pytest.mark.parametrize("brush", ["smudge", "ink_eraser"])
def test_a_brush_that_leaves_nothing(brush):
    line = error_line(mypaint.draw_alpha, stroke(), brush)
    assert brush in line and "leaves nothing" in line


def test_a_missing_library(monkeypatch):
    monkeypatch.setattr(mypaint, "LIBRARY_NAMES", ("libnowhere.so",))
    monkeypatch.setattr(mypaint.ctypes.util, "find_library", lambda name: None)
    mypaint._library.cache_clear()
    try:
        line = error_line(mypaint.draw_alpha, stroke(), "brush")
        assert not mypaint.available()
    finally:
        mypaint._library.cache_clear()
    assert "libnowhere.so" in line and "apt-get install libmypaint-1.5-1" in line


def test_wrong_shapes_and_ranges():
    with pytest.raises(ValueError, match=r"\[S, >= 12\]"):
        mypaint.draw_alpha(np.zeros((3, 9)), "brush")
    for wrong in (1.5, -1.0, np.nan):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            mypaint.draw_alpha(stroke(size=wrong), "brush")
    with pytest.raises(ValueError, match=r"frames must be \[1, 3\]"):
        mypaint.replay(stroke(), np.zeros((2, 3)), "brush", height=64, width=64)
    with pytest.raises(ValueError, match="must be > 0"):
        mypaint.replay(stroke(), WHOLE, "brush", height=0, width=64)
