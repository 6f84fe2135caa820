"""Each fault of the lab is called what it is, within its bound, and nobody is told to fail over."""

from collections.abc import Iterator

import pytest

from drctl.lab.kube import KubeLab
from tests.kube.naming import NAMINGS, NamedFault, Namer, namer, table

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def naming(kube_lab: KubeLab) -> Iterator[Namer]:
    with namer(kube_lab) as there:
        yield there


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[list[NamedFault]]:
    """What was named, printed as a table at the end."""
    done: list[NamedFault] = []
    yield done
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("", *table(done), sep="\n")  # noqa: T201


@pytest.mark.parametrize("fault", NAMINGS)
def test_a_fault_is_called_what_it_is(kube_lab: KubeLab, naming: Namer, rows: list[NamedFault], fault: str) -> None:
    rows.append(naming.name(fault, kube_lab.pods[1]))
    assert rows[-1].right, rows[-1]
