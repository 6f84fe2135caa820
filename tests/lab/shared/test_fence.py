"""Every kind of producer, connected and writing when the fence comes, is stopped by it; who is not covered is named."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Message, Producer

from drctl.drivers.kafka.errors import CLIENT_FAILED, fault_of
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.provision import Right, allow, create_topics
from drctl.drivers.kafka.records import KafkaRecords
from drctl.lab import Lab
from drctl.lab.layout import CANARY_TOPIC
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import TopicPartition
from drctl.model.site import Canary
from tests.contract.real_site import withdraw
from tests.lab.usage import QUIET, client, wait

WRITER = "User:turbines"
REFUSED = {"TOPIC_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"}
KINDS: dict[str, dict[str, Any]] = {
    "acks=0": {"acks": "0"},
    "acks=1": {"acks": "1"},
    "acks=all": {"acks": "all"},
    "idempotent": {"enable.idempotence": True},
    "a transaction each": {"transactional.id": "each"},
    "one open transaction": {"transactional.id": "open"},
}
"""How producers write; the last one is in the middle of its transaction when the fence comes."""


class Writer:
    """One connected producer, and what its writes came to."""

    def __init__(self, lab: Lab, site: str, kind: str, at: TopicPartition, user: str = "turbines") -> None:
        self.kind, self.at, self.answers = kind, at, list[str]()
        settings = {**KINDS[kind], "message.timeout.ms": 10_000, "linger.ms": 0}
        if "transactional.id" in settings:
            settings["transactional.id"] = f"{at.topic}-{settings['transactional.id']}"
        # The transactional ones may fail for good; the others are what is connected all the time.
        self.producer = Producer({**client(lab, site, user), **QUIET, **settings})
        self.transactional = "transactional.id" in settings
        if self.transactional:
            self.producer.init_transactions(30)
        if kind == "one open transaction":
            self.producer.begin_transaction()

    def write(self, count: int = 5) -> None:
        """Write, each record waited for."""
        each = self.kind == "a transaction each"
        try:
            for _ in range(count):
                if each:
                    self.producer.begin_transaction()
                self._send()
                if each:
                    self.producer.commit_transaction(30)
        except CLIENT_FAILED as error:
            self.answers.append(str(fault_of(error).name()))

    def end(self) -> None:
        """Commit what is open."""
        try:
            self.producer.commit_transaction(30)
        except CLIENT_FAILED as error:
            self.answers.append(str(fault_of(error).name()))

    def _send(self) -> None:
        def delivered(error: Any, _: Message) -> None:
            self.answers.append("" if error is None else str(error.name()))

        self.producer.produce(self.at.topic, b"a reading", partition=self.at.partition, on_delivery=delivered)
        assert self.producer.flush(30) == 0


@pytest.fixture(params=["north", "south"])
def site(request: pytest.FixtureRequest) -> str:
    """North's clients log in with SCRAM, south's with certificates."""
    return str(request.param)


@pytest.fixture
def topic(lab: Lab, site: str) -> Iterator[str]:
    """A topic that the link does not copy, and that turbines may write to, in transactions too."""
    name = f"fenced-{uuid4().hex[:8]}"
    rights: list[Right] = [(WRITER, "WRITE", "TOPIC", name), (WRITER, "WRITE", "TRANSACTIONAL_ID", f"{name}*")]
    admin = lab.site(site).kafka("admin")
    create_topics(admin, {name: (len(KINDS) + 1, 1, {})})
    allow(admin, rights)
    yield name
    for right in rights:
        withdraw(admin, right)
    admin.admin().delete_topics([name])[name].result(30)
    admin.close()


@pytest.fixture
def fence(lab: Lab, site: str) -> Iterator[AclFence]:
    """The site's fence, open for the writer; what stood for it stands again afterwards."""
    drctl = lab.site(site).kafka("drctl")
    fence = AclFence(drctl, Canary(lab.site(site).client_properties("canary"), CANARY_TOPIC))
    stood = {denial for denial in fence.standing() if denial.principal == WRITER}
    fence.lift(stood)
    yield fence
    fence.lift([DenyRule(WRITER, scope) for scope in Scope])
    fence.deny(stood)
    drctl.close()


@pytest.fixture
def ends(lab: Lab, site: str, topic: str) -> Iterator[Callable[[], dict[TopicPartition, int]]]:
    """Where the topic's partitions end, as the brokers tell."""
    drctl = lab.site(site).kafka("drctl")
    records = KafkaRecords(drctl)
    partitions = [TopicPartition(topic, number) for number in range(len(KINDS) + 1)]
    yield lambda: {tp: bounds.high for tp, bounds in records.bounds(partitions).items()}
    drctl.close()


def test_the_fence_stops_every_kind_of_producer_that_is_connected_and_no_super_user(
    lab: Lab, site: str, topic: str, fence: AclFence, ends: Callable[[], dict[TopicPartition, int]]
) -> None:
    writers = [Writer(lab, site, kind, TopicPartition(topic, n)) for n, kind in enumerate(KINDS)]
    above = TopicPartition(topic, len(KINDS))
    super_user = Writer(lab, site, "acks=all", above, user="admin")
    everyone = [*writers, super_user]
    for writer in everyone:
        writer.write()
        assert not any(writer.answers), (writer.kind, writer.answers)
    before = ends()
    assert all(before.values()), before

    fence.deny([DenyRule(WRITER, scope) for scope in Scope])
    for writer in everyone:
        writer.answers.clear()
        writer.write()
    after = ends()

    grown = {tp for tp in after if after[tp] > before[tp]}
    assert grown == {above}, "nobody but the super user wrote"
    for writer in writers:
        told = list(filter(None, writer.answers))
        if writer.kind == "acks=0":
            assert not told, "who asks for no answer is not told that nothing was written"
        else:
            assert REFUSED & set(told), (writer.kind, writer.answers)
    writers[-1].end()
    assert writers[-1].answers[-1] != "", "an open transaction cannot be committed behind the fence"

    fence.lift([DenyRule(WRITER, scope) for scope in Scope])
    again = [Writer(lab, site, writer.kind, writer.at) for writer in writers]
    for writer in again:
        writer.write()
    again[-1].end()
    assert not any(answer for writer in again for answer in writer.answers)
    # Nothing that was sent behind the fence came in late either: a transaction adds markers, the rest just its records.
    plain = [writer.at for writer in again if not writer.transactional]
    wait("everyone writes again", lambda: all(ends()[writer.at] > after[writer.at] for writer in again))
    wait("the plain writes are there", lambda: all(ends()[tp] >= after[tp] + 5 for tp in plain))
    assert {tp: ends()[tp] - after[tp] for tp in plain} == dict.fromkeys(plain, 5)
