"""The controllers of the source are gone, and one broker of three answers: no leader is elected, and nothing is fenced.

Such a site answers or not depending on which broker is asked. With a person's word the work goes on at the other one.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.lab.injecting import forwards
from tests.lab.losing import CLOCK, at_work, require_nothing_skipped, wait
from tests.lab.usage import drctl

pytestmark = pytest.mark.long
WORD = "its racks are cut off from every client"


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three brokers per site, each of them a controller, too."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "no-quorum") as lab:
        yield lab


@pytest.mark.parametrize("survivor", [1, 3], ids=["the first answers", "the last answers"])
def test_a_source_without_a_quorum_is_failed_over_on_a_persons_word(lab: Lab, survivor: int, tmp_path: Path) -> None:
    north = lab.layout["north"]
    frozen, killed = (node.number for node in north.nodes if node.number != survivor)
    with at_work(lab, tmp_path / "log") as (writer, readers, _):
        for number in (frozen, killed):
            FAULTS["pause"](lab, north.broker(number))
        CLOCK.sleep(10)  # a while as in the outages that were told of: brokers answer, and nobody leads them
        FAULTS["kill"](lab, north.broker(killed))
        (alive,) = (node for node in north.nodes if node.number == survivor)
        assert forwards(alive.client)
        done = drctl(
            lab,
            *("failover", "--to", "south", "--yes", "--accept-loss", "unknown", "--by", "anna", "-o", "json"),
            *("--attest-source-down", WORD),
        )
        assert done.returncode == 0, done.stderr
        wait("both read at south", lambda: all(reader.first_at_south for reader in readers))
        wait("it is written to south", lambda: sum(map(len, writer.acknowledged["south"].values())) > 100)
        writer.ended.set()
        writer.join(20)
        require_nothing_skipped(lab, readers)
    told: dict[str, Any] = json.loads(done.stdout)["evidence"]
    assert told["fence-what-answers"]["fence"] == "attested"
    assert WORD in told["fence-what-answers"]["why"]
    assert told["close-if-back"].get("fence") != "proven"
    assert "not proven" in done.stderr
