"""Runs that are killed at random moments, for `kill_and_resume`: when, how, and what they leave."""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import json
import pathlib
import random
import subprocess
import time
from typing import NamedTuple

from jaxpaint import outputs

LOOK = 0.05  # seconds between looks at a folder


class Moment(NamedTuple):
    """When a run is killed."""

    finished: int  # paintings, at least
    delay: float  # seconds that it has painted since; fewer if another one is finished before


def moments(rng: random.Random, first: float, ends: Sequence[float], *, kills: int) -> list[Moment]:
    """Random moments, one in each of equal parts of a run.

    Args:
      rng: the luck.
      first: seconds until the run had written its first picture.
      ends: seconds until each painting was finished, ascending.
      kills: how many moments.
    """
    found = []
    for part in range(kills):
        when = first + (ends[-1] - first) * (part + rng.random()) / kills
        before = [first, *(end for end in ends if end <= when)]
        found.append(Moment(len(before) - 1, when - before[-1]))
    return found


def painted(folder: pathlib.Path, since: float) -> bool:
    """Whether a picture of a painting, finished or not, was written since then (Unix time)."""
    with contextlib.suppress(FileNotFoundError):  # previews go: the next look sees what is there
        return any(path.stat().st_mtime >= since for path in folder.glob("*/*.png"))
    return False


def finished(folder: pathlib.Path) -> list[pathlib.Path]:
    """The records of finished paintings."""
    return list(folder.glob(f"*/{outputs.RUN}"))


def differences(whole: pathlib.Path, killed: pathlib.Path) -> list[str]:
    """What a killed run left that an uninterrupted one does not leave, or otherwise; none: []."""
    rows = [json.loads(line) for line in (killed / outputs.RESULTS).read_text().splitlines()]
    names = sorted(path.parent.name for path in finished(killed))
    found = [f"{row['folder']}: {row['error']}" for row in rows if row["error"]]
    if sorted(row["folder"] for row in rows) != names:
        found.append(f"{outputs.RESULTS} has {len(rows)} rows for {len(names)} paintings")
    there, here = (
        {str(path.relative_to(base)) for path in base.rglob("*")} for base in (whole, killed)
    )
    found += [f"{name} is missing" for name in sorted(there - here)]
    found += [f"{name} is left over" for name in sorted(here - there)]
    # A record has times in it; all else must be the same to the bit.
    same = (whole / name for name in sorted(there & here) if not name.endswith(outputs.RUN))
    for path in (path for path in same if path.is_file()):
        other = killed / path.relative_to(whole)
        if path.read_bytes() != other.read_bytes():
            found.append(f"{other.relative_to(killed)} differs")
    return found


def kill(process: subprocess.Popen, folder: pathlib.Path, moment: Moment, *, began: float) -> bool:
    """Kills a run at a moment.

    Args:
      process: the run.
      folder: what it paints into.
      moment: when. It counts from the first picture on that this run writes: to start a program
        is no painting.
      began: when it was started, Unix time.

    Returns:
      Whether it had not ended before.
    """
    most, since = max(moment.finished, len(finished(folder))), None
    while process.poll() is None:
        done = len(finished(folder))
        if since is None and done >= moment.finished and painted(folder, began):
            since = time.time()
        # A machine that is less busy than it was paints faster: it must not come to the end.
        if since is not None and (time.time() - since >= moment.delay or done > most):
            process.kill()
            process.wait()
            return True
        time.sleep(LOOK)
    return False
