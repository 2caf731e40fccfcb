"""Training the published painters: losses, stages, resuming, and painting with what comes out."""

import dataclasses
import json

from absl import flags
from absl.testing import flagsaver
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sample_clip import TINY
from sample_weights import weights
from test_paint import FAST, assert_refused, command

from experiments import painter_data, train_painter
from experiments import painter_losses as losses
from experiments import painter_recipes as recipes
from jaxpaint import actions, mypaint, outputs, painters

needs_mypaint = pytest.mark.skipif(not mypaint.available(), reason="no libmypaint")


def test_divergence_costs_the_same_below_its_tolerance():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(2, 5, 8)).astype(np.float32)
    mean[0] = log_variance[0] = 0.0  # the standard normal itself
    naive = []
    for m, v in zip(mean, log_variance):
        kl = sum(-0.5 * (1 + v[i] - m[i] ** 2 - np.exp(v[i])) for i in range(8))
        naive.append(max(kl, 0.5 * 8))
    assert naive[0] == 4.0 and max(naive) > 4.0
    found = losses.divergence(jnp.asarray(mean), jnp.asarray(log_variance), 0.5)
    np.testing.assert_allclose(found, np.mean(naive), rtol=1e-5)
    near = 0.1 * jnp.ones((1, 8))
    np.testing.assert_array_equal(jax.grad(losses.divergence)(near, near, 0.5), 0.0)
    assert (jax.grad(losses.divergence)(near, near, 0.0) != 0).all()


def test_what_is_not_white_counts_more():
    real = jnp.ones((2, 64, 64, 3)).at[:, :8, :8, 0].set(0.0)
    one = losses.squared(jnp.zeros_like(real), real, 1.0)
    np.testing.assert_allclose(one, 64 * 64 * 3 - 64)
    np.testing.assert_allclose(losses.squared(jnp.zeros_like(real), real, 10.0) - one, 9 * 64 * 2)


def test_the_penalty_of_a_linear_critic_is_known():
    rng = np.random.default_rng(0)
    slope, real, painted = rng.normal(size=(3, 4, 64, 64, 3)).astype(np.float32)
    slope[:] = slope[0] / np.linalg.norm(slope[0])
    for length in (0.5, 1.0, 3.0):
        score = lambda rgb, s=length * slope: jnp.sum(s * rgb, (1, 2, 3)) + 7.0
        found = losses.penalty(score, real, painted, jnp.linspace(0, 1, 4))
        np.testing.assert_allclose(found, (length - 1) ** 2, atol=1e-5)


def test_the_penalty_is_taken_between_the_pictures():
    real, painted = jnp.ones((2, 64, 64, 3)), jnp.zeros((2, 64, 64, 3))
    share = jnp.array([0.25, 0.5])
    found = losses.penalty(lambda rgb: jnp.sum(rgb**2, (1, 2, 3)), real, painted, share)
    expected = np.mean([(2 * s * np.sqrt(64 * 64 * 3) - 1) ** 2 for s in (0.25, 0.5)])
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_strokes_on_white_are_the_drawn_alpha_and_the_colour():
    rng = np.random.default_rng(0)
    colors, geometry, alpha = rng.random((3, 3)), rng.random((3, 9)), rng.random((3, 64, 64))
    stroke, rgb = losses.on_white(*map(jnp.float32, (colors, geometry, alpha)))
    np.testing.assert_allclose(stroke[:, actions.COLOR], colors, rtol=1e-6)
    np.testing.assert_allclose(stroke[:, actions.GEOMETRY], geometry, rtol=1e-6)
    expected = alpha[1, 5, 6] * colors[1] + (1 - alpha[1, 5, 6])
    np.testing.assert_allclose(rgb[1, 5, 6], expected, rtol=1e-5)


def test_unlikeness_is_nothing_for_the_same_and_grows(tiny):
    eye = losses.Eye(tiny.module, tiny.mean, tiny.std, tiny.resolution)
    real = jax.random.uniform(jax.random.key(0), (2, 64, 64, 3))
    other = jax.random.uniform(jax.random.key(1), real.shape)
    unlike = lambda share: float(
        losses.unlikeness(real + share * (other - real), real, tiny.params, eye=eye)
    )
    assert unlike(0.0) == 0 < unlike(0.1) < unlike(1.0)


def make_plan(recipe, steps=4, tiny=None):
    module = painters.make(recipe, width=1)
    eye = tiny and losses.Eye(tiny.module, tiny.mean, tiny.std, tiny.resolution)
    return recipes.Plan(recipe, module, steps, 1e-3, eye=eye if recipe == "joy" else None)


def test_stages_follow_one_another():
    for recipe, usual in recipes.USUAL.items():
        plan = dataclasses.replace(make_plan("gan", usual[0]), recipe=recipe)
        stages = [recipes.stage(step, plan=plan) for step in range(0, usual[0] + 1, usual[0] // 50)]
        assert list(dict.fromkeys(stages)) == list(recipes.STAGES[recipe])
        assert stages == sorted(stages, key=list(recipes.STAGES[recipe]).index)


@pytest.mark.parametrize(
    ("recipe", "stage", "moving"),
    [
        ("vae", "autoencoder", {"encoder", "decoder"}),
        ("vae", "predictor", {"predictor"}),
        ("joy", "generator", {"painter"}),
        ("joy", "both", {"painter", "critic"}),
    ],
)
def test_each_stage_moves_its_own_networks(recipe, stage, moving, tiny):
    plan = make_plan(recipe, tiny=tiny)
    state = jax.eval_shape(lambda: recipes.begin(jax.random.key(0), plan=plan))
    params = weights(lambda: state["params"])
    moments = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), state["opt_state"])
    state = {"params": params, "opt_state": moments, "step": jnp.int32(0)}
    geometry = np.random.default_rng(0).random((4, 9), np.float32)
    alpha = np.random.default_rng(1).integers(0, 255, (4, 64, 64)).astype(np.uint8)
    rest = (geometry, alpha, jax.random.key(1), tiny.params)
    lowered = recipes.train_step.lower(state, *rest, plan=plan, stage=stage)
    step = lowered.compile(compiler_options={"xla_backend_optimization_level": 0})
    after, logged = step(jax.tree.map(jnp.copy, state), *rest)
    assert int(after["step"]) == 1 and all(np.isfinite(v) for v in logged.values())
    changed = lambda name: any(
        np.any(old != new)
        for old, new in zip(*(jax.tree.leaves(s["params"][name]) for s in (state, after)))
    )
    assert {name for name in params if changed(name)} == moving


FLAGS = {"batch": 2, "strokes": 12, "held_out": 4, "steps": 4, "width": 1, "recipe": "gan"}


def train(workdir, **changes):
    """The program itself, in this process, so that what it compiles is compiled once."""
    flags.FLAGS.mark_as_parsed()
    with flagsaver.flagsaver(workdir=str(workdir), **FLAGS | changes):
        train_painter.main([])
    return workdir


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("gan"))


@needs_mypaint
def test_an_interrupted_training_ends_where_another_does(trained, tmp_path):
    train(tmp_path, stop_at=2)
    assert not (tmp_path / "brush.safetensors").exists()
    train(tmp_path)
    for name in (train_painter.CHECKPOINT, "brush.safetensors"):
        one, two = (folder / name for folder in (trained, tmp_path))
        if name.endswith("msgpack"):
            one, two = (outputs.read_tree(path) | {"seconds": 0} for path in (one, two))
            assert jax.tree.all(jax.tree.map(np.array_equal, one, two))
        else:
            assert one.read_bytes() == two.read_bytes()


@needs_mypaint
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"brush": "calligraphy"}, "msgpack was made with --brush=brush instead of --brush=call"),
        ({"seed": 1}, "checkpoint.msgpack was made with --seed=0 instead of --seed=1:"),
        ({"held_out": 5}, "test.npz was made with --held_out=4 instead of --held_out=5:"),
        ({"strokes": 13}, "point.msgpack was made with --strokes=12 instead of --strokes=13:"),
        ({"width": 2}, "checkpoint.msgpack was made with --width=1 instead of --width=2:"),
        ({"batch": 3, "lr": 0.5}, "--batch=2 instead of --batch=3, --lr=0.0001 instead of --lr="),
        ({"steps": 5}, "checkpoint.msgpack was made with --steps=4 instead of --steps=5:"),
        ({"recipe": "vae"}, "made with --recipe=gan instead of --recipe=vae"),
    ],
)
def test_a_folder_of_another_training_is_refused(trained, changes, words):
    before = {path: path.read_bytes() for path in trained.iterdir()}
    with pytest.raises(SystemExit) as caught:
        train(trained, **changes)
    line = str(caught.value)
    assert words in line and "give another --workdir" in line and "\n" not in line
    assert before == {path: path.read_bytes() for path in trained.iterdir()}


@needs_mypaint
def test_strokes_are_bound_to_what_the_brush_holds(tmp_path):
    own, file = tmp_path / "own.myb", tmp_path / "strokes.npz"

    def draw(number=3):
        settings = painter_data.identify(str(own)) | {"strokes": number}
        return painter_data.draw(str(own), number, file, seed=0, corners=True, settings=settings)

    own.write_bytes(mypaint.find_brush("brush").read_bytes())
    geometry, alpha = draw()
    assert geometry.shape == (3, 9) and alpha.shape == (3, 64, 64) and alpha.max() > 0
    assert not list(tmp_path.glob(".*"))  # no scratch file is left
    for one, two in zip((geometry, alpha), draw()):
        np.testing.assert_array_equal(one, two)
    own.write_bytes(mypaint.find_brush("calligraphy").read_bytes())
    with pytest.raises(painters.PainterError, match="strokes.npz was made with another file of"):
        draw()
    whole = file.read_bytes()
    for damaged in (b"", b"no archive", whole[:2000]):
        file.write_bytes(damaged)
        with pytest.raises(painters.PainterError, match="strokes.npz cannot be read"):
            draw()
    np.savez(file, geometry=geometry, alpha=alpha)  # as they were kept before
    with pytest.raises(painters.PainterError, match="does not say with which settings"):
        draw()


@needs_mypaint
def test_strokes_that_could_not_be_drawn_leave_no_file(tmp_path, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(mypaint, "draw_alpha", stop)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    assert not list(tmp_path.iterdir())


@needs_mypaint
def test_the_card_tells_the_recipe_and_the_figures(trained):
    card = json.loads((trained / "brush.json").read_text())
    assert card["recipe"] == card["architecture"] == "gan" and card["options"] == {"width": 1}
    assert card["steps"] == 4 and card["batch"] == 2 and card["seconds"] > 0
    for name in ("painter", "painter_rgb", "empty_rgb"):
        assert set(card["held_out"][name]) == {"psnr", "mae"}


@needs_mypaint
def test_painting_with_a_trained_painter(trained, tmp_path):
    file = f"--painter={trained}/brush.safetensors"
    asked = ["--prompt=red house", f"--clip={TINY}", file, *FAST]
    result = command("paint", *asked, "--blend=alpha", f"--outdir={tmp_path}")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "red-house-seed0"
    record = json.loads((folder / "run.json").read_text())
    assert record["painter"] == "GanPainter" and record["config"]["blend"] == "alpha"
    assert all(np.isfinite(record["loss"]["cosine"]))
    assert set(outputs.read_strokes(folder / "strokes.npz").brush) == {"brush"}
    assert_refused(command("paint", *asked, "--brush=brush"), "leave --brush away")
