"""What the lab's producers put on a record: who sent it, where to, as which one, when, and in which epoch."""

from uuid import UUID

import pytest

from drctl.lab.clients.producer import NUMBERS, Source
from drctl.ledger.record import HEADER, Sending, decode

RUN = UUID(int=9)


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_record_carries_everything_that_the_ledger_knows_of_it(kind: str) -> None:
    source = Source(kind, RUN, 3)
    made = [source.next() for _ in range(40)]
    dense = dict.fromkeys(range(3), 0)
    for each in made:
        sent = each.sent(2, 1_790_000_000.0014, "south")
        number = decode(dict(sent.headers)[HEADER], sent.key, sent.value)
        place = each.record.partition
        dense[place.partition] += 1
        assert number is not None
        assert (number.run, number.producer, number.partition) == (RUN, NUMBERS[kind], place.partition)
        assert number.sequence == dense[place.partition] == each.sequence
        assert (number.intact, number.sent) == (True, Sending(2, 1_790_000_000_001, "south"))


def test_a_record_that_is_sent_again_elsewhere_keeps_its_number_and_tells_of_the_last_time() -> None:
    each = Source("turbines", RUN, 1).next()
    first, again = each.sent(1, 1.0, "north"), each.sent(2, 2.0, "south")
    assert (first.key, first.value, first.partition) == (again.key, again.value, again.partition)
    told = [decode(dict(sent.headers)[HEADER], sent.key, sent.value) for sent in (first, again)]
    assert [number and number.sent for number in told] == [Sending(1, 1000, "north"), Sending(2, 2000, "south")]
    assert [name for name, _ in again.headers] == [HEADER, "source", "trace"]
