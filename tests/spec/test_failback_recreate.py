"""A failback that recreates topics at the returned site: no tail is left, all of it comes home, and no cut shows."""

import pytest

from drctl.errors import Blocked, RolledBack, StepFailed, Undecided
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import OffsetSync, TopicPartition
from drctl.model.run import RunState
from drctl.model.upkeep import DiskSpace
from drctl.monitors import observe
from drctl.plans import failback, runner
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.recopying import diverged, recopies
from drctl.plans.recreations import standing
from drctl.ports import World
from tests.fakes import Killed
from tests.spec.harness import RecordingObserver, go_on, require_served_by, switch, watch_for_two_open_sites
from tests.spec.returning import Aftermath, decide_all, go_home, returned, salve

TOPIC, OTHER = "turbines.readings", "shop.orders"
P = TopicPartition(TOPIC, 0)


def _ready(*, decided: bool = True) -> Aftermath:
    """Salvaged and decided. Both links left syncs of the old topic, of which some contradict no later one."""
    after = returned()
    for site in after.earth.sites.values():
        site.topic_config[TOPIC] = {"retention.ms": "3600000"}
    home = after.earth.mirrors["south", "north"]
    for p in after.frontier:
        home._note(p, OffsetSync(1, 0))
        home._unsynced[p] = 0  # the first true sync lies behind the false one, and does not contradict it
        home.stored[p] = 1
    salve(after.earth.ports())
    if decided:
        decide_all(after.earth)
    after.earth.settle(12)
    after.begun = {p: after.earth.north.logs[p].bounds.high for p in after.frontier}
    after.earth.effects.names.clear()
    return after


def _recreate(world: World, *topics: str, accepted: int = 0) -> RunState:
    wanted = topics or (TOPIC,)
    plan = failback.plan(world, "south", "north", observe=observe, recreate=wanted, accepted=AcceptedLoss(accepted))
    return runner.run(plan, world, RecordingObserver()).state


def _effects() -> tuple[str, ...]:
    after = _ready()
    _recreate(after.earth.ports())
    return tuple(f"{n} {name}" for n, name in enumerate(after.earth.effects.names))


EFFECTS = _effects()


def _require_equal_sites(after: Aftermath, *topics: str) -> None:
    """Home, with nothing lost but the tail; these topics are the same at both sites, and every group read each once."""
    earth = after.earth
    require_served_by(earth, "north")
    assert earth.north.topic_config[TOPIC] == {"retention.ms": "3600000"}
    earth.come_to_rest()
    for p, lost in after.lost.items():
        acknowledged = next(a for a in (w.acknowledged.get(p) for w in earth.producers) if a)
        kept = [payload for payload in acknowledged if payload not in set(lost)]
        assert earth.south.payloads(p) == kept
        if p.topic in topics:
            assert earth.north.payloads(p) == kept
        for group, consumer in earth.consumers.items():
            assert [each for each in consumer.processed[p] if each not in set(lost)] == kept, (group, p)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(EFFECTS) - 1), ids=EFFECTS[:-1])
def test_a_recreation_cut_off_anywhere_ends_as_if_never_interrupted(effect: int, before: bool) -> None:
    after = _ready()
    earth = after.earth
    both_open = watch_for_two_open_sites(earth)
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        _recreate(earth.ports())
    earth.settle(1)
    assert _recreate(earth.new_process()) is RunState.DONE
    assert both_open == []
    assert earth.north.made == {TOPIC: 1}
    earth.settle()
    _require_equal_sites(after, TOPIC)


def test_topics_that_were_not_chosen_keep_their_tail_and_their_id() -> None:
    after = _ready()
    _recreate(after.earth.ports())
    assert OTHER not in after.earth.north.made
    for p, lost in after.lost.items():
        assert set(lost) <= set(after.earth.north.payloads(p)) or p.topic == TOPIC, p


def test_all_that_diverged_can_be_made_anew_and_work_moves_on_both_ways() -> None:
    after = _ready()
    earth = after.earth
    world = earth.ports()
    wanted = diverged(world, aftermath(world), last_salvage(world, aftermath(world)))
    assert wanted == (OTHER, TOPIC)
    _recreate(world, *wanted)
    for source, target in (("north", "south"), ("south", "north")):
        earth.settle(8)
        assert switch(earth.ports(), source, target).state is RunState.DONE
    earth.settle()
    _require_equal_sites(after, TOPIC, OTHER)


def test_what_tells_of_the_old_topic_is_never_used_again() -> None:
    after = _ready()
    stale = {pair: set(mirror.syncs[P]) for pair, mirror in after.earth.mirrors.items()}
    assert all(stale.values())
    _recreate(after.earth.ports())
    world = after.earth.ports()
    after.earth.settle()
    for pair, ports in world.links.items():
        assert not stale[pair].intersection(ports.mappings.syncs([P]).get(P, ()))
        assert ports.mappings.syncs([TopicPartition(OTHER, 0)])
    assert world.memory.topic_ids("north")[TOPIC] == after.earth.north.topic_id(TOPIC)
    assert standing(world, "north") == {TOPIC}


def test_an_unfinished_recreation_goes_on_from_the_journal_alone() -> None:
    after = _ready()
    number = next(n for n, name in enumerate(EFFECTS) if name.endswith(f"delete {TOPIC} at north"))
    after.earth.effects.cut_off(number, before=False)
    with pytest.raises(Killed):
        _recreate(after.earth.ports())
    assert P not in after.earth.north.logs
    assert go_on(after.earth.new_process()).state is RunState.DONE
    after.earth.settle()
    _require_equal_sites(after, TOPIC)


def test_a_topic_that_cannot_be_created_again_is_owed_until_it_can() -> None:
    after = _ready()
    earth = after.earth

    def forbid(effect: str) -> None:
        if effect.startswith("delete"):
            earth.north.withheld.add("CREATE")

    earth.effects.watchers.append(forbid)
    with pytest.raises(StepFailed, match="CREATE"):
        _recreate(earth.ports())
    earth.effects.watchers.remove(forbid)
    earth.north.withheld.clear()
    with pytest.raises(RolledBack):
        _recreate(earth.new_process())
    assert P in earth.north.logs
    with pytest.raises(Blocked) as caught:
        go_home(earth.new_process())
    assert any("recreated at north and is empty" in reason for reason in caught.value.reasons)
    assert _recreate(earth.new_process()) is RunState.DONE
    earth.settle()
    _require_equal_sites(after, TOPIC)


def _refused(after: Aftermath, *topics: str) -> Blocked:
    before = [after.earth.north.topic_id(topic) for topic in (TOPIC, OTHER)]
    with pytest.raises(Blocked) as caught:
        _recreate(after.earth.ports(), *topics)
    assert [after.earth.north.topic_id(topic) for topic in (TOPIC, OTHER)] == before
    assert after.begun == {p: after.earth.north.logs[p].bounds.high for p in after.frontier}
    return caught.value


@pytest.mark.parametrize("operation", ["DELETE", "CREATE"])
def test_nothing_is_deleted_without_both_rights(operation: str) -> None:
    after = _ready()
    after.earth.north.withheld.add(operation)
    refused = _refused(after)
    assert refused.exit_code == 7
    assert f"drctl may not {operation} topic {TOPIC}" in refused.reasons[0]


def test_nothing_is_deleted_that_kafka_would_not_create_again() -> None:
    after = _ready()
    after.earth.log_dirs["north"].dirs = {2: DiskSpace(100, 50, cordoned=True)}
    refused = _refused(after)
    assert refused.exit_code == 30
    assert f"2 of 3 brokers take new partitions, and {TOPIC} has 3 replicas" in refused.reasons[0]


def test_nothing_is_made_anew_while_its_tail_is_undecided() -> None:
    after = _ready(decided=False)
    with pytest.raises(Undecided):
        _recreate(after.earth.ports())
    assert after.earth.north.made == {}


def test_a_topic_that_did_not_diverge_is_not_made_anew() -> None:
    after = returned()
    for p, frontier in after.frontier.items():
        if p.topic == OTHER:
            del after.earth.north.logs[p].entries[frontier:]
    salve(after.earth.ports())
    decide_all(after.earth)
    after.earth.settle(12)
    after.begun = {p: after.earth.north.logs[p].bounds.high for p in after.frontier}
    assert f"{OTHER} did not diverge" in _refused(after, OTHER).reasons[0]


def test_nothing_is_made_anew_while_the_link_home_runs() -> None:
    after = _ready()
    home = after.earth.mirrors["south", "north"]
    home.start()
    home.holds = True
    assert _refused(after).exit_code == 34


@pytest.mark.parametrize("policy", ["delete", "compact"])
def test_what_only_the_returned_site_still_has_must_be_given_up_by_number(policy: str) -> None:
    after = _ready()
    earth = after.earth
    earth.north.topic_config[TOPIC]["cleanup.policy"] = earth.south.topic_config[TOPIC]["cleanup.policy"] = policy
    if policy == "delete":
        earth.south.logs[P].start = [offset for offset, _ in earth.south.logs[P].data(0)][7]
    else:
        earth.south.topic_config[TOPIC]["min.compaction.lag.ms"] = "0"
        earth.south.compact(P, [offset for offset, _ in list(earth.south.logs[P].data(0))[:14:2]])
    (cost,) = recopies(earth.ports(), aftermath(earth.ports()), [TOPIC])
    assert cost.gone == 7
    refused = _refused(after)
    assert refused.exit_code == 17
    assert "accept them with --accept-loss 7" in refused.reasons[0]
    assert _recreate(earth.ports(), accepted=7) is RunState.DONE
    earth.come_to_rest()
    assert earth.north.payloads(P) == earth.south.payloads(P)


def test_a_site_that_kept_less_gives_up_nothing() -> None:
    after = _ready()
    after.earth.north.logs[P].start = [offset for offset, _ in after.earth.north.logs[P].data(0)][5]
    (cost,) = recopies(after.earth.ports(), aftermath(after.earth.ports()), [TOPIC])
    assert cost.gone == 0
    assert cost.records > 0
    assert cost.bytes > cost.records


def test_a_topic_without_a_tail_any_more_holds_nobody_up() -> None:
    """A group that has not read past the failover would read a tail; with the tail gone it reads on."""
    after = _ready()
    earth = after.earth
    for consumer in earth.consumers.values():
        consumer.running = False
    earth.settle(1)
    position = earth.south.group("billing").committed[P]
    earth.south.group("billing").committed[P] = position.__class__(0)
    assert _recreate(earth.ports(), TOPIC, OTHER) is RunState.DONE
    assert earth.north.group("billing").committed[P].offset == 0
