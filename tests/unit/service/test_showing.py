"""Plan and runs as Kubernetes resources: written by who leads, only what changed, and never in anybody's way."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from drctl.errors import NotFound
from drctl.model.resources import EVENT
from drctl.model.run import Run
from drctl.model.shown import GROUP, SHOWN_PLAN, SHOWN_RUN, VERSION
from drctl.monitors import status
from drctl.ports import World
from drctl.service.command import mirrored, shown_by
from drctl.service.showing import AFRESH, ResourceMirror
from drctl.service.watch import Watch
from tests.fakes import FakeApi, FakeResources, FakeWorld, fake_world
from tests.spec.harness import switch
from tests.unit.deploy.authorizing import AuthorizedApi, Grant

SPEC = {"objectives": {"recoveryTime": "60s"}}


class Shown:
    """A world whose service shows plan and runs in namespace drctl."""

    def __init__(self) -> None:
        self.earth: FakeWorld = fake_world()
        self.world: World = self.earth.ports()
        self.api = FakeApi({GROUP: (VERSION,)})
        self.leads = True
        self.mirror = self.another()

    def another(self) -> ResourceMirror:
        """One of a service that has written nothing yet."""
        resources = FakeResources(self.api, self.earth.clock, namespace="drctl")
        return ResourceMirror(self.world, resources, "drctl", SPEC, lambda: self.leads)

    def look(self, mirror: ResourceMirror | None = None) -> None:
        (mirror or self.mirror).write(status(self.world))

    @property
    def plan(self) -> dict[str, Any]:
        return self.api.objects[SHOWN_PLAN.plural, "drctl", self.world.plan.name]

    def of(self, plural: str) -> list[dict[str, Any]]:
        return [item for (kind, *_), item in sorted(self.api.objects.items()) if kind == plural]

    def condition(self, what: str) -> tuple[str, str]:
        """Whether a condition of the plan holds, and since when."""
        found = {each["type"]: each for each in self.plan["status"]["conditions"]}
        return found[what]["status"], found[what]["lastTransitionTime"]


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_a_plan_is_shown_as_it_stands_in_its_file_and_where_it_stands(shown: Shown) -> None:
    shown.look()
    plan = shown.plan
    assert plan["spec"] == SPEC
    assert (plan["status"]["primary"], plan["status"]["epoch"]) == ("north", 0)
    assert {site["name"]: site["role"] for site in plan["status"]["sites"]} == {"north": "primary", "south": "standby"}
    assert plan["status"]["observedGeneration"] == plan["metadata"]["generation"]
    assert shown.condition("RunUnfinished")[0] == "False"


def test_a_run_is_shown_with_its_plan_as_its_owner_and_one_event_for_its_end(shown: Shown) -> None:
    result = switch(shown.world)
    shown.look()
    (run,) = shown.of(SHOWN_RUN.plural)
    assert run["metadata"]["name"] == result.run.id.lower()
    assert [owner["uid"] for owner in run["metadata"]["ownerReferences"]] == [shown.plan["metadata"]["uid"]]
    assert (run["spec"]["run"], run["spec"]["epoch"], run["spec"]["planDigest"]) == (
        "switchover",
        1,
        result.run.plan_digest,
    )
    assert run["status"]["state"] == "done"
    (event,) = shown.of(EVENT.plural)
    assert (event["reason"], event["type"]) == ("Done", "Normal")
    assert event["involvedObject"]["uid"] == run["metadata"]["uid"]
    shown.look(shown.another())
    assert len(shown.of(EVENT.plural)) == 1


def test_what_somebody_deleted_comes_back_with_its_plan_and_its_event_is_not_told_again(shown: Shown) -> None:
    switch(shown.world)
    shown.look()
    for kind, name in [
        (SHOWN_PLAN, shown.world.plan.name),
        (SHOWN_RUN, shown.of(SHOWN_RUN.plural)[0]["metadata"]["name"]),
    ]:
        shown.api.remove(kind, name, namespace="drctl")
    (event,) = shown.of(EVENT.plural)
    shown.look()
    assert shown.of(SHOWN_RUN.plural) == []
    shown.earth.clock.jump(timedelta(seconds=AFRESH))
    shown.look()
    (run,) = shown.of(SHOWN_RUN.plural)
    assert [owner["uid"] for owner in run["metadata"]["ownerReferences"]] == [shown.plan["metadata"]["uid"]]
    assert shown.of(EVENT.plural) == [event]


def test_a_run_that_was_cut_off_is_a_condition_of_its_plan_and_a_warning(shown: Shown) -> None:
    shown.world.journal.begin(Run("20260101T000000-aaa", "switchover", shown.world.plan.name, "d", "north", "south", 1))
    shown.look()
    assert shown.condition("RunUnfinished")[0] == "True"
    assert shown.plan["status"]["run"] == "20260101T000000-aaa"
    (event,) = shown.of(EVENT.plural)
    assert (event["reason"], event["type"]) == ("Interrupted", "Warning")


def test_the_service_shows_them_by_the_account_by_which_it_is_elected(shown: Shown, tmp_path: Path) -> None:
    server = AuthorizedApi(shown.api)
    asked = [(SHOWN_PLAN.plural, "create"), (SHOWN_PLAN.plural, "patch"), (f"{SHOWN_PLAN.plural}/status", "patch")]
    server.grants = [Grant("drctl", GROUP, resource, verb) for resource, verb in asked]
    plan_file = tmp_path / "plan.yaml"
    plan_file.write_text("spec:\n  objectives: {recoveryTime: 60s}\n")
    with server.serving(tmp_path) as kubeconfig, shown_by("drctl", kubeconfig, "lab") as resources:
        mirror = mirrored(shown.world, resources, "drctl", plan_file, None)
        assert mirror is not None
        shown.look(mirror)
    assert shown.plan["spec"] == SPEC
    with shown_by(None, None, None) as nowhere:
        assert mirrored(shown.world, nowhere, None, plan_file, None) is None


def test_what_has_not_changed_is_not_written_again(shown: Shown) -> None:
    shown.look()
    before = len(shown.api.asked)
    shown.look()
    assert [asked for asked in shown.api.asked[before:] if asked[0] == "patch"] == []


def test_a_condition_keeps_its_time_for_as_long_as_it_is_the_same_whoever_writes_it(shown: Shown) -> None:
    shown.look()
    _, since = shown.condition("Healthy")
    shown.earth.clock.jump(timedelta(hours=1))
    switch(shown.world)
    shown.look(shown.another())
    assert shown.condition("RunUnfinished")[1] == since
    assert shown.plan["status"]["primary"] == "south"


def test_nothing_that_was_not_seen_counts_as_healthy(shown: Shown) -> None:
    shown.look()
    before = shown.condition("Healthy")[0]
    shown.earth.sites["south"].down = True
    shown.look()
    assert (before, shown.condition("Healthy")[0] == "True") == ("True", False)


def test_who_does_not_lead_writes_nothing(shown: Shown) -> None:
    shown.leads = False
    shown.look()
    assert shown.api.objects == {}


def test_where_the_definitions_are_missing_that_is_said_once_with_a_remedy(shown: Shown) -> None:
    shown.api.groups.clear()
    with pytest.raises(NotFound) as missing:
        shown.look()
    assert "deploy/components/resources/definitions.yaml" in str(missing.value.remedy)
    with capture_logs() as lines:
        for _ in range(3):
            shown.mirror.write_or_tell(status(shown.world))
    assert [line["event"] for line in lines] == ["resources-not-written"]


def test_looks_go_on_while_the_api_server_is_down_and_are_shown_once_it_is_back(shown: Shown) -> None:
    shown.api.down = True
    watch = Watch(shown.world, status, timedelta(seconds=15), mirror=shown.mirror)
    watch.cycle()
    assert watch.health()[0]
    ended = threading.Event()
    with capture_logs():
        shown.mirror.write_or_tell(status(shown.world))
    shown.api.down = False
    watch.cycle()
    thread = threading.Thread(target=shown.mirror.run, args=(ended,))
    thread.start()
    while not shown.api.objects:
        assert thread.is_alive()
        ended.wait(0.01)
    ended.set()
    thread.join()
    assert shown.plan["status"]["primary"] == "north"
