"""drctl runs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.execution import execute, typed_name
from drctl.cli.journal_verification import verify
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import known_site
from drctl.cli.terms import attest_option, by_option, terms
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid, Conflict, DrctlError, NotFound, RollbackPending, RolledBack
from drctl.model.wording import counted

if TYPE_CHECKING:
    from drctl.model.run import RunResult
    from drctl.model.terms import Terms
    from drctl.plans.standing import Told
    from drctl.ports import World


@click.group("runs")
def command() -> None:
    """List, show and report runs, continue or abort the unfinished one, verify the journal, restore a lost one."""


command.add_command(verify)


@command.command("list")
@output_option
@click.option("--all", "everything", is_flag=True, help="Also notes of the synced standby, approvals, pauses, drills.")
@click.pass_obj
def list_runs(plan_file: Path, output: str, *, everything: bool) -> None:
    """Every run, newest first, with how it stands. Asks no site: it works with both of them down."""
    from drctl.plans.standing import told_runs

    with opened(plan_file) as world:
        runs = told_runs(world, everything=everything)
    if output in ("json", "yaml"):
        show_document(document("RunList", {"items": [_summary(each) for each in runs]}), output)
        return
    rows = [
        (
            each.run.id,
            each.run.kind,
            _way(each),
            each.run.epoch,
            each.standing,
            _clock(each.began),
            _took(each),
            each.by,
            _short(each.why),
        )
        for each in runs
    ]
    show_table("Runs", ("RUN", "KIND", "WAY", "EPOCH", "STATE", "BEGAN", "TOOK", "BY", "WHY"), rows)


@command.command("show")
@output_option
@click.argument("run", default="")
@click.option("--evidence", is_flag=True, help="With what every step saw.")
@click.pass_obj
def show(plan_file: Path, output: str, run: str, *, evidence: bool) -> None:
    """One run, the newest if none is named: its steps with their times, and what was said. Asks no site."""
    from drctl.plans.standing import told_run

    with opened(plan_file) as world:
        told = told_run(world, run)
    if output in ("json", "yaml"):
        show_document(document("RunJournal", _summary(told) | {"entries": _entries(told, evidence=evidence)}), output)
        return
    echo(f"{told.run.kind} {_way(told)}, epoch {told.run.epoch}, by {told.by or 'somebody'}: {told.standing}")
    if told.why:
        echo(f"why: {told.why}")
    rows = [
        (
            entry.sequence,
            f"{entry.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            entry.event,
            entry.step,
            _detail(entry.body, evidence=evidence),
        )
        for entry in told.entries
    ]
    show_table(f"Journal of run {told.run.id}", ("NR", "UTC", "EVENT", "STEP", "DETAIL"), rows)


@command.command("report")
@output_option
@click.argument("run", default="")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="The folder; by default reports/RUN."
)
@click.pass_obj
def report(plan_file: Path, output: str, run: str, folder: Path | None) -> None:
    """Write the report of a run, the newest if none is named: a page for people, and the same as JSON.

    It tells the pause or recovery time against the objectives, how the source was closed, what proves each group's
    position, every step, and where all of it comes from. Made of the journal alone: asks no site.
    """
    from drctl.drills.report.run import run_report
    from drctl.drills.report.run_page import as_json, render
    from drctl.drills.report.write import put
    from drctl.plans.standing import told_run

    with opened(plan_file) as world:
        told = told_run(world, run)
        body = document("RunReport", run_report(world.plan, told))
    folder = folder or Path("reports") / told.run.id
    put(folder, {"run.json": as_json(body), "run.html": render(body)})
    if output in ("json", "yaml"):
        show_document(body, output)
    echo(f"report: {folder / 'run.html'}", err=output in ("json", "yaml"))


@command.command("resume")
@output_option
@click.argument("run", default="")
@by_option
@click.pass_obj
def resume(plan_file: Path, output: str, run: str, by: str) -> None:
    """Continue the unfinished run, whatever its kind, from the journal alone.

    Where none is unfinished and a move has ended with replication home pending, that is begun.
    """
    towards = _failing_over_to(plan_file)
    with opened(plan_file, target=towards, doubting=towards is not None) as world:
        result = _go_on(world, run, terms(by=by))
    from drctl.cli.switchover import as_document, show_what_is_missing

    if output in ("json", "yaml"):
        show_document(as_document(result), output)
    else:
        echo(f"Run {result.run.id}: {result.state.value}")
    show_what_is_missing(result)


@command.command("abort")
@click.argument("run", default="")
@click.option("--reason", required=True, help="Why; goes to the journal.")
@attest_option
@click.option("--confirm", metavar="SITE", help="The name of the site that is down, instead of typing it when asked.")
@by_option
@click.pass_obj
def abort(plan_file: Path, run: str, *, reason: str, attested: str | None, confirm: str | None, by: str) -> None:
    """Walk the rollback of the unfinished run, so that the source is open again.

    Exits 0 once it is. Once the point of no return was begun there is no rollback: refused (3), with the way forward.

    Where the target does not answer, its word is missing that it is closed. If the journal proves that it was, and that
    no run has begun to open it since, --attest-target-down takes its place; what the rollback has to do at the target
    waits until that answers.
    """
    if not reason.strip():
        raise ConfigInvalid("--reason: is empty", remedy="say why: it goes to the journal")
    said = terms(by=by, abort=reason.strip(), attested=attested)
    serving = None if attested is None else _attested_of(plan_file, run, attested, confirm)
    towards = serving or _failing_over_to(plan_file)
    with opened(plan_file, target=towards, doubting=towards is not None) as world:
        try:
            _go_on(world, run, said)
        except RolledBack as done:
            echo(str(done))
        except RollbackPending as open_again:
            echo(f"{open_again}\nleft: {open_again.remedy}")


def _failing_over_to(plan_file: Path) -> str | None:
    """Return where an unfinished failover leads to, None if there is none: what it leaves is not waited for long."""
    from drctl.plans.record import unfinished
    from drctl.plans.selection import FAILOVER

    with opened(plan_file) as world:
        left = unfinished(world)
    return left[-1].target if left and left[-1].kind == FAILOVER else None


def _attested_of(plan_file: Path, named: str, word: str, confirm: str | None) -> str:
    """The source of the run whose target a person has just vouched for, by typing its name."""
    from drctl.plans.standing import require_unfinished

    with opened(plan_file) as world:
        run = require_unfinished(world, named)
    if confirm is None:
        echo(f"You attest that {run.target} takes no writes: {word}", err=True)
        echo(f"{run.source} is opened on it. If {run.target} took writes, they would not be at {run.source}.", err=True)
    typed_name(run.target, confirm, "Type the name of the site that is down")
    return run.source


@command.command("restore")
@click.option("--from", "site", required=True, help="The site whose copy to take.")
@click.pass_obj
def restore(plan_file: Path, site: str) -> None:
    """Complete a lost or older journal, and the epoch, from a site's copy.

    Nothing that is there is replaced: refused (11) where the file holds more than the copy, or something else.
    """
    with opened(plan_file) as world:
        known_site(world, site)
        lines = world.copies[site].lines()
        if not lines:
            raise NotFound(f"{site} holds no journal of {world.plan.name}", remedy="try the other site")
        _require_longest(world, site, len(lines))
        count = world.journal_file.complete(lines)
        epoch, runs = world.epochs.current(), len(world.journal.runs())
    echo(f"{counted(count, 'line')} taken over from {site}: {counted(runs, 'run')}, epoch {epoch}")


def _require_longest(world: "World", site: str, count: int) -> None:
    """Another site that answers may have more: then its copy is the one to take."""
    for name, copy in world.copies.items():
        if name == site:
            continue
        try:
            last = copy.last()
        except DrctlError as error:
            echo(f"{name} was not asked whether it holds more: {error}", err=True)
            continue
        if last is not None and last.number > count:
            raise Conflict(
                f"{name} holds {counted(last.number, 'line')}, {site} only {count}",
                remedy=f"drctl runs restore --from {name}",
            )


def _go_on(whole: "World", named: str, said: "Terms") -> "RunResult":
    from drctl.monitors import observe
    from drctl.plans.kinds import rebuilt
    from drctl.plans.pending import pending_reversal
    from drctl.plans.record import unfinished
    from drctl.plans.reversal import ordered
    from drctl.plans.standing import require_unfinished

    owed = pending_reversal(whole)
    if owed is not None and not unfinished(whole) and not said.abort and owed.run.id.startswith(named):
        return execute(ordered(owed.run.source, owed.run.target, owed.run.id), whole, said)
    plan, world = rebuilt(whole, require_unfinished(whole, named), observe)
    return execute(plan, world, said)


def _summary(told: "Told") -> dict[str, Any]:
    from dataclasses import asdict

    run = asdict(told.run)
    renamed = {"run": run.pop("kind"), "planDigest": run.pop("plan_digest")}
    times = {"began": told.began, "ended": told.ended}
    return run | renamed | times | {"state": told.standing.value, "step": told.step, "by": told.by, "why": told.why}


def _entries(told: "Told", *, evidence: bool) -> list[dict[str, Any]]:
    return [
        {
            "sequence": entry.sequence,
            "at": entry.at,
            "event": entry.event.value,
            "step": entry.step,
            "digest": entry.digest,
        }
        | ({"evidence": entry.body} if evidence else {})
        for entry in told.entries
    ]


def _detail(body: dict[str, Any], *, evidence: bool) -> str:
    import json

    if evidence:
        return json.dumps(body, ensure_ascii=False, sort_keys=True)
    told = ("message", "cause", "by", "state", "exit", "overridden", "overrides", "break glass", "reason")
    return _short(", ".join(f"{name} {body[name]}" for name in told if body.get(name) not in (None, "", {})))


def _way(told: "Told") -> str:
    return f"{told.run.source} → {told.run.target}" if told.run.source else ""


def _took(told: "Told") -> str:
    return "" if not told.ended or not told.began else f"{(told.ended - told.began).total_seconds():.0f} s"


def _clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"
