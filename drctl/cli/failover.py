"""drctl failover."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from drctl.cli.execution import ask_to_go_on, confirm, continued, execute, require_somebody
from drctl.cli.forecast import still_answers, told
from drctl.cli.output import echo, output_option, show_document, show_table
from drctl.cli.sites import direction, is_there
from drctl.cli.terms import terms, terms_options, word_of
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid, Refused
from drctl.model.fence import Attestation
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Evidence, RunResult
from drctl.model.wording import counted
from drctl.ports import World

accept_option = click.option(
    "--accept-loss", "accept", metavar="N|unknown", help="Lose up to so many records; unknown: any number."
)
attest_source_option = click.option(
    "--attest-source-down", "attested", metavar="REASON", help="Your word that the source takes no writes."
)


@click.command("failover")
@output_option
@click.option("--to", "target", required=True, help="The site to go on at.")
@accept_option
@attest_source_option
@click.option("--yes", is_flag=True, help="Do not ask. Gates are not skipped, and no loss is accepted.")
@terms_options
@click.pass_obj
def command(
    plan_file: Path, /, output: str, target: str, *, accept: str | None, attested: str | None, yes: bool, **said: Any
) -> None:
    """Go on at the other site when one is lost or can no longer be trusted.

    The link is stopped first, then the source is fenced as far as it answers. What would be lost is shown before the
    question; more than was accepted is refused (exit code 17). At a terminal the target's name is typed where records
    are lost, which accepts the number shown. A failure before the target is opened rolls back; a run that was
    cut off is continued by the same command, and so is a switchover whose source died.
    """
    from drctl.monitors import observe
    from drctl.plans.failover import plan as failover_plan
    from drctl.plans.objectives import against
    from drctl.plans.selection import moving
    from drctl.plans.takeover import taken_over

    on_terms = terms(**said)
    accepted = accepted_loss(accept)
    attestation = word_of("--attest-source-down", attested, said["by"])
    with opened(plan_file, target=target, doubting=True) as whole:
        source, target = direction(whole, target)
        if not on_terms.key and is_there(whole, target, on_terms, output):  # a key tells how its own run ended
            return
        world = moving(whole, target)
        begun = as_begun(whole, source, target)
        if begun is None and not yes:
            accepted = ask(world, source, target, accepted)
        if begun is not None:
            accepted, attestation = accepted or begun.accepted, attestation or begun.attestation
        steps = failover_plan(world, source, target, observe=observe, accepted=accepted, attestation=attestation)
        going = None if yes else continued(steps, whole)
        if going is not None:
            ask_to_go_on(going)
        result = execute(steps, world, on_terms)
        entries = world.journal.entries(result.run.id)
    times = {"started": entries[0].at.isoformat(), "finished": entries[-1].at.isoformat()}
    show(result, output, times, taken_over(entries))
    if restored := result.evidence["watch-first-commits"]["traffic restored"]:
        seconds = (datetime.fromisoformat(restored) - entries[0].at).total_seconds()
        echo(f"recovery time: {against(seconds, whole.plan.objectives.recovery_time)}", err=True)


class FailoverStart(NamedTuple):
    """Hold what was said when the failover that is continued was begun."""

    accepted: AcceptedLoss
    attestation: Attestation | None


def as_begun(world: World, source: str, target: str) -> FailoverStart | None:
    """Return what the unfinished failover of this direction was begun with; None if this one is new.

    Its loss was shown and accepted: it is not asked for again, and *measure-loss* refuses what is more.
    """
    from drctl.plans.kinds import accepted_loss, attestation_of
    from drctl.plans.selection import FAILOVER, chosen
    from drctl.plans.unfinished import unfinished

    left = unfinished(world)
    if not left or (left[-1].kind, left[-1].source, left[-1].target) != (FAILOVER, source, target):
        return None
    said = chosen(world, left[-1].id)
    return FailoverStart(accepted_loss(said), attestation_of(said))


def accepted_loss(accept: str | None) -> AcceptedLoss | None:
    """Read what ``--accept-loss`` says. ConfigInvalid unless it is a number of records or the word *unknown*."""
    if accept is None:
        return None
    if accept == "unknown":
        return AcceptedLoss(unknown=True)
    if not re.fullmatch(r"\d+", accept):
        raise ConfigInvalid(
            f"--accept-loss {accept} is no number of records", remedy="give a number, or the word unknown"
        )
    return AcceptedLoss(int(accept))


def ask(world: World, source: str, target: str, accepted: AcceptedLoss | None) -> AcceptedLoss | None:
    """Show what it costs and ask; returns what is accepted then."""
    from drctl.decide.staleness import stale_positions
    from drctl.plans.forecasting import forecast

    require_somebody()
    found = forecast(world, source, target)
    for line in told(found):
        echo(line, err=True)
    for group, why in sorted(found.uncovered.items()):
        echo(f"  not covered: {group}: {why}", err=True)
    for each in stale_positions(found):
        echo(f"  warning: {each.detail} ({each.remedy})", err=True)
    for line in still_answers(found):
        echo(line, err=True)
    total = found.loss.total if found.loss else None
    if accepted is not None and found.loss is not None and not accepted.covers(found.loss):
        echo(f"  accepted are {accepted}: it will be refused", err=True)
    if accepted is None and found.loss is not None and total is None:  # typing a name accepts a number that is shown
        echo("  nobody can count that: without --accept-loss unknown it will be refused", err=True)
    if total == 0:
        confirm()
        return accepted
    lost = "an unknown number of records" if total is None else f"up to {counted(total, 'record')}"
    answer = click.prompt(f"{lost.capitalize()} will be lost. Type {target} to go on", err=True, default="")
    if answer != target:
        raise Refused("declined: the name of the target was not typed", remedy="")
    return accepted if accepted is not None or total is None else AcceptedLoss(total)


def show(result: RunResult, output: str, times: dict[str, str], continues: tuple[str, ...] = ()) -> None:
    """How the run ended; ``times`` are when it ``started`` and ``finished``, ``continues`` what it has taken over."""
    from drctl.cli.switchover import as_document, show_what_is_missing

    fence, loss = result.evidence["fence-what-answers"], result.evidence["measure-loss"]
    positions, arrived = result.evidence["confirm-positions"], result.evidence["watch-first-commits"]
    restored = arrived["traffic restored"]
    if output in ("json", "yaml"):
        more = {"trafficRestored": restored, "continues": list(continues)}
        show_document(as_document(result) | times | more, output)
    else:
        rows = [
            ("traffic restored", restored or "not seen yet"),
            ("run finished", times["finished"]),
            *([("continues", ", ".join(continues))] if continues else []),
            (f"fence of {result.run.source}", _fence(fence)),
            ("lost", _lost(loss)),
            ("groups with positions", len(positions["groups"])),
        ]
        show_table(f"Run {result.run.id}: {result.state.value}", ("", ""), rows)
    for group, why in sorted(positions["uncovered"].items()):
        echo(f"not covered: {group}: {why}", err=True)
    for line in positions.get("never committed", ()):
        echo(f"never committed: {line}", err=True)
    if fence["fence"] != "proven":
        echo(
            f"the fence of {result.run.source} is {fence['fence']}, not proven: close it before its clients come back"
            " (the service does, or 'drctl fence')",
            err=True,
        )
    show_what_is_missing(result)


def _fence(fence: Evidence) -> str:
    by = f" by {fence['by']}" if fence["by"] else ""
    return f"{fence['fence']}{by}: {fence['why']}"


def _lost(loss: dict[str, Any]) -> str:
    if loss["total"] is None:
        return "unknown"
    return f"{'' if loss['exact'] else 'up to '}{counted(loss['total'], 'record')} ({loss['source']})"
