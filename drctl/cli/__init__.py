"""The command line: presents, never decides. One file per command, loaded when it is called."""

import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import override

import click

from drctl import __version__
from drctl.cli.dropping import writers
from drctl.cli.everywhere import FILE_HELP, FORMS, VERBOSE_HELP, prepare
from drctl.cli.output import echo
from drctl.errors import Blocked, DrctlError, StepFailed
from drctl.redaction import describe

COMMANDS = {
    "init": "Write a plan file by looking at two sites.",
    "status": "Show both sites, the link with its lag, and the groups.",
    "groups": "Show every position here and translated there, with its proof.",
    "sessions": "Show every group's members, static ids and last commit.",
    "doctor": "Say everything that is not as it should be, and mend what is safe to mend.",
    "compare": "Compare the records of both sites, one by one.",
    "canary": "Write and read numbered records all the time, and judge each window of them.",
    "ledger": "Check a run's numbered records by several checkers, and judge what they found.",
    "links": "Restart what has failed of a link.",
    "clients": "Show who is still connected to a site, and which clients cannot follow.",
    "plan": "Show what a command would do, and what stands in its way.",
    "switchover": "Move the work to the other site; nothing lost, nothing read twice.",
    "failover": "Go on at the other site when one is lost, with a loss that you accept.",
    "fence": "Close a site that a failover left behind, now that it is back.",
    "unfence": "Open a site that was left closed, once no other is open.",
    "forecast": "Show what a failover now would cost.",
    "salvage": "Save what only a lost site has when it is back, and decide on it.",
    "failback": "Let the site that was lost take the work back.",
    "runs": "List, show and report runs; continue, abort, verify or restore them.",
    "pause": "Let nobody, and not the service either, begin anything until a time.",
    "approve": "Approve, as a second person, a run that waits for it or what drctl plan has shown.",
    "drill": "Rehearse a switchover and the way home, or the loss of a site, on two real sites on this machine.",
    "lab": "Two real Kafka sites on this machine, to try everything on.",
    "chaos": "Run chaos experiments, judged by the ledger.",
    "service": "Watch both sites and the link; serve metrics and health.",
    "verify": "Check the report folder of a drill or a chaos experiment again, without its sites.",
    "validate": "Read the plan file and every file that it names, and say what is wrong in them.",
    "schema": "Print JSON Schemas.",
    "version": "Show the version of drctl and of what it works with.",
    "completion": "Print what makes a shell complete drctl's words.",
}

EXIT_CODES = """\
\b
Exit codes:
    0  done, or proved
    1  something failed
    2  wrong usage, plan file or properties file
    3  refused, nothing changed
    4  a step failed
    5  a step failed, and the run was rolled back
    6  no answer in time
    7  an operation is denied
    8  a site is of a kind or version that drctl does not support
    9  something that was named does not exist
   10  not proven, so not done
   11  something changed meanwhile
   12  the journal is damaged or cannot be written
   13  the lab failed
   14  another drctl is at work
   15  a newer decision exists
   16  login or certificate is rejected
   17  more records would be lost than was accepted
   18  a second person's approval is missing, declined or expired
   19  a stranded tail is not salvaged or not decided
\b
  Verdicts of a drill, an experiment, drctl canary, compare, ledger or verify that are not proved:
   20  refuted
   21  inconclusive
   22  vacuous
   23  a report's bundle is damaged, or its signature is wrong
   24  a report says something else than its evidence
\b
  Gates; nothing was changed, all reasons are listed, the code is the first one's:
   30  a site is silent or not whole
   31  a Connect worker is silent
   32  a connector does not run
   33  the offset syncs are missing or elsewhere
   34  both directions of replication run
   35  a topic or group does not exist
   36  something is configured wrongly
   37  the link's lag is too high, or it has lost records
   38  the fence would not hold, or clients are at the wrong site
   39  a group is active at the target
   40  the last move is too recent, or nothing planned may begin now
   41  a deployment cannot be scaled
   42  the standby is too small for the shift
   43  a position cannot be proven, or was not kept
\b
  130  interrupted

What to do for each: docs/troubleshooting.md.
"""


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it: help stays fast."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # Interfaces are strangers to each other, so the other ones' commands are known by name only.
        module = f"drctl.{cmd_name}.command" if cmd_name in ("chaos", "service") else f"drctl.cli.{cmd_name}"
        command: click.Command = import_module(module).command
        return prepare(command, cmd_name)

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # it knows only of commands that are loaded
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from error

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="drctl")
@click.option(
    "-f",
    "--file",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="DRCTL_PLAN",
    default=Path("plan.yaml"),
    help=FILE_HELP,
)
@click.option("-v", "--verbose", count=True, help=VERBOSE_HELP)
@click.option(
    "--log-format",
    type=click.Choice(FORMS),
    default="auto",
    show_default=True,
    envvar="DRCTL_LOG_FORMAT",
    help="Form of log lines; auto is text at a terminal and JSON elsewhere.",
)
@click.pass_context
def cli(ctx: click.Context, plan_file: Path, verbose: int, log_format: str) -> None:
    """Disaster recovery and failover for Apache Kafka, with proof.

    These options may stand before a command or behind it.
    """
    ctx.obj = plan_file
    if set(ctx.help_option_names).isdisjoint(sys.argv):  # help logs nothing, and the library is slow to load
        from drctl.cli.logs import configure

        configure(verbose, log_format)


def main() -> None:
    """The console script: runs a command and turns what went wrong into words and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is undone as on Ctrl-C
    _fill_standard_streams()
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    try:
        code = _called()
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        echo("interrupted", err=True)
        code = 130
    except DrctlError as error:
        code = _explain(error)
    except BrokenPipeError:
        code = 0
    except Exception as error:  # noqa: BLE001 - the last place at which it can be told
        code = _confess(error)
    _forget_unwritten()
    _end(code if isinstance(code, int) else 0)


def _called() -> object:
    try:
        return cli.main(standalone_mode=False)
    finally:
        # What is left is to tell how it ended: the exit code tells it too.
        for number in (signal.SIGHUP, signal.SIGTTOU):
            signal.signal(number, signal.SIG_IGN)


def _end(code: int) -> None:
    """End the process; at once where a look still waits for a site that is silent, or a text for a terminal."""
    late = "drctl.monitors" in sys.modules and sys.modules["drctl.monitors"].are_late()
    if late or any(writer.stuck for writer in writers()):
        os._exit(code)
    sys.exit(code)


def _uncaught(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
    from drctl.cli.tracebacks import report_uncaught

    report_uncaught(kind, error, at)


def _fill_standard_streams() -> None:
    """Open what was closed for us (``2>&-``), or the next file to be opened, such as the state, gets that number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as we live
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115


def _forget_unwritten() -> None:
    """Let what could not be written go: Python would try again at its end, and complain in its own words."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _confess(error: Exception) -> int:
    """Tell of an error that nobody expected: what and where, and never with which values."""
    from drctl.cli.tracebacks import formatted, place

    if os.environ.get("DRCTL_DEBUG"):
        echo(formatted(error), err=True)
    at = place(error)
    echo(f"error: this is a bug in drctl: {describe(error)}" + (f" (at {at})" if at else ""), err=True)
    echo("remedy: run it again with DRCTL_DEBUG=1 and report what it prints", err=True)
    return 1


def _explain(error: DrctlError) -> int:
    if os.environ.get("DRCTL_DEBUG"):
        from drctl.cli.tracebacks import formatted

        echo(formatted(error), err=True)
    echo(f"error: {error.brief if isinstance(error, StepFailed) else error}", err=True)
    if isinstance(error, Blocked):
        for reason in error.reasons:
            echo(f"  - {reason}", err=True)
    if error.remedy:
        echo(f"remedy: {error.remedy}", err=True)
    return error.exit_code
