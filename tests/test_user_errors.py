"""What a user gets wrong with the programs of `experiments`: one line, exit code 1."""

import os
import subprocess
import sys

from absl import flags
from absl.testing import flagsaver
from PIL import Image
import pytest

from experiments import compare_painters, photo_table, train_painter, user_errors, widen
from jaxpaint import brush_files, mypaint, painters

needs_mypaint = pytest.mark.skipif(not mypaint.available(), reason="no libmypaint")


def refusal(main, *arguments, **values):
    """The line that a program, run in this process, ends with."""
    flags.FLAGS.mark_as_parsed()
    with flagsaver.flagsaver(**values), pytest.raises(SystemExit) as caught:
        main(["program", *arguments])
    line = caught.value.code  # text: Python prints it and exits with 1
    assert isinstance(line, str) and line.startswith("jaxpaint: ") and "\n" not in line
    return line


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"recipe": "gan", "scatter": True}, "--scatter does nothing with --recipe=gan"),
        ({"recipe": "joy", "dabs": 48}, "--dabs does nothing with --recipe=joy"),
        ({"recipe": "vae", "arch": "dab"}, "--arch does nothing with --recipe=vae"),
        ({"width": 8}, "--width does nothing with --recipe=reconstruction"),
        ({"arch": "conv", "scatter": True}, "--scatter does nothing with --arch=conv"),
        ({"recipe": "gan", "features": "bundled"}, "it is of --recipe=joy: leave one of them out"),
        ({"recipe": "joy", "features": "/no/such/folder"}, "--features: "),
    ],
)
def test_flags_that_a_training_does_not_know(values, words, tmp_path):
    assert words in refusal(train_painter.main, workdir=str(tmp_path / "new"), **values)
    assert not (tmp_path / "new").exists()


def test_a_clip_to_widen_that_is_not_there(tmp_path):
    line = refusal(widen.main, narrow=str(tmp_path / "none"), wide=str(tmp_path / "wide"))
    assert str(tmp_path / "none") in line and not (tmp_path / "wide").exists()


@needs_mypaint
@pytest.mark.parametrize(
    ("brush", "words"),
    [
        ("trowel", "brush 'trowel' not found"),
        ("smudge", "'smudge' leaves nothing on an empty surface"),
        ("blend+paint", "'blend+paint' smudges or erases what lies below"),
        ("broken.myb", "broken.myb is not a MyPaint brush"),
    ],
)
def test_brushes_that_cannot_be_learned(brush, words, tmp_path):
    (tmp_path / "broken.myb").write_text("{")
    brush = str(tmp_path / brush) if brush.endswith(".myb") else brush
    line = refusal(train_painter.main, workdir=str(tmp_path), brush=brush, strokes=2, held_out=2)
    assert words in line


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    line = refusal(train_painter.main, workdir=str(tmp_path / "file" / "new"))
    assert f"cannot use {tmp_path}/file/new (Not a directory)" in line


def test_painters_that_cannot_be_compared(tmp_path):
    out = {"compared": str(tmp_path / "out"), "skip_paintings": True}
    assert "no trained painter" in refusal(compare_painters.main, "trowel", **out)
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert "holds 2 cards" in refusal(compare_painters.main, str(tmp_path), **out)


def test_photographs_that_cannot_be_painted(tmp_path):
    photo = tmp_path / "photo.png"
    Image.new("RGB", (32, 24)).save(photo)
    tell = lambda **values: refusal(photo_table.main, into=str(tmp_path / "out"), **values)
    assert "--photo=/no/such.png (no such file)" in tell(photo="/no/such.png")
    for numbers in (["64", "many"], ["0"], ["-3"], [""], []):
        assert "give whole numbers above 0" in tell(photo=str(photo), numbers=numbers)
    assert "no trained painter" in tell(photo=str(photo), painter="trowel")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (mypaint.MyPaintError("no library"), "jaxpaint: no library"),
        (painters.PainterError("no weights"), "jaxpaint: no weights"),
        (PermissionError(13, "Permission denied", "/x"), "cannot use /x (Permission denied)"),
    ],
)
def test_errors_are_told(error, words):
    with pytest.raises(SystemExit, match=words.replace("(", r"\(").replace(")", r"\)")):
        with user_errors.told():
            raise error


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("no file's"), KeyError("x")])
def test_mistakes_of_ours_keep_their_traceback(error):
    with pytest.raises(type(error)), user_errors.told():
        raise error


def test_a_command_ends_with_the_line_alone(tmp_path):
    environment = os.environ | {brush_files.BRUSH_FOLDER_VARIABLE: str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "experiments.stroke_sheet", "trowel", f"--out={tmp_path}/a.png"],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "jaxpaint: no trained painter for brush 'trowel'" in result.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())
