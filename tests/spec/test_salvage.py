"""A lost site comes back: it is closed, keeps everything, what only it has is saved, wherever that is cut off."""

from dataclasses import replace

import pytest

from drctl.errors import Blocked, Conflict, NotFound, NotProven, Refused, StepFailed, Undecided, Unreachable
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, RunState
from drctl.model.salvage import Decision, Fate
from drctl.plans import retention, runner, salvage
from drctl.plans.aftermath import aftermath, last_salvage, undecided
from drctl.plans.unfinished import unfinished
from tests.fakes import FakeWorld, Killed, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.harness import RecordingObserver, go_on
from tests.spec.returning import FAILOVER_RUN, Aftermath, decide, decide_all, go_home, rescued, returned, salve

TOPIC = "turbines.readings"


def _effects_of_a_salvage() -> tuple[str, ...]:
    after = returned()
    salve(after.earth.ports())
    return tuple(f"{n} {name}" for n, name in enumerate(after.earth.effects.names))


def _effects_of_a_replay() -> tuple[str, ...]:
    after = _salvaged()
    decide(after.earth.ports(), TOPIC, Decision.REPLAY)
    return tuple(f"{n} {name}" for n, name in enumerate(after.earth.effects.names))


def _salvaged() -> Aftermath:
    after = returned()
    salve(after.earth.ports())
    after.earth.effects.names.clear()
    return after


SALVAGE = _effects_of_a_salvage()
REPLAY = _effects_of_a_replay()


def test_what_is_saved_is_exactly_what_was_acknowledged_and_never_arrived() -> None:
    after = returned()
    result = salve(after.earth.ports())
    assert result.state is RunState.DONE
    assert rescued(after.earth) == after.lost
    assert all(after.lost.values())
    told = result.evidence["export-tail"]["topics"]
    assert sum(t["committed"] for t in told.values()) == sum(map(len, after.lost.values()))


def test_records_of_transactions_that_did_not_end_well_are_saved_and_say_so() -> None:
    after = returned()
    salve(after.earth.ports())
    aborted = rescued(after.earth, Fate.ABORTED)
    assert b"aborted" in aborted[TopicPartition("shop.orders", 0)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(SALVAGE) - 1), ids=SALVAGE[:-1])
def test_a_salvage_cut_off_anywhere_ends_with_the_same_files(effect: int, before: bool) -> None:
    undisturbed, after = _salvaged(), returned()
    earth = after.earth
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        salve(earth.ports())
    assert salve(earth.new_process()).state is RunState.DONE
    assert _content(earth) == _content(undisturbed.earth)
    assert rescued(earth) == after.lost
    assert retention.is_frozen(earth.ports().sites["north"], earth.plan.topics)
    assert earth.writable() == {"south"}
    salvages = [state for run, state in earth.journal.runs() if run.kind == "salvage"]
    assert salvages == [RunState.DONE]


def _content(earth: FakeWorld) -> dict[str, list[bytes]]:
    return {n: lines for (_, n), lines in earth.vault.files.items() if n.endswith(".gz") or n == "groups.json"}


def test_a_site_whose_fence_was_pending_is_closed_before_anything_else_is_done_to_it() -> None:
    after = returned(fence="pending")
    assert after.earth.writable() == {"north", "south"}
    salve(after.earth.ports())
    touched = [e for e in after.earth.effects.names if "north" in e or e.startswith("vault")]
    assert touched[0] == "deny at north"


def test_records_that_clients_wrote_to_the_returned_site_are_counted_and_saved() -> None:
    after = returned()
    earth, p = after.earth, TopicPartition(TOPIC, 0)
    straggling = earth.north.write(p, b"written by a straggler", APPLICATIONS[0])
    result = salve(earth.ports())
    assert rescued(earth)[p] == [*after.lost[p], b"written by a straggler"]
    told = result.evidence["export-tail"]["partitions"][str(p)]
    assert told["later"] == 1
    assert result.evidence["see-returned-site"]["ends"][str(p)] == straggling + 1


def test_a_record_that_appears_between_the_look_and_the_fence_is_told_apart() -> None:
    after = returned()
    earth, p = after.earth, TopicPartition(TOPIC, 0)

    def straggle(effect: str) -> None:
        if effect == "raise epoch to 2" and b"late" not in earth.north.payloads(p):
            earth.north.write(p, b"late", APPLICATIONS[0])

    earth.effects.watchers.append(straggle)
    result = salve(earth.ports())
    assert result.evidence["export-tail"]["partitions"][str(p)]["opened"] == 1


def test_what_a_link_had_copied_without_noting_it_is_left_out_and_listed() -> None:
    after = returned(behind=3)
    salve(after.earth.ports())
    assert rescued(after.earth) == after.lost
    listed = [name for _, name in after.earth.vault.files if name.endswith("overlap.json")]
    assert len(listed) == len(after.lost)


def test_groups_that_had_read_into_the_tail_are_named() -> None:
    after = returned()
    told = salve(after.earth.ports()).evidence["export-tail"]["groups"]
    assert "dispatch" in told
    assert "billing" not in told


def test_what_retention_took_before_drctl_got_there_is_told() -> None:
    after = returned()
    p = TopicPartition(TOPIC, 0)
    after.earth.north.logs[p].start = after.frontier[p] + 2
    told = salve(after.earth.ports()).evidence["export-tail"]["tails"][str(p)]
    assert told["gone"] == 2
    assert rescued(after.earth)[p] == after.lost[p][2:]


def test_nothing_is_salvaged_while_a_link_runs() -> None:
    after = returned()
    after.earth.mirrors["north", "south"].start()
    after.earth.mirrors["north", "south"].holds = True
    with pytest.raises(Blocked, match="while records are copied"):
        salve(after.earth.ports())
    assert not any("north" in effect for effect in after.earth.effects.names)


def test_without_a_failover_there_is_nothing_to_salvage() -> None:
    with pytest.raises(NotFound, match="no failover stands"):
        salve(fake_world().ports())


def test_under_the_default_replication_policy_nothing_is_stranded() -> None:
    after = returned()
    links = tuple(replace(link, prefix=f"{link.source}.") for link in after.earth.plan.links)
    after.earth.plan = replace(after.earth.plan, links=links)
    with pytest.raises(Refused, match="nothing is stranded"):
        salve(after.earth.ports())


def test_a_full_disk_stops_the_salvage_and_leaves_nothing_half() -> None:
    after = returned()
    after.earth.vault.full = True
    with pytest.raises(StepFailed, match="no space"):
        salve(after.earth.ports())
    assert after.earth.vault.files == {}
    after.earth.vault.full = False
    salve(after.earth.new_process())
    assert rescued(after.earth) == after.lost


def test_a_second_salvage_after_the_first_remembers_what_retention_was_before() -> None:
    after = returned()
    after.earth.north.topic_config[TOPIC] = {"retention.ms": "3600000"}
    for _ in range(2):
        salve(after.earth.new_process())
    assert retention.before(after.earth.ports(), "north")[TOPIC]["retention.ms"] == "3600000"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(REPLAY) - 1), ids=REPLAY[:-1])
def test_a_replay_cut_off_anywhere_writes_every_stranded_record_once_and_in_order(effect: int, before: bool) -> None:
    after = _salvaged()
    after.earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        decide(after.earth.ports(), TOPIC, Decision.REPLAY)
    after.earth.settle(1)
    assert decide(after.earth.new_process(), TOPIC, Decision.REPLAY).state is RunState.DONE
    _require_replayed_once(after)


def _require_replayed_once(after: Aftermath) -> None:
    for p, lost in after.lost.items():
        marked = [e for e in after.earth.south.logs[p].entries if e.is_data and e.headers]
        assert [e.payload for e in marked] == (lost if p.topic == TOPIC else [])
        assert all(dict(e.headers)["drctl.salvaged"] == FAILOVER_RUN.encode() for e in marked)


def test_a_topic_that_was_replayed_is_not_replayed_again_by_another_salvage() -> None:
    after = _salvaged()
    decide(after.earth.ports(), TOPIC, Decision.REPLAY)
    salve(after.earth.new_process())
    decide(after.earth.new_process(), TOPIC, Decision.REPLAY)
    _require_replayed_once(after)


def test_a_predecessor_that_is_still_alive_can_write_no_more() -> None:
    after = _salvaged()
    contents, p = after.earth.ports().sites["south"].contents, TopicPartition(TOPIC, 0)
    with contents.replay("x", p) as old, contents.replay("x", p) as new:
        new.write([], 5)
        with pytest.raises(Conflict):
            old.write([], 3)
        assert new.reached() == 5


def test_a_discard_must_name_the_number_of_records() -> None:
    after = _salvaged()
    count = sum(len(lost) for p, lost in after.lost.items() if p.topic == TOPIC)
    with pytest.raises(Refused, match=f"{count} records would be given up"):
        decide(after.earth.ports(), TOPIC, Decision.DISCARD)
    with pytest.raises(Refused, match=f"holds {count} records"):
        decide(after.earth.ports(), TOPIC, Decision.DISCARD, count - 1)
    decide(after.earth.ports(), TOPIC, Decision.DISCARD, count)
    world = after.earth.ports()
    failover = aftermath(world)
    assert undecided(world, failover, last_salvage(world, failover)) == ("shop.orders",)


def test_nothing_is_decided_about_files_that_were_altered() -> None:
    after = _salvaged()
    key = next(key for key in after.earth.vault.files if key[1].endswith(".gz"))
    after.earth.vault.files[key].pop()
    with pytest.raises(NotProven, match="altered"):
        decide(after.earth.ports(), TOPIC, Decision.REPLAY)


def test_records_that_their_topic_would_delete_at_once_are_not_replayed() -> None:
    after = _salvaged()
    after.earth.south.topic_config[TOPIC] = {"retention.ms": "1000"}
    with pytest.raises(Refused, match="would be deleted at once"):
        decide(after.earth.ports(), TOPIC, Decision.REPLAY)
    after.earth.south.topic_config[TOPIC] = {"retention.ms": "1000", "cleanup.policy": "compact"}
    decide(after.earth.ports(), TOPIC, Decision.REPLAY)


def test_a_replayed_topic_stays_replayed() -> None:
    after = _salvaged()
    decide(after.earth.ports(), TOPIC, Decision.REPLAY)
    with pytest.raises(Refused, match="cannot be taken back"):
        decide(after.earth.ports(), TOPIC, Decision.HAND_OVER)


def test_the_way_home_is_closed_until_every_topic_is_decided() -> None:
    after = returned()
    earth = after.earth
    with pytest.raises(Undecided, match="not salvaged"):
        go_home(earth.ports())
    salve(earth.ports())
    decide(earth.ports(), TOPIC, Decision.HAND_OVER)
    with pytest.raises(Undecided, match=r"shop\.orders"):
        go_home(earth.ports())
    assert earth.mirrors["south", "north"].stored == {}
    decide_all(earth)


def test_a_site_that_is_not_back_is_said_to_be_silent_and_nothing_is_changed() -> None:
    after = returned()
    after.earth.north.down = True
    with pytest.raises(Unreachable, match="no broker answers"):
        salve(after.earth.ports())
    assert after.earth.journal.runs()[-1][1] is RunState.STOPPED


def test_a_fence_that_does_not_hold_stops_the_salvage() -> None:
    after = returned()
    after.earth.north.super_users.add("User:canary")
    with pytest.raises(StepFailed, match="canary was not refused"):
        salve(after.earth.ports())


def test_a_salvage_that_was_killed_as_soon_as_it_was_begun_is_continued() -> None:
    earth = returned().earth
    failed_over = aftermath(earth.ports()).run
    earth.effects.cut_off(1, before=True)
    with pytest.raises(Killed):
        runner.run(salvage.ordered("north", "south", failed_over.id), earth.ports(), RecordingObserver())
    world = earth.new_process()
    (left,) = unfinished(world)
    assert left.kind == "salvage"
    (first,) = earth.journal.entries(left.id)
    assert (first.event, first.body["failover"]) == (Event.RUN_STARTED, failed_over.id)
    assert go_on(world).state is RunState.DONE
