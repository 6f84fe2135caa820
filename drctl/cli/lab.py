"""drctl lab."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from drctl.cli.lab_kube import command as kube
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.drivers.store.clock import SystemClock
from drctl.errors import DrctlError, LabError

if TYPE_CHECKING:
    from drctl.lab import Lab

AT_SITES = (
    "lose-site", "cut-link", "hold-answers", "slow-link", "overtake-link", "recreate-topic", "write-at-standby",
    "heal-link",
)  # fmt: skip
"""Faults that are done to a site; all others are done to a process."""

folder_option = click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="The lab's folder; also DRCTL_LAB."
)


def _running(folder: Path | None) -> "Lab":
    from drctl.lab import default_folder
    from drctl.lab.running import attached

    return attached(folder or default_folder())


@click.group("lab")
def command() -> None:
    """Two real Kafka sites on this machine, to try everything on."""


command.add_command(kube)


@command.command()
@folder_option
@click.option("--small", is_flag=True, help="One broker per site instead of three.")
@click.option("--load", is_flag=True, help="With producers and consumer groups at work, until the lab goes down.")
def up(folder: Path | None, *, small: bool, load: bool) -> None:
    """Start both sites and the link; a lab that runs already is found, and can be given a load later.

    Without --load the groups of its plan file do not exist yet, so that nothing can be moved.
    """
    from drctl.lab import Lab, default_folder
    from drctl.lab.load import start_load

    def say(line: str) -> None:
        echo(line, err=True)

    folder = folder or default_folder()
    try:
        lab = Lab.attach(folder)
    except LabError:
        lab = Lab.start(folder, small=small, progress=say)
        lab.detach()
    else:
        say(lab.described(small=small))
    if load:
        say(f"{start_load(lab, say)} clients started; every group is at work")
    echo(f"plan file: {lab.plan_file}")
    say(f"try: drctl -f {shlex.quote(str(lab.plan_file))} status")


@command.command()
@folder_option
@output_option
def status(folder: Path | None, output: str) -> None:
    """Show every process of the lab."""
    lab = _running(folder)
    found = lab.status()
    if output in ("json", "yaml"):
        rows = [{"name": p.name, "pid": p.pid, "state": p.state, "residentBytes": p.resident_bytes} for p in found]
        show_document(document("Lab", {"folder": str(lab.folder), "processes": rows}), output)
        return
    show_table(
        f"Lab in {lab.folder}",
        ("PROCESS", "PID", "STATE", "MEMORY MB", "EXIT"),
        ((p.name, p.pid, p.state, p.resident_bytes >> 20, "" if p.exit_code is None else p.exit_code) for p in found),
    )


@command.command()
@folder_option
def down(folder: Path | None) -> None:
    """End every process of the lab and remove its folder."""
    _running(folder).down()
    echo("the lab is down", err=True)


def _processes(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a process of the lab that runs; nothing where none does, for a prompt is no place for errors."""
    try:
        found = _running(ctx.params.get("folder")).status()
    except DrctlError:
        return []
    return [CompletionItem(each.name) for each in found if each.name.startswith(begun)]


def _kinds(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    from drctl.lab.faults import FAULTS

    return [CompletionItem(kind) for kind in FAULTS if kind.startswith(begun)]


def _targets(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete what a fault is done to: a site, or a process."""
    from drctl.lab.layout import SITES

    if ctx.params.get("kind") in AT_SITES:
        return [CompletionItem(site) for site in SITES if site.startswith(begun)]
    return _processes(ctx, parameter, begun)


@command.command()
@click.argument("process", shell_complete=_processes)
@folder_option
@click.option("-F", "--follow", is_flag=True, help="Go on as the log grows.")
def logs(process: str, folder: Path | None, *, follow: bool) -> None:
    """Print a process's log."""
    lab = _running(folder)
    lab.processes.status(process)
    clock = SystemClock()
    with (lab.folder / "logs" / f"{process}.log").open(errors="replace") as log:
        while True:
            shutil.copyfileobj(log, sys.stdout)
            sys.stdout.flush()
            if not follow:
                return
            clock.sleep(0.3)


@command.command()
@click.argument("kind", shell_complete=_kinds)
@click.argument("target", shell_complete=_targets)
@folder_option
def fault(kind: str, target: str, folder: Path | None) -> None:
    """Do something bad to a process, a site or the wire, and show who else saw it.

    \b
    A process: kill, pause, continue, stop, restart
    A broker: fail-writes, skew-clock
    A site: lose-site, cut-link, hold-answers, slow-link, heal-link,
            overtake-link, recreate-topic, write-at-standby
    """  # noqa: D301
    from drctl.lab.faults import FAULTS

    if kind not in FAULTS:
        raise click.BadParameter(f"{kind!r} is none of {', '.join(sorted(FAULTS))}", param_hint="KIND")
    evidence = FAULTS[kind](_running(folder), target)
    echo(f"{evidence.fault} of {evidence.target} at {evidence.injected_at:%H:%M:%S}")
    echo(f"seen by {evidence.observer}: {evidence.observation}")
