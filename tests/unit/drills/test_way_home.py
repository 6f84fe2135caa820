"""What the way home moved, told from histories and from what a reader found at home."""

import json
import re

import jsonschema
import pytest

from drctl.drills.report.build import build
from drctl.drills.report.page import render
from drctl.drills.report.schema import report_schema
from drctl.drills.way_home import came_home, made_anew, without_offsets, without_tail
from drctl.ledger.checker import check
from drctl.ledger.events import Acknowledged, Event, LogStart, Processed, Seen, Stranded, Stream
from tests.unit.drills.circle_oracle import PROVED
from tests.unit.drills.homecomings import circle, homecoming
from tests.unit.drills.outages import unplanned
from tests.unit.drills.test_report import Page

NORTH, TAIL = PROVED.seen["north"], PROVED.stranded
ORDERS = Stream(2, "shop.orders", 0)


def test_the_tail_that_lies_at_home_is_left_out_and_nothing_else() -> None:
    left = without_tail(NORTH, TAIL, ())
    assert len(NORTH) - len(left) == len(TAIL) == 21
    assert {(each.stream, each.sequence) for each in NORTH if isinstance(each, Seen) and each not in left} == {
        (each.stream, each.sequence) for each in TAIL
    }


@pytest.mark.parametrize(
    "there",
    [
        Seen("shop.orders", 0, 107, ORDERS, 106),
        Seen("shop.orders", 1, 106, ORDERS, 106),
        Seen("shop.orders", 0, 106, ORDERS, 107),
        Seen("shop.orders", 0, 106, ORDERS, 106, intact=False),
        Seen("shop.orders", 0, 106, None),
    ],
    ids=["another place", "another partition", "another record", "changed", "no record of ours"],
)
def test_what_is_not_quite_the_tail_stays(there: Seen) -> None:
    tail = [Stranded("shop.orders", 0, 106, ORDERS, 106)]
    assert without_tail([there], tail, ()) == (there,)
    assert without_tail([Seen("shop.orders", 0, 106, ORDERS, 106)], tail, ()) == ()


def test_in_a_topic_made_anew_lies_no_tail() -> None:
    home = homecoming(anew=["shop.orders"])
    left = without_tail(NORTH, TAIL, made_anew(home))
    assert len(NORTH) - len(left) == 16


def test_offsets_of_a_topic_made_anew_are_not_held_against_those_of_the_old_one() -> None:
    """Before the failback offset 3 was record 4; after it, where the log begins with what was kept, record 9."""
    other = Stream(1, "turbines.readings", 0)
    told: list[Event] = [
        Acknowledged(ORDERS, 4, 1.0, "north", None, 3),
        Acknowledged(other, 4, 1.0, "north", None, 3),
        Processed("billing", ORDERS, 9, 2.0, "north", 3),
        Processed("billing", ORDERS, 4, 1.0, "south", 7),
        Seen("shop.orders", 0, 3, ORDERS, 9, site="north"),
        LogStart("north", "shop.orders", 0, 1),
    ]
    left = list(without_offsets(told, "north", ("shop.orders",)))
    assert check(told).records.inconsistent_offsets.count == 1
    assert check(left).records.inconsistent_offsets.count == 0
    assert [each.offset for each in left if isinstance(each, Acknowledged | Processed)] == [None, 3, None, 7]
    assert not any(isinstance(each, LogStart) for each in left)
    assert list(without_offsets(told, "north", ())) == told


def test_copied_is_what_the_survivor_had_acknowledged_and_again_what_was_older() -> None:
    moved = came_home(homecoming(), PROVED.plain(), NORTH, TAIL)
    south = sum(
        len(line.records)
        for lines in PROVED.plain().lines.values()
        for line in lines
        if (line.kind, line.site) == ("acknowledged", "south")
    )
    assert (moved.copied, moved.again, moved.stepped_over, moved.read_again) == (south, 0, 21, 0)
    anew = came_home(homecoming(anew=["shop.orders"]), PROVED.plain(), PROVED.seen["south"], TAIL)
    assert (anew.copied, anew.again, anew.stepped_over) == (south, 105, 0)


def test_the_report_tells_the_way_home_with_its_pause_and_what_it_moved() -> None:
    document = json.loads(build(circle()).model_dump_json())
    jsonschema.validate(document, report_schema())
    assert document["outage"]["way_home"] == {
        "run": "run-5",
        "copied": 250,
        "copied_again": 90,
        "recreated": [{"topic": "shop.orders", "records": 300, "gone": 2}],
        "stepped_over": 16,
        "read_again": 0,
    }
    (home,) = document["handovers"]
    assert (home["source"], home["target"]) == ("south", "north")
    assert home["longest_pause"] is not None
    assert document["standby"] is not None
    assert [step["handover"] for step in document["steps"]] == ["north to south"] * 15 + ["south to north"] * 20


def test_the_page_of_a_circle_tells_its_moves_in_order_and_is_well_formed() -> None:
    told = circle()
    text = render(build(told), told)
    found = Page(text)
    assert (found.misplaced, found.open, found.loaded) == ([], [], [])
    assert len(found.ids) == len(set(found.ids))
    assert "north is lost, and takes the work back" in text
    assert text.index("Failover from north to south") < text.index("Handover from south to north")
    assert text.index("longest pause of a client, to north") < text.index("records acknowledged")
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))
    assert "Written at the survivor, and copied home 250" in shown
    assert "shop.orders, recreated: older records gone by it 2" in shown


def test_a_drill_that_left_the_way_home_out_tells_none() -> None:
    document = build(unplanned())
    assert document.outage
    assert document.outage.way_home is None
    assert "way home" not in render(document, unplanned())
