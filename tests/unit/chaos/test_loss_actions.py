"""Actions by which brokers lose records: each arms the end of its fault first, and notes only what was seen."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import loss_actions, undo
from drctl.chaos.environment import HISTORIES, RUN, TIME_OFFSET, run_under_way
from drctl.chaos.expiry import arm
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import LabError
from drctl.lab import Lab, group_moves, losses
from drctl.lab.careless import NAME
from drctl.lab.injecting import FaultEvidence
from drctl.lab.repairs import REPAIRS
from drctl.lab.replicated_log import ReplicatedLog
from drctl.lab.site import LabSite
from tests.unit.chaos.struck import armed, lab, noted

__all__ = ["lab"]

PLACE = ("north", "turbines.readings", 0)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run under way, and the folder of its histories."""
    monkeypatch.setenv(RUN, str(UUID(int=7)))
    monkeypatch.setenv(HISTORIES, str(lab.folder / "histories"))
    monkeypatch.setenv(TIME_OFFSET, "1.5")
    nobody = {"bootstrap.servers": f"127.0.0.1:{lab.layout['north'].nodes[0].client}"}
    monkeypatch.setattr(LabSite, "kafka", lambda site, _: KafkaSite(site.name, nobody))
    return lab.folder / "histories"


def seen(kind: str, asked: list[Any], lab: Lab) -> Callable[..., FaultEvidence]:
    """A fault that is done at once; what was asked for is kept, and what was armed by then."""

    def done(*arguments: Any) -> FaultEvidence:
        asked.append((arguments, armed(lab)))
        return FaultEvidence(kind, "it", NOW, "a reader", "it is gone", NOW)

    return done


class Act(NamedTuple):
    """An action, what it has done by which function, where, and what is armed by then."""

    run: Callable[..., str]
    module: Any
    name: str
    ends: tuple[str, ...]
    arguments: tuple[Any, ...] = PLACE


ACTS = [
    Act(loss_actions.lose_unreplicated, losses, "lose_unreplicated", ("restore-site-north",)),
    Act(loss_actions.lose_unsynced, losses, "lose_unsynced", ("restore-durability-north",)),
    Act(loss_actions.elect_unclean, losses, "elect_unclean", ("restore-durability-north",)),
    Act(loss_actions.delete_records, losses, "delete_records", ()),
    Act(
        loss_actions.move_group,
        group_moves,
        "move_one_too_far",
        ("reopen-routing-north",),
        ("north", "dispatch", "turbines.readings", 0),
    ),
]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("act", ACTS, ids=[each.name for each in ACTS])
def test_the_end_of_a_loss_is_armed_before_it_and_it_is_noted_behind_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(act.module, act.name, seen(act.name, asked, lab))
    assert act.run(*act.arguments) == "a reader: it is gone"
    ((told, armed_by_then),) = asked
    assert tuple(armed_by_then) == act.ends
    assert (told[0].site, str(told[0].place)) == ("north", "turbines.readings-0")
    assert [fault["fault"] for fault in noted(lab)] == [act.name]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("act", ACTS, ids=[each.name for each in ACTS])
def test_a_loss_that_nobody_has_seen_fails_its_action_and_is_not_noted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    def unseen(*_: Any) -> FaultEvidence:
        raise LabError("it was not seen")

    monkeypatch.setattr(act.module, act.name, unseen)
    with pytest.raises(ActivityFailed, match="it was not seen"):
        act.run(*act.arguments)
    assert noted(lab) == []
    assert tuple(armed(lab)) == act.ends


def test_what_is_written_with_acks_1_stands_in_a_history_of_the_run(
    lab: Lab, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(losses, "lose_unreplicated", seen("x", asked, lab))
    loss_actions.lose_unreplicated(*PLACE)
    assert [path.name for path in run.glob("*")] == [f"{NAME}.jsonl"]
    with pytest.raises(ActivityFailed, match="is there already"):
        loss_actions.lose_unreplicated(*PLACE)


def test_nobody_writes_where_nothing_takes_account_of_it(lab: Lab) -> None:
    with pytest.raises(ActivityFailed, match="nothing takes account of what is written"):
        loss_actions.lose_unreplicated(*PLACE)
    assert armed(lab) == []


@pytest.mark.usefixtures("run")
def test_a_topic_that_nobody_writes_to_loses_nothing(lab: Lab) -> None:
    with pytest.raises(ActivityFailed, match=r"nobody writes to drctl\.canary"):
        loss_actions.lose_unreplicated("north", "drctl.canary", 0)
    assert armed(lab) == []


@pytest.mark.usefixtures("lab")
def test_a_run_under_way_is_told_by_its_environment(run: Path) -> None:
    found = run_under_way()
    assert (found[0], found[1], found[2].offset) == (UUID(int=7), run, 1.5)


def test_what_was_weakened_or_closed_is_undone_once_and_disarmed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[object] = []
    monkeypatch.setattr(ReplicatedLog, "change", lambda _, settings: changed.append(settings))
    monkeypatch.setattr(losses, "elect_unclean", seen("x", [], lab))
    loss_actions.elect_unclean(*PLACE)
    losses.weakened(lab, "north").write_text("turbines.readings")
    assert undo.restore_durability("north") == ["turbines.readings"]
    assert changed == [{"min.insync.replicas": None, "unclean.leader.election.enable": None}]
    assert armed(lab) == []
    assert undo.restore_durability("north") == []
    routing = FileClientRouting(lab.folder / "client-routing.json")
    group_moves.closed(lab).touch()
    routing.route_to(None)
    assert undo.reopen_routing("north") == ["client-routing.json"]
    assert routing.site() == "north"
    assert undo.reopen_routing("north") == []


CLOCKS = "set-clocks-right"


@pytest.mark.parametrize(
    ("restore", "left"),
    [
        (undo.thaw_brokers, ["heal-pods", "mend-link", "reopen-routing", "restore-durability", "restore-site", CLOCKS]),
        (undo.restore_site, ["heal-pods", "reopen-routing", "restore-durability", CLOCKS]),
        (undo.restore_durability, ["heal-pods", "reopen-routing", CLOCKS]),
    ],
    ids=["of one fault", "of a site", "of its topics, too"],
)
def test_what_an_undo_does_not_undo_still_ends_by_itself(
    lab: Lab, restore: Callable[[str], list[str]], left: list[str]
) -> None:
    for repair in REPAIRS:
        if repair not in ("restart-brokers", "restart-worker"):
            arm(lab, repair, "north", 600)
    assert restore("north") == []
    assert sorted(armed(lab)) == [f"{repair}-north" for repair in left]
