"""Faults by which brokers lose records, for negative controls on the lab: as :mod:`drctl.chaos.actions`.

An experiment that calls one cannot be proved: it states ``verdict: refuted``, and which losses must be found.
"""

from contextlib import closing

from drctl.chaos import environment
from drctl.chaos.expiry import EXPIRES_AFTER, arm
from drctl.chaos.striking import failing_as, lab_with, noted
from drctl.errors import LabError
from drctl.lab import group_moves, losses
from drctl.lab.careless import CarelessProducer
from drctl.lab.clients.producer import TOPICS
from drctl.lab.group_moves import GroupPosition
from drctl.lab.replicated_log import ReplicatedLog
from drctl.lab.workload import PRODUCERS
from drctl.model.offsets import TopicPartition

__all__ = ["delete_records", "elect_unclean", "lose_unreplicated", "lose_unsynced", "move_group"]

USERS = {TOPICS[kind]: user for kind, user in PRODUCERS.items()}
"""By topic who may write to it."""


def lose_unreplicated(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Kill a leader before its followers have what it acknowledged with acks=1; evidence is a reader of the log.

    It takes a run: what is written is written down in the history of a client of its own.
    """
    with failing_as(f"{topic}-{partition} at {site}"):
        log = _log(site, topic, partition)
        run, histories, time = environment.run_under_way()
        if topic not in USERS:
            raise LabError(f"nobody writes to {topic}", remedy=f"use one of {', '.join(USERS)}")
        kafka = log.lab.site(site).kafka(USERS[topic])
        with closing(CarelessProducer(kafka, log.place, run, histories, time.now)) as producer:
            arm(log.lab, "restore-site", site, expires_after)
            return noted(losses.lose_unreplicated(log, producer.write))


def lose_unsynced(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Let the only replica in sync, which min.insync.replicas 1 allows, lose its unsynced tail; seen by a reader."""
    with failing_as(f"{topic}-{partition} at {site}"):
        log = _log(site, topic, partition)
        arm(log.lab, "restore-durability", site, expires_after)
        return noted(losses.lose_unsynced(log))


def elect_unclean(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Let a replica lead that is not in sync; evidence is who leads now, and a reader of the log."""
    with failing_as(f"{topic}-{partition} at {site}"):
        log = _log(site, topic, partition)
        arm(log.lab, "restore-durability", site, expires_after)
        return noted(losses.elect_unclean(log))


def delete_records(site: str, topic: str, partition: int) -> str:
    """Delete all records of a partition behind everybody's back; evidence is where its log begins.

    It needs no expiry, since nothing brings them back.
    """
    with failing_as(f"{topic}-{partition} at {site}"):
        return noted(losses.delete_records(_log(site, topic, partition)))


def move_group(site: str, group: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Move a group on by one record that it has not read, while it has no members; seen by its coordinator."""
    with failing_as(f"{group} at {site}"):
        there = lab_with(site)
        arm(there, "reopen-routing", site, expires_after)
        return noted(group_moves.move_one_too_far(GroupPosition(there, site, group, TopicPartition(topic, partition))))


def _log(site: str, topic: str, partition: int) -> ReplicatedLog:
    return ReplicatedLog(lab_with(site), site, TopicPartition(topic, partition))
