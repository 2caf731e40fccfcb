"""Scores of paintings: their definitions, the list of prompts, a tiny run."""

from __future__ import annotations

import functools
import json
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image
import pytest

from experiments import scores
from jaxpaint import batch, clip, outputs, painters, prompts, studio

LIST = pathlib.Path(scores.__file__).parent / "prompts" / "fixed.txt"
JUDGE = LIST.parents[1] / "judge"


def test_the_fixed_list_has_128_distinct_prompts_of_five_kinds():
    texts, kinds = scores.read_prompts(LIST)
    assert len(set(texts)) == 128
    assert [len(rows) for rows in kinds.values()] == [40, 40, 24, 14, 10]
    assert texts[kinds["10 counts"][0]] == "two fish"


def test_a_list_with_a_prompt_twice_is_refused(tmp_path):
    file = tmp_path / "list.txt"
    file.write_text("# two\na cat\n\na dog\na cat\n")
    with pytest.raises(prompts.PromptError, match="twice: .*a cat"):
        scores.read_prompts(file)
    file.write_text("# none\n")
    with pytest.raises(prompts.PromptError, match="one a line"):
        scores.read_prompts(file)


def test_a_picture_is_right_when_its_own_text_is_nearest():
    cosines = np.array([[0.3, 0.1, 0.2], [0.1, 0.2, 0.3], [0.0, 0.1, 0.5]])
    found = scores.score(cosines, np.arange(3))
    assert found["r_precision"] == pytest.approx(66.7)
    assert found["cosine"] == pytest.approx((0.3 + 0.2 + 0.5) / 3, abs=1e-4)
    assert scores.score(cosines, np.array([1, 2, 0]))["r_precision"] == pytest.approx(33.3)


def test_the_interval_is_that_of_a_mean():
    """For many fair coins: the mean and 1.96 of its standard errors."""
    coins = np.arange(400) % 2
    low, high = scores.interval(100.0 * coins, draws=8000)
    assert low == pytest.approx(50 - 1.96 * 2.5, abs=0.6)
    assert high == pytest.approx(50 + 1.96 * 2.5, abs=0.6)
    assert scores.interval(np.ones(7)) == (1.0, 1.0)


def test_controls_change_the_pictures_a_little():
    picture = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    for change in (scores.blurred, scores.compressed):
        changed = change(picture)
        assert changed.shape == picture.shape and changed.dtype == np.float32
        assert 0.005 < np.abs(changed - picture).mean() < 0.3


def test_shuffled_captions_score_what_all_rotations_score_on_average():
    cosines = np.random.default_rng(3).normal(size=(5, 5))
    each = [np.mean(cosines.argmax(1) == (np.arange(5) + turn) % 5) for turn in (1, 2, 3, 4)]
    near = [cosines[np.arange(5), (np.arange(5) + turn) % 5].mean() for turn in (1, 2, 3, 4)]
    found = scores.shuffled(cosines)
    assert found["r_precision"] == pytest.approx(100 * np.mean(each), abs=0.1)
    assert found["cosine"] == pytest.approx(np.mean(near), abs=1e-3)


def test_the_gap_is_of_the_same_pictures():
    own = np.arange(40)
    judge = np.random.default_rng(4).normal(size=(40, 40))
    guide = judge.copy()
    guide[own[:10], own[:10]] += 100.0  # ten that were surely right
    found = scores.gap(guide, judge, own)
    right = scores.score(guide, own)["r_precision"] - scores.score(judge, own)["r_precision"]
    assert found["points"] == pytest.approx(right, abs=0.1)
    assert found["interval"][0] <= found["points"] <= found["interval"][1]
    assert found["cosine"] == pytest.approx(25.0)
    nothing = scores.gap(judge, judge, own)
    assert nothing["points"] == 0 and nothing["interval"] == [0, 0]


def test_a_failed_painting_is_told():
    fine, failed = {"error": ""}, {"error": "out of memory"}
    scores.all_painted([fine, fine])
    with pytest.raises(batch.BatchError, match="1 of 2 paintings failed: out of memory"):
        scores.all_painted([fine, failed])


def test_random_strokes_have_no_say_of_a_prompt_and_cover_the_paper():
    config = studio.configure(clip.load("bundled"), strokes=8)
    one, two = scores.random_strokes(2, painters.load("brush"), config=config)
    assert one.shape == (config.height, config.width, 3)
    assert np.abs(one - two).mean() > 0.02 and one.min() >= 0 and one.max() <= 1


def test_paintings_are_scored_by_guide_and_judge(hasty, tmp_path):
    file, out = tmp_path / "list.txt", tmp_path / "out"
    file.write_text("# fruit\nred apple\n# fish\nblue fish\n")
    flags = ["--steps=1", "--strokes=4", "--batch=2", f"--clip={hasty}", f"--prompts={file}"]
    done = subprocess.run(
        [sys.executable, "-m", "experiments.evaluate", *flags, f"--outdir={out}"],
        cwd=LIST.parents[2], capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (out / "scores.md").read_text()
    assert text in done.stdout
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    assert {"paintings", "blurred", "JPEG", "random strokes", "shuffled captions"} <= rows
    record = json.loads((out / "scores.json").read_text())
    assert set(record["by_kind"]) == {"fruit", "fish"} and set(record["guide_ahead"]) == {"judge"}
    assert record["unknown_words"] == {"guide": {}, "judge": {}}
    assert (out / outputs.SHEET).exists()


def test_sketches_are_scored_by_guide_and_judge(hasty, copy, tmp_path):
    file, sheet = tmp_path / "list.txt", tmp_path / "sheet.png"
    file.write_text("# fruit\nred apple\n# fish\nblue fish\ntwo fish\n")
    flags = ["--batch=2", f"--prompts={file}", f"--sheet={sheet}"]
    command = [sys.executable, "-m", "experiments.score_sketches", *flags]
    run = functools.partial(subprocess.run, cwd=LIST.parents[2], capture_output=True, text=True)
    done = run([*command, f"--clip={hasty},{hasty}"])
    assert done.returncode == 0, done.stderr
    assert "| sketches |" in done.stdout and "'fish':" in done.stdout
    assert "'points': 0.0" in done.stdout  # as good as the like one before it
    for file in (sheet, sheet.with_stem("sheet-2")):
        assert Image.open(file).width > 64
    for nobody in ("", f"{hasty},"):
        refused = run([*command, f"--clip={nobody}"])
        assert refused.returncode == 1 and "give the CLIP that draws" in refused.stderr
        assert "Traceback" not in refused.stderr
    refused = run([*command, f"--clip={copy}"])  # as any CLIP of the hub
    assert refused.returncode == 1 and "does not sketch" in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_the_judge_is_no_copy_of_the_guide():
    """Another size, another seed, and words in the same vocabulary."""
    judge, guide = clip.load(str(JUDGE)), clip.load("bundled")
    assert judge.module.config.vision_config.hidden_size != (
        guide.module.config.vision_config.hidden_size
    )
    size = sum(path.stat().st_size for path in JUDGE.iterdir())
    assert size <= 10e6
