"""The action space: latents and actions, the pen's way, where frames lie."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions
from jaxpaint.config import Config


def random_actions(count=5, seed=0):
    shape = (count, actions.NUM_ACTIONS)
    return np.random.default_rng(seed).uniform(size=shape).astype(np.float32)


def column(name):
    return actions.NAMES.index(name)


def test_columns_are_the_published_ones_and_the_frame():
    published = (
        "pressure size control_x control_y end_x end_y color_r color_g color_b "
        "start_x start_y entry_pressure"
    )
    assert actions.NAMES[actions.REFERENCE] == tuple(published.split())
    geometry = {actions.NAMES[i] for i in actions.GEOMETRY}
    rest = {*actions.NAMES[actions.COLOR], *actions.NAMES[actions.FRAME]}
    assert geometry | rest == set(actions.NAMES) and not geometry & rest


def test_bound_and_unbound_are_inverse():
    inside = np.clip(random_actions(), 1e-3, 1 - 1e-3)
    np.testing.assert_allclose(actions.bound(actions.unbound(inside)), inside, atol=1e-6)
    latents = np.linspace(-6, 6, 45, dtype=np.float32)
    back = actions.unbound(actions.bound(jnp.asarray(latents)))
    np.testing.assert_allclose(back, latents, atol=1e-3)  # float32 near 1


def test_unbound_of_the_ends_is_finite():
    low, high = actions.unbound(jnp.array([0.0, 1.0]))
    np.testing.assert_allclose([low, high], [-np.log(9999), np.log(9999)], rtol=1e-3)


def test_path_hits_start_control_and_end():
    stroke = random_actions()
    points, _ = actions.path(stroke)
    assert points.shape == (5, actions.PATH_POINTS, 2)
    at = lambda name: stroke[:, [column(f"{name}_x"), column(f"{name}_y")]]  # noqa: E731
    np.testing.assert_allclose(points[:, 0], at("start"), atol=1e-6)
    np.testing.assert_allclose(points[:, -1], at("end"), atol=1e-6)
    # Half time lies between two samples; their mean is off by curvature / 198^2.
    np.testing.assert_allclose(points[:, 49:51].mean(1), at("control"), atol=3e-4)


def test_path_is_the_bezier_curve_of_de_casteljau():
    stroke = random_actions().astype(np.float64)
    points, _ = actions.path(stroke)
    for row, curve in zip(stroke, points, strict=True):
        start, end, control = row[9:11], row[4:6], row[2:4]
        bend = (start + end) / 2 + 2 * (control - (start + end) / 2)
        for i, point in enumerate(curve):
            t = i / (actions.PATH_POINTS - 1)
            first, second = start + t * (bend - start), bend + t * (end - bend)
            np.testing.assert_allclose(point, first + t * (second - first), atol=1e-6)


def test_pressure_profile():
    stroke = random_actions()
    entry = 0.8 * stroke[:, column("entry_pressure")]
    final = 0.8 * stroke[:, column("pressure")]
    _, pressure = actions.path(stroke)
    np.testing.assert_allclose(pressure[:, 0], entry, atol=1e-6)
    np.testing.assert_allclose(pressure[:, -1], final, atol=1e-6)
    half = np.broadcast_to((entry + final)[:, None] / 2, (5, 50))
    np.testing.assert_allclose(pressure[:, 25:75], half, atol=1e-6)
    # Straight on the way: the slope is constant in the first and last quarter.
    slope = np.diff(pressure, axis=1)
    expected = (final - entry) / 2 * 4 / 99
    np.testing.assert_allclose(slope[:, :24], np.tile(expected[:, None], 24), atol=1e-6)
    np.testing.assert_allclose(slope[:, 75:], np.tile(expected[:, None], 24), atol=1e-6)


@pytest.mark.parametrize("function", [actions.path, lambda a: [actions.frames(a, Config())]])
def test_numpy_and_jax_agree(function):
    stroke = random_actions()
    for ours, theirs in zip(function(stroke), function(jnp.asarray(stroke)), strict=True):
        assert isinstance(ours, np.ndarray) and isinstance(theirs, jnp.ndarray)
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_frames_spread_geometrically():
    config = Config(frame_min=0.25, frame_max=1.0)
    stroke = random_actions(6).reshape(2, 3, -1)
    stroke[..., column("frame_size")] = [0.0, 0.5, 1.0]
    frames = actions.frames(stroke, config)
    np.testing.assert_array_equal(frames[..., :2], stroke[..., 12:14])
    np.testing.assert_allclose(frames[..., 2], [[0.25, 0.5, 1.0]] * 2, rtol=1e-6)


def test_first_strokes_lie_where_a_picture_has_detail_and_have_its_colours():
    config = Config(strokes=200)
    image = np.ones((config.height, config.width, 3), np.float32)
    image[20:60, 70:110] = [0.9, 0.2, 0.1]
    near = {}
    for choices in (1, 8):
        strokes = actions.first(jax.random.key(3), config=config, image=image, choices=choices)
        x, y = np.floor(np.asarray(actions.middles(strokes, config)) * 128).astype(int).T
        near[choices] = np.mean((x >= 60) & (x < 120) & (y >= 10) & (y < 70))
        np.testing.assert_allclose(strokes[:, actions.COLOR], image[y, x], atol=1e-6)
    assert near[8] > 1.5 * near[1]


def test_first_strokes_without_a_picture_have_nothing_to_choose_by():
    config = Config(strokes=7)
    empty = np.zeros((0, 0, 3), np.float32)
    one, many = (
        actions.first(jax.random.key(0), config=config, image=empty, choices=n) for n in (1, 8)
    )
    np.testing.assert_array_equal(one, many)
