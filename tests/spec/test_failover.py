"""The source is lost: what a failover does, says and refuses."""

import pytest

from drctl.errors import Blocked, LossNotAccepted, RolledBack
from drctl.model.fence import Attestation, FenceState
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss, EndsFrom
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, RunResult, RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import failover, runner
from drctl.plans.losing import measure
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import (
    SOMEBODY,
    beyond_the_frontier,
    fail_over,
    lose,
    require_nothing_skipped,
    require_served_by_target,
    some_lag,
    synced,
    watch_two_writers,
)
from tests.spec.stage import RecordingObserver, switch

ANY = AcceptedLoss(10_000)


def test_the_work_goes_on_at_the_target_and_what_is_lost_is_exactly_what_was_not_copied() -> None:
    earth = synced(fake_world())
    both_open = watch_two_writers(earth)
    lose(earth)
    lost = beyond_the_frontier(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    assert both_open == []
    require_served_by_target(earth, lost)


def test_traffic_restored_and_run_finished_are_two_moments() -> None:
    earth = synced(fake_world())
    lose(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    arrived = result.evidence["watch-first-commits"]
    ended = earth.journal.entries(result.run.id)[-1]
    assert ended.event is Event.RUN_ENDED
    assert arrived["traffic restored"] == max(arrived["first write"], arrived["first read"])
    assert arrived["traffic restored"] <= ended.at.isoformat()
    assert arrived["not arrived"] == []


def test_the_first_act_is_to_stop_the_link() -> None:
    earth = synced(fake_world())
    lose(earth)
    earth.effects.names.clear()
    fail_over(earth.ports(), accepted=ANY)
    acts = [name for name in earth.effects.names if not name.startswith("journal")]
    assert acts[:2] == ["stop link to south", "raise epoch to 1"]
    status = earth.ports().links["north", "south"].replication.status()
    assert not (*status.source.tasks, *status.checkpoint.tasks)
    assert earth.mirrors["south", "north"].state is ConnectorState.ABSENT


@pytest.mark.parametrize("commits", [False, True])
def test_a_checkpoint_connector_stops_after_the_clients_are_served_unless_it_commits_positions(commits: bool) -> None:
    earth = synced(fake_world())
    mirror = earth.mirrors["north", "south"]
    mirror.config["sync.group.offsets.enabled"] = str(commits).lower()
    lose(earth)
    checkpoints_on: dict[str, bool] = {}
    earth.effects.watchers.append(lambda name: checkpoints_on.update({name: mirror.checkpoints_on}))
    fail_over(earth.ports(), accepted=ANY)
    assert checkpoints_on["raise epoch to 1"] is not commits
    assert not mirror.checkpoints_on


def test_what_a_sighting_tells_is_never_less_than_what_is_lost() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    loss = measure(earth.ports(), "north", "south")
    assert loss.ends_from is EndsFrom.SIGHTING
    assert loss.total is not None
    assert loss.total >= sum(map(len, beyond_the_frontier(earth).values())) > 0


def test_records_written_after_the_last_sighting_are_part_of_the_uncertainty() -> None:
    earth = synced(fake_world())
    earth.sight()
    earth.settle(1)
    earth.sight()
    earth.mirrors["north", "south"].holds = True
    earth.settle(2)
    lose(earth)
    earth.settle(1)
    earth.sightings.note_silence("north", earth.clock.now())
    earth.settle(60)
    loss = measure(earth.ports(), "north", "south")
    real = sum(map(len, beyond_the_frontier(earth).values()))
    assert loss.seen is not None
    assert loss.unseen is not None
    assert loss.seen < real <= loss.seen + loss.unseen < 3 * real


def _distrusted(earth: FakeWorld) -> FakeWorld:
    """North answers, but a partition of it has no leader for drctl's gates: one broker is missing."""
    earth.missing_brokers = {"north": [2, 3]}
    return earth


def test_a_source_that_answers_is_fenced_and_the_stated_loss_is_the_real_one() -> None:
    earth = _distrusted(synced(fake_world()))
    some_lag(earth)
    both_open = watch_two_writers(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    lost = beyond_the_frontier(earth)
    assert result.evidence["fence-what-answers"]["fence"] == FenceState.PROVEN
    assert result.evidence["fence-what-answers"]["canary"] == "TOPIC_AUTHORIZATION_FAILED"
    told = result.evidence["measure-loss"]
    assert told["exact"]
    assert told["total"] == sum(map(len, lost.values())) > 0
    assert told["records"] == {
        topic: sum(len(gone) for p, gone in lost.items() if p.topic == topic) for topic in told["records"]
    }
    assert both_open == []
    require_served_by_target(earth, lost)


def test_positions_are_exact_while_the_source_answers_even_where_nothing_was_synced() -> None:
    earth = _distrusted(fake_world())
    some_lag(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.evidence["confirm-positions"]["uncovered"] == {}
    require_served_by_target(earth, beyond_the_frontier(earth), repeats=False)


def test_a_healthy_source_is_a_reason_to_switch_over_instead() -> None:
    earth = fake_world()
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert any("'drctl switchover --to south' loses nothing" in reason for reason in caught.value.reasons)
    assert [name for name in earth.effects.names if not name.startswith("journal")] == []


def test_a_source_that_only_looks_well_is_left_with_a_reason_behind_a_proven_fence_and_with_its_loss_accepted() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    both_open = watch_two_writers(earth)
    terms = Terms(by="anna", overrides={"source-healthy": "clients cannot reach it, and its link has failed"})

    def attempt(accepted: AcceptedLoss) -> RunResult:
        plan = failover.plan(earth.new_process(), "north", "south", observe=observe, accepted=accepted)
        return runner.run(plan, earth.ports(), RecordingObserver(), terms)

    with pytest.raises(Blocked) as refused:
        attempt(AcceptedLoss(0))
    assert refused.value.exit_code == 17
    result = attempt(ANY)
    told, lost = result.evidence, beyond_the_frontier(earth)
    assert told["check-gates"]["overridden"]["source-healthy"]["why"] == terms.overrides["source-healthy"]
    assert told["fence-what-answers"]["fence"] == FenceState.PROVEN
    assert told["measure-loss"]["exact"]
    assert told["measure-loss"]["total"] == sum(map(len, lost.values())) > 0
    assert both_open == []
    require_served_by_target(earth, lost)


def test_more_loss_than_was_accepted_is_refused_before_anything_is_changed() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports(), accepted=AcceptedLoss(1))
    assert caught.value.exit_code == 17
    assert [name for name in earth.effects.names if not name.startswith("journal")] == []
    assert earth.mirrors["north", "south"].state is ConnectorState.RUNNING


def test_an_unknown_loss_is_refused_unless_it_was_accepted_as_unknown() -> None:
    earth = synced(fake_world(), sighted=False)
    lose(earth)
    with pytest.raises(Blocked, match=r"reasons? to wait") as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert caught.value.exit_code == 17
    assert any("--accept-loss unknown" in reason for reason in caught.value.reasons)
    result = fail_over(earth.new_process(), accepted=AcceptedLoss(unknown=True))
    assert result.evidence["measure-loss"]["source"] == "unknown"
    assert result.evidence["measure-loss"]["total"] is None


def test_loss_that_grew_after_the_gate_turns_the_run_back() -> None:
    earth = _distrusted(synced(fake_world()))
    earth.come_to_rest()

    def write(effect: str) -> None:
        if effect.startswith("raise epoch"):
            earth.north.write(TopicPartition("turbines.readings", 0), b"late", "User:turbines")

    earth.effects.watchers.append(write)
    with pytest.raises(LossNotAccepted) as caught:
        fail_over(earth.ports(), accepted=AcceptedLoss(0))
    assert caught.value.exit_code == 17
    _require_as_before(earth)


@pytest.mark.parametrize(("word", "state"), [(None, FenceState.PENDING), (SOMEBODY, FenceState.ATTESTED)])
def test_a_fence_that_could_not_be_put_up_is_never_called_proven(word: Attestation | None, state: FenceState) -> None:
    earth = synced(fake_world())
    lose(earth)
    told = fail_over(earth.ports(), accepted=ANY, attestation=word).evidence["fence-what-answers"]
    assert told["fence"] == state
    assert (told["by"], told["why"]) == (("anna", SOMEBODY.why) if word else ("", "north does not answer"))


def test_a_source_that_answers_and_cannot_be_fenced_keeps_the_target_closed() -> None:
    earth = _distrusted(synced(fake_world()))
    earth.north.everyone = True
    with pytest.raises(RolledBack, match="its fence cannot be proven") as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert "--attest-source-down" in caught.value.remedy
    _require_as_before(earth)


def test_with_a_persons_word_it_goes_on_and_the_fence_is_attested() -> None:
    earth = _distrusted(synced(fake_world()))
    earth.north.everyone = True
    told = fail_over(earth.ports(), accepted=ANY, attestation=SOMEBODY).evidence["fence-what-answers"]
    assert told["fence"] == FenceState.ATTESTED
    assert "User:*" in told["why"]


@pytest.mark.parametrize("effect", ["raise epoch to 1", "journal says step-observed confirm-positions"])
def test_a_source_that_comes_back_before_the_target_is_open_turns_the_run_back(effect: str) -> None:
    earth = synced(fake_world())
    lose(earth)

    def come_back(name: str) -> None:
        if name == effect:
            earth.north.down = False

    earth.effects.watchers.append(come_back)
    with pytest.raises(RolledBack, match="north answers again") as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert "drctl switchover --to south" in caught.value.remedy
    _require_as_before(earth)


def _require_as_before(earth: FakeWorld) -> None:
    """North is open and in use, south fenced, the link runs."""
    assert earth.writable() == {"north"}
    assert earth.routing.site() == "north"
    assert earth.ports().links["north", "south"].replication.status().working
    assert earth.journal.runs()[-1][1] is RunState.COMPENSATED


def test_a_group_without_a_position_is_named_and_gets_none() -> None:
    earth = fake_world()
    lose(earth, sighted=True)
    for consumer in earth.consumers.values():
        consumer.running = False
    result = fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    told = result.evidence["confirm-positions"]["uncovered"]
    assert set(told) == {"dispatch", "billing"}
    assert all("auto.offset.reset" in why for why in told.values())
    assert not any(group.committed for group in earth.south.groups.values())


def test_positions_that_the_service_did_not_keep_are_said_to_be_unmarked() -> None:
    earth = synced(fake_world())
    lose(earth)
    earth.south.groups["billing"].committed[TopicPartition("shop.orders", 0)] = Committed(1, "")
    told = fail_over(earth.ports(), accepted=ANY).evidence["confirm-positions"]["groups"]
    assert told["billing"]["positions"]["shop.orders-0"]["proof"] == "unmarked"
    assert told["dispatch"]["positions"]["shop.orders-0"]["proof"] == "group-sync"


def test_nobody_skips_a_record_that_is_at_the_target() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth)
    fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    require_nothing_skipped(earth)


def test_the_synced_standby_never_touches_the_groups_again() -> None:
    earth = synced(fake_world())
    lose(earth)
    fail_over(earth.ports(), accepted=ANY)
    earth.north.down = False
    held = {group: dict(each.committed) for group, each in earth.north.groups.items()}
    synced(earth, "south", "north")
    assert {group: dict(each.committed) for group, each in earth.north.groups.items()} == held


SINK = "orders-to-lake"
CONFIG = {"connector.class": "JdbcSink", "topics": "turbines.readings,shop.orders"}


def _with_a_sink(*, placed: bool, group_sync: bool = True) -> FakeWorld:
    earth = fake_world(SINK)
    if group_sync:
        synced(earth)
    if placed:
        earth.workers["south"].put(SINK, CONFIG)
    lose(earth, sighted=True)
    return earth


def test_a_sink_that_is_placed_at_the_target_goes_on_there_and_skips_nothing() -> None:
    earth = _with_a_sink(placed=True)
    told = fail_over(earth.ports(), accepted=ANY).evidence["start-sinks"]
    assert told["not working"] == {}
    earth.come_to_rest()
    for partition, delivered in earth.database.items():
        assert set(earth.south.payloads(partition)) <= set(delivered), partition


def test_a_sink_that_was_never_placed_is_named() -> None:
    earth = _with_a_sink(placed=False)
    told = fail_over(earth.ports(), accepted=ANY).evidence["start-sinks"]
    assert told["not working"] == {SINK: "it was never placed at the target"}


def test_a_sink_whose_group_has_no_position_is_not_started_for_it_would_deliver_everything_again() -> None:
    earth = _with_a_sink(placed=True, group_sync=False)
    earth.workers["north"].worker_down = False  # it outlives its brokers, and tells the group
    told = fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True)).evidence["start-sinks"]
    assert "its group has no position" in told["not working"][SINK]
    assert earth.workers["south"].state(SINK).state is ConnectorState.STOPPED


def test_a_second_failover_back_to_a_site_that_got_nothing_since_is_refused_and_may_be_overridden() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    fail_over(earth.ports(), accepted=AcceptedLoss(1000))
    earth.settle(3)
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False
    lose_south(earth)
    before = len(earth.effects.names)
    with pytest.raises(Blocked, match=r"reasons? to wait") as told:
        fail_over(earth.new_process(), "south", "north", accepted=AcceptedLoss(unknown=True))
    assert "was never begun: north has nothing of what was written at south since" in told.value.reasons[0]
    assert told.value.exit_code == 32
    assert len(earth.effects.names) == before
    world, any_loss = earth.new_process(), AcceptedLoss(unknown=True)
    plan = failover.plan(world, "south", "north", observe=observe, accepted=any_loss)
    result = runner.run(plan, world, RecordingObserver(), Terms(overrides={"link-unproven": "south burnt down"}))
    assert result.state is RunState.DONE
    assert "link-unproven" in earth.journal.entries(result.run.id)[0].body["overridden"]


def test_a_failover_back_over_a_link_home_that_was_begun_asks_for_no_override() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(5)
    lose_south(earth)
    earth.mirrors["south", "north"].state = ConnectorState.FAILED  # its source is dead
    assert fail_over(earth.new_process(), "south", "north", accepted=AcceptedLoss(unknown=True)).run.target == "north"


def lose_south(earth: FakeWorld) -> None:
    """South is gone, brokers and worker."""
    earth.south.down = True
    earth.workers["south"].worker_down = True
    earth.mirrors["north", "south"].worker_down = True
    earth.sightings.note_silence("south", earth.clock.now())
