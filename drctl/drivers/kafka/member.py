"""A member of a consumer group as applications write it: it commits what it has processed.

A commit may be repeated: it says the same twice.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from drctl.drivers.kafka.commits import BUSY, PATIENCE, commit
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import Incoming, incoming
from drctl.errors import Conflict
from drctl.model import offsets

REBALANCE = 5.0
"""Seconds for the commit of a member that gives partitions up: the group waits for it meanwhile."""
MOMENT = 0.02
"""Seconds between two looks of a member that ends at whether its last commit was answered."""


class Reader:
    """A member of a consumer group that commits what it has processed: regularly, when it loses partitions, at the end.

    ``before_commit`` is called right before each commit, so that what was processed can be written down first.

    Regular commits are asynchronous, and :meth:`poll` serves their answers. A synchronous one waits for as long as a
    whole site is gone, and with it every other call on its client, whichever thread makes it: confluent-kafka
    serialises them.

    ``is_assigned``: the group has said which partitions are this member's, which may be none. ``fault`` is what
    :meth:`poll` was told last that does not end the member.
    """

    def __init__(self, site: KafkaSite, settings: dict[str, Any], topics: Sequence[str]) -> None:
        own = {
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "on_commit": self._answered,
        }
        self.name = f"site {site.name}: a member of group {settings['group.id']}"
        self.site = site
        self.consumer = site.client(Consumer, {**own, **settings})
        self.login = site.login
        self.uncommitted: dict[offsets.TopicPartition, int] = {}
        self.before_commit: Callable[[], None] = lambda: None
        # One at a time: a second commit would wait in line, and come when the partitions may be another's.
        self._under_way = False
        self._refused = False
        self.is_assigned = False
        self.fault: KafkaError | None = None
        self.consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _assigned(self, _: Consumer, __: list[TopicPartition]) -> None:
        self.is_assigned = True

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.is_assigned = False
        # The group waits for this callback, so that the answer has to be waited for in it.
        self.before_commit()
        if self.uncommitted:
            try:
                if commit(self.consumer, self._positions(), seconds=REBALANCE):
                    self.uncommitted = {}
            except KafkaException as error:
                self._refuse(error.args[0])
        self._forget(partitions)

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """The group has gone on without this member, so that no commit of it is taken any more."""
        self.is_assigned = False
        self.before_commit()
        self._forget(partitions)

    def _forget(self, partitions: list[TopicPartition]) -> None:
        """Another member may be past these already, and a late commit would set it back."""
        for each in partitions:
            self.uncommitted.pop(offsets.TopicPartition(each.topic, each.partition), None)

    def poll(self, seconds: float) -> Incoming | None:
        """Return the next record, or None. Polling again means that the one before was processed.

        Conflict if this member can never go on, for example since another one has its static id, or since it
        bore one itself and heard nothing of its coordinator for a session's time (librdkafka then forgets who it is,
        and is taken for another: confluentinc/librdkafka#3437). A new client may take its place.
        """
        message = self.consumer.poll(seconds)
        if message is None:
            return None
        if (error := message.error()) is not None:
            # A consumer is told so by the code alone: the mark that fatal errors of a producer have is not set.
            if error.fatal() or error.code() == KafkaError._FATAL:
                raise Conflict(f"{self.name} can never go on: {error.str()}", remedy="begin again with a new client")
            self.fault = error
            return None
        record = incoming(message)
        self.uncommitted[record.partition] = record.offset + 1
        return record

    def require_login(self) -> None:
        """Unauthenticated if brokers reject how this member logged in, and there is another login by now."""
        self.site.require_login(self.login)

    def commit(self) -> bool:
        """Begin to commit everything processed; whether nothing is left to commit.

        What is not committed is committed with the next, as long as the partition is this member's: a commit may be
        refused only because a rebalance has ended while it was on its way.
        """
        self.before_commit()
        if self.uncommitted and not self._under_way:
            self._under_way = True
            try:
                self.consumer.commit(offsets=self._positions(), asynchronous=True)
            except KafkaException as error:
                self._under_way = False
                self._refuse(error.args[0])
        return not self.uncommitted

    def _positions(self) -> list[TopicPartition]:
        return [TopicPartition(place.topic, place.partition, offset) for place, offset in self.uncommitted.items()]

    def _answered(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """Take the answer to an asynchronous commit, and to each of those that are waited for."""
        self._under_way = False
        fault = error or next((each.error for each in partitions if each.error), None)
        if fault is not None:
            self._refuse(fault)
        for each in () if error else partitions:
            place = offsets.TopicPartition(each.topic, each.partition)
            if not each.error and self.uncommitted.get(place) == each.offset:
                del self.uncommitted[place]

    def _refuse(self, fault: KafkaError) -> None:
        if fault.code() in BUSY:
            return
        self._refused = True
        try:
            assigned = self.consumer.assignment()
        except KafkaException:
            assigned = []  # a client that can never go on has none
        own = {offsets.TopicPartition(each.topic, each.partition) for each in assigned}
        self.uncommitted = {place: offset for place, offset in self.uncommitted.items() if place in own}

    def member_id(self) -> str:
        """Who the coordinator takes it for; empty before it has joined."""
        return str(self.consumer.memberid() or "")

    def close(self) -> None:
        """Commit and leave the group; a static classic member stays until its session times out."""
        deadline = time.monotonic() + PATIENCE
        while self._under_way and time.monotonic() < deadline:
            self._await_answer()
        self._refused = False
        while not self._refused and not self.commit() and time.monotonic() < deadline:
            self._await_answer()
        self.consumer.close()

    def _await_answer(self) -> None:
        self.consumer.poll(MOMENT)  # a record that it returns is not processed: the next member reads it

    def leave(self) -> None:
        """Leave without another commit, and say nothing more of what was processed: it may count elsewhere by now."""
        self.before_commit = lambda: None
        self.uncommitted = {}
        self.consumer.close()
