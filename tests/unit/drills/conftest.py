"""A whole bundle of a drill, and a copy of it to be broken, for the tests here that ask for one."""

import shutil
from pathlib import Path

import pytest

from tests.unit.drills.bundles import KEY, bundle


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle that proves something; nobody changes it."""
    return bundle(tmp_path_factory.mktemp("bundle"), key=KEY)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"
