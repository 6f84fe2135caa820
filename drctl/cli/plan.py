"""drctl plan."""

from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, output_option, show_document, show_table
from drctl.cli.sites import direction
from drctl.config import load
from drctl.decide.readiness import Blocker, blockers, warnings
from drctl.monitors import observe
from drctl.plans.plan import Plan
from drctl.plans.switchover import plan as switchover_plan
from drctl.wiring import open_world


@click.group("plan")
def command() -> None:
    """Show what a command would do, and what stands in its way. Changes nothing."""


@command.command("switchover")
@output_option
@click.option("--to", "target", required=True, help="The site to move to.")
@click.pass_obj
def switchover(plan_file: Path, output: str, target: str) -> None:
    """Show the steps of a switchover and every reason to wait.

    One record is written to the canary topic, to see that an ordinary client can write. Exits 3 if something stands in
    the way.
    """
    loaded = load(plan_file)
    with open_world(loaded) as world:
        source, target = direction(world, target)
        steps = switchover_plan(world, source, target, observe=observe)
        facts = observe(world, source, target)
        blocking = list(blockers(facts, loaded.guards, world.clock.now()))
        warned = list(warnings(facts))
    if output in ("json", "yaml"):
        show_document(_document(steps, blocking, warned), output)
    else:
        _show(steps, blocking, warned)
    if blocking:
        raise click.exceptions.Exit(3)


def _show(steps: Plan, blocking: list[Blocker], warned: list[Blocker]) -> None:
    show_table(str(steps).capitalize(), ("", "STEP", "WHAT", "CAN TURN BACK"), _rows(steps))
    for title, reasons in (("Stands in the way", blocking), ("Worth knowing", warned)):
        if reasons:
            click.echo(f"\n{title}:")
        for each in reasons:
            click.echo(f"  - {each.detail}\n    remedy: {each.remedy}")
    if not blocking:
        click.echo("\nNothing stands in the way.")


def _rows(steps: Plan) -> list[tuple[object, ...]]:
    return [
        (number, step.name, step.title, "yes" if steps.can_turn_back_after(step.name) else "no")
        for number, step in enumerate(steps.steps, 1)
    ]


def _document(steps: Plan, blocking: list[Blocker], warned: list[Blocker]) -> dict[str, Any]:
    def told(each: Blocker) -> dict[str, str]:
        return {"rule": each.rule.name, "detail": each.detail, "remedy": each.remedy}

    return document(
        "Plan",
        {
            "run": steps.kind,
            "source": steps.source,
            "target": steps.target,
            "pointOfNoReturn": steps.point_of_no_return,
            "steps": [{"name": step.name, "title": step.title} for step in steps.steps],
            "wayBack": [{"name": step.name, "title": step.title} for step in steps.way_back],
            "blockers": [told(each) for each in blocking],
            "warnings": [told(each) for each in warned],
        },
    )
