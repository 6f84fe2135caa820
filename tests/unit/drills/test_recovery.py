"""Recovery time and recovery point of an outage, from the clients' histories."""

from datetime import timedelta

from drctl.drills.recovery import Recovery, recovered
from drctl.drills.timeline import Histories
from drctl.ledger.events import Stranded, Stream
from drctl.ledger.history import HistoryLine
from drctl.model.guards import Objectives

STREAM = Stream(1, "turbines.readings", 0)
OBJECTIVES = Objectives(timedelta(seconds=30), timedelta(seconds=2))


def acknowledged(at: float, *sequences: int, site: str = "north") -> HistoryLine:
    return HistoryLine("acknowledged", at, site, [[*STREAM, sequence] for sequence in sequences], {})


def processed(at: float, site: str, *sequences: int) -> HistoryLine:
    return HistoryLine("processed", at, site, [[*STREAM, sequence] for sequence in sequences], {"group": "dispatch"})


def cost(*lines: HistoryLine, gone: tuple[int, ...] = (), objectives: Objectives = OBJECTIVES) -> Recovery:
    stranded = [Stranded(STREAM.topic, 0, n, STREAM, n) for n in gone]
    histories = Histories({"client": lines})
    return recovered(histories, stranded, objectives, lost_at=100, began=108, survivor="south")


def test_the_recovery_time_ends_with_the_first_record_at_the_survivor_and_holds_the_detection() -> None:
    found = cost(processed(101, "north", 1), processed(125, "south", 2), processed(130, "south", 3))
    assert (found.time, found.detection, found.own) == (25, 8, 17)
    assert found.in_time


def test_a_record_that_was_processed_at_the_survivor_before_the_loss_ends_nothing() -> None:
    found = cost(processed(90, "south", 1), processed(140, "south", 2))
    assert found.time == 40
    assert not found.in_time


def test_where_nobody_processed_anything_the_recovery_time_is_unknown_and_no_objective_is_met() -> None:
    found = cost(processed(101, "north", 1), processed(120, "south"))
    assert (found.time, found.own, found.in_time) == (None, None, False)


def test_the_recovery_point_is_the_age_of_the_oldest_acknowledged_record_that_is_stranded() -> None:
    found = cost(acknowledged(97, 1, 2), acknowledged(98.5, 3), acknowledged(99, 4), gone=(3, 4))
    assert (found.records, found.point) == (2, 1.5)
    assert found.at_point


def test_a_stranded_record_that_nobody_acknowledged_is_no_loss() -> None:
    doubtful = HistoryLine("doubtful", 99, "north", [[*STREAM, 5]], {})
    found = cost(acknowledged(90, 1), doubtful, gone=(5,))
    assert (found.records, found.point) == (0, 0)


def test_an_objective_of_no_loss_is_missed_by_one_record() -> None:
    nothing = Objectives(timedelta(seconds=30), timedelta(0))
    assert cost(acknowledged(99, 1), objectives=nothing).at_point
    assert not cost(acknowledged(99, 1), gone=(1,), objectives=nothing).at_point
