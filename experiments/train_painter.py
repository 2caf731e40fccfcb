"""Trains a neural painter on strokes that libmypaint draws.

    python -m experiments.train_painter --brush=brush --workdir=runs/brush
    python -m experiments.train_painter --brush=dry_brush --scatter --workdir=runs/dry

A crisp brush is learned with a squared error. A scattering brush (`--scatter`) lays
its dabs at random: the mean would be a blur, so the painter gets noise and learns the
*distribution* with the energy score of image patches, `E|x - y| - E|y - y'| / 2`, a
strictly proper scoring rule (Gneiting & Raftery 2007). Resumes from its checkpoint;
writes `<brush>.safetensors` and a JSON card with held-out figures.
"""

from __future__ import annotations

import functools
import json
import pathlib
import time

from absl import app, flags
import flax.serialization
import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save
from tqdm import tqdm

from experiments.clip_files import write_atomically
from jaxpaint import actions, mypaint, painters

_BRUSH = flags.DEFINE_string("brush", "brush", "MyPaint brush: a name or a .myb file.")
_WORKDIR = flags.DEFINE_string("workdir", "runs/painter", "Data, checkpoint and results.")
_STROKES = flags.DEFINE_integer("strokes", 40000, "Strokes to draw for training.")
_HELD_OUT = flags.DEFINE_integer("held_out", 2000, "Strokes kept for the figures.")
_STEPS = flags.DEFINE_integer("steps", 6000, "Training steps.")
_BATCH = flags.DEFINE_integer("batch", 128, "Strokes a step.")
_LR = flags.DEFINE_float("lr", 2e-3, "Peak learning rate of Adam.")
_ARCH = flags.DEFINE_enum("arch", "dab", ["dab", "row_column", "conv"], "Network.")
_DABS = flags.DEFINE_integer("dabs", 48, "Dabs a stroke, for --arch=dab.")
_SCATTER = flags.DEFINE_bool("scatter", False, "Learn a random texture.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the strokes and weights.")
_ABOUT = flags.DEFINE_string("about", "", "What the brush is like, for the list of brushes.")


def draw_data(
    brush: str, number: int, seed: int, file: pathlib.Path, *, corners: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Random geometry `[N, 9]` and its alpha `[N, 64, 64]` uint8; cached.

    Uniform, as the published painters have it; with `corners` every other stroke has
    its numbers near 0 and 1 instead, where optimised strokes end up and where a
    painter that knows little of them would be exploited.
    """
    if not file.exists():
        rng = np.random.default_rng([seed, number])
        numbers = rng.random((number, 12), np.float32)
        if corners:
            numbers[::2] = rng.beta(0.35, 0.35, numbers[::2].shape)
        alpha = np.empty((number, 64, 64), np.uint8)
        for i in tqdm(range(0, number, 500), desc=f"drawing {brush}"):
            drawn = mypaint.draw_alpha(numbers[i : i + 500], brush, seed=seed * 7919 + i)
            alpha[i : i + 500] = np.round(255 * drawn)
        np.savez(file, geometry=numbers[:, actions.GEOMETRY], alpha=alpha)
    data = np.load(file)
    return data["geometry"], data["alpha"]


def energy_score(real: jax.Array, one: jax.Array, two: jax.Array) -> jax.Array:
    """Energy score of image patches at four scales, of `[N, 64, 64]` pictures."""

    def distance(a: jax.Array, b: jax.Array, side: int) -> jax.Array:
        square = (a - b).reshape(-1, 64 // side, side, 64 // side, side) ** 2
        return jnp.sqrt(square.sum((2, 4)) + 1e-6).mean() / side

    score = lambda side: (  # noqa: E731
        (distance(real, one, side) + distance(real, two, side) - distance(one, two, side)) / 2
    )
    return score(4) + score(8) + score(16) + score(64)


def loss_fn(params, geometry, alpha, key, *, module, scatter):
    """Squared error of the alpha, or its energy score over two draws of noise."""
    shape = (2, geometry.shape[0], getattr(module, "dabs", 1), 3)
    noise = jax.random.normal(key, shape)
    first = module.apply({"params": params}, geometry, noise[0])
    if not scatter:
        return jnp.mean((first - alpha) ** 2)
    second = module.apply({"params": params}, geometry, noise[1])
    return energy_score(alpha, first, second)


def soft_capsule(geometry: np.ndarray) -> np.ndarray:
    """Baseline: a hand-written brush, opaque to its radius, 1 pixel soft, pressure-wide."""
    rows = np.zeros((len(geometry), 12), np.float32)
    rows[:, actions.GEOMETRY] = geometry
    points, pressure = actions.path(rows)
    scale = actions.FRAME_PIXELS - 2 * actions.FRAME_MARGIN
    points = (actions.FRAME_MARGIN + points * scale)[:, ::4]
    radius = np.exp(2 * rows[:, 1:2]) * np.minimum(1, 1.5 * pressure[:, ::4])
    pixels = np.arange(actions.FRAME_PIXELS) + 0.5
    out = np.zeros((len(geometry), 64, 64), np.float32)
    for i in range(points.shape[1]):
        dx = pixels - points[:, i, :1]
        dy = pixels - points[:, i, 1:]
        distance = np.sqrt(dy[:, :, None] ** 2 + dx[:, None] ** 2)
        out = np.maximum(out, np.clip(radius[:, i, None, None] - distance + 0.5, 0, 1))
    return out


def figures(real: np.ndarray, painted: np.ndarray) -> dict[str, float]:
    """PSNR (dB, over all pixels) and mean absolute error of alpha, range 1."""
    error = real.astype(np.float32) - painted
    psnr = -10 * np.log10(np.mean(error**2))
    return {"psnr": round(float(psnr), 2), "mae": round(float(np.abs(error).mean()), 5)}


def evaluate(module, params, brush: str, geometry: np.ndarray, alpha: np.ndarray) -> dict:
    """Held-out figures of the painter, two baselines and the brush against itself."""
    paint = jax.jit(lambda g, n: module.apply({"params": params}, g, n))
    real = alpha.astype(np.float32) / 255
    samples = getattr(module, "scatter", False) * 15 + 1
    mean, first = 0.0, None
    for s in range(samples):
        shape = (len(geometry), getattr(module, "dabs", 1), 3)
        noise = jax.random.normal(jax.random.key(s), shape)
        chunks = [paint(geometry[i : i + 250], noise[i : i + 250])
                  for i in range(0, len(geometry), 250)]  # fmt: skip
        drawn = np.concatenate([np.asarray(chunk) for chunk in chunks])
        first = drawn if first is None else first
        mean = mean + drawn / samples
    rows = np.zeros((len(geometry), 12), np.float32)
    rows[:, actions.GEOMETRY] = geometry
    again = mypaint.draw_alpha(rows, brush, seed=12345)
    texture = lambda x: float(np.abs(np.diff(x, axis=1)).mean())  # noqa: E731
    return {
        "strokes": len(geometry),
        "painter": figures(real, first),
        "painter_mean_of_noise": figures(real, mean),
        "brush_drawn_again": figures(real, again),
        "empty": figures(real, 0 * real),
        "soft_capsule": figures(real, soft_capsule(geometry)),
        "texture_ratio": round(texture(first) / texture(real), 3),
    }


def main(argv: list[str]) -> None:
    del argv
    workdir = pathlib.Path(_WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    brush, name = _BRUSH.value, pathlib.Path(_BRUSH.value).stem
    test = draw_data(brush, _HELD_OUT.value, _SEED.value + 1, workdir / "test.npz", corners=False)
    geometry, alpha = draw_data(
        brush, _STROKES.value, _SEED.value, workdir / "train.npz", corners=True
    )
    options = {"dabs": _DABS.value, "scatter": _SCATTER.value} if _ARCH.value == "dab" else {}
    module = painters.make(_ARCH.value, **options)
    schedule = optax.warmup_cosine_decay_schedule(0, _LR.value, 200, _STEPS.value, 1e-5)
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    params = painters.init(jax.random.key(_SEED.value), module)
    state = {"params": params, "opt_state": tx.init(params), "step": 0, "seconds": 0.0}
    checkpoint = workdir / f"{_ARCH.value}.msgpack"
    if checkpoint.exists():
        state = flax.serialization.from_bytes(state, checkpoint.read_bytes())
    loss = functools.partial(loss_fn, module=module, scatter=_SCATTER.value)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def train_step(params, opt_state, geometry, alpha, key):
        alpha = alpha.astype(jnp.float32) / 255
        value, grad = jax.value_and_grad(loss)(params, geometry, alpha, key)
        updates, opt_state = tx.update(grad, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, value

    params, opt_state = state["params"], state["opt_state"]
    began, running = time.time() - float(state["seconds"]), []
    progress = tqdm(range(int(state["step"]), _STEPS.value), desc=f"{name} {_ARCH.value}")
    for step in progress:
        rows = np.random.default_rng([_SEED.value, step]).integers(len(alpha), size=_BATCH.value)
        key = jax.random.fold_in(jax.random.key(_SEED.value), step)
        params, opt_state, value = train_step(params, opt_state, geometry[rows], alpha[rows], key)
        running.append(value)
        if (step + 1) % 500 == 0 or step + 1 == _STEPS.value:
            held = evaluate(module, params, brush, test[0][:250], test[1][:250])
            progress.write(
                f"step {step + 1} {time.time() - began:.0f} s, loss "
                f"{float(np.mean(running)):.5f}, held out: {held['painter']} "
                f"texture {held['texture_ratio']}"
            )
            running = []
            state = {"params": params, "opt_state": opt_state, "step": step + 1,
                     "seconds": time.time() - began}  # fmt: skip
            write_atomically(checkpoint, flax.serialization.to_bytes(state))
    # Kept in half precision, and judged as kept.
    params = jax.tree.map(lambda x: np.asarray(x, np.float16), params)
    full = jax.tree.map(jnp.float32, params)
    card = {
        "brush": name, "about": _ABOUT.value, "architecture": _ARCH.value, "options": options,
        "steps": _STEPS.value, "strokes": _STROKES.value, "data_seed": _SEED.value,
        "batch": _BATCH.value,
        "seconds": round(time.time() - began, 1),
        "held_out": evaluate(module, full, brush, *test),
        "versions": {"jax": jax.__version__, "optax": optax.__version__},
    }  # fmt: skip
    print(json.dumps(card["held_out"], indent=1))
    flat = flax.traverse_util.flatten_dict(params, sep="/")
    write_atomically(workdir / f"{name}.safetensors", save(flat))
    write_atomically(workdir / f"{name}.json", json.dumps(card, indent=1).encode())


if __name__ == "__main__":
    app.run(main)
