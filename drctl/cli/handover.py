"""drctl groups handover and undo."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from drctl.cli.execution import ask_to_go_on, confirm, continued, execute, require_somebody, show_steps
from drctl.cli.output import echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site, refuse_back_into
from drctl.cli.terms import terms, terms_options
from drctl.cli.undecided import echo_undecided
from drctl.cli.wording import state_word
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid
from drctl.model.run import RunResult
from drctl.model.wording import counted
from drctl.plans.plan import Plan
from drctl.ports import World


@click.command("handover")
@output_option
@click.option("--to", "target", help="The site to go on at; by default the one that clients are not at.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload; may be given again.")
@click.option("--group", "groups", multiple=True, help="Only this group; may be given again.")
@click.option("--topic", "topics", multiple=True, help="Only positions in this topic; may be given again.")
@click.option("--all-groups", "everything", is_flag=True, help="All groups of the plan file.")
@click.option("--yes", is_flag=True, help="Do not ask. Gates are not skipped.")
@click.option("--accept-repeats", is_flag=True, help="Take an earlier, certain position where none can be proven.")
@terms_options
@click.pass_obj
def handover(
    plan_file: Path,
    /,
    *,
    output: str,
    target: str | None,
    workloads: tuple[str, ...],
    groups: tuple[str, ...],
    topics: tuple[str, ...],
    everything: bool,
    yes: bool,
    accept_repeats: bool,
    **said: Any,
) -> None:
    """Let groups go on at the other site, at exactly their positions, while all else stays as it is.

    Nothing is fenced and client routing stays: producers write on at the source, and the link copies on. Stop the
    groups' consumers at the source; start them at the target when it watches for them to arrive. A switchover leaves
    these groups where they are. A failure gives them back what they had at the target.
    """
    from drctl.monitors import observe
    from drctl.plans.handover import ordered
    from drctl.plans.selection import narrowed

    if everything == bool(workloads or groups or topics):
        raise ConfigInvalid(
            "say which groups go on at the other site", remedy="--group, --workload, --topic or --all-groups"
        )
    on_terms = terms(**said)
    with opened(plan_file) as whole:
        source, target = direction(whole, target or other_site(whole))
        refuse_back_into(whole, source, target)
        world = narrowed(whole, workloads=workloads, groups=groups, topics=topics)
        plan = ordered(source, target, observe=observe, accept_repeats=accept_repeats)
        if not yes:
            _ask(world, plan, f"These groups go on at {target}: {', '.join(world.plan.groups)}.")
        result = execute(plan, world, on_terms)
    handed = result.evidence["hand-over-positions"]["groups"]
    rows = [(name, len(g["positions"]), g["lag"]) for name, g in sorted(handed.items())]
    _show(result, output, ("GROUP", "POSITIONS PROVEN", "LAG AT HANDOVER"), rows)


@click.command("undo")
@output_option
@click.option("--to", "target", help="The site that was handed over to; by default the one that clients are not at.")
@click.option("--group", "groups", multiple=True, help="Only this group; may be given again.")
@click.option(
    "--synced", "group_sync", is_flag=True, help="Undo what keeping the standby in sync has committed, not a handover."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def undo(
    plan_file: Path, output: str, target: str | None, groups: tuple[str, ...], *, group_sync: bool, yes: bool
) -> None:
    """Give groups the positions back that they had at a site before drctl committed there.

    Undoes the newest handover that still stands: sinks that it has stopped run at the source again, too. Refused, and
    nothing changed, where a group has moved on since or has members there: stop a sink that works there by hand first.
    --synced gives back only over what the service itself has committed and nobody has moved since; a group of which
    that is not known, since it commits with metadata of its own and the service noted nothing, is named and left.
    A position that --synced gives back is left alone by the service until somebody moves or deletes it there, or the
    work moves.
    """
    from drctl.plans.selection import narrowed
    from drctl.plans.sink_groups import told_or_noted
    from drctl.plans.undo import last_handover, ordered, synced

    with opened(plan_file) as whole:
        _, target = direction(whole, target or other_site(whole))
        run, kept = (synced if group_sync else last_handover)(whole, target, groups)
        world = narrowed(told_or_noted(whole), groups=sorted(kept))
        plan = ordered(run.source, run.target, kept, run.id)
        if not yes:
            _ask(world, plan, f"What run {run.id} committed at {target} is undone for {', '.join(sorted(kept))}.")
        result = execute(plan, world, terms())
    left = result.evidence["undo-positions"]["not taken away"]
    rows = [(name, len(kept[name].before), ", ".join(left.get(name, ()))) for name in sorted(kept)]
    _show(result, output, ("GROUP", "POSITIONS RESTORED", "NOT TAKEN AWAY"), rows)
    sinks = result.evidence.get("resume-sinks", {})
    for name in sinks.get("left as they are", ()):
        echo(f"not resumed at {run.source}: {name}: {sinks['why']}", err=True)


def _ask(world: World, plan: Plan, what: str) -> None:
    from drctl.monitors import hurried
    from drctl.plans.selection import HANDOVER

    if (going := continued(plan, world)) is not None:
        ask_to_go_on(going)
        return
    require_somebody()
    world = hurried(world)  # a person waits for the question; the run behind it takes its time
    echo(what, err=True)
    for name, group in sorted(world.sites[plan.source].positions.describe(world.plan.groups).items()):
        members = counted(len(group.members), "member")
        echo(f"  {name} at {plan.source}: {state_word(group.state)}, {members}", err=True)
    if plan.kind == HANDOVER:
        echo_undecided(world, plan.source, plan.target)
    show_steps(plan)
    confirm()


def _show(result: RunResult, output: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    from drctl.cli.switchover import as_document, show_what_is_missing

    if output in ("json", "yaml"):
        show_document(as_document(result), output)
        return
    show_table(f"Run {result.run.id}: {result.state.value}", columns, rows)
    show_what_is_missing(result)
