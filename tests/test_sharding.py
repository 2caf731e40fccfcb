"""Devices and processes: the same paintings however the canvases are dealt out."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from jaxpaint import outputs, sharding

PROMPTS = ("black sheep", "red apple", "blue fish", "house", "cat")
FAST = ["--steps=6", "--strokes=6", "--size=32", "--save_every=3"]


@pytest.fixture(scope="module")
def start(hasty):
    """Starts the command: its folder, more flags, the environment."""

    def popen(folder: pathlib.Path, *arguments: str, **environment: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "jaxpaint.paint", f"--outdir={folder}", f"--clip={hasty}"]
        return subprocess.Popen(
            [*command, *FAST, *arguments, *(f"--prompt={text}" for text in PROMPTS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip

    return popen


def finish(*processes: subprocess.Popen) -> None:
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors


def strokes_of(folder: pathlib.Path) -> dict[str, outputs.Strokes]:
    return {path.parent.name: outputs.read_strokes(path) for path in folder.glob("*/strokes.npz")}


@pytest.fixture(scope="module")
def plain(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    finish(start(folder))
    return folder


def assert_same(one: pathlib.Path, two: pathlib.Path) -> None:
    left, right = strokes_of(one), strokes_of(two)
    assert left.keys() == right.keys() and len(left) == len(PROMPTS)
    for name, strokes in left.items():
        np.testing.assert_allclose(strokes.actions, right[name].actions, atol=1e-5)
        assert np.abs(strokes.picture.astype(int) - right[name].picture).max() <= 1


def test_eight_devices_paint_what_one_does(start, plain, tmp_path):
    finish(start(tmp_path, XLA_FLAGS="--xla_force_host_platform_device_count=8"))
    assert_same(plain, tmp_path)


def test_two_processes_paint_what_one_does(start, plain, tmp_path):
    finish(*(start(tmp_path, f"--process_id={i}", "--num_processes=2") for i in range(2)))
    assert_same(plain, tmp_path)
    lines = (tmp_path / outputs.RESULTS).read_text().splitlines()
    assert len(lines) == len(PROMPTS)


def free_address() -> str:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return f"localhost:{free.getsockname()[1]}"


def test_processes_joined_by_jax_distributed(start, plain, tmp_path):
    where = f"--coordinator={free_address()}"
    finish(*(start(tmp_path, where, f"--process_id={i}", "--num_processes=2") for i in range(2)))
    assert_same(plain, tmp_path)


@pytest.mark.parametrize(("joined", "victim"), [(False, 1), (True, 0)])
def test_a_killed_process_stops_no_other_and_goes_on_alone(start, plain, tmp_path, joined, victim):
    """Killed when one of its paintings is finished; where they were joined, the one they met at."""
    where = [f"--coordinator={free_address()}"] if joined else []
    numbers = [[f"--process_id={i}", "--num_processes=2", "--batch_size=1"] for i in range(2)]
    running = [start(tmp_path, *where, *number) for number in numbers]
    shares = [[f"{text.replace(' ', '-')}-seed0" for text in PROMPTS[i::2]] for i in range(2)]
    there = lambda share: [name for name in share if (tmp_path / name / outputs.RUN).exists()]
    while running[victim].poll() is None and not there(shares[victim]):
        time.sleep(0.02)
    running[victim].kill()
    running[victim].communicate()
    assert running[victim].returncode == -signal.SIGKILL
    assert len(there(shares[victim])) < len(shares[victim])
    finish(running[1 - victim])
    assert there(shares[1 - victim]) == shares[1 - victim]
    finish(start(tmp_path, *numbers[victim], "--resume"))
    assert_same(plain, tmp_path)
    assert len((tmp_path / outputs.RESULTS).read_text().splitlines()) == len(PROMPTS)
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("where", ["nowhere", "localhost:", "localhost:99999"])
def test_an_address_that_is_none_is_refused(where):
    with pytest.raises(sharding.ProcessError, match=f"{where} is no HOST:PORT"):
        sharding.join(where, process=0, processes=2)


def joining(address: str | None) -> subprocess.CompletedProcess:
    program = (
        "import sys; from jaxpaint import sharding; sharding._PATIENCE = 4\n"
        "try: sharding.join({0!r}, process=1, processes=2)\n"
        "except sharding.ProcessError as error: sys.exit(str(error))"
    )
    command = [sys.executable, "-c", program.format(address)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("alone", "words"), [(True, "not all of the processes came"), (False, "cannot be joined")]
)
def test_a_process_that_finds_no_other_says_so(alone, words):
    result = joining(free_address() if alone else None)
    assert result.returncode == 1 and words in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_process_number_without_their_count_is_refused(start, tmp_path):
    process = start(tmp_path, "--process_id=1")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1 and "belong together" in errors and "Traceback" not in errors


def test_shares_are_a_partition():
    jobs = list(range(11))
    shares = [sharding.share(jobs, i, 3) for i in range(3)]
    assert sorted(sum(shares, [])) == jobs
    assert {len(share) for share in shares} == {3, 4}


def test_no_collectives_in_the_compiled_step(hasty):
    """Compiled for eight devices in a process of its own; the text of the program tells."""
    program = """
import pathlib
import sys
from jaxpaint import clip, optimize, painters, sharding, studio
from jaxpaint.config import Config
for at_once in (True, False):
    config = Config(height=32, width=32, strokes=6, steps=4, crops=1, wides=1, at_once=at_once)
    eye, painter = clip.load(sys.argv[1]), painters.load("brush")
    mesh = sharding.local_mesh()
    networks, weights = studio.freeze(eye, painter)
    jobs = [studio.Job("a", seed, pathlib.Path()) for seed in range(mesh.size)]
    subject, state = sharding.deal(studio.start(jobs, eye, painter, config=config), mesh)
    lowered = optimize.train_steps.lower(
        state, subject, sharding.copy(weights, mesh), networks=networks, config=config, steps=2,
        mesh=mesh,
    )
    text = lowered.compile().as_text()
    assert "f32[1,6,15]" in text or "f32[6,15]" in text  # a canvas a device
    found = [name for name in ("all-reduce", "all-gather", "all-to-all", "collective-permute",
                               "reduce-scatter", "collective-broadcast") if name + "(" in text]
    assert mesh.size == 8 and not found, found
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    command = [sys.executable, "-c", program, str(hasty)]
    subprocess.run(command, check=True, timeout=300, env={**os.environ, **flags})
