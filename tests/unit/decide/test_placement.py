"""Where a position is behind everything that is known of a compacted log. Logs are drawn as in ``drawn.py``."""

from drctl.model.translation import Proof, Refusal
from tests.unit.decide.drawn import Site, look, proven, refused


def test_right_behind_the_newest_known_record_what_only_the_target_holds_was_written_later() -> None:
    """D vanished here after it was copied; a group at 2 has still to come to it there, and more may follow here."""
    assert proven(2, Proof.IDENTIFIED, look(Site("ab.."), Site("ab.d"), (0, 0), at=2, compacted=True))


def test_at_the_logs_end_what_only_the_target_holds_lies_before_the_position() -> None:
    """Whatever was written at 2 or 3 vanished here: d is one of these, and a group at 4 is past it."""
    assert proven(4, Proof.AT_END, look(Site("ab.."), Site("ab.d"), (0, 0), at=4, compacted=True))


def test_behind_vanished_records_and_before_the_end_what_only_the_target_holds_may_lie_on_either_side() -> None:
    assert refused(Refusal.COMPACTED_APART, look(Site("ab.."), Site("ab.d"), (0, 0), at=3, compacted=True))


def test_a_record_that_no_offset_of_the_source_had_room_for_is_noticed() -> None:
    assert refused(Refusal.DIFFERENT_RECORDS, look(Site("ab"), Site("ab.X"), (0, 0), at=2, compacted=True))
