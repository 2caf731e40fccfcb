"""Many jobs: batches of one shape, one after the other; resumed; one page for all."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import json
import pathlib
import sys
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxpaint import clip as clip_lib
from jaxpaint import mixtures, optimize, outputs, painters, pictures, sharding, studio
from jaxpaint.config import Config

_TURNS = 16  # canvases a batch where they take turns: often enough something is done
_SHARE = 0.85  # of the free memory that a batch may take
_MOST = 256  # canvases a batch, however much memory there is
_RESUME = ".resume"  # folder of the checkpoints


class BatchError(ValueError):
    """A batch that cannot be run; the message says what to change."""


class Memory(NamedTuple):
    """What the compiled program needs: `fixed + canvas * C` bytes for C canvases."""

    fixed: int
    canvas: int


def paint(
    jobs: Sequence[studio.Job],
    clip: clip_lib.Clip,
    painter: painters.Painter,
    *,
    config: Config,
    outdir: pathlib.Path,
    size: int,
    save_every: int = 10,
    resume: bool = False,
    process: int = 0,
    processes: int = 1,
    image: np.ndarray | None = None,
    animations: bool = True,
    best_of: int = 1,
    refused: Sequence[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Paints all jobs in batches of `size`, the last filled up so that one program does for all.

    Folders appear batch by batch; `results.jsonl` and the gallery `index.html` in
    `outdir` are written anew after each, and `sheet.png` of two paintings or more at the end.
    A batch that fails, for want of memory or disk, is told in the rows of its jobs and stops
    no other.

    Args:
      jobs: what to paint, each in a folder in `outdir`.
      clip, painter: frozen networks.
      config: settings of all.
      outdir: where the results go.
      size: jobs a batch.
      save_every: steps between checkpoints.
      resume: leave finished batches as they are and go on with one that was
        interrupted where it stopped. The flags must be the same.
      process, processes: which share of the jobs is painted here, of how many.
      image: a picture `[H, W, 3]` in [0, 1] that all are painted from, or None.
      animations: whether those of a painting are written.
      best_of: seeds a job, the best of which is kept.
      refused: rows (`row`) of what is not painted, for the results.

    Returns:
      One record a job of this process: prompt, seed, folder, score, error ("" for none).

    Raises:
      OutputError: a folder holds a painting and `resume` is off, or one of other
        settings; or another run paints the same share into `outdir`.
      OSError: the results cannot be written.
    """
    mine = sharding.share(jobs, process, processes)
    batches = [mine[first : first + size] for first in range(0, len(mine), size)]
    models = studio.models(clip, painter)
    mesh = sharding.local_mesh()
    place = _place(outdir, process, processes)
    with outputs.workplace(place):
        done = [
            resume and is_finished(
                job, config=config, models=models, image=image, best_of=best_of
            ) for job in mine
        ]  # fmt: skip
        finished = [all(done[first : first + size]) for first in range(0, len(mine), size)]
        for some, ready in zip(batches, finished):
            for job in () if ready else some:
                outputs.claim_folder(job.folder, again=resume)
        rows, untold = {}, None
        collect(rows, jobs, outdir)
        for number, (some, ready) in enumerate(zip(batches, finished)):
            if not resume:
                for old in place.glob(_checkpoint(mine, number, "*")):
                    old.unlink()
            checkpoint = place / _checkpoint(mine, number, size)
            try:
                # A batch is what it was in the interrupted run, whatever of it is finished.
                if not ready:
                    studio.paint_jobs(
                        some, clip, painter, config=config, save_every=save_every, size=size,
                        checkpoint=checkpoint, mesh=mesh, image=image, animations=animations,
                        best_of=best_of,
                    )  # fmt: skip
                checkpoint.unlink(missing_ok=True)
            except BrokenPipeError:  # nobody is told any more how it goes: the end of the program
                raise
            except (RuntimeError, MemoryError, OSError) as error:
                why = str(error).strip().splitlines() or [type(error).__name__]
                failed = f"its batch failed ({why[0]}); --resume tries again"
                rows |= {name(job, outdir): row(job, outdir, error=failed) for job in some}
            changed = jobs if processes > 1 else some
            try:
                tell(rows, jobs, outdir, changed=changed, refused=refused, scratch=place)
                untold = None
            except OSError as error:  # there may be space again after the next batch
                untold = error
        if untold is not None:
            raise untold
        if (picture := sheet(jobs)) is not None:
            outputs.write_picture(outdir / outputs.SHEET, picture, scratch=place)
    return [rows[name(job, outdir)] for job in mine]


def _place(outdir: pathlib.Path, process: int, processes: int) -> pathlib.Path:
    """Where one of several processes keeps its checkpoints."""
    return outdir / _RESUME / f"process-{process}-of-{processes}"


def _checkpoint(mine: Sequence[studio.Job], number: int | str, size: int | str) -> str:
    """The file of a batch's progress, whose name tells of what run, and how many jobs a batch has.

    So an interrupted run can still go on after one of other jobs in the same folder.
    """
    run = repr([(job.prompt, job.seed, job.weight) for job in mine])
    digest = hashlib.sha256(run.encode()).hexdigest()[:8]
    number = f"{number:05d}" if isinstance(number, int) else number
    return f"{digest}-batch-{number}-of-{size}.msgpack"


def interrupted_size(
    jobs: Sequence[studio.Job], outdir: pathlib.Path, *, process: int, processes: int
) -> int:
    """Jobs a batch in the run of these jobs that was interrupted there; 0 if that is not known."""
    mine = sharding.share(jobs, process, processes)
    found = sorted(_place(outdir, process, processes).glob(_checkpoint(mine, "*", "*")))
    return int(found[0].stem.split("-")[-1]) if found else 0


def is_finished(
    job: studio.Job, *, config: Config, models: dict[str, Any], image: np.ndarray | None = None,
    best_of: int = 1,
) -> bool:  # fmt: skip
    """Whether a job's folder holds its whole painting.

    Raises:
      OutputError: it holds one of other settings.
    """
    record = outputs.read_run(job.folder)
    if record is None:
        return False
    seeds = list(range(job.seed, job.seed + best_of))
    asked = {"prompt": job.prompt, "seeds": seeds, "weight": job.weight}
    wanted = asked | models | {"config": dataclasses.asdict(config), "image": studio.digest(image)}
    if any(record.get(key) != value for key, value in json.loads(json.dumps(wanted)).items()):
        raise outputs.OutputError(
            f"{job.folder} holds a painting of other settings: resume with the flags that it was "
            "painted with, or choose another --outdir"
        )
    return _is_whole(record)


def _is_whole(record: dict[str, Any]) -> bool:
    """Whether a painting's record tells of its end, and not of an interruption."""
    return bool(record["error"]) or record["steps_done"] == record["config"]["steps"]


def name(job: studio.Job, outdir: pathlib.Path) -> str:
    """What a job's folder is called in the results."""
    return str(job.folder.relative_to(outdir))


def row(job: studio.Job, outdir: pathlib.Path, *, error: str) -> dict[str, Any]:
    """A row of the results for a job that was not painted."""
    asked = {"prompt": job.prompt, "seed": job.seed, "score": None, "error": error}
    return asked | {"folder": name(job, outdir)}


def tell(
    rows: dict[str, dict[str, Any]], jobs: Sequence[studio.Job], outdir: pathlib.Path,
    *, changed: Sequence[studio.Job], refused: Sequence[dict[str, Any]], scratch: pathlib.Path,
) -> None:  # fmt: skip
    """Writes the results of all jobs that are known by now.

    Args:
      rows: those known before, by folder; those of `changed` are added.
      jobs: of all processes.
      outdir: where the results go.
      changed: jobs that may have been painted since.
      refused: rows of what is not painted.
      scratch: folder of files that are not whole yet.
    """
    collect(rows, changed, outdir)
    told = -1
    while told < len(rows):
        told = len(rows)
        there = [rows[name(job, outdir)] for job in jobs if name(job, outdir) in rows]
        write_results([*there, *refused], outdir, scratch=scratch)
        # Another process may have finished something meanwhile, and told of it before this did.
        collect(rows, changed, outdir)


def collect(
    rows: dict[str, dict[str, Any]], jobs: Sequence[studio.Job], outdir: pathlib.Path
) -> None:
    """Adds a row for every job that is painted by now, whichever process did it.

    Those that have one already are not read again.
    """
    for job in jobs:
        known = rows.get(name(job, outdir))
        if known and known["score"] is not None:
            continue
        record = outputs.read_run(job.folder)
        if record is not None and _is_whole(record):
            kept = {key: record[key] for key in ("prompt", "seed", "score", "error")}
            rows[name(job, outdir)] = kept | {"folder": name(job, outdir)}


def write_results(
    rows: Sequence[dict[str, Any]], outdir: pathlib.Path, *, scratch: pathlib.Path | None = None
) -> None:
    """Writes `results.jsonl` and the gallery; `scratch` as of `outputs.write`."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    outputs.write(outdir / outputs.RESULTS, lambda f: f.write(text.encode()), scratch=scratch)
    outputs.write_gallery(outdir / outputs.GALLERY, rows, scratch=scratch)


def choose_size(
    number: int, clip: clip_lib.Clip, painter: painters.Painter, *, config: Config, asked: int,
    save_every: int = 10, image: np.ndarray | None = None, best_of: int = 1,
) -> int:  # fmt: skip
    """Jobs a batch, for `number` of them, each of `best_of` canvases; `asked` if not 0 and it fits.

    Else jobs are dealt out evenly, so that few canvases only fill up the last batch.
    Where canvases take turns memory hardly grows with them; else the program is
    compiled for one and for two canvases and its own account of memory extrapolated, for
    each of this process's devices alike.

    Raises:
      BatchError: `asked` needs more memory than is free.
    """
    turns = max(1, _TURNS // best_of)
    if number * best_of == 1 or not sharding.at_once(config):
        return min(number, asked or _even(number, turns))
    need = measure(clip, painter, config=config, steps=min(save_every, config.steps), image=image)
    free = free_memory()
    if free is None:
        return min(number, asked or _even(number, turns))
    devices = jax.local_device_count()
    largest = max(0, int(_SHARE * free - need.fixed) // max(1, need.canvas))
    each = -(-max(asked, 1) * best_of // devices)
    fit = devices * min(largest, _MOST) // best_of
    if each > largest:
        giga = 1e-9
        less = f"give --batch_size={devices * largest // best_of} or less, or" if fit else "give"
        raise BatchError(
            f"{each} canvases at a time on a device need "
            f"{giga * (need.fixed + need.canvas * each):.2f} GB and {giga * free:.2f} GB "
            f"are free: {less} fewer --strokes or a smaller --size"
        )
    return min(number, asked or _even(number, max(1, fit)))


def _even(number: int, most: int) -> int:
    """Jobs a batch when `number` of them are dealt out evenly to as few batches as possible."""
    batches = -(-number // most)
    return -(-number // batches)


def measure(
    clip: clip_lib.Clip, painter: painters.Painter, *, config: Config, steps: int,
    image: np.ndarray | None = None,
) -> Memory:  # fmt: skip
    """Memory of the compiled `optimize.train_steps`, from programs of one and two canvases.

    Of stages, the one that needs most.
    """
    if config.stages:
        needs = []
        for i in range(len(config.stages)):
            own = config.stage(i, small=True)
            needs.append(measure(
                clip, painter._replace(module=mixtures.only(painter.module, config.rows(i))),
                config=own, steps=min(steps, own.steps),
                image=pictures.fit(image, width=own.width, height=own.height),
            ))  # fmt: skip
        return Memory(*map(max, zip(*needs)))
    networks, weights = studio.freeze(clip, painter)

    def total(canvases: int) -> int:
        jobs = [studio.Job("a", seed, pathlib.Path()) for seed in range(canvases)]
        subject, state = studio.start(jobs, clip, painter, config=config, image=image)
        lowered = optimize.train_steps.lower(
            state, subject, weights, networks=networks, config=config, steps=steps
        )
        use = lowered.compile().memory_analysis()
        return (
            use.argument_size_in_bytes + use.output_size_in_bytes + use.temp_size_in_bytes
            - use.alias_size_in_bytes
        )  # fmt: skip

    one, two = total(1), total(2)
    return Memory(2 * one - two, two - one)


def free_memory() -> int | None:
    """Free bytes of the first device, or of the machine for a CPU; None if not known."""
    stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"] - stats["bytes_in_use"])
    if sys.platform == "linux" and jax.default_backend() == "cpu":
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
        found = [line.split()[1] for line in lines if line.startswith("MemAvailable")]
        return 1024 * int(found[0]) if found else None
    return None


def sheet(jobs: Sequence[studio.Job], *, most: int = 100) -> np.ndarray | None:
    """A contact sheet of the first `most` paintings; None for fewer than two."""
    there = [job for job in jobs if (job.folder / outputs.STROKES).exists()][:most]
    if len(there) < 2:
        return None
    pictures = [outputs.read_strokes(job.folder / outputs.STROKES).picture for job in there]
    seeds = [(outputs.read_run(job.folder) or {}).get("seed", job.seed) for job in there]
    return outputs.contact_sheet(
        pictures, [f"{job.prompt or job.folder.name} ({seed})" for job, seed in zip(there, seeds)]
    )
