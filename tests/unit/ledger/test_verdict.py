"""A verdict is green only if everything that it needs is there."""

from dataclasses import replace

from drctl.ledger.checker import Findings, check
from drctl.ledger.events import Acknowledged, Event, Processed, Seen, Stream
from drctl.ledger.verdict import Weight, judge
from drctl.model.verdict import Verdict, exit_code

A = Stream(1, "readings", 0)
WEIGHT = Weight({"during": (10, 5)}, {"the fault": True}, control_caught=True)


def clean() -> list[Event]:
    return [
        Acknowledged(A, 1, 0.0, "north"),
        Seen("readings", 0, 0, A, 1),
        Processed("billing", A, 1, 0.0, "north"),
    ]


def findings() -> Findings:
    return check(clean())


def test_a_clean_and_weighty_history_is_proved() -> None:
    assert judge(findings(), WEIGHT)[0] is Verdict.PROVED


def test_a_fault_refutes_whatever_else_is_missing() -> None:
    lost = check(clean()[::2])
    verdict, reasons = judge(lost, replace(WEIGHT, control_caught=False))
    assert verdict is Verdict.REFUTED
    assert "lost" in reasons[0]


def test_a_fault_that_nobody_else_saw_is_inconclusive() -> None:
    verdict, reasons = judge(findings(), replace(WEIGHT, evidence={"the fault": False}))
    assert (verdict, reasons) == (Verdict.INCONCLUSIVE, ("not witnessed: the fault",))


def test_a_checker_that_misses_planted_faults_is_inconclusive() -> None:
    assert judge(findings(), replace(WEIGHT, control_caught=False))[0] is Verdict.INCONCLUSIVE


def test_an_incomplete_history_is_inconclusive() -> None:
    assert judge(findings(), replace(WEIGHT, complete=False))[0] is Verdict.INCONCLUSIVE


def test_too_little_traffic_is_vacuous() -> None:
    assert judge(findings(), replace(WEIGHT, acknowledged={"during": (4, 5)}))[0] is Verdict.VACUOUS


def test_reading_again_is_a_fault_unless_redelivery_is_expected_and_skipping_always_is() -> None:
    again = check([*clean(), clean()[2]])
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


def test_groups_that_did_nothing_are_vacuous() -> None:
    assert judge(check(clean()[:2]), WEIGHT)[0] is Verdict.VACUOUS


def test_only_proved_exits_with_zero() -> None:
    assert [v for v in Verdict if exit_code(v) == 0] == [Verdict.PROVED]
    assert len({exit_code(v) for v in Verdict}) == len(Verdict)
