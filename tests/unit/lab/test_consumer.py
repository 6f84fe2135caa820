"""The lab's consumer groups: how a member begins again, and what a static one leaves behind."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
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
from drctl.model.session import Member

RUN = UUID(int=7)


class FakeReader:
    """Gives one record; then its client can never go on, but for the second one, which ends the group."""

    made = 0

    def __init__(self, *_: Any) -> None:
        FakeReader.made += 1
        self.number, self.given = FakeReader.made, False
        self.before_commit: Callable[[], None] = self.poll_nothing

    def poll(self, _: float) -> Incoming | None:
        if self.given and self.number == 1:
            raise Conflict("site north: a member of group billing can never go on")
        if self.given:
            common.STOP.set()
        self.given = True
        header = encode(Number(RUN, 2, 0, self.number), None, b"v")
        return Incoming(TopicPartition("shop.orders", 0), self.number, None, b"v", {HEADER: header})

    def member_id(self) -> str:
        return f"m-{self.number}"

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
    clock, routing = SystemClock(), FileClientRouting(tmp_path / "client-routing.json")
    routing.route_to("north")
    history = HistoryWriter(tmp_path / "history.jsonl")
    around = common.Surroundings({"north": Any}, routing, history, clock, SteadyTime.begun(clock))  # type: ignore[dict-item]
    options = SimpleNamespace(group="billing", topic=["shop.orders"], run=RUN, rate=0, members=1, kind="static")
    consumer.Membership(around, options, 1).live()
    history.close()
    lines = list(read_lines(tmp_path / "history.jsonl"))
    assert [line.kind for line in lines] == ["joined", "processed", "left", "joined", "processed", "processed", "left"]
    assert [record[3] for line in lines for record in line.records] == [1, 2, 2]
    assert "billing-1 begins again: site north: " in capsys.readouterr().err


class Moments:
    """Counts how often a member has looked for a record: its only time."""

    looks = 0.0

    def now(self) -> float:
        return Moments.looks


class GivesTwo(FakeReader):
    """Gives a record at each of the first two looks, none at two more, and ends the group."""

    def poll(self, _: float) -> Incoming | None:
        Moments.looks += 1
        if Moments.looks == 4:
            common.STOP.set()
        if Moments.looks > 2:
            return None
        header = encode(Number(RUN, 2, 0, int(Moments.looks)), None, b"v")
        return Incoming(TopicPartition("shop.orders", 0), int(Moments.looks), None, b"v", {HEADER: header})


def test_the_first_record_is_written_down_at_once_and_each_as_of_when_it_was_processed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "Reader", GivesTwo)
    monkeypatch.setattr(Moments, "looks", 0.0)
    routing, history = FileClientRouting(tmp_path / "client-routing.json"), HistoryWriter(tmp_path / "history.jsonl")
    routing.route_to("north")
    around = common.Surroundings({"north": Any}, routing, history, SystemClock(), Moments())  # type: ignore[dict-item, arg-type]
    options = SimpleNamespace(group="billing", topic=["shop.orders"], run=RUN, rate=0, members=1, kind="classic")
    consumer.Membership(around, options, 1).live()
    history.close()
    lines = list(read_lines(tmp_path / "history.jsonl"))
    assert [(line.kind, line.at) for line in lines] == [("joined", 0), ("processed", 1), ("processed", 2), ("left", 4)]


class WorksUntilRouted(FakeReader):
    """Gives no record. At the first site client routing then names the other one, and at that the group ends."""

    turn: Callable[[], None]

    def poll(self, _: float) -> None:
        (type(self).turn if self.number == 1 else common.STOP.set)()
        common.STOP.wait(0.05)


class Removed:
    """Who was removed, and where."""

    seen: ClassVar[list[tuple[Any, str, str, str | None]]] = []

    def __init__(self, site: Any) -> None:
        self.site = site

    def remove(self, group: str, members: list[Member]) -> frozenset[str]:
        Removed.seen += [(self.site, group, each.member_id, each.instance_id) for each in members]
        return frozenset(each.member_id for each in members)


@pytest.mark.parametrize(
    ("kind", "removed"), [("static", [("at north", "billing", "m-1", "billing-1")]), ("classic", [])]
)
def test_a_static_member_gives_its_place_up_where_it_is_sent_away_and_keeps_it_where_it_is_ended(
    kind: str, removed: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "Reader", WorksUntilRouted)
    monkeypatch.setattr(consumer, "KafkaStaticMembers", Removed)
    monkeypatch.setattr(Removed, "seen", [])
    clock, routing = SystemClock(), FileClientRouting(tmp_path / "client-routing.json")
    routing.route_to("north")
    monkeypatch.setattr(WorksUntilRouted, "turn", lambda: routing.route_to("south"), raising=False)
    history = HistoryWriter(tmp_path / "history.jsonl")
    sites: Any = {"north": "at north", "south": "at south"}
    around = common.Surroundings(sites, routing, history, clock, SteadyTime.begun(clock))
    options = SimpleNamespace(group="billing", topic=["shop.orders"], run=RUN, rate=0, members=1, kind=kind)
    consumer.Membership(around, options, 1).live()
    history.close()
    lines = list(read_lines(tmp_path / "history.jsonl"))
    assert [(line.kind, line.site) for line in lines] == [
        ("joined", "north"),
        ("left", "north"),
        ("joined", "south"),
        ("left", "south"),
    ]
    assert Removed.seen == removed


class LeavesOnceBack(FakeReader):
    """At the first site it gives one record and the site is lost; at the second the site comes back, and it ends."""

    left: ClassVar[list[int]] = []
    committed: ClassVar[list[int]] = []
    lost: ClassVar[set[str]] = set()
    gone = threading.Event()
    routing: ClassVar[FileClientRouting]

    def poll(self, _: float) -> Incoming | None:
        if self.number == 1:
            LeavesOnceBack.lost.add("north")
            LeavesOnceBack.routing.route_to("south")
        else:
            LeavesOnceBack.lost.discard("north")
            assert LeavesOnceBack.gone.wait(30)
            common.STOP.set()
        header = encode(Number(RUN, 2, 0, self.number), None, b"v")
        return Incoming(TopicPartition("shop.orders", 0), self.number, None, b"v", {HEADER: header})

    def commit(self) -> None:
        LeavesOnceBack.committed.append(self.number)
        self.before_commit()

    def close(self) -> None:
        self.commit()

    def leave(self) -> None:
        LeavesOnceBack.left.append(self.number)
        LeavesOnceBack.gone.set()


def test_a_client_that_was_abandoned_leaves_a_site_that_comes_back_without_another_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be a member there, and the failback would wait for it."""
    monkeypatch.setattr(consumer, "Reader", LeavesOnceBack)
    clock, routing = SystemClock(), FileClientRouting(tmp_path / "client-routing.json")
    routing.route_to("north")
    monkeypatch.setattr(LeavesOnceBack, "routing", routing, raising=False)
    monkeypatch.setattr(common.Surroundings, "lost", lambda _, site: site in LeavesOnceBack.lost)
    history = HistoryWriter(tmp_path / "history.jsonl")
    sites: Any = {"north": "at north", "south": "at south"}
    around = common.Surroundings(sites, routing, history, clock, SteadyTime.begun(clock))
    options = SimpleNamespace(group="billing", topic=["shop.orders"], run=RUN, rate=0, members=1, kind="classic")
    consumer.Membership(around, options, 1).live()
    history.close()
    assert LeavesOnceBack.left == [1]
    assert set(LeavesOnceBack.committed) == {2}
    processed = [line for line in read_lines(tmp_path / "history.jsonl") if line.kind == "processed"]
    assert {(line.site, record[3]) for line in processed for record in line.records} == {("north", 1), ("south", 2)}
