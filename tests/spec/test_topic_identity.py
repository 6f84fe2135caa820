"""A topic that is deleted and recreated during a run is noticed before its groups' positions count for anything."""

import pytest

from drctl.errors import RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import killed_at, switch

ORDERS = TopicPartition("shop.orders", 0)


def made_anew_at(earth: FakeWorld, site: str, effect: str) -> None:
    """Right before that effect somebody recreates the topic, with as many records and groups as before."""

    def remake(name: str) -> None:
        if name != effect:
            return
        earth.effects.watchers.remove(remake)
        there = earth.sites[site]
        kept = {p: log for p, log in there.logs.items() if p.topic == ORDERS.topic}
        held = {name: dict(group.committed) for name, group in there.groups.items()}
        config = dict(there.topic_config.get(ORDERS.topic, {}))
        there.drop(ORDERS.topic)
        there.make(ORDERS.topic, len(kept), config)
        there.logs |= kept
        for group, committed in held.items():
            there.groups[group].committed.update(committed)

    earth.effects.watchers.append(remake)


def commits(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if name.startswith("commit")]


@pytest.mark.parametrize("site", ["north", "south"])
def test_a_topic_made_anew_since_the_gates_turns_the_switchover_back_before_any_commit(site: str) -> None:
    earth = fake_world()
    made_anew_at(earth, site, "routing to None")
    with pytest.raises(RolledBack, match=rf"shop\.orders was deleted and recreated at {site}"):
        switch(earth.ports())
    assert not commits(earth)
    assert earth.open_sites() == {"north"}


@pytest.mark.parametrize("site", ["north", "south"])
def test_a_topic_made_anew_after_the_handover_keeps_the_target_closed(site: str) -> None:
    earth = fake_world()
    made_anew_at(earth, site, "journal says step-observed hand-over-positions")
    with pytest.raises(RolledBack, match=rf"shop\.orders was deleted and recreated at {site}"):
        switch(earth.ports())
    assert commits(earth)
    assert earth.open_sites() == {"north"}


def test_a_topic_made_anew_while_nobody_looked_is_noticed_by_who_continues_the_run() -> None:
    earth = fake_world()
    with killed_at(earth, "routing to None"):
        switch(earth.ports())
    made_anew_at(earth, "south", "routing to None")
    with pytest.raises(RolledBack, match=r"shop\.orders was deleted and recreated at south"):
        switch(earth.new_process())


def test_a_topic_made_anew_at_the_survivor_during_a_failover_keeps_it_closed() -> None:
    earth = synced(fake_world())
    lose(earth)
    made_anew_at(earth, "south", "raise epoch to 1")
    with pytest.raises(RolledBack, match=r"shop\.orders was deleted and recreated at south"):
        fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
    assert "south" not in earth.open_sites()
