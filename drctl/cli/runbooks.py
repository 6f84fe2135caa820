"""drctl plan runbooks."""

from pathlib import Path

import click

from drctl.cli.output import echo


@click.command("runbooks")
@click.option("--to", "target", required=True, help="The site that stands by.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def runbooks(plan_file: Path, target: str, folder: Path) -> None:
    """Write the runbooks into FOLDER, with the names and addresses of the plan file. Asks no site."""
    from drctl.config import load
    from drctl.errors import ConfigInvalid, NotFound
    from drctl.plans.render import main

    plan = load(plan_file)
    names = sorted(site.name for site in plan.sites)
    if target not in names:
        raise NotFound(f"the plan file names no site {target}", remedy=f"use one of {', '.join(names)}")
    source = next((link.source for link in plan.links if link.target == target), "")
    if not source:
        raise ConfigInvalid(f"no link leads to {target}", remedy="add it under spec.links")
    main(folder, (plan.site(source), plan.site(target)))
    echo(f"begin with: {folder / 'README.md'}")
