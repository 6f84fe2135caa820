"""Cut the end off a partition's log on the disk of a broker that is down, as a power loss does with what is not synced.

A broker acknowledges what is in the machine's page cache. One that is killed leaves that to the machine, which writes
it out; only a machine that dies loses it. So what a killed broker has not synced is taken from its files instead, batch
by batch: the broker finds a log that ends earlier, and recovers it as after a power loss.

A segment is a file ``<offset of its first record>.log`` of record batches, each with its first offset (8 bytes, big
endian) and the length of what follows the first 12 bytes (4 bytes).
"""

import os
import struct
from pathlib import Path

from drctl.errors import LabError

BATCH = struct.Struct(">qi")
SYNCED = "recovery-point-offset-checkpoint"
"""Of a log directory: up to where each of its logs was synced. A version, a count, and a line per partition."""


def cut_log(directory: Path, partition: str, offset: int) -> int:
    """Cut all batches from that offset on; returns how many bytes. The broker of that log directory must be down.

    ``partition``: as ``topic-0``. LabError if there is nothing to cut, or if part of it was synced: no power loss takes
    that away.
    """
    if (synced := _synced(directory, partition)) > offset:
        told = f"{partition} in {directory} is synced up to {synced}, so that no power loss takes what is below"
        raise LabError(told, remedy="let it write more before it is cut")
    cut = 0
    for segment in sorted((directory / partition).glob("*.log")):
        size = segment.stat().st_size
        end = _end_below(segment, offset)
        if end < size:
            os.truncate(segment, end)
            cut += size - end
    if not cut:
        raise LabError(f"{partition} in {directory} has no record from {offset} on", remedy="see that it leads")
    return cut


def _synced(directory: Path, partition: str) -> int:
    topic, _, number = partition.rpartition("-")
    try:
        lines = (directory / SYNCED).read_text().splitlines()[2:]
    except FileNotFoundError:
        return 0
    found = [line.split() for line in lines]
    return next((int(each[2]) for each in found if each[:2] == [topic, number]), 0)


def _end_below(segment: Path, offset: int) -> int:
    """Return the position behind the last batch that begins below an offset; what is torn counts as behind it."""
    place, size = 0, segment.stat().st_size
    with segment.open("rb") as file:
        while place + BATCH.size <= size:
            file.seek(place)
            first, length = BATCH.unpack(file.read(BATCH.size))
            # Space that was allocated beforehand reads as zeroes, of which no batch consists.
            if first >= offset or length <= 0 or place + BATCH.size + length > size:
                break
            place += BATCH.size + length
    return place
