"""Neural painters: shapes, chance, files, and the trained ones."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from jaxpaint import actions, painters

MODULES = {
    "dab": painters.DabPainter(dabs=6, hidden=16),
    "dab with scatter": painters.DabPainter(dabs=6, hidden=16, scatter=True),
    "row_column": painters.RowColumnPainter(rank=3, hidden=16),
    "conv": painters.ConvPainter(width=2),
}
fast_apply = jax.jit(painters.apply, static_argnums=0)
fast_init = jax.jit(painters.init, static_argnames="module")


def make_painter(kind="dab", seed=0):
    module = MODULES[kind]
    params = fast_init(module=module, key=jax.random.key(seed))
    return painters.Painter(module, params, "test", ("test",))


def random_actions(count=4, seed=0):
    shape = (count, actions.NUM_ACTIONS)
    return jnp.asarray(np.random.default_rng(seed).uniform(size=shape), jnp.float32)


def noise_of(painter, seed=0, strokes=4):
    return painters.noise_for(painter=painter, key=jax.random.key(seed), strokes=strokes)


def draw(painter, stroke, noise):
    return np.asarray(fast_apply(painter.module, painter.params, stroke, noise))


def write(folder, card=None, **changes):
    """A painter's two files, as the training program writes them."""
    painter = make_painter()
    flat = {
        "/".join(p.key for p in path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(painter.params)
    }
    flat |= changes
    path = folder / "test.safetensors"
    save_file({k: v for k, v in flat.items() if v is not None}, path)
    whole = {
        "architecture": "dab",
        "options": {"dabs": 6, "hidden": 16},
        "brush": "test",
    }
    path.with_suffix(".json").write_text(json.dumps(whole if card is None else card))
    return path


@pytest.mark.parametrize("kind", MODULES)
def test_alpha_has_its_shape_and_range(kind):
    painter = make_painter(kind)
    alpha = draw(painter, random_actions(), noise_of(painter))
    assert alpha.shape == (4, 64, 64) and alpha.dtype == np.float32
    assert alpha.min() >= 0 and alpha.max() <= 1
    assert np.ptp(alpha) > 0


@pytest.mark.parametrize("kind", MODULES)
def test_colour_and_frame_do_not_change_alpha(kind):
    painter = make_painter(kind)
    stroke, noise = random_actions(), noise_of(painter)
    other = stroke.at[:, actions.COLOR].set(0.1).at[:, actions.FRAME].set(0.9)
    np.testing.assert_array_equal(draw(painter, stroke, noise), draw(painter, other, noise))


@pytest.mark.parametrize("kind", MODULES)
def test_a_stroke_does_not_depend_on_the_others(kind):
    painter = make_painter(kind)
    stroke, noise = random_actions(), noise_of(painter)
    turned = draw(painter, stroke[::-1], noise[::-1])[::-1]
    np.testing.assert_allclose(draw(painter, stroke, noise), turned, atol=1e-5)


@pytest.mark.parametrize("kind", MODULES)
def test_only_scatter_uses_chance(kind):
    painter = make_painter(kind)
    stroke = random_actions()
    one, other = (draw(painter, stroke, noise_of(painter, seed)) for seed in (1, 2))
    difference = np.abs(one - other).max()
    assert difference > 0.01 if "scatter" in kind else difference == 0


def test_dabs_follow_the_pens_way():
    """Even untrained, ink lies on the exact curve, in units of the inner square."""
    painter = make_painter()
    stroke = random_actions().at[:, 1].set(0.1)  # thin
    alpha = draw(painter, stroke, noise_of(painter))
    points, _ = actions.path(np.asarray(stroke))
    margin = actions.FRAME_MARGIN
    points = margin + points * (actions.FRAME_PIXELS - 2 * margin)
    for picture, curve in zip(alpha, points, strict=True):
        for end in (curve[0], curve[-1]):
            if np.all((end > 3) & (end < 61)):
                x, y = end.astype(int)
                assert picture[y - 2 : y + 3, x - 2 : x + 3].max() > 0.3
        far = np.ones((64, 64), bool)
        y, x = np.mgrid[:64, :64] + 0.5
        for px, py in curve:
            far &= (x - px) ** 2 + (y - py) ** 2 > 12**2
        assert picture[far].max(initial=0.0) < 0.01


def test_noise_of_a_stroke_does_not_depend_on_their_number():
    painter = make_painter("dab with scatter")
    few, many = noise_of(painter, strokes=3), noise_of(painter, strokes=8)
    assert many.shape == (8, 6, 3)
    np.testing.assert_array_equal(few, many[:3])
    assert len(np.unique(np.asarray(many))) == many.size
    assert np.abs(noise_of(painter, seed=1) - noise_of(painter, seed=2)).max() > 0.1


def test_load_gives_back_what_was_written(tmp_path):
    loaded, written = painters.load(str(write(tmp_path))), make_painter()
    assert loaded.brush == "test" and loaded.module == written.module
    stroke, noise = random_actions(), noise_of(written)
    np.testing.assert_array_equal(draw(loaded, stroke, noise), draw(written, stroke, noise))


def test_half_precision_weights_are_loaded_as_float32(tmp_path):
    path = write(tmp_path)
    halves = {name: value.astype(np.float16) for name, value in load_file(path).items()}
    save_file(halves, path)
    leaves = jax.tree.leaves(painters.load(str(path)).params)
    assert all(leaf.dtype == jnp.float32 for leaf in leaves)


def refuses(path, *words):
    """Loading fails in one line, short enough to read, that has these words."""
    with pytest.raises(painters.PainterError) as caught:
        painters.load(str(path))
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    for word in (str(path), *words):
        assert word in message


def test_unknown_brush():
    refuses("no_such_brush", "train_painter", "unless it smudges")
    refuses("Dry_Brush", "did you mean 'dry_brush'?")
    refuses("/none/such.safetensors", "no painter's file")


@pytest.mark.parametrize("data", [b"", b"not a safetensors file", b"\xff" * 200])
def test_corrupt_weights(tmp_path, data):
    path = write(tmp_path)
    path.write_bytes(data)
    refuses(path)


def test_cut_weights(tmp_path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    refuses(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"Dense_0/kernel": np.zeros((3, 3), np.float32)},
        {"Dense_0/kernel": None},
        {"Dense_9/kernel": np.zeros((3, 3), np.float32)},
        {"Dense_0/kernel/more": np.zeros((3, 3), np.float32)},
    ],
    ids=["shape", "lacking", "unknown", "nested"],
)
def test_weights_that_do_not_fit(tmp_path, changes):
    refuses(write(tmp_path, **changes))


@pytest.mark.parametrize(
    "card",
    [
        [],
        {},
        {"architecture": "oil", "options": {}, "brush": "test"},
        {"architecture": "dab", "options": {"bristles": 3}, "brush": "test"},
        {"architecture": "dab", "options": {"dabs": 7, "hidden": 16}, "brush": "test"},
        {"architecture": "dab", "options": {"dabs": 6, "hidden": 16}},
    ],
    ids=["list", "empty", "architecture", "option", "size", "no brush"],
)
def test_cards_that_do_not_fit(tmp_path, card):
    refuses(write(tmp_path, card=card))


def test_a_card_that_is_no_json_or_lacks(tmp_path):
    path = write(tmp_path)
    path.with_suffix(".json").write_text("{")
    refuses(path)
    path.with_suffix(".json").unlink()
    refuses(path)


@pytest.mark.parametrize("brush", painters.available())
def test_trained_painter_paints(brush):
    painter = painters.load(brush)
    noise = noise_of(painter, strokes=8)
    stroke = random_actions(8).at[:, (0, 11)].set(1.0)
    alpha = draw(painter, stroke, noise)
    assert alpha.min() >= 0 and alpha.max() <= 1
    assert alpha.mean() > 0.02
    nothing = draw(painter, stroke.at[:, (0, 11)].set(0.0), noise)
    assert nothing.mean() < 0.01


@pytest.mark.parametrize("brush", painters.available())
def test_trained_painter_is_small_and_computes_in_float32(brush):
    assert (painters.WEIGHTS / f"{brush}.safetensors").stat().st_size <= 1_000_000
    leaves = jax.tree.leaves(painters.load(brush).params)
    assert all(leaf.dtype == jnp.float32 for leaf in leaves)


@pytest.mark.parametrize("brush", painters.available())
def test_trained_painter_beats_its_baselines(brush):
    card = json.loads((painters.WEIGHTS / f"{brush}.json").read_text())
    held_out = card["held_out"]
    for baseline in ("empty", "soft_capsule"):
        assert held_out["painter"]["psnr"] > held_out[baseline]["psnr"]


def test_a_pen_that_does_not_touch_leaves_nothing():
    painter = painters.load("brush")
    stroke = np.random.default_rng(0).random((8, actions.NUM_ACTIONS), np.float32)
    noise = painters.noise_for(jax.random.key(0), painter, 8)
    stroke[:, 0] = stroke[:, 11] = 1e-4
    alpha = painters.apply(painter.module, painter.params, jnp.asarray(stroke), noise)
    assert float(alpha.max()) < 0.5 / 255
    stroke[:, 11] = 0.5
    alpha = painters.apply(painter.module, painter.params, jnp.asarray(stroke), noise)
    assert float(alpha.max()) > 0.3
