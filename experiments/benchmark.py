"""How fast paintings are made, and where the time goes.

    python -m experiments.benchmark --sweep=full --rival                   # an accelerator
    python -m experiments.benchmark --canvases=1,4 --clips=bundled,b32     # or what is asked for

Every row of the sweep compiles `optimize.train_steps` and times it, then its four parts
alone (painter and blend, cutouts and CLIP each with the gradient that they pass on, and the
update), in loops of as many steps. FLOPs are those of the CLIP image tower, counted by hand:
a forward pass and the gradient of the pictures, which is what a step cannot do
without. The device's own rate is that of a large matrix product in the same type,
measured in the same run. Random weights stand in for hub models: speed is the same.
Besides, one batch is painted as `jaxpaint.paint` does, with everything before and after the steps.

Writes `benchmark.json`, `benchmark.md` and `benchmark.png` after every row, the first of which
counts most. A row that fails, for want of memory or time or whatever, says why in the column
`error`, and the next one is measured.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
import pathlib

from absl import app, flags

from experiments import measures, speed, user_errors
from experiments import rows as rows_lib

_SWEEP = flags.DEFINE_enum(
    "sweep", "quick", list(rows_lib.SWEEPS),
    "What --clips, --canvases, --strokes and --cutouts are unless given. " + "; ".join(
        f"{name}: " + " ".join(f"--{flag}={value}" for flag, value in sweep.items())
        for name, sweep in rows_lib.SWEEPS.items()
    ) + ", for an accelerator; what does not fit there is a row with an error.",
)  # fmt: skip
_CLIPS = flags.DEFINE_list("clips", None, f"Of: {', '.join(speed.CLIPS)}.")
_CANVASES = flags.DEFINE_list("canvases", None, "Canvases of the sweep, on every device.")
_STROKES = flags.DEFINE_list("strokes", None, "Strokes S of the sweep; 0: as --quality=normal.")
_CUTOUTS = flags.DEFINE_list("cutouts", None, "Cutouts K of the sweep; 0: likewise.")
_DEVICES = flags.DEFINE_list(
    "devices", ["1"], "Devices that share the canvases; all: as many as there are. Where they "
    "scale, a step takes as long on many as on one."
)  # fmt: skip
_DTYPES = flags.DEFINE_list("dtypes", [], "Of CLIP; default: bfloat16, on a CPU float32.")
_BLENDS = flags.DEFINE_list(
    "blends", ["blend"], "Functions of jaxpaint/canvas.py to blend strokes with, to hold them "
    "against one another: blend (the platform's own), blend_at_once, blend_in_turn."
)  # fmt: skip
_STEPS = flags.DEFINE_integer(
    "steps", None, "Steps a call; default: 5, on an accelerator 20.", lower_bound=1
)
_CALLS = flags.DEFINE_integer("calls", 5, "Timed calls, of which the median counts.", lower_bound=1)
_RIVAL = flags.DEFINE_bool("rival", False, "Time a PyTorch loop too (pip install torch).")
_PAINTINGS = flags.DEFINE_integer(
    "paintings", None, "Paintings, on every device, of the batch that is painted from prompt to "
    "files with every CLIP; 0: none. Default: 2, on an accelerator 16, with bundled only.",
    lower_bound=0,
)  # fmt: skip
_MINUTES = flags.DEFINE_float(
    "minutes", 15.0, "The most that a row may take, jaxpaint and the rival each.", lower_bound=0.0
)
_OUT = flags.DEFINE_string("out", "runs/benchmark", "Folder to write to.")


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    clips = asked(_CLIPS)
    if unknown := set(clips) - set(speed.CLIPS):
        raise app.UsageError(f"--clips: {', '.join(unknown)} is none of {', '.join(speed.CLIPS)}")
    axes = {flag.name: numbers(flag) for flag in (_STROKES, _CUTOUTS, _CANVASES, _DEVICES)}
    if _RIVAL.value and importlib.util.find_spec("torch") is None:
        raise app.UsageError("the rival is missing: pip install torch")
    if importlib.util.find_spec("matplotlib") is None:
        print("there will be no benchmark.png: pip install matplotlib", flush=True)
    # Processes that measure inherit these; this one never starts a device. JAX would take three
    # quarters of a GPU's memory, the most it ever needed or not, and no more than that; PyTorch,
    # in its own process, may have all.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if "XLA_CLIENT_MEM_FRACTION" not in os.environ:
        os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.95")
    limit = 60 * _MINUTES.value
    found = measures.apart(measures.describe, clips, _DTYPES.value, limit=limit)
    if _RIVAL.value:
        found = measures.apart(measures.describe_rival, limit=limit) | found
    if "error" in found:
        raise SystemExit(found["error"])
    if _SWEEP.value == "full" and not found["fast"]:
        raise SystemExit(
            "--sweep=full would take days here: JAX has found no accelerator (for an NVIDIA GPU: "
            'pip install ".[cuda]"); leave it out, or say what to measure by --clips, --canvases, '
            "--strokes and --cutouts"
        )
    if _RIVAL.value and found["fast"] != found["torch_fast"]:
        raise SystemExit(
            f"--rival: PyTorch is {found['torch']} and JAX on {found['device']}: install them for "
            "the same device"
        )
    axes["devices"] = [number or found["devices"] for number in axes["devices"]]
    rows = rows_lib.plan(clips, found["dtypes"], found["usual"], blends=_BLENDS.value, **axes)
    steps = _STEPS.value or (20 if found["fast"] else 5)
    shown = ("device", "devices", "jax", "torch", "matmul_flops_s")
    result = {name: found.get(name) for name in shown} | {"paintings": [], "rows": []}
    folder = pathlib.Path(_OUT.value)
    ways = [functools.partial(measures.program, steps=steps, calls=_CALLS.value)]
    if _RIVAL.value:
        ways.append(functools.partial(
            measures.rival, vision=found["vision"], steps=steps, calls=_CALLS.value
        ))  # fmt: skip
    rows_lib.sweep(rows[:1], ways, result, folder, limit=limit)  # the one that counts most
    number = _PAINTINGS.value
    for name, dtype in itertools.product(clips, found["dtypes"]):
        some = number if number is not None else (name == "bundled") * (16 if found["fast"] else 2)
        if some:
            usual = found["usual"][name]
            rows_lib.paint(name, dtype, some, usual, result, folder, limit=limit)
    rows_lib.sweep(rows[1:], ways, result, folder, limit=limit)
    print(rows_lib.markdown(result))


def asked(flag: flags.FlagHolder) -> list[str]:
    """What a flag of the sweep says, or the sweep in its place."""
    return rows_lib.SWEEPS[_SWEEP.value][flag.name].split(",") if flag.value is None else flag.value


def numbers(flag: flags.FlagHolder) -> list[int]:
    """The same of a flag that is a list of numbers; 0 for `all`."""
    try:
        return [0 if text == "all" and flag is _DEVICES else int(text) for text in asked(flag)]
    except ValueError as error:
        raise app.UsageError(f"--{flag.name} wants numbers with commas between: {error}") from None


if __name__ == "__main__":
    app.run(main)
