"""drctl switchover."""

import sys
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, output_option, show_document, show_table
from drctl.cli.progress import ProgressDisplay
from drctl.cli.sites import direction, refuse_unmoved
from drctl.config import load
from drctl.errors import Refused
from drctl.model.run import RunResult
from drctl.monitors import observe
from drctl.plans.runner import run
from drctl.plans.switchover import plan as switchover_plan
from drctl.wiring import open_world


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
    with open_world(load(plan_file)) as world:
        source, target = direction(world, target)
        refuse_unmoved(world, target)
        steps = switchover_plan(world, source, target, observe=observe, accept_repeats=accept_repeats)
        if not yes:
            _ask(source, target, world.plan.topics, world.plan.groups)
        with ProgressDisplay() as display:
            try:
                result = run(steps, world, display.announce)
            except KeyboardInterrupt:
                click.echo(f"\ncut off; 'drctl switchover --to {target}' goes on from here", err=True)
                raise
    _show(result, output)


def _ask(source: str, target: str, topics: tuple[str, ...], groups: tuple[str, ...]) -> None:
    if not sys.stdin.isatty():
        raise Refused("nobody is here to be asked: standard input is no terminal", remedy="add --yes")
    click.echo(f"From {source} to {target}: {len(topics)} topics, {len(groups)} groups.", err=True)
    click.echo(f"Writing at {source} stops; clients are sent to {target}.", err=True)
    if not click.confirm("Go on?", err=True):
        raise Refused("declined", remedy="")


def _show(result: RunResult, output: str) -> None:
    if output in ("json", "yaml"):
        show_document(as_document(result), output)
        return
    handed = result.evidence["hand-over-positions"]["groups"]
    rows = [(name, len(g["positions"]), g["lag"]) for name, g in sorted(handed.items())]
    show_table(f"Run {result.run.id}: {result.state.value}", ("GROUP", "POSITIONS PROVEN", "LAG AT HANDOVER"), rows)
    missing = result.evidence.get("watch-first-commits", {}).get("not arrived", [])
    if missing:
        click.echo(f"not arrived yet at {result.run.target}: {', '.join(missing)}", err=True)


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
