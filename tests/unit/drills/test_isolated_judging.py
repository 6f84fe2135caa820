"""An isolated drill is proved by what was seen alone: leave one thing out, and it is not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from drctl.drills.isolated.judging import judged
from drctl.drills.isolated.report import shown
from drctl.drills.isolated.trial import GROUP, WRITER, DrillHindrance, IsolatedTrial, Leg
from drctl.drills.timeline import Histories
from drctl.ledger.events import Seen, Stream
from drctl.ledger.history import HistoryLine
from drctl.model.verdict import Verdict

NAME = "drctl.drill.20261130T020000-a1b2c3"
PARTITIONS = range(2)
BATCH = 60
LINE = {"here": 36, "there": 38, "as": f"{NAME}-0", "proof": "counted", "compared": 36}


def written() -> list[HistoryLine]:
    """A batch before the group moves, one while it does, one after it."""
    return [
        HistoryLine("acknowledged", at, "north", records(batch * BATCH, (batch + 1) * BATCH), {})
        for batch, at in enumerate((10.0, 22.0, 30.0))
    ]


def processed() -> list[HistoryLine]:
    """A part at home, a part away, the rest at home."""
    spans = ((15.0, "north", 0, 36), (35.0, "south", 36, 108), (50.0, "north", 108, 180))
    return [HistoryLine("processed", at, site, records(*span), {"group": NAME}) for at, site, *span in spans]


def records(begin: int, end: int) -> list[list[object]]:
    return [[1, NAME, partition, number + 1] for partition in PARTITIONS for number in range(begin, end)]


def seen() -> tuple[Seen, ...]:
    return tuple(
        Seen(NAME, partition, number, Stream(1, NAME, partition), number + 1)
        for partition in PARTITIONS
        for number in range(3 * BATCH)
    )


def whole() -> IsolatedTrial:
    positions = {f"{NAME}-{partition}": LINE for partition in PARTITIONS}
    return IsolatedTrial(
        "20261130T020000-a1b2c3",
        str(UUID(int=7)),
        "north",
        "south",
        3,
        NAME,
        NAME,
        NAME,
        began=1.0,
        ended=60.0,
        legs=[Leg("north", "south", 20.0, 25.0, positions), Leg("south", "north", 40.0, 45.0, positions)],
        primary=seen(),
        standby=seen(),
        removed=(f"north: topic {NAME}",),
    )


def histories() -> Histories:
    return Histories({WRITER: written(), GROUP: processed()})


def test_all_of_it_seen_is_proved() -> None:
    found = judged(whole(), histories())
    assert found.verdict is Verdict.PROVED, found.reasons
    assert shown(found)["records"]["seenAtTarget"] == 360


def _without_home(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, legs=trial.legs[:1])


def _twice_there(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, legs=[trial.legs[0], trial.legs[0]])


def _one_partition(trial: IsolatedTrial) -> IsolatedTrial:
    first = trial.legs[0]
    return replace(trial, legs=[replace(first, positions={f"{NAME}-0": LINE}), trial.legs[1]])


def _hindered(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, hindrances=[DrillHindrance("the link stood still", "start it")])


def _something_stays(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, stays=(f"south: topic {NAME}: denied",))


def _nothing_removed(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, removed=())


def _nothing_copied(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, standby=())


def _moved_late(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, legs=[replace(trial.legs[0], ended=36.0), trial.legs[1]])


SPOILED = (
    _without_home,
    _twice_there,
    _one_partition,
    _hindered,
    _something_stays,
    _nothing_removed,
    _nothing_copied,
    _moved_late,
)


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda spoil: spoil.__name__.strip("_"))
def test_what_was_not_seen_is_inconclusive(spoil: Callable[[IsolatedTrial], IsolatedTrial]) -> None:
    found = judged(spoil(whole()), histories())
    assert found.verdict is Verdict.INCONCLUSIVE, found.reasons


def _lost(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, primary=trial.primary[:50] + trial.primary[51:])


def _lost_there(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, standby=trial.standby[:50] + trial.standby[51:])


def _copied_twice(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, standby=(*trial.standby, trial.standby[5]))


def _changed_there(trial: IsolatedTrial) -> IsolatedTrial:
    return replace(trial, standby=(*trial.standby[1:], replace(trial.standby[0], intact=False)))


FAULTY = (_lost, _lost_there, _copied_twice, _changed_there)


@pytest.mark.parametrize("spoil", FAULTY, ids=lambda spoil: spoil.__name__.strip("_"))
def test_a_fault_in_the_records_refutes(spoil: Callable[[IsolatedTrial], IsolatedTrial]) -> None:
    assert judged(spoil(whole()), histories()).verdict is Verdict.REFUTED


def test_a_fault_refutes_also_what_was_not_ended() -> None:
    found = judged(_hindered(_copied_twice(whole())), histories())
    assert found.verdict is Verdict.REFUTED
    assert "the link stood still" in found.reasons


def test_what_was_not_copied_in_time_is_missing_and_no_loss() -> None:
    assert judged(_hindered(_lost_there(whole())), histories()).verdict is Verdict.INCONCLUSIVE


def _read_by_the_group() -> Iterator[tuple[str, int, int, Verdict]]:
    yield "skipped", 37, 108, Verdict.REFUTED
    yield "repeated", 35, 108, Verdict.REFUTED
    yield "nothing there", 36, 36, Verdict.REFUTED


@pytest.mark.parametrize(
    ("begin", "end", "verdict"), [case[1:] for case in _read_by_the_group()], ids=[c[0] for c in _read_by_the_group()]
)
def test_a_group_that_reads_on_elsewhere_refutes(begin: int, end: int, verdict: Verdict) -> None:
    lines = processed()
    lines[1] = replace(lines[1], records=records(begin, end))
    assert judged(whole(), Histories({WRITER: written(), GROUP: lines})).verdict is verdict


def test_a_group_that_did_not_reach_the_end_is_inconclusive() -> None:
    lines = processed()
    lines[2] = replace(lines[2], records=records(108, 170))
    assert judged(whole(), Histories({WRITER: written(), GROUP: lines})).verdict is Verdict.INCONCLUSIVE


def test_a_group_that_read_it_all_at_home_has_put_no_position_to_a_test() -> None:
    lines = [replace(line, site="north") for line in processed()]
    found = judged(whole(), Histories({WRITER: written(), GROUP: lines}))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("read on at south" in reason for reason in found.reasons)


@pytest.mark.parametrize("gone", range(3), ids=["before", "while", "after"])
def test_without_traffic_in_each_window_it_proves_nothing(gone: int) -> None:
    lines = written()
    lines[gone] = replace(lines[gone], at=lines[gone - 1].at)
    assert judged(whole(), Histories({WRITER: lines, GROUP: processed()})).verdict is Verdict.VACUOUS


def test_nothing_at_all_is_inconclusive() -> None:
    empty = replace(whole(), legs=[], primary=(), standby=(), removed=())
    assert judged(empty, Histories({WRITER: [], GROUP: []})).verdict is Verdict.INCONCLUSIVE
