"""drctl switchover."""

from pathlib import Path
from typing import Any

import click

from drctl.cli.evidence import spelled
from drctl.cli.execution import ask_to_go_on, confirm, continued, execute, require_somebody, show_steps
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, is_there, stays_behind
from drctl.cli.terms import terms, terms_options
from drctl.cli.undecided import echo_undecided
from drctl.cli.world import opened
from drctl.decide.readiness import warnings
from drctl.errors import at_site
from drctl.model.run import Evidence, RunResult, RunState
from drctl.model.wording import counted
from drctl.monitors import SideBySide, hurried, observe
from drctl.plans.plan import Plan
from drctl.plans.selection import moving
from drctl.plans.switchover import plan as switchover_plan
from drctl.ports import World


@click.command("switchover")
@output_option
@click.option("--to", "target", required=True, help="The site to move to.")
@click.option("--yes", is_flag=True, help="Do not ask. Gates are not skipped.")
@click.option("--accept-repeats", is_flag=True, help="Take an earlier, certain position where none can be proven.")
@terms_options
@click.pass_obj
def command(plan_file: Path, /, output: str, target: str, *, yes: bool, accept_repeats: bool, **said: Any) -> None:
    """Move the work to the other site; nothing lost, nothing read twice.

    A failure before the target is opened rolls back and leaves the source open. A run that was cut off is
    continued by the same command.
    """
    on_terms = terms(**said)
    with opened(plan_file) as whole:
        source, target = direction(whole, target)
        if not on_terms.key and is_there(whole, target, on_terms, output):  # a key tells how its own run ended
            return
        world = moving(whole, target)
        steps = switchover_plan(world, source, target, observe=observe, accept_repeats=accept_repeats)
        going = None if yes else continued(steps, whole)
        if going is not None:
            ask_to_go_on(going)
        elif not yes:
            _ask(whole, steps)
        result = execute(steps, world, on_terms)
    _show(result, output)


def _ask(whole: World, steps: Plan) -> None:
    """Tell what is known within ten seconds, and ask: gates, which do not hurry, are held behind the answer."""
    require_somebody()
    looking = hurried(whole)
    world = moving(looking, steps.target)
    facts, plan = observe(world, steps.source, steps.target, SideBySide(world.clock)), world.plan
    moved = f"{counted(len(plan.topics), 'topic')}, {counted(len(plan.groups), 'group')}"
    echo(f"From {steps.source} to {steps.target}: {moved}.", err=True)
    for site in (facts.source, facts.target):
        there = site.cluster.value
        told = (
            f"unknown ({at_site(site.name, site.cluster.unknown)})"
            if there is None
            else counted(len(there.brokers), "broker")
        )
        seen = site.groups.value
        members = "members" if seen is None else counted(sum(len(group.members) for group in seen.values()), "member")
        unknown = " unknown" if seen is None else ""
        echo(f"  {site.name}: {told}, {members} in these groups{unknown}", err=True)
    lag = facts.link.lag
    late = f"{counted(lag.value.total, 'record')} behind" if lag.value else f"lag unknown ({lag.unknown})"
    echo(f"  {facts.link.link.name}: {late}", err=True)
    for group, why in stays_behind(looking, steps.source, steps.target):
        echo(f"  stays behind: {group}: {why}", err=True)
    echo_undecided(world, steps.source, steps.target)
    for each in warnings(facts):
        echo(f"  worth knowing: {each.detail} ({each.remedy})", err=True)
    show_steps(steps)
    echo(f"Writing at {steps.source} stops; clients are sent to {steps.target}.", err=True)
    echo(f"Until {steps.point_of_no_return} a failure goes back by itself.", err=True)
    confirm()


def _show(result: RunResult, output: str) -> None:
    if output in ("json", "yaml"):
        show_document(as_document(result), output)
        return
    handed = result.evidence["hand-over-positions"]["groups"]
    rows = [(name, len(g["positions"]), g["lag"]) for name, g in sorted(handed.items())]
    show_table(f"Run {result.run.id}: {result.state.value}", ("GROUP", "POSITIONS PROVEN", "LAG AT HANDOVER"), rows)
    show_what_is_missing(result)


def show_what_is_missing(result: RunResult) -> None:
    """Tell on standard error what does not work at the target yet: groups, sinks, Deployments; and who stayed.

    So are positions that no rule could decide about: with --yes nobody has read of them before.
    """
    run_, arrived = result.run, result.evidence.get("watch-first-commits", {})
    handed = result.evidence.get("hand-over-positions", {})
    for key in ("never committed", "replaced"):
        for line in handed.get(key, ()):
            echo(f"{key}: {line}", err=True)
    for name, why in result.evidence.get("start-sinks", {}).get("not working", {}).items():
        echo(f"does not work at {run_.target}: {name}: {why}", err=True)
    for name, why in result.evidence.get("scale-up-target", {}).get("not available", {}).items():
        echo(f"not up at {run_.target}: {name}: {why}", err=True)
    for name, why in result.evidence.get("restart-clients", {}).get("not restarted", {}).items():
        echo(f"not restarted: {name}: {why}", err=True)
    left = result.evidence.get("scale-down-source", {}).get("left as they are")
    if left:
        echo(f"not scaled down at {run_.source}: {left}", err=True)
    _show_who_stayed(run_.source, run_.target, arrived)


def _show_who_stayed(source: str, target: str, arrived: Evidence) -> None:
    for each in arrived.get("not arrived", ()):
        echo(f"not arrived yet at {target}: {each}", err=True)
    if "source not seen" in arrived:
        echo(f"whether anybody still commits at {source} is unknown: {arrived['source not seen']}", err=True)
    for each in arrived.get("still at the source", ()):
        echo(f"still commits at {source}: {each}", err=True)
    connected = arrived.get("connected at the source", ())
    for each in connected:
        echo(f"still connected at {source}: {each}", err=True)
    if connected:
        echo(f"  restart them: they belong to {target}; 'drctl clients' tells when nobody is left", err=True)


NOT_COMPLETE = ("not arrived", "still at the source", "connected at the source")
"""Where a run's evidence names groups because of which it is not complete, though it is done."""


def as_document(result: RunResult) -> dict[str, Any]:
    """A run's result as a versioned document."""
    run_, timings = result.run, result.timings
    arrived = result.evidence.get("watch-first-commits", {})
    left = [each for key in NOT_COMPLETE for each in arrived.get(key, ())]
    left += result.evidence.get("scale-up-target", {}).get("not available", {})
    left += result.evidence.get("restart-clients", {}).get("not restarted", {})
    return document(
        "Run",
        {
            "id": run_.id,
            "run": run_.kind,
            "source": run_.source,
            "target": run_.target,
            "epoch": run_.epoch,
            "state": result.state.value if not result.exceptions else "completed-with-exceptions",
            "exceptions": list(result.exceptions),
            "complete": result.state is RunState.DONE and not left,
            "pauseSeconds": result.pause,
            "steps": [{"name": t.name, "seconds": round(t.seconds, 3), "foundDone": t.found_done} for t in timings],
            "evidence": spelled(result.evidence),
        },
    )
