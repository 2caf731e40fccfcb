"""Fails, instead of skipping, when JAXPAINT_REQUIRE_MYPAINT says libmypaint is there.

Commands under test share a folder for compiled programs, which is the tests' own.
"""

import os

import pytest

from jaxpaint import mypaint


def pytest_sessionstart() -> None:
    if os.environ.get("JAXPAINT_REQUIRE_MYPAINT") and not mypaint.available():
        pytest.exit("libmypaint is required here but cannot be loaded", returncode=3)


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder
