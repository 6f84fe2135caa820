"""The contract of Replication, for the fake and the real thing."""

import pytest

from drctl.errors import Conflict, NotFound
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from tests.contract.link import LinkHarness
from tests.contract.waiting import until, works


@pytest.fixture
def partition(link: LinkHarness) -> TopicPartition:
    return TopicPartition(link.topic, 0)


def test_connectors_that_do_not_exist_are_absent(bare_link: LinkHarness) -> None:
    link = bare_link
    status = link.replication.status()
    assert [each.state for each in status.connectors] == [ConnectorState.ABSENT] * 3
    assert status.halted
    assert not status.working
    with pytest.raises(NotFound):
        link.replication.frontier()


def test_stopping_what_does_not_exist_is_no_error(bare_link: LinkHarness) -> None:
    link = bare_link
    link.replication.stop()
    assert link.replication.status().halted


def test_a_resumed_link_copies_and_moves_its_frontier(link: LinkHarness, partition: TopicPartition) -> None:
    link.write(partition, b"a", b"b", b"c")
    link.replication.resume()
    works(link.clock, link.replication)
    assert link.replication.status().exactly_once
    until(link.clock, "all is copied", lambda: link.replication.frontier().get(partition) == 3)
    copied = link.target_records.identities(partition, 0, 100)
    written = link.source_records.identities(partition, 0, 100)
    assert [record.digest for record in copied] == [record.digest for record in written]


def test_a_stopped_link_halts_and_goes_on_where_it_was(link: LinkHarness, partition: TopicPartition) -> None:
    link.write(partition, b"a")
    link.replication.resume()
    until(link.clock, "the first record is copied", lambda: link.replication.frontier().get(partition) == 1)
    for _ in range(2):
        link.replication.stop()
    until(link.clock, "the link halts", lambda: link.replication.status().halted)
    link.write(partition, b"b")
    for _ in range(2):
        link.replication.resume()
    until(link.clock, "the second record is copied", lambda: link.replication.frontier().get(partition) == 2)
    assert len(link.target_records.identities(partition, 0, 100)) == 2


def test_what_copies_stops_alone_and_the_rest_later(link: LinkHarness, partition: TopicPartition) -> None:
    link.write(partition, b"a")
    link.replication.resume()
    until(link.clock, "the first record is copied", lambda: link.replication.frontier().get(partition) == 1)
    for _ in range(2):
        link.replication.stop(copying_only=True)
    until(link.clock, "what copies has stopped", lambda: link.replication.status().source.halted)
    link.write(partition, b"b")
    for _ in range(2):
        link.replication.stop()
    until(link.clock, "all have stopped", lambda: link.replication.status().halted)
    assert link.replication.frontier().get(partition) == 1
    assert len(link.target_records.identities(partition, 0, 100)) == 1


def test_checkpoints_stop_while_records_are_copied_on_and_run_again_with_the_link(
    link: LinkHarness, partition: TopicPartition
) -> None:
    link.write(partition, b"a")
    link.replication.resume()
    works(link.clock, link.replication)
    for _ in range(2):
        link.replication.stop_checkpoints()
    until(link.clock, "checkpoints have stopped", lambda: link.replication.status().checkpoint.halted)
    until(link.clock, "heartbeats have stopped", lambda: link.replication.status().heartbeat.halted)
    assert link.replication.status().source.state is ConnectorState.RUNNING
    link.write(partition, b"b")
    until(link.clock, "it copies on", lambda: link.replication.frontier().get(partition) == 2)
    link.replication.resume()
    works(link.clock, link.replication)


def test_a_link_restarts_from_given_ends_and_copies_only_what_follows(link: LinkHarness) -> None:
    first, second = TopicPartition(link.topic, 0), TopicPartition(link.topic, 1)
    for each in (first, second):
        link.write(each, b"a", b"b", b"c")
    for _ in range(2):
        link.replication.restart_from({first: 2, second: 0})
        status = link.replication.status()
        assert status.halted
        assert status.source.state is ConnectorState.STOPPED
        assert link.replication.frontier().get(first) == 2
        assert link.replication.frontier().get(second, 0) == 0
    link.replication.resume()
    until(link.clock, "all is copied", lambda: all(link.replication.frontier().get(p) == 3 for p in (first, second)))
    assert len(link.target_records.identities(first, 0, 100)) == 1
    assert len(link.target_records.identities(second, 0, 100)) == 3


def test_a_running_link_is_not_restarted(link: LinkHarness, partition: TopicPartition) -> None:
    link.replication.resume()
    works(link.clock, link.replication)
    with pytest.raises(Conflict, match="not stopped"):
        link.replication.restart_from({partition: 0})


def test_what_has_failed_is_restarted_once_its_cause_is_gone_and_goes_on_where_it_was(
    link: LinkHarness, partition: TopicPartition
) -> None:
    link.write(partition, b"a")
    link.replication.resume()
    until(link.clock, "the first record is copied", lambda: link.replication.frontier().get(partition) == 1)
    with link.denied():
        link.write(partition, b"b")
        until(link.clock, "a task has failed", lambda: bool(link.replication.status().failed))
    source = link.replication.status().source.name

    def restarted() -> bool:
        """Repeat it: a broker may still know the old rule, and then it fails again."""
        return not link.replication.restart_failed() and link.replication.status().working

    assert any(each.startswith(source) for each in link.replication.restart_failed())
    until(link.clock, "it works again", restarted)
    until(link.clock, "the second record is copied", lambda: link.replication.frontier().get(partition) == 2)
    assert len(link.target_records.identities(partition, 0, 100)) == 2


def test_where_nothing_has_failed_nothing_is_restarted(link: LinkHarness) -> None:
    asked: list[str] = []
    link.replication.resume()
    works(link.clock, link.replication)
    assert link.replication.restart_failed(lambda: asked.append("restart")) == {}
    assert asked == []


def test_what_is_stopped_is_not_started_by_a_restart(link: LinkHarness, partition: TopicPartition) -> None:
    link.write(partition, b"a")
    link.replication.resume()
    until(link.clock, "the first record is copied", lambda: link.replication.frontier().get(partition) == 1)
    link.replication.stop()
    until(link.clock, "the link halts", lambda: link.replication.status().halted)
    link.write(partition, b"b")
    assert link.replication.restart_failed() == {}
    link.clock.sleep(2)
    assert link.replication.status().halted
    assert link.replication.frontier().get(partition) == 1
