"""drctl plan runbooks."""

from pathlib import Path

import click

from drctl.cli.output import echo


@click.command("runbooks")
@click.option("--to", "target", required=True, help="The site that stands by.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def runbooks(plan_file: Path, target: str, folder: Path) -> None:
    """Write the runbooks into FOLDER, with the names and addresses of the plan file. Asks no site.

    How long each step usually takes stands there, too, once runs of this plan file were done: its journal tells.
    """
    from drctl.config import load
    from drctl.drivers.store.clock import SystemClock
    from drctl.drivers.store.journal import SqliteJournal
    from drctl.errors import ConfigInvalid, NotFound
    from drctl.plans.render import main

    plan = load(plan_file)
    names = sorted(site.name for site in plan.sites)
    if target not in names:
        raise NotFound(f"the plan file names no site {target}", remedy=f"use one of {', '.join(names)}")
    source = next((link.source for link in plan.links if link.target == target), "")
    if not source:
        raise ConfigInvalid(f"no link leads to {target}", remedy="add it under spec.links")
    journal = SqliteJournal(plan.state, SystemClock()) if plan.state.exists() else None
    main(folder, (plan.site(source), plan.site(target)), journal)
    echo(f"begin with: {folder / 'README.md'}")
