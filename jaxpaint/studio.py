"""From jobs to folders: runs the optimisation of a batch and writes its files."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import operator
import pathlib
import platform
import time
from typing import Any, NamedTuple

import flax.serialization
import jax
import jax.numpy as jnp
from jax.sharding import Mesh
import numpy as np
from tqdm import tqdm

import jaxpaint
from jaxpaint import (
    actions,
    canvas,
    composition,
    cutouts,
    optimize,
    outputs,
    painters,
    prompts,
    sharding,
    sketch,
    stages,
)
from jaxpaint import clip as clip_lib
from jaxpaint import pictures as pictures_lib
from jaxpaint.config import FROM_PICTURE, QUALITIES, Config

_GIF_FRAMES = 48  # most frames of an animation
_PREVIEW = "preview.png"  # the painting so far; gone when it is done
_NOT_FINITE = (
    "the loss of {prompt!r} is not finite; the painting as of step {steps} is in its folder; "
    "try another --seed or the other --clip"
)


class Job(NamedTuple):
    """One painting to make."""

    prompt: str  # empty: only from the picture
    seed: int
    folder: pathlib.Path


class Painting(NamedTuple):
    """What became of a job."""

    picture: np.ndarray  # [H, W, 3] uint8
    score: float  # cosine of the prompt with the whole canvas
    error: str  # why it could not go on, one line; empty when it is done


class Progress(NamedTuple):
    """All that a batch needs to go on after an interruption; host arrays."""

    state: optimize.PaintState  # of C canvases, each as of its last finite step
    history: np.ndarray  # [K, C, S, A] float32, latents at the start and every save
    losses: dict[str, np.ndarray]  # each [T, C] float32, the terms of T steps
    alive: np.ndarray  # [C] bool, whether all losses were finite


def configure(
    clip: clip_lib.Clip, *, quality: str = "normal", from_picture: bool = False, **given: Any
) -> Config:
    """Settings for painting with a CLIP: what is given, then its own recipe, then defaults.

    The canvas is at least as large as what the CLIP sees.

    Args:
      clip: the CLIP that guides.
      quality: of `config.QUALITIES`: how many strokes and steps, unless they are given.
      from_picture: whether there is a picture to paint from.
      **given: fields of Config; None counts as not given.
    """
    side = max(Config.width, clip.resolution)
    usual = clip.recipe | (FROM_PICTURE if from_picture else {})
    config = Config(**{"width": side, "height": side, **usual})
    strokes, steps = QUALITIES[quality]
    amount = {"strokes": round(strokes * config.strokes), "steps": round(steps * config.steps)}
    given = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(config, **amount | given)


def make_jobs(
    lines: Sequence[prompts.Line],
    seed: int,
    number: int,
    outdir: str,
    *,
    untitled: str = "untitled",
) -> list[Job]:
    """One job a prompt and seed, equal ones once.

    Args:
      lines: prompts, some with a seed of their own.
      seed: the first seed of the others.
      number: seeds a prompt, from the first on.
      outdir: each job gets a folder in it.
      untitled: what the folder of an empty prompt is called.
    """
    jobs = {}
    for text, own in lines:
        first = seed if own is None else own
        for s in range(first, first + number):
            folder = prompts.folder_name(text or untitled, s)
            jobs[text, s] = Job(text, s, pathlib.Path(outdir) / folder)
    return list(jobs.values())


def paint_jobs(
    jobs: Sequence[Job],
    clip: clip_lib.Clip,
    painter: painters.Painter,
    *,
    config: Config,
    save_every: int = 10,
    size: int = 0,
    checkpoint: pathlib.Path | None = None,
    mesh: Mesh | None = None,
    image: np.ndarray | None = None,
) -> list[Painting]:
    """Paints all jobs as one batch and writes each into its folder.

    When it is interrupted, the paintings as they were at the last save are written
    before the interruption goes on. A painting whose loss is no longer finite stays as
    it was at its last save, and the others go on.

    Args:
      jobs: what to paint; C of them.
      clip, painter: frozen networks.
      config: settings of all.
      save_every: steps between previews and animation frames.
      size: canvases of the compiled program, at least C; what is beyond C is painted
        and dropped.
      checkpoint: file to go on from if it is there, and to save progress to; it is
        deleted when all is written. A batch that goes on is the same to the bit.
      mesh: devices that share the canvases (`sharding.local_mesh`), or None for one.
      image: a picture `[H, W, 3]` in [0, 1] that all are painted from, or None.
    """
    began = time.time()
    networks, weights = freeze(clip, painter)
    weights = sharding.copy(weights, mesh)
    size = sharding.padded(max(size, len(jobs)), mesh)
    padded = [*jobs, *[jobs[-1]] * (size - len(jobs))]
    subject, state = sharding.deal(start(padded, clip, painter, config=config, image=image), mesh)
    if config.sketch_steps:
        subject = optimize.draw_sketch(
            subject, weights, networks=networks, config=config, mesh=mesh
        )
        state = sharding.deal(optimize.begin(jax.device_get(subject), config=config), mesh)
    progress = _begin(jax.device_get(state))
    settings = _settings(padded, clip, painter, config, save_every, image)
    if checkpoint is not None and checkpoint.exists():
        progress = _read_progress(checkpoint, settings, progress)
        state = sharding.deal(progress.state, mesh)

    def look(state: optimize.PaintState) -> tuple[np.ndarray, np.ndarray]:
        state = sharding.deal(state, mesh)
        return jax.device_get(optimize.render(
            state, subject, weights, networks=networks, config=config, mesh=mesh
        ))  # fmt: skip

    timings = {"start_s": time.time() - began}
    part, stage, stopped = subject, None, None
    try:
        with tqdm(total=config.steps, initial=_done(progress), desc="painting", unit="step") as bar:
            while progress.alive.any() and (done := _done(progress)) < config.steps:
                now, end = stages.at(done, config=config)
                if now != stage:
                    stage = now
                    state, part = stages.begin(
                        state, subject, weights, networks=networks, config=config, stage=stage,
                        mesh=mesh,
                    )  # fmt: skip
                steps = min(save_every, end - done)
                state, terms = stages.train_steps(
                    state, part, weights, networks=networks, config=config, stage=stage,
                    steps=steps, mesh=mesh,
                )  # fmt: skip
                progress = _advance(progress, *jax.device_get((state, terms)))
                timings.setdefault("first_steps_with_compile_s", time.time() - began)
                if checkpoint is not None:
                    outputs.write_tree(checkpoint, {"settings": settings, **progress._asdict()})
                pictures, _ = look(progress.state)
                for job, picture in zip(jobs, pictures):
                    outputs.write_picture(job.folder / _PREVIEW, picture)
                bar.update(steps)
                bar.set_postfix(loss=f"{sum(terms.values())[-1].mean():.3f}")
    except KeyboardInterrupt as error:
        stopped = error
    timings["paint_s"] = time.time() - began
    shown = _evenly(len(progress.history))[:-1]
    frames = [look(progress.state._replace(latents=progress.history[i]))[0] for i in shown]
    final = jax.device_get(
        optimize.lift_unneeded(
            sharding.deal(progress.state, mesh), subject, weights,
            networks=networks, config=config, mesh=mesh,
        )
    )  # fmt: skip
    pictures, scores = look(final)
    record = {
        "clip": {"name": clip.name, "source": clip.source},
        "painter": type(painter.module).__name__,
        "brush": painter.brush,
        "config": dataclasses.asdict(config),
        "timings": {name: round(value, 2) for name, value in timings.items()},
        "paintings_in_batch": len(jobs),
        "versions": _versions(),
    }
    paintings = []
    for i, job in enumerate(jobs):
        one = jax.tree.map(operator.itemgetter(i), (final, jax.device_get(subject)))
        steps = int(one[0].step)
        error = "" if progress.alive[i] else _NOT_FINITE.format(prompt=job.prompt, steps=steps)
        record |= {
            "prompt": job.prompt,
            "seed": job.seed,
            "steps_done": steps,
            "error": error,
            "score": float(scores[i]),
            "sketched": _plan(job.prompt, clip, config)._asdict() if config.sketch_steps else None,
            "image": digest(image),
            "psnr": None if image is None else float(pictures_lib.psnr(pictures[i], image)),
            "loss": {name: part[:steps, i].tolist() for name, part in progress.losses.items()},
        }
        formed = [*(frame[i] for frame in frames), pictures[i]]
        _write_painting(job, one, formed, painter, record, config)
        paintings.append(Painting(outputs.to_pixels(pictures[i]), float(scores[i]), error))
    if stopped is not None:
        raise stopped
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return paintings


def _begin(state: optimize.PaintState) -> Progress:
    number = len(state.step)
    return Progress(state, state.latents[None], {}, np.ones(number, bool))


def _settings(
    jobs: Sequence[Job], clip: clip_lib.Clip, painter: painters.Painter, config: Config,
    every: int, image: np.ndarray | None,
) -> str:  # fmt: skip
    """What a batch must share with a checkpoint that it goes on from, as text."""
    what = [(job.prompt, job.seed) for job in jobs]
    models = clip.name, clip.source, painter.brush, repr(painter.module)
    return repr((what, models, dataclasses.asdict(config), every, digest(image)))


def digest(image: np.ndarray | None) -> str:
    """Short name of a picture's pixels; empty for none."""
    return "" if image is None else hashlib.sha256(outputs.to_pixels(image)).hexdigest()[:16]


def _read_progress(path: pathlib.Path, settings: str, like: Progress) -> Progress:
    saved = outputs.read_tree(path)
    if saved.get("settings") != settings:
        raise outputs.OutputError(
            f"{path} was saved with other prompts, seeds or settings: give the flags of the run "
            "that was interrupted, or delete it"
        )
    state = flax.serialization.from_state_dict(like.state, saved["state"])
    return Progress(state, saved["history"], saved["losses"], saved["alive"])


def _done(progress: Progress) -> int:
    """Steps that the batch has taken."""
    return len(next(iter(progress.losses.values()), ()))


def _advance(
    before: Progress, state: optimize.PaintState, terms: dict[str, np.ndarray]
) -> Progress:
    """Progress after some steps; canvases that are no longer finite stay as before."""
    alive = before.alive & np.isfinite(sum(terms.values())).all(0)
    pick = lambda new, old: np.where(alive.reshape(-1, *[1] * (new.ndim - 1)), new, old)  # noqa: E731
    state = jax.tree.map(pick, state, before.state)
    losses = {
        name: np.concatenate([before.losses.get(name, part[:0]), part])
        for name, part in terms.items()
    }
    return Progress(state, np.concatenate([before.history, state.latents[None]]), losses, alive)


def freeze(
    clip: clip_lib.Clip, painter: painters.Painter
) -> tuple[optimize.Networks, optimize.Weights]:
    """The networks as the optimisation takes them, CLIP's weights in its own dtype."""
    networks = optimize.Networks(painter.module, clip.module, clip.mean, clip.std, clip.resolution)
    params = jax.tree.map(lambda x: jnp.asarray(x, clip.module.dtype), clip.params)
    return networks, optimize.Weights(painter.params, params)


def start(
    jobs: Sequence[Job], clip: clip_lib.Clip, painter: painters.Painter, *, config: Config,
    image: np.ndarray | None = None,
) -> tuple[optimize.Subject, optimize.PaintState]:  # fmt: skip
    """Subjects and first strokes of a batch; every distinct prompt is encoded once.

    A painting without a prompt is of the picture `[H, W, 3]`, in the prompt's place too.
    """
    plans = {job.prompt: _plan(job.prompt, clip, config) for job in jobs}
    distinct = list(dict.fromkeys([*plans, *(x for plan in plans.values() for x in plan.things)]))
    ids, mask = clip_lib.tokenize(clip, distinct)
    encode = jax.jit(clip_lib.encode_text, static_argnums=0)
    # One by one, so that a prompt's features do not depend on the batch.
    features = {
        prompt: encode(clip.module, clip.params, ids[i : i + 1], mask[i : i + 1])[0]
        for i, prompt in enumerate(distinct)
    }
    mean = clip_lib.mean_word(clip) if config.sketch_steps and config.sketch_beyond else 0.0
    look = None
    if image is not None:
        seen = cutouts.whole(jnp.asarray(image), resolution=clip.resolution)[None]
        seen = clip_lib.normalize(seen, clip.mean, clip.std)
        look = features[""] = jax.jit(clip_lib.encode_image, static_argnums=0)(
            clip.module, clip.params, seen
        )[0]

    subjects = [
        optimize.init_subject(
            features[job.prompt], job.seed, painter, config=config, image=image, look=look,
            things=sketch.arrange(plans[job.prompt], features, mean, config=config),
        )
        for job in jobs
    ]  # fmt: skip
    subject = jax.tree.map(lambda *leaves: jnp.stack(leaves), *subjects)
    state = optimize.begin(subject, config=config)
    if config.stages:
        state = state._replace(latents=stages.waiting(state.latents))
    return subject, state


def _plan(prompt: str, clip: clip_lib.Clip, config: Config) -> composition.Composition:
    """What is sketched of a prompt; all of it as one thing where there is no sketch."""
    most = config.sketch_things if config.sketch_steps else 0
    return composition.read(
        prompt, height=config.height, width=config.width, most=most, known=clip.vocabulary
    )


def _write_painting(
    job: Job, one: tuple[optimize.PaintState, optimize.Subject], formed: list[np.ndarray],
    painter: painters.Painter, record: dict[str, Any], config: Config,
) -> None:  # fmt: skip
    """All files of one painting; the record last, so that it tells that all is there."""
    state, subject = one
    stroke = np.asarray(actions.bound(jnp.asarray(state.latents)))
    frames = actions.frames(stroke, config)
    alpha, colors = painters.lay(
        painter.module, painter.params, stroke, subject.noise, blend=config.blend
    )
    steps = canvas.lay_steps(
        alpha, frames, np.asarray(colors), np.float32(config.background),
        height=config.height, width=config.width,
    )  # fmt: skip
    shown = set(_evenly(len(stroke) + 1))
    process = [picture for i, picture in enumerate(steps) if i in shown]
    outputs.write_picture(job.folder / outputs.PICTURE, formed[-1])
    outputs.write_animation(job.folder / outputs.PROCESS, process)
    outputs.write_animation(job.folder / outputs.FORMING, _thin(formed))
    strokes = outputs.Strokes(
        stroke, frames, np.float32(config.background), config.height, config.width,
        np.broadcast_to(painter.brushes, len(stroke)), outputs.to_pixels(formed[-1]),
    )  # fmt: skip
    if subject.sketch.size:
        outputs.write_picture(job.folder / outputs.SKETCH, subject.sketch)
    outputs.write_strokes(job.folder / outputs.STROKES, strokes)
    outputs.write_run(job.folder / outputs.RUN, record)
    (job.folder / _PREVIEW).unlink(missing_ok=True)


def _thin(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """At most `_GIF_FRAMES` pictures, evenly chosen, the first and last among them."""
    return [pictures[i] for i in _evenly(len(pictures))]


def _evenly(number: int) -> list[int]:
    """At most `_GIF_FRAMES` of so many, the first and last among them."""
    return [round(i) for i in np.linspace(0, number - 1, min(number, _GIF_FRAMES))]


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("jax", "flax", "optax", "transformers", "numpy")
    found = {name: metadata.version(name) for name in names}
    return {"jaxpaint": jaxpaint.__version__, "python": platform.python_version(), **found}
