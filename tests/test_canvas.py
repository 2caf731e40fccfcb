"""The canvas: placing frames and blending strokes, against naive references."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions, canvas

KEY = jax.random.key(0)
WHITE = jnp.ones(3)


def smooth_alpha(count=1, edge=10):
    """`[S, 64, 64]` blots that stay `edge` pixels away from the frame's border."""
    y, x = np.mgrid[:64, :64] + 0.5
    blots = [
        np.exp(-((x - 28 - 3 * s) ** 2) / 60 - (y - 36 + 2 * s) ** 2 / 90) for s in range(count)
    ]
    inside = (np.minimum(x, y) > edge) & (np.maximum(x, y) < 64 - edge)
    return jnp.asarray(np.stack(blots) * inside, jnp.float32)


fast_place = jax.jit(canvas.place, static_argnames=("height", "width"))


def place(alpha, *frame, height=64, width=64):
    frames = jnp.tile(jnp.asarray([frame], jnp.float32), (len(alpha), 1))
    return fast_place(alpha, frames, height=height, width=width)


def random_strokes(count=5, height=4, width=3):
    keys = jax.random.split(KEY, 3)
    alpha = jax.random.uniform(keys[0], (count, height, width))
    alpha = alpha.at[1, 0].set(0.0).at[2, 0].set(1.0).at[3, 1].set(1.0).at[:, 2].set(0.0)
    colors = jax.random.uniform(keys[1], (count, 3))
    return alpha, colors, jax.random.uniform(keys[2], (3,))


def naive_blend(alpha, colors, background):
    """One stroke over the other, in a loop."""
    picture = jnp.broadcast_to(background, alpha.shape[1:] + (3,))
    for stroke, color in zip(alpha, colors, strict=True):
        picture = stroke[..., None] * color + (1 - stroke[..., None]) * picture
    return picture


@pytest.mark.parametrize("height, width", [(64, 64), (64, 96), (96, 64)])
def test_a_frame_of_64_pixels_is_copied(height, width):
    alpha = jax.random.uniform(KEY, (2, 64, 64))
    x, y = 32 / width, 32 / height
    placed = place(alpha, x, y, 64 / min(height, width), height=height, width=width)
    expected = np.zeros((2, height, width), np.float32)
    expected[:, :64, :64] = alpha
    np.testing.assert_allclose(placed, expected, atol=1e-4)  # weights off by 1e-5


def test_an_integer_shift_shifts():
    alpha = smooth_alpha()
    placed = place(alpha, 0.5 + 5 / 64, 0.5 - 3 / 64, 1.0)
    expected = np.roll(np.asarray(alpha), (-3, 5), axis=(1, 2))  # its border is empty
    np.testing.assert_allclose(placed, expected, atol=1e-4)


@pytest.mark.parametrize("side", [0.2, 0.37, 0.5, 0.66, 1.3, 1.7])
def test_mass_goes_with_the_area(side):
    alpha = smooth_alpha()
    placed = place(alpha, 0.52, 0.47, side)
    # Enlarging samples the blot at the pixels instead of averaging it: 1 %.
    assert float(placed.sum()) == pytest.approx(float(alpha.sum()) * side**2, rel=0.01)


@pytest.mark.parametrize("side", [0.3, 0.5, 0.61, 0.67, 0.8, 0.97, 1.0, 1.5])
def test_a_full_frame_stays_full(side):
    """Alpha 1 everywhere in the frame is 1 inside, 0 outside and never more."""
    placed = np.asarray(place(jnp.ones((1, 64, 64)), 0.5, 0.5, side))[0]
    assert placed.min() >= 0 and placed.max() <= 1 + 1e-4
    inner = int(32 * min(side, 1.0)) - 3
    middle = placed[32 - inner : 32 + inner, 32 - inner : 32 + inner]
    np.testing.assert_allclose(middle, 1.0, atol=1e-4)
    if side < 0.9:
        assert placed[:2].max() == 0


def test_a_frame_beside_the_canvas_leaves_nothing():
    alpha = jnp.ones((1, 64, 64))
    for x, y in ((-0.6, 0.5), (1.6, 0.5), (0.5, -0.6), (0.5, 1.6)):
        assert place(alpha, x, y, 1.0).max() == 0
    assert place(alpha, 1.4, 0.5, 1.0).max() > 0


@pytest.mark.parametrize("side", [0.45, 1.4])
def test_gradient_of_frames_by_finite_differences(side):
    with jax.enable_x64(True):
        alpha = jnp.asarray(np.asarray(smooth_alpha(2)), jnp.float64)
        target = jax.random.normal(jax.random.key(1), (2, 20, 24), jnp.float64)
        frames = jnp.array([[0.43, 0.571, side], [0.617, 0.39, side * 0.91]])

        @jax.jit
        def total(frames):
            return jnp.sum(target * canvas.place(alpha, frames, height=20, width=24))

        gradient = np.asarray(jax.grad(total)(frames))
        step, measured = 1e-7, np.zeros((2, 3))  # short: the weights have kinks
        for index in np.ndindex(2, 3):
            nudge = jnp.zeros((2, 3)).at[index].set(step)
            measured[index] = (total(frames + nudge) - total(frames - nudge)) / step / 2
    assert np.abs(measured).min() > 1e-3
    np.testing.assert_allclose(gradient, measured, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("blend", [canvas.blend, canvas.blend_at_once, jax.jit(canvas.blend)])
def test_blend_is_one_stroke_over_the_other(blend):
    strokes = random_strokes()
    np.testing.assert_allclose(blend(*strokes), naive_blend(*strokes), atol=1e-6)


@pytest.mark.parametrize("blend", [canvas.blend, canvas.blend_at_once])
def test_gradient_of_blend_where_alpha_is_0_and_1(blend):
    strokes = random_strokes()
    target = jax.random.normal(jax.random.key(1), (4, 3, 3))

    def gradient(function):
        total = lambda *s: jnp.sum(target * function(*s))  # noqa: E731
        return jax.jit(jax.grad(total, argnums=(0, 1, 2)))(*strokes)

    ours, theirs = gradient(blend), gradient(naive_blend)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_last_stroke_is_on_top():
    red, blue = jnp.eye(3)[0], jnp.eye(3)[2]
    alpha = jnp.ones((2, 1, 1))
    first = canvas.blend(alpha, jnp.stack([red, blue]), WHITE)[0, 0]
    second = canvas.blend(alpha, jnp.stack([blue, red]), WHITE)[0, 0]
    np.testing.assert_array_equal(first, blue)
    np.testing.assert_array_equal(second, red)


def test_blend_steps_ends_in_blend_and_shows_every_stroke():
    strokes = random_strokes()
    steps = list(canvas.blend_steps(*map(np.asarray, strokes)))
    assert len(steps) == 6
    np.testing.assert_array_equal(steps[0], np.broadcast_to(strokes[2], (4, 3, 3)))
    for count, picture in enumerate(steps):
        some = naive_blend(strokes[0][:count], strokes[1][:count], strokes[2])
        np.testing.assert_allclose(picture, some, atol=1e-6)
    np.testing.assert_allclose(steps[-1], canvas.blend(*strokes), atol=1e-6)


def test_grid_frames_is_the_stitched_canvas():
    frames, height, width = actions.grid_frames()
    assert (height, width) == (442, 442) and frames.shape == (320, 3)
    corner = frames[:, :2] * 442 - 32  # top left of every frame, pixels
    expected = [(54 * x, 54 * y) for y in range(8) for x in range(8) for _ in range(5)]
    np.testing.assert_allclose(corner, expected, atol=1e-3)
    np.testing.assert_allclose(frames[:, 2] * 442, 64, rtol=1e-6)


def test_grid_frames_of_two_by_one_and_of_one():
    frames, height, width = actions.grid_frames(2, 1, 1, overlap=10)
    assert (height, width) == (118, 64)
    placed = canvas.place(jnp.ones((2, 64, 64)), frames, height=height, width=width)
    np.testing.assert_allclose(placed[0, :64], 1, atol=1e-4)
    np.testing.assert_allclose(placed[0, 65:], 0, atol=1e-4)
    np.testing.assert_allclose(placed[1, 54:], 1, atol=1e-4)
    frames, height, width = actions.grid_frames(1, 1, 3)
    assert (height, width) == (64, 64)
    np.testing.assert_allclose(frames, [[0.5, 0.5, 1.0]] * 3)


def test_gradients_on_an_accelerator_hold_no_gather_scatter_or_loop():
    alpha, frames = smooth_alpha(2), jnp.array([[0.4, 0.5, 0.6], [0.5, 0.6, 0.7]])

    def total(alpha, frames, colors):
        placed = canvas.place(alpha, frames, height=16, width=16)
        return canvas.blend_at_once(placed, colors, WHITE).sum()

    gradient = jax.grad(total, argnums=(0, 1, 2))
    text = str(jax.make_jaxpr(gradient)(alpha, frames, jnp.ones((2, 3))))
    assert "dot_general" in text
    for word in ("gather", "scatter", "dynamic_slice", "while", "scan["):
        assert word not in text


@pytest.mark.parametrize("strokes", [1, 3, 7, 9])  # groups that come out even, and do not
def test_effects_are_what_leaving_out_a_stroke_changes(strokes):
    rng = np.random.default_rng(5)
    alpha = rng.uniform(0, 1, (strokes, 64, 64)).astype(np.float32)
    alpha[strokes // 2] *= 0.0 if strokes > 1 else 1.0
    frames = rng.uniform(0.3, 0.9, (strokes, 3)).astype(np.float32)
    colors = rng.uniform(0, 1, (strokes, 3)).astype(np.float32)
    background = np.float32([0.9, 0.8, 1.0])
    effects = canvas.effects(alpha, frames, colors, background, height=16, width=18)
    laid = np.asarray(canvas.place(alpha, frames, height=16, width=18))
    whole = canvas.blend(laid, colors, background)
    for s in range(strokes):
        clear = laid * (np.arange(strokes) != s)[:, None, None]
        without = canvas.blend(clear, colors, background)
        np.testing.assert_allclose(effects[s], np.abs(whole - without).max(), atol=1e-5)
    assert effects.shape == (strokes,) and (strokes == 1 or effects[strokes // 2] == 0)


def test_effects_never_lay_all_strokes_out_at_once():
    """The largest array of 400 strokes on a canvas of 256 pixels: of some 20 of them."""
    shapes = [(400, 64, 64), (400, 3), (400, 3), (3,)]
    run = jax.jit(functools.partial(canvas.effects, height=256, width=256))
    compiled = run.lower(*(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)).compile()
    all_strokes = 400 * 256 * 256 * 4
    assert compiled.memory_analysis().temp_size_in_bytes < all_strokes / 2
