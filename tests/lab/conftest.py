"""Real labs for the tier. Where one cannot start, tests fail."""

from collections.abc import Iterator

import pytest

from drctl.lab import Lab
from tests.leftovers import no_process_is_left, no_thread_is_left


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test() -> Iterator[None]:
    with no_thread_is_left(), no_process_is_left():
        yield


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two sites of one broker each, for one module alone, whose tests may do to it what they like."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "own", small=True) as lab:
        yield lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that share a lab together, whatever the order within: it goes down when the last of them is through.

    Behind the others: their modules are short, so that no process is left alone with a long one at the end.
    """
    items.sort(key=lambda item: "shared" in item.path.parts)
