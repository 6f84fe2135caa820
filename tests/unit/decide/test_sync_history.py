"""Which syncs of a partition are kept, and which of them are told."""

from itertools import pairwise

from drctl.model.offsets import OffsetSync
from drctl.model.sync_history import DENSE, FULL, LEFT_BEHIND, SyncHistory


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


def test_a_run_of_any_length_stays_small_its_newest_syncs_whole_and_older_ones_further_apart() -> None:
    history = SyncHistory()
    written = [OffsetSync(101 * n, 103 * n) for n in range(60_000)]
    for place, sync in enumerate(written):
        history.add(10 * place, sync)
    kept = history.since(0)
    assert kept[0] == written[0]
    assert kept[-DENSE:] == tuple(written[-DENSE:])
    assert len(kept) < 3 * FULL
    for sync, next_ in pairwise(kept):
        assert next_.upstream - sync.upstream <= 101 + 3 * (written[-1].upstream - sync.upstream) / DENSE
    middle = kept[len(kept) // 2]
    assert history.since(10 * written.index(middle)) == kept[len(kept) // 2 :], "each has kept its place"


def test_a_run_is_thinned_out_once_it_is_full() -> None:
    history = SyncHistory()
    for n in range(FULL - 1):
        history.add(n, OffsetSync(10**7 + n if n else 0, n))
    assert len(history.since(0)) == FULL - 1
    history.add(FULL, OffsetSync(10**9, FULL))
    assert len(history.since(0)) == DENSE + 2, "the first one, the one behind the gap, and the newest"
