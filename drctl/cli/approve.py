"""drctl approve."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drctl.cli.execution import confirm, require_somebody
from drctl.cli.output import echo
from drctl.cli.terms import by_option, terms
from drctl.cli.world import opened

if TYPE_CHECKING:
    from drctl.plans.approvals import Digests
    from drctl.plans.awaiting import AwaitedApproval


@click.command("approve")
@click.argument("run", default="")
@click.option("--plan-digest", default="", help="Instead of RUN: as 'drctl plan … -o json' shows it.")
@click.option("--facts-digest", default="", help="Instead of RUN: as 'drctl plan … -o json' shows it.")
@click.option("--reason", required=True, help="Why; goes to the journal.")
@click.option("--decline", is_flag=True, help="Say no instead; the newest decision counts.")
@click.option("--yes", is_flag=True, help="Do not ask, after showing what the approval of RUN binds to.")
@by_option
@click.pass_obj
def command(
    plan_file: Path, run: str, plan_digest: str, facts_digest: str, *, reason: str, by: str, decline: bool, yes: bool
) -> None:
    """Approve, as a second person, a run that waits for it, or what 'drctl plan' has shown.

    A run that was refused for want of an approval (18) is named by its id or the beginning of it: shows what the
    approval binds to and asks; whoever asked for the run then gives the same command again. Without RUN both digests
    are given.

    Binds to the digests of plan and facts and expires (guards.approvalValidity). Whoever asks for the run cannot
    approve it. Names are what people say they are; account and host are noted beside them. Asks no site.
    """
    from drctl.plans.approvals import Digests, approve
    from drctl.plans.awaiting import awaited, require_another

    if bool(run) == bool(plan_digest or facts_digest) or bool(plan_digest) != bool(facts_digest):
        raise click.UsageError("give RUN, or both --plan-digest and --facts-digest")
    with opened(plan_file) as world:
        said = terms(by=by)
        seen, identity = Digests(plan_digest, facts_digest), ""
        if run:
            wanted = awaited(world, run)
            if not decline:
                require_another(wanted, said.by)
            seen, identity = _shown(wanted, ask=not yes, decline=decline), wanted.run.id
        told = approve(world, said, seen, reason, declined=decline, run=identity)
        valid = world.plan.guards.approval_validity
    echo(f"{told}: declined by {said.by}" if decline else f"{told}: approved by {said.by}, valid for {valid}")
    if run and not decline:
        echo("now whoever asked for it gives the same command again", err=True)


def _shown(wanted: "AwaitedApproval", *, ask: bool, decline: bool) -> "Digests":
    if ask:
        require_somebody()
    for line in _lines(wanted):
        echo(line, err=True)
    if ask:
        confirm("Decline it?" if decline else "Approve it?")
    return wanted.seen


def _lines(wanted: "AwaitedApproval") -> Iterator[str]:
    """Word what the approval binds to, and what its gates found."""
    run, started = wanted.run, wanted.started
    place = f" (account {started.get('account', 'unknown')} on {started.get('host', 'unknown')})"
    yield f"run {run.id}: {run.kind} from {run.source} to {run.target}, to epoch {run.epoch}"
    yield f"asked for by {wanted.asks or 'somebody'}{place}, refused at {wanted.at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"topics: {_named(started.get('topics'))}"
    yield f"groups: {_named(started.get('groups'))}"
    if live := started.get("live drill"):
        watched = f"; watched by {_named(live['watches'])}" if live["watches"] else ""
        yield f"LIVE DRILL: all work stays at {run.target} for {live['stays seconds']:.0f} s, then comes home{watched}"
        yield f"this approval covers the way home to {run.source}, too"
    if loss := started.get("accepted loss"):
        yield f"accepted loss: {loss}"
    if recreated := started.get("recreate"):
        yield f"recreates and copies whole: {_named(recreated)}"
    if word := started.get("attested"):
        yield f"{run.source} takes no writes by the word of {word['by']}: {word['why']}"
    for name, value in started.get("options", {}).items():
        yield f"{name}: {'yes' if value is True else 'no' if value is False else value}"
    for rule, why in started.get("overrides", {}).items():
        yield f"overrides {rule}: {why}"
    yield from (f"worth knowing: {warning}" for warning in wanted.warnings)
    yield f"plan digest {wanted.seen.plan}, facts digest {wanted.seen.facts}; an approval is valid for {wanted.valid}"


def _named(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list) and names else "none"
