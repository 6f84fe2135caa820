"""MirrorMaker 2 on one link, through the Connect worker at the link's target."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from drctl.drivers.connect.definitions import read
from drctl.drivers.connect.worker import Worker, path
from drctl.errors import Conflict, NotFound
from drctl.model.link import LinkStatus, WantedConnector
from drctl.model.links import Link
from drctl.model.offsets import TopicPartition
from drctl.ports import Clock
from drctl.ports.permit import Permit, always


class ConnectReplication:
    """Implements :class:`drctl.ports.Replication`. Offsets are Connect's own (KIP-875)."""

    def __init__(self, link: Link, worker_url: str, clock: Clock, *, doubted: bool = False) -> None:
        self.link = link
        self.definitions = read(link)
        self.worker = Worker(worker_url, clock, doubted=doubted)
        self.client = self.worker.client
        self.client.known.update({each.name: each.config for each in self.definitions.all})

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def status(self) -> LinkStatus:
        # Side by side: two requests for each, and it is asked before every effect of a move, while clients wait.
        names = [each.name for each in self.definitions.all]
        with ThreadPoolExecutor(len(names)) as pool:
            source, checkpoint, heartbeat = pool.map(self.worker.certain, names)
        return LinkStatus(source, checkpoint, heartbeat)

    def frontier(self) -> Mapping[TopicPartition, int]:
        stored = self.worker.asked(f"{path(self.definitions.source.name)}/offsets")
        # Connect keeps the offset of the last record that was copied. A worker without exactly-once support
        # stores it once a minute (offset.flush.interval.ms), so the copy may have come further than that.
        return {partition: offset + 1 for partition, offset in self._stored(stored).items()}

    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:
        # One after the other, as Connect does it: each stop is a rebalance. The source connector comes
        # first, since only that one copies. All are asked, whatever they seem to do: a connector that is being
        # started is told as STOPPED until it has, and with a silent source that takes a minute.
        self._stop((self.definitions.source,) if copying_only else self.definitions.all, permit)

    def stop_checkpoints(self, permit: Permit = always) -> None:
        self._stop((self.definitions.checkpoint, self.definitions.heartbeat), permit)

    def _stop(self, wanted: Iterable[WantedConnector], permit: Permit) -> None:
        for each in wanted:
            try:
                self.worker.settled("PUT", f"{path(each.name)}/stop", permit=permit)
            except NotFound:
                self.worker.patiently(lambda: self.worker.refuse_unsettled(self.definitions.source.name))

    def resume(self, permit: Permit = always) -> None:
        for each in self.definitions.all:
            self.worker.create_missing(each.name, each.config, permit)
            self.worker.settled("PUT", f"{path(each.name)}/resume", permit=permit)

    def restart_failed(self, permit: Permit = always) -> Mapping[str, str]:
        restarted: dict[str, str] = {}
        for each in self.definitions.all:
            restarted |= self.worker.restart_failed(each.name, permit)
        return restarted

    def restart_from(self, ends: Mapping[TopicPartition, int], permit: Permit = always) -> None:
        for each in self.definitions.all:
            self.worker.create_missing(each.name, each.config, permit)
        source = self.definitions.source.name
        if not self.worker.patiently(lambda: self.worker.connector(source)).halted:
            raise Conflict(
                f"link {self.link.name}: {source} is not stopped", remedy="stop it before its offsets change"
            )
        if not ends:
            return
        # Connect stores the last record that was copied, and goes on behind it. From the very beginning is
        # said by no offset at all: -1 is answered with an error.
        wanted = {tp: end - 1 if end else None for tp, end in ends.items()}
        entries = [
            {"partition": self._key(tp), "offset": None if offset is None else {"offset": offset}}
            for tp, offset in wanted.items()
        ]
        self.worker.settled("PATCH", f"{path(source)}/offsets", {"offsets": entries}, permit)
        # Read back before it starts: from a point that is one off a record would be copied twice, or never.
        stored = self._stored(self.worker.settled("GET", f"{path(source)}/offsets"))
        wrong = [tp for tp, offset in wanted.items() if stored.get(tp) != offset]
        if wrong:
            where = ", ".join(map(str, wrong[:5]))
            raise Conflict(f"link {self.link.name}: offsets read back differ from those set, at {where}")

    def _key(self, partition: TopicPartition) -> dict[str, Any]:
        # As MirrorMaker 2 writes its source partitions: the alias is part of the key, as one topic's name may
        # stand for those of several sources.
        return {"cluster": self.link.source, "topic": partition.topic, "partition": partition.partition}

    def _stored(self, answer: dict[str, Any]) -> dict[TopicPartition, int]:
        with self.client.understood(f"the offsets of {self.definitions.source.name}"):
            return {
                TopicPartition(each["partition"]["topic"], int(each["partition"]["partition"])): int(
                    each["offset"]["offset"]
                )
                for each in answer["offsets"]
                if each["partition"].get("cluster") == self.link.source and each["offset"]
            }
