"""Fails, instead of skipping, when JAXPAINT_REQUIRE_MYPAINT says libmypaint is there.

Commands under test share a folder for compiled programs, which is the tests' own. The files
that take minutes come first, so that no worker is left alone with one of them at the end.
"""

import os
import shutil

import flax.serialization
import pytest
from sample_clip import TINY, edit_json

from jaxpaint import clip, mypaint

LONGEST = (
    "test_batch.py",
    "test_sharding.py",
    "test_experiments.py",
    "test_pictures.py",
    "test_paint.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))  # others stay in order


def pytest_sessionstart() -> None:
    if os.environ.get("JAXPAINT_REQUIRE_MYPAINT") and not mypaint.available():
        pytest.exit("libmypaint is required here but cannot be loaded", returncode=3)


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def tiny():
    return clip.load(str(TINY))


@pytest.fixture(scope="session")
def hasty(tmp_path_factory):
    """A folder with the first layers of the bundled CLIP, which sketches in four steps of sixty.

    For what must hold whatever it paints: programs of one layer are traced and compiled faster.
    """
    folder = shutil.copytree(clip.BUNDLED, tmp_path_factory.mktemp("clip") / "hasty")
    edit_json(folder / "painting.json", sketch_steps=4)
    one = {f"{tower}_config__num_hidden_layers": 1 for tower in ("text", "vision")}
    edit_json(folder / "config.json", **one)
    weights = folder / "flax_model.msgpack"
    params = flax.serialization.msgpack_restore(weights.read_bytes())
    for tower in ("text_model", "vision_model"):
        layers = params[tower]["encoder"]["layers"]
        params[tower]["encoder"]["layers"] = {"0": layers["0"]}
    weights.write_bytes(flax.serialization.msgpack_serialize(params))
    return folder


@pytest.fixture
def copy(tmp_path):
    """A copy of the fixture that a test may damage."""
    return shutil.copytree(TINY, tmp_path / "model")


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """An empty cache (returned), the fixture for the bundled model, no way to the hub."""
    monkeypatch.setattr(clip, "BUNDLED", TINY)
    monkeypatch.setattr(clip, "HfApi", None)
    monkeypatch.setattr(clip.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(clip.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
