"""Client routing by commands: a name that a site may have is taken from it, nothing else that it prints is shown."""

from datetime import timedelta

import pytest

from drctl.drivers.command.client_routing import CommandClientRouting
from drctl.errors import DrctlError
from drctl.model.routing import RoutingCommands
from drctl.ports.commands import Ended
from tests.fakes.commands import FakeCommands


def routing(printed: str) -> CommandClientRouting:
    commands = FakeCommands()
    commands.known = {"read": lambda words, text: Ended(0, printed)}
    return CommandClientRouting(RoutingCommands(("turn",), ("read",), timedelta(0)), commands)


@pytest.mark.parametrize(("printed", "site"), [("north\n", "north"), ("DC_North-1\n", "DC_North-1"), ("\n", None)])
def test_the_name_of_any_site_is_read(printed: str, site: str | None) -> None:
    assert routing(printed).site() == site


@pytest.mark.parametrize("printed", ["password=s3cret", "north\ns3cret", "s3cret!"])
def test_what_is_no_name_is_refused_and_not_repeated(printed: str) -> None:
    with pytest.raises(DrctlError, match="printed something that is no site's name") as told:
        routing(printed).site()
    assert "s3cret" not in str(told.value) + told.value.remedy
