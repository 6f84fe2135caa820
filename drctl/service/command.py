"""drctl service."""

from pathlib import Path

import click

from drctl.monitors import status


@click.group("service")
def command() -> None:
    """Watch both sites and the link; serve metrics and health."""


@command.command("run")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="Address for /metrics and /healthz.")
@click.option("--every", default="15s", show_default=True, help="Time between two looks.")
@click.pass_obj
def run(plan_file: Path, listen: str, every: str) -> None:
    """Look at both sites and the link in a cycle, until ended."""
    from drctl.config import duration, load
    from drctl.service.watch import Watch
    from drctl.wiring import open_world

    interval = duration(every)
    if not interval:
        raise click.BadParameter("expected a duration, for example 15s", param_hint="--every")
    with open_world(load(plan_file)) as world:
        Watch(world, status, interval).run(listen)
