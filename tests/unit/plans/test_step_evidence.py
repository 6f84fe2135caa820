"""What steps leave is read as it was written, also where an older drctl wrote it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drctl.model.offsets import TopicPartition
from drctl.plans.step_evidence import (
    CONFIRMED,
    HANDED_OVER,
    DrainedLink,
    FenceProof,
    HandoverPoint,
    Left,
    MeasuredLoss,
    group_positions,
    left,
    left_if_any,
)
from drctl.plans.steps.confirm_positions import ConfirmPositions
from drctl.plans.steps.drain_link import DrainLink
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.measure_loss import MeasureLoss
from drctl.plans.steps.prove_fence import ProveFence
from drctl.plans.steps.record_handover_point import RecordHandoverPoint

FIRST, DASHED = TopicPartition("orders", 0), TopicPartition("a-topic-with-dashes", 12)
ENDS = {DASHED: 7, FIRST: 0}
BEGAN = datetime(2027, 1, 15, 8, tzinfo=UTC)
LEFT: tuple[Left, ...] = (
    FenceProof(ENDS, BEGAN, timedelta(seconds=2.5), 6, "TOPIC_AUTHORIZATION_FAILED", "nobody is left out"),
    FenceProof(ENDS),
    DrainedLink({FIRST: 0}, ENDS),
    DrainedLink({FIRST: 0}, ENDS, (DASHED, FIRST)),
    HandoverPoint(ENDS),
    MeasuredLoss({FIRST: 3}, ENDS),
    MeasuredLoss({}, {}),
)


@pytest.mark.parametrize("value", LEFT)
def test_what_a_step_leaves_comes_back_from_json_as_it_was(value: Any) -> None:
    journaled = json.loads(json.dumps(value.to_json()))
    assert left(type(value), {value.step: journaled}) == value


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (FenceProof, ProveFence),
        (DrainedLink, DrainLink),
        (HandoverPoint, RecordHandoverPoint),
        (MeasuredLoss, MeasureLoss),
    ],
)
def test_it_belongs_to_the_step_of_that_name(kind: type[Left], step: Any) -> None:
    assert kind.step == step.name


def test_what_no_step_has_left_is_none() -> None:
    assert left_if_any(HandoverPoint, {}) is None
    assert left_if_any(FenceProof, {"prove-fence": {}}) is None
    with pytest.raises(KeyError):
        left(HandoverPoint, {})


def test_a_proof_of_an_older_drctl_has_fewer_words_and_the_same_ends() -> None:
    assert left(FenceProof, {"prove-fence": {"ends": {"orders-0": 5}, "canary": "REFUSED"}}) == FenceProof(
        {FIRST: 5}, canary="REFUSED"
    )


def test_an_older_drctl_did_not_look_for_records_without_an_offset_sync() -> None:
    journaled = {"frontier": {"orders-0": 0}, "ends": {"orders-0": 0}}
    assert left(DrainedLink, {"drain-link": journaled}) == DrainedLink({FIRST: 0}, {FIRST: 0})


def test_a_loss_that_nobody_could_measure_has_no_offsets() -> None:
    told = {"frontier": None, "source ends": None, "total": None}
    assert left(MeasuredLoss, {"measure-loss": told}) == MeasuredLoss({}, {})


def test_positions_are_those_of_the_step_that_is_asked_for() -> None:
    line = {"here": 3, "there": 2, "metadata": "", "proof": "same-records", "compared": 4}
    seen = {HANDED_OVER: {"groups": {"dispatch": {"lag": 1, "positions": {"orders-0": line}}}}}
    assert group_positions(seen)["dispatch"]["positions"]["orders-0"]["there"] == 2
    with pytest.raises(KeyError):  # what no step has left is not the same as nothing
        group_positions(seen, CONFIRMED)
    assert (HandOverPositions.name, ConfirmPositions.name) == (HANDED_OVER, CONFIRMED)
