"""Keep where each site's logs ended when last seen, in SQLite; the newest sighting replaces the one before."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from drctl.drivers.store import seals
from drctl.drivers.store.database import broken, transaction
from drctl.model.documents import json_of
from drctl.model.loss import LogEndsSighting
from drctl.model.offsets import TopicPartition


class SqliteSightings:
    """Implements :class:`drctl.ports.Sightings`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(
        self, site: str, ends: Mapping[TopicPartition, int], at: datetime, anew: frozenset[str] = frozenset()
    ) -> None:
        before = self.last(site)
        seen = before.followed_by(ends, at, anew) if before else LogEndsSighting(ends, at, anew=anew)
        # Earlier versions wrote and read lines of four.
        rows = [[*p, end, seen.rates.get(p), *([True] if p.topic in anew else [])] for p, end in sorted(ends.items())]
        body = json.dumps(rows)
        with transaction(self.path) as database:
            seals.rows(database, self.path, "sighting")
            database.execute("INSERT OR REPLACE INTO sighting VALUES (?, ?, ?, NULL)", (site, at.isoformat(), body))
            seals.renew(database, "sighting")

    def note_silence(self, site: str, at: datetime) -> None:
        with transaction(self.path) as database:
            seals.rows(database, self.path, "sighting")
            database.execute("UPDATE sighting SET silent = ? WHERE site = ? AND silent IS NULL", (at.isoformat(), site))
            seals.renew(database, "sighting")

    def last(self, site: str) -> LogEndsSighting | None:
        with transaction(self.path) as database:
            rows = seals.rows(database, self.path, "sighting")
        told = next((rest for about, *rest in rows if about == site), None)
        if told is None:
            return None
        try:
            return _sighting(*told)
        except (ValueError, TypeError) as error:
            raise broken(self.path, f"what was last seen of {site} is nothing that can be read") from error


def _sighting(at: str, body: str, silent: str | None) -> LogEndsSighting:
    ends, rates = dict[TopicPartition, int](), dict[TopicPartition, float]()
    anew = set[str]()
    for topic, number, end, rate, *more in json_of(body, largest=len(body)):
        partition = TopicPartition(str(topic), int(number))
        ends[partition] = int(end)
        if rate is not None:
            rates[partition] = float(rate)
        anew |= {partition.topic} if any(more) else set()
    silent_since = datetime.fromisoformat(silent) if silent else None
    return LogEndsSighting(ends, datetime.fromisoformat(at), rates, silent_since, frozenset(anew))
