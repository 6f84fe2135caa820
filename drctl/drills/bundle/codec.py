"""Turn what readers found and what the journal holds into lines of JSON and back."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from drctl.drills.bundle.manifest import damaged
from drctl.drills.bundle.packing import LONGEST
from drctl.errors import JournalBroken
from drctl.ledger.events import Event, LogStart, Seen, Stranded, Stream
from drctl.ledger.retention import Retention
from drctl.model.chain import Change, Line
from drctl.model.documents import json_of

START = "start"
KINDS: dict[str, type[Seen] | type[Stranded]] = {"seen": Seen, "stranded": Stranded}


def found_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """Pack what a reader found: kind, topic, partition, offset, stream, sequence, intact, foreign, and site if told.

    Where a log began is a line of kind, site, topic, partition, offset, and where they are known the topic's
    cleanup.policy, retention.ms and retention.bytes, and when they were read.
    """
    for each in events:
        if isinstance(each, LogStart):
            yield _line([START, each.site, each.topic, each.partition, each.offset, *(each.retention or ())])
            continue
        if not isinstance(each, Seen | Stranded):
            raise TypeError(f"{type(each).__name__} is nothing that a reader finds")
        kind = "seen" if isinstance(each, Seen) else "stranded"
        stream = None if each.stream is None else list(each.stream)
        yield _line([
            kind, each.topic, each.partition, each.offset, stream, each.sequence, each.intact, each.foreign,
            *([each.site] if each.site else []),
        ])  # fmt: skip


def found_in(name: str, lines: Iterable[bytes]) -> Iterator[Seen | Stranded | LogStart]:
    """Return what a reader found, from that file of a bundle. BundleDamaged, with the line, if it is something else."""
    for number, line in enumerate(lines, 1):
        try:
            yield _found(json_of(line, largest=LONGEST, ours=True))
        except (ValueError, TypeError, LookupError) as error:
            raise damaged(f"{name}:{number}: is nothing that a reader found") from error


def _found(told: Any) -> Seen | Stranded | LogStart:
    if told[0] == START:
        return _start(*told[1:])
    kind, topic, partition, offset, stream, sequence, intact, foreign, *site = told
    numbers = [(partition, 31), (offset, 63), (sequence, 64)]
    texts = [topic, *site]
    if stream is not None:
        producer, intended, place = stream
        numbers += [(producer, 16), (place, 31)]
        texts.append(intended)
    _require(numbers, texts)
    if not (isinstance(intact, bool) and isinstance(foreign, bool)):
        raise TypeError("is neither true nor false")
    where = Stream(*stream) if stream else None
    return KINDS[kind](topic, partition, offset, where, sequence, intact, foreign, *site)


def _start(site: str, topic: str, partition: int, offset: int, *settings: Any) -> LogStart:
    _require([(partition, 31), (offset, 63)], [site, topic])
    return LogStart(site, topic, partition, offset, _retention(*settings) if settings else None)


def _retention(policy: Any, ms: Any, size: Any, at: Any) -> Retention:
    # -1 is no bound, and every number below it the same to Kafka.
    if not all(type(each) is int and -(1 << 63) <= each < 1 << 63 for each in (ms, size)):
        raise ValueError("a bound is no number")
    if not isinstance(policy, str) or type(at) not in (int, float):
        raise TypeError("is no policy or no time")
    return Retention(policy, ms, size, float(at))


def _require(numbers: Iterable[tuple[object, int]], texts: Iterable[object]) -> None:
    if not all(type(number) is int and 0 <= number < 1 << bits for number, bits in numbers):
        raise ValueError("a number is not in its range")
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError("a topic or a site has no name")


def journal_lines(journal: Iterable[Line]) -> Iterator[bytes]:
    """The lines of a journal."""
    return (_line(asdict(line)) for line in journal)


def journal_in(name: str, lines: Iterable[bytes]) -> Iterator[Line]:
    """The lines of a journal, from a bundle's file of that name. JournalBroken, with the line, if they are none."""
    for number, text in enumerate(lines, 1):
        try:
            told = json_of(text, largest=LONGEST)
            texts = [told[key] for key in ("about", "content", "digest")]
            if set(told) != {"number", "change", "about", "content", "digest"} or type(told["number"]) is not int:
                raise ValueError("is no line of a journal")
            if not all(isinstance(each, str) for each in texts):
                raise TypeError("is no text")
            yield Line(told["number"], Change(told["change"]), *texts)
        except (ValueError, TypeError, KeyError) as error:
            raise JournalBroken(f"{name}:{number}: is no line of a journal", remedy="get the bundle again") from error


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
