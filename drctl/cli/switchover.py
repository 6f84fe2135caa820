"""drctl switchover."""

import sys
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, output_option, show_document, show_table
from drctl.cli.sites import direction, refuse_unmoved, stays_behind
from drctl.cli.world import opened
from drctl.decide.readiness import warnings
from drctl.errors import Refused
from drctl.model.run import RunResult
from drctl.monitors import observe
from drctl.plans.plan import Plan
from drctl.plans.selection import moving
from drctl.plans.switchover import plan as switchover_plan
from drctl.ports import World


@click.command("switchover")
@output_option
@click.option("--to", "target", required=True, help="The site to move to.")
@click.option("--yes", is_flag=True, help="Do not ask. Gates are not skipped.")
@click.option("--accept-repeats", is_flag=True, help="Take an earlier, certain position where none can be proven.")
@click.pass_obj
def command(plan_file: Path, output: str, target: str, *, yes: bool, accept_repeats: bool) -> None:
    """Move the work to the other site; nothing lost, nothing read twice.

    A failure before the target is opened walks the way back and leaves the source open. A run that was cut off is
    continued by the same command.
    """
    from drctl.cli.progress import ProgressDisplay
    from drctl.plans.runner import run

    with opened(plan_file) as whole:
        source, target = direction(whole, target)
        refuse_unmoved(whole, target)
        world = moving(whole, target)
        steps = switchover_plan(world, source, target, observe=observe, accept_repeats=accept_repeats)
        if not yes:
            _ask(world, steps, stays_behind(whole, source, target))
        with ProgressDisplay() as display:
            try:
                result = run(steps, world, display.announce)
            except KeyboardInterrupt:
                click.echo(f"\ncut off; 'drctl switchover --to {target}' goes on from here", err=True)
                raise
    _show(result, output)


def _ask(world: World, steps: Plan, behind: list[tuple[str, str]]) -> None:
    if not sys.stdin.isatty():
        raise Refused("nobody is here to be asked: standard input is no terminal", remedy="add --yes")
    facts, plan = observe(world, steps.source, steps.target), world.plan
    click.echo(
        f"From {steps.source} to {steps.target}: {len(plan.topics)} topics, {len(plan.groups)} groups.", err=True
    )
    for site in (facts.source, facts.target):
        brokers = site.cluster.value and len(site.cluster.value.brokers)
        told = f"unknown ({site.cluster.unknown})" if brokers is None else f"{brokers} brokers"
        members = sum(len(group.members) for group in (site.groups.value or {}).values())
        click.echo(f"  {site.name}: {told}, {members} members in these groups", err=True)
    lag = facts.link.lag
    late = f"{lag.value.total} records behind" if lag.value else f"lag unknown ({lag.unknown})"
    click.echo(f"  {facts.link.link.name}: {late}", err=True)
    for group, why in behind:
        click.echo(f"  stays behind: {group}: {why}", err=True)
    for each in warnings(facts):
        click.echo(f"  worth knowing: {each.detail} ({each.remedy})", err=True)
    for number, step in enumerate(steps.steps, 1):
        click.echo(f"  {number:2} {step.title}", err=True)
    click.echo(f"Writing at {steps.source} stops; clients are sent to {steps.target}.", err=True)
    click.echo(f"Until {steps.point_of_no_return} a failure goes back by itself.", err=True)
    if not click.confirm("Go on?", err=True):
        raise Refused("declined", remedy="")


def _show(result: RunResult, output: str) -> None:
    if output in ("json", "yaml"):
        show_document(as_document(result), output)
        return
    handed = result.evidence["hand-over-positions"]["groups"]
    rows = [(name, len(g["positions"]), g["lag"]) for name, g in sorted(handed.items())]
    show_table(f"Run {result.run.id}: {result.state.value}", ("GROUP", "POSITIONS PROVEN", "LAG AT HANDOVER"), rows)
    for warning in result.evidence.get("check-gates", {}).get("warnings", []):
        click.echo(f"worth knowing: {warning}", err=True)
    show_what_is_missing(result)


def show_what_is_missing(result: RunResult) -> None:
    """Tell on standard error which groups and sinks do not work at the target yet, and who still is at the source."""
    run_, arrived = result.run, result.evidence.get("watch-first-commits", {})
    for name, why in result.evidence.get("start-sinks", {}).get("not working", {}).items():
        click.echo(f"does not work at {run_.target}: {name}: {why}", err=True)
    for each in arrived.get("not arrived", ()):
        click.echo(f"not arrived yet at {run_.target}: {each}", err=True)
    for each in arrived.get("still at the source", ()):
        click.echo(f"still commits at {run_.source}: {each}", err=True)


def as_document(result: RunResult) -> dict[str, Any]:
    """A run's result as a versioned document."""
    run_, timings = result.run, result.timings
    return document(
        "Run",
        {
            "id": run_.id,
            "run": run_.kind,
            "source": run_.source,
            "target": run_.target,
            "epoch": run_.epoch,
            "state": result.state.value,
            "steps": [{"name": t.name, "seconds": round(t.seconds, 3), "foundDone": t.found_done} for t in timings],
            "evidence": result.evidence,
        },
    )
