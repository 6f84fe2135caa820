"""How fast groups are handed over, beside what else commits positions, in one run.

``python -m benchmarks.handover [GROUPS] [PARTITIONS] [ROUNDS] [MANY]`` starts a lab under the identity policy and one
under the default (prefixed) policy, lets MirrorMaker 2 copy a topic, and then, round by round with new groups in each:
bare commits at south by Kafka's own admin client; a handover with translation, proof and read-back by drctl to a cold
standby; and the same to a standby that was kept in sync. Under the identity policy also: 50 groups with 1,250
positions, a size of which others have published a time; MANY groups of which ten have moved since they were synced,
and ten alone; kafka-consumer-groups for one group; and MirrorMaker 2's own sync. Prints one line of JSON, a row for
each: every round and their median. Where it is alike, also the median as a part of the bare commits' for as many
positions: not of a time that was measured elsewhere, or that is the start of a JVM. Needs a JDK.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from confluent_kafka import Producer

from benchmarks import rivals
from drctl.cli.logs import configure
from drctl.config import load
from drctl.drivers.kafka.provision import create_topics
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult
from drctl.model.workloads import Workload
from drctl.monitors import observe
from drctl.monitors.links import lag
from drctl.plans import handover, runner
from drctl.plans.group_sync import GroupSync
from drctl.ports import World
from drctl.wiring.world import open_world

RECORDS = 2_000
"""Per partition."""
TOPIC, SMALL, LARGE = "dr.bench", "dr.published", "dr.many"
PUBLISHED_GROUPS, PUBLISHED_PARTITIONS, PUBLISHED_SECONDS = 50, 25, 2.34
"""1,250 positions, as a tool that moves positions of groups has published its time for them."""
MANY_PARTITIONS, MOVED = 6, 10
STEP = "hand-over-positions"
PAUSE = ("wait-until-copied", STEP, "check-source-unmoved")
"""From the moment at which the groups are empty until their consumers may begin at the other site."""
SYNCED_WITHIN = 600.0


class Size(NamedTuple):
    """How many groups commit in how many partitions each, and how often that is measured."""

    groups: int
    partitions: int
    rounds: int


@dataclass(slots=True)
class Row:
    """What somebody needs for so many groups and positions, round by round, in seconds."""

    what: str
    groups: int
    positions: int
    seconds: list[float] = field(default_factory=list)
    pause: list[float] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def add(self, result: RunResult) -> None:
        """Take a handover's times in."""
        self.seconds.append(seconds(result, STEP))
        self.pause.append(seconds(result, *PAUSE))
        self.more["steps_of_the_last_round"] = {t.name: round(t.seconds, 2) for t in result.timings}

    def told(self, beside: "Row | None" = None) -> dict[str, Any]:
        """The row for people; ``part`` is of the other one's median for as many positions, if there is one."""
        row: dict[str, Any] = {"what": self.what, "groups": self.groups, "positions": self.positions}
        row |= {"seconds": _rounded(self.seconds), "median": round(median(self.seconds), 2)}
        if self.pause:
            row |= {"pause_seconds": _rounded(self.pause), "pause_median": round(median(self.pause), 2)}
        if beside is not None:
            alike = median(beside.seconds) * self.positions / beside.positions
            row |= {"beside": beside.what, "part": round(median(self.seconds) / alike, 2)}
            row |= {"pause_part": round(median(self.pause) / alike, 2)} if self.pause else {}
        return row | self.more


def main(groups: int = 1000, partitions: int = 24, rounds: int = 5, many: int = 10_000) -> None:
    """Run it and print the figures."""
    told: dict[str, Any] = {"rounds": rounds}
    with _lab(prefixed=False) as (lab, world):
        prepare(lab, world, TOPIC, partitions)
        size = Size(groups, partitions, rounds)
        bare, *rows = in_rounds(lab, world, TOPIC, size)
        table = [row.told(bare) for row in (bare, *rows)] + [_by_the_tool(lab, size).told()]
        prepare(lab, world, SMALL, PUBLISHED_PARTITIONS)
        small, *rows = in_rounds(lab, world, SMALL, Size(PUBLISHED_GROUPS, PUBLISHED_PARTITIONS, rounds))
        elsewhere = Row("published by others, elsewhere", PUBLISHED_GROUPS, small.positions, [PUBLISHED_SECONDS])
        table += [row.told(small) for row in (small, *rows)] + [elsewhere.told()]
        prepare(lab, world, LARGE, MANY_PARTITIONS)
        some, alone = _few_of_many(world, many, rounds)
        table += [some.told(alone), alone.told(alone)]
        # Last: from now on positions at south are not drctl's alone.
        table.append(_mirrormaker(world, size).told(bare))
        told["identity"] = table
    with _lab(prefixed=True) as (lab, world):
        prepare(lab, world, TOPIC, partitions)
        bare, *rows = in_rounds(lab, world, TOPIC, size)
        told["default"] = [row.told(bare) for row in (bare, *rows)]
    sys.stdout.write(json.dumps(told) + "\n")


@contextmanager
def _lab(*, prefixed: bool) -> Iterator[tuple[Lab, World]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Lab.start(Path(folder) / "lab", small=True, prefixed=prefixed) as lab,
        open_world(load(lab.plan_file)) as world,
    ):
        yield lab, world


def prepare(lab: Lab, world: World, topic: str, partitions: int) -> None:
    """Records of that topic at both sites."""
    north, world = lab.site("north").kafka("admin"), of(world, topic, ())
    create_topics(north, {topic: (partitions, 1, {})})
    producer = Producer({**north.config, "linger.ms": 20})
    for number in range(RECORDS):
        for partition in range(partitions):
            producer.produce(topic, b"reading %d of partition %d" % (number, partition), partition=partition)
        producer.poll(0)
    assert producer.flush(60) == 0
    north.close()
    image = world.plan.image("north", "south", topic)
    deadline = time.monotonic() + 240
    while image not in world.sites["south"].brokers.topics([image]) or lag(world, "north", "south").total:
        assert time.monotonic() < deadline, "the link did not copy everything"
        time.sleep(0.5)


def in_rounds(lab: Lab, world: World, topic: str, size: Size) -> list[Row]:
    """Bare commits, a cold standby and a synced one, one after the other in each round."""
    groups, partitions, rounds = size
    image, positions = world.plan.image("north", "south", topic), groups * partitions
    bare = Row("bare commits by Java's admin client", groups, positions)
    cold, warm = Row("drctl, to a cold standby", groups, positions), Row("drctl, to a synced one", groups, positions)
    cycles = warm.more.setdefault("first_cycle_seconds", [])
    for number in range(rounds):
        bare.seconds.append(rivals.bare_commits(lab, image, partitions, groups, f"bare-{topic}-{number}-"))
        there = committed(world, topic, partitions, named(f"cold-{topic}-{number}", groups))
        cold.add(hand_over(there))
        there = committed(world, topic, partitions, named(f"synced-{topic}-{number}", groups))
        cycles.append(round(sync(there), 2))
        warm.add(hand_over(there))
    return [bare, cold, warm]


def _few_of_many(world: World, many: int, rounds: int) -> tuple[Row, Row]:
    """Many synced groups of which ten have read on since, beside ten alone that have."""
    some = Row(f"drctl, {many} synced groups of which {MOVED} moved", MOVED, MOVED * MANY_PARTITIONS)
    alone = Row(f"drctl, {MOVED} synced groups that moved", MOVED, MOVED * MANY_PARTITIONS)
    early, late = range(RECORDS // 2), range(RECORDS // 2, RECORDS)
    whole = committed(world, LARGE, MANY_PARTITIONS, named("many", many), early)
    sync(whole)
    for number in range(rounds):
        moved = whole.plan.groups[number * MOVED : (number + 1) * MOVED]
        committed(world, LARGE, MANY_PARTITIONS, moved, late)
        some.add(hand_over(whole))
        few = committed(world, LARGE, MANY_PARTITIONS, named(f"few-{number}", MOVED), early)
        sync(few)
        committed(world, LARGE, MANY_PARTITIONS, few.plan.groups, late)
        alone.add(hand_over(few))
    return some, alone


def _by_the_tool(lab: Lab, size: Size) -> Row:
    row = Row("kafka-consumer-groups, its JVM's start included", 1, size.partitions)
    for number in range(size.rounds):
        row.seconds.append(rivals.consumer_groups_tool(lab, TOPIC, f"bare-{TOPIC}-0-0", number))
    return row


def _mirrormaker(world: World, size: Size) -> Row:
    groups, partitions, rounds = size
    row = Row("MirrorMaker 2's own sync, each second", groups, groups * partitions)
    row.more["brought_over"] = []
    rivals.let_mirrormaker_sync(world)
    first = named(f"{rivals.OF_MIRRORMAKER}first", 1)
    # Until the connector has begun anew with these settings; that is no part of what it needs for groups.
    rivals.mirrormaker_sync(of(world, TOPIC, first), partial(committed, world, TOPIC, partitions, first))
    for number in range(rounds):
        names = named(f"{rivals.OF_MIRRORMAKER}{number}", groups)
        commit = partial(committed, world, TOPIC, partitions, names)
        took, brought = rivals.mirrormaker_sync(of(world, TOPIC, names), commit)
        row.seconds.append(took)
        row.more["brought_over"].append(brought)
    return row


def named(prefix: str, count: int) -> tuple[str, ...]:
    """So many names of groups."""
    return tuple(f"{prefix}-{number}" for number in range(count))


def of(world: World, topic: str, names: tuple[str, ...]) -> World:
    """The world with a plan file of these groups and that topic alone."""
    return replace(world, plan=replace(world.plan, workloads=(Workload("bench", (topic,), names),)))


def committed(
    world: World, topic: str, partitions: int, names: tuple[str, ...], offsets: range = range(RECORDS)
) -> World:
    """Commit positions for these groups at north, somewhere there in each partition; the world of them alone."""
    chance = random.Random(f"{names[0]} from {offsets.start}")
    wanted = {
        name: {TopicPartition(topic, p): Committed(chance.choice(offsets)) for p in range(partitions)} for name in names
    }
    refused = world.sites["north"].positions.commit_all(wanted, lambda: None)
    assert not refused, refused
    return of(world, topic, names)


def hand_over(world: World) -> RunResult:
    """One handover of all groups of that world."""
    return runner.run(handover.ordered("north", "south", observe=observe), world, lambda _: None)


def seconds(result: RunResult, *steps: str) -> float:
    """How long these steps took together."""
    return sum(t.seconds for t in result.timings if t.name in steps)


def sync(world: World) -> float:
    """Bring all positions to south as the service does, and see that they are there; seconds until all were tried."""
    names = world.plan.groups
    here = world.sites["north"].positions.committed(names)
    keeper = GroupSync(world, "north", "south")
    keeper.note(here)
    began = time.monotonic()
    keeper.cycle()
    while keeper.more:
        keeper.cycle()
    cycle = time.monotonic() - began
    wanted = sum(map(len, here.values()))
    while sum(map(len, world.sites["south"].positions.committed(names).values())) < wanted:
        assert time.monotonic() - began < SYNCED_WITHIN, "the positions are not all at the standby"
        time.sleep(1)
        keeper.cycle()
    return cycle


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(each, 2) for each in values]


if __name__ == "__main__":
    configure(0)  # logs go to standard error
    main(*(int(word) for word in sys.argv[1:]))
