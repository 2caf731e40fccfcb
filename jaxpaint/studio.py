"""From jobs to folders: runs the optimisation of a batch and writes its files."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import itertools
import operator
import pathlib
import platform
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

import jaxpaint
from jaxpaint import actions, canvas, optimize, outputs, painters, prompts
from jaxpaint import clip as clip_lib
from jaxpaint.config import Config

_GIF_FRAMES = 48  # most frames of an animation
_PREVIEW = "preview.png"  # the painting so far; gone when it is done


class PaintingStopped(RuntimeError):
    """A painting could not go on; what was painted before is in its folder."""


class Job(NamedTuple):
    """One painting to make."""

    prompt: str
    seed: int
    folder: pathlib.Path


def make_jobs(texts: Sequence[str], seed: int, number: int, outdir: str) -> list[Job]:
    """One job a prompt and seed (`number` of them from `seed` on); equal prompts once.

    Raises:
      PromptError: a prompt is not one.
    """
    parsed = dict.fromkeys(prompts.parse(text) for text in texts)
    return [
        Job(text, s, pathlib.Path(outdir) / prompts.folder_name(text, s))
        for text, s in itertools.product(parsed, range(seed, seed + number))
    ]


def paint_jobs(
    jobs: Sequence[Job],
    clip: clip_lib.Clip,
    painter: painters.Painter,
    *,
    config: Config,
    save_every: int = 10,
) -> list[np.ndarray]:
    """Paints all jobs as one batch and writes each into its folder.

    When it is interrupted, or a loss is no longer finite, the paintings as they were
    at the last save are written before the error goes on.

    Args:
      jobs: what to paint; C of them.
      clip, painter: frozen networks.
      config: settings of all.
      save_every: steps between previews and animation frames.

    Returns:
      C pictures `[H, W, 3]` float32 in [0, 1].

    Raises:
      PaintingStopped: a loss became infinite or not a number.
    """
    began = time.time()
    networks, weights = freeze(clip, painter)
    subject, state = start(jobs, clip, painter, config=config)
    formed, log, stopped = [], [], None
    saved = jax.device_get(state)
    pictures, scores = _look(saved, subject, weights, networks, config)
    formed.append(pictures)
    timings = {"start_s": time.time() - began}
    try:
        with tqdm(total=config.steps, desc="painting", unit="step") as progress:
            while (done := int(saved.step[0])) < config.steps:
                steps = min(save_every, config.steps - done)
                state, terms = optimize.train_steps(
                    state, subject, weights, networks=networks, config=config, steps=steps
                )
                terms = jax.device_get(terms)
                loss = sum(terms.values())
                if not np.isfinite(loss).all():
                    bad = [jobs[i].prompt for i in np.flatnonzero(~np.isfinite(loss).all(0))]
                    raise PaintingStopped(
                        f"the loss of {', '.join(map(repr, bad))} is not finite after step "
                        f"{done}; the paintings as of step {done} are in their folders; "
                        "try another --seed or the other --clip"
                    )
                saved = jax.device_get(state)
                log.append(terms)
                timings.setdefault("first_steps_with_compile_s", time.time() - began)
                pictures, scores = _look(saved, subject, weights, networks, config)
                formed.append(pictures)
                for job, picture in zip(jobs, pictures):
                    outputs.write_picture(job.folder / _PREVIEW, picture)
                progress.update(steps)
                progress.set_postfix(loss=f"{loss[-1].mean():.3f}")
    except (PaintingStopped, KeyboardInterrupt) as error:
        stopped = error
    timings["paint_s"] = time.time() - began
    record = {
        "clip": {"name": clip.name, "source": clip.source},
        "brush": painter.brush,
        "config": dataclasses.asdict(config),
        "steps_done": int(saved.step[0]),
        "timings": {name: round(value, 2) for name, value in timings.items()},
        "paintings_in_batch": len(jobs),
        "versions": _versions(),
    }
    for i, job in enumerate(jobs):
        one = jax.tree.map(operator.itemgetter(i), (saved, jax.device_get(subject)))
        losses = {
            name: [float(x) for part in log for x in part[name][:, i]] for name in (log or [{}])[0]
        }
        record |= {
            "prompt": job.prompt,
            "seed": job.seed,
            "score": float(scores[i]),
            "loss": losses,
        }
        _write_painting(job, one, [f[i] for f in formed], painter, record, config)
        if stopped is None:
            print(job.folder / outputs.PICTURE)
    if stopped is not None:
        raise stopped
    return list(pictures)


def freeze(
    clip: clip_lib.Clip, painter: painters.Painter
) -> tuple[optimize.Networks, optimize.Weights]:
    """The networks as the optimisation takes them, CLIP's weights in its own dtype."""
    networks = optimize.Networks(painter.module, clip.module, clip.mean, clip.std, clip.resolution)
    params = jax.tree.map(lambda x: jnp.asarray(x, clip.module.dtype), clip.params)
    return networks, optimize.Weights(painter.params, params)


def start(
    jobs: Sequence[Job], clip: clip_lib.Clip, painter: painters.Painter, *, config: Config
) -> tuple[optimize.Subject, optimize.PaintState]:
    """Subjects and first strokes of a batch; every distinct prompt is encoded once."""
    distinct = list(dict.fromkeys(job.prompt for job in jobs))
    ids, mask = clip_lib.tokenize(clip, distinct)
    encode = jax.jit(clip_lib.encode_text, static_argnums=0)
    # One by one, so that a prompt's features do not depend on the batch.
    features = {
        prompt: encode(clip.module, clip.params, ids[i : i + 1], mask[i : i + 1])[0]
        for i, prompt in enumerate(distinct)
    }
    subjects = [
        optimize.init_subject(features[job.prompt], job.seed, painter, config=config)
        for job in jobs
    ]
    subject = jax.tree.map(lambda *leaves: jnp.stack(leaves), *subjects)
    return subject, jax.vmap(lambda seed: optimize.init(seed, config=config))(subject.seed)


def _look(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    networks: optimize.Networks, config: Config,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    return jax.device_get(
        optimize.render(state, subject, weights, networks=networks, config=config)
    )


def _write_painting(
    job: Job, one: tuple[optimize.PaintState, optimize.Subject], formed: list[np.ndarray],
    painter: painters.Painter, record: dict[str, Any], config: Config,
) -> None:  # fmt: skip
    """All files of one painting; the record last, so that it tells that all is there."""
    state, subject = one
    stroke = np.asarray(actions.bound(jnp.asarray(state.latents)))
    frames = actions.frames(stroke, config)
    alpha = painters.apply(painter.module, painter.params, stroke, subject.noise)
    alpha = canvas.place(alpha, jnp.asarray(frames), height=config.height, width=config.width)
    colors, background = stroke[:, actions.COLOR], np.float32(config.background)
    process = list(canvas.blend_steps(np.asarray(alpha), colors, background))
    outputs.write_picture(job.folder / outputs.PICTURE, formed[-1])
    outputs.write_animation(job.folder / outputs.PROCESS, _thin(process))
    outputs.write_animation(job.folder / outputs.FORMING, _thin(formed))
    strokes = outputs.Strokes(
        stroke, frames, np.float32(config.background), config.height, config.width,
        painter.brush, outputs.to_pixels(formed[-1]),
    )  # fmt: skip
    outputs.write_strokes(job.folder / outputs.STROKES, strokes)
    outputs.write_run(job.folder / outputs.RUN, record)
    (job.folder / _PREVIEW).unlink(missing_ok=True)


def _thin(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """At most `_GIF_FRAMES` pictures, evenly chosen, the first and last among them."""
    number = min(len(pictures), _GIF_FRAMES)
    return [pictures[round(i)] for i in np.linspace(0, len(pictures) - 1, number)]


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("jax", "flax", "optax", "transformers", "numpy")
    found = {name: metadata.version(name) for name in names}
    return {"jaxpaint": jaxpaint.__version__, "python": platform.python_version(), **found}
