"""drctl's own rights: one that is missing is told by the doctor and stops a move before anything is changed."""

from dataclasses import replace

import pytest

from drctl.decide.diagnosis import Severity
from drctl.decide.readiness import blockers
from drctl.decide.rules import Rule
from drctl.errors import Blocked, Forbidden
from drctl.model.cluster import Cluster
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.monitors import observe
from tests.fakes import FakeBrokers
from tests.spec.clinic import look, well
from tests.spec.failing import fail_over
from tests.spec.harness import switch

NEEDED = [
    ("north", "ALTER cluster", 38, "drctl may not ALTER the cluster: fence-writes"),
    ("south", "ALTER cluster", 38, "drctl may not ALTER the cluster: fence-standby"),
    ("north", "READ", 36, "drctl may not READ topics shop.orders, turbines.readings: hand-over-positions"),
    ("south", "READ group", 36, "drctl may not READ group"),
]


@pytest.mark.parametrize(("site", "right", "code", "words"), NEEDED)
def test_what_a_step_behind_the_fence_would_fail_without_stops_a_switchover_before_it(
    site: str, right: str, code: int, words: str
) -> None:
    earth = well()
    earth.sites[site].withheld.add(right)
    (found,) = look(earth).findings
    assert (found.severity, found.place, words in found.reason.detail) == (Severity.BLOCKS, site, True)
    assert "kafka-acls.sh --bootstrap-server" in found.reason.remedy
    assert "--allow-principal User:drctl --operation " in found.reason.remedy
    assert look(earth).exit_code == code
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert (caught.value.exit_code, [words in each for each in caught.value.reasons]) == (code, [True])
    assert not earth.north.denials
    assert earth.epochs.epoch == 0
    earth.sites[site].withheld.clear()
    assert switch(earth.new_process()).state is RunState.DONE


def test_what_only_other_commands_need_is_advice_and_stops_no_switchover() -> None:
    earth = well()
    earth.north.withheld |= {"ALTER_CONFIGS", "READ group"}
    found = look(earth)
    assert found.exit_code == 0
    assert {(each.severity, each.reason.rule) for each in found.findings} == {(Severity.ADVICE, Rule.OWN_RIGHT_MISSING)}
    assert switch(earth.ports()).state is RunState.DONE


def test_a_failover_is_warned_of_what_drctl_may_not_do_at_the_target_and_goes_on() -> None:
    earth = well()
    earth.south.withheld.add("ALTER cluster")
    earth.north.down = True
    result = fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    assert result.state is RunState.DONE
    warned = result.evidence["check-gates"]["warnings"]
    assert [each for each in warned if each.startswith("south: drctl may not ALTER the cluster")]


class Undescribed(FakeBrokers):
    """Answers, and lets nobody describe its brokers."""

    def cluster(self) -> Cluster:
        raise Forbidden(f"{self.site.name}: drctl may not read the configuration of a broker")


def test_where_drctl_may_not_even_describe_brokers_the_right_that_is_missing_is_named() -> None:
    earth = well()
    earth.south.withheld.add("DESCRIBE_CONFIGS cluster")
    world = earth.ports()
    south = replace(world.sites["south"], brokers=Undescribed(earth.south))
    facts = observe(replace(world, sites={**world.sites, "south": south}), "north", "south")
    found = [
        each for each in blockers(facts, world.plan.guards, earth.clock.now()) if each.rule is Rule.OWN_RIGHT_MISSING
    ]
    assert [each.detail.partition(":")[0] for each in found] == ["south"]
    assert "--operation DescribeConfigs --cluster" in found[0].remedy


def test_a_silent_site_is_not_asked_again_what_drctl_may_do_there() -> None:
    earth = well()
    earth.south.down = True
    found = look(earth)
    assert Rule.OWN_RIGHT_MISSING not in {each.reason.rule for each in found.findings}
    assert "what drctl may do at south" in {each.what for each in found.unseen}
