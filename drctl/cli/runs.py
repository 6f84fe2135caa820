"""drctl runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.execution import execute, typed_name
from drctl.cli.journal_verification import verify
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.run_rows import HEADERS, detail, entries, row, story, summary, way
from drctl.cli.sites import known_site
from drctl.cli.taking_over import newest_to_read, own_option, take_over_newest, take_over_option
from drctl.cli.terms import attest_option, by_option, terms
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid, Conflict, DrctlError, NotFound, RollbackPending, RolledBack
from drctl.model.wording import counted

if TYPE_CHECKING:
    from drctl.model.chain import Line
    from drctl.model.run import RunResult
    from drctl.model.terms import Terms
    from drctl.ports import World


@click.group("runs")
def command() -> None:
    """List, show and report runs, continue or abort the unfinished one, verify the journal, restore a lost one."""


command.add_command(verify)


@command.command("list")
@output_option
@click.option("--all", "everything", is_flag=True, help="Also notes of the synced standby, approvals, pauses, drills.")
@own_option
@click.pass_obj
def list_runs(plan_file: Path, output: str, *, everything: bool, own: bool) -> None:
    """Every run, newest first, with how it stands, from the newest journal: this machine's, or a site's copy.

    A site that does not answer delays it by some seconds, and is named. It works with both of them down.
    """
    from drctl.plans.standing import told_runs

    with _newest(plan_file, own=own) as (world, copy):
        runs = told_runs(world, everything=everything, copied=bool(copy))
    if output in ("json", "yaml"):
        show_document(document("RunList", {"items": [summary(each, copy) for each in runs]}), output)
        return
    show_table(f"Runs, from the copy at {copy}" if copy else "Runs", HEADERS, [row(each) for each in runs])


@command.command("show")
@output_option
@click.argument("run", default="")
@click.option("--evidence", is_flag=True, help="With what every step saw.")
@own_option
@click.pass_obj
def show(plan_file: Path, output: str, run: str, *, evidence: bool, own: bool) -> None:
    """One run, the newest if none is named: its steps with their times, and what was said.

    From the newest journal, as 'runs list' has it.
    """
    from drctl.plans.standing import told_run

    with _newest(plan_file, own=own) as (world, copy):
        told = told_run(world, run, copied=bool(copy))
    if output in ("json", "yaml"):
        body = summary(told, copy) | {"entries": entries(told, evidence=evidence)}
        show_document(document("RunJournal", body), output)
        return
    echo(f"{told.run.kind} {way(told)}, epoch {told.run.epoch}, by {told.by or 'somebody'}: {told.standing}")
    for line in story(told):
        echo(line)
    if told.why:
        echo(f"why: {told.why}")
    rows = [
        (
            entry.sequence,
            f"{entry.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            entry.event,
            entry.step,
            detail(entry.body, evidence=evidence),
        )
        for entry in told.entries
    ]
    place = f", from the copy at {copy}" if copy else ""
    show_table(f"Journal of run {told.run.id}{place}", ("NR", "UTC", "EVENT", "STEP", "DETAIL"), rows)


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
@take_over_option
@by_option
@click.pass_obj
def resume(plan_file: Path, output: str, run: str, *, take_over: str | None, by: str) -> None:
    """Continue the unfinished run, whatever its kind, from the journal alone.

    Where none is unfinished and a move has ended with replication home pending, that is begun; else a live drill that
    has not ended goes on, as by 'drctl drill --level live'. Where a site's copy of the journal is newer than this
    machine's, such as on another machine, it is taken over first: asked is then whether the drctl that began the run is
    at work no more.
    """
    from drctl.cli import live

    said = replace(terms(by=by), journal_from=_taken_over(plan_file, take_over))
    if _drill_stays(plan_file, run):
        raise click.exceptions.Exit(live.go_on(plan_file, said))
    towards = _failing_over_to(plan_file)
    with opened(plan_file, target=towards, doubting=towards is not None) as world:
        result = _go_on(world, run, said)
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
@take_over_option
@by_option
@click.pass_obj
def abort(
    plan_file: Path, run: str, *, reason: str, attested: str | None, confirm: str | None, take_over: str | None, by: str
) -> None:
    """Roll the unfinished run back, so that the source is open again.

    Exits 0 once it is. Once the point of no return was begun there is no rollback: refused (3), with the way forward.

    Where the target does not answer, its word is missing that it is closed. If the journal proves that it was, and that
    no run has begun to open it since, --attest-target-down takes its place; what the rollback has to do at the target
    waits until that answers.

    Of a live drill that stays at the other site the way home is run, by who watches it or by this command, which then
    exits as the drill does.

    A newer copy of the journal at a site is taken over first, as 'runs resume' does.
    """
    from drctl.cli import live

    if not reason.strip():
        raise ConfigInvalid("--reason: is empty", remedy="say why: it goes to the journal")
    said = terms(by=by, abort=reason.strip(), attested=attested)
    said = replace(said, journal_from=_taken_over(plan_file, take_over))
    if _drill_stays(plan_file, run):
        raise click.exceptions.Exit(live.send_home(plan_file, said.abort, replace(said, abort="")) or 0)
    serving = None if attested is None else _attested_of(plan_file, run, attested, confirm)
    towards = serving or _failing_over_to(plan_file)
    with opened(plan_file, target=towards, doubting=towards is not None) as world:
        try:
            _go_on(world, run, said)
        except RolledBack as done:
            echo(str(done))
        except RollbackPending as open_again:
            echo(f"{open_again}\nleft: {open_again.remedy}")


@contextmanager
def _newest(plan_file: Path, *, own: bool) -> "Iterator[tuple[World, str]]":
    """The world with the newest journal, to be read, and the site whose copy it is; with ``own`` no site is asked."""
    with opened(plan_file, looking=not own) as world:
        yield (world, "") if own else newest_to_read(world)


def _taken_over(plan_file: Path, why: str | None) -> dict[str, Any]:
    with opened(plan_file, looking=True, patient=True) as world:
        return take_over_newest(world, why)


def _drill_stays(plan_file: Path, named: str) -> bool:
    """Whether what goes on, or is given up, is a live drill between its moves."""
    from drctl.cli import live

    with opened(plan_file) as world:
        return live.stays(world, named)


def _failing_over_to(plan_file: Path) -> str | None:
    """Return where an unfinished failover leads to, None if there is none: what it leaves is not waited for long."""
    from drctl.plans.selection import FAILOVER
    from drctl.plans.unfinished import unfinished

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
        _require_newest(world, site, lines)
        count = world.journal_file.complete(lines)
        epoch, runs = world.epochs.current(), len(world.journal.runs())
    echo(f"{counted(count, 'line')} taken over from {site}: {counted(runs, 'run')}, epoch {epoch}")


def _require_newest(world: "World", site: str, lines: "tuple[Line, ...]") -> None:
    """Another site that answers may have more: then its copy is the one to take. It may contradict this one, too."""
    from drctl.decide.journal_order import contradiction
    from drctl.plans.journal_copies import contradicted

    for name, copy in world.copies.items():
        if name == site:
            continue
        try:
            last = copy.last()
        except DrctlError as error:
            echo(f"{name} was not asked whether it holds more: {error}", err=True)
            continue
        if last is None:
            continue
        if last.number > len(lines):
            raise Conflict(
                f"{name} holds {counted(last.number, 'line')}, {site} only {counted(len(lines), 'line')}",
                remedy=f"drctl runs restore --from {name}",
            )
        if lines[last.number - 1].digest != last.digest:
            copies = {site: lines, name: copy.lines()}
            if parts := contradiction(copies):
                raise contradicted(parts, copies)


def _go_on(whole: "World", named: str, said: "Terms") -> "RunResult":
    from drctl.monitors import observe
    from drctl.plans.kinds import rebuilt
    from drctl.plans.pending import pending_reversal
    from drctl.plans.reversal import ordered
    from drctl.plans.standing import require_unfinished
    from drctl.plans.unfinished import unfinished

    owed = pending_reversal(whole)
    if owed is not None and not unfinished(whole) and not said.abort and owed.run.id.startswith(named):
        return execute(ordered(owed.run.source, owed.run.target, owed.run.id), whole, said)
    plan, world = rebuilt(whole, require_unfinished(whole, named), observe)
    return execute(plan, world, said)
