"""What a row of `benchmark` is measured by; every function here yields columns as they are known.

`apart` calls one in a process of its own. A row then has the device's whole memory, however much
the rows before it took, its peak of memory is its own, and whatever ends it ends nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
import functools
import multiprocessing
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
import numpy as np

from experiments import speed, torch_baseline
from jaxpaint import clip, cutouts, optimize, painters, sharding, studio
from jaxpaint.config import Config

Columns = Iterator[dict[str, Any]]
_ERROR = 300  # letters of an error that are kept


class Row(NamedTuple):
    """One program of the sweep."""

    clip: str  # of `speed.CLIPS`
    dtype: str  # of CLIP
    devices: int  # that share the canvases
    canvases: int  # C, on all of them
    config: Config


def apart(function: Callable[..., Columns], *arguments: Any, **keywords: Any) -> dict[str, Any]:
    """All columns that a function yields in a process of its own; see `gather`."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(gather, function, *arguments, **keywords).result()
        except BrokenProcessPool:
            return {"error": "the process was killed, as systems do when memory runs out"}


def gather(function: Callable[..., Columns], *arguments: Any, **keywords: Any) -> dict[str, Any]:
    """All columns that a function yields; if it fails, those until then and `error`, one line."""
    found = {}
    try:
        for columns in function(*arguments, **keywords):
            found |= columns
    except Exception as error:  # whatever it is: the next row may fit
        lines = [line for line in str(error).splitlines() if line.strip()]
        found["error"] = f"{type(error).__name__}: {' '.join(lines[:1])}"[:_ERROR]
    return found


def describe(clips: Sequence[str], dtypes: Sequence[str]) -> Columns:
    """The device, its rate of matrix products, and with which settings the CLIPs are painted."""
    device = jax.devices()[0]
    fast = device.platform != "cpu"
    dtypes = dtypes or ["bfloat16" if fast else "float32"]
    yield {
        "device": f"{device.platform} {device.device_kind}", "devices": jax.local_device_count(),
        "dtypes": dtypes, "jax": jax.__version__,
        "usual": {name: studio.configure(speed.shaped(name, jnp.float32)) for name in clips},
        "matmul_flops_s": {
            dtype: speed.matmul_rate(dtype, side=8192 if fast else 2048) for dtype in dtypes
        },
    }  # fmt: skip


def program(row: Row, *, steps: int, calls: int) -> Columns:
    """Times and rates of `optimize.train_steps`, and the times of its parts alone."""
    canvases, config, mesh = row.canvases, row.config, make_mesh(row.devices)
    eye, painter = speed.load_clip(row.clip, jnp.dtype(row.dtype)), painters.load("brush")
    networks, weights = studio.freeze(eye, painter)
    text = jnp.ones(eye.module.config.projection_dim) / eye.module.config.projection_dim**0.5
    subjects = [
        optimize.init_subject(text, seed, painter, config=config) for seed in range(canvases)
    ]
    subject = jax.tree.map(lambda *leaves: jnp.stack(leaves), *subjects)
    state = jax.vmap(lambda seed: optimize.init(seed, config=config))(subject.seed)
    state, subject = sharding.deal((state, subject), mesh)
    weights = sharding.copy(weights, mesh)
    keywords = {"networks": networks, "config": config, "steps": steps, "mesh": mesh}
    began = time.perf_counter()
    compiled = optimize.train_steps.lower(state, subject, weights, **keywords).compile()
    use = compiled.memory_analysis()
    yield {
        "compile_s": time.perf_counter() - began,
        "memory_gb": 1e-9 * (use.temp_size_in_bytes + use.argument_size_in_bytes),
    }
    fresh = lambda: jax.tree.map(jnp.copy, state)  # noqa: E731  the program takes its state's place
    step = speed.seconds(lambda: compiled(fresh(), subject, weights)[0], calls=calls) / steps
    flops = canvases * config.cutouts * speed.image_flops(eye)
    yield {
        "step_ms": 1e3 * step, "canvas_steps_s": canvases / step,
        "clip_images_s": canvases * config.cutouts / step, "clip_flops_s": flops / step,
        "paintings_h": 3600 * canvases / step / config.steps,
    }  # fmt: skip
    parts = alone(state, subject, weights, networks, config, mesh)
    for name, (part, *arguments) in parts.items():
        yield {name: 1e3 * speed.seconds(part, *arguments, calls=calls)}


def make_mesh(number: int) -> Mesh | None:
    """So many of this process's devices, as `sharding.local_mesh` has them all; None for one."""
    devices = jax.local_devices()
    if number > len(devices):
        raise ValueError(f"{number} devices are asked for and {len(devices)} are there")
    return Mesh(np.array(devices[:number]), (sharding.AXIS,)) if number > 1 else None


def rival(row: Row, *, calls: int) -> Columns:
    """What a PyTorch loop takes on one device for what a row does on each of its own.

    `torch_one_ms` is a step of one canvas, `torch_ms` one of a device's canvases in a batch.
    """
    shape = speed.shaped(row.clip, jnp.float32).module.config
    vision = shape.vision_config.to_dict() | {"projection_dim": shape.projection_dim}
    for name, canvases in {"torch_one_ms": 1, "torch_ms": row.canvases // row.devices}.items():
        yield {
            name: 1e3 * torch_baseline.step_seconds(
                vision, canvases, row.config.cutouts, row.config, dtype=row.dtype, calls=calls
            )
        }  # fmt: skip


def alone(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    networks: optimize.Networks, config: Config, mesh: Mesh | None,
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
    many = functools.partial(sharding.per_canvas, config=config, mesh=mesh)
    pictures = jnp.full((canvases, config.height, config.width, 3), 0.5)
    views = jnp.full((canvases, config.cutouts, *[networks.resolution] * 2, 3), 0.5)
    pictures, views = sharding.deal((pictures, views), mesh)
    update = many(lambda _, state: optimize.nudge(state, state.latents, config=config))
    return {
        "paint_ms": (jax.jit(many(paint)), weights, state, subject),
        "cutouts_ms": (jax.jit(many(cut)), weights, pictures, subject.seed),
        "clip_ms": (jax.jit(many(look)), weights, views),
        "update_ms": (jax.jit(update), weights, state),
    }
