"""Faults of what the sites hold, on a topic that is none of Kafka's: they fail unless drctl tells of them."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import data_actions
from drctl.config import load
from drctl.errors import LabError
from drctl.lab import Lab, injecting
from drctl.lab.files import write_clients, write_plan
from drctl.lab.layout import plan_layout, wire
from drctl.lab.side_topics import COPIED, UNCOPIED, overtaken
from tests.unit.chaos.struck import armed, lab, listen, noted, sockets
from tests.unit.lab.stand_ins import await_state, state

__all__ = ["lab", "sockets"]

NAME = "dr.side-1"


@dataclass
class Standing:
    """Stands in for a side topic: ``keeps`` makes retention spare it, and deleting it leave it what it was."""

    lab: Lab
    source: str = "north"
    name: str = NAME
    keeps: bool = False
    ends: int = 0
    starts: int = 0
    ids: int = 1
    done: list[str] = field(default_factory=list)

    def make(self) -> None:
        self.done.append("make")

    def write(self, count: int) -> None:
        self.ends += count

    def expire(self) -> None:
        self.starts = 0 if self.keeps else self.ends

    def delete(self) -> None:
        self.ids += not self.keeps
        self.done.append("delete")

    def copied(self) -> int:
        return COPIED if state(self.lab, wire("north")) == "stopped" else self.ends

    def start(self) -> int:
        return self.starts

    def id(self) -> str:
        return f"id-{self.ids}"

    def await_(self, what: str, done: Callable[[], bool]) -> None:
        self.done.append(what)

    def close(self) -> None:
        self.done.append("close")


@pytest.fixture
def topic(lab: Lab, sockets: ExitStack, monkeypatch: pytest.MonkeyPatch) -> Standing:
    """A topic at north, whose wire can be cut, and a doctor who names nothing."""
    first = lab.layout["north"].nodes[0]
    listen(sockets, first.client, first.wire)
    lab.plan_file.write_text(PLAN)
    made = Standing(lab)
    monkeypatch.setattr(data_actions, "side_topic", lambda *_: made)
    doctor(monkeypatch)
    return made


def doctor(monkeypatch: pytest.MonkeyPatch, **told: str) -> None:
    """A doctor who names these rules once the topic is no more what it was, by when: ``before``, ``after``."""
    asked: list[Path] = []

    def says(plan: Path) -> dict[str, Any]:
        assert NAME in plan.read_text()
        asked.append(plan)
        rule = told.get("before" if len(asked) == 1 else "after")
        return {"findings": [{"rule": rule, "detail": f"north-to-south: {NAME}-0: it is so"}] if rule else []}

    monkeypatch.setattr(data_actions, "_doctor", says)


PLAN = """\
metadata: {name: lab}
spec:
      topics: [a, b]
      groups: [c]
  state: {file: state/drctl.sqlite}
"""


def test_a_link_that_retention_has_overtaken_is_noted_once_drctl_names_it(
    topic: Standing, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor(monkeypatch, after="RECORDS_LOST")
    data_actions.overtake_link("north")
    await_state(lab, "stopped", wire("north"))
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"]) == ("overtake-link", NAME)
    assert fault["observer"] == "the source's log and the link's own offsets"
    assert f"starts at {COPIED + UNCOPIED}, and the link has copied up to {COPIED}" in fault["observation"]
    assert armed(lab) == ["mend-link-north"]
    assert topic.done[-1] == "close"


def test_a_topic_that_was_recreated_is_noted_once_drctl_names_it(
    topic: Standing, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor(monkeypatch, after="TOPIC_RECREATED")
    data_actions.recreate_topic("north")
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("recreate-topic", NAME, "the brokers")
    assert fault["observation"] == f"the id of {NAME} is id-2, and was id-1"
    assert topic.done == ["make", "exists", "is copied", "delete", "is gone", "make", "close"]


ACTS = [(data_actions.overtake_link, "RECORDS_LOST"), (data_actions.recreate_topic, "TOPIC_RECREATED")]
IDS = ["overtaken", "recreated"]


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize(("act", "rule"), ACTS, ids=IDS)
@pytest.mark.parametrize("other", [None, "LINK_SILENT"])
def test_what_drctl_does_not_name_fails_its_action(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[str], str], rule: str, other: str | None
) -> None:
    doctor(monkeypatch, **({"after": other} if other else {}))
    with pytest.raises(ActivityFailed, match=f"does not name {rule} of {NAME}"):
        act("north")


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize(("act", "rule"), ACTS, ids=IDS)
def test_what_drctl_names_before_anything_is_done_says_nothing_of_the_fault(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, act: Callable[[str], str], rule: str
) -> None:
    doctor(monkeypatch, before=rule, after=rule)
    with pytest.raises(ActivityFailed, match=f"names already {rule} of {NAME}"):
        act("north")
    assert noted(lab) == []
    assert armed(lab) == []
    assert state(lab, wire("north")) == "running"


@pytest.mark.parametrize(("act", "rule"), ACTS, ids=IDS)
def test_a_fault_that_nobody_sees_fails_whatever_drctl_names(
    topic: Standing, lab: Lab, monkeypatch: pytest.MonkeyPatch, act: Callable[[str], str], rule: str
) -> None:
    topic.keeps = True
    doctor(monkeypatch, after=rule)
    monkeypatch.setattr(injecting, "PATIENCE", 2.0)
    with pytest.raises(ActivityFailed, match="was not seen"):
        act("north")
    assert noted(lab) == []


@pytest.mark.parametrize(("start", "copied"), [(0, 20), (20, 20), (60, 0), (0, 0)])
def test_a_link_is_not_overtaken_while_it_may_yet_copy_or_does_not_say(start: int, copied: int) -> None:
    assert overtaken(NAME, start, copied) == ""


def test_the_plan_of_a_side_topic_is_that_of_the_lab_with_this_topic_alone(tmp_path: Path) -> None:
    sites = plan_layout(1)
    write_clients(tmp_path)
    usual = write_plan(sites, tmp_path, {})
    (tmp_path / "links").mkdir()
    for link in ("north-to-south", "south-to-north"):
        (tmp_path / "links" / f"{link}.json").write_text("{}")
    plan = tmp_path / "side.yaml"
    plan.write_text(data_actions.plan_of(usual.read_text(), NAME))
    found, whole = load(plan), load(usual)
    assert found.topics == (NAME,)
    assert (found.sites, found.links) == (whole.sites, whole.links)
    assert found.name != whole.name
    assert found.state != whole.state


def test_a_plan_file_of_another_shape_is_refused() -> None:
    with pytest.raises(LabError, match="has 0 times"):
        data_actions.plan_of("metadata: {name: lab}\n", NAME)


def test_only_what_is_said_of_the_topic_counts() -> None:
    told = json.loads('{"findings": [{"rule": "RECORDS_LOST", "detail": "north-to-south: dr.side-2-0: gone"}]}')
    assert not data_actions.names(told, NAME, "RECORDS_LOST")
    assert data_actions.names(told, "dr.side-2", "RECORDS_LOST")
    assert not data_actions.names(told, "dr.side-2", "TOPIC_RECREATED")


def test_a_doctor_who_says_nothing_of_use_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_actions, "DOCTOR", ("sh", "-c", "echo no plan >&2; exit 3", "sh"))
    with pytest.raises(LabError, match="said nothing of use: no plan"):
        data_actions._doctor(tmp_path / "plan.yaml")


def test_no_site_has_no_topics(lab: Lab) -> None:
    for act in (data_actions.overtake_link, data_actions.recreate_topic):
        with pytest.raises(ActivityFailed, match="no site east"):
            act("east")
    assert {process.state for process in lab.status()} == {"running"}
