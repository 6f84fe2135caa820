"""The contract of the canary's ports, for the fakes and the real thing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import count
from uuid import UUID, uuid4

import pytest

from drctl.errors import NotFound, Unreachable
from drctl.ledger.record import Number, decode, encode
from drctl.model.canary import CANARY_RECORDS, CanaryRecord, WriteAnswer
from drctl.model.fence import DenyRule, Scope
from drctl.ports import CanaryProducer
from tests.contract.canary import PARTITIONS, CanaryTopicHarness, FakeCanaryTopicHarness, RealCanaryTopicHarness
from tests.contract.harness import FakeHarness, Harness
from tests.contract.real_site import RealHarness
from tests.contract.waiting import until

CANARY = frozenset(DenyRule("User:canary", scope) for scope in Scope)


@pytest.fixture(autouse=True)
def _open(harness: Harness) -> Iterator[None]:
    harness.fence.lift(harness.fence.standing())
    yield
    harness.fence.lift(harness.fence.standing())


@pytest.fixture
def topic(harness: Harness, request: pytest.FixtureRequest) -> Iterator[CanaryTopicHarness]:
    """The topic at a site where the canary may write."""
    if isinstance(harness, FakeHarness):
        yield FakeCanaryTopicHarness(harness)
        return
    assert isinstance(harness, RealHarness)
    real = RealCanaryTopicHarness(request.getfixturevalue("lab"), harness)
    until(real.clock, "the canary may write", lambda: not harness.fence.canary().refused)
    yield real
    real.close()


@pytest.fixture
def run() -> UUID:
    """Records of other tests, and copies of those, are in the topic, too; this tells them apart."""
    return uuid4()


def now(topic: CanaryTopicHarness) -> float:
    return topic.clock.now().timestamp()


def send(producer: CanaryProducer, run: UUID, number: int) -> None:
    value, partition = b"record %d" % number, number % PARTITIONS
    producer.send(number, partition, encode(Number(run, 1, partition, number), None, value), value)


def gathered[T](topic: CanaryTopicHarness, ask: Callable[[], Iterable[T]], least: int) -> list[T]:
    """Ask again until so many have come."""
    found: list[T] = []

    def enough() -> bool:
        found.extend(ask())
        return len(found) >= least

    until(topic.clock, f"{least} have come", enough)
    return found


def write(topic: CanaryTopicHarness, producer: CanaryProducer, run: UUID, numbers: Sequence[int]) -> None:
    """Send records of these numbers, and see each acknowledged once."""
    for number in numbers:
        send(producer, run, number)
    answers = gathered(topic, producer.answers, len(numbers))
    assert sorted(answers) == [(number, WriteAnswer.WRITTEN) for number in sorted(numbers)]


def own(read: Callable[[], Sequence[CanaryRecord]], run: UUID) -> Callable[[], list[tuple[CanaryRecord, Number]]]:
    """Read, without what others have written, each record with its number."""

    def ours() -> list[tuple[CanaryRecord, Number]]:
        told = [(each, decode(each.number, None, each.value)) for each in read()]
        return [(each, number) for each, number in told if number is not None and number.run == run]

    return ours


def sequences(found: Iterable[tuple[CanaryRecord, Number]]) -> list[int]:
    return [number.sequence for _, number in found]


def test_what_is_acknowledged_is_read_as_it_was_sent_and_in_log_order(topic: CanaryTopicHarness, run: UUID) -> None:
    site = topic.canary()
    assert site.partitions() == PARTITIONS
    with closing(site.reader(now(topic))) as reader, closing(site.producer()) as producer:
        write(topic, producer, run, range(12))
        found = gathered(topic, own(reader.read, run), 12)
    assert sorted(sequences(found)) == list(range(12))
    assert {each.topic for each, _ in found} == {CANARY_RECORDS}
    for partition in range(PARTITIONS):
        there = [(each, number) for each, number in found if each.partition == partition]
        own_ones = range(partition, 12, PARTITIONS)
        assert [number for _, number in there] == [Number(run, 1, partition, each) for each in own_ones]
        assert [each.value for each, _ in there] == [b"record %d" % each for each in own_ones]
        offsets = [each.offset for each, _ in there]
        assert offsets == sorted(set(offsets))


def test_a_reader_knows_whether_it_lacks_anything(topic: CanaryTopicHarness, run: UUID) -> None:
    site = topic.canary()
    with closing(site.reader(now(topic))) as reader, closing(site.producer()) as producer:
        write(topic, producer, run, range(3))
        # A transaction of the link that is open for a moment keeps what lies behind it from every reader.
        until(topic.clock, "it lacks some", lambda: not reader.has_all())
        found = gathered(topic, own(reader.read, run), 3)

        def read_to_the_end() -> bool:
            found.extend(own(reader.read, run)())
            return reader.has_all()

        until(topic.clock, "it lacks nothing", read_to_the_end)
    assert sorted(sequences(found)) == [0, 1, 2]


def test_a_reader_leaves_out_what_is_older(topic: CanaryTopicHarness, run: UUID) -> None:
    site = topic.canary()
    with closing(site.producer()) as producer:
        write(topic, producer, run, range(3))
        topic.clock.sleep(0.1)
        since = now(topic)
        write(topic, producer, run, range(3, 6))
    with closing(site.reader(since)) as reader:
        found = gathered(topic, own(reader.read, run), 3)
    assert sorted(sequences(found)) == [3, 4, 5]


def test_copies_are_read_under_their_own_name(topic: CanaryTopicHarness, harness: Harness) -> None:
    place, value = topic.make_copy(), uuid4().bytes
    harness.write(place, b"an earlier one")  # only once it has a leader
    with closing(topic.canary(topic.prefix).reader(now(topic))) as reader:
        harness.write(place, value)
        found = gathered(topic, lambda: [each for each in reader.read() if each.value == value], 1)
    assert [(each.topic, each.partition, each.number) for each in found] == [(place.topic, 0, None)]


def test_a_member_goes_on_where_the_one_before_it_has_come_to(topic: CanaryTopicHarness, run: UUID) -> None:
    site = topic.canary()
    with closing(site.producer()) as producer:
        with closing(site.member()) as member:
            write(topic, producer, run, range(6))
            found = gathered(topic, own(member.read, run), 6)
            assert sorted(sequences(found)) == list(range(6))
        with closing(site.member()) as member:
            write(topic, producer, run, range(6, 9))
            found = gathered(topic, own(member.read, run), 3)
            assert sorted(sequences(found)) == [6, 7, 8]


def test_a_record_that_is_told_as_denied_is_never_there(topic: CanaryTopicHarness, harness: Harness, run: UUID) -> None:
    site, told = topic.canary(), dict[int, WriteAnswer]()
    numbers = count(PARTITIONS, PARTITIONS)  # all of them to one partition, so that the last one is behind them
    with closing(site.reader(now(topic))) as reader:
        with closing(site.producer()) as producer:
            write(topic, producer, run, [0])
            harness.fence.deny(CANARY)

            def denied() -> bool:
                told.update(producer.answers())
                if WriteAnswer.DENIED in told.values():
                    return True
                send(producer, run, next(numbers))
                return False

            until(topic.clock, "a record is denied", denied)
        with closing(site.producer()) as producer:
            late = next(numbers)
            send(producer, run, late)
            told[late] = WriteAnswer.DENIED
            assert gathered(topic, producer.answers, 1) == [(late, WriteAnswer.DENIED)]
        harness.fence.lift(CANARY)
        until(topic.clock, "the canary may write again", lambda: not harness.fence.canary().refused)
        with closing(site.producer()) as producer:
            last = next(numbers)
            write(topic, producer, run, [last])
        found: list[int] = []

        def reached() -> bool:
            found.extend(sequences(own(reader.read, run)()))
            return last in found

        until(topic.clock, "the last one is read", reached)
    assert not set(found) & {number for number, answer in told.items() if answer is WriteAnswer.DENIED}
    assert {0, *(number for number, answer in told.items() if answer is WriteAnswer.WRITTEN), last} <= set(found)


def test_who_may_not_see_the_topic_is_told_that_there_is_none(topic: CanaryTopicHarness) -> None:
    site = topic.stranger()
    with pytest.raises(NotFound, match=CANARY_RECORDS):
        site.partitions()
    with pytest.raises(NotFound, match=CANARY_RECORDS):
        site.reader(now(topic))


def test_a_site_that_is_silent_is_told_and_what_was_sent_there_is_in_doubt(
    topic: CanaryTopicHarness, run: UUID
) -> None:
    site = topic.silent()
    with pytest.raises(Unreachable):
        site.partitions()
    with pytest.raises(Unreachable):
        site.reader(now(topic))
    with closing(site.producer()) as producer:
        send(producer, run, 0)
        assert gathered(topic, producer.answers, 1) == [(0, WriteAnswer.DOUBTFUL)]
