"""How far groups are from the acknowledged end of what they read, told from their histories while they run."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from drctl.ledger.events import Stream
from drctl.ledger.history import HistoryLine


class Reach:
    """Count what groups have yet to reach; ``groups`` maps each to the topics that it reads.

    It asks the same as the checker does afterwards, but needs only the last sequence of every stream.
    """

    def __init__(self, groups: Mapping[str, Collection[str]]) -> None:
        self._groups = groups
        self._ends: dict[Stream, int] = {}
        self._reached: defaultdict[str, dict[Stream, int]] = defaultdict(dict)

    def take(self, line: HistoryLine) -> None:
        """Note one line of a history; any order and any number of files will do."""
        if line.kind == "acknowledged":
            self._note(self._ends, line)
        elif line.kind == "processed":
            self._note(self._reached[line.more["group"]], line)

    @staticmethod
    def _note(last: dict[Stream, int], line: HistoryLine) -> None:
        for producer, topic, partition, sequence, *_ in line.records:
            stream = Stream(producer, topic, partition)
            last[stream] = max(sequence, last.get(stream, 0))

    def short(self) -> dict[str, int]:
        """Return the groups that have not reached every end, with how many sequences lie before them."""
        missing = {group: sum(self._missing(group)) for group in self._groups}
        return {group: count for group, count in missing.items() if count}

    def _missing(self, group: str) -> list[int]:
        topics, reached = self._groups[group], self._reached[group]
        return [max(0, end - reached.get(s, 0)) for s, end in self._ends.items() if s.topic in topics]
