"""Following one kind of resource: what a reading says while everything goes wrong."""

from datetime import datetime, timedelta

import pytest

from drctl.decide.freshness import Limits, unusable
from drctl.model.kubernetes import Pod
from drctl.model.resources import KAFKA, POD, STRIMZI, Object, Where
from drctl.monitors.kube_objects import pod
from drctl.monitors.strimzi_objects import strimzi
from drctl.monitors.watched import Watched
from tests.fakes import FakeApi, FakeClock, FakeResources


class Site:
    def __init__(self) -> None:
        self.api, self.clock = FakeApi(), FakeClock()
        self.watched: Watched[Pod] = Watched(FakeResources(self.api, self.clock), POD, self.clock, pod)

    def put(self, name: str, phase: str = "Running") -> None:
        self.api.put(POD, {"metadata": {"name": name}, "spec": {}, "status": {"phase": phase}})

    def phases(self) -> dict[str, str]:
        value = self.watched.reading().value
        assert value is not None
        return {name: each.phase for name, each in value.items()}

    def why(self) -> str:
        return unusable(self.watched.reading(), self.clock.now(), Limits())


@pytest.fixture
def site() -> Site:
    made = Site()
    made.put("kafka-0")
    return made


def test_it_is_unknown_until_somebody_looked(site: Site) -> None:
    assert site.watched.reading().unknown == "not looked at yet"
    assert site.watched.follow()
    assert site.phases() == {"kafka-0": "Running"}


def test_changes_arrive_by_watching_and_only_they_are_translated(site: Site) -> None:
    for number in range(1, 100):
        site.put(f"kafka-{number}")
    site.watched.follow()
    before = site.watched.translated
    site.put("kafka-1", "Failed")
    site.api.remove(POD, "kafka-2")
    site.watched.follow()
    assert site.phases()["kafka-1"] == "Failed"
    assert "kafka-2" not in site.phases()
    assert site.watched.translated - before == 1
    lists = [asked for asked in site.api.asked if asked[0] == "list"]
    assert len(lists) == 1


def test_a_version_that_was_forgotten_is_listed_anew(site: Site) -> None:
    site.watched.follow()
    site.put("kafka-1")
    site.api.remove(POD, "kafka-0")
    site.api.forget()
    site.watched.follow()
    assert site.phases() == {"kafka-1": "Running"}


def test_a_quiet_watch_that_ends_keeps_the_reading_fresh(site: Site) -> None:
    for _ in range(10):
        site.watched.follow()
    assert not site.why()


def test_a_watch_that_goes_silent_lets_the_reading_grow_too_old(site: Site) -> None:
    site.watched.follow()
    site.api.silent = True
    for _ in range(3):
        assert not site.watched.follow()
    assert site.phases() == {"kafka-0": "Running"}
    assert "too old" in site.why()
    site.api.silent = False
    assert site.watched.follow()
    assert not site.why()


def test_a_server_that_is_down_leaves_what_was_seen_to_grow_old(site: Site) -> None:
    site.watched.follow()
    site.api.down = True
    assert not site.watched.follow()
    assert not site.why()
    site.clock.jump(timedelta(seconds=61))
    assert "too old" in site.why()


def test_a_right_that_is_taken_away_makes_it_unknown_at_once_and_names_the_verb(site: Site) -> None:
    site.watched.follow()
    site.api.forbidden = {("watch", "pods"), ("list", "pods")}
    assert not site.watched.follow()
    assert "cannot watch" in site.why()
    assert not site.watched.follow()
    assert "cannot list" in site.why()


def test_one_resource_of_a_strange_shape_is_named_and_hides_no_other(site: Site) -> None:
    site.api.put(POD, {"metadata": {"name": "odd"}, "spec": {"volumes": 5}, "status": {}})
    site.watched.follow()
    assert site.phases() == {"kafka-0": "Running"}
    assert site.watched.strange == {"Pod/odd"}
    site.put("odd")
    site.watched.follow()
    assert not site.watched.strange


def test_labels_narrow_what_is_seen(site: Site) -> None:
    labelled = {"metadata": {"name": "ours", "labels": {"app": "kafka"}}, "status": {"phase": "Running"}}
    site.api.put(POD, labelled)
    narrow = Watched(FakeResources(site.api, site.clock), POD, site.clock, pod, Where(labels="app=kafka"))
    narrow.follow()
    assert list(narrow.reading().value or ()) == ["ours"]


@pytest.mark.parametrize(
    ("served", "version"),
    [(("v1", "v1beta2"), "v1"), (("v1beta2",), "v1beta2"), (("v1beta2", "v1"), "v1"), (("v7",), "v7")],
)
def test_the_version_that_a_site_serves_is_found(served: tuple[str, ...], version: str) -> None:
    api, clock = FakeApi({STRIMZI: served}), FakeClock()
    api.put(KAFKA.at(version), {"metadata": {"name": "north"}, "status": {}})
    seen: list[str] = []

    def read(item: Object, now: datetime) -> str:
        seen.append(item["apiVersion"])
        return strimzi(item, now).label

    watched = Watched(FakeResources(api, clock), KAFKA, clock, read)
    watched.follow()
    watched.follow()
    assert seen == [f"{STRIMZI}/{version}"]


def test_definitions_that_are_missing_are_said_to_be_missing_and_found_once_they_come() -> None:
    api, clock = FakeApi(), FakeClock()
    watched = Watched(FakeResources(api, clock), KAFKA, clock, strimzi)
    assert not watched.follow()
    assert "kafka.strimzi.io is not served" in watched.reading().unknown
    api.groups[STRIMZI] = ("v1",)
    assert watched.follow()
    assert watched.reading().value == {}
