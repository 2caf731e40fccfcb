"""Many jobs: any batches, interrupted or not, leave the same paintings."""

import dataclasses
import functools
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from jaxpaint import batch, clip, optimize, outputs, painters, prompts, results, studio
from jaxpaint.config import Config

CONFIG = Config(height=32, width=32, strokes=6, steps=6, crops=1, zooms=0, wides=1)
TEXTS = ("black sheep", "red apple", "blue fish", "house", "green tree")


class Plug(BaseException):
    """What stops everything, as a power cut does."""


@pytest.fixture(scope="module")
def networks(hasty):
    return clip.load(str(hasty)), painters.load("brush")


def jobs_in(folder: pathlib.Path) -> list[studio.Job]:
    return studio.make_jobs([prompts.Line(text, None) for text in TEXTS], 0, 1, str(folder))


def paint(folder, networks, *, size=2, resume=False):
    return batch.paint(
        jobs_in(folder), *networks, config=CONFIG, outdir=folder, size=size, save_every=2,
        resume=resume,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory, networks):
    """A folder painted without interruption, three batches of two."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, paint(folder, networks)


def assert_same_paintings(one: pathlib.Path, two: pathlib.Path) -> None:
    for job, other in zip(jobs_in(one), jobs_in(two)):
        assert {p.name for p in job.folder.iterdir()} == {p.name for p in other.folder.iterdir()}
        for name in (outputs.PICTURE, outputs.FORMING, outputs.PROCESS, outputs.STROKES):
            assert (job.folder / name).read_bytes() == (other.folder / name).read_bytes(), name


def test_every_job_has_a_row_and_a_figure(whole):
    folder, rows = whole
    assert [row["prompt"] for row in rows] == list(TEXTS)
    lines = (folder / outputs.RESULTS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows
    page = (folder / outputs.GALLERY).read_text()
    for row in rows:
        assert (folder / row["folder"] / outputs.PICTURE).is_file()
        assert f'src="{row["folder"]}/{outputs.PICTURE}"' in page
    assert not (folder / ".resume").exists()


def test_another_batch_size_is_the_same(whole, tmp_path, networks):
    paint(tmp_path, networks, size=5)
    assert_same_paintings(whole[0], tmp_path)


def stops(takes_steps, done, after, how, *arguments, **options):
    """Takes steps a few times and then stops everything."""
    if len(done) == after:
        raise how
    done.append(1)
    return takes_steps(*arguments, **options)


@pytest.mark.parametrize(
    ("calls", "how"),
    [(0, KeyboardInterrupt), (1, Plug), (2, Plug), (4, KeyboardInterrupt), (5, Plug)],
)
def test_resumed_is_uninterrupted(whole, tmp_path, networks, monkeypatch, calls, how):
    """Stopped before and after a save, in the first and second batch."""
    breaks = functools.partial(stops, optimize.train_steps, [], calls, how)
    with monkeypatch.context() as patch:
        patch.setattr(optimize, "train_steps", breaks)
        with pytest.raises(how):
            paint(tmp_path, networks)
    written = how is KeyboardInterrupt and calls > 0  # as it is then
    assert len(list(tmp_path.glob("*/run.json"))) == 2 * (calls // 3 + written)
    kept = batch.interrupted_size(jobs_in(tmp_path), tmp_path, process=0, processes=1)
    assert kept == 2 * (calls % 3 > 0)
    if calls > 2:
        with pytest.raises(outputs.OutputError, match="--resume"):
            paint(tmp_path, networks)
    rows = paint(tmp_path, networks, resume=True)
    assert rows == whole[1]
    assert_same_paintings(whole[0], tmp_path)
    again = paint(tmp_path, networks, resume=True)  # nothing is left to do
    assert again == rows


def test_nothing_half_written_is_left(whole, tmp_path, networks):
    """Killed, once more, while a batch's files are written that were all written before."""
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    first, second = jobs_in(tmp_path)[:2]
    (second.folder / outputs.RUN).unlink()
    place = tmp_path / ".resume" / "process-0-of-1"
    place.mkdir(parents=True)
    for folder in (first.folder, second.folder, place):
        (folder / ".painting.png.7.part").write_bytes(b"half")
    assert paint(tmp_path, networks, resume=True) == whole[1]
    assert_same_paintings(whole[0], tmp_path)
    assert not list(tmp_path.rglob(".*"))


def test_an_interrupted_run_goes_on_after_one_of_other_jobs(whole, tmp_path, networks, monkeypatch):
    """And whether its CLIP came from the hub then and from the local cache now."""
    breaks = functools.partial(stops, optimize.train_steps, [], 1, Plug)
    with monkeypatch.context() as patch:
        patch.setattr(optimize, "train_steps", breaks)
        with pytest.raises(Plug):
            paint(tmp_path, networks)
    other = studio.make_jobs([prompts.Line("dog")], 0, 1, str(tmp_path))
    batch.paint(other, *networks, config=CONFIG, outdir=tmp_path, size=2, save_every=2)
    assert batch.interrupted_size(other, tmp_path, process=0, processes=1) == 0
    assert batch.interrupted_size(jobs_in(tmp_path), tmp_path, process=0, processes=1) == 2
    steps = []
    count = lambda *some, **options: steps.append(1) or train_steps(*some, **options)  # noqa: E731
    train_steps = optimize.train_steps
    monkeypatch.setattr(optimize, "train_steps", count)
    eye, painter = networks
    paint(tmp_path, (dataclasses.replace(eye, source="local cache"), painter), resume=True)
    assert len(steps) == 3 * 3 - 1  # the interrupted batch had saved one of its three
    assert_same_paintings(whole[0], tmp_path)


def test_two_runs_at_once_are_refused(tmp_path, networks):
    with outputs.workplace(tmp_path / ".resume" / "process-0-of-1"):
        with pytest.raises(outputs.OutputError, match="another run"):
            paint(tmp_path, networks)
    assert not list(tmp_path.iterdir())


def test_results_that_cannot_be_written_stop_no_painting(whole, tmp_path, networks):
    (tmp_path / outputs.RESULTS / "inside").mkdir(parents=True)
    with pytest.raises(OSError) as caught:
        paint(tmp_path, networks)
    assert caught.value.filename == str(tmp_path / outputs.RESULTS)
    assert_same_paintings(whole[0], tmp_path)


def double(params):
    return jax.tree.map(lambda leaf: 2 * leaf, params)


def test_other_settings_do_not_resume(whole, tmp_path, networks, monkeypatch):
    jobs = jobs_in(whole[0])
    other = dataclasses.replace(CONFIG, steps=8)
    with pytest.raises(outputs.OutputError, match="other settings"):
        batch.is_finished(jobs[0], config=other, models=studio.models(*networks))
    used = studio.models(*networks)
    assert batch.is_finished(jobs[0], config=CONFIG, models=used)
    with pytest.raises(outputs.OutputError, match="other settings"):
        batch.is_finished(jobs[0], config=CONFIG, models=used | {"brush": "pencil-8b"})
    eye, painter = networks
    for trained in (dataclasses.replace(eye, params=double(eye.params)), painter), (
        eye, painter._replace(params=double(painter.params)),
    ):  # fmt: skip
        with pytest.raises(outputs.OutputError, match="other settings"):
            batch.is_finished(jobs[0], config=CONFIG, models=studio.models(*trained))
    (tmp_path / "state").write_bytes(b"damaged")
    with pytest.raises(outputs.OutputError, match="cannot be read"):
        studio.paint_jobs(
            jobs_in(tmp_path)[:1], *networks, config=CONFIG, checkpoint=tmp_path / "state"
        )
    outputs.write_tree(tmp_path / "state", {"settings": "another run"})
    with pytest.raises(outputs.OutputError, match="other prompts, seeds or settings"):
        studio.paint_jobs(
            jobs_in(tmp_path)[:1], *networks, config=CONFIG, checkpoint=tmp_path / "state"
        )


def test_killed_at_any_moment_then_resumed(hasty, tmp_path):
    """The real command, ended as systems and people do, and without warning."""
    texts = [f"{color} {noun}" for color in ("red", "blue") for noun in ("fish", "house", "cat")]
    (tmp_path / "list.txt").write_text("\n".join(texts) + "\n")
    arguments = [
        f"--prompts_file={tmp_path / 'list.txt'}", f"--clip={hasty}", "--steps=24", "--strokes=8",
        "--size=32", "--save_every=2", "--batch_size=2",
    ]  # fmt: skip

    def command(folder: str) -> list[str]:
        program = [sys.executable, "-m", "jaxpaint.paint", "--resume"]
        return [*program, f"--outdir={tmp_path / folder}", *arguments]

    subprocess.run(command("whole"), check=True, capture_output=True, timeout=300)
    killed = 0
    for folders, how in ((0, signal.SIGTERM), (1, signal.SIGKILL), (3, signal.SIGINT)):
        process = subprocess.Popen(
            command("killed"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        started = time.time()
        while process.poll() is None and time.time() - started < 200:
            time.sleep(0.05)
            if len(list((tmp_path / "killed").glob("*/preview.png"))) and (
                len(list((tmp_path / "killed").glob("*/run.json"))) >= folders
            ):
                process.send_signal(how)
                killed += 1
                break
        _, told = process.communicate()
        if how != signal.SIGKILL and process.returncode:
            assert process.returncode == 128 + how
            assert told.splitlines()[-1].startswith("jaxpaint: stopped; ")
            assert "Traceback" not in told
    assert killed >= 2
    last = subprocess.run(command("killed"), capture_output=True, text=True, timeout=300)
    assert last.returncode == 0, last.stderr
    names = sorted(p.name for p in (tmp_path / "whole").iterdir() if p.is_dir())
    assert len(names) == 6
    assert names == sorted(p.name for p in (tmp_path / "killed").iterdir() if p.is_dir())
    for name in names:
        one, two = (
            np.load(tmp_path / folder / name / outputs.STROKES) for folder in ("whole", "killed")
        )
        for field in one.files:
            np.testing.assert_array_equal(one[field], two[field])
        left = {p.name for p in (tmp_path / "killed" / name).iterdir()}
        assert left == {p.name for p in (tmp_path / "whole" / name).iterdir()}


def test_a_bad_prompt_does_not_stop_the_others(hasty, tmp_path):
    lines = ({"prompt": "zorble"}, {"prompt": "red apple", "seed": 5}, {"prompt": "cat " * 40})
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    flags = [f"--clip={hasty}", "--steps=2", "--strokes=4", "--size=32"]
    result = subprocess.run(
        [sys.executable, "-m", "jaxpaint.paint", f"--prompts_file={tmp_path / 'list.jsonl'}",
         f"--outdir={tmp_path / 'out'}", *flags],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "knows nothing to paint in 'zorble'" in result.stderr and "tokens" in result.stderr
    assert (tmp_path / "out" / "red-apple-seed5" / "painting.png").is_file()
    told = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").open()]
    assert [bool(row["error"]) for row in told] == [False, True, True]
    assert "zorble" in (tmp_path / "out" / "index.html").read_text()


def test_a_batch_that_fails_stops_no_other_and_is_tried_again(
    whole, tmp_path, networks, monkeypatch
):
    steps, done = optimize.train_steps, []

    def fails(*arguments, **options):
        done.append(1)
        if len(done) == 4:  # the first call of the second batch
            raise RuntimeError("RESOURCE_EXHAUSTED: out of memory\nand more")
        return steps(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(optimize, "train_steps", fails)
        rows = paint(tmp_path, networks)
    assert [bool(row["error"]) for row in rows] == [False, False, True, True, False]
    assert "out of memory" in rows[2]["error"] and "\n" not in rows[2]["error"]
    assert paint(tmp_path, networks, resume=True) == whole[1]
    assert_same_paintings(whole[0], tmp_path)


def test_memory_of_a_batch_is_predicted(tiny):
    """Linear in the number of canvases where they are painted at once."""
    networks = tiny, painters.load("brush")
    at_once = dataclasses.replace(CONFIG, at_once=True)
    need = batch.measure(*networks, config=at_once, steps=2)
    assert need.canvas > 0
    painter, eye = networks[1], networks[0]
    frozen, weights = studio.freeze(eye, painter)
    jobs = [studio.Job("a", seed, pathlib.Path()) for seed in range(8)]
    subject, state = studio.start(jobs, eye, painter, config=at_once)
    lowered = optimize.train_steps.lower(
        state, subject, weights, networks=frozen, config=at_once, steps=2
    )
    use = lowered.compile().memory_analysis()
    real = use.argument_size_in_bytes + use.output_size_in_bytes + use.temp_size_in_bytes
    real -= use.alias_size_in_bytes
    assert need.fixed + 8 * need.canvas == pytest.approx(real, rel=0.2)


def test_too_large_a_batch_is_refused_with_the_numbers(networks, monkeypatch):
    at_once = dataclasses.replace(CONFIG, at_once=True)
    monkeypatch.setattr(batch, "measure", lambda *_, **__: batch.Memory(10**9, 10**9))
    monkeypatch.setattr(batch, "free_memory", lambda: 10 * 10**9)
    choose = lambda number, asked, **options: batch.choose_size(  # noqa: E731
        number, *networks, config=at_once, asked=asked, **options
    )
    assert choose(100, 0) == 7 and choose(3, 0) == 3 and choose(100, 5) == 5
    assert choose(8, 0) == 4  # two batches of four, not of seven and one
    turns = dataclasses.replace(CONFIG, at_once=False)
    sizes = [batch.choose_size(n, *networks, config=turns, asked=0) for n in (1, 16, 17, 40)]
    assert sizes == [1, 16, 9, 14]
    assert batch.choose_size(40, *networks, config=turns, asked=0, best_of=4) == 4
    with pytest.raises(batch.BatchError, match=r"51.00 GB and 10.00 GB.*--batch_size=7"):
        choose(100, 50)
    monkeypatch.setattr(jax, "local_device_count", lambda: 4)
    assert choose(100, 0) == 25 and choose(100, 28) == 28  # seven on each
    with pytest.raises(batch.BatchError, match=r"14.00 GB.*--batch_size=28"):
        choose(100, 50)
    assert choose(100, 0, best_of=4) == 7 and choose(100, 7, best_of=4) == 7  # 28 canvases
    with pytest.raises(batch.BatchError, match=r"--batch_size=7 or less"):
        choose(100, 8, best_of=4)
    with pytest.raises(batch.BatchError, match="free: give fewer --strokes"):
        choose(1, 0, best_of=29)


def test_the_best_of_some_seeds_is_what_would_be_painted_alone(networks, tmp_path, monkeypatch):
    """The highest score of a prompt's seeds is kept, to the bit, in any batch and resumed."""
    lines = [prompts.Line("red apple"), prompts.Line("house", 5)]
    alone = studio.make_jobs(lines, 0, 3, str(tmp_path / "alone"))
    options = dict(config=CONFIG, save_every=2)
    each = batch.paint(alone, *networks, outdir=tmp_path / "alone", size=3, **options)
    jobs = studio.make_jobs(lines, 0, 1, str(tmp_path / "best"), best_of=3)
    assert [job.folder.name for job in jobs] == [f"{name}-best-of-3" for name in
                                                 ("red-apple-seed0", "house-seed5")]  # fmt: skip
    options |= dict(outdir=tmp_path / "best", size=1, best_of=3)
    rows = batch.paint(jobs, *networks, **options)
    for i, (job, row) in enumerate(zip(jobs, rows)):
        seeds = each[3 * i : 3 * i + 3]
        best = max(seeds, key=lambda one: one["score"])
        assert (row["seed"], row["score"], row["error"]) == (best["seed"], best["score"], "")
        for name in (outputs.PICTURE, outputs.FORMING, outputs.PROCESS, outputs.STROKES):
            kept = tmp_path / "alone" / best["folder"] / name
            assert (job.folder / name).read_bytes() == kept.read_bytes(), name
        record = outputs.read_run(job.folder)
        assert record["seeds"] == [one["seed"] for one in seeds]
        assert record["scores"] == [one["score"] for one in seeds]
    assert batch.paint(jobs, *networks, resume=True, **options) == rows
    shutil.rmtree(jobs[1].folder)
    outputs.claim_folder(jobs[1].folder)
    with monkeypatch.context() as patch:  # stopped at its second call of three
        breaks = functools.partial(stops, optimize.train_steps, [], 1, Plug)
        patch.setattr(optimize, "train_steps", breaks)
        with pytest.raises(Plug):
            batch.paint(jobs, *networks, resume=True, **options)
    assert batch.paint(jobs, *networks, resume=True, **options) == rows
    kept = tmp_path / "alone" / max(each[3:], key=lambda one: one["score"])["folder"]
    assert (jobs[1].folder / outputs.STROKES).read_bytes() == (kept / outputs.STROKES).read_bytes()
    with pytest.raises(outputs.OutputError, match="other settings"):
        batch.paint(jobs, *networks, resume=True, **options | {"best_of": 2})


def test_the_best_is_one_that_is_finite():
    scores, alive = np.array([0.1, 0.9, 0.5, 0.2, 0.3, 0.4]), np.array([1, 0, 1, 0, 0, 0], bool)
    assert results.best(scores, alive, of=3) == [2, 3]
    assert results.best(scores, alive, of=1) == list(range(6))
