"""The rows of `benchmark`: which there are, their columns, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import importlib.util
import itertools
import json
import pathlib
from typing import Any

from experiments import measures
from jaxpaint import outputs
from jaxpaint.config import Config

# What `benchmark` sweeps over, what counts most first: a sweep may be stopped at any time.
SWEEPS = {
    "quick": {"clips": "bundled", "canvases": "1,4,16", "strokes": "0", "cutouts": "0"},
    "full": {
        "clips": "b32,bundled,b16", "canvases": "64,16,4,1,256", "strokes": "256,0",
        "cutouts": "16,0",
    },
}  # fmt: skip
# Every row has them all; what was not measured is None.
COLUMNS = (
    "clip", "dtype", "devices", "canvases", "strokes", "cutouts", "side",
    "blend", "compile_s", "steps_a_call", "step_ms", "spread", "steps_s", "canvas_steps_s",
    "canvas_steps_s_device", "s_500_steps", "paint_ms", "cutouts_ms", "clip_ms", "update_ms",
    "paint_share", "parts_share", "clip_images_s", "clip_flops_s", "share_of_matmul",
    "memory_gb", "peak_gb",
    "torch_one_ms", "torch_ms", "faster_than_one", "faster_than_batch", "torch_gb", "error",
)  # fmt: skip
# The same of the second table, of batches painted from prompt to files.
PAINTED = (
    "clip", "dtype", "devices", "paintings", "strokes", "cutouts", "side", "steps",
    "first_s", "batch_s", "begin_s", "steps_s", "files_s", "paintings_h", "error",
)  # fmt: skip


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
    result: dict[str, Any], folder: pathlib.Path, *, limit: float | None = None,
) -> None:  # fmt: skip
    """Measures all rows in all ways, each in a process of its own, into `result["rows"]`.

    `limit` is what a way may take, in seconds.
    """
    for row in rows:
        found = [measures.apart(way, row, limit=limit) for way in ways]
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
    folder: pathlib.Path, *, limit: float | None = None,
) -> None:  # fmt: skip
    """Paints so many on every device, likewise, into `result["paintings"]`."""
    cells = dict.fromkeys(PAINTED) | {"error": ""}
    cells |= measures.apart(measures.whole, name, dtype, number=number, config=config, limit=limit)
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
    """Writes the results as JSON, as Markdown tables and, if matplotlib is there, as a plot."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1)
    outputs.write(folder / "benchmark.json", lambda f: f.write(text.encode()))
    outputs.write(folder / "benchmark.md", lambda f: f.write(markdown(result).encode()))
    if result["rows"] and importlib.util.find_spec("matplotlib"):
        try:
            outputs.write(folder / "benchmark.png", lambda f: plot(result, f))
        except Exception as error:  # whatever it is: for want of a plot no row is lost
            print(f"no benchmark.png: {error}", flush=True)


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
    """Milliseconds a canvas and step against canvases, a line a program; PyTorch's are dashed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5))
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in result["rows"]:
        name = f"{row['clip']} {row['dtype']}, {row['strokes']} strokes, {row['cutouts']} cutouts"
        name += f", {row['devices']} devices" if row["devices"] > 1 else ""
        name += f", {row['blend']}" if row["blend"] != "blend" else ""
        lines.setdefault(name, []).append(row)
    for number, (name, rows) in enumerate(lines.items()):
        for column, style in {"step_ms": "o-", "torch_ms": "x--"}.items():
            # As if PyTorch, which has one device's canvases, ran on all of them likewise.
            points = sorted(
                (row["canvases"], row[column] / row["canvases"]) for row in rows
                if row[column] is not None
            )  # fmt: skip
            if points:
                label = name if column == "step_ms" else None
                axes.plot(*zip(*points), style, color=f"C{number}", label=label)
    axes.set(xscale="log", yscale="log", xlabel="canvases", ylabel="ms a canvas and step")
    axes.set_title(f"{result['device']} (dashed: PyTorch in a batch)", fontsize=9)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6)
    figure.savefig(file, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)
