"""Faults of volumes and of the node: whom they strike, how they end, and what drctl has to call them meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import kube_actions, undo
from drctl.chaos.kube_actions import CALLED, miscalled, scopes
from drctl.drills.cause_watch import HealthLook
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab import Lab, repairs, roles
from drctl.lab.injecting import FaultEvidence
from drctl.lab.kube import KubeLab
from drctl.lab.kube.faults import FAULTS, HEAL
from drctl.lab.layout import plan_layout
from drctl.model.cause import Cause, CauseScope, SiteHealth
from tests.unit.chaos.struck import lab, noted
from tests.unit.chaos.test_kube_actions import BROKER, SITE, VOLUME, WELL, Watch, look

__all__ = ["lab"]

ACTS = {
    "fill-volume": kube_actions.fill_volume,
    "fail-writes": kube_actions.fail_volume_writes,
    "detach-volume": kube_actions.detach_volume,
    "lose-volume": kube_actions.lose_volume,
    "lose-node": kube_actions.lose_node,
}
NODE = look(CauseScope.NODE)


@pytest.fixture
def done(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to a lab of pods whose leader is broker 2, in order."""
    there, found = KubeLab(lab.folder, plan_layout(3), SystemClock()), list[str]()

    def fault(kind: str) -> object:
        def injected(_: KubeLab, pod: str) -> FaultEvidence:
            found.append(f"{kind} {pod}")
            at = lab.clock.now()
            return FaultEvidence(kind, pod, at, "the node's kernel", "Input/output error", at)

        return injected

    monkeypatch.setattr(kube_actions, "kube_lab", lambda _: there)
    monkeypatch.setattr(kube_actions, "FAULTS", {kind: fault(kind) for kind in CALLED})
    monkeypatch.setattr(kube_actions, "CALLED_WITHIN", 0.0)
    monkeypatch.setattr(roles, "leader", lambda *_: 2)
    monkeypatch.setattr(
        kube_actions, "arm", lambda _, repair, site, seconds: found.append(f"{repair} {site} in {seconds:g} s")
    )
    return found


def watched(monkeypatch: pytest.MonkeyPatch, *looks: HealthLook) -> None:
    @contextmanager
    def found(*_: object) -> Iterator[Watch]:
        yield Watch(looks)

    monkeypatch.setattr(kube_actions, "_watched", found)


def test_every_fault_has_its_action_and_is_one_of_the_labs() -> None:
    assert ACTS.keys() == CALLED.keys() <= FAULTS.keys()


@pytest.mark.parametrize("kind", sorted(ACTS))
def test_the_leader_is_struck_once_its_end_is_sure_and_what_drctl_called_it_is_noted(
    done: list[str], lab: Lab, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    watched(monkeypatch, WELL, BROKER, NODE if kind == "lose-node" else VOLUME)
    told = ACTS[kind]("north", "turbines.readings", 0, expires_after=50)
    assert done == ["heal-pods north in 50 s", f"{kind} north-broker-2"]
    (line,) = noted(lab)
    assert (line["fault"], line["target"], line["observer"]) == (kind, "north-broker-2", "the node's kernel")
    assert line["observation"].startswith(f"Input/output error; drctl called it broker, {CALLED[kind].value}")
    assert line["observation"] in told


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ((), "drctl called it nothing within 0 s, not volume"),
        ((BROKER,), "drctl called it broker within 0 s, not volume"),
        ((look(CauseScope.VOLUME, broker=3),), "drctl called it nothing"),
        ((VOLUME, SITE), "drctl proposed a failover"),
    ],
    ids=["never looked", "miscalled", "another one's", "failover"],
)
def test_a_fault_that_drctl_miscalls_fails_its_action_and_its_evidence_is_noted(
    done: list[str], lab: Lab, monkeypatch: pytest.MonkeyPatch, looks: tuple[HealthLook, ...], said: str
) -> None:
    watched(monkeypatch, *looks)
    with pytest.raises(ActivityFailed, match=said):
        kube_actions.lose_volume("north", "turbines.readings", 0)
    assert len(done) == 2
    assert len(noted(lab)) == 1


def test_a_fault_that_nobody_sees_is_not_noted_and_its_end_is_armed(
    done: list[str], lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseen(*_: object) -> FaultEvidence:
        raise LabError("timed out waiting until it is seen")

    watched(monkeypatch, VOLUME)
    monkeypatch.setattr(kube_actions, "FAULTS", {"fill-volume": unseen})
    with pytest.raises(ActivityFailed, match="until it is seen"):
        kube_actions.fill_volume("north", "turbines.readings", 0)
    assert done == ["heal-pods north in 900 s"]
    assert noted(lab) == []


def test_a_cause_that_names_no_broker_explains_all_and_what_it_was_called_first_is_no_matter() -> None:
    anywhere = HealthLook(0, 1, SiteHealth("north", (Cause(CauseScope.NODE, "it", ("why",)),)))
    assert scopes((BROKER, anywhere, BROKER), 2) == (CauseScope.BROKER, CauseScope.NODE)
    assert list(miscalled("lose-node", (BROKER, anywhere), 2)) == []


def test_a_lab_without_pods_has_no_volume_to_harm_or_to_heal(lab: Lab) -> None:
    for act in (lambda: kube_actions.fill_volume("north", "turbines.readings", 0), lambda: undo.heal_pods("north")):
        with pytest.raises(ActivityFailed, match="has no pods"):
            act()
    assert noted(lab) == []


def test_pods_that_are_away_are_healed_first_and_each_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    there, healed = KubeLab(lab.folder, plan_layout(3), SystemClock()), list[str]()
    monkeypatch.setattr(KubeLab, "ready", lambda _, pod: pod != "north-broker-2")
    monkeypatch.setitem(FAULTS, HEAL, lambda _, pod: healed.append(pod))
    assert repairs.heal_pods(there, "north") == ["north-broker-2"]
    assert healed == ["north-broker-2", "north-broker-1", "north-broker-3"]
    assert repairs.heal_pods(there, "south") == []
