"""What a synced standby costs in memory per group-partition, and whether that grows with time.

``python -m benchmarks.group_sync_memory [GROUPS] [PARTITIONS] [ROUNDS]`` keeps a standby in sync in memory, without
brokers: in every round each group's position moves in each partition. Counted is what drctl holds after each round, and
the positions that it was told; not what the stand-ins for the two sites hold. Prints one line of JSON.
"""

import json
import random
import sys
import tracemalloc
from dataclasses import replace
from threading import Lock

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.workloads import Workload
from drctl.monitors import Sessions
from drctl.plans.group_sync import SOON
from drctl.service.group_sync import GroupSyncLoop
from drctl.service.metrics import Metrics
from tests.fakes import FakeWorld

TOPIC = "shop.orders"
RECORDS = 100


def held() -> int:
    """Bytes that were allocated by drctl and by this file, and are in use."""
    ours = [tracemalloc.Filter(inclusive=True, filename_pattern=each) for each in ("*/drctl/*", __file__, "<string>")]
    return sum(each.size for each in tracemalloc.take_snapshot().filter_traces(ours).traces)


def main(groups: int = 1000, partitions: int = 24, rounds: int = 30) -> None:
    """Measure and print."""
    earth = FakeWorld()
    names = tuple(f"bench-{number}" for number in range(groups))
    earth.plan = replace(earth.plan, workloads=(Workload("bench", (TOPIC,), names),))
    for site in earth.sites.values():
        for number in range(partitions):
            site.logs.setdefault(TopicPartition(TOPIC, number), type(site.logs[TopicPartition(TOPIC, 0)])())
    earth.clock.actors = [earth.mirrors["north", "south"].tick]
    for number in range(partitions):
        for record in range(RECORDS):
            earth.north.write(TopicPartition(TOPIC, number), b"%d of %d" % (record, number), "User:shop")
    earth.clock.sleep(RECORDS)
    world = earth.ports()
    sessions = {name: Sessions() for name in world.sites}
    chance = random.Random(7)
    tracemalloc.start()
    keeper = GroupSyncLoop(world, sessions, Lock(), Metrics())
    grown = []
    for _ in range(rounds):
        for name in names:
            places = {TopicPartition(TOPIC, n): Committed(chance.randrange(RECORDS)) for n in range(partitions)}
            earth.north.group(name).committed.update(places)
        while keeper.cycle():
            earth.clock.sleep(SOON)
        assert all(len(earth.south.groups[name].committed) == partitions for name in names)
        earth.effects.names.clear()
        grown.append(held() / (groups * partitions))
    sys.stdout.write(
        json.dumps(
            {
                "groups": groups,
                "partitions": partitions,
                "rounds": rounds,
                "positions_moved": groups * partitions * rounds,
                "bytes_per_group_partition": {
                    "after_round_1": round(grown[0]),
                    "after_round_3": round(grown[2]),
                    "after_the_last": round(grown[-1]),
                    "most": round(max(grown)),
                },
            }
        )
        + "\n"
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
