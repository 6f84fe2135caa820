"""Break clean runs in one way each, and say which classes the checker must name then, and how many of each.

The ways are those in which brokers, links, people and moves of groups break what was promised. Each changes the run and
returns counts by class, None where this run has no place for it; ``group …`` are classes of groups. Whatever else is
named is a false alarm.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from drctl.ledger.events import Aborted, Acknowledged, LogStart, PolledInTransaction, Processed, Seen
from drctl.ledger.retention import Retention
from tests.unit.ledger.clean_run import COMPACTED, GROUPS, PARTITIONS, READ, CleanRun, Partition

type Named = dict[str, int]
type Way = Callable[[CleanRun, random.Random], Named | None]

FOR_EVER, AT_ONCE = Retention("delete", -1, -1, READ), Retention("delete", 0, -1, READ)
LOGS = [place for place in PARTITIONS if place[0] not in COMPACTED]


def _acknowledged(run: CleanRun) -> set[tuple[object, int]]:
    return {(each.stream, each.sequence) for each in run.sent if isinstance(each, Acknowledged)}


def _choose(run: CleanRun, chance: random.Random) -> tuple[Partition, int] | None:
    """Return where an acknowledged record was found, in a topic that keeps all of them."""
    sure = _acknowledged(run)
    places = [
        (log, number)
        for log in LOGS
        for number, each in enumerate(run.found[log])
        if (each.stream, each.sequence) in sure
    ]
    return chance.choice(places) if places else None


def _at_the_end(run: CleanRun, log: Partition, seen: Seen) -> Seen:
    return replace(seen, topic=log[0], partition=log[1], offset=run.end(log))


def lose(run: CleanRun, chance: random.Random) -> Named | None:
    """Leave one record out."""
    if (place := _choose(run, chance)) is None:
        return None
    del run.found[place[0]][place[1]]
    return {"lost": 1}


def lose_the_tail(run: CleanRun, chance: random.Random) -> Named | None:
    """Cut a log off, as where the only replica in sync lost what it had not written to its disk."""
    if (place := _choose(run, chance)) is None:
        return None
    log, number = place
    sure = _acknowledged(run)
    cut, run.found[log] = run.found[log][number:], run.found[log][:number]
    return {"lost": sum((each.stream, each.sequence) in sure for each in cut)}


def elect_an_unclean_leader(run: CleanRun, chance: random.Random) -> Named | None:
    """Cut a log off and write on from there: an unclean election, or acks=1 and a leader that was killed."""
    if (place := _choose(run, chance)) is None:
        return None
    log, number = place
    sure, cut = _acknowledged(run), run.found[log][number:]
    stream, site = cut[0].stream, cut[0].site
    assert stream is not None
    highest = max(each.sequence for each in run.records if each.stream == stream)
    run.found[log] = run.found[log][:number]
    for behind in range(chance.randint(1, 2 * len(cut))):
        sequence, offset = highest + 1 + behind, cut[0].offset + behind
        run.sent.append(Acknowledged(stream, sequence, READ, site, None, offset))
        run.found[log].append(Seen(*log, offset, stream, sequence, site=site))
        run.read += _by_every_group(run, Processed("", stream, sequence, READ, site, offset))
    told = {e.offset for e in run.records if e.stream[1:] == log and e.site == site and e.visible}
    again = told & {each.offset for each in run.found[log][number:]}
    return {"lost": sum((each.stream, each.sequence) in sure for each in cut), "inconsistent_offsets": len(again)}


def _by_every_group(run: CleanRun, done: Processed) -> Iterator[Processed]:
    groups = {each.group for each in run.read if each.stream == done.stream}
    return (replace(done, group=group) for group in sorted(groups))


def double(run: CleanRun, chance: random.Random) -> Named | None:
    """Write a record a second time."""
    if (place := _choose(run, chance)) is None:
        return None
    log, number = place
    run.found[log].append(_at_the_end(run, log, run.found[log][number]))
    return {"duplicated": 1}


def swap(run: CleanRun, chance: random.Random) -> Named | None:
    """Let two neighbours of a stream change places, with what they carry and without their offsets."""
    place = _choose(run, chance)
    if place is None or (second := _next_of_its_stream(run.found[place[0]], place[1])) is None:
        return None
    log, first = place
    found = run.found[log]
    one, other = found[first], found[second]
    found[first], found[second] = replace(other, offset=one.offset), replace(one, offset=other.offset)
    told = {
        (each.offset, each.site)
        for each in (*run.read, *run.sent)
        if isinstance(each, Processed | Acknowledged) and each.stream[1:] == log and each.offset is not None
    }
    return {"reordered": 1, "inconsistent_offsets": sum((each.offset, each.site) in told for each in (one, other))}


def _next_of_its_stream(found: list[Seen], first: int) -> int | None:
    return next((n for n in range(first + 1, len(found)) if found[n].stream == found[first].stream), None)


def change(run: CleanRun, chance: random.Random) -> Named | None:
    """Change a record: what it says of itself counts no more, so it is not there either."""
    if (place := _choose(run, chance)) is None:
        return None
    log, number = place
    run.found[log][number] = replace(run.found[log][number], intact=False)
    return {"corrupt": 1, "lost": 1}


def misroute(run: CleanRun, chance: random.Random) -> Named | None:
    """Put a record into another partition of its topic."""
    if (place := _choose(run, chance)) is None or place[0][0] != "readings":
        return None
    seen, other = run.found[place[0]].pop(place[1]), ("readings", 1 - place[0][1])
    run.found[other].append(_at_the_end(run, other, seen))
    return {"misrouted": 1}


def add_of_another_run(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a record of another run come in."""
    if (place := _choose(run, chance)) is None:
        return None
    log, number = place
    run.found[log].append(replace(_at_the_end(run, log, run.found[log][number]), foreign=True))
    return {"phantom": 1}


def add_what_was_never_sent(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a record come in that its producer never sent."""
    if (place := _choose(run, chance)) is None:
        return None
    log, number = place
    seen = _at_the_end(run, log, run.found[log][number])
    run.found[log].append(replace(seen, sequence=seen.sequence + 1000))
    return {"phantom": 1}


def show_what_was_aborted(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a reader of committed records find one of an aborted transaction, where it lies."""
    begins = {(each.topic, each.partition): each.offset for each in run.starts}
    elsewhere = {log for log, found in run.found.items() if any(each.site != "north" for each in found)}
    aborted = [
        each
        for each in run.records
        if each.fate == "aborted" and each.stream[1:] not in elsewhere
        if (each.offset or 0) >= begins.get(each.stream[1:], 0)
    ]
    if not aborted:
        return None
    record = chance.choice(aborted)
    log = run.found[record.stream[1:]]
    log.append(Seen(*record.stream[1:], record.offset or 0, record.stream, record.sequence))
    log.sort(key=lambda seen: seen.offset)
    return {"aborted_read": 1}


def tell_the_offset_of_another(run: CleanRun, chance: random.Random) -> Named | None:
    """Tell a group that a record lies where another one does."""
    read = [n for n, each in enumerate(run.read) if each.stream[1:] in LOGS and each.stream[1:] not in run.retired]
    if not read:
        return None
    number = chance.choice(read)
    told = run.read[number]
    others = [each for each in run.read if each.stream[1:] == told.stream[1:] and each.site == told.site]
    other = chance.choice(others)
    if other.offset == told.offset:
        return None
    run.read[number] = replace(told, offset=other.offset)
    return {"inconsistent_offsets": 1}


def give_before_the_commit(run: CleanRun, chance: random.Random) -> Named | None:
    """Give a reader what its own open transaction had sent."""
    record = chance.choice(run.records)
    run.sent.append(PolledInTransaction(record.stream, record.sequence, own=True))
    return {"precommitted_read": 1}


def delete(run: CleanRun, chance: random.Random) -> Named | None:
    """Delete the oldest records of a log behind everybody's back: its topic keeps all."""
    gone = _take_the_oldest(run, chance, FOR_EVER)
    return None if gone is None else {"deleted": gone}


def expire(run: CleanRun, chance: random.Random) -> Named | None:
    """Let retention take them: no fault."""
    gone = _take_the_oldest(run, chance, AT_ONCE)
    if gone is None:
        return None
    run.expired += gone
    return {}


def _take_the_oldest(run: CleanRun, chance: random.Random, retention: Retention) -> int | None:
    place = _choose(run, chance)
    if place is None or any((each.topic, each.partition) == place[0] for each in run.starts):
        return None
    log, number = place
    last, sure = run.found[log][number], _acknowledged(run)
    gone, run.found[log] = run.found[log][: number + 1], run.found[log][number + 1 :]
    run.starts.append(LogStart(last.site, *log, last.offset + 1, retention))
    # Told where it lay at the site that is read, or nobody knows that it lay below the beginning.
    if not any(_tells(each, last) for each in (*run.read, *run.sent)) or any(
        each.site != last.site for each in run.read if each.stream[1:] == log
    ):
        return None
    return sum((each.stream, each.sequence) in sure for each in gone)


def _tells(event: object, seen: Seen) -> bool:
    place = (seen.stream, seen.site, seen.offset)
    return isinstance(event, Processed | Acknowledged) and (event.stream, event.site, event.offset) == place


def move_a_group_one_too_far(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a group begin behind the record that it had to read next."""
    last = {(each.group, each.stream): each.sequence for each in run.read}
    due = {(each.stream, each.sequence) for log in LOGS for each in run.found[log]}
    places = [
        number
        for number, each in enumerate(run.read)
        if (each.stream, each.sequence) in due and each.sequence < last[each.group, each.stream]
    ]
    if not places:
        return None
    del run.read[chance.choice(places)]
    return {"group skipped": 1}


def stop_a_group_short(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a group end before the last record of a stream."""
    last = {(each.group, each.stream): (each.sequence, number) for number, each in enumerate(run.read)}
    due = {(each.stream, each.sequence) for log in LOGS for each in run.found[log]}
    places = [number for (_, stream), (sequence, number) in last.items() if (stream, sequence) in due]
    if not places:
        return None
    del run.read[chance.choice(places)]
    return {"group unread": 1}


def move_a_group_back(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a group read a record again."""
    if not run.read:
        return None
    run.read.append(chance.choice(run.read))
    return {"group repeated": 1}


def let_a_group_read_what_was_aborted(run: CleanRun, chance: random.Random) -> Named | None:
    """Let a group process a record of an aborted transaction."""
    aborted = [each for each in run.sent if isinstance(each, Aborted) and each.stream.topic == "readings"]
    if not aborted:
        return None
    record = chance.choice(aborted)
    # Among what it read, or it would end elsewhere than before.
    if not any(e.group == "audit" and e.stream == record.stream and e.sequence > record.sequence for e in run.read):
        return None
    run.read.append(Processed("audit", record.stream, record.sequence, READ, "north"))
    return {"group phantom": 1}


def lose_of_the_tail(run: CleanRun, chance: random.Random) -> Named | None:
    """Leave a record out of what was salvaged."""
    sure = _acknowledged(run)
    saved = [n for n, each in enumerate(run.tail) if (each.stream, each.sequence) in sure]
    if not saved:
        return None
    gone = run.tail.pop(chance.choice(saved))
    # It is not known to be in the tail any more, so that groups had to read it.
    groups = [group for group, topics in GROUPS.items() if gone.topic in topics]
    behind = {each.group for each in run.read if each.stream == gone.stream and each.sequence > gone.sequence}
    told = {"lost": 1, "group skipped": len(behind), "group unread": len(groups) - len(behind)}
    return {name: count for name, count in told.items() if count}


WAYS: tuple[Way, ...] = (
    lose, lose_the_tail, elect_an_unclean_leader, double, swap, change, misroute, add_of_another_run,
    add_what_was_never_sent, show_what_was_aborted, tell_the_offset_of_another, give_before_the_commit, delete, expire,
    move_a_group_one_too_far, stop_a_group_short, move_a_group_back, let_a_group_read_what_was_aborted,
    lose_of_the_tail,
)  # fmt: skip
IN_A_COPY: tuple[Way, ...] = (lose, double, swap, change)
"""Ways in which the copy at a standby is broken, where offsets are its own."""
