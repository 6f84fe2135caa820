"""Killed pods are judged by their volumes and by what drctl called the cause; without pods nothing is killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chaoslib.exceptions import ActivityFailed
from click.testing import CliRunner

from drctl.chaos import kube_actions, undo
from drctl.chaos.admission import admitted
from drctl.chaos.campaign_command import campaign
from drctl.chaos.command import command
from drctl.chaos.kube_actions import shortcomings
from drctl.chaos.labs import lab_for
from drctl.drills.cause_watch import HealthLook
from drctl.drills.pod_kills import PodKill
from drctl.drivers.store.clock import SystemClock
from drctl.errors import ConfigInvalid
from drctl.lab import Lab
from drctl.lab.injecting import FaultEvidence
from drctl.lab.kube import KubeLab
from drctl.lab.layout import plan_layout
from drctl.model.cause import Cause, CauseScope, SiteHealth
from tests.unit.chaos.struck import lab, noted

__all__ = ["lab"]

ON_PODS = Path("experiments/broker-pod-killed-on-its-volume.yaml")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVIDENCE = FaultEvidence("kill-pod", "north-broker-2", NOW, "the API server", "uid b instead of a", NOW)
KILLED = PodKill(EVIDENCE, "u-1", same=True, back=9.5)


def look(scope: CauseScope = CauseScope.BROKER, broker: int = 2) -> HealthLook:
    causes = () if scope is CauseScope.WELL else (Cause(scope, "it", ("why",), frozenset({broker})),)
    return HealthLook(0, 1e9, SiteHealth("north", causes))


BROKER, VOLUME, SITE, WELL = (
    look(each) for each in (CauseScope.BROKER, CauseScope.VOLUME, CauseScope.SITE, CauseScope.WELL)
)


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ((BROKER,), []),
        ((WELL, VOLUME, BROKER, BROKER, WELL), []),
        ((), ["no cause for broker 2"]),
        ((WELL, look(broker=3)), ["no cause for broker 2"]),
        ((VOLUME, VOLUME, BROKER), ["named volume, not broker"]),
        ((BROKER, VOLUME), ["named volume, not broker"]),
        ((VOLUME, BROKER, BROKER, look(CauseScope.NODE)), []),
        ((BROKER, BROKER, SITE), ["proposed a failover"]),
        ((SITE,), ["named site, not broker", "proposed a failover"]),
    ],
    ids=[
        "named",
        "named by most",
        "never looked",
        "another one's",
        "misnamed",
        "as often",
        "more than any",
        "failover once",
        "site",
    ],
)
def test_a_kill_is_as_it_should_be_if_most_looks_call_it_broker_and_none_proposes_a_failover(
    looks: tuple[HealthLook, ...], said: list[str]
) -> None:
    found = list(shortcomings(KILLED, looks, 2))
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True))


def test_a_pod_on_another_volume_is_named_with_the_one_that_it_lost() -> None:
    strayed = replace(KILLED, same=False)
    assert list(shortcomings(strayed, (BROKER,), 2)) == ["it did not come back to volume u-1"]
    assert "not back on volume u-1" in strayed.said
    assert "not" not in KILLED.said


class Watch:
    """Tells of every kill the same looks."""

    def __init__(self, looks: tuple[HealthLook, ...]) -> None:
        self.looks = looks

    def since(self, _: float) -> tuple[HealthLook, ...]:
        return self.looks


@pytest.fixture
def pods(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A lab of pods that are killed at once and come back; what was killed, and how."""
    done: list[tuple[str, str]] = []

    def kill(_: KubeLab, kind: str, pod: str) -> PodKill:
        done.append((kind, pod))
        at = lab.clock.now()
        evidence = replace(EVIDENCE, fault=kind, target=pod, injected_at=at, observed_at=at)
        return replace(KILLED, evidence=evidence, same=len(done) != 4)

    there = KubeLab(lab.folder, plan_layout(3), SystemClock())
    monkeypatch.setattr(kube_actions, "kube_lab", lambda _: there)
    monkeypatch.setattr(kube_actions, "kill_one", kill)
    monkeypatch.setattr(there.clock, "sleep", lambda _: None)
    monkeypatch.setattr(kube_actions, "NAMED_WITHIN", 0.0)
    return done


def watched(monkeypatch: pytest.MonkeyPatch, *looks: HealthLook) -> None:
    @contextmanager
    def found(*_: object) -> Iterator[Watch]:
        yield Watch(looks)

    monkeypatch.setattr(kube_actions, "_watched", found)


ALL = tuple(look(broker=number) for number in (1, 2, 3))


def test_every_kill_is_noted_with_who_saw_it_its_volume_and_what_drctl_called_it(
    pods: list[tuple[str, str]], lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, *ALL)
    assert "3 pods were killed" in kube_actions.kill_pods("north", 3, seed=5)
    assert [(each["fault"], each["target"]) for each in noted(lab)] == pods
    assert [kind for kind, _ in pods] == ["kill-pod", "kill-inside", "kill-pod"]
    first = noted(lab)[0]["observation"]
    assert "volume u-1" in first
    assert "drctl named broker in 1 looks" in first


def test_the_same_seed_kills_the_same_pods(pods: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    watched(monkeypatch, *ALL)
    kube_actions.kill_pods("north", 3, seed=5)
    first, pods[:] = list(pods), []
    kube_actions.kill_pods("north", 3, seed=5)
    assert pods == first


def test_a_kill_of_which_drctl_names_no_cause_fails_the_action_and_its_evidence_is_noted(
    pods: list[tuple[str, str]], lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch)
    with pytest.raises(ActivityFailed, match="no cause"):
        kube_actions.kill_pods("north", 2)
    assert len(noted(lab)) == len(pods) == 2


def test_one_pod_on_another_volume_fails_the_action_once_all_are_killed(
    pods: list[tuple[str, str]], lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, *ALL)
    with pytest.raises(ActivityFailed, match=r"it did not come back to volume u-1$"):
        kube_actions.kill_pods("north", 5)
    assert len(noted(lab)) == len(pods) == 5


def test_a_lab_without_pods_has_none_to_kill_or_to_bring_back(lab: Lab) -> None:
    for act in (lambda: kube_actions.kill_pods("north", 1), lambda: undo.restore_pods("north")):
        with pytest.raises(ActivityFailed, match="has no pods"):
            act()
    assert noted(lab) == []


def test_an_experiment_on_pods_is_refused_on_a_lab_without_any(lab: Lab) -> None:
    def on(path: Path) -> None:
        with lab_for(admitted(path), lab.folder, print) as there:
            assert there.folder == lab.folder

    with pytest.raises(ConfigInvalid, match="only the lab on Kubernetes has") as told:
        on(ON_PODS)
    assert "drctl lab kube up" in told.value.remedy
    on(Path("experiments/leader-broker-killed.yaml"))


def test_the_command_refuses_it_before_anything_runs(lab: Lab, tmp_path: Path) -> None:
    words = ["run", str(ON_PODS), "--lab", str(lab.folder), "--report", str(tmp_path / "report")]
    done = CliRunner().invoke(command, words)
    assert isinstance(done.exception, ConfigInvalid)
    assert not (tmp_path / "report" / "verdict.json").exists()


def test_a_campaign_of_experiments_on_pods_alone_is_told_to_run_each(tmp_path: Path) -> None:
    done = CliRunner().invoke(campaign, [str(ON_PODS), "--report", str(tmp_path / "report")])
    assert isinstance(done.exception, ConfigInvalid)
    assert "every experiment that is named is left out" in str(done.exception)
    assert not (tmp_path / "report").exists()
