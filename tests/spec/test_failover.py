"""The source is lost: what a failover does, and in which order."""

import pytest

from drctl.errors import Blocked
from drctl.model.link import ConnectorState
from drctl.model.run import Event, RunState
from tests.fakes import fake_world
from tests.spec.failing import (
    ANY,
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    synced,
    watch_two_writers,
)


def test_the_work_goes_on_at_the_target_and_what_is_lost_is_exactly_what_was_not_copied() -> None:
    earth = synced(fake_world())
    both_open = watch_two_writers(earth)
    lose(earth)
    lost = beyond_the_frontier(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    assert both_open == []
    require_served_by_target(earth, lost)


def test_traffic_restored_and_run_finished_are_two_moments() -> None:
    earth = synced(fake_world())
    lose(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    arrived = result.evidence["watch-first-commits"]
    ended = earth.journal.entries(result.run.id)[-1]
    assert ended.event is Event.RUN_ENDED
    assert arrived["traffic restored"] == max(arrived["first write"], arrived["first read"])
    assert arrived["traffic restored"] <= ended.at.isoformat()
    assert arrived["not arrived"] == []


def test_the_first_act_is_to_stop_the_link() -> None:
    earth = synced(fake_world())
    lose(earth)
    earth.effects.names.clear()
    fail_over(earth.ports(), accepted=ANY)
    acts = [name for name in earth.effects.names if not name.startswith("journal")]
    assert acts[:2] == ["stop link to south", "raise epoch to 1"]
    status = earth.ports().links["north", "south"].replication.status()
    assert not (*status.source.tasks, *status.checkpoint.tasks)
    assert earth.mirrors["south", "north"].state is ConnectorState.ABSENT


@pytest.mark.parametrize("commits", [False, True])
def test_a_checkpoint_connector_stops_after_the_clients_are_served_unless_it_commits_positions(commits: bool) -> None:
    earth = synced(fake_world())
    mirror = earth.mirrors["north", "south"]
    mirror.config["sync.group.offsets.enabled"] = str(commits).lower()
    lose(earth)
    checkpoints_on: dict[str, bool] = {}
    earth.effects.watchers.append(lambda name: checkpoints_on.update({name: mirror.checkpoints_on}))
    fail_over(earth.ports(), accepted=ANY)
    assert checkpoints_on["raise epoch to 1"] is not commits
    assert not mirror.checkpoints_on


def test_a_healthy_source_is_a_reason_to_switch_over_instead() -> None:
    earth = fake_world()
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert any("'drctl switchover --to south' loses nothing" in reason for reason in caught.value.reasons)
    assert [name for name in earth.effects.names if not name.startswith("journal")] == []
