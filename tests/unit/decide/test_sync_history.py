"""Which syncs of a partition are kept, and which of them are told."""

from drctl.model.offsets import OffsetSync
from drctl.model.sync_history import LEFT_BEHIND, SyncHistory


def _told(*pairs: tuple[int, int], since: int = 0) -> list[tuple[int, int]]:
    syncs = SyncHistory()
    for place, pair in enumerate(pairs):
        syncs.add(place, OffsetSync(*pair))
    return [(sync.upstream, sync.downstream) for sync in syncs.since(since)]


def test_a_link_that_copies_on_leaves_one_run() -> None:
    assert _told((0, 0), (10, 12), (20, 25)) == [(0, 0), (10, 12), (20, 25)]


def test_until_a_link_that_copies_again_reaches_what_it_had_its_first_copy_is_kept() -> None:
    assert _told((0, 0), (10, 12), (5, 40), (9, 44)) == [(0, 0), (10, 12), (5, 40), (9, 44)]


def test_of_a_run_that_was_reached_only_the_last_sync_is_kept() -> None:
    assert _told((0, 0), (10, 12), (5, 40), (10, 45)) == [(10, 12), (5, 40), (10, 45)]


def test_a_link_that_begins_again_with_its_newest_record_has_reached_what_it_had() -> None:
    assert _told((0, 0), (10, 12), (10, 40)) == [(10, 12), (10, 40)]


def test_a_run_that_was_left_far_behind_is_forgotten() -> None:
    far = 10 + LEFT_BEHIND
    assert _told((0, 0), (10, 12), (5, 40), (far, far)) == [(10, 12), (5, 40), (far, far)]
    assert _told((0, 0), (10, 12), (5, 40), (far + 1, far)) == [(5, 40), (far + 1, far)]


def test_a_link_that_is_killed_again_and_again_keeps_every_run_that_was_not_reached() -> None:
    assert _told((0, 0), (90, 90), (50, 95), (60, 99), (40, 120)) == [(0, 0), (90, 90), (50, 95), (60, 99), (40, 120)]


def test_a_target_that_was_made_anew_forgets_what_lay_beyond_it() -> None:
    assert _told((0, 0), (10, 12), (11, 0)) == [(11, 0)]
    assert _told((0, 3), (10, 12), (11, 4)) == [(0, 3), (11, 4)]


def test_syncs_are_told_from_the_place_on_at_which_they_were_written() -> None:
    pairs = (0, 0), (10, 12), (5, 40), (9, 44)
    assert _told(*pairs, since=1) == [(10, 12), (5, 40), (9, 44)]
    assert _told(*pairs, since=2) == [(5, 40), (9, 44)]
    assert _told(*pairs, since=4) == []


def test_the_last_sync_of_a_run_that_was_reached_keeps_its_place() -> None:
    pairs = (0, 0), (10, 12), (5, 40), (10, 45)
    assert _told(*pairs, since=1) == [(10, 12), (5, 40), (10, 45)]
    assert _told(*pairs, since=2) == [(5, 40), (10, 45)]
