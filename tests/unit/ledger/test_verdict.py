"""A verdict is green only if everything that it needs is there."""

from dataclasses import replace

import pytest

from drctl.ledger.checker import check
from drctl.ledger.control import PLANTED
from drctl.ledger.events import Acknowledged, Event, Processed, Seen, Stream
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import EvidenceRequirements, Traffic, WindowPhase, judge, reached
from drctl.model.verdict import Verdict, exit_code

A = Stream(1, "readings", 0)
READS = {"billing": ("readings",)}
WINDOWS = {f"{phase} the fault": Traffic(phase, 10, 5) for phase in WindowPhase}
WEIGHT = EvidenceRequirements(WINDOWS, {"the fault": True}, dict.fromkeys(PLANTED, True))


def clean() -> list[Event]:
    return [
        Acknowledged(A, 1, 0.0, "north"),
        Seen("readings", 0, 0, A, 1),
        Processed("billing", A, 1, 0.0, "north"),
    ]


def findings() -> Findings:
    return check(clean(), groups=READS)


def test_a_clean_and_weighty_history_is_proved() -> None:
    assert judge(findings(), WEIGHT)[0] is Verdict.PROVED


def test_a_fault_refutes_whatever_else_is_missing() -> None:
    lost = check(clean()[::2])
    verdict, reasons = judge(lost, replace(WEIGHT, control={}))
    assert verdict is Verdict.REFUTED
    assert "lost" in reasons[0]


def test_a_fault_that_nobody_else_saw_is_inconclusive() -> None:
    verdict, reasons = judge(findings(), replace(WEIGHT, evidence={"the fault": False}))
    assert (verdict, reasons) == (Verdict.INCONCLUSIVE, ("not witnessed: the fault",))


def test_a_checker_that_misses_planted_faults_is_inconclusive() -> None:
    assert judge(findings(), replace(WEIGHT, control={}))[0] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", PLANTED)
def test_a_fault_that_nobody_planted_is_as_bad_as_one_that_was_missed(kind: str) -> None:
    rest = {name: True for name in PLANTED if name != kind}
    assert judge(findings(), replace(WEIGHT, control=rest))[0] is Verdict.INCONCLUSIVE
    assert judge(findings(), replace(WEIGHT, control={**rest, kind: False}))[0] is Verdict.INCONCLUSIVE


def test_an_incomplete_history_is_inconclusive() -> None:
    assert judge(findings(), replace(WEIGHT, complete=False))[0] is Verdict.INCONCLUSIVE


def test_too_little_traffic_is_vacuous() -> None:
    thin = {**WINDOWS, "during the fault": Traffic(WindowPhase.DURING, 4, 5)}
    assert judge(findings(), replace(WEIGHT, windows=thin))[0] is Verdict.VACUOUS


@pytest.mark.parametrize("phase", WindowPhase)
def test_without_a_window_before_during_or_after_it_is_vacuous(phase: WindowPhase) -> None:
    rest = {name: traffic for name, traffic in WINDOWS.items() if traffic.phase is not phase}
    verdict, reasons = judge(findings(), replace(WEIGHT, windows=rest))
    assert (verdict, reasons) == (Verdict.VACUOUS, (f"no window shows the traffic {phase} the event",))


def test_a_window_that_demands_nothing_is_vacuous() -> None:
    empty = {**WINDOWS, "during the fault": Traffic(WindowPhase.DURING, 0, 0)}
    assert judge(findings(), replace(WEIGHT, windows=empty))[0] is Verdict.VACUOUS


def test_without_evidence_it_is_vacuous() -> None:
    assert judge(findings(), replace(WEIGHT, evidence={})) == (Verdict.VACUOUS, ("nothing had to be witnessed",))


def test_a_group_that_did_not_reach_the_end_is_named_with_what_it_has_not_read() -> None:
    more = [*clean(), Acknowledged(A, 2, 0.0, "north"), Seen("readings", 0, 1, A, 2)]
    short = check(more, groups=READS)
    end = "group billing reached the acknowledged end of what it reads"
    assert reached(short) == {end: False}
    verdict, (reason,) = judge(short, replace(WEIGHT, evidence={"the fault": True, end: True}))
    assert verdict is Verdict.INCONCLUSIVE
    assert reason == f"not witnessed: {end}, 1 records are unread, first: readings-0 producer 1 sequence 2"


def test_a_group_of_which_nobody_said_what_it_reads_is_inconclusive() -> None:
    verdict, (reason,) = judge(check(clean()), WEIGHT)[0], judge(check(clean()), WEIGHT)[1][:1]
    assert (verdict, "nobody said" in reason) == (Verdict.INCONCLUSIVE, True)


def test_a_topic_that_nobody_reads_is_inconclusive() -> None:
    prices = Stream(3, "prices", 0)
    more = [*clean(), Acknowledged(prices, 1, 0.0, "north"), Seen("prices", 0, 0, prices, 1)]
    verdict, reasons = judge(check(more, groups=READS), WEIGHT)
    assert (verdict, reasons) == (Verdict.INCONCLUSIVE, ("not witnessed: a group reads prices",))


def test_a_group_that_reads_where_nothing_was_written_has_shown_nothing() -> None:
    verdict, reasons = judge(check(clean(), groups={**READS, "idle": ("prices",)}), WEIGHT)
    assert (verdict, reasons) == (Verdict.VACUOUS, ("group idle processed nothing",))


def test_a_group_that_processed_what_was_never_sent_refutes() -> None:
    alien = check([*clean(), Processed("billing", A, 9, 0.0, "north")], groups=READS)
    assert judge(alien, WEIGHT)[0] is Verdict.REFUTED


def test_reading_again_is_a_fault_unless_redelivery_is_expected_and_skipping_always_is() -> None:
    again = check([*clean(), clean()[2]], groups=READS)
    assert judge(again, WEIGHT)[0] is Verdict.REFUTED
    verdict, reasons = judge(again, replace(WEIGHT, redelivery=True))
    assert (verdict, "read 1 again" in reasons[0]) == (Verdict.PROVED, True)
    skipped = check([*clean(), Acknowledged(A, 2, 0.0, "north"), Seen("readings", 0, 1, A, 2), *_third()])
    assert judge(skipped, replace(WEIGHT, redelivery=True))[0] is Verdict.REFUTED


def _third() -> list[Event]:
    return [
        Acknowledged(A, 3, 0.0, "north"),
        Seen("readings", 0, 2, A, 3),
        Processed("billing", A, 3, 0.0, "north"),
    ]


def test_a_group_that_did_nothing_is_inconclusive_and_no_group_at_all_vacuous() -> None:
    assert judge(check(clean()[:2], groups=READS), WEIGHT)[0] is Verdict.INCONCLUSIVE
    assert judge(check([]), WEIGHT)[0] is Verdict.VACUOUS


def test_only_proved_exits_with_zero() -> None:
    assert [v for v in Verdict if exit_code(v) == 0] == [Verdict.PROVED]
    assert len({exit_code(v) for v in Verdict}) == len(Verdict)
