"""Keep what was seen at earlier looks in the plan file's SQLite file."""

from collections.abc import Mapping
from pathlib import Path

from drctl.drivers.store import seals
from drctl.drivers.store.database import transaction
from drctl.model.offsets import TopicPartition


class SqliteMemory:
    """Implements :class:`drctl.ports.Memory`."""

    def __init__(self, path: Path, plan: str) -> None:
        self.path = path
        self.plan = plan

    def topic_ids(self, site: str) -> Mapping[str, str]:
        with transaction(self.path) as database:
            rows = seals.rows(database, self.path, "seen_topic")
        return {topic: found for plan, at, topic, found in rows if (plan, at) == (self.plan, site)}

    def note_topic_ids(self, site: str, ids: Mapping[str, str], *, anew: bool = False) -> None:
        verb = "INSERT OR REPLACE" if anew else "INSERT OR IGNORE"
        rows = [(self.plan, site, topic, found) for topic, found in ids.items()]
        with transaction(self.path) as database:
            seals.rows(database, self.path, "seen_topic")
            database.executemany(f"{verb} INTO seen_topic VALUES (?, ?, ?, ?)", rows)
            seals.renew(database, "seen_topic")

    def copied(self, link: str) -> Mapping[TopicPartition, int]:
        with transaction(self.path) as database:
            rows = seals.rows(database, self.path, "copied")
        ours = (self.plan, link)
        return {TopicPartition(topic, number): offset for *whose, topic, number, offset in rows if tuple(whose) == ours}

    def note_copied(self, link: str, ends: Mapping[TopicPartition, int]) -> None:
        rows = [(self.plan, link, *partition, offset) for partition, offset in ends.items()]
        with transaction(self.path) as database:
            seals.rows(database, self.path, "copied")
            database.executemany("INSERT OR REPLACE INTO copied VALUES (?, ?, ?, ?, ?)", rows)
            seals.renew(database, "copied")
