"""An experiment whose work leaves a site and comes home: the tail is accounted for, and the way home is judged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import move_actions
from drctl.chaos.environment import HISTORIES, REPORT, RUN, TIME_OFFSET
from drctl.drills.experiments.judging import ExperimentOutcome, Remains, judged
from drctl.drills.experiments.round_trip import TRIPPED, RoundTrip, trip_as_json, trip_in
from drctl.drills.way_home import AGAIN
from drctl.errors import BundleDamaged
from drctl.lab import Lab
from drctl.ledger.history import HistoryLine
from drctl.model.verdict import Verdict
from tests.unit.chaos.experiments import ran_as_written, trial
from tests.unit.chaos.struck import armed, lab, noted
from tests.unit.drills import homecomings
from tests.unit.drills.circle_oracle import CIRCLE, Circle
from tests.unit.drills.example import T0
from tests.unit.drills.outage_oracle import COMPACTED
from tests.unit.drills.outages import BEGAN, LOST, OPENED

__all__ = ["lab"]

SIGHTING = {
    "fault": "lose-site", "target": "north", "observer": "a client of the site", "observation": "all ports refuse",
    "injected_at": T0 + LOST, "observed_at": T0 + LOST + 1,
}  # fmt: skip
TRIP = RoundTrip(
    home="north",
    survivor="south",
    began=T0 + BEGAN,
    opened=T0 + OPENED,
    homeward=T0 + homecomings.BEGAN,
    reopened=T0 + homecomings.OPENED,
    closed=True,
    saved=True,
    decided=True,
    joined=True,
    recreated=(),
    diverges=True,
)


def outcome(left: Circle = CIRCLE, trip: RoundTrip | None = TRIP) -> ExperimentOutcome:
    stated = ("lose-site",)
    told = replace(
        trial(stated, mirrored=True), work=COMPACTED, began=T0 + LOST, ended=T0 + homecomings.ENDED, round_trip=True
    )
    journal, faults = json.dumps(ran_as_written(stated=stated)).encode(), json.dumps(SIGHTING).encode()
    tail = left.tail if trip else ()
    return judged(told, Remains(left.histories, left.north, journal, faults, left.south, trip, tail))


def test_a_round_trip_whose_tail_was_saved_is_proved_and_its_way_home_is_put_to_the_test() -> None:
    found = outcome()
    assert (found.verdict, found.as_stated) == (Verdict.PROVED, True), found.reasons
    assert found.findings.records.stranded.count > 0
    assert found.weight.evidence[TRIPPED]
    assert found.weight.control[AGAIN]


def test_a_record_that_is_neither_at_home_nor_in_the_tail_is_lost() -> None:
    found = outcome(replace(CIRCLE, tail=CIRCLE.tail[1:]))
    assert found.verdict is Verdict.REFUTED


def test_a_record_that_is_read_again_on_the_way_home_refutes() -> None:
    lines = {name: list(told) for name, told in CIRCLE.histories.lines.items()}
    name, first = next((n, each) for n, told in lines.items() for each in told if each.kind == "processed")
    group = {"group": first.more["group"]}
    late = HistoryLine("processed", T0 + homecomings.ENDED + 1, "north", first.records[:1], group)
    lines[name].append(late)
    found = outcome(replace(CIRCLE, histories=replace(CIRCLE.histories, lines=lines)))
    assert found.verdict is Verdict.REFUTED
    assert any("on the way home" in why for why in found.reasons)


@pytest.mark.parametrize(
    "changes",
    [
        {"closed": False},
        {"saved": False},
        {"decided": False},
        {"joined": False},
        {"opened": T0 + homecomings.ENDED},
        {"opened": T0},
        {"reopened": T0 + homecomings.ENDED + 10_000},
    ],
    ids=["open", "files", "undecided", "of another", "no time between", "written at home meanwhile", "not at home"],
)
def test_what_a_round_trip_lacks_makes_it_inconclusive(changes: dict[str, Any]) -> None:
    assert outcome(trip=replace(TRIP, **changes)).verdict is Verdict.INCONCLUSIVE


def test_a_move_that_left_no_word_of_itself_proves_nothing() -> None:
    found = outcome(trip=None)
    assert found.verdict is not Verdict.PROVED
    assert not found.weight.evidence[TRIPPED]


def test_the_facts_of_a_round_trip_are_read_as_they_were_written() -> None:
    told = replace(TRIP, recreated=("shop.prices",))
    assert trip_in("it", trip_as_json(told)) == told
    for damage in (b"{", b"[]", trip_as_json(told).replace(b"true", b'"perhaps"', 1)):
        with pytest.raises(BundleDamaged, match=r"^it: "):
            trip_in("it", damage)


def test_only_the_primary_of_a_run_is_left(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for act in (move_actions.lose_site_and_return, move_actions.fail_over_amid_restarts):
        with pytest.raises(ActivityFailed, match="the work is not at south"):
            act("south")
        with pytest.raises(ActivityFailed, match="nothing takes account of what is written"):
            act("north")
        monkeypatch.setenv(RUN, "5f0c5f0c-5f0c-5f0c-5f0c-5f0c5f0c5f0c")
        monkeypatch.setenv(HISTORIES, str(tmp_path))
        monkeypatch.setenv(TIME_OFFSET, "0")
        with pytest.raises(ActivityFailed, match="nothing keeps what is found"):
            act("north")
        for key in (RUN, HISTORIES, TIME_OFFSET, REPORT):
            monkeypatch.delenv(key, raising=False)
    assert noted(lab) == []
    assert armed(lab) == []
