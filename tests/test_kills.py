"""Killing at random moments: spread over the run, at the moment meant, and nothing overlooked."""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import pytest

from experiments import kills
from jaxpaint import outputs

# Finishes a painting, waits until it is told to go on, and so forth.
PAINTS = """
import pathlib, sys
for number in range(3):
    folder = pathlib.Path(sys.argv[1]) / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "painting.png").write_text("")
    (folder / "run.json").write_text("{}")
    sys.stdin.readline()
"""


def test_a_moment_lies_in_each_part_of_the_run():
    """Of batches of four, each of which is finished at once."""
    ends = [20.0 * (1 + i // 4) for i in range(16)]
    first, rng = 10.0, random.Random(0)
    for number in (1, 3, 10):
        found = kills.moments(rng, first, ends, kills=number)
        times = [
            (ends[moment.finished - 1] if moment.finished else first) + moment.delay
            for moment in found
        ]
        part = (ends[-1] - first) / number
        for i, when in enumerate(times):
            assert first + i * part <= when <= first + (i + 1) * part
        assert all(sum(end <= t for end in ends) == m.finished for t, m in zip(times, found))
    assert {moment.finished for moment in found} == {0, 4, 8, 12}


def paints(folder: pathlib.Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PAINTS, str(folder)], stdin=subprocess.PIPE, text=True
    )


def test_killed_when_so_many_are_finished_and_not_before(tmp_path):
    process = paints(tmp_path)
    process.stdin.write("\n")  # so that it waits with two
    process.stdin.flush()
    assert kills.kill(process, tmp_path, kills.Moment(2, 0.0), began=0.0)
    assert process.returncode < 0 and len(kills.finished(tmp_path)) == 2


def test_killed_before_its_time_when_more_are_finished_than_were_meant(tmp_path, monkeypatch):
    process, sleep, slept = paints(tmp_path), time.sleep, []

    def goes_on_meanwhile(seconds):
        if not slept:
            process.stdin.write("\n")
            process.stdin.flush()
        slept.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", goes_on_meanwhile)
    assert kills.kill(process, tmp_path, kills.Moment(1, 1e9), began=0.0)
    assert process.returncode < 0 and len(kills.finished(tmp_path)) == 2


def test_a_run_that_has_ended_is_not_killed(tmp_path):
    process = paints(tmp_path)
    process.communicate("\n\n\n")
    assert not kills.kill(process, tmp_path, kills.Moment(0, 0.0), began=0.0)
    assert process.returncode == 0


def test_what_was_painted_before_a_run_began_is_not_its_own(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "preview.png").write_text("")
    os.utime(tmp_path / "cat" / "preview.png", (100.0, 100.0))
    assert kills.painted(tmp_path, 99.0) and not kills.painted(tmp_path, 101.0)
    (tmp_path / "index.html").write_text("")
    assert not kills.painted(tmp_path, 101.0)


@pytest.fixture
def both(tmp_path):
    whole = tmp_path / "whole"
    for name in ("cat", "dog"):
        (whole / name).mkdir(parents=True)
        for file in (outputs.PICTURE, outputs.STROKES, outputs.RUN):
            (whole / name / file).write_text(f"{name} {file}")
    row = '{{"folder": "{}", "error": ""}}\n'
    (whole / outputs.RESULTS).write_text(row.format("cat") + row.format("dog"))
    return whole, shutil.copytree(whole, tmp_path / "killed")


def test_times_alone_may_differ(both):
    (both[1] / "cat" / outputs.RUN).write_text("other times")
    assert kills.differences(*both) == []


@pytest.mark.parametrize("name", [outputs.PICTURE, outputs.STROKES])
def test_other_bytes_are_found(both, name):
    (both[1] / "dog" / name).write_text("other")
    assert kills.differences(*both) == [f"dog/{name} differs"]


def test_files_too_few_and_too_many_are_found(both):
    (both[1] / "dog" / outputs.PICTURE).unlink()
    (both[1] / "dog" / ".painting.png.7.part").write_text("half")
    (both[1] / ".resume" / "process-0-of-1").mkdir(parents=True)
    found = kills.differences(*both)
    assert found[0] == f"dog/{outputs.PICTURE} is missing"
    assert {line.split(" ")[0] for line in found[1:]} == {
        ".resume", ".resume/process-0-of-1", "dog/.painting.png.7.part"
    }  # fmt: skip
    assert all(line.endswith("is left over") for line in found[1:])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('{"folder": "cat", "error": ""}\n', "has 1 rows for 2 paintings"),
        ('{"folder": "cat", "error": ""}\n' * 2, "has 2 rows for 2 paintings"),
        ('{"folder": "cat", "error": "no"}\n{"folder": "dog", "error": ""}\n', "cat: no"),
    ],
)
def test_results_that_are_not_a_row_a_painting_are_found(both, rows, words):
    for folder in both:
        (folder / outputs.RESULTS).write_text(rows)
    assert len(found := kills.differences(*both)) == 1 and words in found[0]
