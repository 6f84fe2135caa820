"""The doctor: what it finds in a world with faults, what it mends, and that it never takes anything away."""

import pytest

from drctl.cli.doctor import as_document
from drctl.decide.clients import left_behind
from drctl.decide.diagnosis import Diagnosis, Severity
from drctl.decide.rules import Rule
from drctl.errors import Locked, Refused, Superseded
from drctl.model.access import EVERYONE, AclRule
from drctl.model.fence import DenyRule, Scope
from drctl.model.fixes import AllowRight
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, RunState
from drctl.monitors.census import take_census
from drctl.plans.mending import mend
from tests.fakes import FakeWorld, Killed, fake_world
from tests.fakes.site import Log
from tests.spec.clinic import ORDERS, look, rules, well
from tests.spec.harness import killed_at, switch

WRITE = AclRule("User:bank", "*", "WRITE", "TOPIC", "shop.", "PREFIXED", allow=True)
READ = AclRule("User:shop", "*", "READ", "TOPIC", "shop.", "PREFIXED", allow=True)


def weaken(earth: FakeWorld) -> None:
    """Make the standby less than the source in every way that can be mended."""
    earth.north.topic_config["shop.orders"] = {"max.message.bytes": "2000000", "min.insync.replicas": "2"}
    earth.south.topic_config["shop.orders"] = {"max.message.bytes": "1000000", "min.insync.replicas": "1"}
    earth.north.logs[TopicPartition("turbines.readings", 2)] = Log()
    earth.north.rules.add(READ)
    earth.mirrors["north", "south"].config["consumer.poll.timeout.ms"] = "1000"


def mended(earth: FakeWorld, found: Diagnosis | None = None) -> list[str]:
    fixes = (found or look(earth)).fixes
    return mend(earth.ports(), "north", "south", fixes, lambda _: None)


def test_where_all_is_well_nothing_is_wrong_and_what_nobody_can_compare_is_said() -> None:
    found = look(well())
    assert [str(each.reason.detail) for each in found.findings] == []
    assert found.exit_code == 0
    unseen = {each.what for each in found.unseen}
    assert {"super users at south", "clocks of the brokers of south"} <= unseen
    assert not any("quotas" in each for each in unseen)


def test_copies_under_other_names_are_looked_at_under_these() -> None:
    earth = well(prefixed=True)
    assert [str(each.reason.detail) for each in look(earth).findings] == []
    copy = TopicPartition("north.shop.orders", 0)
    earth.south.group("dispatch").committed[copy] = Committed(len(earth.south.logs[copy].entries))
    earth.north.group("dispatch").committed[ORDERS] = Committed(1)
    earth.south.topic_config["north.shop.orders"] = {"unclean.leader.election.enable": "true"}
    found = look(earth)
    assert rules(found) == {Rule.TARGET_AHEAD, Rule.TARGET_WEAKER}
    assert mended(earth, found) == []
    assert earth.south.topic_config["north.shop.orders"] == {"unclean.leader.election.enable": "false"}


@pytest.mark.parametrize("killed", [False, True])
def test_a_right_to_write_that_a_fenced_standby_lacks_is_added_without_opening_it(killed: bool) -> None:
    earth = well()
    earth.south.denials = {DenyRule(name, scope) for name in earth.south.allowed - {"User:mm2"} for scope in Scope}
    earth.north.rules |= {WRITE, WRITE._replace(principal="User:mm2", name="more", pattern="LITERAL")}
    earth.north.allowed.add("User:bank")
    open_to: list[frozenset[DenyRule]] = []
    earth.effects.watchers.append(lambda _: open_to.append(writers_left(earth)))
    fixes = look(earth).fixes
    if killed:
        with killed_at(earth, f"allow at south: {WRITE}"):
            mended(earth)
        assert writers_left(earth) == frozenset()
    assert mend(earth.new_process() if killed else earth.ports(), "north", "south", fixes, lambda _: None) == []
    assert WRITE in earth.south.rules
    assert writers_left(earth) == frozenset()
    assert set(open_to) == {frozenset()}
    assert not any(denial.principal == "User:mm2" for denial in earth.south.denials)


def test_a_right_of_everybody_to_write_is_not_added_at_a_fenced_standby() -> None:
    earth = well()
    earth.south.denials = {DenyRule(name, scope) for name in earth.south.allowed - {"User:mm2"} for scope in Scope}
    everybody = WRITE._replace(principal=EVERYONE)
    failed = mend(earth.ports(), "north", "south", [AllowRight("south", everybody)], lambda _: None)
    assert "would open the standby to everybody" in failed[0]
    assert everybody not in earth.south.rules


def writers_left(earth: FakeWorld) -> frozenset[DenyRule]:
    south = earth.ports().sites["south"].fence
    return south.writers().undenied(south.standing(), {"User:mm2"})


def test_looking_changes_nothing_at_the_sites() -> None:
    earth = well()
    before = list(earth.effects.names)
    look(earth)
    assert earth.effects.names == before


def test_every_inequality_is_found_at_once_and_mended() -> None:
    earth = well()
    weaken(earth)
    found = look(earth)
    wanted = {Rule.RECORDS_REFUSED, Rule.TARGET_WEAKER, Rule.PARTITIONS_DIFFER, Rule.RIGHT_MISSING, Rule.LINK_SLOWER}
    assert rules(found) == wanted
    assert found.exit_code == 36
    assert len(found.fixes) == 5
    assert mended(earth, found) == []
    assert look(earth).exit_code == 0
    assert rules(look(earth)) == set()
    run, state = earth.journal.runs()[-1]
    assert (run.kind, state, run.epoch) == ("doctor", RunState.DONE, 0)
    told = [entry.event for entry in earth.journal.entries(run.id)]
    assert told == [Event.RUN_STARTED, *[Event.STEP_INTENDED, Event.STEP_OBSERVED] * 5, Event.RUN_ENDED]


def _effects_of_mending() -> range:
    earth = well()
    weaken(earth)
    before = len(earth.effects.names)
    mended(earth)
    return range(len(earth.effects.names) - before)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", _effects_of_mending())
def test_mending_cut_off_anywhere_and_begun_anew_ends_as_if_undisturbed(effect: int, before: bool) -> None:
    earth = well()
    weaken(earth)
    found = look(earth)
    earth.effects.cut_off(len(earth.effects.names) + effect, before=before)
    with pytest.raises(Killed):
        mended(earth, found)
    earth.new_process()
    assert mended(earth) == []
    assert rules(look(earth)) == set()
    assert all(state is not RunState.RUNNING for _, state in earth.journal.runs())


def test_a_mending_that_was_cut_off_stands_in_nobodys_way() -> None:
    earth = well()
    weaken(earth)
    found = look(earth)
    earth.effects.cut_off(len(earth.effects.names) + 4, before=False)
    with pytest.raises(Killed):
        mended(earth, found)
    earth.new_process()
    mended(earth)
    for producer in earth.producers:
        producer.running = True
    assert switch(earth.new_process()).state is RunState.DONE


def test_nothing_is_mended_while_a_run_is_unfinished_or_another_drctl_is_at_work() -> None:
    earth = well()
    weaken(earth)
    found = look(earth)
    other = earth.ports()
    other.lease.acquire("switchover by anna")
    with pytest.raises(Locked, match="anna"):
        mended(earth, found)
    other.lease.release()
    weakened = dict(earth.south.topic_config["shop.orders"])
    earth.south.topic_config["shop.orders"] = dict(earth.north.topic_config["shop.orders"])
    earth.north.rules.clear()
    earth.south.logs[TopicPartition("turbines.readings", 2)] = Log()
    earth.effects.cut_off(len(earth.effects.names) + 12, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    earth.south.topic_config["shop.orders"] = weakened
    earth.new_process()
    with pytest.raises(Refused, match="unfinished"):
        mended(earth, found)
    assert earth.south.topic_config["shop.orders"] == weakened


@pytest.mark.parametrize("routing", ["south", None])
def test_a_site_that_serves_is_never_mended(routing: str | None) -> None:
    earth = well()
    weaken(earth)
    found = look(earth)
    earth.routing.pointer = routing
    before = list(earth.effects.names)
    with pytest.raises(Refused, match="no standby"):
        mended(earth, found)
    assert earth.effects.names == before


def test_who_meets_a_higher_epoch_mends_nothing_more() -> None:
    earth = well()
    weaken(earth)
    found = look(earth)

    def raise_epoch(effect: str) -> None:
        if effect.startswith("settings"):
            earth.epochs.epoch = 9

    earth.effects.watchers.append(raise_epoch)
    with pytest.raises(Superseded):
        mended(earth, found)
    assert earth.south.topic_config["shop.orders"] != earth.north.topic_config["shop.orders"]


def test_what_was_set_otherwise_meanwhile_is_left_alone_and_the_rest_is_mended() -> None:
    earth = well()
    weaken(earth)
    found = look(earth)
    earth.south.topic_config["shop.orders"]["max.message.bytes"] = "3000000"
    (failed,) = mended(earth, found)
    assert "3000000 by now" in failed
    assert earth.south.topic_config["shop.orders"] == {"max.message.bytes": "3000000", "min.insync.replicas": "2"}
    assert READ in earth.south.rules
    assert earth.journal.runs()[-1][1] is RunState.STOPPED


def test_what_would_take_something_away_is_named_and_never_done() -> None:
    earth = well()
    earth.south.topic_config["shop.orders"] = {"cleanup.policy": "compact"}
    earth.south.logs[TopicPartition("turbines.readings", 2)] = Log()
    found = look(earth)
    assert rules(found) == {Rule.CLEANUP_DIFFERS, Rule.PARTITIONS_DIFFER}
    assert found.fixes == ()


def test_a_site_that_is_silent_is_named_and_nothing_about_it_is_taken_for_equal() -> None:
    earth = well()
    earth.south.down = True
    found = look(earth)
    assert found.findings[0].reason.rule is Rule.TARGET_SILENT
    assert found.exit_code == 30
    assert {"topics at south", "rules at south", "users at south"} <= {each.what for each in found.unseen}


def test_the_document_names_place_severity_rule_remedy_and_fix() -> None:
    earth = well()
    weaken(earth)
    told = as_document(look(earth), "north", "south")
    (finding,) = (each for each in told["findings"] if each["rule"] == "RIGHT_MISSING")
    assert (finding["severity"], finding["place"]) == ("blocks", "south")
    assert "READ" in finding["fix"]
    assert told["exitCode"] == 36
    assert {each["severity"] for each in told["findings"]} == {
        Severity.BLOCKS.name.lower(),
        Severity.ADVICE.name.lower(),
    }


def test_a_client_that_stays_at_the_old_site_keeps_the_move_from_being_complete() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(2)
    assert list(left_behind(take_census(earth.ports(), 5))) == []
    earth.north.group("dispatch").members = earth.south.group("dispatch").members
    (found,) = left_behind(take_census(earth.ports(), 5))
    assert found.detail.startswith("north: dispatch: 1 member: dispatch at")
    earth.north.group("dispatch").members = ()
    earth.north.group("dispatch").committed_at[ORDERS] = int(earth.clock.now().timestamp() * 1000)
    (found,) = left_behind(take_census(earth.ports(), 5))
    assert "after south was opened" in found.detail
