"""Coarse to fine: what a stage may change, and that all strokes together are the picture."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions, batch, canvas, mixtures, optimize, outputs, painters, stages, studio
from jaxpaint.config import Config, Stage

HEIGHT, WIDTH = 40, 58
PLAIN = Config(
    height=HEIGHT, width=WIDTH, strokes=30, steps=8, image_l2=30.0, prompt_weight=0.0,
    lift_below=0.0, frame_min=0.2, frame_max=0.9, init_ink=0.5, ink_decay=0.0,
)  # fmt: skip
CONFIG = stages.plan(PLAIN, number=2)


@pytest.fixture(scope="module")
def networks(tiny):
    return tiny, painters.load("brush")


@pytest.fixture(scope="module")
def mixture():
    """Half of the strokes: the first stage, the lowest of the cells and some of the second."""
    parts = [(painters.load(name), 1.0) for name in ("marker-05", "brush")]
    return mixtures.mix(parts, config=CONFIG)


def picture():
    """White with a dark square, right of the middle."""
    image = np.ones((HEIGHT, WIDTH, 3), np.float32)
    image[12:28, 36:52] = 0.1, 0.2, 0.3
    return image


@pytest.mark.parametrize(("sides", "strokes", "number"), [
    ((341, 512), 1000, 2), ((341, 512), 2000, 3), ((64, 64), 100, 4), ((500, 30), 300, 2),
])  # fmt: skip
def test_a_plan_adds_up_and_gets_finer(sides, strokes, number):
    height, width = sides
    config = dataclasses.replace(PLAIN, height=height, width=width, strokes=strokes, steps=101)
    plan = stages.plan(config, number=number)
    assert sum(stage.strokes for stage in plan.stages) == strokes
    assert sum(stage.steps for stage in plan.stages) == 101 and len(plan.stages) == number
    cells = [stage.cell for stage in plan.stages]
    assert cells[0] == 0 and cells[1:] == sorted(cells[1:], reverse=True)
    for i, stage in enumerate(plan.stages):
        own = plan.stage(i, small=True)
        assert own.strokes == stage.strokes and max(own.height, own.width) == stage.side
        if stage.cell:
            assert np.prod(own.grid) == stage.strokes and stage.cell % 2 == 0
            assert own.grid[0] * stage.cell >= height and own.grid[1] * stage.cell >= width
    rows = [list(range(strokes))[plan.rows(i)] for i in range(number)]
    assert sum(rows, []) == list(range(strokes))
    done = [stages.at(step, config=plan)[0] for step in range(101)]
    assert [done.count(i) for i in range(number)] == [stage.steps for stage in plan.stages]


def test_one_stage_is_none_and_too_many_are_refused():
    assert stages.plan(PLAIN, number=1) is PLAIN and stages.at(3, config=PLAIN) == (0, 8)
    for number, strokes in ((2, 3), (9, 300), (2000, 300)):
        with pytest.raises(stages.StageError, match="too few"):
            stages.plan(dataclasses.replace(PLAIN, strokes=strokes), number=number)


def test_the_strokes_of_all_stages_laid_one_by_one_are_the_picture(networks, mixture):
    """Tiles, bases and cells against the general placement of every stroke, as replays have it."""
    eye, painter = networks[0], mixture
    frozen, weights = studio.freeze(eye, painter)
    noise = painters.noise_for(jax.random.key(1), painter, 30)
    empty = jnp.zeros((0, 0, 3))
    subject = optimize.Subject(None, None, noise, None, None, None, None, empty)
    latents = 2 * jax.random.normal(jax.random.key(2), (30, actions.NUM_ACTIONS))
    whole, _ = jax.jit(
        lambda x: optimize.compose(x, subject, weights, networks=frozen, config=CONFIG)
    )(latents)
    stroke = actions.bound(latents)
    frames = actions.frames(np.asarray(stroke), CONFIG)
    alpha = painters.apply(painter.module, painter.params, stroke, noise)
    steps = canvas.lay_steps(
        alpha, frames, np.asarray(stroke[:, actions.COLOR]), np.ones(3, np.float32),
        height=HEIGHT, width=WIDTH,
    )  # fmt: skip
    *_, last = steps
    np.testing.assert_allclose(whole, last, atol=1e-4)
    assert float(jnp.std(whole)) > 0.05
    cell = CONFIG.stages[1].cell
    inside = np.floor(frames[6:, :2] * [WIDTH, HEIGHT] / cell).astype(int).reshape(2, 3, 4, 2)
    expected = np.stack(np.meshgrid([0, 1, 2], [0, 1]), -1)[:, :, None]
    np.testing.assert_array_equal(inside, np.broadcast_to(expected, inside.shape))
    assert frames[6:, 2].max() * HEIGHT <= cell + 1e-3


def test_laying_some_at_a_time_is_laying_all(monkeypatch):
    alpha = jax.random.uniform(jax.random.key(0), (5, 64, 64))
    frames, colors, _ = np.random.default_rng(0).random((3, 5, 3), np.float32)
    lay = lambda: np.stack(
        list(canvas.lay_steps(alpha, frames, colors, np.ones(3), height=9, width=11))
    )
    whole = lay()
    monkeypatch.setattr(canvas, "_AT_A_TIME", 2 * 9 * 11)
    np.testing.assert_allclose(lay(), whole, atol=1e-6)
    assert len(whole) == 6 and (whole[0] == 1).all() and np.abs(np.diff(whole, axis=0)).max() > 0.1


def test_a_stage_moves_its_own_strokes_only_and_begins_where_the_picture_differs(networks):
    eye, painter = networks
    frozen, weights = studio.freeze(eye, painter)
    jobs = [studio.Job("", seed, None) for seed in (0, 1)]
    keywords = {
        "networks": frozen,
        "config": CONFIG,
        "mesh": None,
    }  # as the next test, compiled once
    subject, state = studio.start(jobs, eye, painter, config=CONFIG, image=picture())
    assert actions.bound(state.latents)[..., actions.PRESSURES].max() < 1e-6  # all strokes wait
    # An empty first stage: what differs is the square.
    state = jax.tree.map(lambda x: x + CONFIG.stages[0].steps if x.ndim == 1 else x, state)
    begun, part = stages.begin(state, subject, weights, stage=1, **keywords)
    np.testing.assert_array_equal(begun.latents[:, :6], state.latents[:, :6])
    np.testing.assert_allclose(part.base[0], 1.0, atol=1e-4)
    strokes = np.asarray(actions.bound(begun.latents[0]))
    x, y = (actions.frames(strokes, CONFIG)[6:, :2] * [WIDTH, HEIGHT]).T
    there = (x > 36) & (x < 52) & (y > 12) & (y < 28)
    cells = there.reshape(2, 3, 4).sum(-1)
    assert cells[:, 2].sum() + cells[:, 1].sum() >= 8  # of 16; by chance 3
    dark = strokes[6:, actions.COLOR].max(-1) < 0.5
    assert (dark == there).mean() > 0.8
    before = np.array(begun.latents[0])
    after, first = stages.train_steps(begun, part, weights, stage=1, steps=2, **keywords)
    after, terms = stages.train_steps(after, part, weights, stage=1, steps=2, **keywords)
    assert terms["image_l2"].shape == (2, 2) and after.step.tolist() == [8, 8]
    np.testing.assert_array_equal(after.latents[0, :6], before[:6])
    assert np.abs(after.latents[0, 6:] - before[6:]).max() > 0.05
    again, _ = stages.begin(after, subject, weights, stage=1, **keywords)
    np.testing.assert_array_equal(again.latents, after.latents)  # it has begun already
    assert (terms["image_l2"][-1] < first["image_l2"][0]).all()


def test_interrupted_alone_is_whole_in_a_batch(networks, mixture, tmp_path, monkeypatch):
    """To the bit, stopped between both stages and in the second; by two brushes."""
    steps = optimize.train_steps

    def paint(folder, seeds, resume=False):
        jobs = [studio.Job("", seed, tmp_path / folder / str(seed)) for seed in seeds]
        return batch.paint(
            jobs, networks[0], mixture, config=CONFIG, outdir=tmp_path / folder, size=2,
            save_every=2, resume=resume, image=picture(),
        )  # fmt: skip

    record = paint("whole", [4, 5])[1]
    whole = outputs.read_strokes(tmp_path / "whole" / "5" / outputs.STROKES)
    assert np.isfinite(record["score"]) and len(whole.frames) == 30
    assert whole.brush.tolist() == list(mixture.brushes)
    lowest = whole.brush[6:].reshape(6, 4) == "marker-05"  # 15 strokes: 6, then 9 in six cells
    assert (whole.brush[:6] == "marker-05").all() and lowest.sum() == 9
    assert lowest[:, 0].all() and not lowest[:, 2:].any()
    for calls in (2, 3):
        done = []

        def stops(*arguments, **options):
            if len(done) == calls:  # noqa: B023
                raise SystemExit("pulled the plug")
            done.append(1)  # noqa: B023
            return steps(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(optimize, "train_steps", stops)
            with pytest.raises(SystemExit, match="plug"):
                paint(f"killed{calls}", [5])
        paint(f"killed{calls}", [5], resume=True)
        other = outputs.read_strokes(tmp_path / f"killed{calls}" / "5" / outputs.STROKES)
        for mine, theirs in zip(whole, other):
            np.testing.assert_array_equal(mine, theirs)
    settings = outputs.read_run(tmp_path / "whole" / "5")["config"]
    assert [Stage(*stage) for stage in settings["stages"]] == list(CONFIG.stages)
