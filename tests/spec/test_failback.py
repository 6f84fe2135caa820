"""The lost site takes the work back: only what is new is copied, nobody reads what was stranded, and no cut shows."""

import pytest

from drctl.errors import Blocked, Refused, Undecided
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.model.salvage import Decision
from drctl.monitors import observe
from drctl.plans import failover, retention, runner
from tests.fakes import Killed, fake_world
from tests.spec.failing import beyond_the_frontier, fail_over, lose, synced, watch_two_writers
from tests.spec.harness import require_served_by, switch, watch_for_two_open_sites
from tests.spec.returning import Aftermath, decide_all, go_home, rescued, returned, salve

TOPIC = "turbines.readings"


def _ready(wanted: Decision = Decision.HAND_OVER) -> Aftermath:
    """Salvaged and decided; every group has read past the failover; a topic of the old site has own settings."""
    after = returned()
    for site in after.earth.sites.values():
        site.topic_config[TOPIC] = {"retention.ms": "3600000"}
    salve(after.earth.ports())
    decide_all(after.earth, wanted)
    after.earth.settle(12)
    after.begun = {p: after.earth.north.logs[p].bounds.high for p in after.frontier}
    after.earth.effects.names.clear()
    return after


def _effects_of_a_failback() -> tuple[str, ...]:
    after = _ready()
    go_home(after.earth.ports())
    return tuple(f"{n} {name}" for n, name in enumerate(after.earth.effects.names))


FAILBACK = _effects_of_a_failback()


def _require_home(after: Aftermath) -> None:
    earth = after.earth
    require_served_by(earth, "north")
    assert earth.north.topic_config[TOPIC] == {"retention.ms": "3600000"}
    for producer in earth.producers:
        producer.running = False
    earth.settle(60)
    for p, lost in after.lost.items():
        new = [payload for _, payload in earth.south.logs[p].data(after.ends[p])]
        home = [payload for _, payload in earth.north.logs[p].data(after.begun[p])]
        assert home[: len(new)] == new
        acknowledged = next(a for a in (w.acknowledged.get(p) for w in earth.producers) if a)
        kept = [payload for payload in acknowledged if payload not in set(lost)]
        assert earth.south.payloads(p) == kept
        for group, consumer in earth.consumers.items():
            read = [payload for payload in consumer.processed[p] if payload not in set(lost)]
            assert read == kept, (group, p)
            stranded = [payload for payload in consumer.processed[p] if payload in set(lost)]
            assert len(stranded) == len(set(stranded)), (group, p)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(FAILBACK) - 1), ids=FAILBACK[:-1])
def test_a_failback_cut_off_anywhere_ends_at_home_with_nothing_skipped_or_repeated(effect: int, before: bool) -> None:
    after = _ready()
    earth = after.earth
    both_open = watch_for_two_open_sites(earth)
    both_run = _watch_for_both_directions(after)
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        go_home(earth.ports())
    earth.settle(1)
    assert go_home(earth.new_process()).state is RunState.DONE
    assert both_open == []
    assert both_run == []
    earth.settle()
    _require_home(after)


def _watch_for_both_directions(after: Aftermath) -> list[str]:
    found: list[str] = []

    def look(effect: str) -> None:
        if all(link.state is ConnectorState.RUNNING for link in after.earth.mirrors.values()):
            found.append(effect)

    after.earth.effects.watchers.append(look)
    return found


def test_the_link_home_copies_exactly_the_new_records() -> None:
    after = _ready()
    earth = after.earth
    go_home(earth.ports())
    for p, end in after.ends.items():
        new = [payload for _, payload in earth.south.logs[p].data(end)]
        home = [payload for _, payload in earth.north.logs[p].data(after.begun[p])]
        assert new
        assert home[: len(new)] == new


def test_records_that_were_replayed_come_home_behind_the_new_ones() -> None:
    after = _ready(Decision.REPLAY)
    earth = after.earth
    go_home(earth.ports())
    for p, lost in after.lost.items():
        home = [payload for _, payload in earth.north.logs[p].data(after.begun[p])]
        assert [payload for payload in home if payload in set(lost)] == lost


def test_a_group_that_would_read_the_stranded_tail_holds_the_failback_up() -> None:
    after = _ready()
    earth, p = after.earth, TopicPartition(TOPIC, 0)
    earth.consumers["billing"].running = False
    earth.settle(1)
    earth.south.group("billing").committed[p] = Committed(0)
    with pytest.raises(Blocked) as caught:
        go_home(earth.ports())
    assert "billing has not read turbines.readings-0 past the failover" in " ".join(caught.value.reasons)
    assert earth.mirrors["south", "north"].stored == {}


def test_no_record_comes_home_while_the_other_direction_runs() -> None:
    after = _ready()
    away = after.earth.mirrors["north", "south"]
    away.start()
    away.holds = True
    with pytest.raises(Blocked) as caught:
        go_home(after.earth.ports())
    assert caught.value.exit_code == 34


def test_no_record_comes_home_to_a_site_that_is_open() -> None:
    after = _ready()
    after.earth.north.denials.clear()
    with pytest.raises(Blocked) as caught:
        go_home(after.earth.ports())
    assert any("is not denied" in reason for reason in caught.value.reasons)
    assert any("an ordinary client is not refused" in reason for reason in caught.value.reasons)


def test_records_that_came_after_the_salvage_must_be_salvaged_first() -> None:
    after = _ready()
    after.earth.north.super_users.add("User:rogue")
    after.earth.north.write(TopicPartition(TOPIC, 0), b"rogue", "User:rogue")
    with pytest.raises(Blocked) as caught:
        go_home(after.earth.ports())
    assert any("salvage again" in reason for reason in caught.value.reasons)
    salve(after.earth.new_process())
    with pytest.raises(Undecided, match=TOPIC):
        go_home(after.earth.ports())


def test_what_has_come_home_is_never_salvaged_as_stranded() -> None:
    after = _ready()
    earth = after.earth
    number = next(n for n, name in enumerate(FAILBACK) if name.endswith("resume link to north"))
    earth.effects.cut_off(number, before=False)
    with pytest.raises(Killed):
        go_home(earth.ports())
    world = earth.new_process()
    earth.settle(2)
    home = earth.mirrors["south", "north"]
    assert home.stored
    with pytest.raises(Refused, match="unfinished"):
        salve(world)
    earth.journal.end(earth.journal.runs()[-1][0].id, RunState.STOPPED)
    home.state = ConnectorState.STOPPED
    with pytest.raises(Refused, match="records have come home"):
        salve(earth.new_process())
    assert go_home(earth.new_process()).state is RunState.DONE
    earth.settle()
    _require_home(after)


def test_a_compacted_topic_with_a_tail_must_be_recreated_unless_it_was_replayed() -> None:
    after = _ready()
    after.earth.north.topic_config["shop.orders"]["cleanup.policy"] = "compact"
    with pytest.raises(Blocked) as caught:
        go_home(after.earth.ports())
    assert any("shop.orders is compacted" in reason for reason in caught.value.reasons)


def test_retention_stays_frozen_until_the_site_is_home() -> None:
    after = _ready()
    assert retention.is_frozen(after.earth.ports().sites["north"], after.earth.plan.topics)
    go_home(after.earth.ports())
    assert after.earth.north.topic_config[TOPIC] == {"retention.ms": "3600000"}
    assert after.earth.north.topic_config["shop.orders"] == {}


def test_after_the_failback_work_moves_on_both_ways_past_the_tail() -> None:
    after = _ready()
    earth = after.earth
    go_home(earth.ports())
    for source, target in (("north", "south"), ("south", "north")):
        earth.settle(8)
        result: RunResult = switch(earth.ports(), source, target)
        assert result.state is RunState.DONE
    earth.settle()
    _require_home(after)


def test_a_failback_ends_what_the_failover_began() -> None:
    after = _ready()
    go_home(after.earth.ports())
    with pytest.raises(Exception, match="no failover stands"):
        go_home(after.earth.ports())


def test_from_a_real_failover_to_the_end_of_the_failback() -> None:
    earth = synced(fake_world())
    link = earth.mirrors["north", "south"]
    link.holds = True
    earth.settle(1)
    lost = beyond_the_frontier(earth)
    lose(earth)
    fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    earth.settle(2)
    earth.north.down = earth.workers["north"].worker_down = link.holds = False
    two_writers = watch_two_writers(earth)
    salve(earth.ports())
    two_writers.clear()
    earth.mirrors["south", "north"].worker_down = False
    assert {p: records for p, records in rescued(earth).items() if records} == lost
    decide_all(earth)
    earth.settle(12)
    assert go_home(earth.ports()).state is RunState.DONE
    assert two_writers == []
    require_served_by(earth, "north")
    earth.come_to_rest()
    for producer in earth.producers:
        for p, acknowledged in producer.acknowledged.items():
            kept = [payload for payload in acknowledged if payload not in set(lost.get(p, ()))]
            assert earth.south.payloads(p) == kept


def test_a_failover_takes_over_a_failback_whose_site_dies_behind_the_fence() -> None:
    after = _ready()
    earth = after.earth
    number = next(n for n, name in enumerate(FAILBACK) if name.endswith("journal says step-observed prove-fence"))
    earth.effects.cut_off(number, before=False)
    with pytest.raises(Killed):
        go_home(earth.ports())
    earth.settle(2)
    world = earth.new_process()
    earth.south.down = earth.workers["south"].worker_down = earth.mirrors["north", "south"].worker_down = True
    plan = failover.plan(world, "south", "north", observe=observe, accepted=AcceptedLoss(unknown=True))
    result = runner.run(plan, world, lambda _: None)
    assert result.evidence["fence-what-answers"]["fence"] == "proven"
    assert earth.routing.site() == "north"
