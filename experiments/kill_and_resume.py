"""Whether `--resume` goes on to the bit, whenever a run is killed.

    python -m experiments.kill_and_resume
    python -m experiments.kill_and_resume --number=8 --kills=3 --settings="--steps=4 --strokes=8"

Paints prompts without interruption, in `whole`, and sees when which folder is finished. Then
paints them again, in `killed`, and kills that with SIGKILL, which leaves a program no time for
anything, at random moments that are spread over the whole run; after each the run goes on with
`--resume`. At the end both folders must hold the same files with the same bytes; else it says
what differs and ends with exit code 1.
"""

from __future__ import annotations

import pathlib
import random
import shlex
import subprocess
import sys
import time

from absl import app, flags

from experiments import kills, user_errors
from jaxpaint import prompts, results

_FIXED = pathlib.Path(__file__).with_name("prompts") / "fixed.txt"
_FOLDER = flags.DEFINE_string("outdir", "runs/kills", "New folder for both runs.")
_LINES = flags.DEFINE_string("prompts_file", str(_FIXED), "Prompts, as jaxpaint.paint takes them.")
_NUMBER = flags.DEFINE_integer("number", 64, "So many of them, the first ones.", lower_bound=1)
_KILLS = flags.DEFINE_integer("kills", 10, "How often the run is killed.", lower_bound=1)
_LUCK = flags.DEFINE_integer("seed", 0, "Of the random moments.")
_SETTINGS = flags.DEFINE_string(
    "settings", "--clip=bundled --steps=60 --strokes=32 --size=64 --batch_size=8 --save_every=20",
    "Other flags of jaxpaint.paint, for both runs.",
)  # fmt: skip


def start(folder: pathlib.Path, lines: pathlib.Path, log: pathlib.Path) -> subprocess.Popen:
    """Starts to paint, or goes on."""
    arguments = [f"--outdir={folder}", f"--prompts_file={lines}", "--resume"]
    command = [sys.executable, "-m", "jaxpaint.paint", *shlex.split(_SETTINGS.value), *arguments]
    with open(log, "wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file)


def check_end(process: subprocess.Popen, log: pathlib.Path) -> None:
    """Waits for a run.

    Raises:
      SystemExit: it failed.
    """
    if process.wait():
        last = "".join(log.read_text(errors="replace").strip().splitlines()[-1:])
        raise SystemExit(f"kill_and_resume: jaxpaint.paint failed, {log} tells why: {last}")


@user_errors.told()
def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}: quote --settings")
    base, source = pathlib.Path(_FOLDER.value), pathlib.Path(_LINES.value)
    whole, killed, lines = base / "whole", base / "killed", base / f"prompts{source.suffix}"
    if whole.exists() or killed.exists():
        raise SystemExit(f"kill_and_resume: {base} has runs in it: give another --outdir")
    prompts.read_file(source)  # which tells what is wrong with it
    texts = source.read_text(encoding="utf-8-sig").split("\n")
    texts = [text for text in texts if text.strip() and not text.lstrip().startswith("#")]
    base.mkdir(parents=True, exist_ok=True)
    lines.write_text("\n".join(texts[: _NUMBER.value]) + "\n", encoding="utf-8")

    began = time.time()
    process = start(whole, lines, base / "whole.log")
    while process.poll() is None and not kills.painted(whole, began):
        time.sleep(kills.LOOK)
    first = time.time() - began
    check_end(process, base / "whole.log")
    taken = time.time() - began
    ends = sorted(path.stat().st_mtime - began for path in kills.finished(whole))
    print(f"{len(ends)} paintings in {taken:.0f} s, a picture after {first:.0f} s", flush=True)
    log, times = base / "killed.log", 0
    for number, moment in enumerate(
        kills.moments(random.Random(_LUCK.value), first, ends, kills=_KILLS.value), 1
    ):
        began = time.time()
        process = start(killed, lines, log)
        if not kills.kill(process, killed, moment, began=began):
            check_end(process, log)
            print(f"kill {number}: none, the run had ended", flush=True)
            break
        times += 1
        shown, parts = killed.glob(f"*/{results.PREVIEW}"), killed.rglob(".*.part")
        print(
            f"kill {number}: {len(kills.finished(killed))} of {len(ends)} paintings finished, "
            f"{len(list(shown))} begun, half written: {[path.name for path in parts] or 'nothing'}",
            flush=True,
        )  # fmt: skip
    check_end(start(killed, lines, log), log)
    if found := kills.differences(whole, killed):
        raise SystemExit("\n".join(f"kill_and_resume: {line}" for line in found))
    if not times:
        raise SystemExit("kill_and_resume: it was never killed: give more prompts or more steps")
    print(f"killed {times} times and resumed, {len(ends)} paintings are the same to the bit")


if __name__ == "__main__":
    app.run(main)
