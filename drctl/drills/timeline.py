"""Turn histories and steps into the numbers and curves of a report: what happened when."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drctl.ledger.events import Event
from drctl.ledger.history import HistoryLine, events_of, read_lines


@dataclass(frozen=True, slots=True)
class StepSpan:
    """A step of a run: seconds since 1970."""

    run: str
    step: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class ClientPause:
    """How long one client had nothing to show for around a switch, in seconds; None if it never came back."""

    client: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Histories:
    """Every client's lines by client name, as ``producer-orders`` or ``consumer-billing``."""

    lines: Mapping[str, Sequence[HistoryLine]] = field(default_factory=dict)

    @staticmethod
    def read(folder: Path) -> "Histories":
        return Histories({path.stem: list(read_lines(path)) for path in sorted(folder.glob("*.jsonl"))})

    def events(self) -> Iterator[Event]:
        """Yield what the clients say of each record, client by client."""
        for client in sorted(self.lines):
            for line in self.lines[client]:
                yield from events_of(line)

    def done(self, client: str) -> list[HistoryLine]:
        """The lines that show work done by that client, each with records; none if it left no history."""
        lines = self.lines.get(client, ())
        return [line for line in lines if line.kind in ("acknowledged", "processed") and line.records]

    def pauses(self, spans: Sequence[StepSpan], source: str, target: str) -> tuple[ClientPause, ...]:
        """Per client the gap between its last work at the source and its first at the target during these steps."""
        if not spans:
            return ()
        began = spans[0].began
        return tuple(self._pause(client, began, source, target) for client in self.lines)

    def _pause(self, client: str, began: float, source: str, target: str) -> ClientPause:
        after = [line.at for line in self.done(client) if line.site == target and line.at > began]
        if not after:
            return ClientPause(client, None)
        before = [line.at for line in self.done(client) if line.site == source and line.at < after[0]]
        return ClientPause(client, round(after[0] - before[-1], 2) if before else None)

    def per_second(self, kind: str) -> dict[int, int]:
        """Records acknowledged or processed in each second."""
        counted: Counter[int] = Counter()
        for lines in self.lines.values():
            for line in lines:
                if line.kind == kind:
                    counted[int(line.at)] += len(line.records)
        return dict(sorted(counted.items()))

    def acknowledged_between(self, began: float, ended: float, site: str | None = None) -> int:
        """Records acknowledged in that time, at one site or at any."""
        lines = (line for client in self.lines.values() for line in client if line.kind == "acknowledged")
        return sum(len(line.records) for line in lines if began <= line.at < ended and site in (None, line.site))

    def denied_between(self, began: float, ended: float, site: str) -> bool:
        """Whether a broker of that site denied a producer in that time."""
        lines = (line for client in self.lines.values() for line in client)
        return any(line.kind == "denied" and line.site == site and began <= line.at < ended for line in lines)

    def lags(self, topics: Mapping[str, Sequence[str]], window: float = 2.0) -> dict[str, list[tuple[float, int]]]:
        """Per group the largest lag in each window: records acknowledged in its topics less records it processed."""
        steps: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        for lines in self.lines.values():
            for line in lines:
                for group, read in topics.items():
                    change = self._change(line, group, read)
                    if change:
                        steps[group].append((line.at, change))
        return {group: _largest(sorted(changes), window) for group, changes in steps.items()}

    def lag_at(self, at: float, group: str, topics: Sequence[str]) -> int:
        """How far that group was behind at that time: acknowledged in its topics less what it had processed."""
        lines = (line for client in self.lines.values() for line in client if line.at < at)
        return max(0, sum(self._change(line, group, topics) for line in lines))

    @staticmethod
    def _change(line: HistoryLine, group: str, topics: Sequence[str]) -> int:
        if line.kind == "acknowledged":
            return sum(1 for record in line.records if record[1] in topics)
        if line.kind == "processed" and line.more["group"] == group:
            return -len(line.records)
        return 0


def _largest(changes: Sequence[tuple[float, int]], window: float) -> list[tuple[float, int]]:
    """The largest sum in each window with a change; where nothing changes for longer, what remained stands there."""
    found: dict[int, int] = {}
    total = 0
    for at, change in changes:
        number = int(at / window)
        if found and number > max(found) + 1:
            found[max(found) + 1] = max(0, total)
        total += change
        found[number] = max(found.get(number, 0), total)
    return [(number * window, most) for number, most in found.items()]
