"""A user's own .myb: trained, painted with, replayed."""

import json

from absl import flags
from absl.testing import flagsaver
import numpy as np
import pytest
from sample_clip import TINY
from test_paint import FAST, assert_refused, command

from experiments import painter_data, train_painter
from jaxpaint import mixtures, mypaint, outputs, painters
from jaxpaint.config import Config

pytestmark = pytest.mark.skipif(not mypaint.available(), reason="no libmypaint")
TRAINING = {"steps": 2, "batch": 4, "strokes": 8, "held_out": 4, "dabs": 4}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of `train_painter` whose brush was a file that is gone since."""
    folder = tmp_path_factory.mktemp("own")
    file = folder / "mine.myb"
    file.write_bytes(mypaint.find_brush("calligraphy").read_bytes())
    flags.FLAGS.mark_as_parsed()
    with flagsaver.flagsaver(workdir=str(folder / "runs"), brush=str(file), **TRAINING):
        train_painter.main([])
    file.unlink()
    return folder / "runs"


def test_the_brush_is_kept_beside_the_weights(trained):
    card = json.loads((trained / "mine.json").read_text())
    assert card["brush"] == "mine" and card["brush_file"] == "mine.myb"
    kept = (trained / "mine.myb").read_bytes()
    assert kept == mypaint.find_brush("calligraphy").read_bytes()
    painter = painters.load(str(trained / "mine.safetensors"))
    assert painter.brush == str(trained / "mine.myb") and painter.brushes == (painter.brush,)


def test_painting_and_replaying_with_it(trained, tmp_path):
    asked = ["--prompt=red house", f"--clip={TINY}", f"--outdir={tmp_path}", *FAST]
    result = command("paint", *asked, f"--painter={trained}/mine.safetensors")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "red-house-seed0"
    strokes = outputs.read_strokes(folder / "strokes.npz")
    assert set(strokes.brush) == {str(trained / "mine.myb")}
    again = lambda *brush: command("replay", str(folder), "--scale=2", *brush)
    result = again()
    assert result.returncode == 0, result.stderr
    mine = (folder / "replay.png").read_bytes()
    kept = (trained / "mine.myb").rename(tmp_path / "elsewhere.myb")
    try:
        gone = again()
        assert_refused(gone, f"no brush file {trained}/mine.myb: put it back")
        assert len(gone.stderr.splitlines()) == 1
        for same in ("calligraphy", kept):  # what the file holds
            (folder / "replay.png").unlink()
            assert again(f"--brush={same}").returncode == 0
            assert mine == (folder / "replay.png").read_bytes()
    finally:
        kept.rename(trained / "mine.myb")


@pytest.mark.parametrize("brush", painters.available())
def test_shipped_brushes_that_smudge(brush):
    smudges = painter_data.smudging(brush)
    # The one that does was trained with --smudging; the README says what that means.
    assert smudges > 0.1 if brush == "watercolor_glazing" else smudges < 0.003


def test_smudging_is_measured_where_settings_do_not_tell(tmp_path):
    brush = json.loads(mypaint.find_brush("brush").read_text())
    file = tmp_path / "own.myb"

    def measured(base, inputs):
        brush["settings"]["smudge"] = {"base_value": base, "inputs": inputs}
        file.write_text(json.dumps(brush))
        return painter_data.smudging(str(file))

    assert measured(0.0, {}) < 0.003 < measured(0.1, {}) < measured(0.9, {})
    by_pressure = {"pressure": [[0.0, 1.0], [1.0, 0.5]]}
    assert measured(0.0, by_pressure) > 0.03
    with pytest.raises(painters.PainterError, match="--smudging"):
        painter_data.refuse_smudging(str(file))


def test_only_what_a_name_does_not_lead_to_is_kept(tmp_path):
    for name in ("brush", "tanda/marker-05"):
        file = mypaint.find_brush(name)
        assert painter_data.own_file(name) is painter_data.own_file(str(file)) is None
    classic, other = mypaint.find_brush("pen"), mypaint.find_brush("deevad/pen")
    assert painter_data.own_file("deevad/pen") == other != classic
    changed = tmp_path / "brush.myb"  # of an installed one's name
    changed.write_bytes(mypaint.find_brush("calligraphy").read_bytes())
    assert painter_data.own_file(str(changed)) == changed


def test_a_mixture_knows_the_file_of_each_stroke(trained):
    parts = mixtures.load(f"{trained}/mine.safetensors:1,brush:3")
    painter = mixtures.mix(parts, config=Config(strokes=4))
    assert painter.brushes == (str(trained / "mine.myb"), "brush", "brush", "brush")
    np.testing.assert_array_equal(np.broadcast_to(painter.brushes, 4), painter.brushes)
