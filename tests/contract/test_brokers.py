"""The contract of Brokers, for the fake and the real thing."""

from tests.contract.harness import Harness


def test_the_cluster_has_brokers_and_one_of_them_controls(harness: Harness) -> None:
    cluster = harness.brokers.cluster()
    assert cluster.cluster_id
    assert cluster.kraft
    assert cluster.version.startswith("4")
    assert cluster.controller in [broker.id for broker in cluster.brokers]


def test_topics_come_with_their_partitions_in_sync_and_led(harness: Harness) -> None:
    name = harness.topic(partitions=3)
    topic = harness.brokers.topics([name])[name]
    assert topic.name == name
    assert topic.topic_id
    assert len(topic.partitions) == 3
    for partition in topic.partitions:
        assert partition.leader in partition.in_sync
        assert set(partition.in_sync) <= set(partition.replicas)


def test_topics_that_do_not_exist_are_left_out(harness: Harness) -> None:
    name = harness.topic()
    assert list(harness.brokers.topics([name, "no-such-topic"])) == [name]
    assert not harness.brokers.topics(["no-such-topic"])
    assert not harness.brokers.topics([])


def test_every_topic_is_named(harness: Harness) -> None:
    names = {harness.topic(), harness.topic(partitions=3)}
    assert names <= harness.brokers.names()
    assert "no-such-topic" not in harness.brokers.names()


def test_a_topic_is_told_from_another_by_its_id(harness: Harness) -> None:
    names = [harness.topic(), harness.topic()]
    topics = harness.brokers.topics(names)
    assert topics[names[0]].topic_id != topics[names[1]].topic_id


def test_a_site_in_which_all_is_well_misses_no_replica(harness: Harness) -> None:
    harness.topic(partitions=3)
    view = harness.brokers.view()
    assert view.partitions >= 3
    assert view.alive == view.assigned == {broker.id for broker in harness.brokers.cluster().brokers}
    assert view.controller in view.alive
    assert (dict(view.out_of_sync), view.under_min_isr, view.leaderless) == ({}, 0, 0)


def test_what_the_client_cannot_ask_for_has_no_signal(harness: Harness) -> None:
    assert harness.brokers.view().offline_dirs is None
