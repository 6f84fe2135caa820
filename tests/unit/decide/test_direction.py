"""What a gate advises is right for one direction only: that in which clients are sent to the source."""

import pytest

from drctl.decide.readiness import Rule, blockers
from drctl.model.link import Connector, ConnectorState
from drctl.model.session import Group, GroupProtocol, GroupState
from tests.unit.decide.good_facts import GOOD, GUARDS, MEMBER, NOW, backward, changed, seen, status, target

AT_WORK = {"billing": Group("billing", GroupProtocol.CLASSIC, GroupState.STABLE, (MEMBER,))}

STOPPING = (Rule.BOTH_DIRECTIONS, Rule.GROUP_ACTIVE_AT_TARGET, Rule.SINK_ACTIVE_AT_TARGET)
SINKS = {"lake": Connector("lake", ConnectorState.RUNNING)}


def remedies(routed: str | None) -> dict[Rule, str]:
    facts = target(groups=seen(AT_WORK), sinks=seen(SINKS))(
        backward(status=seen(status()))(changed(client_routing=seen(routed))(GOOD))
    )
    return {each.rule: each.remedy for each in blockers(facts, GUARDS, NOW)}


@pytest.mark.parametrize("rule", STOPPING)
def test_to_stop_something_is_advised_only_where_clients_are_sent_to_the_source(rule: Rule) -> None:
    assert remedies("north")[rule].startswith("stop ")
    for routed in ("south", None):
        assert "clients are not sent to north" in remedies(routed)[rule]
        assert not remedies(routed)[rule].startswith("stop ")
