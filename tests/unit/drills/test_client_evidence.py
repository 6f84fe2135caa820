"""What clients must have seen, so that a clean history means something."""

from dataclasses import replace

import pytest

from drctl.drills.client_evidence import evidence, windows
from drctl.drills.outcome import Handover
from drctl.drills.timeline import Histories
from drctl.ledger.checker import check
from drctl.ledger.history import HistoryLine
from drctl.model.verdict import Verdict
from tests.unit.drills.example import CLIENTS, HOME, LENGTH, THERE, drill, events, handover, histories

HANDOVERS = (handover("north", "south", THERE, 1), handover("south", "north", HOME, 2))


def missing(seen: Histories, handovers: tuple[Handover, ...] = HANDOVERS, *, lost_at_standby: int = 0) -> list[str]:
    told = evidence(seen, handovers, check(events(lost=lost_at_standby)), CLIENTS)
    return [what for what, witnessed in told.items() if not witnessed]


def test_clients_that_saw_both_switchovers_leave_nothing_open() -> None:
    assert missing(histories()) == []


def test_clients_that_never_came_home_are_noticed_though_they_had_been_there_before() -> None:
    assert missing(histories(homecoming=False)) == ["every client worked at north afterwards"]


def test_one_client_that_stayed_away_is_enough() -> None:
    seen = histories()
    stayed = [line for line in seen.lines["consumer-dispatch"] if line.site == "north"]
    assert missing(Histories({**seen.lines, "consumer-dispatch": stayed})) == [
        "every client worked at south afterwards"
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_left_no_history_has_worked_nowhere(client: str) -> None:
    rest = {name: lines for name, lines in histories().lines.items() if name != client}
    assert {"every client worked at south afterwards", "every client worked at north afterwards"} <= set(
        missing(Histories(rest))
    )


def test_a_client_that_wrote_down_nothing_but_empty_lines_has_worked_nowhere() -> None:
    seen = histories()
    idle = [replace(line, records=[]) for line in seen.lines["consumer-dispatch"]]
    assert "every client worked at south afterwards" in missing(Histories({**seen.lines, "consumer-dispatch": idle}))


def test_a_denial_at_the_second_switchover_does_not_show_the_first_fence() -> None:
    seen = histories()
    late = HistoryLine("denied", HOME + 30, "north", [], {})
    lines = [line for line in seen.lines["producer-turbines"] if (line.kind, line.site) != ("denied", "north")]
    assert missing(Histories({**seen.lines, "producer-turbines": [*lines, late]})) == ["producers were denied at north"]


def test_producers_that_nobody_denied_do_not_show_a_fence() -> None:
    assert missing(histories(denied=False)) == ["producers were denied at north", "producers were denied at south"]


def test_a_record_acknowledged_behind_the_fence_is_noticed_by_its_producer() -> None:
    seen = histories()
    late = HistoryLine("acknowledged", THERE + LENGTH + 5, "north", [[1, "turbines.readings", 0, 9]], {})
    lines = {**seen.lines, "producer-turbines": [*seen.lines["producer-turbines"], late]}
    assert missing(Histories(lines)) == ["nothing was acknowledged at north once south was opened"]


def test_work_at_the_old_site_after_the_way_home_is_no_breach_of_the_first_fence() -> None:
    assert "nothing was acknowledged at north once south was opened" not in missing(histories())


def test_without_a_lag_a_handover_shows_nothing_about_positions_in_either_direction() -> None:
    level = (handover("north", "south", THERE, 1, lag=0), handover("south", "north", HOME, 2, lag=0))
    assert missing(histories(), level) == [
        "a group lagged when north handed over",
        "a group lagged when south handed over",
    ]


def test_a_standby_with_a_hole_is_noticed() -> None:
    assert missing(histories(), lost_at_standby=1) == ["the standby holds every record, too"]


def test_windows_count_what_was_acknowledged_before_during_between_and_after() -> None:
    counted = {name: traffic.acknowledged for name, traffic in windows(histories(), HANDOVERS).items()}
    assert counted == {
        "before the switchover": 2000,
        "during the switchover": 2200,
        "at south": 3100,
        "after the return": 4100,
    }


def test_an_empty_standby_does_not_hold_every_record() -> None:
    told = evidence(histories(), HANDOVERS, check([]), CLIENTS)
    assert not told["the standby holds every record, too"]


def test_a_group_that_stopped_makes_a_clean_drill_inconclusive_and_is_named() -> None:
    stopped = drill(groups=("dispatch",))
    assert stopped.verdict is Verdict.INCONCLUSIVE
    assert not stopped.weight.evidence["group reporting reached the acknowledged end of what it reads"]


def test_missing_evidence_makes_a_clean_drill_inconclusive() -> None:
    assert drill().verdict is Verdict.PROVED
    assert drill(seen=histories(homecoming=False)).verdict is Verdict.INCONCLUSIVE
