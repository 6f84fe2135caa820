"""A link driven through its KafkaMirrorMaker2, in both shapes; the operator is a stand-in."""

from copy import deepcopy
from urllib.parse import quote

import pytest

from drctl.errors import ConfigInvalid, Conflict, DeadlinePassed, Locked, NotFound, NotProven, Unreachable
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.offsets import TopicPartition
from drctl.model.resources import CONFIG_MAP
from tests.unit.drivers.strimzi import SOURCE, StrimziSite

ORDERS = TopicPartition("orders", 0)


@pytest.fixture(params=["v1", "v1beta2"])
def site(request: pytest.FixtureRequest) -> StrimziSite:
    return StrimziSite(request.param)


def settled(site: StrimziSite) -> LinkStatus:
    """The status once the operator has had its turn."""
    site.clock.sleep(0.2)
    return site.replication.status()


def test_a_running_mirror_works_and_shows_its_configuration(site: StrimziSite) -> None:
    status = settled(site)
    assert status.working
    assert status.exactly_once
    assert status.source.name == SOURCE
    assert status.source.config["refresh.topics.interval.seconds"] == "10"


def test_the_new_shape_knows_no_heartbeat_connector() -> None:
    assert settled(StrimziSite("v1")).heartbeat.state is ConnectorState.ABSENT
    assert settled(StrimziSite("v1beta2")).heartbeat.state is ConnectorState.RUNNING


def test_stop_and_resume_may_be_done_twice_and_reach_only_our_mirror(site: StrimziSite) -> None:
    before = deepcopy(site.stored()["spec"])
    for _ in range(2):
        site.replication.stop()
    assert settled(site).halted
    generation = site.stored()["metadata"]["generation"]
    other = quote("west->south.MirrorSourceConnector", safe="")
    assert site.connect.connectors[other]["state"] == "RUNNING"
    site.replication.stop()
    assert site.stored()["metadata"]["generation"] == generation
    for _ in range(2):
        site.replication.resume()
    assert settled(site).working
    assert site.stored()["spec"] == before


def test_checkpoints_stop_alone_and_run_again_with_the_link(site: StrimziSite) -> None:
    before = deepcopy(site.stored()["spec"])
    for _ in range(2):
        site.replication.stop_checkpoints()
    status = settled(site)
    assert status.checkpoint.halted
    assert status.heartbeat.halted
    assert status.source.working
    site.replication.resume()
    assert settled(site).working
    assert site.stored()["spec"] == before


def test_until_the_operator_has_acted_nothing_is_known(site: StrimziSite) -> None:
    site.operator.stalled = True
    site.replication.stop()
    with pytest.raises(Unreachable, match="has not acted on generation 2"):
        settled(site)
    site.operator.stalled = False
    assert settled(site).halted


def test_what_was_stopped_when_the_operator_looked_and_is_to_run_is_not_called_stopped(site: StrimziSite) -> None:
    site.replication.stop()
    assert settled(site).halted
    stopped = site.stored()["status"]
    site.operator.stalled = True
    site.replication.resume()
    newest = site.stored()["metadata"]["generation"]
    site.api.write_status(site.kind, "home", {**stopped, "observedGeneration": newest})
    status = settled(site)
    assert status.source.state is ConnectorState.RESTARTING
    assert not status.halted
    with pytest.raises(Conflict, match="is not stopped"):
        site.replication.restart_from({ORDERS: 100})


def test_the_number_of_tasks_is_the_resources_own_field(site: StrimziSite) -> None:
    mirrors = deepcopy(site.stored()["spec"]["mirrors"])
    assert "tasks.max" not in settled(site).source.config
    mirrors[1]["sourceConnector"]["tasksMax"] = 8
    site.resources.apply(site.kind, "home", {"spec": {"mirrors": mirrors}}, take=True)
    assert settled(site).source.config["tasks.max"] == "8"


def test_a_failed_task_of_a_ready_resource_is_seen(site: StrimziSite) -> None:
    site.connect.failing[quote(SOURCE, safe="")] = "ConnectException: no\n\tat x\nCaused by: TimeoutException: late"
    status = settled(site)
    assert not status.working
    assert status.source.state is ConnectorState.RUNNING
    assert status.source.reason == "ConnectException: no Caused by: TimeoutException: late"
    assert {each["type"] for each in site.stored()["status"]["conditions"]} == {"Ready"}


def test_what_has_failed_is_restarted_by_annotations_which_are_gone_then(site: StrimziSite) -> None:
    name = quote(SOURCE, safe="")
    site.connect.failed[name] = "ConnectException: own"
    site.connect.failing[name] = "ConnectException: no"
    settled(site)
    told = site.replication.restart_failed()
    assert told == {SOURCE: "ConnectException: own", f"{SOURCE}, task 0": "ConnectException: no"}
    assert site.connect.restarted == [name, f"{name} task"]
    assert site.questions() == {}
    assert settled(site).working
    assert site.replication.restart_failed() == {}


def test_a_restart_that_nobody_makes_is_withdrawn(site: StrimziSite) -> None:
    site.connect.failing[quote(SOURCE, safe="")] = "ConnectException: no"
    settled(site)
    site.operator.stalled = True
    with pytest.raises(DeadlinePassed, match=r"task 0 of .* is restarted"):
        site.replication.restart_failed()
    assert site.questions() == {}


def test_a_mirror_that_its_operator_restarts_says_so(site: StrimziSite) -> None:
    assert not settled(site).source.restarts_itself
    mirrors = deepcopy(site.stored()["spec"]["mirrors"])
    mirrors[1]["sourceConnector"]["autoRestart"] = {"enabled": True}
    site.resources.patch(site.kind, "home", {"spec": {"mirrors": mirrors}})
    assert settled(site).source.restarts_itself
    assert not site.replication.status().checkpoint.restarts_itself


def test_offsets_are_listed_by_annotation_which_is_gone_then(site: StrimziSite) -> None:
    site.set_offset("orders", 0, 41)
    assert site.replication.frontier() == {ORDERS: 42}
    assert site.questions() == {}


def test_a_link_is_restarted_from_exact_ends_and_left_stopped(site: StrimziSite) -> None:
    site.set_offset("orders", 0, 41)
    site.set_offset("orders", 1, 7)
    site.replication.stop()
    settled(site)
    for _ in range(2):
        site.replication.restart_from({ORDERS: 100, TopicPartition("orders", 1): 0})
    assert settled(site).halted
    assert site.replication.frontier() == {ORDERS: 100}


def test_a_link_that_runs_is_not_restarted(site: StrimziSite) -> None:
    settled(site)
    with pytest.raises(Conflict, match="not stopped"):
        site.replication.restart_from({ORDERS: 1})


def test_a_paused_resource_is_neither_believed_nor_written(site: StrimziSite) -> None:
    site.annotate(pause_reconciliation="true")
    version = site.stored()["metadata"]["resourceVersion"]
    for act in (
        site.replication.stop,
        site.replication.resume,
        site.replication.status,
        site.replication.frontier,
        site.replication.restart_failed,
        lambda: site.replication.restart_from({ORDERS: 1}),
    ):
        with pytest.raises(Conflict, match="reconciliation is paused"):
            act()
    assert site.stored()["metadata"]["resourceVersion"] == version


def test_an_operator_that_never_lists_is_waited_for_and_the_question_withdrawn(site: StrimziSite) -> None:
    site.operator.stalled = True
    with pytest.raises(DeadlinePassed, match="offsets are listed"):
        site.replication.frontier()
    assert site.questions() == {}


def test_why_the_operator_could_not_is_told(site: StrimziSite) -> None:
    stop = site.replication
    stop.stop()
    settled(site)
    site.connect.connectors[quote(SOURCE, safe="")]["state"] = "RUNNING"
    site.operator._connector = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(DeadlinePassed, match="ManageOffsets: connectors must be in the STOPPED state"):
        stop.restart_from({ORDERS: 5})
    assert site.questions() == {}


def test_somebody_elses_question_is_not_overwritten(site: StrimziSite) -> None:
    site.operator.stalled = True
    site.annotate(connector_offsets="reset", mirrormaker_connector=SOURCE)
    with pytest.raises(Conflict, match="somebody else asks"):
        site.replication.frontier()
    assert site.stored()["metadata"]["annotations"]["strimzi.io/connector-offsets"] == "reset"


def test_fields_of_another_owner_are_a_conflict_unless_drctl_may_take_them() -> None:
    theirs = StrimziSite(owner="argocd", take=False)
    with pytest.raises(Conflict, match="argocd"):
        theirs.replication.stop()
    assert settled(theirs).working
    ours = StrimziSite(owner="argocd")
    ours.replication.stop()
    assert settled(ours).halted


@pytest.mark.parametrize("data", [{}, {"north--south.MirrorSourceConnector.json": "[]"}, None])
def test_offsets_that_cannot_be_read_are_not_guessed(site: StrimziSite, data: dict[str, str] | None) -> None:
    def answers_otherwise(*_: object) -> list[dict[str, object]]:
        site.annotate(connector_offsets=None)
        return []

    site.operator._offsets = answers_otherwise  # type: ignore[method-assign, assignment]
    site.api.put(CONFIG_MAP, {"metadata": {"name": "home-offsets"}, "data": data})
    with pytest.raises(NotProven, match="no offsets that can be read"):
        site.replication.frontier()


def test_a_resource_without_config_maps_for_offsets_is_told_how_to_name_them(site: StrimziSite) -> None:
    for mirror in site.stored()["spec"]["mirrors"]:
        mirror["sourceConnector"].pop("listOffsets", None)
    with pytest.raises(ConfigInvalid, match="names no config map") as caught:
        site.replication.frontier()
    assert "listOffsets" in caught.value.remedy


def test_a_mirror_that_is_not_there_is_told_with_those_that_are(site: StrimziSite) -> None:
    site.stored()["spec"]["mirrors"].pop()
    with pytest.raises(NotFound, match="no mirror north->south, only west->south"):
        site.replication.status()


def test_definitions_that_are_missing_or_of_another_version_are_named(site: StrimziSite) -> None:
    site.api.groups.clear()
    with pytest.raises(NotFound, match=r"kafka\.strimzi\.io is not served"):
        site.replication.status()
    site.api.groups["kafka.strimzi.io"] = ("v7",)
    with pytest.raises(NotFound, match="serves only v7"):
        site.replication.status()


def test_connect_out_of_reach_of_the_operator_is_no_evidence(site: StrimziSite) -> None:
    site.connect.down = True
    with pytest.raises(Unreachable, match="Connect is rebalancing"):
        settled(site)


@pytest.mark.parametrize("act", ["stop", "resume"])
def test_nothing_is_written_without_a_permit(site: StrimziSite, act: str) -> None:
    if act == "resume":
        site.replication.stop()
    before = site.stored()["metadata"]["generation"]
    with pytest.raises(Locked):
        getattr(site.replication, act)(_refused)
    assert site.stored()["metadata"]["generation"] == before


def test_who_may_not_act_any_more_while_the_operator_is_waited_for_takes_the_question_back(site: StrimziSite) -> None:
    """Else the operator would set offsets later that nobody means any more."""
    site.replication.stop()
    settled(site)
    site.operator.stalled = True
    asked: list[int] = []

    def permit() -> None:
        asked.append(1)
        if len(asked) > 3:
            _refused()

    with pytest.raises(Locked):
        site.replication.restart_from({ORDERS: 5}, permit)
    assert site.questions() == {}


def _refused() -> None:
    raise Locked("the lease was lost")
