"""Which records were there for every group, whatever a compacted topic may have lost meanwhile."""

from collections.abc import Iterable, Mapping
from functools import reduce

from pyroaring import BitMap64

from drctl.ledger.events import Event, Seen, Stream

type Kept = Mapping[Stream, BitMap64]
"""Sequences by stream."""


def kept_at(*sites: Iterable[Event]) -> Kept:
    """Return what fresh readers found at each of these sites, where they are all at which groups were at work.

    A record that is there when all is over was never compacted away, so whoever passed it by has skipped it.
    """
    found = [_found(events) for events in sites]
    streams = set[Stream]().union(*found)

    def everywhere(stream: Stream) -> BitMap64:
        return reduce(BitMap64.intersection, (each.get(stream, BitMap64()) for each in found))

    return {stream: everywhere(stream) for stream in streams}


def _found(events: Iterable[Event]) -> dict[Stream, BitMap64]:
    there: dict[Stream, BitMap64] = {}
    for event in events:
        if isinstance(event, Seen) and event.stream is not None:
            there.setdefault(event.stream, BitMap64()).add(event.sequence)
    return there
