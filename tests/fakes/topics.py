"""Topics of a fake site, changed."""

from collections.abc import Collection, Mapping

from drctl.errors import Conflict, Forbidden, NotFound
from drctl.model.offsets import TopicPartition
from tests.fakes.brokers import BROKERS
from tests.fakes.effects import Effects
from tests.fakes.site import FakeSite, Log


class FakeTopics:
    """Changes the site's topics."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def own(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        for name in topics:
            self._exists(name)
        return {name: dict(self.site.topic_config.get(name, {})) for name in topics}

    def change(self, wanted: Mapping[str, Mapping[str, str | None]]) -> None:
        for name, changes in wanted.items():
            self._exists(name)
            if not (changes.get("min.insync.replicas") or "1").isdecimal():
                raise Conflict(f"{self.site.name}: {name}: {changes} is declined")
        with self._effects(f"settings at {self.site.name}") as parts:
            for name in parts(wanted):
                own = {**self.site.topic_config.get(name, {}), **wanted[name]}
                self.site.topic_config[name] = {key: value for key, value in own.items() if value is not None}

    def add_partitions(self, name: str, count: int) -> None:
        there = self._exists(name)
        if there < count:
            with self._effects(f"add partitions to {name} at {self.site.name}: {count}"):
                self.site.logs |= {TopicPartition(name, n): Log() for n in range(there, count)}

    def create(self, name: str, partitions: int, replicas: int, config: Mapping[str, str]) -> None:
        self._require("CREATE", name)
        if replicas > BROKERS:
            raise Conflict(f"{self.site.name}: {name}: {replicas} replicas are declined")
        if not any(p.topic == name for p in self.site.logs):
            with self._effects(f"create {name} at {self.site.name}"):
                self.site.make(name, partitions, config)

    def delete(self, name: str) -> None:
        self._require("DELETE", name)
        if any(p.topic == name for p in self.site.logs):
            with self._effects(f"delete {name} at {self.site.name}"):
                self.site.drop(name)

    def _require(self, operation: str, name: str) -> None:
        self.site.reach()
        if operation in self.site.withheld:
            raise Forbidden(f"{self.site.name}: User:drctl may not {operation} {name}")

    def _exists(self, name: str) -> int:
        self.site.reach()
        there = sum(p.topic == name for p in self.site.logs)
        if not there:
            raise NotFound(f"{self.site.name}: there is no topic {name}")
        return there
