"""The whole source stands still under load (SIGSTOP): ports answer, and nothing behind them. Later it goes on.

What it takes then, from clients that are still connected and from its own sockets, is closed off and told.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from tests.lab.losing import CLOCK, at_work, lost, require_nothing_skipped, wait
from tests.lab.test_failover import beyond
from tests.lab.usage import drctl, metric

pytestmark = pytest.mark.long


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for one test alone: a site of it is frozen."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "frozen", small=True) as lab:
        yield lab


def test_a_site_that_is_frozen_is_failed_over_and_closed_when_it_goes_on(lab: Lab, tmp_path: Path) -> None:
    north = lab.layout["north"]
    processes = (*north.brokers, north.worker)
    with at_work(lab, tmp_path / "log") as (writer, readers, port):
        for name in processes:
            FAULTS["pause"](lab, name)
        wait("the service sees it", lambda: metric(port, 'drctl_site_up{site="north"}') == 0)
        done = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "100000", "-o", "json")
        assert done.returncode == 0, done.stderr
        wait("both read at south", lambda: all(reader.first_at_south for reader in readers))
        wait("it is written to south", lambda: sum(map(len, writer.acknowledged["south"].values())) > 100)
        for name in processes:
            FAULTS["continue"](lab, name)
        wait("the service closes it", lambda: metric(port, 'drctl_left_site_fence{site="north",state="proven"}') == 1)
        frontier = json.loads(done.stdout)["evidence"]["measure-loss"]["frontier"]
        closed = beyond(lab, frontier)
        CLOCK.sleep(5)
        assert beyond(lab, frontier) == closed, "nothing is written at north once it is closed"
        writer.ended.set()
        writer.join(20)
        require_nothing_skipped(lab, readers)
        left: dict[str, Any] = json.loads(drctl(lab, "status", "-o", "json").stdout)["leftSite"]
    assert json.loads(done.stdout)["evidence"]["fence-what-answers"]["fence"] == "pending"
    assert (left["site"], left["fence"]) == ("north", "proven")
    assert left["open"]["seconds at most"] > 0
    for number, values in lost(lab, writer).items():
        assert set(values) <= set(closed.get(number, ())), "what is lost lies beyond the frontier at north"
