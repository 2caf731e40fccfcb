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

Writes `benchmark.json` and `benchmark.md` after every row, and `benchmark.png` at the end.
A row that fails, for want of memory or whatever, says why in the column `error`, and the
next one is measured.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
import pathlib

from absl import app, flags

from experiments import measures, speed
from experiments import rows as rows_lib
from jaxpaint import outputs

# What is swept over; other flags overrule it.
SWEEPS = {
    "quick": {"clips": "bundled", "canvases": "1,4,16", "strokes": "0", "cutouts": "0"},
    "full": {
        "clips": "bundled,b32,b16", "canvases": "1,4,16,64,256", "strokes": "0,256",
        "cutouts": "0,16",
    },
}  # fmt: skip
_SWEEP = flags.DEFINE_enum(
    "sweep", "quick", list(SWEEPS), "What --clips, --canvases, --strokes and --cutouts are unless "
    "given. " + "; ".join(
        f"{name}: " + " ".join(f"--{flag}={value}" for flag, value in sweep.items())
        for name, sweep in SWEEPS.items()
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
_OUT = flags.DEFINE_string("out", "runs/benchmark", "Folder to write to.")


def main(argv: list[str]) -> None:
    del argv
    clips = asked(_CLIPS)
    if unknown := set(clips) - set(speed.CLIPS):
        raise app.UsageError(f"--clips: {', '.join(unknown)} is none of {', '.join(speed.CLIPS)}")
    axes = {flag.name: numbers(flag) for flag in (_STROKES, _CUTOUTS, _CANVASES, _DEVICES)}
    if _RIVAL.value and importlib.util.find_spec("torch") is None:
        raise app.UsageError("the rival is missing: pip install torch")
    # JAX would take three quarters of a GPU's memory, the most it ever needed or not, and leave
    # PyTorch the rest. Processes that measure inherit this; this one never starts a device.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    found = measures.apart(measures.describe, clips, _DTYPES.value)
    if "error" in found:
        raise SystemExit(found["error"])
    axes["devices"] = [number or found["devices"] for number in axes["devices"]]
    rows = rows_lib.plan(clips, found["dtypes"], found["usual"], blends=_BLENDS.value, **axes)
    steps = _STEPS.value or (20 if found["fast"] else 5)
    shown = ("device", "devices", "jax", "matmul_flops_s")
    result = {name: found[name] for name in shown} | {"steps_a_call": steps}
    result |= {"paintings": [], "rows": []}
    folder = pathlib.Path(_OUT.value)
    number = _PAINTINGS.value
    for name, dtype in itertools.product(clips, found["dtypes"]):
        some = number if number is not None else (name == "bundled") * (16 if found["fast"] else 2)
        if some:
            rows_lib.paint(name, dtype, some, found["usual"][name], result, folder)
    ways = [functools.partial(measures.program, steps=steps, calls=_CALLS.value)]
    if _RIVAL.value:
        ways.append(functools.partial(
            measures.rival, vision=found["vision"], steps=steps, calls=_CALLS.value
        ))  # fmt: skip
    rows_lib.sweep(rows, ways, result, folder)
    print(rows_lib.markdown(result))
    if importlib.util.find_spec("matplotlib") is None:
        print("no benchmark.png: pip install matplotlib")
    else:
        outputs.write(folder / "benchmark.png", lambda f: rows_lib.plot(result, f))


def asked(flag: flags.FlagHolder) -> list[str]:
    """What a flag of the sweep says, or the sweep in its place."""
    return SWEEPS[_SWEEP.value][flag.name].split(",") if flag.value is None else flag.value


def numbers(flag: flags.FlagHolder) -> list[int]:
    """The same of a flag that is a list of numbers; 0 for `all`."""
    try:
        return [0 if text == "all" and flag is _DEVICES else int(text) for text in asked(flag)]
    except ValueError as error:
        raise app.UsageError(f"--{flag.name} wants numbers with commas between: {error}") from None


if __name__ == "__main__":
    app.run(main)
