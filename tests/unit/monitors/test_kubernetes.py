"""All kinds of one site together: what blinds one eye blinds no other."""

import threading
from datetime import timedelta

from drctl.errors import Forbidden, Unreachable
from drctl.model.kubernetes import Usage
from drctl.model.reading import Reading
from drctl.model.resources import KAFKA, LEASE, MIRROR_MAKER, NODE, POD, STRIMZI
from drctl.model.strimzi import ResourceState
from drctl.monitors.kubernetes import KubeObserver
from tests.fakes import FakeApi, FakeClock, FakeKubelets, FakeResources


class Site:
    def __init__(self) -> None:
        self.api, self.clock, self.kubelets = FakeApi({STRIMZI: ("v1",)}), FakeClock(), FakeKubelets()
        for number in range(3):
            volumes = [{"persistentVolumeClaim": {"claimName": f"data-{number}"}}]
            spec = {"nodeName": f"node-{number}", "volumes": volumes}
            meta = {"name": f"kafka-{number}", "labels": {"app": "kafka"}}
            self.api.put(POD, {"metadata": meta, "spec": spec, "status": {"phase": "Running"}})
            self.api.put(NODE, {"metadata": {"name": f"node-{number}"}, "status": {}})
            self.kubelets.nodes[f"node-{number}"] = {f"data-{number}": Usage(10, 5)}
        self.eyes = KubeObserver(
            FakeResources(self.api, self.clock), self.kubelets, self.clock, "app=kafka", kinds=(KAFKA, MIRROR_MAKER)
        )

    def renew(self, name: str, stamp: str) -> None:
        self.api.put(LEASE, {"metadata": {"name": name}, "spec": {"renewTime": stamp}})


def test_one_look_sees_everything() -> None:
    site = Site()
    site.api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, "status": {}})
    site.eyes.look()
    facts = site.eyes.facts()
    assert all(each.known for each in facts.readings().values())
    assert sorted(facts.pods.value or ()) == ["kafka-0", "kafka-1", "kafka-2"]
    assert (facts.usage.value or {})["data-1"] == Usage(10, 5)
    assert [each.label for each in facts.strimzi.value or ()] == ["Kafka/north"]


def test_a_right_that_is_missing_blinds_one_eye() -> None:
    site = Site()
    site.api.forbidden = {("list", "volumeattachments"), ("list", "kafkamirrormaker2s")}
    site.eyes.look()
    facts = site.eyes.facts()
    assert "cannot list" in facts.attachments.unknown
    assert facts.pods.known
    assert [(each.label, each.standing) for each in facts.strimzi.value or ()] == [
        ("KafkaMirrorMaker2/*", ResourceState.UNSEEN)
    ]


def test_a_server_that_does_not_answer_is_asked_once() -> None:
    site = Site()
    site.api.down = True
    site.eyes.look()
    assert site.api.asked == [("list", "pods")]
    unknown = {name: each.unknown for name, each in site.eyes.facts().readings().items() if name != "strimzi"}
    assert set(unknown.values()) == {"the API server does not answer"}


def test_a_lease_grows_old_by_our_clock_from_when_we_saw_it_stand_still() -> None:
    site = Site()
    site.renew("node-0", "1999-01-01T00:00:00Z")
    site.renew("node-1", "2999-01-01T00:00:00Z")
    site.eyes.look()
    assert set((site.eyes.facts().leases.value or {}).values()) == {timedelta(0)}
    site.clock.jump(timedelta(seconds=50))
    site.renew("node-1", "2999-01-01T00:00:10Z")
    site.eyes.look()
    assert site.eyes.facts().leases.value == {"node-0": timedelta(seconds=50), "node-1": timedelta(0)}


def test_leases_do_not_age_while_the_api_server_tells_nothing() -> None:
    site = Site()
    for number in (0, 1):
        site.renew(f"node-{number}", "1")
    site.eyes.look()
    assert site.eyes.facts().leases.known
    site.clock.jump(timedelta(seconds=5))
    site.eyes.look()
    site.api.down = True
    for _ in range(10):
        site.clock.jump(timedelta(seconds=5))
        site.eyes.look()
        assert set((site.eyes.facts().leases.value or {}).values()) == {timedelta(seconds=5)}


def test_an_api_server_was_met_when_it_last_said_something() -> None:
    site = Site()
    assert not site.eyes.met().known
    site.eyes.look()
    seen = site.clock.now()
    # A watch that hangs has not failed yet.
    site.clock.jump(timedelta(seconds=20))
    assert site.eyes.met() == Reading(True, seen)
    site.api.down = True
    site.eyes.look()
    assert site.eyes.met() == Reading(False, site.clock.now())


def test_a_kubelet_that_is_denied_hides_only_its_own_and_all_of_them_are_said() -> None:
    site = Site()
    site.kubelets.nodes["node-1"] = Forbidden("cannot get nodes/proxy")
    site.eyes.look()
    assert sorted(site.eyes.facts().usage.value or ()) == ["data-0", "data-2"]
    site.kubelets.nodes = {f"node-{number}": Forbidden("cannot get nodes/proxy") for number in range(3)}
    site.kubelets.asked.clear()
    site.eyes.look()
    assert site.eyes.facts().usage.unknown == "cannot get nodes/proxy"
    assert len(site.kubelets.asked) == 2


def test_two_kubelets_that_do_not_answer_hide_no_volume_of_a_node_that_is_ready() -> None:
    site = Site()
    ready = [{"type": "Ready", "status": "True"}]
    site.api.put(NODE, {"metadata": {"name": "node-2"}, "status": {"conditions": ready}})
    for number in (0, 1):
        site.kubelets.nodes[f"node-{number}"] = Unreachable("the kubelet does not answer")
    site.eyes.look()
    assert site.eyes.facts().usage.value == {"data-2": Usage(10, 5)}


def test_a_clock_that_is_ahead_is_read() -> None:
    site = Site()
    site.api.ahead = timedelta(seconds=90)
    site.eyes.look()
    assert site.eyes.facts().skew.value == timedelta(seconds=90)


def test_threads_keep_everything_up_to_date_until_they_are_ended() -> None:
    site, ended, changed = Site(), threading.Event(), threading.Event()
    threads = site.eyes.follow(ended)
    assert len(threads) == len(site.eyes.all) + 1
    for _ in range(1000):
        if changed.wait(0.01) or "kafka-9" in (site.eyes.facts().pods.value or ()):
            break
        if site.eyes.facts().pods.known:
            site.api.put(POD, {"metadata": {"name": "kafka-9", "labels": {"app": "kafka"}}, "status": {}})
    ended.set()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert "kafka-9" in (site.eyes.facts().pods.value or ())
