"""What is known before records are read. Logs are drawn as in ``drawn.py``."""

import pytest

from drctl.decide.windows import Window
from drctl.model.translation import Refusal
from tests.unit.decide.drawn import Site, look, refused


@pytest.mark.parametrize("compacted", [False, True])
def test_without_a_sync_one_log_that_retention_emptied_tells_nothing_of_the_other(compacted: bool) -> None:
    here, there = Site("abcde", start=5), Site("..ab.", start=2)
    assert refused(Refusal.NO_SYNC, look(here, there, at=5, compacted=compacted)), "these may be of another log"
    here, there = Site("abcde", start=3), Site("ab", start=2)
    assert refused(Refusal.NO_SYNC, look(here, there, at=3, compacted=compacted)), "d and e may be gone there"


def test_a_target_to_which_nothing_was_ever_written_waits_for_the_copy_wherever_the_source_begins() -> None:
    here, there = Site("abcde", start=3), Site("")
    assert refused(Refusal.COPY_UNCERTAIN, look(here, there, at=3))
    assert refused(Refusal.NOT_COPIED, look(here, there, at=4))


def test_a_target_whose_only_offset_was_written_may_have_lost_it() -> None:
    assert refused(Refusal.NO_SYNC, look(Site("abcde", start=3), Site("a", start=1), at=3))


def test_the_size_of_a_window_does_not_depend_on_where_the_logs_are() -> None:
    assert Window((5_000_000, 5_000_008), (7_000_000, 7_000_003)).size == 11
    assert Window((0, 0), (4, 4)).size == 0
