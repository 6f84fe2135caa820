"""Losses that brokers really suffer, on brokers that only sleep: each is noted only if the records are gone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from drctl.errors import LabError
from drctl.lab import losses
from drctl.lab.injecting import FaultEvidence, evidence_of
from drctl.lab.losses import LOSING, TAIL, strengthen, weakened
from drctl.lab.replicated_log import LogTail, ReplicatedLog
from drctl.lab.wholeness import shortcomings
from drctl.model.offsets import TopicPartition
from tests.unit.lab.stand_ins import await_state, sleeping_lab, state
from tests.unit.lab.standing_log import CARELESS, StandingLog

TARGET = "turbines.readings-0 at north"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandingLog]:
    with sleeping_lab(tmp_path / "lab") as lab:
        made = StandingLog(lab)
        monkeypatch.setattr(lab, "start_brokers", made.start)
        monkeypatch.setattr(losses, "cut_log", made.cut)
        monkeypatch.setattr(losses, "ANSWERED", 0)
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "WITHIN", 1.0)


@pytest.fixture
def glancing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The observer alone has no time; what has to be waited for before has as much as ever."""

    def at_once(*arguments: Any, seconds: float, **more: Any) -> FaultEvidence:
        assert seconds
        return evidence_of(*arguments, **more, seconds=0.1)

    monkeypatch.setattr(losses, "evidence_of", at_once)


def as_real(log: StandingLog) -> ReplicatedLog:
    return cast("ReplicatedLog", log)


def unreplicated(log: StandingLog) -> FaultEvidence:
    return losses.lose_unreplicated(as_real(log), log.write)


def unsynced(log: StandingLog) -> FaultEvidence:
    return losses.lose_unsynced(as_real(log))


def unclean(log: StandingLog) -> FaultEvidence:
    return losses.elect_unclean(as_real(log))


def lost(log: StandingLog) -> list[int]:
    """Who has written what was acknowledged and is not in the log that is led."""
    there = set(log.logs[log.leader()])
    return [record.producer for record in log.acknowledged if record not in there]


def test_what_only_a_killed_leader_had_is_lost_and_told_by_others(log: StandingLog) -> None:
    told = unreplicated(log)
    assert (told.fault, told.target, told.observer) == (LOSING[0], TARGET, losses.PEERS)
    assert "40 of 40 records from 20 on are not in the log that 1 leads, and broker 2 led before" in told.observation
    assert lost(log) == [CARELESS] * TAIL
    assert [state(log.lab, log.process(each)) for each in (1, 2, 3)] == ["running", "gone", "running"]
    assert told.injected_at <= told.observed_at


def test_what_the_last_in_sync_had_not_synced_is_lost_though_it_leads_again(log: StandingLog) -> None:
    told = unsynced(log)
    assert (told.fault, told.target, told.observer) == (LOSING[1], TARGET, losses.READER)
    assert lost(log)
    assert log.leads == 2
    assert all(state(log.lab, log.process(each)) == "running" for each in (1, 2, 3))
    assert weakened(log.lab, "north").read_text().split() == [log.place.topic]


def test_what_the_last_in_sync_had_is_lost_once_another_may_lead(log: StandingLog) -> None:
    whole = len(log.logs[2])
    told = unclean(log)
    assert (told.fault, told.target, told.observer) == (LOSING[2], TARGET, losses.PEERS)
    assert lost(log)
    assert log.leads in (1, 3)
    assert len(log.logs[2]) > whole  # nothing but the election has taken it
    assert state(log.lab, log.process(2)) == "gone"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", [unsynced, unclean])
def test_what_is_not_acknowledged_by_one_alone_cannot_be_lost(
    log: StandingLog, act: Callable[[StandingLog], FaultEvidence]
) -> None:
    log.obeys = False
    with pytest.raises(LabError, match="timed out waiting until 40 records are acknowledged by broker 2 alone"):
        act(log)


@pytest.mark.usefixtures("impatient")
def test_what_others_have_after_all_is_not_noted_as_lost(log: StandingLog) -> None:
    log.leaks = True
    with pytest.raises(LabError, match=r"lose-unreplicated of .* was not seen"):
        unreplicated(log)
    assert lost(log) == []


@pytest.mark.usefixtures("glancing")
def test_a_tail_that_was_not_cut_is_not_noted_as_lost(log: StandingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "cut_log", lambda *_: 0)
    with pytest.raises(LabError, match=r"lose-unsynced of .* was not seen by a reader of the log"):
        unsynced(log)


def test_followers_go_on_whatever_becomes_of_what_is_written(log: StandingLog) -> None:
    def fails(count: int) -> LogTail:
        if count == TAIL:
            raise LabError("not written")
        return log.write(count)

    with pytest.raises(LabError, match="not written"):
        losses.lose_unreplicated(as_real(log), fails)
    assert [state(log.lab, log.process(each)) for each in (1, 2, 3)] == ["running"] * 3


def test_records_deleted_are_told_by_where_the_log_begins(log: StandingLog) -> None:
    log.write(TAIL)
    told = losses.delete_records(as_real(log))
    assert (told.fault, told.observer) == (LOSING[3], "the brokers")
    assert told.observation == f"the log of {log.place} begins at {TAIL}, and began at 0"


@pytest.mark.usefixtures("impatient")
def test_records_that_were_not_deleted_are_not_noted(log: StandingLog) -> None:
    log.obeys = False
    log.write(TAIL)
    with pytest.raises(LabError, match=r"delete-records of .* was not seen"):
        losses.delete_records(as_real(log))


def test_a_log_with_nearly_nothing_in_it_is_not_emptied(log: StandingLog) -> None:
    log.write(TAIL - 1)
    with pytest.raises(LabError, match="39 offsets, at least 40 are needed"):
        losses.delete_records(as_real(log))
    assert log.begins == 0


def test_settings_that_let_records_be_lost_are_taken_back_once(
    log: StandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "ReplicatedLog", lambda *_: log)
    assert strengthen(log.lab, "north") == []
    assert not log.settings
    unclean(log)
    assert log.settings == {"min.insync.replicas": "1", "unclean.leader.election.enable": "true"}
    assert strengthen(log.lab, "south") == []
    assert strengthen(log.lab, "north") == [log.place.topic]
    assert log.settings == {"min.insync.replicas": None, "unclean.leader.election.enable": None}
    assert strengthen(log.lab, "north") == []


def test_each_topic_that_was_weakened_is_taken_back_and_until_then_the_lab_is_not_whole(
    log: StandingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[tuple[str, object]] = []
    monkeypatch.setattr(ReplicatedLog, "change", lambda each, told: changed.append((each.place.topic, told)))
    monkeypatch.setattr(losses, "_alone", _fails)
    for topic in (log.place.topic, "shop.orders", log.place.topic):
        with pytest.raises(LabError, match="nobody is alone"):
            losses.lose_unsynced(ReplicatedLog(log.lab, "north", TopicPartition(topic, 0)))
    assert shortcomings(log.lab) == ["topics of north have settings that let them lose records"]
    changed.clear()
    assert strengthen(log.lab, "north") == [log.place.topic, "shop.orders"]
    assert changed == [(topic, dict.fromkeys(losses.UNCLEAN)) for topic in (log.place.topic, "shop.orders")]
    assert not weakened(log.lab, "north").exists()


def _fails(_: object) -> None:
    raise LabError("nobody is alone")


def test_a_follower_goes_on_though_another_one_cannot(log: StandingLog) -> None:
    def ends_one(count: int) -> LogTail:
        if count == TAIL:
            log.lab.processes.signal(log.process(1), "SIGKILL")
            log.lab.processes.wait_gone(log.process(1))
        return log.write(count)

    with pytest.raises(LabError, match="is gone already"):
        losses.lose_unreplicated(as_real(log), ends_one)
    await_state(log.lab, "running", log.process(3))
