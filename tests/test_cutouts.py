"""Random views: against naive sampling, and what must not change."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import cutouts
from jaxpaint.config import Config

FILL = jnp.array([0.2, 0.5, 0.9])
CONFIG = Config(crops=3, zooms=2, wides=4, view_noise=(0.0, 0.0), background=(0.2, 0.5, 0.9))
make = jax.jit(cutouts.make, static_argnames=("resolution", "config"))


def smooth_image(height=32, width=32):
    """A picture `[H, W, 3]` without edges or symmetry."""
    y, x = np.mgrid[:height, :width] + 0.5
    x, y = x / width, y / height
    image = [0.5 + 0.4 * np.sin(4 * x + y), x * (1 - 0.5 * y), 0.2 + 0.7 * y * y]
    return jnp.asarray(np.stack(image, -1), jnp.float32)


def noise_image(height, width):
    return jax.random.uniform(jax.random.key(0), (height, width, 3))


def pixel_box(x0, y0, x1, y1, height, width):
    """The box from pixel edges, as `crop` wants it."""
    centre = [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height]
    return jnp.array([*centre, (x1 - x0) / width, (y1 - y0) / height])


def primitives(jaxpr):
    """Every equation of a jaxpr and of those inside it."""
    for equation in jaxpr.eqns:
        yield equation
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda v: hasattr(v, "eqns")
        ):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from primitives(inner)


def test_views_have_the_shape_and_order_of_the_config():
    views = make(jax.random.key(0), noise_image(40, 24), resolution=16, config=CONFIG)
    assert views.shape == (9, 16, 16, 3) and views.dtype == jnp.float32
    assert views.min() >= 0 and views.max() <= 1 + 1e-6
    boxes = cutouts.random_boxes(jax.random.key(0), CONFIG)
    assert boxes.shape == (9, 4)
    size = np.sqrt(boxes[:, 2] * boxes[:, 3])
    ranges = [CONFIG.crop_scale] * 3 + [CONFIG.zoom_scale] * 2 + [CONFIG.wide_scale] * 4
    for value, (low, high) in zip(size, ranges, strict=True):
        assert low - 1e-5 <= value <= high + 1e-5


def test_boxes_respect_aspect_and_canvas():
    config = dataclasses.replace(CONFIG, crops=200, zooms=200, wides=200)
    x, y, width, height = np.asarray(cutouts.random_boxes(jax.random.key(1), config)).T
    aspect = np.maximum(width / height, height / width)
    assert aspect.max() <= config.crop_aspect + 1e-4
    for centre, side in ((x, width), (y, height)):
        over = np.maximum(np.abs(centre - 0.5) + side / 2 - 0.5, 0)
        # Inside, or over an edge by no more than the box is larger, or 4 %.
        assert np.all(over <= np.maximum(side - 1, 0.04) + 1e-5)
        assert np.std(centre[:200]) > 0.03


def test_only_crops_are_seen_in_perspective():
    canvas = smooth_image(40, 24)
    flat = dataclasses.replace(CONFIG, perspective=0.0)
    one, other = (make(jax.random.key(2), canvas, resolution=16, config=c) for c in (CONFIG, flat))
    np.testing.assert_allclose(one[3:], other[3:], atol=1e-6)
    assert all(np.abs(one[k] - other[k]).max() > 0.01 for k in range(3))


def test_same_key_same_views_and_another_key_others():
    canvas = smooth_image(40, 24)
    one, again, other = (
        make(jax.random.key(seed), canvas, resolution=16, config=CONFIG) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, again)
    assert all(np.abs(a - b).max() > 0.01 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("done, spread", [(0.0, 0.05), (0.5, 0.03)])
def test_noise_has_the_spread_of_the_config(done, spread):
    noisy, plain = (
        make(
            jax.random.key(5),
            smooth_image(40, 24),
            resolution=16,
            config=dataclasses.replace(CONFIG, perspective=0.0, view_noise=noise),
            done=done,
        )
        for noise in ((0.05, 0.01), (0.0, 0.0))
    )
    assert np.std(noisy - plain) == pytest.approx(spread, rel=0.05)


def test_bare_paper_looks_the_same_everywhere():
    canvas = jnp.broadcast_to(FILL, (40, 24, 3))
    views = make(jax.random.key(0), canvas, resolution=16, config=CONFIG)
    np.testing.assert_allclose(views, jnp.broadcast_to(FILL, views.shape), atol=1e-5)


def test_whole_at_the_same_size_is_the_canvas():
    canvas = noise_image(24, 24)
    np.testing.assert_allclose(cutouts.whole(canvas, resolution=24), canvas, atol=1e-5)


def test_whole_keeps_the_mean_of_a_larger_canvas():
    seen = cutouts.whole(smooth_image(60, 90), resolution=30)
    expected = smooth_image(60, 90).reshape(30, 2, 30, 3, 3).mean((1, 3))
    # A triangle is wider than a box: a smooth picture shows it on the border only.
    np.testing.assert_allclose(seen, expected, atol=0.02)


def test_crop_of_whole_pixels_is_a_slice():
    canvas = noise_image(30, 40)
    box = pixel_box(7, 11, 19, 23, 30, 40)
    seen = cutouts.crop(canvas, box, FILL, resolution=12)
    np.testing.assert_allclose(seen, canvas[11:23, 7:19], atol=1e-4)


def test_crop_beyond_the_canvas_has_the_fill():
    canvas = noise_image(30, 40)
    box = pixel_box(-5, 20, 9, 34, 30, 40)
    seen = cutouts.crop(canvas, box, FILL, resolution=14)
    expected = np.broadcast_to(FILL, (14, 14, 3)).copy()
    expected[:10, 5:] = canvas[20:30, 0:9]
    np.testing.assert_allclose(seen, expected, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3])
def test_shrinking_crop_against_a_loop(scale):
    canvas = np.asarray(noise_image(30, 30), np.float64)
    size = 8
    box = pixel_box(3, 2, 3 + size * scale, 2 + size * scale, 30, 30)
    seen = cutouts.crop(jnp.asarray(canvas, jnp.float32), box, FILL, resolution=size)
    expected = np.zeros((size, size, 3))
    for i, j in np.ndindex(size, size):
        y, x, total = 2 + (i + 0.5) * scale, 3 + (j + 0.5) * scale, 0.0
        for v, u in np.ndindex(30, 30):
            weight = max(1 - abs(v + 0.5 - y) / scale, 0)
            weight *= max(1 - abs(u + 0.5 - x) / scale, 0)
            expected[i, j] += weight * canvas[v, u]
            total += weight
        expected[i, j] /= total
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_no_inset_is_identity():
    view = noise_image(20, 20)
    seen = cutouts.perspective(view, jnp.zeros((4, 2)), FILL)
    np.testing.assert_allclose(seen, view, atol=1e-4)


def naive_perspective(view, inset):
    """Solves for the projective map and samples it, pixel by pixel."""
    size = len(view)
    unit = [(0, 0), (1, 0), (1, 1), (0, 1)]
    signs = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    rows, values = [], []
    for (x, y), (p, q), (dx, dy) in zip(unit, signs, inset, strict=True):
        u, v = x + p * dx, y + q * dy
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    matrix = np.append(np.linalg.solve(np.array(rows), values), 1).reshape(3, 3)
    out = np.zeros_like(view)
    for i, j in np.ndindex(size, size):
        u, v, w = matrix @ [(j + 0.5) / size, (i + 0.5) / size, 1]
        x, y = u / w * size - 0.5, v / w * size - 0.5
        x, y = np.clip([x, y], 0, size - 1)
        x0, y0 = min(int(x), size - 2), min(int(y), size - 2)
        top = view[y0, x0] * (x0 + 1 - x) + view[y0, x0 + 1] * (x - x0)
        low = view[y0 + 1, x0] * (x0 + 1 - x) + view[y0 + 1, x0 + 1] * (x - x0)
        out[i, j] = top * (y0 + 1 - y) + low * (y - y0)
    return out


def test_perspective_against_a_loop():
    view = smooth_image()
    inset = np.array([[0.02, 0.1], [0.12, 0.03], [0.05, 0.07], [0.1, 0.01]])
    seen = cutouts.perspective(view, jnp.asarray(inset, jnp.float32), FILL)
    expected = naive_perspective(np.asarray(view, np.float64), inset)
    error = np.abs(seen - expected)
    assert error.mean() < 0.005 and error[1:-1, 1:-1].max() < 0.01
    assert np.abs(view - expected).mean() > 0.02  # the warp is larger than that


@pytest.mark.parametrize("kind", ["crop", "perspective"])
def test_gradient_of_the_picture_holds_no_gather_scatter_or_loop(kind):
    image = noise_image(20, 20)
    if kind == "crop":
        box = jnp.array([0.5, 0.45, 0.8, 0.7])
        see = lambda picture: cutouts.crop(picture, box, FILL, resolution=8)  # noqa: E731
    else:
        inset = jnp.full((4, 2), 0.1)
        see = lambda picture: cutouts.perspective(picture, inset, FILL)  # noqa: E731
    gradient = jax.grad(lambda picture: jnp.sum(see(picture) ** 2))
    names = set()
    for equation in primitives(jax.make_jaxpr(gradient)(image).jaxpr):
        sizes = [v.aval.size for v in (*equation.invars, *equation.outvars)]
        if max(sizes, default=0) > 100:  # the corners' 8 x 8 equations may do as they like
            names.add(equation.primitive.name)
    assert "dot_general" in names
    for word in (
        "gather",
        "scatter",
        "dynamic_slice",
        "dynamic_update",
        "while",
        "scan",
    ):
        assert not [name for name in names if word in name]
