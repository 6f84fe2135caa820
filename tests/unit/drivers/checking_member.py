"""A checker as a process of its own, on a cluster that bootstraps at an address; it may be killed on its way."""

import os
import signal
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

from drctl.drills.checking import sharing
from drctl.drills.checking.sharing import CheckTerms, SharedCheck
from drctl.drivers.kafka import shared_logs
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.shared_logs import KafkaSharedLogs
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.checker_states import FolderStates
from drctl.drivers.store.clock import SystemClock
from drctl.ledger.record import HEADER
from drctl.model.cluster import Topic
from drctl.model.offsets import TopicPartition

TOPIC, PARTITIONS, RUN = "readings", 4, UUID(int=9)
LONGEST = 60.0
"""Seconds to wait for other processes to be ready: they only import what they need."""


class NoSettings:
    """In place of the site's: the mock cluster answers no DescribeConfigs."""

    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        return {}


def check(servers: str, folder: Path, killed_after: int, members: int) -> None:
    """Check with others until all is complete; killed by SIGKILL once so many records were checked here.

    Joins once as many are ready as there will be members: else one would have done it all before others came.
    """
    # Saved at every turn, and few records at once: else it would be done before it is killed.
    sharing.SAVE = 0.0
    shared_logs.AT_ONCE = 50
    site = KafkaSite("north", {"bootstrap.servers": servers})
    logs = KafkaSharedLogs(site, "checkers", [TOPIC], HEADER, session=6.0)
    terms = CheckTerms(RUN, "north", frozenset(TopicPartition(TOPIC, number) for number in range(PARTITIONS)))
    clock = SystemClock()
    checking = SharedCheck(logs, KafkaRecords(site), FolderStates(folder), clock, terms, settings=NoSettings())
    _await_others(folder, members, clock)

    def is_to_end() -> bool:
        if killed_after and checking.taken >= killed_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    checking.run(is_to_end)
    site.close()


def _await_others(folder: Path, members: int, clock: SystemClock) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{os.getpid()}.ready").touch()
    deadline = clock.monotonic() + LONGEST
    while len(list(folder.glob("*.ready"))) < members and clock.monotonic() < deadline:
        clock.sleep(0.05)


if __name__ == "__main__":
    check(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
