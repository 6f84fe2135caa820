"""What a monitoring cycle costs: 1,000 broker pods, 100,000 partitions, 10,000 groups.

``python -m benchmarks.monitoring`` prints one line of JSON, in seconds of CPU: the first cycle, which reads everything,
one in which nothing changed, and one in which ten pods and 1,000 positions did. Lists, watches, metadata and commits
are made here in the form in which they arrive; fetching and decoding them from the network is not part of the figures.
"""

import json
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from drctl.decide.course import Courses, follow
from drctl.decide.health import diagnose
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.model import resources as of
from drctl.model.changes import PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.reading import Reading
from drctl.model.resources import Kind
from drctl.model.sight import Sight
from drctl.monitors.kubernetes import KubeObserver
from drctl.monitors.sessions import Sessions
from tests.fakes import FakeApi, FakeClock, FakeKubelets, FakeResources

PODS, PARTITIONS, GROUPS, BROKERS = 1000, 100_000, 10_000, 1000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Site:
    """One site at that size, and what follows it."""

    def __init__(self) -> None:
        self.api, self.clock, self.sessions = FakeApi(), FakeClock(), Sessions()
        for number in range(PODS):
            self.pod(number)
            self.others(number)
        # As the service has them, but without threads: each watch is walked through in turn.
        self.observer = KubeObserver(FakeResources(self.api, self.clock), FakeKubelets(), self.clock, "app=kafka")
        told = metadata()
        # The admin client's metadata, as if it had just arrived.
        asked = SimpleNamespace(login_asked=None, metadata=lambda _: told)
        self.brokers = KafkaBrokers(asked)  # type: ignore[arg-type]
        self.courses: Courses = {}

    def put(self, kind: Kind, name: str, **body: Any) -> None:
        """Another resource, as its API server keeps it."""
        labels = {"app": "kafka"}
        self.api.put(kind, {"metadata": {"name": name, "labels": labels}, **body})

    def pod(self, number: int, restarts: int = 0) -> None:
        """A broker's pod that is ready."""
        volumes = [{"persistentVolumeClaim": {"claimName": f"data-{number}"}}]
        state = [{"ready": True, "restartCount": restarts, "state": {"running": {}}}]
        ready = [{"type": "Ready", "status": "True"}]
        status = {"phase": "Running", "conditions": ready, "containerStatuses": state}
        self.put(of.POD, f"kafka-{number}", spec={"nodeName": f"node-{number}", "volumes": volumes}, status=status)

    def others(self, number: int) -> None:
        """Its node, claim, volume and attachment."""
        ready = [{"type": "Ready", "status": "True"}]
        self.put(of.NODE, f"node-{number}", status={"conditions": ready})
        self.put(of.LEASE, f"node-{number}", spec={"renewTime": "2026-01-01T00:00:00Z"})
        self.put(of.CLAIM, f"data-{number}", spec={"volumeName": f"pv-{number}"}, status={"phase": "Bound"})
        self.put(of.VOLUME, f"pv-{number}", spec={"accessModes": ["ReadWriteOnce"]}, status={"phase": "Bound"})
        source = {"persistentVolumeName": f"pv-{number}"}
        attached = {"attached": True}
        self.put(of.ATTACHMENT, f"a-{number}", spec={"source": source, "nodeName": f"node-{number}"}, status=attached)

    def commit(self, groups: int, offset: int) -> None:
        """These groups commit ten positions each."""
        self.sessions.apply(
            PositionMoved(f"group-{g}", TopicPartition("orders", p), Committed(offset), 0)
            for g in range(groups)
            for p in range(10)
        )

    def cycle(self) -> float:
        """Seconds of CPU from what has arrived to causes over time."""
        began = time.process_time()
        for watched in self.observer.all:
            watched.follow(0)
        view = self.brokers.view()
        moved = self.sessions.take_moved()
        seen = Sight("north", NOW, Reading(view, NOW), self.observer.facts())
        self.courses = follow(self.courses, diagnose(seen, self.clock.now()), self.clock.now())
        assert sum(map(len, moved.values())) >= 0
        return time.process_time() - began


def metadata() -> Any:
    """100,000 partitions in the shape of librdkafka's metadata, three replicas each, all in sync."""

    def partition(number: int) -> Any:
        replicas = [number % BROKERS, (number + 1) % BROKERS, (number + 2) % BROKERS]
        return SimpleNamespace(leader=replicas[0], replicas=replicas, isrs=replicas)

    topics = {
        f"topic-{t}": SimpleNamespace(partitions={p: partition(t * 100 + p) for p in range(100)})
        for t in range(PARTITIONS // 100)
    }
    return SimpleNamespace(topics=topics, brokers=dict.fromkeys(range(BROKERS)), controller_id=0)


def main() -> None:
    """Measure and print."""
    site = Site()
    began = time.process_time()
    site.commit(GROUPS, 1)
    committed = time.process_time() - began
    began = time.process_time()
    site.observer.look()
    listed = time.process_time() - began
    first = site.cycle() + listed + committed
    quiet = min(site.cycle() for _ in range(3))
    translated = sum(each.translated for each in site.observer.all)
    for number in range(10):
        site.pod(number, restarts=1)
    began = time.process_time()
    site.commit(100, 2)
    changed = time.process_time() - began + site.cycle()
    figures = {
        "pods": PODS,
        "partitions": PARTITIONS,
        "groups": GROUPS,
        "first_cycle_cpu_seconds": round(first, 3),
        "quiet_cycle_cpu_seconds": round(quiet, 3),
        "cycle_with_changes_cpu_seconds": round(changed, 3),
        "resources_read_again_for_ten_changes": sum(each.translated for each in site.observer.all) - translated,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
