"""drctl service."""

import os
import sys
from pathlib import Path

import click

from drctl.monitors import status


@click.group("service")
def command() -> None:
    """Watch both sites and the link; serve metrics and health."""


@command.command("run")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="Address for /metrics and /healthz.")
@click.option("--every", default="15s", show_default=True, help="Time between two looks.")
@click.option("--warm", is_flag=True, help="Keep the standby's positions committed, each one proven or certain.")
@click.pass_obj
def run(plan_file: Path, listen: str, every: str, *, warm: bool) -> None:
    """Look at both sites and the link in a cycle, until ended.

    With --warm the positions of the plan's groups at the standby follow those at the site that serves. A group that has
    members at the standby, or that somebody else committed for there, is left alone; so is everything while a run is
    unfinished.
    """
    from drctl.config import duration, load
    from drctl.service.watch import Watch
    from drctl.wiring import open_world

    interval = duration(every)
    if not interval:
        raise click.BadParameter("expected a duration, for example 15s", param_hint="--every")
    with open_world(load(plan_file)) as world:
        if not Watch(world, status, interval, warm=warm).run(listen):
            sys.stderr.flush()
            os._exit(0)  # threads that wait for a lost site, and closing its clients, would hold the process
