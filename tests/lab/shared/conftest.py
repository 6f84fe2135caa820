"""One lab for the tests that leave it as they found it; it is gone before the others begin theirs."""

from collections.abc import Iterator

import pytest

from drctl.lab import Lab


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two sites of one broker each, with MirrorMaker 2 from north to south."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "shared", small=True) as lab:
        yield lab
