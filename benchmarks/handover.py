"""How fast a thousand groups are handed over, beside bare commits of Kafka's own admin client in the same run.

``python -m benchmarks.handover [GROUPS] [PARTITIONS] [ROUNDS]`` starts a lab, lets MirrorMaker 2 copy a topic, commits
positions spread over the log for every group at north, and then, round by round: bare commits at south from Java, a
handover with translation, proof and read-back by drctl, and one call of kafka-consumer-groups for one group. Prints one
line of JSON. Needs a JDK.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from confluent_kafka import Producer

from drctl.cli.logs import configure
from drctl.config import load
from drctl.drivers.kafka.provision import create_topics
from drctl.lab import Lab
from drctl.lab.layout import class_path
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult
from drctl.model.site import Workload
from drctl.monitors import observe
from drctl.monitors.links import lag
from drctl.plans import handover, runner
from drctl.plans.group_sync import GroupSync
from drctl.ports import World
from drctl.wiring import open_world

TOPIC = "dr.bench"
RECORDS = 2_000
CUT = ("wait-until-copied", "hand-over-positions")
"""From the moment at which the groups are empty until their positions are committed and read back."""
SOURCE = Path(__file__).parent / "BareCommits.java"


def main(groups: int = 1000, partitions: int = 24, rounds: int = 3) -> None:
    """Run it and print the figures."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder) / "lab", small=True) as lab:
        names = tuple(f"bench-{number}" for number in range(groups))
        plan = replace(load(lab.plan_file), workloads=(Workload("bench", (TOPIC,), names),))
        with open_world(plan) as world:
            prepare(lab, world, names, partitions)
            bare, ours, cuts, steps = [], [], [], []
            for number in range(rounds):
                bare.append(java(lab, partitions, groups, f"bare-{number}-"))
                result = hand_over(world)
                ours.append(seconds(result, "hand-over-positions"))
                cuts.append(seconds(result, *CUT))
                steps.append({t.name: round(t.seconds, 2) for t in result.timings})
            tool = reset_one(lab)
            group_sync = synced(world, names, partitions)
    rate = {"bare": groups / median(bare), "drctl": groups / median(ours), "cut": groups / median(cuts)}
    told = {
        "groups": groups,
        "partitions": partitions,
        "bare_commits_java_seconds": [round(s, 2) for s in bare],
        "hand_over_positions_seconds": [round(s, 2) for s in ours],
        "groups_per_second": {name: round(each) for name, each in rate.items()},
        "cut_seconds": [round(s, 2) for s in cuts],
        "ratio": round(rate["drctl"] / rate["bare"], 2),
        "ratio_of_the_cut": round(rate["cut"] / rate["bare"], 2),
        "kafka_consumer_groups_one_group_seconds": round(tool, 2),
        "steps_of_the_last_round": steps[-1],
        "from_a_synced_standby": group_sync,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def prepare(lab: Lab, world: World, names: tuple[str, ...], partitions: int) -> None:
    """Records at both sites, and every group's positions at north."""
    north = lab.site("north").kafka("admin")
    create_topics(north, {TOPIC: (partitions, 1, {})})
    producer = Producer({**north.config, "linger.ms": 20})
    for number in range(RECORDS):
        for partition in range(partitions):
            producer.produce(TOPIC, b"reading %d of partition %d" % (number, partition), partition=partition)
        producer.poll(0)
    assert producer.flush(60) == 0
    north.close()
    deadline = time.monotonic() + 120
    while TOPIC not in world.sites["south"].brokers.topics([TOPIC]) or lag(world, "north", "south").total:
        assert time.monotonic() < deadline, "the link did not copy everything"
        time.sleep(0.5)
    commit(world, names, partitions)


def commit(world: World, names: tuple[str, ...], partitions: int) -> None:
    """Positions at north: each group somewhere in each partition."""
    chance = random.Random(7)
    wanted = {
        name: {TopicPartition(TOPIC, p): Committed(chance.randrange(RECORDS)) for p in range(partitions)}
        for name in names
    }
    refused = world.sites["north"].positions.commit_all(wanted, lambda: None)
    assert not refused, refused


def java(lab: Lab, partitions: int, groups: int, prefix: str) -> float:
    """Seconds of the Java client's commits alone, its start not counted."""
    site = lab.site("south")
    where = [str(site.client_properties("admin")), site.bootstrap_servers, TOPIC, str(partitions), str(groups), prefix]
    command = ["java", "-cp", class_path(), "-Dlog4j2.level=OFF", str(SOURCE), *where]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def hand_over(world: World) -> RunResult:
    """One handover of all groups."""
    return runner.run(handover.ordered("north", "south", observe=observe), world, lambda _: None)


def seconds(result: RunResult, *steps: str) -> float:
    """How long these steps took together."""
    return sum(t.seconds for t in result.timings if t.name in steps)


def synced(world: World, names: tuple[str, ...], partitions: int) -> dict[str, float]:
    """The same from a standby that was kept in sync: all that is left is to compare and read back."""
    fresh = tuple(f"group-sync-{name}" for name in names)
    narrow = replace(world, plan=replace(world.plan, workloads=(Workload("group-sync", (TOPIC,), fresh),)))
    commit(narrow, fresh, partitions)
    keeper = GroupSync(narrow, "north", "south")
    keeper.note(narrow.sites["north"].positions.committed(fresh))
    began = time.monotonic()
    keeper.cycle()
    cycle = time.monotonic() - began
    result = hand_over(narrow)
    return {
        "first_cycle_seconds": round(cycle, 2),
        "hand_over_positions_seconds": round(seconds(result, "hand-over-positions"), 2),
        "cut_seconds": round(seconds(result, *CUT), 2),
    }


def reset_one(lab: Lab) -> float:
    """Seconds of one call of Kafka's own tool for one group."""
    site = lab.site("south")
    tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    command = ["java", "-cp", class_path(), tool, "--bootstrap-server", site.bootstrap_servers]
    command += ["--command-config", str(site.client_properties("admin")), "--group", "bare-0-0", "--topic", TOPIC]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--reset-offsets", "--to-offset", "5", "--execute"], capture_output=True, text=True, check=False
    )
    assert re.search(rf"{TOPIC}\s+0\s+5", done.stdout), done.stdout + done.stderr
    return time.monotonic() - began


if __name__ == "__main__":
    configure(0)  # logs go to standard error
    main(*(int(word) for word in sys.argv[1:]))
