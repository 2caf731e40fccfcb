"""Paints prompts: `python -m jaxpaint.paint --prompt="black sheep"`."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import sys
import time

from absl import app, flags, logging
import jax
import jax.numpy as jnp

from jaxpaint import clip as clip_lib
from jaxpaint import outputs, painters, prompts, studio
from jaxpaint.config import Config

_DEFAULT = Config()
_PROMPT = flags.DEFINE_multi_string("prompt", [], "What to paint. Repeat it for more paintings.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the first painting of a prompt.", lower_bound=0)
_NUMBER = flags.DEFINE_integer(
    "num_paintings", 1, "Paintings a prompt, with seeds from --seed on.", lower_bound=1
)
_STROKES = flags.DEFINE_integer(
    "strokes", _DEFAULT.strokes, "Brushstrokes a painting.", lower_bound=1
)
_STEPS = flags.DEFINE_integer("steps", _DEFAULT.steps, "Optimisation steps.", lower_bound=1)
_BRUSH = flags.DEFINE_string("brush", "brush", "Trained brush: a name or a .safetensors file.")
_CLIP = flags.DEFINE_string("clip", "auto", "CLIP: auto, bundled, a hub id, or a directory.")
_SIZE = flags.DEFINE_string(
    "size", "", "Canvas in pixels: SIDE or WIDTHxHEIGHT. Default: 128, or CLIP's input if larger."
)
_OUTDIR = flags.DEFINE_string("outdir", "paintings", "Each painting gets a folder in it.")
_SAVE_EVERY = flags.DEFINE_integer(
    "save_every", 10, "Steps between frames of optimization.gif (and preview.png).", lower_bound=1
)

# Everything a user can get wrong ends in one line, not in a traceback.
_USER_ERRORS = (
    prompts.PromptError, clip_lib.ClipError, painters.PainterError, outputs.OutputError,
    studio.PaintingStopped,
)  # fmt: skip


def run() -> None:
    """Paints what the flags ask for."""
    if not _PROMPT.value:
        raise prompts.PromptError('nothing to paint: give --prompt="black sheep"')
    jobs = studio.make_jobs(_PROMPT.value, _SEED.value, _NUMBER.value, _OUTDIR.value)
    painter = painters.load(_BRUSH.value)
    fast = jax.default_backend() != "cpu"
    clip = clip_lib.load(_CLIP.value, dtype=jnp.bfloat16 if fast else jnp.float32)
    print(clip.explanation, file=sys.stderr)
    for text in dict.fromkeys(job.prompt for job in jobs):
        unknown = clip_lib.unknown_words(clip, text)
        if unknown and len(unknown) == len(set(re.findall(r"[^\W\d_]+", text.lower()))):
            raise prompts.PromptError(
                f"{clip.name} CLIP knows no word of {text!r}: use common nouns and colours, "
                "or a larger model with --clip=openai/clip-vit-base-patch32"
            )
        if unknown:
            print(
                f"{clip.name} CLIP does not know: {', '.join(unknown)} (in {text!r})",
                file=sys.stderr,
            )
    clip_lib.tokenize(clip, [job.prompt for job in jobs])  # too long a prompt fails now
    for job in jobs:
        outputs.claim_folder(job.folder)
    width, height = prompts.parse_size(_SIZE.value, default=max(_DEFAULT.width, clip.resolution))
    config = dataclasses.replace(
        _DEFAULT, width=width, height=height, strokes=_STROKES.value, steps=_STEPS.value
    )
    began = time.time()
    pictures = studio.paint_jobs(jobs, clip, painter, config=config, save_every=_SAVE_EVERY.value)
    if len(jobs) > 1:
        captions = [f"{job.prompt} ({job.seed})" for job in jobs]
        sheet = pathlib.Path(_OUTDIR.value) / outputs.SHEET
        outputs.write_picture(sheet, outputs.contact_sheet(pictures, captions))
        print(sheet)
    print(f"painted {len(jobs)} in {time.time() - began:.0f} s", file=sys.stderr)


def main(argv: list[str]) -> None:
    """Runs, and turns what a user can get wrong into one line and an exit code."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}: quote the prompt")
    logging.set_verbosity(logging.WARNING)  # JAX tells of every device it looked for
    try:
        run()
    except _USER_ERRORS as error:
        print(f"jaxpaint: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("jaxpaint: stopped; what was painted so far is kept", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    app.run(main)
