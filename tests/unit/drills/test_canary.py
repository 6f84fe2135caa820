"""The canary on the fakes: its windows' verdicts, what a standby lacks, and what no fault is."""

from uuid import UUID

import pytest

from drctl.drills.canary.judging import CanaryVerdict
from drctl.drills.canary.loop import AGAIN, LOOK, TURN
from drctl.errors import NotFound
from drctl.model.canary import CANARY_RECORDS
from drctl.model.verdict import Verdict
from tests.fakes.site import Entry
from tests.unit.drills.canary_harness import PLACE, TERMS, CanaryHarness


@pytest.fixture
def harness() -> CanaryHarness:
    return CanaryHarness()


def reasons(found: CanaryVerdict) -> str:
    return "; ".join(found.reasons)


def test_every_window_of_a_quiet_day_is_proved_at_both_sites(harness: CanaryHarness) -> None:
    found = harness.work(65)
    assert [each.verdict for each in found] == [Verdict.PROVED] * 3, [each.reasons for each in found]
    assert all(each.acknowledged == pytest.approx(100, abs=2) for each in found)
    assert [each.behind for each in found] == [{"south": 0}] * 3
    most = [each.most_behind["south"] for each in found]
    assert all(told is not None and told[0] < 5 and told[1] < 1 for told in most)
    assert [each.verdict for each in harness.end()] == []


def test_an_acknowledged_record_that_is_not_there_refutes_its_window_by_name(harness: CanaryHarness) -> None:
    harness.work(5)
    harness.fakes["north"].losing = True
    harness.work(1)
    harness.fakes["north"].losing = False
    (found,) = harness.work(18)
    assert found.verdict is Verdict.REFUTED
    assert f"lost, first: {CANARY_RECORDS}-" in reasons(found)


def test_what_is_lost_at_the_end_of_a_log_is_found_when_it_was_read_to_its_end(harness: CanaryHarness) -> None:
    harness.work(15)
    harness.fakes["north"].losing = True
    harness.work(TERMS.settle + 10)
    assert harness.told[0].verdict is Verdict.REFUTED, harness.told[0].reasons


def test_a_link_that_stands_still_leaves_records_behind_and_is_no_loss(harness: CanaryHarness) -> None:
    harness.work(5)
    harness.link.holds = True
    harness.work(10)
    told = harness.loop.behind()["south"]
    assert told.value is not None
    count, age = told.value
    assert count == pytest.approx(50, abs=3)
    assert age == pytest.approx(10, abs=1)
    (first, *_) = harness.work(TERMS.settle + 10)
    assert first.verdict is Verdict.INCONCLUSIVE
    assert first.behind["south"] == pytest.approx(75, abs=3)
    most = first.most_behind["south"]
    assert most is not None
    assert most[0] == pytest.approx(75, abs=6)
    assert most[1] == pytest.approx(15, abs=2)
    assert "not witnessed: south has all of it, less 7" in reasons(first)


def test_what_comes_late_is_behind_no_more_and_refutes_nothing(harness: CanaryHarness) -> None:
    harness.work(5)
    harness.link.holds = True
    harness.work(TERMS.settle + 30)
    before = harness.loop.behind()["south"].value
    assert before is not None
    assert before[0] == pytest.approx(5 * (TERMS.settle + 30), abs=5)
    assert before[1] == pytest.approx(TERMS.settle + 30, abs=TERMS.window)
    harness.link.holds = False
    found = harness.work(TERMS.settle + 60)
    assert harness.loop.behind()["south"].value == (0, 0.0) or harness.loop.behind()["south"].value[0] < 5  # type: ignore[index]
    assert {each.verdict for each in harness.told} == {Verdict.INCONCLUSIVE, Verdict.PROVED}
    assert found[-1].verdict is Verdict.PROVED, found[-1].reasons


def test_a_record_that_the_link_leaves_out_refutes(harness: CanaryHarness) -> None:
    harness.work(5)
    harness.link.holds = True
    harness.work(2)
    harness.link.stored[PLACE] += 2
    harness.link.holds = False
    (found,) = harness.work(18)
    assert found.verdict is Verdict.REFUTED
    assert "at south: 2 lost, first: " in reasons(found)


def test_a_record_that_the_link_leaves_out_after_its_window_was_judged_refutes_the_one_that_is_open(
    harness: CanaryHarness,
) -> None:
    harness.work(5)
    harness.link.holds = True
    harness.work(TERMS.settle + 30)
    harness.link.stored[PLACE] += 3
    harness.link.holds = False
    harness.work(TERMS.settle + 60)
    refuted = [each for each in harness.told if each.verdict is Verdict.REFUTED]
    assert len(refuted) == 1
    assert "3 records of earlier windows never came to south" in reasons(refuted[0])


@pytest.mark.parametrize("late", [0, 60], ids=["in its window", "after it was judged"])
def test_a_record_that_is_copied_twice_refutes(harness: CanaryHarness, late: int) -> None:
    harness.work(5 + late)
    payload = next(payload for _, payload in harness.south.logs[PLACE].data(0))
    harness.south.write(PLACE, payload, "User:mm2")
    found = harness.work(20)
    assert found[0].verdict is Verdict.REFUTED
    assert ("came a second time at south" if late else "at south: 1 duplicated") in reasons(found[0])


def test_a_record_that_nobody_numbered_refutes(harness: CanaryHarness) -> None:
    harness.work(5)
    harness.north.append(PLACE, Entry(b"of somebody else"), "User:canary")
    (found,) = harness.work(18)
    assert found.verdict is Verdict.REFUTED
    assert "1 corrupt" in reasons(found)


def test_another_canary_is_passed_over(harness: CanaryHarness) -> None:
    other = harness.canary(UUID(int=8))
    for _ in range(100):
        other.turn()
        harness.work(TURN)
    found = harness.work(30)
    assert found
    assert {each.verdict for each in found} == {Verdict.PROVED}


def test_a_group_that_is_led_past_records_refutes(harness: CanaryHarness) -> None:
    harness.work(5)
    member = harness.loop._member
    assert member is not None
    harness.clock.sleep(1)
    harness.loop._send(harness.loop._begun())
    member[1].reader.positions[PLACE] += 1  # type: ignore[attr-defined]
    (found,) = harness.work(18)
    assert found.verdict is Verdict.REFUTED
    assert f"group {CANARY_RECORDS} skipped 1" in reasons(found)


def test_what_the_group_reads_again_is_told_and_refutes_nothing(harness: CanaryHarness) -> None:
    harness.work(5)
    member = harness.loop._member
    assert member is not None
    member[1].reader.positions[PLACE] -= 2  # type: ignore[attr-defined]
    (found,) = harness.work(18)
    assert (found.verdict, found.repeated) == (Verdict.PROVED, 2), found.reasons


def test_a_standby_that_is_silent_is_unknown_and_proves_nothing(harness: CanaryHarness) -> None:
    harness.work(5)
    harness.south.down = True
    harness.work(LOOK + 1)
    told = harness.loop.behind()["south"]
    assert (told.value, told.silent) == (None, True)
    assert "no broker answers" in told.unknown
    found = harness.work(TERMS.settle + 20)
    assert found[0].verdict is Verdict.INCONCLUSIVE
    assert "not witnessed: south answers (" in reasons(found[0])
    assert found[0].most_behind["south"] is None
    harness.south.down = False
    harness.work(AGAIN + 30)
    assert harness.loop.behind()["south"].known


def test_a_standby_that_is_silent_from_the_start_is_read_once_it_answers(harness: CanaryHarness) -> None:
    harness.south.down = True
    harness.loop = harness.canary()
    harness.work(10)
    harness.south.down = False
    found = harness.work(TERMS.window + AGAIN)
    assert found[0].verdict is Verdict.PROVED, found[0].reasons


def test_it_follows_a_switchover_and_skips_nothing(harness: CanaryHarness) -> None:
    harness.work(10)
    harness.move()
    harness.work(60)
    assert [each.verdict for each in harness.told if each.verdict is Verdict.REFUTED] == []
    assert (harness.told[-1].site, harness.told[-1].verdict) == ("south", Verdict.PROVED), harness.told[-1]
    assert sum(each.denied for each in harness.told) > 0
    assert sum(each.repeated for each in harness.told) == 0


def test_its_group_is_empty_while_clients_are_sent_nowhere(harness: CanaryHarness) -> None:
    harness.work(10)
    harness.routing.pointer = None
    harness.work(LOOK + 1)
    assert harness.fakes["north"].closed == ["member"]
    harness.routing.pointer = "north"
    found = harness.work(LOOK + 40)
    assert [each.verdict for each in found][-1] is Verdict.PROVED
    assert sum(each.repeated for each in found) == 0


def test_a_failover_that_loses_a_tail_is_refuted(harness: CanaryHarness) -> None:
    harness.work(10)
    harness.link.holds = True
    harness.work(2)
    harness.north.down = True
    harness.work(1)
    harness.link.halt()
    harness.routing.pointer = "south"
    harness.work(TERMS.settle + 20)
    first = harness.told[0]
    assert (first.site, first.verdict) == ("south", Verdict.REFUTED)
    assert "lost, first" in reasons(first)
    assert first.doubtful > 0


def test_a_log_that_is_made_again_is_told_and_read_again_without_a_fault(harness: CanaryHarness) -> None:
    harness.work(30)
    partitions = [p for p in harness.south.logs if p.topic == CANARY_RECORDS]
    harness.south.drop(CANARY_RECORDS)
    harness.south.make(CANARY_RECORDS, len(partitions), {})
    harness.link.stored.clear()
    found = harness.work(60)
    assert {each.verdict for each in found} == {Verdict.INCONCLUSIVE, Verdict.PROVED}, found
    assert any("south were neither cut nor made again" in reasons(each) for each in found)
    assert found[-1].verdict is Verdict.PROVED


def test_a_window_in_which_nobody_may_write_is_never_proved(harness: CanaryHarness) -> None:
    harness.routing.pointer = None
    harness.loop = harness.canary()
    (found,) = harness.work(TERMS.window + 1)
    assert found.verdict is not Verdict.PROVED
    assert found.sent == 0


def test_state_stays_bounded_while_a_standby_is_gone(harness: CanaryHarness) -> None:
    harness.south.down = True
    harness.work(TERMS.settle * 3)
    history = harness.loop._begun()
    most = TERMS.settle / TERMS.window + 3
    assert len(history.windows) <= most
    assert len(history.records) <= most * TERMS.window * TERMS.rate


def test_at_the_end_it_waits_for_what_is_on_its_way_and_judges_it(harness: CanaryHarness) -> None:
    harness.work(15)
    (last,) = harness.end()
    assert last.verdict is Verdict.PROVED, last.reasons
    harness.loop.close()
    assert sorted(harness.fakes["north"].closed) == ["member", "producer", "reader"]
    assert harness.fakes["south"].closed == ["reader"]


def test_a_topic_that_does_not_exist_is_told_at_once(harness: CanaryHarness) -> None:
    harness.north.drop(CANARY_RECORDS)
    with pytest.raises(NotFound, match=CANARY_RECORDS):
        harness.canary()
