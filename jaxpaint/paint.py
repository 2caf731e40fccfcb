"""Paints prompts: `python -m jaxpaint.paint --prompt="black sheep"`."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import math
import os
import pathlib
import signal
import sys
import time
import types
from typing import Any, NoReturn, TextIO

from absl import app, flags, logging
import jax
import jax.numpy as jnp
import numpy as np

from jaxpaint import (
    actions,
    batch,
    mixtures,
    outputs,
    painters,
    pictures,
    prompts,
    sharding,
    stages,
    studio,
    vocabulary,
    wording,
)
from jaxpaint import clip as clip_lib
from jaxpaint.config import BLENDS, LAYOUTS, MOST_STROKES, QUALITIES, Config

_PROMPT = flags.DEFINE_multi_string("prompt", [], "What to paint. Repeat it for more paintings.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the first painting of a prompt.", lower_bound=0)
_NUMBER = flags.DEFINE_integer(
    "num_paintings", 1, "Paintings a prompt, with seeds from --seed on.", lower_bound=1
)
_BEST_OF = flags.DEFINE_integer(
    "best_of", 1, "Paint every painting with so many seeds, in one batch, and keep the one that "
    "CLIP finds nearest to the prompt.", lower_bound=1,
)  # fmt: skip
_WEIGHT = flags.DEFINE_float(
    "prompt_weight", None, "Weight of the prompts beside --image or the sketch, 1 as a rule.",
    lower_bound=0.0,
)  # fmt: skip
_IMAGE = flags.DEFINE_string(
    "image", "", "Picture file to paint from, alone or with a prompt. Its shape is kept, but "
    "--size=WIDTHxHEIGHT and --grid cut what does not fit theirs.",
)  # fmt: skip
_OBJECTIVE = flags.DEFINE_string(
    "objective", "pixel", "What to take from --image: some of pixel, l1, transport (coverage), "
    "clip (meaning), intrinsic (features and style), with weights if wanted: pixel,clip:0.5.",
)  # fmt: skip
_QUALITY = flags.DEFINE_enum(
    "quality", "normal", list(QUALITIES), "How many strokes and steps: a quick look or a long one."
)
_STROKES = flags.DEFINE_integer(
    "strokes", None, "Brushstrokes a painting, whatever --quality says.", lower_bound=1,
    upper_bound=MOST_STROKES,
)  # fmt: skip
_STEPS = flags.DEFINE_integer(
    "steps", None, "Optimisation steps, whatever --quality says.", lower_bound=1
)
_BRUSH = flags.DEFINE_string(
    "brush", "brush", "Trained brush: a name (python -m jaxpaint.brushes lists them) or a "
    ".safetensors file; or some with their shares of the strokes, the lowest first: "
    "dry_brush:0.3,brush:0.7.",
)  # fmt: skip
_PAINTER = flags.DEFINE_string(
    "painter", "alpha", "Neural painter of the brush: alpha (ours), gan or vae (Nakano 2019), joy "
    "(Diaz-Aviles et al. 2019), or the .safetensors file of one that you trained.",
)  # fmt: skip
_BLEND = flags.DEFINE_enum(
    "blend", None, BLENDS, "What strokes of a published painter cover: by their darkness, as "
    "published (default), or by the alpha that their colour tells.",
)  # fmt: skip
_CLIP = flags.DEFINE_string("clip", "auto", "CLIP: auto, bundled, a hub id, or a directory.")
_SIZE = flags.DEFINE_string(
    "size",
    "",
    "Canvas in pixels: SIDE (with --image of the longer side) or WIDTHxHEIGHT. "
    "Default: 128, or CLIP's input if larger.",
)
_LAYOUT = flags.DEFINE_enum(
    "layout", "free", list(LAYOUTS), "Where the frames of the strokes lie: each where it is best, "
    "on the stitched grid of Neural Painters (Nakano 2019), or all over the whole canvas.",
)  # fmt: skip
_GRID = flags.DEFINE_string(
    "grid", "8x8x5", "ROWSxCOLUMNSxSTROKES of --layout=stitched: frames of 64 pixels that overlap "
    "by 10, and strokes in each. They settle the canvas and the number of strokes. Without it "
    "--image has a grid of its shape, of about as many frames.",
)  # fmt: skip
_STAGES = flags.DEFINE_integer(
    "stages", 1, "Coarse to fine, with --image: the strokes are painted in so many stages, each "
    "smaller ones on those before. For large canvases and many strokes.", lower_bound=1,
)  # fmt: skip
_OUTDIR = flags.DEFINE_string("outdir", "paintings", "Each painting gets a folder in it.")
_SAVE_EVERY = flags.DEFINE_integer(
    "save_every", 10, "Steps between frames of optimization.gif (and preview.png).", lower_bound=1
)

_FILE = flags.DEFINE_string(
    "prompts_file",
    "",
    "More prompts: one a line, with --seed=N, --weight=X if wanted; or .jsonl.",
)
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 0, "Paintings at a time. 0: what the memory allows.", lower_bound=0
)
_ANIMATIONS = flags.DEFINE_bool(
    "animations", True, "Write process.gif and optimization.gif of every painting."
)
_RESUME = flags.DEFINE_bool(
    "resume", False, "Go on with a run that was interrupted; give its other flags again."
)
_PROCESS = flags.DEFINE_integer(
    "process_id", None, "Which of --num_processes this is, from 0.", lower_bound=0
)
_PROCESSES = flags.DEFINE_integer(
    "num_processes", None, "Processes that share the prompts and --outdir.", lower_bound=1
)
_COORDINATOR = flags.DEFINE_string(
    "coordinator", "", "host:port of process 0, to join them by jax.distributed until all have "
    "started; auto: detect all.",
)  # fmt: skip

# Everything a user can get wrong ends in one line, not in a traceback.
_USER_ERRORS = (
    prompts.PromptError, clip_lib.ClipError, painters.PainterError, outputs.OutputError,
    batch.BatchError, pictures.PictureError, sharding.ProcessError, stages.StageError,
)  # fmt: skip


def asked() -> tuple[list[prompts.Line], np.ndarray | None, dict[str, float | None]]:
    """What is to be painted: prompts, the picture to paint from, and weights of its terms."""
    lines = [prompts.Line(prompts.parse(text)) for text in _PROMPT.value]
    if _FILE.value:
        lines += prompts.read_file(pathlib.Path(_FILE.value))
    weight = None if _WEIGHT.value is None else prompts.checked_weight(_WEIGHT.value)
    if not _IMAGE.value:
        if flags.FLAGS["objective"].present:
            raise pictures.PictureError("--objective is of a picture: give --image=FILE too")
        if not lines:
            raise prompts.PromptError(
                'nothing to paint: give --prompt="black sheep" or --image=FILE'
            )
        return lines, None, {"prompt_weight": weight}
    photo = pictures.read(pathlib.Path(_IMAGE.value))
    weights = pictures.parse_objective(_OBJECTIVE.value) | {"prompt_weight": weight}
    if not lines:
        if weight is not None:
            raise prompts.PromptError("--prompt_weight is of a prompt: give --prompt=TEXT too")
        lines, weights["prompt_weight"] = [prompts.Line("")], 0.0
    return lines, photo, weights


def arrangement(photo: np.ndarray | None) -> tuple[dict[str, Any], tuple[int, int] | None]:
    """What --layout asks of the Config, and the width and height where it settles them."""
    given = {"layout": _LAYOUT.value, "strokes": _STROKES.value}
    if _STAGES.value > 1 and (not _IMAGE.value or _LAYOUT.value != "free"):
        raise prompts.PromptError(
            f"--stages={_STAGES.value} are of a picture, and of free frames: give --image=FILE and "
            "no --layout, or leave --stages out"
        )
    if _LAYOUT.value != "stitched":
        if flags.FLAGS["grid"].present:
            raise prompts.PromptError("--grid is of a stitched canvas: give --layout=stitched too")
        return given, None
    grid = prompts.parse_grid(_GRID.value)
    if photo is not None and not flags.FLAGS["grid"].present:
        grid = (*actions.grid_like(*photo.shape[:2]), grid[2])
    strokes, (_, height, width) = math.prod(grid), actions.grid_frames(*grid)
    name = "x".join(map(str, grid))
    if _STROKES.value not in (None, strokes):
        raise prompts.PromptError(
            f"--strokes={_STROKES.value}, but the grid {name} has {strokes}: leave --strokes out, "
            "or give another --grid"
        )
    if prompts.parse_size(_SIZE.value, default=0) not in ((0, 0), (width, height)):
        raise prompts.PromptError(
            f"--size={_SIZE.value}, but the grid {name} makes a canvas of {width}x{height}: "
            "leave --size out, or give another --grid"
        )
    return given | {"grid": grid, "strokes": strokes}, (width, height)


def run() -> int:
    """Paints what the flags ask for; returns how many of the paintings failed."""
    lines, photo, weights = asked()
    layout, sides = arrangement(photo)
    process, processes = join()
    # As Ctrl-C, so that what was painted is written. After `jax.distributed`, which takes it too.
    signal.signal(signal.SIGTERM, stop)
    keep_compiled()
    brushes = load_painters()
    fast = jax.default_backend() != "cpu"
    clip = clip_lib.load(_CLIP.value, dtype=jnp.bfloat16 if fast else jnp.float32)
    print(clip.explanation, file=sys.stderr)
    config = studio.configure(
        clip, quality=_QUALITY.value, from_picture=photo is not None, steps=_STEPS.value,
        blend=_BLEND.value, **layout, **weights,
    )  # fmt: skip
    if photo is None and not config.looks and not config.sketch_steps:
        raise prompts.PromptError(
            "--prompt_weight=0 leaves nothing to paint: give a larger one, or --image=FILE"
        )
    refused = refuse(clip, [line.prompt for line in lines if line.prompt], config=config)
    for reason in refused.values():
        print(f"jaxpaint: not painted: {reason}", file=sys.stderr)
    outdir = pathlib.Path(_OUTDIR.value)
    jobs = studio.make_jobs(
        lines, _SEED.value, _NUMBER.value, str(outdir), best_of=_BEST_OF.value,
        untitled=pathlib.Path(_IMAGE.value).stem,
    )  # fmt: skip
    able = [job for job in jobs if job.prompt not in refused]
    if not able:
        raise prompts.PromptError("no prompt is left to paint")
    width, height = sides or prompts.parse_size(_SIZE.value, default=config.width)
    if photo is not None:
        if "x" not in _SIZE.value.lower() and sides is None:
            width, height = pictures.canvas_size(photo, longer=width)
        photo = pictures.fit(photo, width=width, height=height)
    config = dataclasses.replace(config, width=width, height=height)
    config = stages.plan(config, number=_STAGES.value)
    painter = mixtures.mix(brushes, config=config)
    asked_size = _BATCH_SIZE.value
    if _RESUME.value and not asked_size:  # other memory may be free now than was then
        asked_size = batch.interrupted_size(able, outdir, process=process, processes=processes)
    size = batch.choose_size(
        -(-len(able) // processes), clip, painter, config=config, asked=asked_size,
        save_every=_SAVE_EVERY.value, image=photo, best_of=_BEST_OF.value,
    )  # fmt: skip
    began = time.time()
    rows = batch.paint(
        able, clip, painter, config=config, outdir=outdir, size=size,
        save_every=_SAVE_EVERY.value, resume=_RESUME.value, process=process, processes=processes,
        image=photo, animations=_ANIMATIONS.value, best_of=_BEST_OF.value,
        refused=[
            batch.row(job, outdir, error=refused[job.prompt]) for job in jobs
            if job.prompt in refused
        ],
    )  # fmt: skip
    there = [outdir / row["folder"] / outputs.PICTURE for row in rows if row["score"] is not None]
    sheet = [outdir / outputs.SHEET] if len(able) > 1 else []
    say(path for path in there + sheet if path.exists())
    for row in rows:
        if row["error"]:
            print(f"jaxpaint: {row['error']}", file=sys.stderr)
    print(f"painted {len(there)} in {time.time() - began:.0f} s", file=sys.stderr)
    return len(jobs) - len(able) + sum(bool(row["error"]) for row in rows)


def stop(number: int, _: types.FrameType | None) -> NoReturn:
    """What a signal does that asks the program to end."""
    raise KeyboardInterrupt(number)


def load_painters() -> list[tuple[painters.Painter, float]]:
    """The painters that the flags name, with their shares of the strokes."""
    if _PAINTER.value.endswith(".safetensors") and flags.FLAGS["brush"].present:
        raise painters.PainterError("--painter=FILE knows its brush: leave --brush away")
    found = mixtures.choose(_PAINTER.value, _BRUSH.value)
    if _BLEND.value and not any(getattr(painter.module, "rgb", False) for painter, _ in found):
        raise painters.PainterError(
            "--blend is of a published painter: give --painter=gan, vae, joy or a file of one too"
        )
    return found


def join() -> tuple[int, int]:
    """This process's number and how many there are.

    They need not know of one another: only where the machine wants it (hosts of a TPU
    pod) or is to number them are they joined by `jax.distributed`, with --coordinator.
    """
    process, processes = _PROCESS.value, _PROCESSES.value
    if (process is None) != (processes is None) or (processes and process >= processes):
        raise prompts.PromptError(
            "--process_id and --num_processes belong together, as in --process_id=0 "
            f"--num_processes=2, the first below the second; got {process} and {processes}"
        )
    if _COORDINATOR.value:
        address = None if _COORDINATOR.value == "auto" else _COORDINATOR.value
        return sharding.join(address, process=process, processes=processes)
    return (process, processes) if processes else (0, 1)


def keep_compiled() -> None:
    """Keeps compiled programs in the user's cache folder, so that the next run starts at once.

    JAX_COMPILATION_CACHE_DIR names another folder; JAX_ENABLE_COMPILATION_CACHE=0: none.
    """
    if jax.config.jax_compilation_cache_dir is None:
        caches = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        jax.config.update("jax_compilation_cache_dir", str(pathlib.Path(caches) / "jaxpaint"))
        # Small programs too, of which a start has some thirty: JAX leaves out what took less than
        # a second, and so keeps more or less by how busy the machine is.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def refuse(clip: clip_lib.Clip, texts: list[str], *, config: Config) -> dict[str, str]:
    """Prompts that this CLIP cannot paint, each with the reason; tells of words it lacks."""
    refused = {}
    for text in dict.fromkeys(texts):
        reading = wording.plan(text, known=clip.vocabulary, config=config)
        told = vocabulary.told(clip.vocabulary, reading.lost) if reading.lost else ""
        if not reading.text:
            refused[text] = (
                f"{clip.name} CLIP knows nothing to paint in {text!r}{told and f': {told}'}; use "
                "common English nouns and colours, or a larger model with --clip="
                f"{clip_lib.STANDARD}"
            )
            continue
        try:
            clip_lib.tokenize(clip, [reading.text])
        except clip_lib.ClipError as error:
            refused[text] = str(error)
            continue
        if told:
            print(
                f"{clip.name} CLIP does not know: {told} (in {text!r}, read as {reading.text!r})",
                file=sys.stderr,
            )
    return refused


def main(argv: list[str]) -> None:
    """Runs, and turns what a user can get wrong into one line and an exit code."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}: quote the prompt")
    logging.set_verbosity(logging.WARNING)  # JAX tells of every device it looked for
    line, code = "", 1
    try:
        code = 1 if run() else 0
    except _USER_ERRORS as error:
        line = str(error)
    except BrokenPipeError:  # of stderr, as in `2>&1 | head -1`
        line = "stopped, since nobody reads what is told; --resume goes on"
    except OSError as error:
        if error.filename is None:  # not of a file: nothing that a line could explain
            raise
        line = f"cannot use {error.filename} ({error.strerror}): mend that, then --resume goes on"
    except KeyboardInterrupt as error:
        line = "stopped; what was painted so far is kept; --resume goes on"
        code = 128 + (error.args[0] if error.args else signal.SIGINT)
    if line:
        try:
            print(f"jaxpaint: {line}", file=sys.stderr, flush=True)
        except OSError:
            silence(sys.stderr)
    sys.exit(code)


def say(lines: Iterable[object]) -> None:
    """Prints to stdout. What is painted is there, whether anybody reads that or not."""
    try:
        for line in lines:
            print(line)
        print(end="", flush=True)
    except OSError:  # as behind `| head -1`
        silence(sys.stdout)


def silence(stream: TextIO) -> None:
    """Lets what is still to be written, at exit too, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    app.run(main)
