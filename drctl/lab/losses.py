"""Faults by which brokers really lose acknowledged records, each brought about on purpose and seen by a reader.

They are for negative controls: a checker that does not name what they do is worth nothing. What they need is a
partition with three replicas on the lab's combined nodes, of which any two are the quorum.

| fault | how | why records are gone |
| --- | --- | --- |
| lose-unreplicated | followers frozen, ``acks=1`` written, the leader killed | one of them leads, in sync |
| lose-unsynced | ``min.insync.replicas`` 1, the leader alone, killed, its log cut | it leads again |
| elect-unclean | the leader alone, killed, the others started, and may lead | one of them leads |
| delete-records | DeleteRecords up to the log's end | the log begins behind them |

A follower that is frozen may have asked already: the brokers answer within half a second, so nothing is written before
``ANSWERED`` has passed. Followers are stopped, not killed, and one after the other: each says farewell to a quorum, so
that the leader knows at once that it is alone, and what it acknowledges from then on nobody else has.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from drctl.errors import DrctlError, LabError
from drctl.lab.broker import storage
from drctl.lab.cut_log import cut_log
from drctl.lab.faults import FAULTS
from drctl.lab.injecting import FaultEvidence, evidence_of
from drctl.lab.lab import Lab
from drctl.lab.replicated_log import LogTail, ReplicatedLog
from drctl.model.offsets import TopicPartition

LOSING = ("lose-unreplicated", "lose-unsynced", "elect-unclean", "delete-records", "move-group")
"""Kinds of faults by which records, or a group's sight of them, are lost: an experiment with one is never proved."""

WARMING, TAIL = 20, 40
"""Records that are written before the tail, so that the client knows its leader; and those of the tail at least."""
ANSWERED = 2.0
"""Seconds after which every request of a follower is answered: a broker holds one for ``replica.fetch.wait.max.ms``, by
default 0.5 s."""
WITHIN = 120.0
"""Seconds for each thing that is waited for: a broker is fenced after 9 s, and starts in ten on a busy machine."""
WEAK = {"min.insync.replicas": "1"}
UNCLEAN = {**WEAK, "unclean.leader.election.enable": "true"}
READER, PEERS = "a reader of the log", "the other brokers, and a reader of the log"


def lose_unreplicated(log: ReplicatedLog, write: Callable[[int], LogTail]) -> FaultEvidence:
    """Kill a leader that alone has what ``write`` was told is written, with ``acks=1``. It stays dead.

    While the followers are frozen only ``write``'s own connection to the leader is used: another one might wait for
    them.
    """
    lab, leader, followers = log.lab, log.leader(), log.followers()
    write(WARMING)
    at = lab.clock.now()
    for each in followers:
        FAULTS["pause"](lab, log.process(each))
    try:
        lab.clock.sleep(ANSWERED)
        tail = write(TAIL)
        # Before they go on: one that still led would give them all of it.
        FAULTS["kill"](lab, log.process(leader))
    finally:
        # Of each, whatever became of another: one that is left frozen would stay so until the fault expires.
        with ExitStack() as stack:
            for each in followers:
                stack.callback(FAULTS["continue"], lab, log.process(each))
    return _seen(log, "lose-unreplicated", at, PEERS, lambda: _gone(log, tail, former=leader))


def lose_unsynced(log: ReplicatedLog) -> FaultEvidence:
    """Let the only replica in sync lose what it has not synced, as by a power loss; all brokers run again behind it."""
    _weaken(log, WEAK)
    lab, at = log.lab, log.lab.clock.now()
    leader, tail = _alone(log)
    FAULTS["kill"](lab, log.process(leader))
    layout = lab.layout[log.site]
    node = next(each for each in layout.nodes if each.number == leader)
    cut_log(storage(layout, node, lab.folder), str(log.place), tail.begin)
    lab.start_brokers(log.site)
    return _seen(log, "lose-unsynced", at, READER, lambda: _gone(log, tail))


def elect_unclean(log: ReplicatedLog) -> FaultEvidence:
    """Let a replica lead that is not in sync, while the only one that is lies dead. It stays so."""
    _weaken(log, UNCLEAN)
    lab, at = log.lab, log.lab.clock.now()
    followers = log.followers()
    leader, tail = _alone(log)
    FAULTS["kill"](lab, log.process(leader))
    lab.start_brokers(log.site, [log.process(each) for each in followers])
    return _seen(log, "elect-unclean", at, PEERS, lambda: _gone(log, tail, former=leader))


def delete_records(log: ReplicatedLog) -> FaultEvidence:
    """Delete every record of a partition that is there now, behind everybody's back."""
    at, before = log.lab.clock.now(), log.bounds()
    if before.high - before.start < TAIL:
        told = f"{log.place} at {log.site} has {before.high - before.start} offsets, at least {TAIL} are needed"
        raise LabError(told, remedy="let the workload write first")
    log.delete_below(before.high)

    def begins_behind() -> str:
        start = log.bounds().start
        return f"the log of {log.place} begins at {start}, and began at {before.start}" if start >= before.high else ""

    return _seen(log, "delete-records", at, "the brokers", begins_behind)


def weakened(lab: Lab, site: str) -> Path:
    """Return the file that names the topics of a site whose settings let them lose records, while there are any."""
    return lab.folder / f"{site}.weakened"


def strengthen(lab: Lab, site: str) -> list[str]:
    """Take back what lets topics of a site lose records; return which topics. Its brokers must run."""
    mark = weakened(lab, site)
    topics = _topics_in(mark)
    for topic in topics:
        log = ReplicatedLog(lab, site, TopicPartition(topic, 0))
        _await(log, "the settings are taken back", partial(_take_back, log))
    mark.unlink(missing_ok=True)
    return topics


def _take_back(log: ReplicatedLog) -> bool:
    log.change(dict.fromkeys(UNCLEAN))
    return True


def _weaken(log: ReplicatedLog, settings: Mapping[str, str]) -> None:
    mark = weakened(log.lab, log.site)
    # Before the settings: what is taken back without having been set does no harm. And beside those that were weakened
    # before: each has to be taken back.
    topics = dict.fromkeys([*_topics_in(mark), log.place.topic])
    mark.write_text("".join(f"{topic}\n" for topic in topics))
    log.change(settings)


def _topics_in(mark: Path) -> list[str]:
    return mark.read_text().split() if mark.exists() else []


def _alone(log: ReplicatedLog) -> tuple[int, LogTail]:
    """Stop the followers in turn, wait until the leader has acknowledged a tail alone, and return both."""
    leader = log.leader()
    for each in log.followers():
        FAULTS["stop"](log.lab, log.process(each))
    _await(log, f"only broker {leader} is in sync", lambda: set(log.in_sync()) == {leader} == {log.leader()})
    begin = log.bounds().high
    _await(log, f"{TAIL} records are acknowledged by broker {leader} alone", lambda: _length(log, begin) >= TAIL)
    tail = log.tail(begin)
    if not tail.records:
        raise LabError(
            f"{log.place} at {log.site} has no record of the workload", remedy="let the workload write to it"
        )
    return leader, tail


def _length(log: ReplicatedLog, begin: int) -> int:
    return log.bounds().high - begin


def _gone(log: ReplicatedLog, tail: LogTail, *, former: int | None = None) -> str:
    """Tell that records of a tail are gone from the log that is led now, and not by its ``former`` leader.

    A last one may be back: its producer, that was not told in time, has sent it again.
    """
    leader = log.leader()
    if leader == former:
        return ""
    lost = tail.records - log.tail(tail.begin).records
    if not lost:
        return ""
    was = "" if former is None else f", and broker {former} led before"
    return (
        f"{len(lost)} of {len(tail.records)} records from {tail.begin} on are not in the log that {leader} leads{was}"
    )


def _await(log: ReplicatedLog, what: str, done: Callable[[], bool]) -> None:
    deadline = log.lab.clock.monotonic() + WITHIN
    while not _answered(done):
        if log.lab.clock.monotonic() > deadline:
            raise LabError(f"timed out waiting until {what} of {log.place} at {log.site}", remedy="see its brokers")
        log.lab.clock.sleep(0.2)


def _seen(log: ReplicatedLog, fault: str, at: datetime, by: str, look: Callable[[], str]) -> FaultEvidence:
    return evidence_of(
        log.lab, fault, f"{log.place} at {log.site}", at, by=by, look=lambda: _answered(look) or "", seconds=WITHIN
    )


def _answered[Answer: (str, bool)](question: Callable[[], Answer]) -> Answer | None:
    """Return the answer; None while there is none, as of a partition that nobody leads yet."""
    try:
        return question()
    except DrctlError:
        return None
