"""The mean of the weights of two CLIPs, one trained on from the other.

    python -m experiments.soup --one=runs/guide11/model --other=runs/wide9 --share=0.4

Where a training went on from weights that had settled, the mean of both may be better than
either (model soups, Wortsman et al. 2022).
"""

from __future__ import annotations

import json
import pathlib
import shutil

from absl import app, flags
import flax.serialization

from experiments import clip_files, user_errors
from jaxpaint import clip

_ONE = flags.DEFINE_string("one", None, "Directory of a CLIP; its other files are kept.")
_OTHER = flags.DEFINE_string("other", None, "Directory of one of the same shape and words.")
_SHARE = flags.DEFINE_float("share", 0.5, "Of the first.", lower_bound=0.0, upper_bound=1.0)
_OUT = flags.DEFINE_string("out", "runs/soup", "Directory for the mean.")
_WEIGHTS = "flax_model.msgpack"


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    one, other = clip.load(_ONE.value), clip.load(_OTHER.value)
    mixed = clip_files.mean(one.params, other.params, share=_SHARE.value)
    out = shutil.copytree(_ONE.value, _OUT.value, dirs_exist_ok=True)
    data = flax.serialization.to_bytes(mixed)
    clip_files.write_atomically(pathlib.Path(out) / _WEIGHTS, data)
    files = [pathlib.Path(folder) / "card.json" for folder in (_ONE.value, _OTHER.value)]
    if all(file.exists() for file in files):
        card, others = (json.loads(file.read_text()) for file in files)
        card["mean_with"] = {"share": round(1 - _SHARE.value, 6)} | others
        clip_files.write_atomically(
            pathlib.Path(out) / "card.json", json.dumps(card, indent=1).encode()
        )


if __name__ == "__main__":
    flags.mark_flags_as_required(["one", "other"])
    app.run(main)
