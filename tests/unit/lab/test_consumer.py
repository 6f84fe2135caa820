"""The lab's consumer groups: a member whose client can never go on begins again with a new one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from drctl.drivers.kafka.traffic import Incoming
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict
from drctl.lab.clients import common, consumer
from drctl.lab.steady import SteadyTime
from drctl.ledger.history import HistoryWriter, read_lines
from drctl.ledger.record import HEADER, Number, encode
from drctl.model.offsets import TopicPartition

RUN = UUID(int=7)


class FakeReader:
    """Gives one record; then its client can never go on, but for the second one, which ends the group."""

    made = 0

    def __init__(self, *_: Any) -> None:
        FakeReader.made += 1
        self.number, self.given = FakeReader.made, False
        self.before_commit: Callable[[], None] = self.poll_nothing

    def poll(self, _: float) -> Incoming:
        if self.given and self.number == 1:
            raise Conflict("site north: a member of group billing can never go on")
        if self.given:
            common.STOP.set()
        self.given = True
        header = encode(Number(RUN, 2, 0, self.number), None, b"v")
        return Incoming(TopicPartition("shop.orders", 0), self.number, None, b"v", {HEADER: header})

    def poll_nothing(self) -> None:
        """What to call before a commit, until somebody says what."""

    def commit(self) -> None:
        self.before_commit()

    close = commit


@pytest.fixture(autouse=True)
def _going_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(consumer, "Reader", FakeReader)
    monkeypatch.setattr(FakeReader, "made", 0)
    yield
    common.STOP.clear()


def test_a_member_whose_client_can_never_go_on_begins_again_with_a_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, door = SystemClock(), FileClientRouting(tmp_path / "door.json")
    door.route_to("north")
    history = HistoryWriter(tmp_path / "history.jsonl")
    around = common.Surroundings({"north": Any}, door, history, clock, SteadyTime.begun(clock))  # type: ignore[dict-item]
    options = SimpleNamespace(group="billing", topic=["shop.orders"], run=RUN, rate=0, members=1, kind="static")
    consumer.Membership(around, options, 1).live()
    history.close()
    lines = list(read_lines(tmp_path / "history.jsonl"))
    assert [line.kind for line in lines] == ["joined", "processed", "left", "joined", "processed", "left"]
    assert [record[3] for line in lines for record in line.records] == [1, 2, 2]
    assert "billing-1 begins again: site north: " in capsys.readouterr().err
