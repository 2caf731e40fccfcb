"""How fast paintings are made, and where the time goes.

    python -m experiments.benchmark --canvases=1,4,16 --clips=bundled,b32 --out=runs/benchmark

Every row of the sweep compiles `optimize.train_steps` and times it, then times its
four parts alone (painter and blend, cutouts and CLIP each with the gradient that they
pass on, and the update). FLOPs are those of the CLIP image tower, counted by hand:
a forward pass and the gradient of the pictures, which is what a step cannot do
without. The device's own rate is that of a large matrix product in the same type,
measured in the same run. Random weights stand in for hub models: speed is the same.

Writes `benchmark.json` and `benchmark.md` after every row, and `benchmark.png` at the end.
A row that fails, for want of memory or whatever, says why in the column `error`, and the
next one is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import functools
import importlib.util
import json
import os
import pathlib
from typing import Any

from absl import app, flags

from experiments import measures, speed
from jaxpaint import outputs
from jaxpaint.config import Config

_CANVASES = flags.DEFINE_list("canvases", ["1", "4", "16"], "Canvases C of the sweep.")
_CLIPS = flags.DEFINE_list("clips", ["bundled"], f"Of: {', '.join(speed.CLIPS)}.")
_STROKES = flags.DEFINE_list(
    "strokes", ["0", "256"], "Strokes S of the sweep; 0: as --quality=normal."
)
_CUTOUTS = flags.DEFINE_list("cutouts", ["0", "16"], "Cutouts K of the sweep; 0: likewise.")
_DTYPES = flags.DEFINE_list("dtypes", [], "Of CLIP; default: bfloat16, on a CPU float32.")
_STEPS = flags.DEFINE_integer("steps", 5, "Steps a call.", lower_bound=1)
_CALLS = flags.DEFINE_integer("calls", 5, "Timed calls, of which the median counts.")
_RIVAL = flags.DEFINE_bool("rival", False, "Time a PyTorch loop too (pip install torch).")
_OUT = flags.DEFINE_string("out", "runs/benchmark", "Folder to write to.")

# Every row has them all; what was not measured is None.
COLUMNS = (
    "clip", "dtype", "canvases", "strokes", "cutouts", "side",
    "compile_s", "step_ms", "canvas_steps_s", "paintings_h",
    "paint_ms", "cutouts_ms", "clip_ms", "update_ms",
    "clip_images_s", "clip_flops_s", "share_of_matmul", "memory_gb",
    "torch_one_ms", "torch_ms", "faster_than_one", "faster_than_batch", "error",
)  # fmt: skip


def main(argv: list[str]) -> None:
    del argv
    if unknown := set(_CLIPS.value) - set(speed.CLIPS):
        raise app.UsageError(f"--clips: {', '.join(unknown)} is none of {', '.join(speed.CLIPS)}")
    if _RIVAL.value and importlib.util.find_spec("torch") is None:
        raise app.UsageError("the rival is missing: pip install torch")
    # JAX would take three quarters of a GPU's memory, the most it ever needed or not, and leave
    # PyTorch the rest. Processes that measure inherit this; this one never starts a device.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    found = measures.apart(measures.describe, _CLIPS.value, _DTYPES.value)
    if "error" in found:
        raise SystemExit(found["error"])
    rows = [
        measures.Row(name, dtype, canvases, settings(found["usual"][name], strokes, views))
        for name in _CLIPS.value
        for dtype in found["dtypes"]
        for strokes in map(int, _STROKES.value)
        for views in map(int, _CUTOUTS.value)
        for canvases in map(int, _CANVASES.value)
    ]
    shown = ("device", "jax", "matmul_flops_s")
    result = {name: found[name] for name in shown} | {"steps_a_call": _STEPS.value, "rows": []}
    ways = [functools.partial(measures.program, steps=_STEPS.value, calls=_CALLS.value)]
    if _RIVAL.value:
        ways.append(functools.partial(measures.rival, calls=_CALLS.value))
    folder = pathlib.Path(_OUT.value)
    sweep(rows, ways, result, folder)
    print(table(result["rows"], COLUMNS))
    outputs.write(folder / "benchmark.png", lambda f: plot(result, f))


def settings(normal: Config, strokes: int, views: int) -> Config:
    """What a CLIP is painted with (`studio.configure`), but for strokes and views if not 0."""
    views = views or normal.cutouts
    wides = max(1, round(views * normal.wides / normal.cutouts))
    return dataclasses.replace(
        normal, strokes=strokes or normal.strokes, crops=views - wides, wides=wides, zooms=0
    )


def sweep(
    rows: Sequence[measures.Row], ways: Sequence[Callable[..., measures.Columns]],
    result: dict[str, Any], folder: pathlib.Path,
) -> None:  # fmt: skip
    """Measures all rows in all ways, each in a process of its own, into `result["rows"]`."""
    for row in rows:
        found = [measures.apart(way, row) for way in ways]
        errors = [columns.pop("error") for columns in found if "error" in columns]
        cells = dict.fromkeys(COLUMNS) | label(row)
        for columns in found:
            cells |= columns
        cells |= ratios(cells, result["matmul_flops_s"]) | {"error": "; ".join(errors)}
        result["rows"].append(cells)
        write(result, folder)
        print(json.dumps(cells), flush=True)


def label(row: measures.Row) -> dict[str, Any]:
    """The columns that say what a row is of."""
    config = row.config
    return {
        "clip": row.clip, "dtype": row.dtype, "canvases": row.canvases,
        "strokes": config.strokes, "cutouts": config.cutouts, "side": config.width,
    }  # fmt: skip


def ratios(cells: dict[str, Any], rates: dict[str, float]) -> dict[str, Any]:
    """Columns that follow from others, as far as those are there.

    `faster_than_one` holds jaxpaint against PyTorch's canvases one at a time.
    """
    canvases, step = cells["canvases"], cells["step_ms"]
    over = lambda a, b: a / b if a is not None and b is not None else None  # noqa: E731
    one = over(cells["torch_one_ms"], step)
    return {
        "share_of_matmul": over(cells["clip_flops_s"], rates[cells["dtype"]]),
        "faster_than_one": None if one is None else canvases * one,
        "faster_than_batch": over(cells["torch_ms"], step),
    }


def write(result: dict[str, Any], folder: pathlib.Path) -> None:
    """Writes the results as JSON and as a Markdown table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1)
    outputs.write(folder / "benchmark.json", lambda f: f.write(text.encode()))
    markdown = table(result["rows"], COLUMNS)
    outputs.write(folder / "benchmark.md", lambda f: f.write(markdown.encode()))


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Rows as a Markdown table."""

    def shown(cell: Any) -> str:
        if isinstance(cell, float):
            return f"{cell:.3g}"
        return "" if cell is None else str(cell).replace("|", "/")

    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(shown(row[c]) for c in columns) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def plot(result: dict[str, Any], file: Any) -> None:
    """Milliseconds a canvas and step against canvases, a line a program."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in result["rows"]:
        if row["step_ms"] is not None:
            name = f"{row['clip']} {row['dtype']}, {row['strokes']} strokes"
            point = (row["canvases"], row["step_ms"] / row["canvases"])
            lines.setdefault(f"{name}, {row['cutouts']} cutouts", []).append(point)
    for name, points in lines.items():
        axes.plot(*zip(*sorted(points)), marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="canvases", ylabel="ms a canvas and step")
    axes.set_title(result["device"], fontsize=9)
    if lines:
        axes.legend(fontsize=7)
    figure.savefig(file, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    app.run(main)
