"""What the link loses is seen by its effect, in a world where MirrorMaker 2 says nothing of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from drctl.cli.doctor import examine
from drctl.decide.rules import Rule
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed
from drctl.monitors import observe
from drctl.plans import handover, runner
from drctl.plans.selection import moving, narrowed
from tests.fakes import FakeWorld
from tests.fakes.site import Log
from tests.spec.clinic import ORDERS, look, rules, well
from tests.spec.harness import RecordingObserver


def silent(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].holds = True
    earth.north.write(ORDERS, b"late", "User:shop")


def gap(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].holds = True
    for number in range(5):
        earth.north.write(ORDERS, b"%d" % number, "User:shop")
    earth.north.logs[ORDERS].start = len(earth.north.logs[ORDERS].entries) - 1


def shorter(earth: FakeWorld) -> None:
    earth.north.logs[ORDERS] = Log()


def ahead(earth: FakeWorld) -> None:
    end = len(earth.south.logs[ORDERS].entries)
    earth.south.group("dispatch").committed[ORDERS] = Committed(end)
    earth.north.group("dispatch").committed[ORDERS] = Committed(1)


def expiring(earth: FakeWorld) -> None:
    earth.south.group("dispatch").committed[ORDERS] = Committed(0)
    written = earth.clock.now() - timedelta(days=6)
    earth.south.group("dispatch").committed_at[ORDERS] = int(written.timestamp() * 1000)


def worker_gone(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].worker_down = True


def failed(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].state = ConnectorState.FAILED


def syncs_gone(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].topic_missing = "mm2-offset-syncs.north.internal"


LOSSES: list[tuple[Rule, Callable[[FakeWorld], None]]] = [
    (Rule.LINK_SILENT, silent),
    (Rule.RECORDS_LOST, gap),
    (Rule.SOURCE_SHORTER, shorter),
    (Rule.TARGET_AHEAD, ahead),
    (Rule.POSITIONS_EXPIRING, expiring),
    (Rule.LOSSES_UNKNOWN, worker_gone),
    (Rule.CONNECTOR_FAILED, failed),
    (Rule.SYNCS_MISSING, syncs_gone),
    (Rule.CHECKPOINTS_MISSING, syncs_gone),
]


@pytest.mark.parametrize(("rule", "plant"), LOSSES, ids=range(len(LOSSES)))
def test_a_loss_is_seen_by_its_effect(rule: Rule, plant: Callable[[FakeWorld], None]) -> None:
    earth = well()
    look(earth)
    plant(earth)
    found = look(earth)
    assert rule in rules(found)
    assert found.exit_code != 0


def test_a_topic_that_was_made_anew_is_told_until_a_person_accepts_it() -> None:
    earth = well()
    look(earth)
    earth.memory.note_topic_ids("north", {"shop.orders": "another"}, anew=True)
    assert rules(look(earth)) == {Rule.TOPIC_RECREATED}
    assert rules(look(earth)) == {Rule.TOPIC_RECREATED}
    earth.memory.note_topic_ids("north", {"shop.orders": "north-shop.orders"}, anew=True)
    assert rules(look(earth)) == set()


def test_markers_that_retention_took_after_everything_was_copied_are_no_loss() -> None:
    earth = well()
    transaction = earth.north.begin("User:shop")
    transaction.write(ORDERS, b"aborted")
    transaction.abort()
    look(earth)
    earth.north.logs[ORDERS].start = len(earth.north.logs[ORDERS].entries)
    assert rules(look(earth)) == set()


def test_a_group_that_was_handed_over_alone_may_be_ahead() -> None:
    earth = well()
    earth.consumers["dispatch"].running = False
    earth.settle(1)
    plan = handover.ordered("north", "south", observe=observe)
    runner.run(plan, narrowed(earth.ports(), groups=["dispatch"]), RecordingObserver())
    ahead(earth)
    world = earth.ports()
    assert Rule.TARGET_AHEAD in rules(examine(world, "north", "south", 1, 5))
    assert Rule.TARGET_AHEAD not in rules(examine(moving(world, "south"), "north", "south", 1, 5))
