"""Which way a command goes is read from where clients are; a way to where they are already is none."""

import json

import pytest

from drctl.cli import doctor, failover, groups, plan, switchover
from drctl.errors import ConfigInvalid, NotFound, Refused
from drctl.model.fence import DenyRule, Scope
from tests.fakes import FakeWorld
from tests.fakes.world import APPLICATIONS
from tests.unit.cli.terminal import typed


def test_while_clients_are_sent_nowhere_the_direction_is_not_guessed(earth: FakeWorld) -> None:
    earth.routing.route_to(None)
    done = typed(groups.command)
    assert isinstance(done.exception, ConfigInvalid)
    assert "--to" in done.exception.remedy


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_move_to_where_clients_are_is_done_already(earth: FakeWorld, output: str) -> None:
    before = earth.journal.runs()
    for command in (switchover.command, failover.command, plan.switchover):
        done = typed(command, "--to", "north", "-o", output)
        assert done.exit_code == 0, done.exception
        if output == "json":
            assert json.loads(done.stdout)["state"] == "not-needed"
        else:
            assert done.stdout == "Clients are at north already: there is nothing to do.\n"
    assert earth.journal.runs() == before


def test_what_is_believed_is_still_held_against_the_world(earth: FakeWorld) -> None:
    done = typed(switchover.command, "--to", "north", "--expect", "primary=south")
    assert isinstance(done.exception, Refused)


def test_a_site_that_is_fenced_is_not_called_arrived_at(earth: FakeWorld) -> None:
    earth.north.denials = {DenyRule(p, s) for p in APPLICATIONS for s in Scope}
    done = typed(switchover.command, "--to", "north")
    assert isinstance(done.exception, Refused)
    assert "drctl unfence north" in done.exception.remedy


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (groups.command, ("handover", "--to", "north", "--group", "billing", "--yes")),
        (groups.command, ("translate", "--to", "north")),
        (doctor.command, ("--to", "north")),
    ],
)
def test_nobody_is_led_to_move_groups_to_where_clients_are(
    earth: FakeWorld, command: object, words: tuple[str, ...]
) -> None:
    """Each position there would look left over, to be deleted, and the link in use one that is to be stopped."""
    done = typed(command, *words)
    assert isinstance(done.exception, Refused)
    assert "clients are at north already" in str(done.exception)
    assert "delete" not in done.exception.remedy


def test_an_unknown_site_and_an_unknown_group_exit_alike(earth: FakeWorld) -> None:
    for words in (("translate", "--to", "west"), ("translate", "--group", "west")):
        assert isinstance(typed(groups.command, *words).exception, NotFound)
