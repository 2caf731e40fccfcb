"""What a row of `benchmark` is measured by; every function here yields columns as they are known.

`apart` calls one in a process of its own. A row then has the device's whole memory, however much
the rows before it took, its peak of memory is its own, and whatever ends it ends nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import multiprocessing
from multiprocessing.connection import Connection
import pathlib
import statistics
import tempfile
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
import numpy as np

from experiments import scores, speed, torch_baseline
from jaxpaint import (
    batch,
    canvas,
    clip,
    cutouts,
    losses,
    optimize,
    outputs,
    painters,
    prompts,
    sharding,
    studio,
)
from jaxpaint.config import Config

Columns = Iterator[dict[str, Any]]
_ERROR = 300  # letters of an error that are kept
_MANY, _FEW = 512, 5  # views in a step from which on a call has few steps, and how few
_LITTLE = 1e-6  # how far a part alone goes against its gradient
# What is painted end to end; the bundled CLIP knows every word.
_PROMPTS = (
    "black sheep", "red apple", "green tree", "cat", "house", "yellow sun", "purple butterfly",
    "blue fish",
)  # fmt: skip


class Row(NamedTuple):
    """One program of the sweep."""

    clip: str  # of `speed.CLIPS`
    dtype: str  # of CLIP
    devices: int  # that share the canvases
    canvases: int  # C, on all of them
    config: Config
    blend: str = "blend"  # the function of `canvas` that blends


def apart(
    function: Callable[..., Columns], *arguments: Any, limit: float | None = None, **keywords: Any
) -> dict[str, Any]:
    """All columns that a function yields in a process of its own, and `error` if it fails.

    It has failed too if it is killed or takes more than `limit` seconds; what it had yielded is
    there all the same.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments, keywords))
    process.start()
    sender.close()  # so that the pipe ends with the process
    found, began = {}, time.monotonic()
    try:
        while limit is None or receiver.poll(max(0.0, began + limit - time.monotonic())):
            if (columns := receiver.recv()) is None:
                return found
            found |= columns
        return found | {"error": f"not done after {limit / 60:g} minutes"}
    except EOFError:
        return found | {"error": "the process was killed, as systems do when memory runs out"}
    finally:
        process.kill()  # it may not end by itself, with a device that hangs
        process.join()


def _send(
    sender: Connection, function: Callable[..., Columns], arguments: tuple, keywords: dict
) -> None:
    """Sends columns as they are known, and None after the last."""
    for columns in caught(function, *arguments, **keywords):
        sender.send(columns)
    sender.send(None)


def caught(function: Callable[..., Columns], *arguments: Any, **keywords: Any) -> Columns:
    """What a function yields; if it fails, the last of it is `error`, one line."""
    try:
        yield from function(*arguments, **keywords)
    except Exception as error:  # whatever it is: the next row may fit
        lines = [line for line in str(error).splitlines() if line.strip()]
        yield {"error": f"{type(error).__name__}: {' '.join(lines[:1])}"[:_ERROR]}


def describe(clips: Sequence[str], dtypes: Sequence[str]) -> Columns:
    """The device, its rate of matrix products, and with which settings the CLIPs are painted."""
    device = jax.devices()[0]
    fast = device.platform != "cpu"
    eyes = {name: speed.shaped(name, jnp.float32) for name in clips}
    dtypes = dtypes or ["bfloat16" if fast else "float32"]
    yield {
        "device": f"{device.platform} {device.device_kind}", "fast": fast,
        "devices": jax.local_device_count(),
        "dtypes": dtypes, "jax": jax.__version__,
        "usual": {name: studio.configure(eye) for name, eye in eyes.items()},
        "vision": {
            name: eye.module.config.vision_config.to_dict()
            | {"projection_dim": eye.module.config.projection_dim}
            for name, eye in eyes.items()
        },
        "matmul_flops_s": {
            dtype: speed.matmul_rate(dtype, side=8192 if fast else 2048) for dtype in dtypes
        },
    }  # fmt: skip


def describe_rival() -> Columns:
    """PyTorch, and what it computes on; `describe` of it."""
    version, device = torch_baseline.where()
    yield {"torch": f"{version} on {device}", "torch_fast": device != "cpu"}


def steps_of(row: Row, steps: int) -> int:
    """Steps a call of a row: fewer where one of many canvases takes long enough to be timed."""
    return min(steps, _FEW) if row.canvases * row.config.cutouts > _MANY else steps


def program(row: Row, *, steps: int, calls: int) -> Columns:
    """Times and rates of `optimize.train_steps`, and the times of its parts alone."""
    steps = steps_of(row, steps)
    canvases, config, mesh = row.canvases, row.config, make_mesh(row.devices)
    eye, painter = speed.load_clip(row.clip, jnp.dtype(row.dtype)), painters.load("brush")
    networks, weights = studio.freeze(eye, painter)
    text = jnp.ones(eye.module.config.projection_dim) / eye.module.config.projection_dim**0.5
    subjects = [
        optimize.init_subject(text, seed, painter, config=config) for seed in range(canvases)
    ]
    subject = jax.tree.map(lambda *leaves: jnp.stack(leaves), *subjects)
    state = jax.vmap(lambda seed: optimize.init(seed, config=config))(subject.seed)
    begun = state.step + 0  # a copy: the program takes its state's place
    state, subject, begun = sharding.deal((state, subject, begun), mesh)
    weights = sharding.copy(weights, mesh)
    keywords = {"networks": networks, "config": config, "steps": steps, "mesh": mesh}
    began = time.perf_counter()
    with blending(row.blend):
        compiled = optimize.train_steps.lower(state, subject, weights, **keywords).compile()
    use = compiled.memory_analysis()
    needed = use.temp_size_in_bytes + use.argument_size_in_bytes + use.output_size_in_bytes
    yield {
        "compile_s": time.perf_counter() - began,
        "steps_a_call": steps,
        "memory_gb": 1e-9 * (needed - use.alias_size_in_bytes),
    }
    times = speed.chain(lambda state: compiled(state, subject, weights)[0], state, calls=calls)
    step = statistics.median(times) / steps
    flops = canvases * config.cutouts * speed.image_flops(eye)
    yield {
        "step_ms": 1e3 * step, "spread": (max(times) - min(times)) / steps / step,
        "steps_s": 1 / step, "canvas_steps_s": canvases / step,
        "s_500_steps": 500 * step / canvases, "clip_images_s": canvases * config.cutouts / step,
        "clip_flops_s": flops / step, "peak_gb": peak(row.devices),
    }  # fmt: skip
    for name, (part, moving) in alone(networks, config).items():
        many = sharding.per_canvas(looped(part, steps=steps), config=config, mesh=mesh)
        moving = sharding.deal(jax.vmap(moving)(subject), mesh)
        with blending(row.blend):
            taken = jax.jit(many, donate_argnums=2).lower(weights, begun, moving, subject).compile()
        call = lambda moving: taken(weights, begun, moving, subject)  # noqa: B023
        yield {name: 1e3 * statistics.median(speed.chain(call, moving, calls=calls)) / steps}


def peak(devices: int) -> float | None:
    """The most memory that a device had in use in this process, GB; None if it keeps no account."""
    stats = [device.memory_stats() or {} for device in jax.local_devices()[:devices]]
    found = [own["peak_bytes_in_use"] for own in stats if "peak_bytes_in_use" in own]
    return 1e-9 * max(found) if found else None


@contextlib.contextmanager
def blending(name: str) -> Iterator[None]:
    """Programs that are traced meanwhile blend by another function of `canvas`.

    JAX keeps what it traced, so that a process can have only one: see `apart`.
    """
    usual, other = canvas.blend, getattr(canvas, name)

    def blend(alpha: jax.Array, colors: jax.Array, background: jax.Array) -> jax.Array:
        paper = jnp.broadcast_to(background, (*alpha.shape[1:], 3)).astype(alpha.dtype)
        return other(alpha, colors, paper)

    canvas.blend = usual if other is usual else blend
    try:
        yield
    finally:
        canvas.blend = usual


def make_mesh(number: int) -> Mesh | None:
    """So many of this process's devices, as `sharding.local_mesh` has them all; None for one."""
    devices = jax.local_devices()
    if number > len(devices):
        raise ValueError(f"{number} devices are asked for and {len(devices)} are there")
    return Mesh(np.array(devices[:number]), (sharding.AXIS,)) if number > 1 else None


def rival(row: Row, *, vision: Mapping[str, dict[str, Any]], steps: int, calls: int) -> Columns:
    """What a PyTorch loop takes on one device for what a row does on each of its own.

    `torch_one_ms` is a step of one canvas, `torch_ms` one of a device's canvases in a batch.
    `vision` has the image towers, as `describe` does: JAX must not start on the device here.
    """
    steps = steps_of(row, steps)
    for name, canvases in {"torch_one_ms": 1, "torch_ms": row.canvases // row.devices}.items():
        step, peak_gb = torch_baseline.step_seconds(
            vision[row.clip], canvases, row.config.cutouts, row.config, dtype=row.dtype,
            steps=steps, calls=calls,
        )  # fmt: skip
        yield {name: 1e3 * step, "torch_gb": peak_gb}


def looped(part: Callable[..., Any], *, steps: int) -> Callable[..., Any]:
    """So many steps of a part of one canvas in one loop, as `optimize.train_steps` takes its own.

    Called step by step, a part gets its memory anew from the system every time, and on a CPU that
    took 34 of the painter's 84 ms; in the whole step all steps of a call share it.
    """

    def many(weights: optimize.Weights, begun: jax.Array, moving: Any, subject: Any) -> Any:
        body = lambda step, moving: part(weights, step, moving, subject)
        return jax.lax.fori_loop(begun, begun + steps, body, moving)

    return many


def alone(
    networks: optimize.Networks, config: Config
) -> dict[str, tuple[Callable[..., Any], Callable[[optimize.Subject], Any]]]:
    """The parts of a step of one canvas.

    Each is a function of what it changes, so that no step can be left out or done but once: what
    the gradient is of moves a little against it. The second function makes it at first.
    """

    def moved(total: Callable[[jax.Array], jax.Array], moving: jax.Array) -> jax.Array:
        return moving - _LITTLE * jax.grad(total)(moving)

    def paint(weights, step, latents, subject):
        def total(latents):
            picture, _ = optimize.paint(
                latents, subject.noise, networks.painter, weights.painter, config=config
            )
            return jnp.sum(picture**2)

        return moved(total, latents)

    def cut(weights, step, picture, subject):
        key = jax.random.fold_in(jax.random.key(subject.seed), step)

        def total(picture):
            size, done = networks.resolution, step / config.steps
            views = cutouts.make(key, picture, resolution=size, config=config, done=done)
            return jnp.sum(views**2)

        return moved(total, picture)

    def look(weights, step, views, subject):
        def total(views):
            views = clip.normalize(views, networks.mean, networks.std)
            image = clip.encode_image(networks.clip, weights.clip, views)
            terms = losses.asked(image, subject.text, subject.look, config=config)
            return sum(terms.values())

        return moved(total, views)

    def update(weights, step, state, subject):
        return optimize.nudge(state, state.latents, config=config)

    gray = lambda *shape: lambda subject: jnp.full(shape, 0.5, jnp.float32)
    first = lambda subject: optimize.init(subject.seed, config=config)
    return {
        "paint_ms": (paint, lambda subject: first(subject).latents),
        "cutouts_ms": (cut, gray(config.height, config.width, 3)),
        "clip_ms": (look, gray(config.cutouts, *[networks.resolution] * 2, 3)),
        "update_ms": (update, first),
    }


def whole(clip_name: str, dtype: str, *, number: int, config: Config) -> Columns:
    """Paintings an hour, from prompts to folders: sketch, steps, pictures and files.

    The batch is painted twice; the second, for which all is compiled, counts.
    """
    eye, painter = speed.load_clip(clip_name, jnp.dtype(dtype)), painters.load("brush")
    devices = jax.local_device_count()
    lines = [
        prompts.Line(_PROMPTS[i % len(_PROMPTS)], i // len(_PROMPTS))
        for i in range(number * devices)
    ]
    yield {
        "clip": clip_name, "dtype": dtype, "devices": devices, "paintings": len(lines),
        "strokes": config.strokes, "cutouts": config.cutouts, "side": config.width,
        "steps": config.steps,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for turn in ("first_s", "batch_s"):
            outdir = pathlib.Path(folder) / turn
            jobs = studio.make_jobs(lines, 0, 1, str(outdir))
            began = time.perf_counter()
            rows = batch.paint(jobs, eye, painter, config=config, outdir=outdir, size=len(jobs))
            taken = time.perf_counter() - began
            scores.all_painted(rows)
            yield {turn: taken}
        spent = outputs.read_run(jobs[0].folder)["timings"]
    yield {
        "begin_s": spent["start_s"], "steps_s": spent["paint_s"] - spent["start_s"],
        "files_s": taken - spent["paint_s"], "paintings_h": 3600 * len(jobs) / taken,
    }  # fmt: skip
