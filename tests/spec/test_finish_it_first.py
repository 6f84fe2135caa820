"""Who is refused because another run is unfinished is led to what ends that run, whatever it was begun with."""

from collections.abc import Callable

import pytest

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunState
from tests.fakes import FakeWorld, fake_world
from tests.spec.following import Words, typed
from tests.spec.handing_over import stop, synced
from tests.spec.harness import killed_at
from tests.spec.test_remedies_followed import commands

HANDOVER = ("groups", "handover", "--to", "south", "--yes")


def _idle() -> FakeWorld:
    earth = fake_world()
    for group in earth.consumers:
        stop(earth, group)
    return earth


def _synced() -> FakeWorld:
    """The service has replaced what somebody had committed at the standby."""
    earth = _idle()
    earth.south.group("dispatch").committed[TopicPartition("turbines.readings", 0)] = Committed(0, "theirs")
    synced(earth)
    synced(earth)
    return earth


@pytest.mark.parametrize(
    ("build", "begun", "step"),
    [
        (_idle, (*HANDOVER, "--group", "dispatch"), "hand-over-positions"),
        (_idle, (*HANDOVER, "--topic", "shop.orders"), "hand-over-positions"),
        (_idle, (*HANDOVER, "--all-groups", "--accept-repeats"), "hand-over-positions"),
        (_synced, ("groups", "undo", "--to", "south", "--synced", "--yes"), "undo-positions"),
    ],
    ids=["one group", "one topic", "repeats accepted", "undo of what was synced"],
)
def test_the_remedy_ends_the_run_that_stands_in_the_way(
    build: Callable[[], FakeWorld], begun: Words, step: str
) -> None:
    earth = build()
    with killed_at(earth, f"journal says step-intended {step}"):
        typed(earth, begun)
    run = earth.journal.runs()[-1][0].id
    refused = typed(earth, ("switchover", "--to", "south", "--yes"))
    assert f"run {run}" in refused.text
    (words,) = set(commands(refused.text))
    typed(earth, words)
    assert {each.id: state for each, state in earth.journal.runs()}[run] is RunState.DONE
