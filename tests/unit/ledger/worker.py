"""A checker as a process of its own, which checks one partition and keeps its state with its position."""

import sys
from pathlib import Path

from drctl.ledger.events import Acknowledged, Event, Processed, Seen, Stream
from drctl.ledger.state import CheckerState
from drctl.ledger.stored_state import from_bytes, to_bytes

BATCH = 50
KILLED = 9
"""What a process exits with that ends in the middle of a batch."""


def partition_events(partition: int) -> list[Event]:
    """One partition's history: everything once, but for one record that is lost and one that is read again."""
    stream = Stream(1, "readings", partition)
    told: list[Event] = []
    for sequence in range(1, 400):
        told.append(Acknowledged(stream, sequence, 0.0, "north"))
        if sequence != 100 + partition:
            told.append(Seen("readings", partition, sequence, stream, sequence))
        told.append(Processed("billing", stream, sequence, 0.0, "north"))
        if sequence == 300:
            told.append(Processed("billing", stream, sequence, 0.0, "north"))
    return told


def work(folder: Path, partition: int, *, die_after: int) -> None:
    """Check a partition in batches, going on from what was kept; ends in the middle of the batch after so many."""
    kept = folder / f"{partition}.state"
    position, state = 0, CheckerState()
    if kept.exists():
        head, _, raw = kept.read_bytes().partition(b"\n")
        position, state = int(head), from_bytes(raw, kept.name)
    events = partition_events(partition)
    while position < len(events):
        for number, event in enumerate(events[position : position + BATCH]):
            if position >= die_after and number == BATCH // 2:
                sys.exit(KILLED)
            state.take(event)
        position = min(len(events), position + BATCH)
        fresh = kept.with_suffix(".new")
        fresh.write_bytes(b"%d\n" % position + to_bytes(state))
        fresh.replace(kept)  # position and state are one: neither is ahead of the other


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), die_after=int(sys.argv[3]))
