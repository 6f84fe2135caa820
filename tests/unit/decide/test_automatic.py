"""Whether the service may fail over by itself: each thing against it by its name, and whose word the arbiter holds."""

from dataclasses import replace
from typing import Any

import pytest

from drctl.decide.automatic import (
    ArbiterStanding,
    AutomaticCase,
    AutomaticHindrance,
    arbiter_standing,
    automatic_hindrances,
)
from drctl.model.arbiter import ArbiterRecord, as_text, from_text

GO = AutomaticCase(
    serving="north",
    lost=True,
    standbys=1,
    at_work=False,
    unfinished=False,
    seen_to=True,
    arbiter=ArbiterStanding.OURS,
    waiting=False,
)
HELD = ArbiterRecord("wind-farm", "north", 6, "r5")
UNMOVED = ArbiterRecord("wind-farm", "north", 0)


def test_nothing_against_it_means_go() -> None:
    assert list(automatic_hindrances(GO)) == []


@pytest.mark.parametrize(
    ("change", "against"),
    [
        ({"serving": None}, AutomaticHindrance.ROUTING_UNKNOWN),
        ({"lost": False}, AutomaticHindrance.NOT_LOST),
        ({"standbys": 0}, AutomaticHindrance.NO_SINGLE_STANDBY),
        ({"standbys": 2}, AutomaticHindrance.NO_SINGLE_STANDBY),
        ({"at_work": True}, AutomaticHindrance.AT_WORK),
        ({"unfinished": True}, AutomaticHindrance.UNFINISHED),
        ({"seen_to": False}, AutomaticHindrance.NOT_SEEN_TO),
        ({"arbiter": ArbiterStanding.SILENT}, AutomaticHindrance.ARBITER_SILENT),
        ({"arbiter": ArbiterStanding.NEVER_TOLD}, AutomaticHindrance.ARBITER_NEVER_TOLD),
        ({"arbiter": ArbiterStanding.ELSEWHERE}, AutomaticHindrance.ARBITER_ELSEWHERE),
        ({"waiting": True}, AutomaticHindrance.WAITING),
    ],
)
def test_each_thing_against_it_is_named(change: dict[str, Any], against: AutomaticHindrance) -> None:
    assert list(automatic_hindrances(replace(GO, **change))) == [against]


@pytest.mark.parametrize(
    ("held", "primary", "epoch", "standing"),
    [
        (None, "north", 6, ArbiterStanding.NEVER_TOLD),
        (HELD, "north", 6, ArbiterStanding.OURS),
        (replace(HELD, plan="another"), "north", 6, ArbiterStanding.ELSEWHERE),
        (replace(HELD, run="r6"), "north", 6, ArbiterStanding.ELSEWHERE),  # which this journal does not know
        (replace(HELD, epoch=8), "north", 6, ArbiterStanding.ELSEWHERE),  # the journal is an older copy
        (replace(HELD, primary="south", epoch=7, run="r7"), "north", 6, ArbiterStanding.OURS),  # our own claim
        (UNMOVED, "north", 0, ArbiterStanding.OURS),
        (UNMOVED, "south", 0, ArbiterStanding.ELSEWHERE),
        (UNMOVED, "south", 1, ArbiterStanding.OURS),  # moved since, and not yet told
        (replace(UNMOVED, epoch=2), "north", 1, ArbiterStanding.ELSEWHERE),
    ],
)
def test_the_word_of_the_arbiter_is_ours_only_if_our_journal_knows_it(
    held: ArbiterRecord | None, primary: str, epoch: int, standing: ArbiterStanding
) -> None:
    runs = {"r5": 6, "r7": 7}
    assert arbiter_standing(held, plan="wind-farm", primary=primary, epoch=epoch, runs=runs) is standing


def test_a_record_is_read_as_it_was_written() -> None:
    assert from_text(as_text(HELD)) == HELD
