"""Pauses, rates and lags from histories."""

from typing import Any

from drctl.drills.timeline import ClientPause, Histories, StepSpan
from drctl.ledger.history import HistoryLine

SPANS = [
    StepSpan("north to south", "fence-writes", 10.0, 11.0),
    StepSpan("north to south", "route-clients-to-target", 11.0, 15.0),
]


def line(kind: str, at: float, site: str, records: int = 1, **more: Any) -> HistoryLine:
    return HistoryLine(kind, at, site, [[1, "orders", 0, n] for n in range(records)], more)


def test_a_pause_is_from_the_last_work_here_to_the_first_there() -> None:
    lines = [line("acknowledged", t, "north") for t in (8.0, 10.5)] + [line("acknowledged", 16.0, "south")]
    histories = Histories({"producer": lines})
    assert histories.pauses(SPANS, "north", "south") == (ClientPause("producer", 5.5),)


def test_a_client_that_never_came_has_no_pause_and_not_a_short_one() -> None:
    histories = Histories({"producer": [line("acknowledged", 8.0, "north")]})
    assert histories.pauses(SPANS, "north", "south") == (ClientPause("producer", None),)


def test_denials_are_no_work() -> None:
    lines = [line("acknowledged", 9.0, "north"), line("denied", 10.2, "north", 0), line("acknowledged", 12.0, "south")]
    assert Histories({"p": lines}).pauses(SPANS, "north", "south") == (ClientPause("p", 3.0),)


def test_rates_and_windows_count_records_and_not_lines() -> None:
    histories = Histories({"p": [line("acknowledged", 1.2, "north", 3), line("acknowledged", 1.9, "north", 4)]})
    assert histories.per_second("acknowledged") == {1: 7}
    assert histories.acknowledged_between(1.5, 2.0) == 4


def test_lag_is_what_was_acknowledged_and_not_processed_in_the_groups_own_topics() -> None:
    lines = [
        line("acknowledged", 0.1, "north", 5),
        line("processed", 2.1, "north", 3, group="billing"),
        line("processed", 2.2, "north", 5, group="other"),
    ]
    histories = Histories({"p": lines})
    assert histories.lags({"billing": ["orders"]}) == {"billing": [(0.0, 5), (2.0, 2)]}
    assert histories.lags({"billing": ["elsewhere"]}) == {"billing": [(2.0, 0)]}


def test_during_a_pause_the_lag_is_what_was_left_and_not_the_peak_before() -> None:
    lines = [
        line("acknowledged", 0.1, "north", 5),
        line("processed", 0.9, "north", 4, group="billing"),
        line("acknowledged", 20.5, "south", 2),
    ]
    assert Histories({"p": lines}).lags({"billing": ["orders"]}) == {"billing": [(0.0, 5), (2.0, 1), (20.0, 3)]}


def test_the_lag_at_a_moment_leaves_out_what_came_later() -> None:
    lines = [
        line("acknowledged", 0.1, "north", 5),
        line("processed", 2.1, "north", 3, group="billing"),
        line("acknowledged", 2.5, "north", 9),
    ]
    assert Histories({"p": lines}).lag_at(2.5, "billing", ["orders"]) == 2
