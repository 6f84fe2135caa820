"""With one site silent, all that the other says is shown, and the silent one is named."""

import json

import pytest

from drctl.cli import groups, plan, status
from drctl.ports import World
from tests.fakes import FakeWorld
from tests.fakes.clock import never_answers
from tests.unit.cli.terminal import typed


@pytest.mark.parametrize("words", [("list",), ("show", "billing")])
def test_a_site_that_is_silent_hides_no_group_of_the_other_and_is_named(
    earth: FakeWorld, words: tuple[str, ...]
) -> None:
    earth.south.down = True
    done = typed(groups.command, *words)
    assert done.exit_code == 6, done.exception
    assert "billing" in done.stdout
    assert "south is unknown: " in done.stderr
    told = typed(groups.command, *words, "-o", "json")
    assert told.exit_code == 6
    assert list(json.loads(told.stdout)["unknownSites"]) == ["south"]


def test_the_status_with_a_silent_site_shows_the_other_and_why_once_a_table(earth: FakeWorld) -> None:
    earth.south.down = True
    shown = typed(status.command)
    assert shown.exit_code == 0, shown.exception
    assert any(line.startswith("south  unknown  unknown") for line in shown.stdout.splitlines())
    assert "unknown (" not in shown.stdout
    assert "dispatch" in shown.stdout


@pytest.mark.parametrize("words", [(), ("-o", "json")])
def test_the_plan_tells_of_a_silent_site_and_of_all_that_the_other_says(
    earth: FakeWorld, words: tuple[str, ...]
) -> None:
    asked = earth.new_process
    with pytest.MonkeyPatch.context() as patch:

        def hanging() -> World:
            world = asked()
            patch.setattr(world.sites["south"].brokers, "cluster", never_answers)
            patch.setattr(world.sites["south"].positions, "committed", never_answers)
            return world

        patch.setattr(earth, "new_process", hanging)
        done = typed(plan.switchover, "--to", "south", *words)
    assert done.exit_code == 30, done.exception
    assert "site south: no answer within 8 s" in done.stdout
    assert "prove-fence" in done.stdout
