"""The whole workload at work on one site, before, during and after a fault: no record lost, every group at the end."""

from drctl.drills.timeline import Histories
from drctl.lab.clients.producer import NUMBERS, TOPICS
from drctl.lab.workload import CLIENTS, READS
from drctl.ledger.events import Event, Seen, Stream
from drctl.ledger.history import HistoryLine

FAULT, END = (100.0, 200.0), 1000.0
TIMES = (50.0, 150.0, 250.0)
EACH = 80
"""Records of every producer before, during and after."""


def _records(kind: str, part: int) -> list[list[object]]:
    first = part * EACH + 1
    return [[NUMBERS[kind], TOPICS[kind], 0, sequence] for sequence in range(first, first + EACH)]


def everything() -> Histories:
    """The histories of all clients."""
    lines: dict[str, list[HistoryLine]] = {client: [] for client in CLIENTS}
    for part, at in enumerate(TIMES):
        for kind, topic in TOPICS.items():
            lines[f"producer-{kind}"].append(HistoryLine("acknowledged", at, "north", _records(kind, part), {}))
            for group in [group for group, topics in READS.items() if topic in topics]:
                lines[f"consumer-{group}"].append(
                    HistoryLine("processed", at + 1, "north", _records(kind, part), {"group": group})
                )
    return Histories(lines)


def without(client: str) -> Histories:
    """The histories of all other clients."""
    return Histories({name: lines for name, lines in everything().lines.items() if name != client})


def seen() -> list[Event]:
    """What a fresh reader finds."""
    return [
        Seen(topic, 0, sequence, Stream(NUMBERS[kind], topic, 0), sequence)
        for kind, topic in TOPICS.items()
        for sequence in range(1, len(TIMES) * EACH + 1)
    ]
