"""What benchmarks put beside drctl: Kafka's own admin client, its command-line tool, and MirrorMaker 2's own sync."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from drctl.lab import Lab
from drctl.lab.layout import class_path
from drctl.model.translation import Exact
from drctl.plans.positions import translate_groups
from drctl.ports import World

SOURCE = Path(__file__).parent / "BareCommits.java"
TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
CHECKPOINTS = "north-to-south.checkpoint"
OF_MIRRORMAKER = "mm2-"
"""What the groups' names begin with whose positions MirrorMaker 2 is to sync; it is to spend no time on others."""
STILL, GIVEN_UP = 15.0, 180.0
"""Seconds in which nothing more has come, and seconds in all, after which what MirrorMaker 2 has not brought over is
counted as missing."""


def bare_commits(lab: Lab, topic: str, partitions: int, groups: int, prefix: str) -> float:
    """Seconds of the Java client's commits at south alone, once it is warm; the groups are new ones."""
    site = lab.site("south")
    where = [str(site.client_properties("admin")), site.bootstrap_servers, topic, str(partitions), str(groups), prefix]
    command = ["java", "-cp", class_path(), "-Dlog4j2.level=OFF", str(SOURCE), *where]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def consumer_groups_tool(lab: Lab, topic: str, group: str, to: int) -> float:
    """Seconds of one call of kafka-consumer-groups for all partitions of one group, its JVM's start included."""
    site = lab.site("south")
    command = ["java", "-cp", class_path(), TOOL, "--bootstrap-server", site.bootstrap_servers]
    command += ["--command-config", str(site.client_properties("admin")), "--group", group, "--topic", topic]
    command += ["--reset-offsets", "--to-offset", str(to), "--execute"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    assert re.search(rf"{re.escape(topic)}\s+0\s+{to}\b", done.stdout), done.stdout + done.stderr
    return took


def let_mirrormaker_sync(world: World) -> None:
    """Let the checkpoint connector commit positions at south, each second, of its own groups alone."""
    connectors = world.sites["south"].connectors
    definition = connectors.definition(CHECKPOINTS)
    assert definition is not None
    each_second = dict.fromkeys(
        ("emit.checkpoints.interval.seconds", "sync.group.offsets.interval.seconds", "refresh.groups.interval.seconds"),
        "1",
    )
    own = {"sync.group.offsets.enabled": "true", "groups": f"{OF_MIRRORMAKER}.*"}
    connectors.put(CHECKPOINTS, {**definition, **each_second, **own})


def mirrormaker_sync(world: World, commit: Callable[[], object]) -> tuple[float, dict[str, int]]:
    """Seconds from the last commit at north until MirrorMaker 2 has brought the positions of that world's groups over.

    With it how many positions are there then, of how many, and how many of them are exact: MirrorMaker 2 translates to
    earlier ones where its syncs are sparse, and gives none where they are older. What is missing is not waited for
    beyond the time in which nothing more comes; where nothing comes at all, the seconds are those of the wait.
    """
    names = world.plan.groups
    commit()
    began = grown = time.monotonic()
    north, south = (world.sites[name].positions for name in ("north", "south"))
    found, wanted = 0, sum(map(len, north.committed(names).values()))
    while True:
        there = south.committed(names)
        now = sum(map(len, there.values()))
        if now > found:
            found, grown = now, time.monotonic()
        if found == wanted or (found and time.monotonic() - grown > STILL) or time.monotonic() - began > GIVEN_UP:
            break
        time.sleep(1)  # as often as MirrorMaker 2 commits them; to ask for all of them costs the brokers something
    took = (grown if found else time.monotonic()) - began
    answers = translate_groups(world, "north", "south", names)
    exact = sum(
        isinstance(answer, Exact) and (held := there[group].get(partition)) is not None and held.offset == answer.offset
        for group, each in answers.items()
        for partition, answer in each.items()
    )
    return took, {"positions": found, "of": wanted, "exact": exact}
