"""Real labs for the tier. Where one cannot start, tests fail."""

from collections.abc import Iterator

import pytest

from drctl.lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two sites of one broker each, with MirrorMaker 2 from north to south. Tests leave it as they found it."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "shared", small=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The same for one module alone, whose tests may do to it what they like."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "own", small=True) as lab:
        yield lab
