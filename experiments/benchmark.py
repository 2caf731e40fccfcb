"""How fast paintings are made, and where the time goes.

    python -m experiments.benchmark --sweep=full --rival                   # an accelerator
    python -m experiments.benchmark --canvases=1,4 --clips=bundled,b32     # or what is asked for

Every row of the sweep compiles `optimize.train_steps` and times it, then its four parts
alone (painter and blend, cutouts and CLIP each with the gradient that they pass on, and the
update), in loops of as many steps. FLOPs are those of the CLIP image tower, counted by hand:
a forward pass and the gradient of the pictures, which is what a step cannot do
without. The device's own rate is that of a large matrix product in the same type,
measured in the same run. Random weights stand in for hub models: speed is the same.
Besides, one batch is painted as `jaxpaint.paint` does, with everything before and after the steps.

Writes `benchmark.json` and `benchmark.md` after every row, and `benchmark.png` at the end.
A row that fails, for want of memory or whatever, says why in the column `error`, and the
next one is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import functools
import importlib.util
import itertools
import json
import os
import pathlib
from typing import Any

from absl import app, flags

from experiments import measures, speed
from jaxpaint import outputs
from jaxpaint.config import Config

# What is swept over; other flags overrule it.
SWEEPS = {
    "quick": {"clips": "bundled", "canvases": "1,4,16", "strokes": "0", "cutouts": "0"},
    "full": {
        "clips": "bundled,b32,b16", "canvases": "1,4,16,64,256", "strokes": "0,256",
        "cutouts": "0,16",
    },
}  # fmt: skip
_SWEEP = flags.DEFINE_enum(
    "sweep", "quick", list(SWEEPS), "What --clips, --canvases, --strokes and --cutouts are unless "
    "given. " + "; ".join(
        f"{name}: " + " ".join(f"--{flag}={value}" for flag, value in sweep.items())
        for name, sweep in SWEEPS.items()
    ) + ", for an accelerator; what does not fit there is a row with an error.",
)  # fmt: skip
_CLIPS = flags.DEFINE_list("clips", None, f"Of: {', '.join(speed.CLIPS)}.")
_CANVASES = flags.DEFINE_list("canvases", None, "Canvases of the sweep, on every device.")
_STROKES = flags.DEFINE_list("strokes", None, "Strokes S of the sweep; 0: as --quality=normal.")
_CUTOUTS = flags.DEFINE_list("cutouts", None, "Cutouts K of the sweep; 0: likewise.")
_DEVICES = flags.DEFINE_list(
    "devices", ["1"], "Devices that share the canvases; all: as many as there are. Where they "
    "scale, a step takes as long on many as on one."
)  # fmt: skip
_DTYPES = flags.DEFINE_list("dtypes", [], "Of CLIP; default: bfloat16, on a CPU float32.")
_BLENDS = flags.DEFINE_list(
    "blends", ["blend"], "Functions of jaxpaint/canvas.py to blend strokes with, to hold them "
    "against one another: blend (the platform's own), blend_at_once, blend_in_turn."
)  # fmt: skip
_STEPS = flags.DEFINE_integer(
    "steps", None, "Steps a call; default: 5, on an accelerator 20.", lower_bound=1
)
_CALLS = flags.DEFINE_integer("calls", 5, "Timed calls, of which the median counts.", lower_bound=1)
_RIVAL = flags.DEFINE_bool("rival", False, "Time a PyTorch loop too (pip install torch).")
_PAINTINGS = flags.DEFINE_integer(
    "paintings", None, "Paintings, on every device, of the batch that is painted from prompt to "
    "files with every CLIP; 0: none. Default: 2, on an accelerator 16, with bundled only.",
    lower_bound=0,
)  # fmt: skip
_OUT = flags.DEFINE_string("out", "runs/benchmark", "Folder to write to.")

# Every row has them all; what was not measured is None.
COLUMNS = (
    "clip", "dtype", "devices", "canvases", "strokes", "cutouts", "side",
    "blend", "compile_s", "step_ms", "spread", "steps_s", "canvas_steps_s", "canvas_steps_s_device",
    "s_500_steps", "paint_ms", "cutouts_ms", "clip_ms", "update_ms", "paint_share", "parts_share",
    "clip_images_s", "clip_flops_s", "share_of_matmul", "memory_gb", "peak_gb",
    "torch_one_ms", "torch_ms", "faster_than_one", "faster_than_batch", "torch_gb", "error",
)  # fmt: skip
# The same of the second table, of batches painted from prompt to files.
PAINTED = (
    "clip", "dtype", "devices", "paintings", "strokes", "cutouts", "side", "steps",
    "first_s", "batch_s", "begin_s", "steps_s", "files_s", "paintings_h", "error",
)  # fmt: skip


def main(argv: list[str]) -> None:
    del argv
    clips = asked(_CLIPS)
    if unknown := set(clips) - set(speed.CLIPS):
        raise app.UsageError(f"--clips: {', '.join(unknown)} is none of {', '.join(speed.CLIPS)}")
    axes = {flag.name: numbers(flag) for flag in (_STROKES, _CUTOUTS, _CANVASES, _DEVICES)}
    if _RIVAL.value and importlib.util.find_spec("torch") is None:
        raise app.UsageError("the rival is missing: pip install torch")
    # JAX would take three quarters of a GPU's memory, the most it ever needed or not, and leave
    # PyTorch the rest. Processes that measure inherit this; this one never starts a device.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    found = measures.apart(measures.describe, clips, _DTYPES.value)
    if "error" in found:
        raise SystemExit(found["error"])
    axes["devices"] = [number or found["devices"] for number in axes["devices"]]
    rows = plan(clips, found["dtypes"], found["usual"], blends=_BLENDS.value, **axes)
    steps = _STEPS.value or (20 if found["fast"] else 5)
    shown = ("device", "devices", "jax", "matmul_flops_s")
    result = {name: found[name] for name in shown} | {"steps_a_call": steps}
    result |= {"paintings": [], "rows": []}
    folder = pathlib.Path(_OUT.value)
    number = _PAINTINGS.value
    for name, dtype in itertools.product(clips, found["dtypes"]):
        some = number if number is not None else (name == "bundled") * (16 if found["fast"] else 2)
        if some:
            paint(name, dtype, some, found["usual"][name], result, folder)
    ways = [functools.partial(measures.program, steps=steps, calls=_CALLS.value)]
    if _RIVAL.value:
        ways.append(functools.partial(
            measures.rival, vision=found["vision"], steps=steps, calls=_CALLS.value
        ))  # fmt: skip
    sweep(rows, ways, result, folder)
    print(markdown(result))
    if importlib.util.find_spec("matplotlib") is None:
        print("no benchmark.png: pip install matplotlib")
    else:
        outputs.write(folder / "benchmark.png", lambda f: plot(result, f))


def asked(flag: flags.FlagHolder) -> list[str]:
    """What a flag of the sweep says, or the sweep in its place."""
    return SWEEPS[_SWEEP.value][flag.name].split(",") if flag.value is None else flag.value


def numbers(flag: flags.FlagHolder) -> list[int]:
    """The same of a flag that is a list of numbers; 0 for `all`."""
    try:
        return [0 if text == "all" and flag is _DEVICES else int(text) for text in asked(flag)]
    except ValueError as error:
        raise app.UsageError(f"--{flag.name} wants numbers with commas between: {error}") from None


def plan(
    clips: Sequence[str], dtypes: Sequence[str], usual: Mapping[str, Config],
    *, strokes: Sequence[int], cutouts: Sequence[int], canvases: Sequence[int],
    devices: Sequence[int], blends: Sequence[str],
) -> list[measures.Row]:  # fmt: skip
    """The rows of a sweep, each once: 0 may stand for a number that is asked for too.

    `canvases` are a device's, those of a row are of all its devices.
    """
    axes = itertools.product(clips, dtypes, strokes, cutouts, canvases, devices, blends)
    return list(dict.fromkeys(
        measures.Row(name, dtype, number, number * own, settings(usual[name], some, views), blend)
        for name, dtype, some, views, own, number, blend in axes
    ))  # fmt: skip


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


def paint(
    name: str, dtype: str, number: int, config: Config, result: dict[str, Any],
    folder: pathlib.Path,
) -> None:  # fmt: skip
    """Paints so many on every device, likewise, into `result["paintings"]`."""
    cells = dict.fromkeys(PAINTED) | {"error": ""}
    cells |= measures.apart(measures.whole, name, dtype, number=number, config=config)
    result["paintings"].append(cells)
    write(result, folder)
    print(json.dumps(cells), flush=True)


def label(row: measures.Row) -> dict[str, Any]:
    """The columns that say what a row is of."""
    config = row.config
    return {
        "clip": row.clip, "dtype": row.dtype, "devices": row.devices, "canvases": row.canvases,
        "strokes": config.strokes, "cutouts": config.cutouts, "side": config.width,
        "blend": row.blend,
    }  # fmt: skip


def ratios(cells: dict[str, Any], rates: dict[str, float]) -> dict[str, Any]:
    """Columns that follow from others, as far as those are there.

    `faster_than_one` holds jaxpaint against PyTorch's canvases one at a time, a device against a
    device.
    """
    devices, step = cells["devices"], cells["step_ms"]
    parts = [cells[name] for name in ("paint_ms", "cutouts_ms", "clip_ms", "update_ms")]
    over = lambda a, b: a / b if a is not None and b is not None else None
    one = over(cells["torch_one_ms"], step)
    return {
        "canvas_steps_s_device": over(cells["canvas_steps_s"], devices),
        "paint_share": over(cells["paint_ms"], step),
        "parts_share": over(None if None in parts else sum(parts), step),
        "share_of_matmul": over(cells["clip_flops_s"], devices * rates[cells["dtype"]]),
        "faster_than_one": None if one is None else cells["canvases"] / devices * one,
        "faster_than_batch": over(cells["torch_ms"], step),
    }


def write(result: dict[str, Any], folder: pathlib.Path) -> None:
    """Writes the results as JSON and as Markdown tables."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1)
    outputs.write(folder / "benchmark.json", lambda f: f.write(text.encode()))
    outputs.write(folder / "benchmark.md", lambda f: f.write(markdown(result).encode()))


def markdown(result: dict[str, Any]) -> str:
    """The tables that there is something in."""
    both = ((result["paintings"], PAINTED), (result["rows"], COLUMNS))
    return "\n".join(table(rows, columns) for rows, columns in both if rows)


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
            name = (
                f"{row['clip']} {row['dtype']}, {row['strokes']} strokes, {row['cutouts']} cutouts"
            )
            name += f", {row['devices']} devices" if row["devices"] > 1 else ""
            name += f", {row['blend']}" if row["blend"] != "blend" else ""
            point = (row["canvases"], row["step_ms"] / row["canvases"])
            lines.setdefault(name, []).append(point)
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
