"""From jobs to folders: runs the optimisation of a batch and writes its files."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import operator
import pathlib
import time
from typing import Any, NamedTuple

import flax.serialization
import jax
import jax.numpy as jnp
from jax.sharding import Mesh
import numpy as np
from tqdm import tqdm

from jaxpaint import clip as clip_lib
from jaxpaint import (
    cutouts,
    optimize,
    outputs,
    painters,
    prompts,
    results,
    sharding,
    sketch,
    stages,
    wording,
)
from jaxpaint import pictures as pictures_lib
from jaxpaint.config import FROM_PICTURE, QUALITIES, Config

_NOT_FINITE = (
    "the loss of {prompt!r} is not finite; the painting as of step {steps} is in its folder; "
    "try another --seed or the other --clip"
)


class Job(NamedTuple):
    """One painting to make."""

    prompt: str  # empty: only from the picture
    seed: int  # the first, if it is the best of some
    folder: pathlib.Path
    weight: float = 1.0  # of the prompt beside what else is asked of the canvas


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
    best_of: int = 1,
) -> list[Job]:
    """One job a prompt, seed and weight, equal ones once.

    Args:
      lines: prompts, some with a seed of their own.
      seed: the first seed of the others.
      number: paintings a prompt, with seeds from the first on.
      outdir: each job gets a folder in it.
      untitled: what the folder of an empty prompt is called.
      best_of: seeds a painting.

    Raises:
      PromptError: a seed beyond 32 bits.
    """
    jobs, taken = {}, set()
    for text, own, weight in lines:
        first = seed if own is None else own
        for s in range(first, first + number * best_of, best_of):
            if (text, s, weight) not in jobs:
                prompts.checked_seed(s + best_of - 1)
                name = prompts.folder_name(text or untitled, prompts.checked_seed(s))
                name += f"-best-of-{best_of}" if best_of > 1 else ""
                if name in taken:  # by one of the same letters, or one that weighs else
                    told = text if weight == 1 else f"{text} --weight={weight}"
                    name += "-" + hashlib.sha256(told.encode()).hexdigest()[:8]
                taken.add(name)
                jobs[text, s, weight] = Job(text, s, pathlib.Path(outdir) / name, weight)
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
    animations: bool = True,
    best_of: int = 1,
) -> list[Painting]:
    """Paints all jobs as one batch and writes each into its folder.

    Of `best_of` seeds a job only the painting with the highest score is written. When it is
    interrupted, the paintings as they were at the last save are written before the
    interruption goes on. A painting whose loss is no longer finite stays as it was at its
    last save, and the others go on.

    Args:
      jobs: what to paint; C / `best_of` of them.
      clip, painter: frozen networks.
      config: settings of all.
      save_every: steps between previews and animation frames.
      size: jobs of the compiled program; what is beyond those given is painted and dropped.
      checkpoint: file to go on from if it is there, and to save progress to; it is
        deleted when all is written. A batch that goes on is the same to the bit.
      mesh: devices that share the canvases (`sharding.local_mesh`), or None for one.
      image: a picture `[H, W, 3]` in [0, 1] that all are painted from, or None.
      animations: whether the two of a painting are written.
      best_of: seeds a job, from its own on.
    """
    began = time.time()
    networks, weights = freeze(clip, painter)
    weights = sharding.copy(weights, mesh)
    canvases = [job._replace(seed=job.seed + n) for job in jobs for n in range(best_of)]
    size, number = max(size, len(jobs)) * best_of, len(canvases)
    padded = [*canvases, *[canvases[-1]] * (sharding.padded(size, mesh) - number)]
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
                    steps=min(save_every, config.steps), count=steps, mesh=mesh,
                )  # fmt: skip
                host, terms = jax.device_get((state, terms))
                terms = {name: some[:steps] for name, some in terms.items()}
                progress = _advance(progress, host, terms)
                timings.setdefault("first_steps_with_compile_s", time.time() - began)
                if checkpoint is not None:
                    outputs.write_tree(checkpoint, {"settings": settings, **progress._asdict()})
                pictures, scores = look(progress.state)
                for i in results.best(scores[:number], progress.alive[:number], of=best_of):
                    outputs.write_picture(canvases[i].folder / results.PREVIEW, pictures[i])
                bar.update(steps)
                bar.set_postfix(loss=f"{sum(terms.values())[-1].mean():.3f}")
    except KeyboardInterrupt as error:
        if not _done(progress):  # there is nothing yet that is worth compiling more programs for
            raise
        stopped = error
    timings["paint_s"] = time.time() - began
    shown = results.evenly(len(progress.history))[:-1] if animations else []
    frames = [look(progress.state._replace(latents=progress.history[i]))[0] for i in shown]
    final = jax.device_get(
        optimize.lift_unseen(
            sharding.deal(progress.state, mesh), subject, weights,
            networks=networks, config=config, mesh=mesh,
        )
    )  # fmt: skip
    pictures, scores = look(final)
    record = {
        **models(clip, painter),
        "clip_source": clip.source,
        "config": dataclasses.asdict(config),
        "timings": {name: round(value, 2) for name, value in timings.items()},
        "paintings_in_batch": len(jobs),
        "versions": results.versions(),
    }
    paintings = []
    for i in results.best(scores[:number], progress.alive[:number], of=best_of):
        job, tried = canvases[i], slice(i - i % best_of, i - i % best_of + best_of)
        one = jax.tree.map(operator.itemgetter(i), (final, jax.device_get(subject)))
        steps = int(one[0].step)
        reading = wording.plan(job.prompt, known=clip.vocabulary, config=config)
        error = "" if progress.alive[i] else _NOT_FINITE.format(prompt=job.prompt, steps=steps)
        record |= {
            "prompt": job.prompt,
            "seed": job.seed,
            "seeds": [some.seed for some in canvases[tried]],
            "scores": scores[tried].tolist(),
            "weight": job.weight,
            "read_as": reading.text,
            "unknown_words": reading.lost,
            "steps_done": steps,
            "error": error,
            "score": float(scores[i]),
            "sketched": reading.plan._asdict() if config.sketch_steps else None,
            "image": digest(image),
            "psnr": None if image is None else float(pictures_lib.psnr(pictures[i], image)),
            "loss": {name: part[:steps, i].tolist() for name, part in progress.losses.items()},
        }
        formed = [*(frame[i] for frame in frames), pictures[i]]
        results.write(job.folder, one, formed, painter, record, config, animations=animations)
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
    what = [(job.prompt, job.seed, job.weight) for job in jobs]
    used = models(clip, painter), repr(painter.module)
    return repr((what, used, dataclasses.asdict(config), every, digest(image)))


def models(clip: clip_lib.Clip, painter: painters.Painter) -> dict[str, str]:
    """The networks that a painting is resumed with, wherever they were loaded from."""
    return {
        "clip": clip.name,
        "clip_weights": _fingerprint(clip.params),
        "painter": type(painter.module).__name__,
        "brush": painter.brush,
        "painter_weights": _fingerprint(painter.params),
    }


def _fingerprint(params: Any) -> str:
    """Short name of weights by the first numbers of each array, which every training changes."""
    some = (np.asarray(jnp.ravel(leaf)[:256], np.float32) for leaf in jax.tree.leaves(params))
    return hashlib.sha256(b"".join(part.tobytes() for part in some)).hexdigest()[:16]


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
    known = clip.vocabulary
    readings = {job.prompt: wording.plan(job.prompt, known=known, config=config) for job in jobs}
    texts = {prompt: reading.text or prompt for prompt, reading in readings.items()}
    things = [thing for reading in readings.values() for thing in reading.plan.things]
    distinct = list(dict.fromkeys([*texts.values(), *things]))
    ids, mask = clip_lib.tokenize(clip, distinct)
    encode = jax.jit(clip_lib.encode_text, static_argnums=0)
    # One by one, so that a prompt's features do not depend on the batch.
    features = {
        text: encode(clip.module, clip.params, ids[i : i + 1], mask[i : i + 1])[0]
        for i, text in enumerate(distinct)
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
            features[texts[job.prompt]], job.seed, painter, config=config, image=image, look=look,
            weight=job.weight,
            things=sketch.arrange(readings[job.prompt].plan, features, mean, config=config),
        )
        for job in jobs
    ]  # fmt: skip
    subject = jax.tree.map(lambda *leaves: jnp.stack(leaves), *subjects)
    state = optimize.begin(subject, config=config)
    if config.stages:
        state = state._replace(latents=stages.waiting(state.latents))
    return subject, state
