"""Pods of the controller killed at the steps of a move under load: the other replica goes on, never two are at work."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from drctl.lab.faults import FAULTS
from drctl.lab.kube import KubeLab
from drctl.lab.kube.controller import Controller
from drctl.monitors import observe
from drctl.plans import failover, switchover
from drctl.plans.selection import FAILOVER, SWITCHOVER
from tests.kube.controlling import addresses, document, lab_command, leaders, wait
from tests.kube.killing import BY, Killing, PodsRouting, moved
from tests.kube.tenures import overlapping, together
from tests.lab import losing
from tests.lab.losing import GROUPS, PARTITIONS, at, short_waits
from tests.lab.test_switchover import Reader, Writer, opened, some_writes, total

STEPS = [step.name for step in switchover.ordered("north", "south", observe=observe).steps]
LOST_STEPS = [step.name for step in failover.ordered("south", "north", observe=observe).steps]
SOME = ("fence-writes", "hand-over-positions", "unfence-target", "watch-first-commits")
"""Steps of a switchover: before, at and behind the point of no return, and one at which clients wait."""
SOME_LOST = ("stop-link", "unfence-target", "watch-first-commits")
"""The same of a failover; each of them lengthens a test that is run at every change."""
SOUTH = frozenset({"south"})
ENDED = ("done", "completed-with-exceptions")


@pytest.fixture
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """The two replicas in a lab for one test alone, whose work it moves; one of them leads."""
    with KubeLab.start(tmp_path_factory.mktemp("killed") / "lab", small=True) as lab:
        short_waits(lab)
        lab_command(lab, "install")
        installed = Controller(lab)
        wait("one of them leads", lambda: len(leaders(installed)) == 1)
        yield installed


def test_pods_killed_at_some_steps_of_a_switchover_under_load(controller: Controller) -> None:
    _switched_over(controller, _only(SOME, STEPS))


@pytest.mark.long
def test_pods_killed_at_every_step_of_a_switchover_under_load(controller: Controller) -> None:
    _switched_over(controller, STEPS)


def test_pods_killed_at_some_steps_of_a_failover_under_load(controller: Controller) -> None:
    _failed_over(controller, _only(SOME_LOST, LOST_STEPS))


@pytest.mark.long
def test_pods_killed_at_every_step_of_a_failover_under_load(controller: Controller) -> None:
    _failed_over(controller, LOST_STEPS)


def _only(some: tuple[str, ...], steps: list[str]) -> list[str]:
    """These steps in the plan's order; each of them must be one."""
    assert set(some) <= set(steps)
    return [step for step in steps if step in some]


def _switched_over(controller: Controller, steps: list[str]) -> None:
    """From north to south, its pod killed at each of these steps in turn; every record is read once and in order."""
    lab, prefix = controller.lab, uuid4().hex
    killing = Killing(controller, SWITCHOVER, "north", "south")
    with opened(lab) as here:
        world = replace(here, client_routing=PodsRouting(lab))
        with Writer(lab, world, prefix) as writer, Reader(lab, world, "dispatch", prefix) as reader:
            wait("the reader has joined", reader.joined.is_set)
            some_writes(world, writer)
            for step in steps:
                killing.killed_at(step)
            killing.resumed()
            assert world.client_routing.site() == "south"
            some_writes(world, writer)
            writer.end()
            wait("everything is read", lambda: total(reader.processed) >= total(writer.acknowledged))
            reader.end()
    assert reader.processed == writer.acknowledged
    _require_one_after_the_other(killing)


def _failed_over(controller: Controller, steps: list[str]) -> None:
    """From south, which is lost, to north, its pod killed at each of these steps in turn; no group skips a record."""
    lab = controller.lab
    with opened(lab):  # gives every group of the plan file a position
        moved(controller, "south")
    writer, readers = losing.Writer(lab, SOUTH), [losing.Reader(lab, group, SOUTH) for group in GROUPS[:2]]
    clients: list[losing.Client] = [writer, *readers]
    killing = Killing(controller, FAILOVER, "south", "north")
    with ExitStack() as working:
        for each in clients:
            each.routing = PodsRouting(lab)
            working.enter_context(each)
        wait("both read at south", lambda: all(reader.first_at_south for reader in readers))
        wait("positions are kept at north", lambda: _figure(controller, "drctl_group_sync_commits_total") >= 30)
        FAULTS["lose-site"](lab, "south")
        wait("a replica sees it", lambda: _figure(controller, 'drctl_site_up{site="south"}', least=True) == 0)
        for step in steps:
            killing.killed_at(step)
        killing.resumed()
        assert writer.routing.site() == "north"
        # The writer goes through all partitions by turns.
        wait("records are written at north", lambda: len(writer.acknowledged.get("north", {})) == len(PARTITIONS))
        writer.end()
        there = at(lab, "north")
        for reader in readers:
            wait(f"{reader.group} has read all", lambda r=reader: _has_read(r, there))  # type: ignore[misc]
    assert all(there[partition.partition] for partition in PARTITIONS)
    _require_one_after_the_other(killing)


def _has_read(reader: losing.Reader, there: dict[int, list[bytes]]) -> bool:
    return all(set(values) <= set(reader.processed[number]) for number, values in there.items())


def _require_one_after_the_other(killing: Killing) -> None:
    """From the journal of the replicas: each holder followed a dead one, no two runs overlap, and epochs only rise."""
    controller = killing.controller
    wait("one of them leads", lambda: len(leaders(controller)) == 1)
    runs = [_shown(controller, each) for each in document(controller, "runs", "list", "--own")["items"]]
    runs.sort(key=lambda run: str(run["began"]))
    # Those that its gates refused are among them, which end before anything is changed.
    mine = [run for run in runs if run["run"] == killing.kind and run["entries"][0]["evidence"].get("by") == BY]
    assert [run["id"] for run in mine if run["state"] in ENDED] == [mine[-1]["id"]]
    assert list(together(mine, killing.deaths)) == []
    assert list(overlapping(runs)) == []


def _shown(controller: Controller, run: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = document(controller, "runs", "show", run["id"], "--own", "--evidence")
    return shown


def _figure(controller: Controller, name: str, *, least: bool = False) -> float:
    """A metric of the replicas: the greatest value that one of them tells, or the least; -1 while none tells any."""
    found = []
    for address in addresses(controller).values():
        try:
            with urlopen(f"http://{address}:8080/metrics", timeout=3) as answer:
                told = re.search(rf"^{re.escape(name)} (\S+)$", answer.read().decode(), re.MULTILINE)
        except OSError:  # not there yet, or cut off
            continue
        if told:
            found.append(float(told[1]))
    return (min if least else max)(found, default=-1.0)
