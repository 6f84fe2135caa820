"""How old the standby's positions are under load, beside how long MirrorMaker 2 itself needs to copy a record.

``python -m benchmarks.freshness [GROUPS] [PARTITIONS] [SECONDS] [EVERY]`` starts a lab and measures first how many
groups' positions Kafka's own admin client commits per second. A process of its own then writes records at north and
commits groups' positions at the end of the log at 0.3 of that rate, each group's in turn, or each group's every EVERY
seconds. This process keeps south in sync as the service does, and notes when each position that was committed at north
is at south. Another consumer at south notes how old records are when they arrive. Brokers and workers compile in full,
and the first third of the time, in which they warm up, is not counted. Prints one line of JSON; all figures are seconds
unless they say otherwise. Needs a JDK.
"""

import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import batched
from pathlib import Path
from statistics import mean, quantiles
from typing import NamedTuple, override

from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from benchmarks.rivals import bare_commits
from drctl.cli.logs import configure
from drctl.config import load
from drctl.drivers.kafka import properties
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import DrctlError
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.workloads import Workload
from drctl.monitors import Sessions
from drctl.ports import SitePorts
from drctl.service.group_sync import PAUSE, GroupSyncLoop
from drctl.service.metrics import Metrics
from drctl.wiring.world import open_world

TOPIC = "dr.bench"
SHARE = 0.3
"""Of the rate at which bare commits alone keep the brokers busy: what the load commits there."""
BARE_ROUNDS = 3
"""Of which the last two count: in the first one the brokers warm up."""
RATE = 500
"""Records per second at north."""

type Answer = multiprocessing.Queue[Noted]
type Noted = dict[tuple[str, TopicPartition], list[tuple[float, int]]]
"""When a position was sent to be committed (here) or was answered (there), and where, in order."""


class Seen(NamedTuple):
    """Hold what was committed at north and arrived at south, where north's records are there, and how long it took.

    ``ages`` of records when a consumer at south gets them, and ``cycles`` of the sync, in seconds.
    """

    committed: Noted
    arrived: Noted
    copied: Mapping[TopicPartition, Sequence[int]]
    ages: list[float]
    cycles: list[float]


class Noting(KafkaPositions):
    """South's positions, and when each commit was answered."""

    def __init__(self, site: KafkaSite) -> None:
        super().__init__(site)
        self.seen: Noted = {}

    @override
    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        refused = super().commit_all(positions, permit)
        note(self.seen, {g: each for g, each in positions.items() if g not in refused}, time.time())
        return refused


def note(seen: Noted, positions: Mapping[str, Mapping[TopicPartition, Committed]], at: float) -> None:
    """These positions were committed at that time."""
    for group, each in positions.items():
        for partition, committed in each.items():
            seen.setdefault((group, partition), []).append((at, committed.offset))


def work(plan_file: Path, names: tuple[str, ...], partitions: int, times: tuple[float, float], answer: Answer) -> None:
    """The load, in a process of its own: records, and every group's commits at the log's end.

    ``times``: how long it lasts, and after how many seconds a group commits again.
    """
    seconds, every = times
    seen: Noted = {}
    with open_world(load(plan_file)) as world:
        there = world.sites["north"].positions
        settings = properties.load(plan_file.parent / "clients" / "north" / "admin.properties")
        servers = {"bootstrap.servers": world.plan.site("north").bootstrap_servers}
        producer = Producer({**settings, **servers, "linger.ms": 5})
        ends = [0] * partitions
        began = time.monotonic()
        written = due = 0
        while (now := time.monotonic() - began) < seconds:
            while written < now * RATE:
                producer.produce(TOPIC, b"%f" % time.time(), partition=written % partitions)
                written += 1
            producer.flush(10)
            for partition in range(partitions):
                ends[partition] = (written - partition + partitions - 1) // partitions
            batch: list[str] = []
            while due < now * len(names) / every and len(batch) < len(names):
                batch.append(names[due % len(names)])
                due += 1
            positions = {TopicPartition(TOPIC, p): Committed(end) for p, end in enumerate(ends)}
            for some in batched(batch, 16):
                sent = time.time()
                there.commit_all(dict.fromkeys(some, positions), lambda: None)
                note(seen, dict.fromkeys(some, positions), sent)
            time.sleep(0.05)
    answer.put(seen)


def arrivals(south: KafkaSite, partitions: int, ended: threading.Event, ages: list[float]) -> None:
    """How old records are when a consumer at south gets them."""
    consumer = Consumer({**south.config, "group.id": "bench-arrivals", "fetch.wait.max.ms": 10})
    consumer.assign([Place(TOPIC, p, 0) for p in range(partitions)])
    while not ended.is_set():
        found = [m for m in consumer.consume(500, 0.05) if m.error() is None]
        ages += [time.time() - float(m.value() or b"0") for m in found]
    consumer.close()


def without_checkpoints(south: SitePorts) -> None:
    """MirrorMaker 2's default: the lab's interval lists a thousand groups' positions every second, for nobody."""
    name = "north-to-south.checkpoint"
    definition = south.connectors.definition(name)
    assert definition is not None
    south.connectors.put(name, {**definition, "emit.checkpoints.interval.seconds": "60"})


def bare_rate(lab: Lab, groups: int, partitions: int) -> float:
    """Groups whose positions Kafka's own client commits per second, at south and with nothing beside it."""
    took = [bare_commits(lab, TOPIC, partitions, groups, f"bare-{number}-") for number in range(BARE_ROUNDS)]
    return groups / mean(took[1:])


def main(groups: int = 1000, partitions: int = 6, seconds: float = 150, every: float | None = None) -> None:
    """Run it and print the figures."""
    os.environ["DRCTL_LAB_JAVA_FLAGS"] = "-XX:TieredStopAtLevel=4 -XX:ReservedCodeCacheSize=128m"
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder) / "lab", small=True) as lab:
        names = tuple(f"bench-{number}" for number in range(groups))
        for site in ("north", "south"):
            kafka = lab.site(site).kafka("admin")
            create_topics(kafka, {TOPIC: (partitions, 1, {})})
            kafka.close()
        rate = bare_rate(lab, groups, partitions)
        every = every or groups / (SHARE * rate)
        seen = watch(lab, names, partitions, (seconds, every))
    lags, never = waited(seen.committed, seen.arrived, seen.copied, warm_up=seconds / 3)
    load_rate = sum(map(len, seen.committed.values())) / partitions / seconds
    freshness, copying = told(lags), told(seen.ages[len(seen.ages) // 3 :])
    beyond = round(freshness["p99"] - copying["p99"], 3) if freshness and copying else None
    figures = {
        "groups": groups,
        "partitions": partitions,
        "bare_commits_per_second": round(rate),
        "load_commits_per_second": round(load_rate),
        "share_of_bare_commits": round(load_rate / rate, 2),
        "seconds_between_commits": round(every, 2),
        "commits_at_the_source": sum(map(len, seen.committed.values())),
        "positions_at_the_standby": sum(map(len, seen.arrived.values())),
        "never_arrived": never,
        "freshness": freshness,
        "copy_latency_of_the_link": copying,
        "p99_beyond_copy_latency": beyond,
        "cycle": told(seen.cycles[len(seen.cycles) // 3 :]),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def watch(lab: Lab, names: tuple[str, ...], partitions: int, times: tuple[float, float]) -> Seen:
    """Keep south in sync under that load, and see what arrives there; ``times`` as in :func:`work`."""
    plan = replace(load(lab.plan_file), workloads=(Workload("bench", (TOPIC,), names),))
    with open_world(plan) as world:
        south = world.sites["south"]
        without_checkpoints(south)
        client = lab.site("south").kafka("drctl")
        noting = Noting(client)
        watched = replace(world, sites={**world.sites, "south": replace(south, positions=noting)})
        keeper = GroupSyncLoop(watched, {name: Sessions() for name in world.sites}, threading.Lock(), Metrics())
        context = multiprocessing.get_context("spawn")
        answer: Answer = context.Queue()
        load_ = context.Process(target=work, args=(lab.plan_file, names, partitions, times, answer))
        ages: list[float] = []
        ended = threading.Event()
        reader = lab.site("south").kafka("admin")
        listener = threading.Thread(target=arrivals, args=(reader, partitions, ended, ages))
        load_.start()
        listener.start()
        cycles, until = list[float](), time.monotonic() + times[0] + 10
        while time.monotonic() < until:
            began = time.monotonic()
            if keeper.cycle_or_tell():
                cycles.append(time.monotonic() - began)
            else:
                time.sleep(PAUSE)
        committed = answer.get(timeout=60)
        load_.join()
        ended.set()
        listener.join()
        reader.close()
        client.close()
        places = [TopicPartition(TOPIC, number) for number in range(partitions)]
        copied = {p: [record.offset for record in south.records.identities(p, 0, 1 << 60)] for p in places}
    return Seen(committed, noting.seen, copied, ages, cycles)


def waited(
    here: Noted, there: Noted, copied: Mapping[TopicPartition, Sequence[int]], *, warm_up: float
) -> tuple[list[float], int]:
    """Per commit at the source: how long until a position at least as far was at the standby.

    ``copied`` is where north's records are at south: MirrorMaker 2 writes markers between them. The first positions of
    all groups come at once, to JVMs that are cold: what was committed in the first ``warm_up`` seconds is not counted.
    """
    first = min(at for each in here.values() for at, _ in each)
    lags, never = [], 0
    for key, commits in here.items():
        seen, index = there.get(key, []), 0
        for at, offset in commits:
            least = copied[key[1]][offset - 1] + 1 if offset else 0
            while index < len(seen) and seen[index][1] < least:
                index += 1
            if index == len(seen):
                never += 1
            elif at - first > warm_up:
                lags.append(max(0.0, seen[index][0] - at))
    return lags, never


def told(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum."""
    if len(values) < 2:
        return {}
    parts = quantiles(values, n=100)
    return {"p50": round(parts[49], 3), "p99": round(parts[98], 3), "max": round(max(values), 3)}


if __name__ == "__main__":
    configure(0)  # logs go to standard error
    main(*(int(word) for word in sys.argv[1:]))
