"""What was seen at earlier looks, in the plan file's SQLite file."""

from collections.abc import Mapping
from pathlib import Path

from drctl.drivers.store.database import transaction
from drctl.model.offsets import TopicPartition


class SqliteMemory:
    """Implements :class:`drctl.ports.Memory`."""

    def __init__(self, path: Path, plan: str) -> None:
        self.path = path
        self.plan = plan

    def topic_ids(self, site: str) -> Mapping[str, str]:
        with transaction(self.path) as database:
            rows = database.execute("SELECT topic, id FROM seen_topic WHERE plan = ? AND site = ?", (self.plan, site))
            return {str(topic): str(found) for topic, found in rows}

    def note_topic_ids(self, site: str, ids: Mapping[str, str], *, anew: bool = False) -> None:
        verb = "INSERT OR REPLACE" if anew else "INSERT OR IGNORE"
        rows = [(self.plan, site, topic, found) for topic, found in ids.items()]
        with transaction(self.path) as database:
            database.executemany(f"{verb} INTO seen_topic VALUES (?, ?, ?, ?)", rows)

    def copied(self, link: str) -> Mapping[TopicPartition, int]:
        with transaction(self.path) as database:
            rows = database.execute(
                "SELECT topic, partition, offset FROM copied WHERE plan = ? AND link = ?", (self.plan, link)
            )
            return {TopicPartition(str(topic), int(number)): int(offset) for topic, number, offset in rows}

    def note_copied(self, link: str, ends: Mapping[TopicPartition, int]) -> None:
        rows = [(self.plan, link, *partition, offset) for partition, offset in ends.items()]
        with transaction(self.path) as database:
            database.executemany("INSERT OR REPLACE INTO copied VALUES (?, ?, ?, ?, ?)", rows)
