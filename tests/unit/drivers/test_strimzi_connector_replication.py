"""A link driven through KafkaConnectors of a KafkaConnect; the operator is a stand-in."""

from copy import deepcopy

import pytest

from drctl.drivers.strimzi.connectors import USED
from drctl.errors import (
    ConfigInvalid,
    Conflict,
    DeadlinePassed,
    Locked,
    NotFound,
    NotProven,
    Unreachable,
    Unsupported,
)
from drctl.model.link import ConnectorState, LinkDefinitions, LinkStatus, WantedConnector
from drctl.model.offsets import TopicPartition
from drctl.model.resources import CONFIG_MAP, KAFKA_CONNECT
from tests.unit.drivers.strimzi_connect import CHECKPOINT, CLASSES, HEARTBEAT, SOURCE, ConnectSite

ORDERS = TopicPartition("orders", 0)


@pytest.fixture(params=["v1", "v1beta2"])
def site(request: pytest.FixtureRequest) -> ConnectSite:
    return ConnectSite(request.param)


def settled(site: ConnectSite) -> LinkStatus:
    """The status once the operator has had its turn."""
    site.clock.sleep(0.2)
    return site.replication.status()


def _refused() -> None:
    raise Locked("the lease was lost")


def test_running_connectors_work_and_show_their_configuration(site: ConnectSite) -> None:
    status = settled(site)
    assert status.working
    assert status.exactly_once
    assert [each.name for each in status.connectors] == list(CLASSES)
    assert status.source.config["tasks.max"] == "4"
    assert status.source.config["refresh.topics.interval.seconds"] == "10"


def test_stop_and_resume_may_be_done_twice_and_touch_nothing_but_the_state(site: ConnectSite) -> None:
    before = {name: deepcopy(site.stored(name)["spec"]) for name in CLASSES}
    labels = site.stored()["metadata"]["labels"]
    for _ in range(2):
        site.replication.stop()
    assert settled(site).halted
    assert {name: site.stored(name)["spec"]["state"] for name in CLASSES} == dict.fromkeys(CLASSES, "stopped")
    generation = site.stored()["metadata"]["generation"]
    site.replication.stop()
    assert site.stored()["metadata"]["generation"] == generation
    for _ in range(2):
        site.replication.resume()
    assert settled(site).working
    assert {name: site.stored(name)["spec"] for name in CLASSES} == before
    assert site.stored()["metadata"]["labels"] == labels


def test_what_copies_stops_alone_and_so_do_the_others(site: ConnectSite) -> None:
    site.replication.stop(copying_only=True)
    status = settled(site)
    assert status.copies_nothing
    assert status.checkpoint.state is ConnectorState.RUNNING
    site.replication.resume()
    site.replication.stop_checkpoints()
    status = settled(site)
    assert status.source.working
    assert status.checkpoint.halted
    assert status.heartbeat.halted


def test_until_the_operator_has_acted_nothing_is_known(site: ConnectSite) -> None:
    settled(site)
    site.operator.stalled = True
    site.replication.stop()
    with pytest.raises(Unreachable, match="has not acted on generation 2"):
        settled(site)
    site.operator.stalled = False
    assert settled(site).halted


@pytest.mark.parametrize("asked", ["running", "paused"])
def test_what_was_stopped_when_the_operator_looked_and_is_not_to_be_is_not_called_stopped(
    site: ConnectSite, asked: str
) -> None:
    site.replication.stop()
    assert settled(site).halted
    site.operator.stalled = True
    stopped = site.stored()["status"]
    site.resources.apply(site.kind, SOURCE, {"spec": {"state": asked}}, take=True)
    newest = site.stored()["metadata"]["generation"]
    site.api.write_status(site.kind, SOURCE, {**stopped, "observedGeneration": newest})
    status = settled(site)
    assert status.source.state is ConnectorState.RESTARTING
    assert not status.halted
    with pytest.raises(Conflict, match="is not stopped"):
        site.replication.restart_from({ORDERS: 100})


def test_a_failed_task_is_seen_and_restarted_by_annotations_which_are_gone_then(site: ConnectSite) -> None:
    site.connect.failed[SOURCE] = "ConnectException: own\n\tat x"
    site.connect.failing[SOURCE] = "ConnectException: no"
    status = settled(site)
    assert not status.working
    assert status.source.reason == "ConnectException: own"
    told = site.replication.restart_failed()
    assert told == {SOURCE: "ConnectException: own", f"{SOURCE}, task 0": "ConnectException: no"}
    assert site.connect.restarted == [SOURCE, f"{SOURCE} task"]
    assert site.questions() == {}
    assert settled(site).working
    assert site.replication.restart_failed() == {}


def test_a_connector_that_its_operator_restarts_says_so(site: ConnectSite) -> None:
    assert not settled(site).source.restarts_itself
    site.resources.patch(site.kind, SOURCE, {"spec": {"autoRestart": {"enabled": True}}})
    assert settled(site).source.restarts_itself


def test_offsets_are_listed_altered_and_read_back(site: ConnectSite) -> None:
    site.set_offset("orders", 0, 41)
    site.set_offset("orders", 1, 7)
    assert site.replication.frontier() == {ORDERS: 42, TopicPartition("orders", 1): 8}
    site.replication.stop()
    settled(site)
    for _ in range(2):
        site.replication.restart_from({ORDERS: 100, TopicPartition("orders", 1): 0})
    assert settled(site).halted
    assert site.replication.frontier() == {ORDERS: 100}
    assert site.questions() == {}


def test_connectors_that_do_not_exist_are_absent_and_stopping_them_is_no_error() -> None:
    site = ConnectSite(bare=True)
    site.replication.stop()
    status = settled(site)
    assert [each.state for each in status.connectors] == [ConnectorState.ABSENT] * 3
    assert status.halted
    with pytest.raises(NotFound):
        site.replication.frontier()


def test_missing_ones_are_created_stopped_set_and_run_only_when_they_are_resumed() -> None:
    site = ConnectSite(bare=True)
    site.replication.restart_from({ORDERS: 100})
    status = settled(site)
    assert [each.state for each in status.connectors] == [ConnectorState.STOPPED] * 3
    assert status.source.config["tasks.max"] == "2"
    assert site.replication.frontier() == {ORDERS: 100}
    assert site.operator.ran_first == []
    site.replication.resume()
    assert settled(site).working
    # Setting the state gives up nothing of what was created.
    assert site.stored()["spec"]["tasksMax"] == 2
    assert site.stored()["metadata"]["labels"] == {"strimzi.io/cluster": "mirror"}
    site.replication.stop()
    assert settled(site).halted


def test_creation_that_was_cut_off_runs_nothing_and_is_made_up_for() -> None:
    site = ConnectSite(bare=True)
    asked: list[int] = []

    def permit() -> None:
        asked.append(1)
        if len(asked) == 2:
            _refused()

    with pytest.raises(Locked):
        site.replication.resume(permit)
    site.clock.sleep(1)
    assert site.connect.connectors == {}
    assert site.replication.status().source.state is ConnectorState.ABSENT
    site.replication.resume()
    assert settled(site).working


@pytest.mark.parametrize("version", ["1.1.0", "0.51.0", ""])
def test_an_operator_that_would_run_it_first_is_left_to_a_person(version: str) -> None:
    site = ConnectSite(bare=True, strimzi=version)
    with pytest.raises(Unsupported, match="would run it first") as caught:
        site.replication.restart_from({ORDERS: 1})
    assert "state: stopped" in caught.value.remedy
    assert site.connect.connectors == {}


def test_a_name_that_no_resource_can_have_is_told() -> None:
    site = ConnectSite(bare=True)
    over = site.replication.definitions
    site.replication.definitions = LinkDefinitions(
        WantedConnector("Over Source", over.source.config), over.checkpoint, over.heartbeat
    )
    with pytest.raises(ConfigInvalid, match="no name of a KafkaConnector"):
        site.replication.resume()


def test_what_runs_is_not_restarted_from_elsewhere(site: ConnectSite) -> None:
    settled(site)
    with pytest.raises(Conflict, match="not stopped"):
        site.replication.restart_from({ORDERS: 1})


def test_an_operator_that_ignores_the_resources_is_told_with_what_helps(site: ConnectSite) -> None:
    site.used("false")
    for act in (
        site.replication.status,
        site.replication.stop,
        site.replication.resume,
        site.replication.restart_failed,
        lambda: site.replication.restart_from({ORDERS: 1}),
    ):
        with pytest.raises(Conflict, match="does not act on KafkaConnectors") as caught:
            act()
        assert "use-connector-resources" in caught.value.remedy


def test_a_connector_of_another_cluster_is_not_touched(site: ConnectSite) -> None:
    site.resources.patch(site.kind, SOURCE, {"metadata": {"labels": {"strimzi.io/cluster": "other"}}})
    with pytest.raises(Conflict, match="is other, not mirror"):
        site.replication.status()


def test_a_paused_resource_is_neither_believed_nor_written(site: ConnectSite) -> None:
    for name in CLASSES:
        site.annotate({"strimzi.io/pause-reconciliation": "true"}, name)
    version = site.stored()["metadata"]["resourceVersion"]
    for act in (
        site.replication.stop,
        site.replication.resume,
        site.replication.status,
        site.replication.frontier,
        site.replication.restart_failed,
        lambda: site.replication.restart_from({ORDERS: 1}),
    ):
        if act == site.replication.resume:
            site.api.objects["kafkaconnectors", "kafka", SOURCE]["spec"]["state"] = "running"
        with pytest.raises(Conflict, match="reconciliation is paused"):
            act()
    assert site.stored()["metadata"]["resourceVersion"] == version


def test_an_operator_that_never_answers_is_waited_for_and_the_question_withdrawn(site: ConnectSite) -> None:
    site.operator.stalled = True
    with pytest.raises(DeadlinePassed, match="offsets are listed"):
        site.replication.frontier()
    assert site.questions() == {}


def test_why_the_operator_could_not_is_told(site: ConnectSite) -> None:
    site.replication.stop()
    settled(site)
    site.connect.connectors[SOURCE]["state"] = "RUNNING"
    site.operator._connector = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(DeadlinePassed, match="ManageOffsets: connectors must be in the STOPPED state"):
        site.replication.restart_from({ORDERS: 5})
    assert site.questions() == {}


def test_somebody_elses_question_is_not_overwritten(site: ConnectSite) -> None:
    site.operator.stalled = True
    site.annotate({"strimzi.io/connector-offsets": "reset"})
    with pytest.raises(Conflict, match="somebody else asks"):
        site.replication.frontier()
    assert site.stored()["metadata"]["annotations"] == {"strimzi.io/connector-offsets": "reset"}


def test_a_state_of_another_owner_is_a_conflict_unless_drctl_may_take_it() -> None:
    theirs = ConnectSite(owner="argocd", take=False)
    with pytest.raises(Conflict, match=r"argocd.*spec\.state"):
        theirs.replication.stop()
    assert settled(theirs).working
    ours = ConnectSite(owner="argocd")
    ours.replication.stop()
    assert settled(ours).halted


def test_offsets_that_cannot_be_read_are_not_guessed(site: ConnectSite) -> None:
    def answers_otherwise(*_: object) -> list[dict[str, object]]:
        site.annotate({"strimzi.io/connector-offsets": None})
        return []

    site.operator._offsets = answers_otherwise  # type: ignore[method-assign, assignment]
    site.api.put(CONFIG_MAP, {"metadata": {"name": f"{SOURCE}-kept"}, "data": {"offsets.json": "[]"}})
    with pytest.raises(NotProven, match="no offsets that can be read"):
        site.replication.frontier()


def test_a_resource_without_config_maps_for_offsets_is_told_how_to_name_them(site: ConnectSite) -> None:
    site.resources.patch(site.kind, SOURCE, {"spec": {"listOffsets": None}})
    with pytest.raises(ConfigInvalid, match="names no config map") as caught:
        site.replication.frontier()
    assert "listOffsets" in caught.value.remedy


def test_connect_out_of_reach_of_the_operator_is_no_evidence(site: ConnectSite) -> None:
    site.connect.down = True
    with pytest.raises(Unreachable, match="Connect is rebalancing"):
        settled(site)


def test_a_connector_whose_resource_is_deleted_is_gone(site: ConnectSite) -> None:
    site.api.remove(site.kind, HEARTBEAT)
    status = settled(site)
    assert status.heartbeat.state is ConnectorState.ABSENT
    assert set(site.connect.connectors) == {SOURCE, CHECKPOINT}


def test_a_connector_without_a_resource_is_not_called_gone_while_nobody_deletes_it(site: ConnectSite) -> None:
    meta = {"name": "mirror", "annotations": {USED: "true", "strimzi.io/pause-reconciliation": "true"}}
    site.api.put(KAFKA_CONNECT.at(site.kind.version), {"metadata": meta, "spec": {}})
    assert settled(site).working
    site.operator.deletes = False
    site.api.remove(site.kind, HEARTBEAT)
    with pytest.raises(Conflict, match="KafkaConnect/mirror: its reconciliation is paused"):
        settled(site)


@pytest.mark.parametrize("act", ["stop", "resume"])
def test_nothing_is_written_without_a_permit(site: ConnectSite, act: str) -> None:
    if act == "resume":
        site.replication.stop()
    before = site.stored()["metadata"]["generation"]
    with pytest.raises(Locked):
        getattr(site.replication, act)(_refused)
    assert site.stored()["metadata"]["generation"] == before
