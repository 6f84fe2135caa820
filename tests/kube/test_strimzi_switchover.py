"""A whole switchover and the way home between two sites that Strimzi's resources describe, for real.

The API server has Strimzi's definitions, three brokers are pods, Connect is real; the operators are stand-ins.
"""

import json
import operator
from collections.abc import Iterator
from functools import partial

import pytest

from drctl.config import load
from drctl.drivers.kafka.records import KafkaRecords
from drctl.lab.kube import KubeLab
from drctl.wiring.world import open_world
from tests.kube.controlling import READINGS, RECORDS, await_denied, give_work, wait
from tests.kube.strimzi_sites import StrimziLabSite, strimzi_sites
from tests.lab.usage import moved, serving

WEAKER = ("--override", "target-weaker", "--reason", "the lab has a single broker there")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeLab]:
    """A lab of its own: its work is moved, and its links are made anew."""
    with KubeLab.start(tmp_path_factory.mktemp("own") / "lab", small=True) as running:
        yield running


@pytest.fixture
def sites(lab: KubeLab) -> Iterator[dict[str, StrimziLabSite]]:
    with strimzi_sites(lab) as described:
        yield described


def records(lab: KubeLab, site: str) -> int:
    """How many records of the topic a reader finds there."""
    kafka = lab.site(site).kafka("admin")
    try:
        return KafkaRecords(kafka).bounds([READINGS])[READINGS].stable
    finally:
        kafka.close()


def test_there_and_home_again(lab: KubeLab, sites: dict[str, StrimziLabSite]) -> None:
    wait("the link to south works", lambda: _works(lab, "north", "south"))
    give_work(lab)

    told = _move(lab, "south", *WEAKER)
    assert serving(lab) == ("south", "north")
    assert told["prove-fence"]
    assert sites["south"].states() == {"stopped"}
    assert sites["north"].states() == {"running"}
    assert {each.principal for each in sites["north"].denied_in_resources()} >= {"User:turbines", "User:shop"}
    assert sites["south"].denied_in_resources() == set()
    await_denied(lab, "north", {"User:turbines", "User:shop"}.issubset)
    await_denied(lab, "south", operator.not_)
    wait("the link home works", lambda: _works(lab, "south", "north"))
    # What came from north is not copied back to it: its log has the records, and what ends transactions there.
    assert records(lab, "north") < 2 * RECORDS

    _move(lab, "north")
    assert serving(lab) == ("north", "south")
    assert sites["north"].states() == {"stopped"}
    assert sites["south"].states() == {"running"}
    await_denied(lab, "north", operator.not_)
    await_denied(lab, "south", {"User:turbines", "User:shop"}.issubset)
    for name, site in sites.items():
        wait(f"only rules that {name}'s User Operator keeps stand at its brokers", partial(_agree, site))


def _agree(site: StrimziLabSite) -> bool:
    return site.denied_in_resources() == site.strike.standing()


def _works(lab: KubeLab, source: str, target: str) -> bool:
    with open_world(load(lab.plan_file)) as world:
        return world.links[source, target].replication.status().working


def _move(lab: KubeLab, target: str, *more: str) -> dict[str, dict[str, object]]:
    done = moved(lab, "switchover", "--to", target, "--yes", "-o", "json", *more)
    assert done.returncode == 0, done.stderr
    evidence: dict[str, dict[str, object]] = json.loads(done.stdout)["evidence"]
    return evidence
