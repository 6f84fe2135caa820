"""What is not there is shown as not there, to people and to programs."""

import json

from drctl.cli import groups, status
from tests.fakes import FakeWorld
from tests.unit.cli.terminal import typed


def test_nobody_denied_is_an_empty_list_for_programs(earth: FakeWorld) -> None:
    sites = {each["name"]: each for each in json.loads(typed(status.command, "-o", "json").stdout)["sites"]}
    assert sites["north"]["denied"] == {"value": []}
    assert sites["south"]["denied"] == {"value": ["User:canary", "User:shop", "User:turbines"]}
    assert sites["south"]["undenied"] == {"value": []}


def test_a_group_that_does_not_exist_is_absent_everywhere(earth: FakeWorld) -> None:
    earth.south.groups.pop("billing", None)
    shown = json.loads(typed(groups.command, "show", "billing", "-o", "json").stdout)["sites"]["south"]
    (listed,) = (
        g for g in json.loads(typed(groups.command, "list", "-o", "json").stdout)["groups"] if g["name"] == "billing"
    )
    assert shown["state"] == listed["sites"]["south"]["state"] == "absent"
    assert "Dead" not in typed(status.command, "-o", "wide").stdout
