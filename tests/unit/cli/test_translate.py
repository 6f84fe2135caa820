"""What drctl groups translate shows beside MirrorMaker 2's own positions."""

import json
from typing import Any

import pytest

from drctl.cli import groups, translate
from drctl.model.offsets import TopicPartition
from drctl.model.translation import Exact, Proof
from drctl.plans.positions import translate_groups
from tests.fakes import FakeWorld
from tests.unit.cli.terminal import typed


def test_a_checkpoint_that_is_written_while_positions_are_read_does_not_make_mirrormaker_look_ahead(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    translated = translate_groups

    def slowly(*args: Any, **more: Any) -> Any:
        answers = translated(*args, **more)
        earth.settle(20)
        return answers

    monkeypatch.setattr(translate, "translate_groups", slowly)
    told = json.loads(typed(groups.command, "-o", "json").stdout)
    compared = [
        (each["mirrorMaker"], each["translated"])
        for group in told["groups"]
        for each in group["positions"]
        if each["mirrorMaker"] is not None and each["translated"] is not None
    ]
    assert compared
    assert all(theirs <= ours for theirs, ours in compared)


@pytest.mark.parametrize(("compared", "words"), [(0, "no record lies in between"), (3, "every record in between is")])
def test_what_was_not_compared_is_not_called_equal(compared: int, words: str) -> None:
    answer = Exact(TopicPartition("shop.orders", 0), 5, 7, Proof.COUNTED, compared)
    assert words in translate._told(answer)[2]
