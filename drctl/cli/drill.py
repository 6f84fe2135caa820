"""drctl drill."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from drctl.cli.output import document, echo
from drctl.cli.signing import sign_option
from drctl.cli.terms import by_option
from drctl.errors import DrctlError
from drctl.model.verdict import exit_code

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from drctl.cli.progress import ProgressDisplay
    from drctl.drills.lab_drill import LoadProfile
    from drctl.drills.outcome import Drill
    from drctl.lab import Lab

PLACE, TABLETOP_PLACE, ISOLATED_PLACE = "reports/drill", "reports/tabletop", "reports/isolated"
LIVE_PLACE = "reports/live"
OF_THE_LAB = {
    "unplanned": "--unplanned",
    "small": "--small",
    "rate": "--rate",
    "seconds": "--seconds",
    "keep": "--keep",
}


@click.command("drill")
@click.option(
    "--level",
    type=click.Choice(["lab", "tabletop", "isolated", "live"]),
    default="lab",
    show_default=True,
    help="lab: two sites on this machine. tabletop: your own sites, which are only read. "
    "isolated: your own sites, with a topic and a group of its own. live: your own sites and all their work.",
)
@click.option(
    "--to", "target", help="Of your own sites, the one that would be moved to; by default the one without clients."
)
@click.option("--unplanned", is_flag=True, help="Lose a whole site without warning instead of planning to leave it.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Where the report goes.  [default: {PLACE}, {PLACE}-unplanned, {TABLETOP_PLACE}, {ISOLATED_PLACE}, "
    f"{LIVE_PLACE}]",
)
@click.option("--small", is_flag=True, help="One broker per site instead of three.")
# More than the group "reporting" reads (drctl.lab.workload.GROUPS): the verdict wants one that is behind at the move.
@click.option("--rate", type=click.FloatRange(min=1), default=120, show_default=True, help="Records per second.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=12,
    show_default=True,
    help="Work at every stay: before, between and after the moves.",
)
@sign_option
@click.option(
    "--keep",
    is_flag=True,
    help="Keep logs, histories and journal beside the report also of a drill that is proved.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a live drill. Gates and approval are not skipped.")
@click.option("--promote", metavar="REASON", help="Let the work of the live drill stay where it is.")
@click.option("--go-home", metavar="REASON", help="End the stay of the live drill now.")
@by_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    level: str,
    target: str | None,
    report: Path | None,
    unplanned: bool,
    small: bool,
    rate: float,
    seconds: float,
    sign_with: Path | None,
    keep: bool,
    yes: bool,
    promote: str | None,
    go_home: str | None,
    by: str,
) -> None:
    """Rehearse a switchover and the way home on two real sites on this machine.

    With --unplanned the primary site is killed under load. What follows is what an operator would do: the failover with
    the loss that is stated, the late fence once the site is back, the salvage of what only it has, a decision per
    topic, and the failback. Told are recovery time and recovery point against the plan file's objectives, which decide
    nothing about the verdict, and the way home: its pause, what was copied back, and that nothing was read again.

    The report's folder can be checked by others: drctl verify. --sign-with signs it. A drill that fails on its way, as
    when its switchover is rolled back, leaves failed.json and a page of each of its runs there instead.

    With --level tabletop nothing is moved: at the plan file's own sites all gates are asked, every position is
    translated, the expected pause and the cost of a failover are shown, and nothing is written, not even to the canary
    topic. Its report says that it is a tabletop; it is never a proved drill.

    With --level isolated a topic and a group of its own go to the other site and home again, at the plan file's own
    sites and over the link that runs. The workload's topics and groups, the fence, connectors and client routing stay
    as they are. It needs spec.drills.isolated.createTopics in the plan file, is over after 30 minutes at the latest,
    and takes away what it has made, also what one that was killed has left. Where it cannot begin it says why, makes
    nothing, and is inconclusive.

    With --level live all work moves: a switchover to the other site, a stay that is watched, and the way home, by
    itself at the end of the stay or as soon as a signal goes on that is too bad to stay for. It needs spec.drills.live
    and guards.calendar in the plan file, all of the stay in the calendar's windows, and a second person's approval,
    which covers the way home. --go-home brings it home at once, --promote lets the work stay. One that was cut off is
    continued by the same command; drctl status says where it stands.

    Exits 0 only when the verdict is proved, so never after a tabletop: as a gate would if something stands in the way,
    else 22. A live drill whose move was refused or rolled back exits as that move does.
    """
    from drctl.cli.drill_result import show
    from drctl.cli.dropping import unheld
    from drctl.cli.progress import ProgressDisplay
    from drctl.drills.bundle.manifest import RunKind
    from drctl.drills.bundle.signature import private_key
    from drctl.drills.bundle.write import begin, seal
    from drctl.drills.failed import clear
    from drctl.drills.lab_drill import LoadProfile
    from drctl.drills.report.build import build
    from drctl.drills.report.page import render
    from drctl.drills.report.write import prepare, write

    if promote is not None or go_home is not None:
        _say_word(ctx, promote, go_home, by)
        return
    key = private_key(sign_with) if sign_with else None
    if yes and level != "live":
        raise click.BadOptionUsage("--yes", "--yes belongs to --level live: nothing else asks")
    if level != "lab":
        raise click.exceptions.Exit(_on_own_sites(ctx, level, report, target, key, by=by, ask=not yes))
    if target is not None:
        raise click.BadOptionUsage(
            "--to", "--to belongs to your own sites (--level): the lab's drill goes there and home again"
        )
    report = report or Path(f"{PLACE}-unplanned" if unplanned else PLACE)
    prepare(report)
    begin(report)
    clear(report)
    with unheld(), ProgressDisplay() as display:
        drill = _performed(
            display, report, LoadProfile(rate=rate, seconds=seconds), unplanned=unplanned, small=small, keep=keep
        )
    told = build(drill)
    write(report, told, render(told, drill))
    seal(report, drill.id, RunKind.UNPLANNED_DRILL if unplanned else RunKind.DRILL, key)
    show(drill, told, report)
    raise click.exceptions.Exit(exit_code(drill.verdict))


def _on_own_sites(
    ctx: click.Context,
    level: str,
    report: Path | None,
    target: str | None,
    key: "Ed25519PrivateKey | None",
    *,
    by: str,
    ask: bool,
) -> int:
    """Drill at the plan file's sites; returns the exit code."""
    from drctl.cli import isolated, live, tabletop
    from drctl.cli.terms import terms

    if level == "tabletop":
        _refuse_of_the_lab(ctx, "a tabletop moves nothing")
        return tabletop.hold(ctx.obj, report or Path(TABLETOP_PLACE), target, key)
    if level == "isolated":
        _refuse_of_the_lab(ctx, "an isolated drill has its own records")
        return isolated.drill(ctx.obj, report or Path(ISOLATED_PLACE), target, key)
    _refuse_of_the_lab(ctx, "a live drill moves the work that there is")
    return live.drill(ctx.obj, report or Path(LIVE_PLACE), target, key, terms(by=by), ask=ask)


def _say_word(ctx: click.Context, promote: str | None, go_home: str | None, by: str) -> None:
    """A person's word on the live drill that stays."""
    from drctl.cli import live
    from drctl.cli.terms import terms
    from drctl.plans.live import DrillWord

    if promote is not None and go_home is not None:
        raise click.UsageError("give --promote or --go-home: the work either stays or comes home")
    word = DrillWord.GO_HOME if promote is None else DrillWord.STAY
    live.speak(ctx.obj, word, promote or go_home or "", terms(by=by))


def _refuse_of_the_lab(ctx: click.Context, why: str) -> None:
    for name, option in OF_THE_LAB.items():
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.BadOptionUsage(option, f"{option} belongs to --level lab: {why}")


def _performed(
    display: "ProgressDisplay", report: Path, profile: "LoadProfile", *, unplanned: bool, small: bool, keep: bool
) -> "Drill":
    from drctl.cli.terms import terms
    from drctl.config import load
    from drctl.drills.bundle.write import keep_drill
    from drctl.drills.lab_drill import HISTORIES
    from drctl.drills.switchover import Rehearsal
    from drctl.drills.unplanned import UnplannedRehearsal
    from drctl.lab import Lab
    from drctl.model.verdict import Verdict
    from drctl.monitors import observe
    from drctl.wiring.world import open_world

    with (
        tempfile.TemporaryDirectory(prefix="drctl-drill-") as folder,
        Lab.start(Path(folder) / "lab", small=small, progress=display.say) as lab,
    ):
        kind = UnplannedRehearsal if unplanned else Rehearsal
        rehearsal = kind(lab, load(lab.plan_file), open_world, observe, profile=profile, terms=terms())
        rehearsal.say, rehearsal.announce = display.say, display.announce
        try:
            drill = rehearsal.perform()
            # Who asks why a drill was not proved needs what its clients and brokers said.
            keep = keep or drill.verdict is not Verdict.PROVED
            _keep_salvage(lab, report)
            if drill.material:
                keep_drill(report, drill, drill.material, lab.folder / HISTORIES)
        except DrctlError as error:
            keep = True
            echo(f"what the lab left behind is kept in {report}", err=True)
            _tell_failed(lab, report, error, unplanned=unplanned)
            raise
        finally:
            if keep:
                _keep(lab, report)
        display.say("the lab goes down")
    return drill


def _tell_failed(lab: "Lab", report: Path, error: DrctlError, *, unplanned: bool) -> None:
    """Leave a report of what was done, from the lab's journal; where that fails, the drill's own failure counts."""
    from drctl.config import load
    from drctl.drills.failed import JSON, failed_drill, leave, pages
    from drctl.drills.report.run_page import as_json
    from drctl.plans.standing import told_runs
    from drctl.wiring.world import open_world

    try:
        plan = load(lab.plan_file)
        with open_world(plan) as world:
            runs = tuple(reversed(told_runs(world)))
        body = document("FailedDrill", failed_drill(plan, runs, error, unplanned=unplanned))
        leave(report, as_json(body), pages(body))
    except DrctlError as second:
        echo(f"no report of it can be written: {second}", err=True)
    else:
        echo(f"report: {report / JSON}; verdict: {body['verdict']}", err=True)


def _keep_salvage(lab: "Lab", report: Path) -> None:
    """Records that were handed over as files outlive the lab that had them."""
    saved = lab.folder / "state" / "salvage"
    if saved.exists():
        shutil.copytree(saved, report / "salvage", dirs_exist_ok=True)


def _keep(lab: "Lab", report: Path) -> None:
    for part in ("logs", "histories", "state"):
        if (lab.folder / part).exists():
            shutil.copytree(lab.folder / part, report / part, dirs_exist_ok=True)
