"""The contract of LinkTasks, for the fake and, on real Connect, for stock connectors and for Strimzi's resources."""

import pytest

from drctl.errors import Conflict, NotFound, Superseded
from drctl.model.link_tasks import TASKS_MAX
from drctl.model.offsets import TopicPartition
from drctl.ports.permit import Permit, always
from tests.contract.link import LinkHarness
from tests.contract.waiting import until, works


@pytest.fixture
def partition(link: LinkHarness) -> TopicPartition:
    return TopicPartition(link.topic, 0)


def running(link: LinkHarness) -> None:
    link.replication.resume()
    works(link.clock, link.replication)


def config(link: LinkHarness) -> dict[str, str]:
    """The source connector's, without what is set here."""
    return {key: value for key, value in link.replication.status().source.config.items() if key != TASKS_MAX}


def set_most(link: LinkHarness, most: int, permit: Permit = always) -> None:
    """Set it once the link runs: Connect restarts a connector some moments after its configuration has changed."""

    def is_set() -> bool:
        try:
            link.tasks.set_most(most, permit)
        except Conflict:
            return False
        return True

    until(link.clock, "it is set", is_set)


def test_it_is_raised_and_lowered_and_nothing_else_changes(link: LinkHarness) -> None:
    running(link)
    before, had = config(link), link.tasks.state().most
    assert link.tasks.state().runs
    assert had is not None
    for most in (had + 3, had):
        set_most(link, most)
        assert link.tasks.state().most == most
        assert config(link) == before
    works(link.clock, link.replication)


def test_a_link_goes_on_where_it_was_and_copies_each_record_once(link: LinkHarness, partition: TopicPartition) -> None:
    link.write(partition, b"a")
    running(link)
    until(link.clock, "the first record is copied", lambda: link.replication.frontier().get(partition) == 1)
    set_most(link, 3)
    link.write(partition, b"b")
    until(link.clock, "the second record is copied", lambda: link.replication.frontier().get(partition) == 2)
    assert len(link.target_records.identities(partition, 0, 100)) == 2


def test_what_is_so_already_is_not_set_again(link: LinkHarness) -> None:
    asked: list[str] = []
    running(link)
    for _ in range(2):
        set_most(link, 4, lambda: asked.append("set"))
    assert asked == ["set"]


def test_a_link_that_stands_still_is_left_as_it_is(link: LinkHarness) -> None:
    running(link)
    link.replication.stop()
    until(link.clock, "the link halts", lambda: link.replication.status().halted)
    before = link.tasks.state()
    assert not before.runs
    for act in (link.tasks.rehearse, link.tasks.set_most):
        with pytest.raises(Conflict, match="left as it is") as caught:
            act(7)
        assert caught.value.remedy
    assert link.tasks.state() == before


def test_a_number_is_kept_through_stop_and_resume(link: LinkHarness) -> None:
    running(link)
    set_most(link, 3)
    link.replication.stop()
    until(link.clock, "the link halts", lambda: link.replication.status().halted)
    running(link)
    assert link.tasks.state().most == 3


def test_a_rehearsal_changes_nothing(link: LinkHarness) -> None:
    running(link)
    before = link.tasks.state()
    link.tasks.rehearse(6)
    assert link.tasks.state() == before


def test_nothing_is_set_once_one_may_not(link: LinkHarness) -> None:
    running(link)
    before = link.tasks.state()

    def no_longer() -> None:
        raise Superseded("somebody newer has decided")

    with pytest.raises(Superseded):
        link.tasks.set_most(5, no_longer)
    assert link.tasks.state() == before


def test_where_no_connector_exists_none_is_made(bare_link: LinkHarness) -> None:
    for act in (bare_link.tasks.state, lambda: bare_link.tasks.set_most(2)):
        with pytest.raises(NotFound):
            act()
    assert bare_link.replication.status().halted
