"""The contract of JournalCopy, for the fake and the topic at a real site; and what travels there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from drctl.drivers.kafka.journal_copy import PART, TOPIC, KafkaJournalCopy
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import JournalBroken, NotProven
from drctl.lab import Lab
from drctl.model.chain import Line, require_whole
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, Run, RunState
from drctl.plans.copying import CopiedJournal, Courier, InBackground
from drctl.ports import JournalCopy
from tests.contract.real_site import RealHarness
from tests.fakes import FakeJournal, FakeJournalCopy, FakeSite

type Copy = Callable[[], JournalCopy]


@pytest.fixture(params=["fake", "north", "south"])
def copy(request: pytest.FixtureRequest) -> Iterator[Copy]:
    """Makes copies of one journal at one site, as drctl's least privileged user."""
    if request.param == "fake":
        fake = FakeJournalCopy(FakeSite("north", {}))
        yield lambda: fake
        return
    lab: Lab = request.getfixturevalue("lab")
    made: list[KafkaJournalCopy] = []
    plan = f"plan-{uuid4().hex}"

    def make() -> JournalCopy:
        made.append(KafkaJournalCopy(lab.site(request.param).kafka("drctl"), plan))
        return made[-1]

    yield make
    for each in made:
        each.close()


def run(number: int) -> Run:
    return Run(f"r{number}", "switchover", "lab", "d1", "north", "south", number)


def lines(journal: FakeJournal, runs: range = range(1, 3), *, long: int = 0) -> tuple[Line, ...]:
    for number in runs:
        journal.begin(run(number))
        journal.append(run(number).id, Event.STEP_OBSERVED, "fence-writes", {"ö": [1, None], "long": "x" * long})
        journal.end(run(number).id, RunState.DONE)
    return journal.lines()


def test_nothing_was_written_and_nothing_is_there(copy: Copy) -> None:
    assert copy().last() is None
    assert copy().lines() == ()


def test_lines_come_back_as_they_were_and_in_order(copy: Copy) -> None:
    written = lines(FakeJournal())
    copy().write(written[:2])
    assert copy().last() == written[1]
    copy().write(written[2:])
    assert copy().last() == written[-1]
    assert copy().lines() == written
    assert require_whole("the copy", copy().lines()) == written[-1]


def test_who_looks_again_sees_what_it_has_written_and_what_others_have(copy: Copy) -> None:
    written, one, other = lines(FakeJournal()), copy(), copy()
    assert one.last() is None
    for number, who in enumerate((one, one, other, one, other, other), 1):
        who.write(written[number - 1 : number])
        assert (one.last(), other.last()) == (written[number - 1],) * 2
    one.write(written[:2])
    assert one.last() == written[-1]


def test_a_line_that_is_there_twice_counts_once(copy: Copy) -> None:
    written = lines(FakeJournal())
    for _ in range(2):
        copy().write(written)
    copy().write(written[:3])
    assert copy().last() == written[-1]
    assert copy().lines() == written


def test_two_lines_that_differ_under_one_number_are_named(copy: Copy) -> None:
    one, other = FakeJournal(), FakeJournal()
    other.begin(run(9))
    copy().write(lines(one))
    copy().write(other.lines())
    with pytest.raises(JournalBroken, match="two different lines 1"):
        copy().lines()


def test_a_line_longer_than_a_record_may_be_comes_back_whole(copy: Copy) -> None:
    written = lines(FakeJournal(), range(1, 2), long=3 * PART)
    copy().write(written)
    assert copy().lines() == written


def test_a_courier_brings_what_is_missing_and_nothing_twice(copy: Copy) -> None:
    journal = FakeJournal()
    lines(journal)
    Courier("north", journal, copy()).deliver()
    lines(journal, range(3, 5))
    courier = Courier("north", journal, copy())
    for _ in range(2):
        courier.deliver()
    assert copy().lines() == journal.lines()


def test_a_courier_of_a_journal_that_is_behind_its_copy_refuses(copy: Copy) -> None:
    copy().write(lines(FakeJournal()))
    with pytest.raises(JournalBroken, match="goes on to line 6") as caught:
        Courier("north", FakeJournal(), copy()).deliver()
    assert "drctl runs restore --from north" in caught.value.remedy


def test_what_another_client_wrote_there_is_named(lab: Lab) -> None:
    harness = RealHarness(lab, "north")
    plan = f"plan-{uuid4().hex}"
    copy = KafkaJournalCopy(harness.site, plan)
    try:
        producer = harness._producer()
        producer.produce(TOPIC, b"no line", plan.encode(), partition=0)
        assert producer.flush(30) == 0
        end = harness.records.bounds([TopicPartition(TOPIC, 0)])[TopicPartition(TOPIC, 0)].high
        with pytest.raises(NotProven, match=f"offset {end - 1} of {TOPIC} is no line"):
            copy.lines()
    finally:
        harness.close()


def test_a_journal_that_is_lost_comes_back_from_either_site(lab: Lab, tmp_path: Path) -> None:
    plan = f"plan-{uuid4().hex}"

    def at(site: str) -> Callable[[], KafkaJournalCopy]:
        return lambda: KafkaJournalCopy(lab.site(site).kafka("drctl"), plan)

    file = SqliteJournal(tmp_path / "j.sqlite", SystemClock())
    couriers = InBackground(SqliteJournal(file.path, SystemClock()), {name: at(name) for name in ("north", "south")})
    journal = CopiedJournal(file, couriers)
    journal.begin(run(1))
    for number in range(20):
        journal.append("r1", Event.STEP_OBSERVED, f"step-{number}", {"n": number})
    journal.end("r1", RunState.DONE)
    couriers.close()
    for site in ("north", "south"):
        copy, again = at(site)(), SqliteJournal(tmp_path / f"{site}.sqlite", SystemClock())
        assert again.complete(copy.lines()) == 22
        copy.close()
        assert again.lines() == file.lines()
        assert again.runs() == file.runs()
        assert again.entries("r1") == file.entries("r1")
