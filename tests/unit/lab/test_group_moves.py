"""A group that is moved one record too far: only while nobody is in it, and never left shut out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import Conflict, LabError
from drctl.lab import group_moves, injecting
from drctl.lab.group_moves import GroupPosition, closed, move_one_too_far, reopen_routing
from drctl.lab.lab import Lab
from drctl.model.offsets import TopicPartition
from tests.unit.lab.stand_ins import sleeping_lab

PLACE = TopicPartition("turbines.readings", 0)


@dataclass
class StandingGroup:
    """Stands in for a group's position: its members leave once client routing is closed, unless they stay."""

    lab: Lab
    site: str = "north"
    group: str = "dispatch"
    place: TopicPartition = PLACE
    at: int = 7
    log_end: int = 5
    stays: bool = False
    keeps: bool = False
    done: list[str] = field(default_factory=list)

    def is_empty(self) -> bool:
        return routing(self.lab).site() is None and not self.stays

    def offset(self) -> int:
        return self.at

    def commit(self, offset: int) -> None:
        if not self.is_empty():
            raise Conflict("someone is in the group")
        assert self.log_end > self.at, "there is no record yet to be led past"
        self.at = self.at if self.keeps else offset

    def end(self) -> int:
        self.log_end += 1
        return self.log_end


def routing(lab: Lab) -> FileClientRouting:
    return FileClientRouting(lab.folder / "client-routing.json")


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandingGroup]:
    monkeypatch.setattr(group_moves, "EMPTY_WITHIN", 1.0)
    monkeypatch.setattr(injecting, "PATIENCE", 1.0)
    with sleeping_lab(tmp_path / "lab") as lab:
        routing(lab).route_to("north")
        yield StandingGroup(lab)


def moved(group: StandingGroup) -> str:
    told = move_one_too_far(cast("GroupPosition", group))
    assert (told.fault, told.target, told.observer) == ("move-group", "dispatch", "the group's coordinator")
    return told.observation


def test_a_group_is_moved_past_a_record_that_is_there_and_let_in_again(group: StandingGroup) -> None:
    told = moved(group)
    assert told == "the position of dispatch in turbines.readings-0 is 8, and its members had left it at 7"
    assert group.at == 8
    assert routing(group.lab).site() == "north"
    assert not closed(group.lab).exists()


@pytest.mark.parametrize(
    ("fault", "said"), [("stays", "timed out waiting until dispatch has no member"), ("keeps", "was not seen")]
)
def test_a_group_that_was_not_moved_is_not_noted_and_is_let_in_again(
    group: StandingGroup, fault: str, said: str
) -> None:
    setattr(group, fault, True)
    with pytest.raises(LabError, match=said):
        moved(group)
    assert group.at == 7
    assert routing(group.lab).site() == "north"


def test_routing_that_somebody_else_has_closed_is_left_closed(group: StandingGroup) -> None:
    routing(group.lab).route_to(None)
    assert reopen_routing(group.lab, "north") == []
    assert routing(group.lab).site() is None
    closed(group.lab).touch()
    assert reopen_routing(group.lab, "north") == ["client-routing.json"]
    assert routing(group.lab).site() == "north"
    assert reopen_routing(group.lab, "north") == []


@pytest.mark.parametrize("routed", ["south", None], ids=["another site", "nowhere"])
def test_a_group_is_moved_only_where_its_clients_are_and_nobody_is_led_elsewhere(
    group: StandingGroup, routed: str | None
) -> None:
    routing(group.lab).route_to(routed)
    with pytest.raises(LabError, match=f"client routing points to {routed or 'no site'}, and not to north"):
        moved(group)
    assert routing(group.lab).site() == routed
    assert group.at == 7
    assert not closed(group.lab).exists()


def test_routing_is_reopened_to_no_other_site_than_the_one_it_was_closed_at(group: StandingGroup) -> None:
    closed(group.lab).write_text("north")
    routing(group.lab).route_to(None)
    with pytest.raises(LabError, match="client routing was closed at north"):
        reopen_routing(group.lab, "south")
    assert routing(group.lab).site() is None
    assert reopen_routing(group.lab, "north") == ["client-routing.json"]
