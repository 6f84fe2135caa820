"""Keep what group-offset sync last told of itself, in SQLite; the newest report replaces the one before."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from drctl.drivers.store import seals
from drctl.drivers.store.database import broken, transaction
from drctl.model.documents import json_of
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.sync_report import FailingGroup, SyncReport


class SqliteSyncReports:
    """Implements :class:`drctl.ports.SyncReports`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, report: SyncReport) -> None:
        failing = {group: [each.since.isoformat(), each.why] for group, each in sorted(report.failing.items())}
        unstamped = {group: _lines(positions) for group, positions in sorted(report.unstamped.items())}
        body = json.dumps({"failing": failing, "leftAlone": sorted(report.left_alone), "unstamped": unstamped})
        row = (report.target, report.source, report.epoch, report.at.isoformat(), body)
        with transaction(self.path) as database:
            seals.rows(database, self.path, "sync_report")
            database.execute("INSERT OR REPLACE INTO sync_report VALUES (?, ?, ?, ?, ?)", row)
            seals.renew(database, "sync_report")

    def last(self, target: str) -> SyncReport | None:
        with transaction(self.path) as database:
            rows = seals.rows(database, self.path, "sync_report")
        told = next((rest for about, *rest in rows if about == target), None)
        if told is None:
            return None
        try:
            return _report(target, *told)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise broken(self.path, f"what is noted of the standby {target} is nothing that can be read") from error


def _report(target: str, source: str, epoch: int, at: str, body: str) -> SyncReport:
    told = json_of(body, largest=len(body))
    failing = {
        str(group): FailingGroup(datetime.fromisoformat(since), str(why))
        for group, (since, why) in told["failing"].items()
    }
    left_alone = frozenset(map(str, told["leftAlone"]))
    # Earlier versions noted none: then an undo is certain of none.
    unstamped = {str(group): dict(map(_position, lines)) for group, lines in told.get("unstamped", {}).items()}
    return SyncReport(source, target, int(epoch), datetime.fromisoformat(at), failing, left_alone, unstamped)


def _lines(positions: Mapping[TopicPartition, Committed]) -> list[list[object]]:
    return [[*partition, each.offset, each.metadata] for partition, each in sorted(positions.items())]


def _position(line: Sequence[object]) -> tuple[TopicPartition, Committed]:
    match line:
        case [str() as topic, int() as partition, int() as offset, str() as metadata]:
            return TopicPartition(topic, partition), Committed(offset, metadata)
    raise ValueError(f"{line!r} is no position")
