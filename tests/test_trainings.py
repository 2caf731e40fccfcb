"""The programs that train a CLIP: stopped and resumed, they end as if they had not been."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from sample_art import some_art

SMALL = ("--width=64", "--layers=1", "--patch=16", "--batch=8")
KINDS = {
    # Two clean batches and two with the attack; stopped before the attack begins.
    "train_clip": ("--steps=6", "--clean=0.34", "--replays=2", "--fakes=2", "--stop_at=2"),
    "train_guide": ("--steps=3", "--sketches=2", "--calm=0.5", "--stop_at=1"),
}


@pytest.mark.parametrize("program", KINDS)
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(program, tmp_path):
    art = some_art()
    np.savez(
        tmp_path / "art.npz", pictures=art.pixels[..., :4], labels=art.labels, styles=art.styles,
        names=np.array(art.names),
    )  # fmt: skip
    *flags, stop = KINDS[program]

    def train(folder: str, *more: str) -> list[dict]:
        command = [sys.executable, "-m", f"experiments.{program}", f"--art={tmp_path}/art.npz"]
        command += [*SMALL, *flags, *more, f"--workdir={tmp_path / folder}"]
        quick = {
            "JAX_COMPILATION_CACHE_DIR": f"{tmp_path}/cache",
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        }
        run = subprocess.run(command, env=os.environ | quick, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-3000:]
        return [json.loads(line) for line in run.stdout.splitlines()]

    whole = train("whole")
    first = train("stopped", stop)
    again = train("stopped")
    assert first[-1]["step"] == int(stop.split("=")[1]) < whole[-1]["step"] == again[-1]["step"]
    name = "model/flax_model.msgpack"
    weights = [(tmp_path / folder / name).read_bytes() for folder in ("whole", "stopped")]
    assert weights[0] == weights[1]
    for held_out in ("pose", "style", "pair"):  # of the last line of a run
        assert whole[-1][held_out] == again[-1][held_out]
    card = json.loads((tmp_path / "stopped" / "model" / "card.json").read_text())
    assert card["concepts"] == 8 and card["scenes"] == 8 * whole[-1]["step"]
