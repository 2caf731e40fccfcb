"""Trains a neural painter on strokes that libmypaint draws.

    python -m experiments.train_painter --brush=brush --workdir=runs/brush
    python -m experiments.train_painter --brush=dry_brush --scatter --workdir=runs/dry
    python -m experiments.train_painter --recipe=gan --width=8 --steps=5000 --workdir=runs/gan

Ours (`--recipe=reconstruction`) learns alpha. A crisp brush is learned with a squared
error. A scattering brush (`--scatter`) lays its dabs at random: the mean would be a blur,
so the painter gets noise and learns the *distribution* with the energy score of image
patches, `E|x - y| - E|y - y'| / 2`, a strictly proper scoring rule (Gneiting & Raftery
2007). The other recipes train the published painters (`painter_recipes.py`) on the same
strokes, in random colours on white; features are a CLIP's (`--features`), since no VGG can
be taken for granted. Flags that are not given are as published.

Resumes from its checkpoint; writes `<brush>.safetensors` and a JSON card with held-out
figures, to paint with by `--painter=FILE`. A brush that is not an installed one is
copied beside them, for replays. A `--workdir` belongs to one training: with other settings it
is refused.
"""

from __future__ import annotations

import json
import pathlib
import time
from typing import Any

from absl import app, flags
import flax.serialization
import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save
from tqdm import tqdm

from experiments import painter_data, painter_losses, painter_recipes, user_errors
from experiments.clip_files import write_atomically
from jaxpaint import actions, clip, mypaint, outputs, painters, published

_BRUSH = flags.DEFINE_string("brush", "brush", "MyPaint brush: a name or a .myb file.")
_WORKDIR = flags.DEFINE_string("workdir", "runs/painter", "Data, checkpoint and results.")
_STROKES = flags.DEFINE_integer("strokes", 40000, "Strokes to draw for training.", lower_bound=1)
_HELD_OUT = flags.DEFINE_integer("held_out", 2000, "Strokes kept for the figures.", lower_bound=1)
_RECIPE = flags.DEFINE_enum(
    "recipe", "reconstruction", list(painter_recipes.USUAL), "What is trained, and how."
)
_STEPS = flags.DEFINE_integer("steps", None, "Training steps (6000 for ours).", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch", None, "Strokes a batch (128 for ours).", lower_bound=1)
_LR = flags.DEFINE_float("lr", None, "Peak learning rate of Adam (0.002 for ours).")
_WIDTH = flags.DEFINE_integer(
    "width", None, "Of a published painter: 16 gan, 32 vae, 64 joy.", lower_bound=1
)
_FEATURES = flags.DEFINE_string("features", "bundled", "CLIP that --recipe=joy compares with.")
_STOP_AT = flags.DEFINE_integer(
    "stop_at", 0, "Step to stop at, to go on later with the same flags; 0: after --steps."
)
_ARCH = flags.DEFINE_enum("arch", "dab", ["dab", "row_column", "conv"], "Network of ours.")
_DABS = flags.DEFINE_integer("dabs", 48, "Dabs a stroke, for --arch=dab.", lower_bound=1)
_SCATTER = flags.DEFINE_bool("scatter", False, "Learn a random texture.")
_SMUDGING = flags.DEFINE_bool(
    "smudging", False, "Train a brush that smudges, as if it did not: replays will differ."
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the strokes and weights.")
_ABOUT = flags.DEFINE_string("about", "", "What the brush is like, for the list of brushes.")

CHECKPOINT = "checkpoint.msgpack"
# Flags that only some trainings know.
_OF = {
    "arch": "--recipe=reconstruction", "dabs": "--recipe=reconstruction --arch=dab",
    "scatter": "--recipe=reconstruction --arch=dab", "width": "--recipe=gan, vae or joy",
    "features": "--recipe=joy",
}  # fmt: skip


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
    """Held-out figures of the painter, two baselines and the brush against itself.

    A published painter's are of the RGB of strokes in random colours (`painter_rgb`), and
    of the alpha that the known colour tells.
    """
    real = alpha.astype(np.float32) / 255
    rgb = getattr(module, "rgb", False)
    colors = np.random.default_rng(0).random((len(geometry), 3), np.float32)

    @jax.jit
    def paint(geometry, colors, noise):
        if not rgb:
            return None, module.apply({"params": params}, geometry, noise)
        stroke, _ = painter_losses.on_white(colors, geometry, jnp.zeros((len(geometry), 1, 1)))
        painted = module.apply({"params": params}, stroke, noise)
        alpha, _ = published.separate(painted, colors, blend="alpha", darkest=False)
        return painted, alpha

    samples = getattr(module, "scatter", False) * 15 + 1
    mean, first = 0.0, None
    for s in range(samples):
        shape = (len(geometry), getattr(module, "dabs", 1), 3)
        noise = jax.random.normal(jax.random.key(s), shape)
        chunks = [
            jax.device_get(paint(*(x[i : i + 250] for x in (geometry, colors, noise))))
            for i in range(0, len(geometry), 250)
        ]
        drawn = np.concatenate([chunk[1] for chunk in chunks])
        first = drawn if first is None else first
        mean = mean + drawn / samples
    rows = np.zeros((len(geometry), 12), np.float32)
    rows[:, actions.GEOMETRY] = geometry
    again = mypaint.draw_alpha(rows, brush, seed=12345)
    texture = lambda x: float(np.abs(np.diff(x, axis=1)).mean())  # noqa: E731
    found = {
        "strokes": len(geometry),
        "painter": figures(real, first),
        "painter_mean_of_noise": figures(real, mean),
        "brush_drawn_again": figures(real, again),
        "empty": figures(real, 0 * real),
        "soft_capsule": figures(real, soft_capsule(geometry)),
        "texture_ratio": round(texture(first) / texture(real), 3),
    }
    if rgb:
        wanted = np.asarray(painter_losses.on_white(colors, geometry, real)[1])
        painted = np.concatenate([chunk[0] for chunk in chunks])
        found["painter_rgb"] = figures(wanted, painted)
        found["empty_rgb"] = figures(wanted, np.ones_like(wanted))
    return found


def refuse_idle_flags() -> None:
    """Refuses flags that were given and would do nothing.

    Raises:
      PainterError: there is one.
    """
    recipe, arch, idle = _RECIPE.value, _ARCH.value, {}
    if recipe != "reconstruction":
        idle = dict.fromkeys(("arch", "dabs", "scatter"), f"--recipe={recipe}")
    else:
        idle["width"] = "--recipe=reconstruction"
        if arch != "dab":
            idle |= dict.fromkeys(("dabs", "scatter"), f"--arch={arch}")
    if recipe != "joy":
        idle["features"] = f"--recipe={recipe}"
    for name, cause in idle.items():
        if not flags.FLAGS[name].using_default_value:
            raise painters.PainterError(
                f"--{name} does nothing with {cause}, it is of {_OF[name]}: leave one of them out"
            )


def make_plan() -> tuple[painter_recipes.Plan, dict[str, Any], int, Any]:
    """What the flags ask for: the plan, options of its painter, batch, the features' weights."""
    recipe, eye, weights = _RECIPE.value, None, None
    usual = painter_recipes.USUAL[recipe]
    given = (_STEPS.value, _BATCH.value, _LR.value)
    steps, batch, lr = (own if mine is None else mine for mine, own in zip(given, usual))
    if recipe == "reconstruction":
        options = {"dabs": _DABS.value, "scatter": _SCATTER.value} if _ARCH.value == "dab" else {}
        module = painters.make(_ARCH.value, **options)
    else:
        options = {} if _WIDTH.value is None else {"width": _WIDTH.value}
        module = painters.make(recipe, **options)
        options = {"width": module.width}
    if recipe == "joy":
        seeing = clip.load(_FEATURES.value)
        eye = painter_losses.Eye(seeing.module, seeing.mean, seeing.std, seeing.resolution)
        weights = seeing.params
    plan = painter_recipes.Plan(recipe, module, steps, lr, scatter=_SCATTER.value, eye=eye)
    return plan, options, batch, weights


def settings_of(plan: painter_recipes.Plan, options: dict[str, Any], batch: int) -> dict[str, Any]:
    """What a training is bound to, but for its strokes; --stop_at is not."""
    settings = {"recipe": plan.recipe, "steps": plan.steps, "batch": batch, "lr": plan.lr} | options
    if plan.recipe == "reconstruction":
        settings["arch"] = _ARCH.value
    return settings | ({"features": _FEATURES.value} if plan.eye else {})


def read(checkpoint: pathlib.Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """What a checkpoint holds, or None if there is none.

    Raises:
      PainterError: it is of other settings.
      OutputError: it is damaged.
    """
    if not checkpoint.exists():
        return None
    kept = outputs.read_tree(checkpoint)
    painter_data.refuse_others(checkpoint, kept.pop("settings", None), settings)
    return kept


def go_on(kept: dict[str, Any], like: Any) -> Any:
    """The state that a checkpoint holds, in the structure of `like`.

    Raises:
      PainterError: it is of other networks, which an earlier version of them may have been.
    """
    other = painters.PainterError(f"{CHECKPOINT} is of other networks: give another --workdir")
    try:
        state = flax.serialization.from_state_dict(like, kept)
    except ValueError as error:
        raise other from error
    if jax.tree.map(jnp.shape, state) != jax.tree.map(jnp.shape, like):
        raise other
    return state


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    refuse_idle_flags()
    try:
        plan, options, batch, eye = make_plan()
    except clip.ClipError as error:
        raise clip.ClipError(f"--features: {error}") from error
    brush, name, seed = _BRUSH.value, pathlib.Path(_BRUSH.value).stem, _SEED.value
    made_of = painter_data.identify(brush) | {"seed": seed}
    if not _SMUDGING.value:
        painter_data.refuse_smudging(brush)
    settings = made_of | {"strokes": _STROKES.value} | settings_of(plan, options, batch)
    workdir = pathlib.Path(_WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    checkpoint = workdir / CHECKPOINT
    kept = read(checkpoint, settings)
    test = painter_data.draw(
        brush, _HELD_OUT.value, workdir / "test.npz", seed=seed + 1, corners=False,
        settings=made_of | {"held_out": _HELD_OUT.value},
    )  # fmt: skip
    geometry, alpha = painter_data.draw(
        brush, _STROKES.value, workdir / "train.npz", seed=seed, corners=True,
        settings=made_of | {"strokes": _STROKES.value},
    )  # fmt: skip
    kind = _ARCH.value if plan.recipe == "reconstruction" else plan.recipe
    state = painter_recipes.begin(jax.random.key(seed), plan=plan) | {"seconds": 0.0}
    state = go_on(kept, state) if kept else state
    began, running = time.time() - float(state.pop("seconds")), []
    last = min(_STOP_AT.value or plan.steps, plan.steps)
    progress = tqdm(range(int(state["step"]), last), desc=f"{name} {kind}")
    for step in progress:
        rng = np.random.default_rng([seed, step])
        rows = rng.integers(len(alpha), size=plan.batches * batch)
        key = jax.random.fold_in(jax.random.key(seed), step)
        stage = painter_recipes.stage(step, plan=plan)
        state, logged = painter_recipes.train_step(
            state, geometry[rows], alpha[rows], key, eye, plan=plan, stage=stage
        )
        running.append(logged)
        done = step + 1
        if done % 500 == 0 or done == last or painter_recipes.stage(done, plan=plan) != stage:
            params = painter_recipes.finish(state["params"], geometry[:512], plan=plan)
            held = evaluate(plan.painter, params, brush, test[0][:250], test[1][:250])
            terms = jax.tree.map(lambda *values: float(np.mean(values)), *running)
            told = ", ".join(f"{term} {value:.5g}" for term, value in terms.items())
            progress.write(
                f"step {done} {time.time() - began:.0f} s, {stage}: {told}, held out: "
                f"{held.get('painter_rgb', '')} {held['painter']} texture {held['texture_ratio']}"
            )
            running = []
            kept = state | {"seconds": time.time() - began, "settings": settings}
            write_atomically(checkpoint, flax.serialization.to_bytes(kept))
    if int(state["step"]) < plan.steps:
        return
    # Kept in half precision, and judged as kept.
    params = painter_recipes.finish(state["params"], geometry[:512], plan=plan)
    params = jax.tree.map(lambda x: np.asarray(x, np.float16), params)
    full = jax.tree.map(jnp.float32, params)
    card = {
        "brush": name, "about": _ABOUT.value, "architecture": kind, "options": options,
        "recipe": plan.recipe, "stages": painter_recipes.STAGES[plan.recipe],
        "features": _FEATURES.value if plan.eye else "", "lr": plan.lr,
        "steps": plan.steps, "strokes": _STROKES.value, "data_seed": seed,
        "batch": batch,
        "seconds": round(time.time() - began, 1),
        "held_out": evaluate(plan.painter, full, brush, *test),
        "versions": {"jax": jax.__version__, "optax": optax.__version__},
    }  # fmt: skip
    print(json.dumps(card["held_out"], indent=1))
    if own := painter_data.own_file(brush):  # a replay needs it
        card["brush_file"] = f"{name}.myb"
        write_atomically(workdir / card["brush_file"], own.read_bytes())
    flat = flax.traverse_util.flatten_dict(params, sep="/")
    write_atomically(workdir / f"{name}.safetensors", save(flat))
    write_atomically(workdir / f"{name}.json", json.dumps(card, indent=1).encode())


if __name__ == "__main__":
    app.run(main)
