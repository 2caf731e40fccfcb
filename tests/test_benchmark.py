"""The benchmark: which rows, what is written of them, and that all is measured. No times."""

import dataclasses
import json
import os
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import measures, speed
from experiments import rows as rows_lib
from jaxpaint import canvas, studio
from jaxpaint.config import Config

SMALL = Config(height=24, width=24, strokes=2, crops=0, wides=1, steps=2, lift_below=0.0)
ROW = measures.Row("bundled", "float32", 1, 1, SMALL)


def gather(function, *arguments, limit=None, **keywords):
    """What `measures.apart` returns, without a process."""
    return {
        name: cell for columns in measures.caught(function, *arguments, **keywords)
        for name, cell in columns.items()
    }  # fmt: skip


def ends(how):
    """Columns of a process that yields some and then ends, or does not."""
    yield {"compile_s": 1.0}
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "fails":
        raise ValueError("no such thing")
    elif how == "hangs":
        signal.pause()
    yield {"step_ms": 2.0}


@pytest.fixture
def here(monkeypatch, tiny):
    """The tiny CLIP for every other, and no processes."""
    monkeypatch.setattr(speed, "load_clip", lambda *_: tiny)
    monkeypatch.setattr(measures, "apart", gather)


def empty():
    return {"device": "a", "matmul_flops_s": {"float32": 1e9}, "paintings": [], "rows": []}


def test_no_row_is_there_twice():
    usual = {name: studio.configure(speed.shaped(name, jnp.float32)) for name in speed.CLIPS}
    axes = {
        "strokes": [0],
        "cutouts": [0, 16],
        "canvases": [1, 4],
        "devices": [1, 2, 2],
        "blends": ["blend"],
    }
    rows = rows_lib.plan(speed.CLIPS, ["float32"], usual, **axes)
    found = [(row.clip, row.config.cutouts, row.devices, row.canvases) for row in rows]
    assert len(set(found)) == len(found)
    for name in speed.CLIPS:
        views = {usual[name].cutouts, 16}  # two of the bundled one; the others' own are 16
        mine = {(v, d, d * c) for v in views for d in (1, 2) for c in (1, 4)}
        assert {row[1:] for row in found if row[0] == name} == mine
    assert all(row.config.strokes == usual[row.clip].strokes for row in rows)


def test_every_row_is_written_at_once_and_a_failing_one_stops_none(tmp_path, monkeypatch):
    monkeypatch.setattr(measures, "apart", gather)
    result, there = empty(), []

    def way(row):
        file = tmp_path / "benchmark.json"
        there.append(len(json.loads(file.read_text())["rows"]) if file.exists() else 0)
        yield {"compile_s": 1.0}
        if row.canvases == 2:
            raise RuntimeError("Out of memory | while trying\nto allocate")
        yield {"step_ms": 4.0, "canvas_steps_s": 250.0 * row.canvases, "clip_flops_s": 1e9}

    rows = [ROW._replace(canvases=number) for number in (1, 2, 4)]
    rows_lib.sweep([*rows, rows[2]._replace(devices=2)], [way], result, tmp_path)
    assert there == [0, 1, 2, 3]
    written = json.loads((tmp_path / "benchmark.json").read_text())["rows"]
    assert all(tuple(row) == rows_lib.COLUMNS for row in written)
    assert [row["error"] for row in written] == [
        "", "RuntimeError: Out of memory | while trying", "", ""
    ]  # fmt: skip
    assert (written[1]["compile_s"], written[1]["step_ms"]) == (1.0, None)
    assert [row["canvas_steps_s_device"] for row in written] == [250.0, None, 1000.0, 500.0]
    assert [row["share_of_matmul"] for row in written] == [1.0, None, 1.0, 0.5]
    lines = (tmp_path / "benchmark.md").read_text().splitlines()
    assert len(lines) == 6 and {line.count("|") for line in lines} == {len(written[0]) + 1}


def test_the_plot_leaves_failed_rows_out(tmp_path):
    pytest.importorskip("matplotlib")
    cells = dict.fromkeys(rows_lib.COLUMNS) | rows_lib.label(ROW)
    full = cells | {"step_ms": 2.0}
    for rows in ([cells], [cells, full], [full, full | {"canvases": 4, "torch_ms": 9.0}]):
        with open(tmp_path / "a.png", "wb") as file:
            rows_lib.plot(empty() | {"rows": rows}, file)
        assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


def test_ratios_hold_a_device_against_a_device():
    cells = dict.fromkeys(rows_lib.COLUMNS) | rows_lib.label(ROW._replace(devices=2, canvases=8))
    cells |= {"step_ms": 10.0, "torch_one_ms": 5.0, "torch_ms": 30.0, "paint_ms": 6.0}
    cells |= {"cutouts_ms": 1.0, "clip_ms": 2.0, "update_ms": 0.5}
    found = rows_lib.ratios(cells, {"float32": 1.0})
    assert (found["faster_than_one"], found["faster_than_batch"]) == (2.0, 3.0)
    assert (found["paint_share"], found["parts_share"]) == (0.6, 0.95)


@pytest.mark.parametrize("name", ["blend", "blend_at_once", "blend_in_turn"])
def test_strokes_are_blended_by_what_is_asked_for(name, monkeypatch):
    """On a paper of one colour, as paintings have it; and `blend` is what it was afterwards."""
    alpha, colors, called = jnp.full((2, 3, 4), 0.5), jnp.eye(3)[:2], []
    usual, paper = canvas.blend, jnp.ones(3)
    expected, asked = usual(alpha, colors, paper), getattr(canvas, name)
    if name != "blend":
        monkeypatch.setattr(canvas, name, lambda *given: called.append(name) or asked(*given))
    with measures.blending(name):
        np.testing.assert_allclose(canvas.blend(alpha, colors, paper), expected, atol=1e-6)
    assert called == [name] * (name != "blend") and canvas.blend is usual
    with pytest.raises(AttributeError), measures.blending("blend_sideways"):
        pass


def test_a_process_that_fails_leaves_what_it_had_found():
    assert measures.apart(ends, "well") == {"compile_s": 1.0, "step_ms": 2.0}
    assert measures.apart(ends, "fails") == {
        "compile_s": 1.0, "error": "ValueError: no such thing"
    }  # fmt: skip
    found = measures.apart(ends, "killed")
    assert found["compile_s"] == 1.0 and "was killed" in found["error"] and len(found) == 2


def test_a_process_that_hangs_is_ended():
    found = measures.apart(ends, "hangs", limit=3.0)
    assert found["error"] == "not done after 0.05 minutes" and "step_ms" not in found


def test_the_row_that_counts_most_is_the_first():
    axes = rows_lib.SWEEPS["full"]
    usual = {name: studio.configure(speed.shaped(name, jnp.float32)) for name in speed.CLIPS}
    numbers = {
        name: [int(text) for text in axes[name].split(",")]
        for name in ("strokes", "cutouts", "canvases")
    }
    rows = rows_lib.plan(
        axes["clips"].split(","), ["bfloat16"], usual, devices=[1], blends=["blend"], **numbers
    )
    first = rows_lib.label(rows[0])
    found = [first[name] for name in ("clip", "strokes", "cutouts", "canvases")]
    assert found == ["b32", 256, 16, 64] and len(rows) == 40


def test_fewer_steps_a_call_of_many_canvases():
    many = ROW._replace(canvases=10_000)
    assert measures.steps_of(ROW, 20) == 20 and measures.steps_of(many, 20) < 20
    assert measures.steps_of(many, 2) == 2


def test_all_is_measured(here, tmp_path, capsys):
    """One program and one batch, tiny ones; and one that asks for devices that are not there."""
    result = empty()
    ways = [lambda row: measures.program(row, steps=2, calls=1)]
    number = 1 + jax.local_device_count()
    rows_lib.sweep([ROW._replace(devices=number), ROW], ways, result, tmp_path)
    failed, row = result["rows"]
    assert failed["error"].startswith("ValueError: ") and failed["step_ms"] is None
    assert row["error"] == ""
    lacking = {name for name, cell in row.items() if cell is None}
    rivals = {name for name in row if "torch" in name or name.startswith("faster")}
    assert lacking - {"peak_gb"} == rivals  # a CPU keeps no account of its memory
    assert row["canvas_steps_s"] == row["steps_s"] == pytest.approx(1e3 / row["step_ms"])
    assert row["s_500_steps"] == pytest.approx(0.5 * row["step_ms"])
    rows_lib.paint("bundled", "float32", 1, SMALL, result, tmp_path)
    (painted,) = json.loads((tmp_path / "benchmark.json").read_text())["paintings"]
    assert tuple(painted) == rows_lib.PAINTED and painted["error"] == ""
    assert painted["paintings"] == jax.local_device_count() and None not in painted.values()
    assert painted["begin_s"] + painted["steps_s"] + painted["files_s"] == pytest.approx(
        painted["batch_s"]
    )


def test_a_part_alone_takes_the_steps_that_it_is_timed_for(tiny):
    config = dataclasses.replace(SMALL, adam_eps=0.02)
    counted = measures.looped(lambda weights, step, moving, subject: moving + step, steps=3)
    assert counted(None, jnp.int32(4), jnp.int32(0), None) == 4 + 5 + 6
    painter = measures.painters.load("brush")
    networks, weights = studio.freeze(tiny, painter)
    text = jnp.ones(tiny.module.config.projection_dim)
    subject = measures.optimize.init_subject(text, 0, painter, config=config)
    part, first = measures.alone(networks, config)["update_ms"]
    state = measures.looped(part, steps=3)(weights, jnp.int32(0), first(subject), subject)
    assert state.step == 3
    assert np.abs(state.latents - first(subject).latents).max() > 0
