"""A lost site comes back with less than it had: it is refused by name, and goes on only as a full copy, on a word."""

from collections.abc import Callable

import pytest

from drctl.errors import Blocked, Refused
from drctl.model.fence import Attestation
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, RunResult, RunState
from drctl.model.salvage import Decision
from drctl.monitors import observe
from drctl.plans import evidence, failback, runner, salvage
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.unfinished import unfinished
from tests.fakes import FakeWorld
from tests.spec.harness import RecordingObserver, go_on, killed_at, require_served_by
from tests.spec.returning import FAILOVER_RUN, Aftermath, decide, decide_all, go_home, rescued, returned, salve

TOPIC = "turbines.readings"
P = TopicPartition(TOPIC, 0)
WORD = Attestation("Ada", "its disks were shredded")


def _came_back() -> Aftermath:
    """As it was left; the service had noted which topics these were."""
    after = returned()
    ids = {name: after.earth.north.topic_id(name) for name in after.earth.plan.topics}
    after.earth.memory.note_topic_ids("north", ids)
    return after


def _older_snapshot(earth: FakeWorld) -> None:
    """Its volume is the one of last night."""
    log = earth.north.logs[P]
    del log.entries[len(log.entries) // 4 :]


def _older_snapshot_and_clients(earth: FakeWorld) -> None:
    """The same, and clients that still found the site have written to it since, more than it had lost."""
    before = len(earth.north.logs[P].entries)
    _older_snapshot(earth)
    for number in range(before):
        earth.north.write(P, b"stray %d" % number, "User:turbines")


def _made_anew(earth: FakeWorld) -> None:
    """Somebody deleted the topic and created it again; clients filled it."""
    before = len(earth.north.logs[P].entries)
    partitions = sum(p.topic == TOPIC for p in earth.north.logs)
    earth.north.drop(TOPIC)
    earth.north.make(TOPIC, partitions, {})
    for number in range(before):
        earth.north.write(P, b"new %d" % number, "User:turbines")


def _empty_disk(earth: FakeWorld) -> None:
    """The topic is there, with nothing in it."""
    del earth.north.logs[P].entries[:]


def _deleted(earth: FakeWorld) -> None:
    earth.north.drop(TOPIC)


HARMS: dict[str, Callable[[FakeWorld], None]] = {
    "an older snapshot": _older_snapshot,
    "an older snapshot that clients wrote to": _older_snapshot_and_clients,
    "a topic recreated": _made_anew,
    "an empty disk": _empty_disk,
    "a topic deleted": _deleted,
}


def _accepting(earth: FakeWorld) -> RunResult:
    failover = aftermath(earth.ports())
    plan = salvage.ordered("north", "south", failover.run.id, WORD)
    return runner.run(plan, earth.ports(), RecordingObserver())


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_less_than_it_had_is_refused_by_name_and_the_site_stays_closed(harm: Callable[[FakeWorld], None]) -> None:
    earth = _came_back().earth
    harm(earth)
    with pytest.raises(Blocked, match="north came back with less than it had") as told:
        salve(earth.ports())
    assert told.value.exit_code == 17
    assert any(TOPIC in reason for reason in told.value.reasons)
    assert "--accept-less" in told.value.remedy
    assert earth.north.denials  # it was closed first
    assert not earth.ports().vault.runs()
    assert not unfinished(earth.ports())


def test_a_site_with_all_that_it_had_is_salvaged_without_a_word() -> None:
    after = _came_back()
    result = salve(after.earth.ports())
    assert result.evidence["compare-returned-site"] == {"less": {}, "tail cut": {}, "accepted": {}}
    assert rescued(after.earth) == after.lost


def test_what_a_link_had_copied_without_noting_it_is_no_other_record() -> None:
    after = returned(behind=2)
    salve(after.earth.ports())
    assert rescued(after.earth) == after.lost


def test_who_accepts_it_and_why_is_in_the_journal_and_in_the_manifest() -> None:
    earth = _came_back().earth
    _older_snapshot(earth)
    told = _accepting(earth).evidence["compare-returned-site"]
    assert told["accepted"] == {"by": "Ada", "why": "its disks were shredded"}
    assert list(told["less"]) == [TOPIC]
    run = last_salvage(earth.ports(), aftermath(earth.ports())).run.id
    manifest = b"\n".join(earth.ports().vault.lines(run, "manifest.json")).decode()
    assert "its disks were shredded" in manifest


def test_records_that_strayed_in_below_the_frontier_are_saved_too() -> None:
    earth = _came_back().earth
    _older_snapshot_and_clients(earth)
    strays = [payload for payload in earth.north.payloads(P) if payload.startswith(b"stray")]
    _accepting(earth)
    assert [each for each in rescued(earth)[P] if each.startswith(b"stray")] == strays


def test_a_topic_whose_copies_lie_among_what_was_saved_is_not_replayed() -> None:
    earth = _came_back().earth
    _older_snapshot(earth)
    _accepting(earth)
    with pytest.raises(Refused, match="came back with less than it had"):
        decide(earth.ports(), TOPIC, Decision.REPLAY)


@pytest.mark.parametrize("harm", [_older_snapshot, _older_snapshot_and_clients, _made_anew, _empty_disk])
def test_it_comes_home_as_a_full_copy_and_not_with_a_hole(harm: Callable[[FakeWorld], None]) -> None:
    after = _came_back()
    earth = after.earth
    harm(earth)
    _accepting(earth)
    decide_all(earth)
    earth.settle(12)
    with pytest.raises(Blocked, match=r"reasons? to wait") as told:
        go_home(earth.ports())
    assert any(f"--recreate {TOPIC}" in reason for reason in told.value.reasons)
    assert told.value.exit_code == 17
    plan = failback.plan(
        earth.ports(), "south", "north", observe=observe, recreate=(TOPIC,), accepted=AcceptedLoss(unknown=True)
    )
    assert runner.run(plan, earth.ports(), RecordingObserver()).state is RunState.DONE
    require_served_by(earth, "north")
    earth.come_to_rest()
    assert earth.north.payloads(P) == earth.south.payloads(P)


def test_a_second_salvage_sees_the_same() -> None:
    earth = _came_back().earth
    _older_snapshot_and_clients(earth)
    _accepting(earth)
    with pytest.raises(Blocked, match="less than it had"):
        salve(earth.ports())


def test_a_tail_that_was_cut_is_told_by_number_and_leaves_the_link_home_as_it_is() -> None:
    after = _came_back()
    earth = after.earth
    end = earth.north.logs[P].bounds.high
    seen = {str(p): log.bounds.stable for p, log in earth.north.logs.items() if p in after.frontier}
    body = {"frontier": evidence.to_json(after.frontier), "source ends": seen}
    earth.journal.append(FAILOVER_RUN, Event.STEP_OBSERVED, "measure-loss", body)
    del earth.north.logs[P].entries[end - 1 :]
    with pytest.raises(Blocked) as told:
        salve(earth.ports())
    assert told.value.reasons == (f"{P} ends at {end - 1}, and ended at {end} when it was last seen",)
    assert _accepting(earth).evidence["compare-returned-site"]["tail cut"] == {str(P): 1}
    decide_all(earth)
    earth.settle(12)
    assert go_home(earth.ports()).state is RunState.DONE


def test_a_salvage_cut_off_after_the_word_was_given_goes_on_with_it() -> None:
    earth = _came_back().earth
    _older_snapshot(earth)
    names = _effects_of_an_accepting_salvage()
    with killed_at(earth, names[-1]):
        _accepting(earth)
    assert go_on(earth.ports()).state is RunState.DONE
    assert last_salvage(earth.ports(), aftermath(earth.ports())).less.keys() == {TOPIC}


def _effects_of_an_accepting_salvage() -> list[str]:
    earth = _came_back().earth
    _older_snapshot(earth)
    _accepting(earth)
    return earth.effects.names
