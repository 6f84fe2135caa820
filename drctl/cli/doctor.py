"""drctl doctor."""

from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.capacity import need_document
from drctl.cli.execution import confirm, require_somebody
from drctl.cli.output import document, echo, output_option, show_document
from drctl.cli.parameters import DURATION
from drctl.cli.sites import direction, is_routing_known, other_site, refuse_back_into
from drctl.cli.upkeep import show_upkeep, upkeep_document
from drctl.cli.world import opened
from drctl.decide.diagnosis import Diagnosis, Finding, Severity, diagnose
from drctl.errors import DrctlError, NotFound
from drctl.model.link import syncs_topic
from drctl.ports import World
from drctl.ports.asking import both

if TYPE_CHECKING:
    from drctl.model.cluster import Topic
    from drctl.monitors import Pace

TITLES = {
    Severity.BLOCKS: "Stands in the way of a switchover",
    Severity.COSTS: "Costs something",
    Severity.ADVICE: "Could be better",
}


@click.command("doctor")
@output_option
@click.option("--to", "target", help="The site that would be moved to; by default the one that clients are not at.")
@click.option(
    "--window",
    "watched",
    # An exactly-once link that is well notes its offsets within ten (drctl.decide.losses.WINDOW). One that copies
    # at least once would need 150, which nobody waits for by default: there it is reported as unknown.
    default="15s",
    show_default=True,
    help="How long to watch a link that seems still.",
)
@click.option(
    "--timeout",
    "patience",
    type=DURATION,
    # As long as all questions to sites may take (drctl.monitors.hurrying.LOOKING): a command that only looks
    # is over within ten seconds. More is taken by a large topic of commits, which is reported with what is left.
    default="8s",
    show_default=True,
    help="Time that reading the standby's commits may take.",
)
@click.option("--fix", is_flag=True, help="Make the changes that are safe: shown first, asked, only ever adding.")
@click.option("--yes", is_flag=True, help="Do not ask before the changes.")
@click.option("--accept-recreated", "accepted", multiple=True, help="A topic that is meant to be a new one; see below.")
@click.pass_obj
def command(
    plan_file: Path,
    output: str,
    target: str | None,
    watched: str,
    patience: float,
    *,
    fix: bool,
    yes: bool,
    accepted: tuple[str, ...],
) -> None:
    """Say everything that is not as it should be between the sites, with its remedy.

    That is: all that stands in the way of a switchover, rights that drctl itself lacks, where the standby is less than
    the site that serves (topics, rights, users, client quotas), what the link loses or is about to lose, settings that
    make positions older than they need be, and what runs out or drifts by itself: certificates with less than 30 days
    (wrong with less than 7), clocks, disks. One record is written to the canary topic. What nobody can compare is
    listed as not compared. With a site that is silent it takes less than ten seconds and tells what is known without
    it.

    With --fix it makes the changes that only add: settings raised to those of the source, missing partitions and ALLOW
    rules, connectors' settings. Nothing is deleted or lowered; every change is checked, done, verified and journaled.

    A topic whose id is not the one that was seen first is reported as recreated, until --accept-recreated TOPIC says
    that this is known and the link was set right.

    Exits 0 if nothing is wrong, else as a gate would for the first finding; advice alone is nothing wrong.
    """
    from drctl.config import duration
    from drctl.monitors import hurried, observe, side_by_side
    from drctl.plans.interruption import interruption
    from drctl.plans.mending import mend
    from drctl.plans.selection import moving

    seconds = duration(watched).total_seconds()
    with opened(plan_file, looking=not fix) as slow:
        whole = slow if fix else hurried(slow)
        source, there = direction(whole, target or other_site(whole))
        if fix or is_routing_known(whole):
            refuse_back_into(whole, source, there)
        world = moving(whole, there)  # groups that were handed over alone are where they belong
        _accept(world, source, there, accepted)
        found = examine(world, source, there, seconds, patience, pace=side_by_side(world.clock))
        cut_off = interruption(whole, observe)
        if cut_off is not None:
            found = found.during(cut_off.run.id)
            for line in cut_off.lines:
                echo(line, err=True)
        if not fix or not found.fixes:
            _show(found, source, there, output)
            raise click.exceptions.Exit(found.exit_code)
        _agree(found, yes=yes)
        failed = mend(world, source, there, found.fixes, lambda line: echo(line, err=True))
        after = examine(world, source, there, seconds, patience)
    _show(after, source, there, output)
    if failed:
        raise DrctlError(f"{len(failed)} of {len(found.fixes)} changes failed: {'; '.join(failed)}")
    raise click.exceptions.Exit(after.exit_code)


def examine(
    world: World, source: str, target: str, seconds: float, patience: float, *, pace: "Pace | None" = None
) -> Diagnosis:
    """Look at everything; at a link that seems to stand still again until the window is over.

    With a ``pace`` the sites and the link are looked at side by side, so that whoever is silent is waited for once.
    """
    from drctl.monitors import WITHIN, in_turn, keep_up, observe, reading_of, remember, watch_link
    from drctl.plans.observing import once_assigned

    begin = pace or in_turn(world.clock)
    beside = begin(WITHIN)
    topic = beside.begin(lambda: _syncs_topic(world, source, target))
    watching = partial(watch_link, world, source, target, seconds=seconds, patience=patience, pace=begin)
    # Once is enough but where a setting of a connector was just changed: its worker stops and starts its tasks.
    paces = chain([beside], iter(lambda: begin(WITHIN), None))
    observing = partial(once_assigned, lambda *_: observe(world, source, target, next(paces)), world, source, target)
    keeping = partial(keep_up, world, source, target, beside)
    if pace:
        (looks, facts), upkeep = both(lambda: both(watching, observing), keeping)
    else:
        looks, facts, upkeep = watching(), observing(), keeping()
    found = diagnose(facts, looks, topic(), upkeep=upkeep, guards=world.plan.guards, now=world.clock.now())
    reading_of(world.clock, lambda: remember(world, looks[-1]))  # a memory that fails is unknown in the next look
    return found


def _syncs_topic(world: World, source: str, target: str) -> "Topic | None":
    name = syncs_topic(source, world.links[source, target].replication.status().source.config)
    return world.sites[target].brokers.topics([name]).get(name)


def _accept(world: World, source: str, target: str, names: tuple[str, ...]) -> None:
    """Note the topics' ids at the source, and of those that are known at the target, too: both are gates."""
    if not names:
        return
    topics = world.sites[source].brokers.topics(names)
    missing = sorted(set(names) - topics.keys())
    if missing:
        raise NotFound(f"site {source} has no topic {', '.join(missing)}", remedy="correct the name")
    known = world.memory.topic_ids(target).keys() & names
    for site, found in ((source, topics), (target, world.sites[target].brokers.topics(known))):
        world.memory.note_topic_ids(site, {name: topic.topic_id for name, topic in found.items()}, anew=True)


def _agree(found: Diagnosis, *, yes: bool) -> None:
    echo("These changes would be made; none takes anything away:", err=True)
    for number, change in enumerate(found.fixes, 1):
        echo(f"  {number:2} {change}", err=True)
    if yes:
        return
    require_somebody()
    confirm("Make them?")


def _show(found: Diagnosis, source: str, target: str, output: str) -> None:
    if output in ("json", "yaml"):
        show_document(as_document(found, source, target), output)
        return
    for severity in Severity:
        chosen = [each.reason for each in found.findings if each.severity is severity]
        if chosen:
            echo(f"{TITLES[severity]}:")
        for each in chosen:
            fixable = "  [--fix]" if each.fix else ""
            echo(f"  - {each.detail}\n    remedy: {each.remedy}{fixable}")
    if found.needs:
        echo(f"Capacity at {target}, demanded and present:")
    for need in found.needs:
        present = f"unknown ({need.why})" if need.present is None else need.present
        echo(f"  - {need.what}: {need.required}, {present}")
    show_upkeep(found.upkeep)
    if found.unseen:
        echo("Not compared:")
    for what, why in found.unseen:
        echo(f"  - {what}: {why}")
    if not found.exit_code:
        echo(f"Nothing is wrong between {source} and {target}.")


def as_document(found: Diagnosis, source: str, target: str) -> dict[str, Any]:
    """The diagnosis as a versioned document."""
    body = {
        "source": source,
        "target": target,
        "findings": [_finding(each) for each in found.findings],
        "capacity": [need_document(need) for need in found.needs],
        "upkeep": upkeep_document(found.upkeep),
        "notCompared": [each._asdict() for each in found.unseen],
        "exitCode": found.exit_code,
    }
    return document("Diagnosis", body)


def _finding(each: Finding) -> dict[str, Any]:
    reason = each.reason
    return {
        "severity": each.severity.name.lower(),
        "rule": reason.rule.name,
        "place": each.place,
        "detail": reason.detail,
        "remedy": reason.remedy,
        "fix": str(reason.fix) if reason.fix else None,
    }
