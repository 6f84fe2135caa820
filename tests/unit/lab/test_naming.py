"""The table of what drctl calls each fault of the Kubernetes lab, from looks that are made up."""

import pytest

from drctl.drills.cause_watch import HealthLook
from drctl.lab.kube.faults import FAULTS, HEAL
from drctl.model.cause import Cause, CauseScope, Response, SiteHealth
from tests.kube.naming import NAMINGS, judged, table

BLIND = ("pods: seen 61 s ago, which is too old",)


def look(at: float, *causes: Cause, blind: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> HealthLook:
    return HealthLook(at, at + 1, SiteHealth("north", causes, blind, notes))


def cause(scope: CauseScope, *brokers: int, stuck: bool = False) -> Cause:
    return Cause(scope, "it", (f"a {scope.value} is ill",), frozenset(brokers), stuck)


VOLUME, BROKER, SITE = cause(CauseScope.VOLUME, 2), cause(CauseScope.BROKER, 2), cause(CauseScope.SITE, 1, 2, 3)


def test_every_fault_is_to_be_called_something_and_none_proposes_a_failover() -> None:
    assert NAMINGS.keys() == FAULTS.keys() - {HEAL}
    assert all(each.do is not Response.FAILOVER for each in NAMINGS.values())


def test_the_first_look_that_is_right_counts_with_its_readings_and_what_was_said_before() -> None:
    looks = [look(2), look(3, BROKER), look(5, BROKER), look(7, VOLUME), look(9, VOLUME)]
    found = judged("fail-writes", looks, 1.5, 2, "the kernel: no")
    assert (found.right, found.seconds, found.before) == (True, 6.5, ("broker",))
    assert found.readings == ("a volume is ill",)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("kill-pod", look(0, BROKER)),
        ("lose-image", look(0, cause(CauseScope.BROKER, 2, stuck=True))),
        ("lose-node", look(0, cause(CauseScope.NODE, 1, 2, 3))),
        ("cut-network", look(0, cause(CauseScope.NETWORK))),
        ("freeze-api-server", look(0, blind=BLIND)),
        ("kill-csi-driver", look(0, notes=("claim a: its kubelet measures no usage",))),
    ],
)
def test_what_names_a_fault(fault: str, named: HealthLook) -> None:
    assert judged(fault, [named], 0, 2, "").right


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("kill-pod", look(0, cause(CauseScope.BROKER, 3))),
        ("kill-pod", look(0, cause(CauseScope.BROKER, 2, stuck=True))),
        ("lose-image", look(0, BROKER)),
        ("fail-writes", look(0, BROKER)),
        ("freeze-api-server", look(0)),
        ("freeze-api-server", look(0, BROKER, blind=BLIND)),
        ("freeze-api-server", look(0, blind=("brokers: no answer",))),
        ("kill-csi-driver", look(0)),
        ("kill-csi-driver", look(0, blind=BLIND, notes=("claim a: its kubelet measures no usage",))),
    ],
)
def test_what_does_not_name_a_fault(fault: str, named: HealthLook) -> None:
    assert not judged(fault, [named], 0, 2, "").right


def test_a_failover_that_was_proposed_first_spoils_what_was_named_later() -> None:
    found = judged("kill-pod", [look(0, SITE), look(2, BROKER)], 0, 2, "")
    assert (found.right, found.seconds, found.before) == (False, 3.0, ("site",))


def test_the_table_has_a_row_per_fault_and_says_what_is_not_named() -> None:
    done = [judged("kill-pod", [look(0, BROKER)], 0, 2, "kubelet: a | b\nc"), judged("fail-writes", [], 0, 2, "")]
    head, rule, first, second = table(done)
    assert len({line.count("|") for line in (head, rule, first, second)}) == 1
    assert "| kill-pod | broker | wait | 1.0 (60) |" in first
    assert "| fail-writes | **not volume**: well | repair | – (180) |" in second
