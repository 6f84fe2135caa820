"""Several checkers over shared logs: whoever is killed, all of them together find what one finds."""

import random
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from drctl.drills.checking import sharing
from drctl.drills.checking.judging import CheckVerdict, judged
from drctl.drills.checking.sharing import CheckTerms, SharedCheck
from drctl.errors import Conflict, Unreachable
from drctl.ledger.history import HistoryWriter
from drctl.ledger.record import Number, encode
from drctl.model.checking import CheckedPartition
from drctl.model.offsets import TopicPartition
from drctl.model.verdict import Verdict
from tests.fakes import FakeBrokers, FakeCheckerStates, FakeClock, FakeRecords, FakeSharedLogs, FakeSite
from tests.fakes.checking import FakeSharedReader

RUN, OTHER = UUID(int=9), UUID(int=8)
TOPIC, PARTITIONS, RECORDS = "readings", 4, 60
PLACES = tuple(TopicPartition(TOPIC, number) for number in range(PARTITIONS))
TERMS = CheckTerms(RUN, "north", frozenset(PLACES))
READS = {"billing": (TOPIC,)}


class Rig:
    """A site with numbered records, the group that reads them, and where its checkers keep states."""

    def __init__(self, *, gone: Mapping[int, int] | None = None) -> None:
        self.clock = FakeClock()
        self.site = FakeSite("north", {TOPIC: PARTITIONS}, self.clock)
        self.site.allowed.add("User:app")
        self.states, self.logs = FakeCheckerStates(), FakeSharedLogs(self.site, (TOPIC,))
        for sequence in range(1, RECORDS + 1):
            for place in PLACES:
                if (gone or {}).get(place.partition) != sequence:
                    self.write(place, sequence)

    def write(self, place: TopicPartition, sequence: int) -> None:
        number = Number(RUN, 1, place.partition, sequence)
        self.site.write(place, encode(number, None, b"v") + b"v")

    def checker(self, terms: CheckTerms = TERMS) -> SharedCheck:
        return SharedCheck(
            self.logs, FakeRecords(self.site), self.states, self.clock, terms, settings=FakeBrokers(self.site)
        )


def histories(folder: Path, *, skipped: int = 0, until: int = RECORDS) -> Path:
    """What a producer and a group wrote down; the group has passed over one record, or ended before the last."""
    producer, group = HistoryWriter(folder / "producer.jsonl"), HistoryWriter(folder / "consumer.jsonl")
    for sequence in range(1, RECORDS + 1):
        places = [[1, TOPIC, place.partition, sequence] for place in PLACES]
        producer.write("acknowledged", sequence, "north", places)
        if sequence <= until:
            done = places[1:] if sequence == skipped else places
            group.write("processed", sequence + 1, "north", done, group="billing")
    producer.close()
    group.close()
    return folder


def verdict(rig: Rig, folder: Path) -> CheckVerdict:
    return judged(rig.states.everything(), folder, groups=READS)


def finish(*checkers: SharedCheck) -> None:
    """Turn by turn until each says that all is complete."""
    left = list(checkers)
    for _ in range(500):
        left = [each for each in left if not each.turn()]
        if not left:
            return
    raise AssertionError("not every partition was checked")


def test_what_is_there_once_and_was_read_by_its_group_is_proved(tmp_path: Path) -> None:
    rig = Rig()
    assert rig.checker().run()
    found = verdict(rig, histories(tmp_path))
    assert found.verdict is Verdict.PROVED, found.reasons
    assert found.findings.records.acknowledged == PARTITIONS * RECORDS


@pytest.mark.parametrize(
    ("settings", "verdict_told", "reason"),
    [
        ({"retention.ms": "604800000"}, Verdict.REFUTED, "5 deleted"),
        ({"retention.ms": "1000"}, Verdict.INCONCLUSIVE, "5 expired"),
        ({}, Verdict.INCONCLUSIVE, "readings-1 at north: its retention is not known"),
    ],
    ids=["far too young for retention", "old enough", "not told"],
)
def test_what_is_gone_from_a_logs_beginning_is_held_against_the_topics_retention(
    settings: dict[str, str], verdict_told: Verdict, reason: str, tmp_path: Path
) -> None:
    rig = Rig()
    now = rig.clock.now().timestamp()
    history = HistoryWriter(tmp_path / "client.jsonl")
    for sequence in range(1, RECORDS + 1):
        places, offsets = [[1, TOPIC, n, sequence] for n in range(PARTITIONS)], [sequence - 1] * PARTITIONS
        history.write("acknowledged", now + sequence, "north", places, offsets=offsets)
        history.write("processed", now + sequence, "north", places, group="billing", offsets=offsets)
    history.close()
    rig.clock.sleep(3600)
    rig.site.topic_config[TOPIC] = {"cleanup.policy": "delete", "retention.bytes": "-1", **settings}
    rig.site.log(PLACES[1]).start = 5
    assert rig.checker().run()
    found = verdict(rig, tmp_path)
    assert found.verdict is verdict_told, found.reasons
    assert any(reason in each for each in found.reasons), found.reasons


def test_one_that_is_lost_is_named_and_so_is_one_that_was_skipped(tmp_path: Path) -> None:
    rig = Rig(gone={2: 17})
    assert rig.checker().run()
    found = verdict(rig, histories(tmp_path, skipped=30))
    assert found.verdict is Verdict.REFUTED
    assert found.findings.records.lost.examples == ("readings-2 producer 1 sequence 17",)
    assert found.findings.groups[0].skipped.examples[0] == "readings-0 producer 1 sequence 30"


@pytest.mark.parametrize("seed", range(12))
def test_checkers_of_which_some_are_killed_find_what_one_finds(seed: int, tmp_path: Path) -> None:
    chance, rig, alone = random.Random(seed), Rig(gone={1: 40, 3: 9}), Rig(gone={1: 40, 3: 9})
    rig.logs.most = chance.randint(3, 11)
    checkers = [rig.checker() for _ in range(chance.randint(2, 5))]
    for _ in range(chance.randint(1, 6)):
        for each in checkers:
            each.turn()
        rig.clock.sleep(chance.choice([0, sharing.SAVE + 1]))
    killed = checkers.pop(chance.randrange(len(checkers)))
    assert killed.reader is not None
    rig.logs.kill(killed.reader)
    left = checkers.pop(0)
    left.close()
    checkers.append(rig.checker())
    finish(*checkers)
    assert alone.checker().run()
    folder = histories(tmp_path)
    assert verdict(rig, folder) == verdict(alone, folder)
    assert verdict(rig, folder).findings.records.lost.count == 2


def test_a_state_and_its_position_are_written_as_one_and_what_was_taken_since_is_done_again() -> None:
    rig = Rig()
    first = rig.checker()
    first.turn()
    rig.clock.sleep(sharing.SAVE + 1)
    first.turn()
    kept = rig.states.everything()
    first.turn()
    assert first.reader is not None
    rig.logs.kill(first.reader)
    second = rig.checker()
    assert second.run()
    positions = {place: checked.position for place, checked in kept.items()}
    assert set(positions.values()) == {20}
    assert second.taken == PARTITIONS * (RECORDS - 20)


def test_one_that_was_taken_for_dead_writes_nothing_over_what_another_has_come_further_with() -> None:
    rig = Rig()
    frozen = rig.checker()
    frozen.turn()
    rig.logs.members.clear()
    assert rig.checker().run()
    complete = rig.states.everything()
    frozen.close()
    assert rig.states.everything() == complete


def test_a_state_that_was_overwritten_by_an_older_one_is_written_again() -> None:
    rig = Rig()
    checker = rig.checker()
    while not (rig.states.kept and all(checked.complete for checked in rig.states.kept.values())):
        checker.turn()
    whole = rig.states.everything()
    older = CheckedPartition(str(RUN), "north", 1, RECORDS, complete=False, state=whole[PLACES[0]].state)
    rig.states.kept[PLACES[0]] = older
    finish(checker)
    assert rig.states.everything() == whole


def test_what_is_written_after_the_check_began_is_not_checked(tmp_path: Path) -> None:
    rig = Rig()
    rig.logs.most = 7  # so that the batch in which the end lies goes beyond it
    checker = rig.checker()
    checker.turn()
    rig.write(PLACES[0], RECORDS + 1)
    finish(checker)
    assert checker.taken == PARTITIONS * RECORDS
    assert verdict(rig, histories(tmp_path)).verdict is Verdict.PROVED


def test_a_partition_that_is_not_checked_to_its_end_proves_nothing_and_has_lost_nothing(tmp_path: Path) -> None:
    rig = Rig()
    checker = rig.checker()
    for _ in range(2):
        checker.turn()
    checker.close()
    found = verdict(rig, histories(tmp_path))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert not found.findings.records.lost
    assert f"not witnessed: {PLACES[0]} was checked to its end" in found.reasons


def test_where_nobody_checked_anything_nothing_is_proved(tmp_path: Path) -> None:
    assert verdict(Rig(), histories(tmp_path)).verdict is Verdict.INCONCLUSIVE


def test_without_histories_nothing_is_proved(tmp_path: Path) -> None:
    rig = Rig()
    assert rig.checker().run()
    assert verdict(rig, tmp_path).verdict is Verdict.REFUTED  # phantoms: nobody says that they were sent


def test_a_group_that_stopped_short_proves_nothing(tmp_path: Path) -> None:
    rig = Rig()
    assert rig.checker().run()
    assert verdict(rig, histories(tmp_path, until=RECORDS - 1)).verdict is Verdict.INCONCLUSIVE


def test_records_of_another_run_are_foreign(tmp_path: Path) -> None:
    rig = Rig()
    rig.site.write(PLACES[0], encode(Number(OTHER, 1, 0, 1), None, b"v") + b"v")
    assert rig.checker().run()
    found = verdict(rig, histories(tmp_path))
    assert (found.verdict, found.findings.records.phantom.count) == (Verdict.REFUTED, 1)


def test_states_of_another_run_are_not_gone_on_from() -> None:
    rig = Rig()
    assert rig.checker().run()
    with pytest.raises(Conflict, match="of run"):
        rig.checker(CheckTerms(OTHER, "north", frozenset(PLACES))).run()


def test_states_of_two_runs_are_not_judged_together(tmp_path: Path) -> None:
    rig = Rig()
    assert rig.checker().run()
    kept = rig.states.everything()
    strange = CheckedPartition(str(OTHER), "north", 0, 0, complete=True, state=kept[PLACES[0]].state)
    with pytest.raises(Conflict, match="of several checks"):
        judged({**kept, PLACES[0]: strange}, tmp_path, groups=READS)


def test_a_checker_that_is_given_nothing_and_sees_nobody_get_on_says_so() -> None:
    rig = Rig()
    checker = rig.checker()
    checker.turn()
    assert isinstance(checker.reader, FakeSharedReader)
    checker.reader.positions.clear()
    with pytest.raises(Unreachable, match=r"readings-0.* are not checked to their ends"):
        checker.run()


def test_one_that_is_told_to_end_keeps_what_it_has() -> None:
    rig = Rig()
    turns = iter([False, False, True])
    checker = rig.checker()
    assert not checker.run(lambda: next(turns))
    assert {checked.position for checked in rig.states.everything().values()} == {20}
