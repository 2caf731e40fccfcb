"""How fast paintings are made, and where the time goes.

    python -m experiments.benchmark --canvases=1,4,16 --clips=bundled,b32 --out=runs/benchmark

Every row of the sweep compiles `optimize.train_steps` and times it, then times its
four parts alone (painter and blend, cutouts and CLIP each with the gradient that they
pass on, and the update). FLOPs are those of the CLIP image tower, counted by hand:
a forward pass and the gradient of the pictures, which is what a step cannot do
without. The device's own rate is that of a large matrix product in the same type,
measured in the same run. Random weights stand in for hub models: speed is the same.
Writes `benchmark.json`, `benchmark.md` and `benchmark.png`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import time
from typing import Any

from absl import app, flags
import jax
import jax.numpy as jnp

from experiments import speed, torch_baseline
from jaxpaint import clip, cutouts, optimize, outputs, painters, sharding, studio
from jaxpaint.config import Config

_CANVASES = flags.DEFINE_list("canvases", ["1", "4", "16"], "Canvases C of the sweep.")
_CLIPS = flags.DEFINE_list("clips", ["bundled"], "Of: bundled, b32, b16.")
_STROKES = flags.DEFINE_list(
    "strokes", ["0", "256"], "Strokes S of the sweep; 0: as --quality=normal."
)
_CUTOUTS = flags.DEFINE_list("cutouts", ["0", "16"], "Cutouts K of the sweep; 0: likewise.")
_DTYPES = flags.DEFINE_list("dtypes", [], "Of CLIP; default: bfloat16, on a CPU float32.")
_STEPS = flags.DEFINE_integer("steps", 5, "Steps a call.", lower_bound=1)
_CALLS = flags.DEFINE_integer("calls", 5, "Timed calls, of which the median counts.")
_RIVAL = flags.DEFINE_bool("rival", False, "Time a PyTorch loop too (pip install torch).")
_OUT = flags.DEFINE_string("out", "runs/benchmark", "Folder to write to.")


def main(argv: list[str]) -> None:
    del argv
    fast = jax.default_backend() != "cpu"
    dtypes = _DTYPES.value or ["bfloat16" if fast else "float32"]
    rates = {dtype: speed.matmul_rate(dtype, side=8192 if fast else 2048) for dtype in dtypes}
    rows = []
    for name in _CLIPS.value:
        for dtype in dtypes:
            eye = speed.load_clip(name, jnp.dtype(dtype))
            for strokes in map(int, _STROKES.value):
                for views in map(int, _CUTOUTS.value):
                    for canvases in map(int, _CANVASES.value):
                        row = measure(eye, canvases, strokes, views)
                        if _RIVAL.value:
                            row |= rival(eye, canvases, strokes, views, dtype, row)
                        row["share_of_matmul"] = row["clip_flops_s"] / rates[dtype]
                        rows.append({"clip": name, "dtype": dtype} | row)
                        print(json.dumps(rows[-1]), flush=True)
    device = jax.devices()[0]
    result = {
        "device": f"{device.platform} {device.device_kind}", "jax": jax.__version__,
        "matmul_flops_s": rates, "steps_a_call": _STEPS.value, "rows": rows,
    }  # fmt: skip
    write(result, pathlib.Path(_OUT.value))


def settings(eye: clip.Clip, strokes: int, views: int) -> Config:
    """What the CLIP is painted with (`studio.configure`), but for strokes and views if not 0."""
    normal = studio.configure(eye)
    views = views or normal.cutouts
    wides = max(1, round(views * normal.wides / normal.cutouts))
    return dataclasses.replace(
        normal, strokes=strokes or normal.strokes, crops=views - wides, wides=wides, zooms=0
    )


def measure(eye: clip.Clip, canvases: int, strokes: int, views: int) -> dict[str, Any]:
    """Times and rates of one program."""
    config = settings(eye, strokes, views)
    painter = painters.load("brush")
    networks, weights = studio.freeze(eye, painter)
    jobs = [studio.Job("a", seed, pathlib.Path()) for seed in range(canvases)]
    text = jnp.ones(eye.module.config.projection_dim) / eye.module.config.projection_dim**0.5
    subjects = [optimize.init_subject(text, j.seed, painter, config=config) for j in jobs]
    subject = jax.tree.map(lambda *leaves: jnp.stack(leaves), *subjects)
    state = jax.vmap(lambda seed: optimize.init(seed, config=config))(subject.seed)
    keywords = {"networks": networks, "config": config, "steps": _STEPS.value}
    began = time.perf_counter()
    program = optimize.train_steps.lower(state, subject, weights, **keywords).compile()
    compile_s = time.perf_counter() - began
    use = program.memory_analysis()
    parts = {
        name: 1e3 * speed.seconds(part, *arguments, calls=_CALLS.value)
        for name, (part, *arguments) in alone(state, subject, weights, networks, config).items()
    }
    fresh = lambda: jax.tree.map(jnp.copy, state)  # noqa: E731  the program takes its state's place
    call = speed.seconds(lambda: program(fresh(), subject, weights)[0], calls=_CALLS.value)
    step = call / _STEPS.value
    flops = canvases * config.cutouts * speed.image_flops(eye)
    return {
        "canvases": canvases, "strokes": config.strokes, "cutouts": config.cutouts,
        "side": config.width,
        "compile_s": compile_s, "step_ms": 1e3 * step, "canvas_steps_s": canvases / step,
        "clip_images_s": canvases * config.cutouts / step, **parts, "clip_flops_s": flops / step,
        "memory_gb": 1e-9 * (use.temp_size_in_bytes + use.argument_size_in_bytes),
        "paintings_h": 3600 * canvases / step / config.steps,
    }  # fmt: skip


def rival(
    eye: clip.Clip, canvases: int, strokes: int, views: int, dtype: str, row: dict[str, Any]
) -> dict[str, Any]:
    """What a PyTorch loop takes for the program that a row is about, and the ratios.

    `torch_one_ms` is a step of one canvas, `torch_ms` one of them all in a batch;
    `faster_than_one` holds jaxpaint against the canvases one at a time.
    """
    shape = eye.module.config
    vision = shape.vision_config.to_dict() | {"projection_dim": shape.projection_dim}
    config = settings(eye, strokes, views)
    one, many = (
        1e3 * torch_baseline.step_seconds(
            vision, number, config.cutouts, config, dtype=dtype, calls=_CALLS.value
        )
        for number in (1, canvases)
    )  # fmt: skip
    return {
        "torch_one_ms": one, "torch_ms": many,
        "faster_than_one": canvases * one / row["step_ms"],
        "faster_than_batch": many / row["step_ms"],
    }  # fmt: skip


def alone(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    networks: optimize.Networks, config: Config,
) -> dict[str, tuple[Any, ...]]:  # fmt: skip
    """The parts of a step, each a jitted function and its arguments."""

    def paint(weights, state, subject):
        def total(latents):
            picture, _ = optimize.paint(
                latents, subject.noise, networks.painter, weights.painter, config=config
            )
            return jnp.sum(picture**2)

        return jax.grad(total)(state.latents)

    def cut(_, picture, seed):
        def total(picture):
            key = jax.random.key(seed)
            views = cutouts.make(key, picture, resolution=networks.resolution, config=config)
            return jnp.sum(views**2)

        return jax.grad(total)(picture)

    def look(weights, views):
        total = lambda v: jnp.sum(clip.encode_image(networks.clip, weights.clip, v)[:, 0])  # noqa: E731
        return jax.grad(total)(views)

    canvases = len(state.step)
    many = functools.partial(sharding.per_canvas, config=config)
    pictures = jnp.full((canvases, config.height, config.width, 3), 0.5)
    views = jnp.full((canvases, config.cutouts, *[networks.resolution] * 2, 3), 0.5)
    update = many(lambda _, state: optimize.nudge(state, state.latents, config=config))
    return {
        "paint_ms": (jax.jit(many(paint)), weights, state, subject),
        "cutouts_ms": (jax.jit(many(cut)), weights, pictures, subject.seed),
        "clip_ms": (jax.jit(many(look)), weights, views),
        "update_ms": (jax.jit(update), weights, state),
    }


def write(result: dict[str, Any], folder: pathlib.Path) -> None:
    """Writes the results as JSON, as a Markdown table and as a plot."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1)
    outputs.write(folder / "benchmark.json", lambda f: f.write(text.encode()))
    columns = [name for name in result["rows"][0]]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    shown = lambda x: f"{x:.3g}" if isinstance(x, float) else str(x)  # noqa: E731
    lines += ["| " + " | ".join(shown(row[c]) for c in columns) + " |" for row in result["rows"]]
    table = "\n".join(lines) + "\n"
    outputs.write(folder / "benchmark.md", lambda f: f.write(table.encode()))
    print(table)
    outputs.write(folder / "benchmark.png", lambda f: plot(result, f))


def plot(result: dict[str, Any], file: Any) -> None:
    """Milliseconds a canvas and step against canvases, a line a program."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in result["rows"]:
        label = f"{row['clip']} {row['dtype']}, {row['strokes']} strokes, {row['cutouts']} cutouts"
        lines.setdefault(label, []).append((row["canvases"], row["step_ms"] / row["canvases"]))
    for label, points in lines.items():
        axes.plot(*zip(*sorted(points)), marker="o", label=label)
    axes.set(xscale="log", yscale="log", xlabel="canvases", ylabel="ms a canvas and step")
    axes.set_title(result["device"], fontsize=9)
    axes.legend(fontsize=7)
    figure.savefig(file, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    app.run(main)
