"""drctl failback."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from drctl.cli.execution import ask_to_go_on, confirm, execute, require_somebody, show_steps
from drctl.cli.output import echo, output_option, show_document, show_table
from drctl.cli.sites import is_there, known_site
from drctl.cli.switchover import as_document, show_what_is_missing
from drctl.cli.terms import terms, terms_options
from drctl.cli.undecided import echo_undecided
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid, Refused
from drctl.model.loss import AcceptedLoss
from drctl.model.wording import counted
from drctl.monitors import hurried, observe
from drctl.plans.plan import Plan
from drctl.ports import World


@click.command("failback")
@output_option
@click.option("--to", "target", required=True, help="The site that was lost and takes the work back.")
@click.option(
    "--recreate", "recreate", metavar="TOPIC|all", multiple=True, help="Recreate it there; may be given again."
)
@click.option("--accept-loss", "accept", metavar="N", help="Give up so many records that only the old site still has.")
@click.option("--yes", is_flag=True, help="Do not ask. Gates are not skipped, and no loss is accepted.")
@click.option("--accept-repeats", is_flag=True, help="Take an earlier, certain position where none can be proven.")
@terms_options
@click.pass_obj
def command(
    plan_file: Path,
    /,
    output: str,
    target: str,
    *,
    recreate: tuple[str, ...],
    accept: str | None,
    yes: bool,
    accept_repeats: bool,
    **said: Any,
) -> None:
    """Let the site that was lost take the work back; only what is new is copied.

    Its stranded tail must be salvaged and decided on. The link home begins where the failover opened the other site;
    once it has caught up, the rest is a switchover. A run that was cut off is continued by the same command.

    Kafka cannot cut a tail off. By default it is stepped over: nothing is copied twice and history stays, but whoever
    reads such a topic from its beginning at the old site reads the tail. With --recreate TOPIC (or all: every topic
    with a tail) the topic is deleted there, created as it was, and copied whole: both sites end equal, and no tail is
    left. That copies all of it again; records that the serving site no longer has are gone at the old one, too, and
    must be accepted by number; and the topic has a new id, which readers there that keep their own offsets (Kafka
    Streams, Flink) take for another topic.
    """
    from drctl.plans.aftermath import aftermath
    from drctl.plans.failback import plan as failback_plan
    from drctl.plans.failovers import standing
    from drctl.plans.interruption import interruption
    from drctl.plans.kinds import failback_again
    from drctl.plans.selection import FAILBACK, chosen
    from drctl.plans.unfinished import unfinished

    on_terms, accepted = terms(**said), _accepted(accept)
    with opened(plan_file) as world:
        left = unfinished(world)
        # While a failover stands, whoever names the site that took over has mistaken the way.
        if standing(world) is None and is_there(world, known_site(world, target), on_terms, output):
            return
        going = left[-1] if left and left[-1].kind == FAILBACK else None
        moved = going or aftermath(world).run
        lost, serving = (moved.target, moved.source) if going else (moved.source, moved.target)
        if target != lost:
            raise ConfigInvalid(f"the site that was lost is {lost}, not {target}", remedy=f"use --to {lost}")
        if going:
            begun = chosen(world, going.id)
            _require_same(going.id, recreate, begun.get("recreate", []))
            steps = failback_again(world, going, begun, observe, accept_repeats=accept_repeats)
        else:
            topics = _topics(world, recreate)
            if topics:
                accepted = tell_costs(world, topics, target, accepted, ask=not yes)
            steps = failback_plan(
                world,
                serving,
                target,
                observe=observe,
                accept_repeats=accept_repeats,
                recreate=topics,
                accepted=accepted,
            )
        cut_off = interruption(world, observe) if going else None
        if not yes and cut_off is not None:
            ask_to_go_on(cut_off)
        elif not yes:
            _ask(world, steps)
        result = execute(steps, world, on_terms)
    if output in ("json", "yaml"):
        show_document(as_document(result), output)
        return
    handed = result.evidence["hand-over-positions"]["groups"]
    rows = [(name, len(g["positions"]), g["lag"]) for name, g in sorted(handed.items())]
    show_table(f"Run {result.run.id}: {result.state.value}", ("GROUP", "POSITIONS PROVEN", "LAG AT HANDOVER"), rows)
    show_what_is_missing(result)


def _ask(world: World, steps: Plan) -> None:
    require_somebody()
    echo(f"The work goes home from {steps.source} to {steps.target}.", err=True)
    echo_undecided(hurried(world), steps.source, steps.target)
    show_steps(steps)
    echo(f"Until {steps.point_of_no_return} a failure goes back by itself.", err=True)
    confirm()


def _accepted(accept: str | None) -> AcceptedLoss:
    if accept is not None and not accept.isdecimal():
        raise ConfigInvalid(f"--accept-loss {accept} is no number of records", remedy="give a number")
    return AcceptedLoss(int(accept or 0))


def _require_same(run: str, wanted: Collection[str], begun: Collection[str]) -> None:
    """Refuse other topics to recreate than the run was begun with; not to name them again is no change."""
    if wanted and "all" not in wanted and sorted(set(wanted)) != sorted(begun):
        told = ", ".join(begun) or "no topic"
        raise Refused(
            f"run {run} is unfinished and recreates {told}",
            remedy=f"finish it first: 'drctl runs resume {run}', or give it up: 'drctl runs abort {run} --reason …'",
        )


def _topics(world: World, wanted: Collection[str]) -> tuple[str, ...]:
    """The topics that are meant. Those that an earlier failback has recreated, and that still stand, are left out."""
    from drctl.plans.aftermath import aftermath, last_salvage
    from drctl.plans.recopying import diverged
    from drctl.plans.recreations import standing

    if not wanted:
        return ()
    failover = aftermath(world)
    made = standing(world, failover.run.source)
    for topic in sorted(made.intersection(wanted)):
        echo(f"{topic} was recreated by an earlier failback, and comes home whole", err=True)
    every = diverged(world, failover, last_salvage(world, failover)) if "all" in wanted else ()
    return tuple(sorted((set(wanted) - {"all"} - made).union(every)))


def tell_costs(
    world: World, topics: Collection[str], target: str, accepted: AcceptedLoss, *, ask: bool
) -> AcceptedLoss:
    """State what it costs to recreate these topics; at a terminal a loss is accepted by typing the site's name."""
    from drctl.plans.aftermath import aftermath, last_salvage
    from drctl.plans.recopying import diverged, recopies

    failover = aftermath(world)
    may = diverged(world, failover, last_salvage(world, failover))
    found = recopies(world, failover, set(topics).intersection(may))
    for each in found:
        size = f"at most {counted(each.records, 'record')}, about {each.bytes} bytes, will be copied again"
        echo(f"{each.topic} is deleted at {target} and recreated: {size}; its topic id changes", err=True)
        if each.gone:
            echo(f"  {counted(each.gone, 'record')} of it, only at {target} by now, will be gone then", err=True)
    for topic in sorted(set(may).difference(topics)):
        echo(f"{topic} keeps its tail, which is stepped over: new readers at {target} read it", err=True)
    gone = sum(each.gone for each in found)
    if not ask or gone <= accepted.records:
        return accepted
    require_somebody()
    answer = click.prompt(f"{counted(gone, 'record')} will be given up. Type {target} to go on", err=True, default="")
    if answer != target:
        raise Refused("declined: the name of the site was not typed", remedy="")
    return AcceptedLoss(gone)
