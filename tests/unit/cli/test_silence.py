"""Every command that only looks, with a site dead, frozen or half dead: it ends in time and tells all that is known."""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click
import pytest
from click.testing import CliRunner

from drctl.cli import (
    clients,
    doctor,
    forecast,
    groups,
    journal_verification,
    pause,
    plan,
    plan_failover,
    runs,
    salvage,
    sessions,
    status,
    translate,
)
from drctl.cli.sites import other_site
from drctl.drills.tabletop import tabletop
from drctl.errors import DrctlError
from drctl.monitors import SideBySide, hurried, keep_up
from drctl.ports import World
from tests.fakes import fake_world
from tests.fakes.clock import never_answers
from tests.fakes.silence import Silence, silence
from tests.spec.failing import synced
from tests.spec.harness import killed_at, switch

IN_ALL = 10.0


class Looking(NamedTuple):
    """A command that changes nothing, its exit code by the site that is silent, and what it tells all the same.

    ``told`` without north, and without south: what is known without that site, as a pattern.
    """

    name: str
    command: click.Command
    words: tuple[str, ...]
    codes: tuple[int, int]
    told: tuple[str, str]


TO_SOUTH = ("--to", "south")
COMMANDS = (
    Looking("status", status.command, (), (0, 0), (r"south +standby +3", r"north +primary +3")),
    Looking("doctor", doctor.command, TO_SOUTH, (30, 30), ("refresh.topics.interval", "Not compared")),
    Looking("clients", clients.command, (), (0, 0), (r"south +billing +Empty", r"north +billing +Stable +20")),
    Looking("plan switchover", plan.switchover, TO_SOUTH, (30, 30), ("prove-fence", "prove-fence")),
    Looking("plan failover", plan_failover.failover, TO_SOUTH, (17, 30), ("lost: at most about", "unfence-target")),
    Looking(
        "translate", translate.translate, TO_SOUTH, (6, 6), ("at south it stands at", r"billing +shop.orders-0 +\d")
    ),
    Looking("groups list", groups.list_, (), (6, 6), (r"billing .*Empty +0 +\d", r"billing +classic Stable +1 +\d")),
    Looking(
        "groups show",
        groups.show,
        ("billing",),
        (6, 6),
        (r"(?s)at south.*orders +0 +\d", r"(?s)at north.*orders +0 +\d"),
    ),
    Looking(
        "sessions of north",
        sessions.command,
        ("--site", "north"),
        (6, 0),
        ("Sessions at north", r"billing +classic +4"),
    ),
    Looking(
        "sessions of south", sessions.command, ("--site", "south"), (0, 6), (r"billing +other +4", "Sessions at south")
    ),
    Looking("forecast", forecast.command, TO_SOUTH, (0, 6), (r"billing +4 +4", "expected time")),
    Looking("runs list", runs.list_runs, ("--all",), (0, 0), ("group-sync", "group-sync")),
    Looking("runs verify", journal_verification.verify, ("--copies",), (0, 0), (r"south +behind", r"north +behind")),
)


class Ended(NamedTuple):
    """What a command printed, its exit code, and how long it took by the clock of the fakes."""

    out: str
    err: str
    code: int
    seconds: float


def typed(world: World, command: click.Command, words: Sequence[str]) -> Ended:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield world

    began = world.clock.monotonic()
    assert command.callback is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(inspect.unwrap(command.callback).__globals__, "opened", opened)
        done = CliRunner().invoke(command, words, obj=Path("plan.yaml"))
    if done.exception and not isinstance(done.exception, (DrctlError, SystemExit)):
        raise done.exception
    code = done.exception.exit_code if isinstance(done.exception, DrctlError) else done.exit_code
    told = f"{done.stderr}{done.exception}" if isinstance(done.exception, DrctlError) else done.stderr
    return Ended(done.stdout, told, code, world.clock.monotonic() - began)


def looked(looking: Looking, site: str, how: Silence, *more: str) -> Ended:
    return typed(silence(synced(fake_world()), site, how), looking.command, (*looking.words, *more))


@pytest.mark.parametrize("how", Silence)
@pytest.mark.parametrize("site", ["north", "south"])
@pytest.mark.parametrize("looking", COMMANDS, ids=lambda each: each.name)
def test_it_ends_in_time_names_who_is_silent_and_tells_all_that_is_known(
    looking: Looking, site: str, how: Silence
) -> None:
    shown, document = looked(looking, site, how), looked(looking, site, how, "-o", "json")
    at = 0 if site == "north" else 1
    assert (shown.code, document.code) == (looking.codes[at],) * 2, shown
    assert max(shown.seconds, document.seconds) < IN_ALL
    assert re.search(looking.told[at], shown.out), shown
    told: dict[str, Any] = json.loads(document.out)
    if looking.codes[at]:
        assert site in shown.out + shown.err
        assert site in json.dumps(told)


@pytest.mark.parametrize("how", Silence)
@pytest.mark.parametrize("site", ["north", "south"])
def test_what_the_journal_tells_is_told_without_asking_anybody(site: str, how: Silence) -> None:
    earth = fake_world()
    switch(earth.ports())
    world = silence(earth, site, how)
    for command, words, told in (
        (runs.list_runs, ("--own",), "switchover"),
        (runs.show, ("--own",), "unfence-target"),
        (salvage.list_, (), "Salvages"),
        (pause.command, (), "not paused"),
    ):
        shown = typed(world, command, words)
        assert (shown.code, shown.seconds) == (0, 0.0), shown
        assert told in shown.out


class _Routing:
    """Client routing that does not answer."""

    def __init__(self, answer: Callable[[], str | None]) -> None:
        self.site = answer

    def obstacle(self) -> str:
        return self.site() or ""

    def route_to(self, site: str | None) -> None:
        raise NotImplementedError


def _broken() -> None:
    raise DrctlError("client routing cannot be read: its command ended with 1", remedy="run the command by hand")


@pytest.mark.parametrize("answer", [_broken, never_answers])
@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("status", 0, "client routing: unknown"),
        ("doctor", 30, "Stands in the way"),
        ("clients", 0, "the site that serves: "),
        ("plan switchover", 30, "prove-fence"),
        ("plan failover", 30, "unfence-target"),
        ("translate", 10, r"billing +shop.orders-0 +\d+ +\d+"),
        ("groups list", 0, r"classic Stable +1 +\d.*Empty +0 +\d"),
        ("forecast", 0, r"billing +4 +4"),
    ],
)
def test_where_clients_are_sent_may_be_unknown_and_the_sites_are_looked_at_all_the_same(
    name: str, code: int, told: str, answer: Callable[[], str | None]
) -> None:
    looking = next(each for each in COMMANDS if each.name == name)
    world = replace(synced(fake_world()).new_process(), client_routing=_Routing(answer))
    shown = typed(world, looking.command, looking.words)
    document = typed(world, looking.command, (*looking.words, "-o", "json"))
    assert (shown.code, document.code) == (code, code), shown
    assert shown.seconds < IN_ALL
    assert re.search(told, shown.out), shown


def test_who_names_no_target_while_nobody_tells_where_clients_are_is_told_to_name_it() -> None:
    world = replace(fake_world().new_process(), client_routing=_Routing(never_answers))
    with pytest.raises(DrctlError) as refused:
        other_site(hurried(world))
    assert "--to" in refused.value.remedy


@pytest.mark.parametrize(("site", "reason"), [("north", "north: no broker"), ("south", "south: no broker")])
def test_a_dead_site_is_one_reason_and_not_one_for_everything_that_it_hides(site: str, reason: str) -> None:
    told = typed(silence(synced(fake_world()), site, Silence.DEAD), plan.switchover, ("--to", "south", "-o", "json"))
    (blocker,) = json.loads(told.out)["blockers"]
    assert blocker["detail"].startswith(reason)
    assert blocker["detail"].endswith("its Connect worker is silent, too")


def test_a_worker_that_is_silent_beside_its_brokers_is_a_reason_of_its_own() -> None:
    earth = synced(fake_world())
    earth.mirrors["north", "south"].worker_down = True
    told = typed(earth.new_process(), plan.switchover, ("--to", "south", "-o", "json"))
    rules = [each["rule"] for each in json.loads(told.out)["blockers"]]
    assert rules.count("LINK_UNKNOWN") == 1
    assert "LAG_UNKNOWN" not in rules


def test_what_the_doctor_cannot_tell_of_a_link_is_one_finding_for_each_who_is_silent() -> None:
    told = typed(silence(synced(fake_world()), "south", Silence.DEAD), doctor.command, ("--to", "south", "-o", "json"))
    unknown = [f["detail"] for f in json.loads(told.out)["findings"] if f["rule"] == "LOSSES_UNKNOWN"]
    assert len(unknown) == 2, unknown
    assert not [f for f in json.loads(told.out)["findings"] if f["rule"] == "CHECKPOINTS_MISSING"]


def test_the_unfinished_run_is_told_before_any_site_is_asked() -> None:
    earth = fake_world()
    with killed_at(earth, "commit billing at south"):
        switch(earth.ports())
    world = earth.new_process()

    def asked() -> NoReturn:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.sites["north"].brokers, "cluster", asked)
        patch.setattr(status, "opened", lambda *_, **_more: nullcontext(world))
        done = CliRunner().invoke(status.command, (), obj=Path("plan.yaml"))
    assert isinstance(done.exception, ZeroDivisionError)
    assert done.stdout.startswith("UNFINISHED RUN")


@pytest.mark.parametrize("how", Silence)
@pytest.mark.parametrize("site", ["north", "south"])
def test_a_tabletop_with_a_silent_site_ends_in_time_and_tells_what_is_known(site: str, how: Silence) -> None:
    world = silence(synced(fake_world()), site, how)
    began = world.clock.monotonic()
    body = tabletop(hurried(world), "north", "south")
    assert world.clock.monotonic() - began < IN_ALL
    assert body["exitCode"] == 30
    assert any(site in each["detail"] for each in body["blockers"])
    assert {group["name"] for group in body["groups"]} == {"dispatch", "billing"}


@pytest.mark.parametrize(("silent", "other"), [("north", "south"), ("south", "north")])
def test_the_disks_and_clocks_of_one_site_are_seen_while_the_other_is_frozen(silent: str, other: str) -> None:
    world = silence(fake_world(), silent, Silence.FROZEN)
    seen = {each.name: each for each in keep_up(world, "north", "south", SideBySide(world.clock)).sites}
    assert seen[silent].brokers_unknown.startswith("no answer")
    assert seen[other].disks
    assert all(each.known for each in (*seen[other].disks.values(), *seen[other].clocks.values()))
