"""The commands, end to end, on the bundled models."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image
import pytest
from sample_clip import TINY

from jaxpaint import mypaint, outputs, prompts, studio
from jaxpaint.config import Config

FAST = ["--steps=4", "--strokes=8", "--size=32", "--save_every=2"]
FILES = {"painting.png", "process.gif", "optimization.gif", "strokes.npz", "run.json"}


def command(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", f"jaxpaint.{module}", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
    )


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> tuple[pathlib.Path, subprocess.CompletedProcess]:
    folder = tmp_path_factory.mktemp("paintings")
    arguments = ["--prompt=black sheep", "--prompt=a red zorble apple", f"--outdir={folder}"]
    return folder, command("paint", *arguments, "--clip=bundled", *FAST)


def test_paints_every_prompt_into_its_folder(painted):
    folder, result = painted
    assert result.returncode == 0, result.stderr
    assert {p.name for p in folder.iterdir()} == {
        "black-sheep-seed0",
        "a-red-zorble-apple-seed0",
        "sheet.png",
        "index.html",
        "results.jsonl",
    }
    for name in ("black-sheep-seed0", "a-red-zorble-apple-seed0"):
        assert {p.name for p in (folder / name).iterdir()} == FILES | {"sketch.png"}
        picture = np.asarray(Image.open(folder / name / "painting.png"))
        assert picture.shape == (32, 32, 3) and picture.std() > 1
        assert str(folder / name / "painting.png") in result.stdout


def test_keeps_compiled_programs_and_paints_the_same_with_them(painted, caches, tmp_path):
    folder, _ = painted
    kept = set((caches / "jaxpaint").iterdir())
    assert any("train_steps" in path.name for path in kept)
    arguments = ["--prompt=black sheep", "--prompt=a red zorble apple", f"--outdir={tmp_path}"]
    assert command("paint", *arguments, "--clip=bundled", *FAST).returncode == 0
    compiled = {p.name for p in kept if p.name.endswith("-cache")}
    assert {
        p.name for p in (caches / "jaxpaint").iterdir() if p.name.endswith("-cache")
    } == compiled
    name = "black-sheep-seed0/painting.png"
    assert (folder / name).read_bytes() == (tmp_path / name).read_bytes()


def test_says_which_clip_paints_and_which_words_it_lacks(painted):
    _, result = painted
    assert "CLIP: bundled" in result.stderr and "--clip=" in result.stderr
    assert "does not know: zorble" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_record_tells_everything(painted):
    folder, _ = painted
    record = json.loads((folder / "black-sheep-seed0" / "run.json").read_text())
    assert record["prompt"] == "black sheep" and record["seed"] == 0
    assert record["sketched"] == {
        "things": ["black sheep"], "boxes": [[0.5, 0.5, 1.0, 1.0]], "paper": None
    }  # fmt: skip
    assert record["clip"] == "bundled" and record["brush"] == "brush"
    assert record["config"]["strokes"] == 8 and record["steps_done"] == 4
    assert len(record["loss"]["cosine"]) == 4 and -1 <= record["score"] <= 1
    assert {"jax", "flax", "optax", "jaxpaint"} <= set(record["versions"])
    assert record["timings"]["paint_s"] > 0


def test_a_painting_is_the_same_alone_and_in_other_chunks(painted, tmp_path):
    folder, _ = painted
    result = command(
        "paint",
        "--prompt=black sheep",
        f"--outdir={tmp_path}",
        "--clip=bundled",
        *FAST[:3],
        "--save_every=3",
    )
    assert result.returncode == 0, result.stderr
    one, two = (
        outputs.read_strokes(base / "black-sheep-seed0" / "strokes.npz")
        for base in (folder, tmp_path)
    )
    np.testing.assert_allclose(one.actions, two.actions, atol=1e-5)
    assert np.abs(one.picture.astype(int) - two.picture).max() <= 1


def test_never_overwrites_a_painting(painted):
    folder, _ = painted
    before = (folder / "black-sheep-seed0" / "painting.png").read_bytes()
    result = command("paint", "--prompt=black sheep", f"--outdir={folder}", "--clip=bundled", *FAST)
    assert_refused(result, "already holds a painting")
    assert (folder / "black-sheep-seed0" / "painting.png").read_bytes() == before


def assert_refused(result: subprocess.CompletedProcess, words: str) -> None:
    assert result.returncode != 0
    assert words in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--prompt="),
        (["--prompt="], "empty"),
        (["--prompt=sheep", "--brush=trowel"], "no trained painter for brush 'trowel'"),
        (["--prompt=sheep", "--painter=oil"], "choose one of alpha, gan, vae, joy"),
        (["--prompt=sheep", "--blend=alpha"], "--blend is of a published painter"),
        (["--prompt=sheep", "--strokes=0"], "strokes"),
        (["--prompt=sheep", "--strokes=1000000000"], "100000"),
        (["--prompt=sheep", "--prompt_weight=nan"], "weight nan must be a number from 0"),
        (["--prompt=sheep", "--steps=-3"], "steps"),
        (["--prompt=sheep", "--clip=/no/such/folder"], "/no/such/folder"),
        (["--prompt=sheep", "--size=big"], "--size=big"),
        (["--prompt=sheep", "--outdir=/dev/null/x"], "--outdir"),
        (["--prompt=sheep", "--prompt_weight=0", f"--clip={TINY}"], "nothing to paint"),
        (["--prompt=zorble quux"], "knows nothing to paint"),
        (["--prompt=shep"], "shep (try: sheep"),
        (["--prompt=猫"], "English"),
        (["--prompt=" + "sheep " * 60], "tokens"),
        (["--prompt=black", "sheep"], "quote"),
    ],
)
def test_mistakes_get_one_clear_line(arguments, words, tmp_path):
    defaults = [f"--outdir={tmp_path}", "--clip=bundled"]
    assert_refused(command("paint", *defaults, *arguments), words)


def test_replay_is_close_to_the_painting(painted):
    if not mypaint.available():
        pytest.skip("libmypaint is not installed: apt-get install libmypaint-1.5-1")
    folder = painted[0] / "black-sheep-seed0"
    result = command("replay", str(folder), "--scale=4")
    assert result.returncode == 0, result.stderr
    assert np.asarray(Image.open(folder / "replay.png")).shape == (128, 128, 3)
    figure = float(result.stdout.split("replay:")[1].split()[0])
    assert figure > 20  # dB, at the canvas's own size
    assert_refused(command("replay", str(painted[0])), "strokes.npz")
    assert_refused(command("replay", str(folder), "--scale=0"), "--scale=0")
    assert_refused(command("replay", str(folder), "--scale=0.003"), "--scale=0.003")
    assert_refused(command("replay", str(folder), "--brush=trowel"), "trowel")


def test_a_loss_that_is_not_finite_keeps_what_was_painted_and_stops_no_other(tmp_path, monkeypatch):
    from jaxpaint import clip as clip_lib
    from jaxpaint import optimize, painters
    from jaxpaint.config import Config

    whole, calls = optimize.train_steps, []

    def breaks(state, subject, weights, **options):
        calls.append(1)
        if len(calls) > 1:
            subject = subject._replace(text=subject.text.at[0].multiply(np.nan))
        return whole(state, subject, weights, **options)

    monkeypatch.setattr(optimize, "train_steps", breaks)
    config = Config(height=32, width=32, strokes=6, steps=6, crops=1, zooms=1, wides=1)
    jobs = [studio.Job(name, 0, tmp_path / name) for name in ("sheep", "apple")]
    for job in jobs:
        outputs.claim_folder(job.folder)
    networks = clip_lib.load("bundled"), painters.load("brush")
    failed, fine = studio.paint_jobs(jobs, *networks, config=config, save_every=2)
    assert "not finite" in failed.error and "step 2" in failed.error and not fine.error
    for job, steps in zip(jobs, (2, 6)):
        assert {p.name for p in job.folder.iterdir()} == FILES
        record = json.loads((job.folder / "run.json").read_text())
        assert record["steps_done"] == steps == len(record["loss"]["cosine"])
        assert np.isfinite(record["score"]) and np.isfinite(record["loss"]["cosine"]).all()


def test_settings_are_what_is_given_then_the_recipe_then_defaults():
    class Large:
        resolution, recipe = 224, {"steps": 50, "wides": 3}

    config = studio.configure(Large, steps=7, strokes=None)
    assert (config.steps, config.wides, config.strokes) == (7, 3, Config.strokes)
    assert config.width == config.height == 224
    assert studio.configure(Large).steps == 50
    draft, best = (studio.configure(Large, quality=name) for name in ("draft", "best"))
    assert draft.steps < 50 < best.steps and draft.strokes < Config.strokes < best.strokes
    assert studio.configure(Large, quality="best", steps=7).steps == 7


def test_jobs_are_prompts_times_seeds():
    lines = [prompts.Line(*line) for line in (("a cat", None), ("a cat", None), ("dog", 3))]
    jobs = studio.make_jobs(lines, 5, 2, "out")
    pairs = [("a cat", 5), ("a cat", 6), ("dog", 3), ("dog", 4)]
    assert [(job.prompt, job.seed) for job in jobs] == pairs
    assert len({job.folder for job in jobs}) == 4


def test_prompts_of_the_same_letters_get_folders_of_their_own():
    long = "a cat that sits on a very long wall and looks at the yellow moon in the night "
    texts = ("Red apple", "red apple!", long + "one", long + "two")
    jobs = studio.make_jobs([prompts.Line(text) for text in texts], 0, 2, "out")
    folders = [job.folder.name for job in jobs]
    assert len(set(folders)) == 8 and folders[0] == "red-apple-seed0"
    assert folders == [
        job.folder.name for job in studio.make_jobs(list(map(prompts.Line, texts)), 0, 2, "out")
    ]


def test_one_prompt_with_two_weights_is_two_paintings():
    lines = [prompts.Line("cat", None, weight) for weight in (1.0, 2.0, 0.5, 2.0)]
    jobs = studio.make_jobs(lines, 0, 1, "out")
    assert [job.weight for job in jobs] == [1.0, 2.0, 0.5]
    assert jobs[0].folder.name == "cat-seed0" and len({job.folder for job in jobs}) == 3


def test_seeds_beyond_32_bits_are_refused():
    with pytest.raises(prompts.PromptError, match="whole number from 0 to"):
        studio.make_jobs([prompts.Line("cat")], 2**32 - 1, 2, "out")


def test_tells_what_can_be_painted():
    result = command("words", "a big magpie on a tree", "red quux")
    assert result.returncode == 0 and not result.stderr, result.stderr
    first, second = result.stdout.splitlines()
    read = "'a big magpie on a tree': read as 'a tree'; not known: big, magpie (try: "
    assert first.startswith(read)
    assert second == "'red quux': nothing that it knows; not known: quux"
    result = command("words")
    assert "teddy bear" in result.stdout and "turquoise" in result.stdout
    assert_refused(command("words", "--clip=nowhere/"), "nowhere/")
