"""Fails, instead of skipping, when JAXPAINT_REQUIRE_MYPAINT says libmypaint is there.

Commands under test share a folder for compiled programs, which is the tests' own.
"""

import json
import os
import shutil

import pytest
from sample_clip import TINY

from jaxpaint import clip, mypaint


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
    """A folder with the bundled CLIP, whose sketches take four steps instead of sixty."""
    folder = shutil.copytree(clip.BUNDLED, tmp_path_factory.mktemp("clip") / "hasty")
    recipe = json.loads((folder / "painting.json").read_text())
    (folder / "painting.json").write_text(json.dumps(recipe | {"sketch_steps": 4}))
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
