"""The files of a painting: whole or absent, and readable again."""

import json
import os

import numpy as np
from PIL import Image
import pytest

from jaxpaint import outputs


def some_strokes() -> outputs.Strokes:
    rng = np.random.default_rng(0)
    return outputs.Strokes(
        rng.random((4, 15), np.float32),
        rng.random((4, 3), np.float32),
        np.ones(3, np.float32),
        32,
        48,
        np.array(["brush", "brush", "pen", "pen"]),
        rng.integers(0, 255, (32, 48, 3), np.uint8),
    )


def test_strokes_come_back_as_written(tmp_path):
    strokes = some_strokes()
    outputs.write_strokes(tmp_path / "strokes.npz", strokes)
    again = outputs.read_strokes(tmp_path / "strokes.npz")
    for one, two in zip(strokes, again):
        np.testing.assert_array_equal(one, two)
    assert (again.height, again.width) == (32, 48)


def test_bad_strokes_files_are_named(tmp_path):
    with pytest.raises(outputs.OutputError, match=str(tmp_path)):
        outputs.read_strokes(tmp_path / "strokes.npz")
    (tmp_path / "strokes.npz").write_bytes(b"not a zip")
    with pytest.raises(outputs.OutputError, match="strokes.npz"):
        outputs.read_strokes(tmp_path / "strokes.npz")
    np.savez(tmp_path / "strokes.npz", **some_strokes()._replace(actions=np.ones(3))._asdict())
    with pytest.raises(outputs.OutputError, match="strokes.npz"):
        outputs.read_strokes(tmp_path / "strokes.npz")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "picture.png"
    outputs.write_picture(path, np.zeros((8, 8, 3)))
    before = path.read_bytes()

    def fail(file):
        file.write(b"half")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError):
        outputs.write(path, fail)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["picture.png"]


def test_a_write_that_the_system_refuses_names_the_file_and_leaves_nothing(tmp_path):
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)  # a folder cannot be replaced by a file
    with pytest.raises(OSError) as caught:
        outputs.write(taken, lambda file: file.write(b"all"))
    assert caught.value.filename == str(taken)
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_file_is_elsewhere_until_it_is_whole(tmp_path, monkeypatch):
    seen, replace, (base, scratch) = [], os.replace, (tmp_path / "base", tmp_path / "scratch")
    base.mkdir()
    scratch.mkdir()

    def look(part, path):
        seen.append([len(list(folder.iterdir())) for folder in (base, scratch)])
        replace(part, path)

    monkeypatch.setattr(os, "replace", look)
    outputs.write(base / "a", lambda file: file.write(b"all"), scratch=scratch)
    assert seen == [[0, 1]] and (base / "a").read_bytes() == b"all"


def test_a_workplace_is_one_holders_and_goes_when_it_is_empty(tmp_path):
    pytest.importorskip("fcntl")
    place = tmp_path / "places" / "one"
    place.mkdir(parents=True)
    (place / ".a.png.7.part").write_bytes(b"half")
    with outputs.workplace(place):
        assert not list(place.iterdir())
        with pytest.raises(outputs.OutputError, match="another run works in"):
            with outputs.workplace(place):
                pass
        with outputs.workplace(place.with_name("two")):
            (place / "progress").write_bytes(b"all")
    assert (place / "progress").exists() and not place.with_name("two").exists()
    with outputs.workplace(place):
        (place / "progress").unlink()
    assert not list(tmp_path.iterdir())
    (tmp_path / "places").write_bytes(b"a file")
    with pytest.raises(outputs.OutputError, match="choose another --outdir"):
        with outputs.workplace(place):
            pass


def test_picture_keeps_its_pixels_and_shape(tmp_path):
    picture = np.random.default_rng(0).random((10, 20, 3), np.float32)
    outputs.write_picture(tmp_path / "p.png", picture)
    again = np.asarray(Image.open(tmp_path / "p.png"))
    assert again.shape == (10, 20, 3)
    assert np.abs(again / 255 - picture).max() <= 0.5 / 255 + 1e-6


def test_animation_shows_every_frame_and_rests_on_the_last(tmp_path):
    pictures = [np.full((16, 16, 3), shade) for shade in (0.0, 0.4, 0.9)]
    outputs.write_animation(tmp_path / "a.gif", pictures, seconds=0.3)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 3 and min(gif.size) >= 256
        shades = []
        for i in range(3):
            gif.seek(i)
            shades.append(np.asarray(gif.convert("RGB")).mean() / 255)
        assert gif.info["duration"] == 2000
    np.testing.assert_allclose(shades, [0.0, 0.4, 0.9], atol=0.03)


def test_a_folder_is_claimed_once(tmp_path):
    folder = tmp_path / "a" / "b"
    outputs.claim_folder(folder)
    outputs.claim_folder(folder)  # still empty
    outputs.write_run(folder / outputs.RUN, {"prompt": "schwarzes Schäfchen"})
    assert "Schäfchen" in json.loads((folder / outputs.RUN).read_text("utf-8"))["prompt"]
    with pytest.raises(outputs.OutputError, match="already holds"):
        outputs.claim_folder(folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(outputs.OutputError, match="outdir"):
        outputs.claim_folder(tmp_path / "file" / "x")


@pytest.mark.parametrize("number", [1, 2, 7])
def test_the_sheet_shows_every_picture(number):
    shades = np.linspace(0, 0.8, number)
    pictures = [np.full((8, 12, 3), shade) for shade in shades]
    sheet = outputs.contact_sheet(pictures, ["a caption that is far too long " * 4] * number)
    for shade in shades:
        assert (np.abs(sheet / 255.0 - shade).max(-1) < 0.01).sum() > 1000
