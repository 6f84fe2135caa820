"""The contract of Mappings, for the fake and the real thing."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from drctl.lab import Lab
from drctl.model.offsets import TopicPartition
from tests.contract.link import LinkHarness, RealLinkHarness
from tests.contract.real_site import RealHarness
from tests.contract.waiting import until


def test_syncs_name_equal_records_on_both_sides_and_rise(link: LinkHarness) -> None:
    partition = TopicPartition(link.topic, 1)
    link.replication.resume()
    for number in range(3):
        link.write(partition, *(b"%d" % (10 * number + digit) for digit in range(10)))
        end = 10 * (number + 1)
        until(link.clock, "the batch is copied", lambda end=end: link.replication.frontier().get(partition) == end)  # type: ignore[misc]
    until(link.clock, "a sync is written", lambda: bool(link.mappings.syncs([partition])))
    syncs = link.mappings.syncs([partition])[partition]
    for before, after in pairwise(syncs):
        assert before.upstream < after.upstream
        assert before.downstream < after.downstream
    for sync in syncs:
        (there,) = link.source_records.identities(partition, sync.upstream, sync.upstream + 1)
        (here,) = link.target_records.identities(partition, sync.downstream, sync.downstream + 1)
        assert there.digest == here.digest


def test_what_came_since_is_seen_and_what_was_there_is_kept(link: LinkHarness) -> None:
    partition = TopicPartition(link.topic, 0)
    link.replication.resume()
    link.write(partition, b"a")
    until(link.clock, "the first sync", lambda: bool(link.mappings.syncs([partition])))
    before = link.mappings.syncs([partition])[partition]
    link.write(partition, *[b"b"] * 300)
    until(link.clock, "another sync", lambda: len(link.mappings.syncs([partition])[partition]) > len(before))
    assert link.mappings.syncs([partition])[partition][: len(before)] == before


def test_what_was_written_before_a_mark_is_left_out_where_that_is_wanted(link: LinkHarness) -> None:
    partitions = TopicPartition(link.topic, 0), TopicPartition(link.topic, 1)
    link.replication.resume()
    for each in partitions:
        link.write(each, b"a")
    until(link.clock, "the first syncs", lambda: len(link.mappings.syncs(partitions)) == 2)
    mark = link.mappings.mark()
    assert mark is not None
    assert link.mappings.syncs(partitions, {link.topic: mark}) == {}
    assert len(link.mappings.syncs(partitions, {"another-topic": mark})) == 2
    assert len(link.mappings.syncs(partitions, {link.topic: mark._replace(topic_id="another-id")})) == 2
    link.write(partitions[0], *[b"b"] * 300)
    until(link.clock, "another sync", lambda: bool(link.mappings.syncs(partitions, {link.topic: mark})))
    (found,) = link.mappings.syncs(partitions, {link.topic: mark}).values()
    assert found == link.mappings.syncs(partitions)[partitions[0]][-len(found) :]


def test_partitions_without_a_sync_are_left_out(link: LinkHarness) -> None:
    assert not link.mappings.syncs([TopicPartition(link.topic, 0)])
    assert not link.mappings.syncs([])


def test_checkpoints_are_by_group_and_never_ahead_of_the_position(link: LinkHarness) -> None:
    partition = TopicPartition(link.topic, 0)
    group = f"{link.topic.removeprefix('contract-')}-readers"
    link.write(partition, *[b"a"] * 20)
    link.replication.resume()
    until(link.clock, "all is copied", lambda: link.replication.frontier().get(partition) == 20)
    link.commit(group, partition, 20)
    until(link.clock, "a checkpoint", lambda: bool(link.mappings.checkpoints([group])))
    checkpoint = link.mappings.checkpoints([group, "no-such-group"])[group][partition]
    assert checkpoint.upstream <= 20
    assert len(link.target_records.identities(partition, 0, checkpoint.downstream)) <= 20
    assert not link.mappings.checkpoints(["no-such-group"])


@pytest.fixture(
    params=[
        pytest.param(("", "true", "mm2-offset-syncssouthinternal", "southcheckpointsinternal"), id="none"),
        pytest.param(("-", "true", "mm2-offset-syncs-south-internal", "south-checkpoints-internal"), id="a dash"),
        pytest.param(("-", "false", "mm2-offset-syncs.south.internal", "south.checkpoints.internal"), id="copies only"),
    ]
)
def named_otherwise(
    request: pytest.FixtureRequest, lab: Lab, real_sites: dict[str, RealHarness], tmp_path: Path
) -> Iterator[tuple[RealLinkHarness, tuple[str, str]]]:
    """A real link with another separator, and what MirrorMaker 2 calls the topics of its syncs and checkpoints."""
    separator, everywhere, *topics = request.param
    settings = {
        "replication.policy.separator": separator,
        "replication.policy.internal.topic.separator.enabled": everywhere,
    }
    link = RealLinkHarness(lab, real_sites, tmp_path, settings)
    yield link, (topics[0], topics[1])
    link.close()


def test_what_mirrormaker_writes_down_is_found_under_the_names_that_its_separator_gives(
    named_otherwise: tuple[RealLinkHarness, tuple[str, str]],
) -> None:
    link, topics = named_otherwise
    partition, group = TopicPartition(link.topic, 0), f"{link.topic.removeprefix('contract-')}-readers"
    link.write(partition, *[b"a"] * 20)
    link.replication.resume()
    until(link.clock, "all is copied", lambda: link.replication.frontier().get(partition) == 20)
    link.commit(group, partition, 20)
    until(link.clock, "a sync", lambda: bool(link.mappings.syncs([partition])))
    until(link.clock, "a checkpoint", lambda: bool(link.mappings.checkpoints([group])))
    assert (link.mappings.syncs_topic, link.mappings.checkpoints_topic) == topics
    assert set(topics) <= link.target.brokers.names()
