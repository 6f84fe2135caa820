"""Two logs compared record by record: what differs is named, what was not copied yet is not, and nothing else is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.decide import comparison as comparing
from drctl.decide.comparison import comparison
from drctl.decide.windows import Logs, Window
from drctl.model.comparison import Comparison, Difference
from drctl.model.offsets import OffsetSync
from tests.unit.decide.drawn import ORDERS, Site

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(autouse=True, params=[(5_000, 1_000), (3, 8)], ids=["at once", "piece by piece"])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    piece, ahead = request.param
    monkeypatch.setattr(comparing, "PIECE", piece)
    monkeypatch.setattr(comparing, "AHEAD", ahead)


def compared(
    source: Site, target: Site, *syncs: tuple[int, int], compacted: bool = False, newest: int | None = None
) -> Comparison:
    written = tuple(OffsetSync(*sync) for sync in syncs)
    asking = comparison(Logs(ORDERS, source.bounds, target.bounds, written, compacted), newest)
    read: tuple[list[object], list[object]] | None = None
    try:
        while True:
            window: Window = next(asking) if read is None else asking.send(read)  # type: ignore[arg-type]
            read = (
                [r for r in source.records if r.offset in range(*window.source)],
                [r for r in target.records if r.offset in range(*window.target)],
            )
    except StopIteration as ended:
        found: Comparison = ended.value
        return found


def named(found: Comparison) -> list[str]:
    assert found.differing == len(found.differences)
    return [f"{each.kind} {each.source} {each.target}" for each in found.differences]


@pytest.mark.parametrize(
    ("source", "target", "differences", "waiting"),
    [
        ("abcd", "abcd", [], 0),
        ("ab..cd", "a.bc.d", [], 0),
        ("abcd", "ab", [], 2),
        ("abcd", "", [], 4),
        ("", "", [], 0),
        ("abcde", "abde", ["missing 2 None"], 0),
        ("abcd", "abbcd", ["repeated None 2"], 0),
        ("abcd", "abcdab", ["repeated None 4", "repeated None 5"], 0),
        ("abcd", "abXcd", ["extra None 2"], 0),
        ("abcd", "aXcd", ["changed 1 1"], 0),
        ("abcdef", "adbcef", ["moved 3 1"], 0),
        ("abcd", "abcX", ["extra None 3"], 1),  # d may come yet, X is not its copy
        ("abcd", "abcdX", ["extra None 4"], 0),
        ("abcdefgh", "abXYefh", ["changed 2 2", "changed 3 3", "missing 6 None"], 0),
        ("abcd", "bcd", ["missing 0 None"], 0),
    ],
)
def test_from_the_beginning_of_both_logs(source: str, target: str, differences: list[str], waiting: int) -> None:
    found = compared(Site(source), Site(target))
    assert (named(found), found.waiting, found.unknown) == (differences, waiting, "")


@pytest.mark.parametrize(
    ("source", "target", "sync", "since", "differences"),
    [
        (Site("abcdefgh"), Site("abcdefgh", 3), (5, 5), 3, []),  # the target begins later
        (Site("abcdefgh", 3), Site("abcdefgh"), (5, 5), 3, []),  # the source does
        (Site("abcdefgh", 3), Site("XabcdefYgh", 2), (5, 6), 3, ["extra None 7"]),
        (Site("abcdefgh", 1), Site("abXdefgh", 1), (5, 5), 1, ["changed 2 2"]),
        (Site("abcdefgh", 1), Site("abdefgh", 1), (4, 3), 1, ["missing 2 None"]),
        (Site("abcdefgh", 1), Site("abcdefgh", 1), (4, 5), 0, None),  # a sync that does not hold
        (Site("abcdefgh", 1), Site("abcdefgh", 1), None, 0, None),
    ],
)
def test_around_a_sync_that_holds(
    source: Site, target: Site, sync: tuple[int, int] | None, since: int, differences: list[str] | None
) -> None:
    found = compared(source, target, *([sync] if sync else []))
    if differences is None:
        assert (found.unknown != "", found.compared) == (True, 0)
        return
    assert (named(found), found.since, found.unknown) == (differences, since, "")
    assert found.compared > 0


def test_a_false_sync_is_passed_over_for_one_that_holds() -> None:
    found = compared(Site("abcdefgh", 1), Site("abcdefgh", 1), (2, 3), (5, 5))
    assert (named(found), found.compared) == ([], 7)


def test_only_as_much_is_compared_as_is_wanted() -> None:
    found = compared(Site("abcdefgh"), Site("Xbcdefgh"), (2, 2), (5, 5), newest=4)
    assert (named(found), found.since, found.compared) == ([], 4, 4)
    found = compared(Site("abcdefgh"), Site("Xbcdefgh"), (2, 2), (5, 5), newest=1)
    assert (named(found), found.since, found.compared) == ([], 5, 3)


def test_in_a_compacted_topic_records_on_one_side_only_are_counted_and_blamed_on_nobody() -> None:
    found = compared(Site("a.cdefgh"), Site("ab.d.fgh"), (0, 0), compacted=True)
    assert (named(found), found.one_sided, found.compared) == ([], 3, 5)


def test_many_differences_are_all_counted() -> None:
    found = compared(Site("a" + "b" * 300 + "c"), Site("a" + "".join(map(chr, range(200, 500))) + "c"))
    assert found.differing >= 300
    assert len(found.differences) == comparing.NAMED


@given(st.data())
def test_what_was_done_to_a_copy_is_found_and_nothing_else(data: st.DataObject) -> None:
    draw = data.draw
    ours = draw(st.lists(st.sampled_from(ALPHABET), unique=True, min_size=12, max_size=len(ALPHABET)))
    marked = [sign + "." * draw(st.integers(0, 2)) for sign in ours]
    source = Site("".join(marked))
    copied = draw(st.integers(6, len(ours)))
    harmed = draw(st.integers(2, copied - 3))
    kind = draw(st.sampled_from([None, Difference.MISSING, Difference.EXTRA, Difference.CHANGED, Difference.REPEATED]))
    signs = list(ours[:copied])
    match kind:
        case Difference.MISSING:
            del signs[harmed]
        case Difference.EXTRA:
            signs.insert(harmed, "!")
        case Difference.CHANGED:
            signs[harmed] = "!"
        case Difference.REPEATED:
            signs.insert(harmed, signs[harmed - 1])
    target = Site("".join(sign + "." * draw(st.integers(0, 2)) for sign in signs))
    places = {record.digest: record.offset for record in reversed(target.records)}
    pairs = [(r.offset, places[r.digest]) for r in source.records if r.digest in places]
    syncs = sorted(draw(st.sets(st.sampled_from(pairs), max_size=3)))
    found = compared(source, target, *syncs)
    assert [each.kind for each in found.differences] == ([kind] if kind else [])
    assert found.compared == copied - (kind in (Difference.MISSING, Difference.CHANGED))
    assert (found.waiting > 0) == (copied < len(ours))
    for side in ("source", "target"):
        cut = draw(st.integers(0, 4))
        logs = {"source": source, "target": target}
        kept = logs[side]
        kept.records = [record for record in kept.records if record.offset >= cut]
        kept.bounds = replace(kept.bounds, start=cut)
    again = compared(source, target, *syncs)
    assert again.differing <= found.differing
    assert again.compared <= found.compared
