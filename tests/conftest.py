"""Fails, instead of skipping, when JAXPAINT_REQUIRE_MYPAINT says libmypaint is there."""

import os

import pytest

from jaxpaint import mypaint


def pytest_sessionstart() -> None:
    if os.environ.get("JAXPAINT_REQUIRE_MYPAINT") and not mypaint.available():
        pytest.exit("libmypaint is required here but cannot be loaded", returncode=3)
