"""What stands against closing a site that a failover left behind."""

from dataclasses import replace

import pytest

from drctl.decide.returned import Hindrance, LeftSite, hindrances
from drctl.model.fence import FenceState

OPEN = LeftSite(
    FenceState.PENDING, answers=True, serves=False, at_work=False, begun=False, unfinished=False, waiting=False
)


@pytest.mark.parametrize("fence", [FenceState.PENDING, FenceState.ATTESTED, FenceState.OPEN])
def test_a_site_that_answers_and_is_not_proven_to_be_closed_is_closed(fence: FenceState) -> None:
    assert list(hindrances(replace(OPEN, fence=fence))) == []


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (replace(OPEN, fence=FenceState.PROVEN), Hindrance.CLOSED),
        (replace(OPEN, answers=False), Hindrance.SILENT),
        (replace(OPEN, serves=True), Hindrance.SERVES),
        (replace(OPEN, serves=None), Hindrance.ROUTING_UNKNOWN),
        (replace(OPEN, at_work=True), Hindrance.AT_WORK),
        (replace(OPEN, unfinished=True), Hindrance.UNFINISHED),
        (replace(OPEN, waiting=True), Hindrance.WAITING),
    ],
)
def test_each_reason_alone_stands_against_it(left: LeftSite, reason: Hindrance) -> None:
    assert list(hindrances(left)) == [reason]


def test_its_own_fence_that_was_cut_off_after_the_proof_is_brought_to_its_end() -> None:
    assert list(hindrances(replace(OPEN, fence=FenceState.PROVEN, begun=True))) == []


def test_every_reason_is_named_at_once() -> None:
    left = LeftSite(
        FenceState.PROVEN, answers=False, serves=True, at_work=False, begun=False, unfinished=True, waiting=True
    )
    assert list(hindrances(left)) == [
        Hindrance.CLOSED,
        Hindrance.SILENT,
        Hindrance.SERVES,
        Hindrance.UNFINISHED,
        Hindrance.WAITING,
    ]
