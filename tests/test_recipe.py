"""What a recipe's settings are worth: the tricks, the figures, a tiny run."""

from __future__ import annotations

import dataclasses
import json
import pathlib

from absl import flags
from absl.testing import flagsaver
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sample_clip import TINY

from experiments import recipe
from jaxpaint import clip, optimize, painters, studio
from jaxpaint.config import Config

PLANS = {"sketch": recipe.SKETCH, "strokes": recipe.STROKES}
ROWS = [(kind, name) for kind, plan in PLANS.items() for name in plan if name != recipe.FIRST]


@pytest.fixture(scope="module")
def models(tiny):
    return tiny, painters.load("brush")


@pytest.fixture(scope="module")
def begun(models):
    """One canvas on its way: its config, networks, weights, subject and state."""
    guide, brush = models
    config = studio.configure(guide, strokes=12, steps=4, sketch_steps=2, width=48, height=48)
    networks, weights = studio.freeze(guide, brush)
    subject, state = studio.start(
        [studio.Job("cat", 3, pathlib.Path())], guide, brush, config=config
    )
    state = jax.tree.map(lambda x: x[0], state)
    subject = jax.tree.map(lambda x: x[0], subject)
    moments = jax.tree.map(lambda x: x + 1.0 if x.ndim == 2 else x, state.opt_state)
    return config, networks, weights, subject, state._replace(opt_state=moments)


def by_stroke(state):
    """All that a state holds of every stroke, `[S, 3 A]`."""
    return np.concatenate([np.asarray(x) for x in jax.tree.leaves(state) if x.ndim == 2], axis=1)


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_every_row_changes_something_and_the_first_nothing(kind, name):
    fields = {field.name: field.default for field in dataclasses.fields(Config)}
    shipped = fields | json.loads((clip.BUNDLED / "painting.json").read_text())
    first, row = PLANS[kind][recipe.FIRST], PLANS[kind][name]
    assert not first.changes and not first.trick
    assert all(value != shipped[field] for field, value in row.changes.items())
    assert row.changes or row.trick in recipe.TRICKS or row.seeds != first.seeds
    assert kind == "strokes" or all(field.startswith("sketch_") for field in row.changes)


def test_shuffled_strokes_keep_all_that_is_theirs(begun):
    config, networks, weights, subject, state = begun
    state = state._replace(opt_state=jax.tree.map(
        lambda x: x * state.latents if x.ndim == 2 else x, state.opt_state
    ))  # fmt: skip
    after = recipe.shuffle(state, subject, weights, networks=networks, config=config)
    mine, other = by_stroke(state), by_stroke(after)
    assert not np.array_equal(mine, other)
    np.testing.assert_array_equal(mine[np.lexsort(mine.T)], other[np.lexsort(other.T)])
    again = recipe.shuffle(state, subject, weights, networks=networks, config=config)
    np.testing.assert_array_equal(by_stroke(again), other)


def test_only_strokes_that_hardly_show_begin_anew(begun):
    config, networks, weights, subject, state = begun
    config = dataclasses.replace(config, lift_below=0.05)
    hidden = jnp.arange(config.strokes) % 3 == 1
    bold = jnp.where(jnp.arange(state.latents.shape[1]) < 1, 2.0, state.latents)
    pens = jnp.zeros(state.latents.shape[1], bool).at[jnp.array([0, 11])].set(True)
    pale = jnp.where(hidden[:, None] & pens, -12.0, bold)
    effect = optimize.effects(pale, subject.noise, weights, networks=networks, config=config)
    unseen = np.asarray(effect < 0.05 * effect.max())
    assert unseen[np.asarray(hidden)].all() and not unseen.all()
    state = state._replace(latents=pale)
    after = recipe.anew(state, subject, weights, networks=networks, config=config)
    mine, other = by_stroke(state), by_stroke(after)
    np.testing.assert_array_equal(mine[~unseen], other[~unseen])
    moments = other[unseen][:, state.latents.shape[1] :]
    assert (after.latents[unseen] != pale[unseen]).any(axis=1).all() and not moments.any()


def test_paintings_of_a_row_are_those_that_the_command_paints(models, tmp_path):
    guide, brush = models
    config = studio.configure(guide, strokes=8, steps=3, sketch_steps=2, width=48, height=48)
    texts = ["cat", "red apple"]
    drawn = recipe.sketch(texts, guide, brush, config=config, seed=5)
    mine, ms = recipe.paint(texts, drawn, guide, brush, config=config, trick="", seed=5)
    jobs = [studio.Job(text, 5, tmp_path / text) for text in texts]
    painted = studio.paint_jobs(jobs, guide, brush, config=config, save_every=1, animations=False)
    for one, other in zip(mine, painted, strict=True):
        np.testing.assert_array_equal(np.round(one * 255).astype(np.uint8), other.picture)
    assert ms > 0
    other, _ = recipe.paint(texts, drawn, guide, brush, config=config, trick="shuffle", seed=5)
    assert np.isfinite(other).all() and not np.array_equal(other, mine)


def test_of_several_tries_the_best_is_kept_for_each_painting():
    tries = np.arange(6).reshape(3, 2)
    near = np.array([[0.1, 0.9], [0.3, 0.2], [0.2, 0.1]])
    np.testing.assert_array_equal(recipe.chosen(tries, near), [2, 1])


def test_a_row_is_compared_with_the_first_prompt_by_prompt():
    judged = np.array([[0.9, 0.1, 0.0], [0.6, 0.0, 0.5]])
    own, first = np.array([0, 2]), np.array([0.6, 0.4])
    row = recipe.figures(judged, judged, own, first)
    assert row["better"][0] == pytest.approx((0.3 + 0.1) / 2)
    assert row["better"][1] <= row["better"][0] <= row["better"][2]
    assert row["near"] == [0.9, 0.5] and row["r_precision"] == 50.0
    assert "better" not in recipe.figures(judged, judged, own, None)
    line = recipe.table({"one": row}).splitlines()[-1]
    assert "| one | 50.0 % | 0.700 | +0.200 (" in line


def test_a_run_goes_on_with_the_rows_that_are_missing(tmp_path, hasty, capsys):
    flags.FLAGS(["recipe"])
    asked = {"tables": str(tmp_path), "guide": str(hasty), "changed": "sketch"}
    with flagsaver.flagsaver(**asked, nth=128, only=["30 steps"]):
        recipe.main([])
        table = (tmp_path / "sketch.md").read_text()
        assert "| 30 steps |" in table and capsys.readouterr().out.endswith(table)
        assert (tmp_path / "sketch-30-steps.png").is_file()
        recipe.main([])
        assert capsys.readouterr().out == table  # nothing was measured again
    with flagsaver.flagsaver(**asked, nth=64), pytest.raises(SystemExit, match="of other prompts"):
        recipe.main([])
    hub = asked | {"guide": str(TINY), "tables": str(tmp_path / "other")}
    with flagsaver.flagsaver(**hub), pytest.raises(SystemExit, match="does not sketch"):
        recipe.main([])
    with flagsaver.flagsaver(**asked, only=["31 steps"]):
        with pytest.raises(SystemExit, match="31 steps is no row: choose from as shipped, "):
            recipe.main([])
