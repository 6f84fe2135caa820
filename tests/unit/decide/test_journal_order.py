"""Which copy of a journal is the newest, by epoch and sequence, and where two contradict each other."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.decide.journal_order import Contradiction, CopyHead, contradiction, head_of, newest
from drctl.model.chain import GENESIS, Change, Line, chained
from drctl.model.run import RunState

type Told = tuple[Change, str]


def chain(*told: Told) -> tuple[Line, ...]:
    """Lines that follow each other, as a journal makes them."""
    first = Line(0, Change.RUN_ENDED, "", "", GENESIS)

    def follow(before: Line, each: Told) -> Line:
        return chained(before.digest, Line(before.number + 1, each[0], "r1", each[1]))

    return tuple(accumulate(told, follow, initial=first))[1:]


def ended(state: RunState = RunState.DONE) -> Told:
    return Change.RUN_ENDED, state.value


def raised(epoch: int) -> Told:
    return Change.EPOCH_RAISED, str(epoch)


WHOLE = chain(ended(), raised(6), ended(), raised(7), ended())


def test_a_journal_ends_at_its_last_line_in_the_epoch_that_was_raised_last() -> None:
    assert head_of(()) == CopyHead(0, 0)
    assert head_of(WHOLE) == CopyHead(7, 5, WHOLE[-1].digest)
    assert head_of(WHOLE[:3]) == CopyHead(6, 3, WHOLE[2].digest)
    assert str(head_of(WHOLE)) == "line 5 in epoch 7"


@pytest.mark.parametrize("file", range(len(WHOLE) + 1))
@pytest.mark.parametrize("copy", range(len(WHOLE) + 1))
def test_of_two_that_go_on_from_each_other_the_one_with_more_is_the_newest(file: int, copy: int) -> None:
    copies = {"": WHOLE[:file], "south": WHOLE[:copy]}
    assert contradiction(copies) is None
    assert newest(copies) == ("south" if copy > file else "")


@given(st.lists(st.one_of(st.just(None), st.integers(1, 3)), max_size=12), st.data())
def test_epoch_and_sequence_order_the_beginnings_of_one_chain_as_the_number_of_lines_does(
    steps: list[int | None], data: st.DataObject
) -> None:
    epochs = list(accumulate(step or 0 for step in steps))
    lines = chain(*(ended() if step is None else raised(epoch) for step, epoch in zip(steps, epochs, strict=True)))
    one, other = (data.draw(st.integers(0, len(lines))) for _ in range(2))
    assert (head_of(lines[:one]) < head_of(lines[:other])) == (one < other)


@pytest.mark.parametrize("later", [raised(8), raised(90), ended(RunState.STOPPED)], ids=str)
def test_copies_that_part_contradict_each_other_whatever_their_epochs_and_lengths(later: Told) -> None:
    for more in ((), (ended(), ended())):
        other = chain(ended(), raised(6), ended(), later, *more)
        assert contradiction({"": WHOLE, "south": other}) == Contradiction("", "south", 4)
        assert contradiction({"": (), "north": WHOLE, "south": other}) == Contradiction("north", "south", 4)
