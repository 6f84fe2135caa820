"""drctl unfence."""

from pathlib import Path

import click

from drctl.cli.execution import ask_to_go_on, continued, execute, require_somebody, show_steps, typed_name
from drctl.cli.output import echo, output_option, show_document
from drctl.cli.terms import attest_option, by_option, terms
from drctl.cli.world import opened


@click.command("unfence")
@output_option
@click.argument("site")
@click.option("--confirm", metavar="SITE", help="The site's name once more, instead of typing it when asked.")
@attest_option
@by_option
@click.pass_obj
def command(plan_file: Path, output: str, site: str, *, confirm: str | None, attested: str | None, by: str) -> None:
    """Open a site that was left closed, where no run is unfinished that could.

    Such as one whose run was superseded behind the fence, or whose journal is an older one. Refused while any other
    site is open, or does not answer, unless the journal proves that it was closed and not begun to be opened since, and
    --attest-target-down says that it takes no writes. Refused, too, while clients are sent elsewhere or a link copies
    to it, and while a failover stands that left it. An unfinished run is resumed or aborted instead. A run that was cut
    off is continued by the same command.
    """
    from drctl.plans.unfence import plan

    on_terms = terms(by=by, attested=attested)
    with opened(plan_file, target=site, doubting=attested is not None) as world:
        steps = plan(world, site)
        going = continued(steps, world) if confirm is None else None
        if going is not None:  # the name was typed when it was begun
            ask_to_go_on(going)
            confirm = site
        elif confirm is None:
            require_somebody(remedy=f"--confirm {site}")
            echo(f"{site} will take writes again. What was written at another site since is not there.", err=True)
            if attested is not None:
                echo(f"You attest that a site which does not answer takes no writes: {attested}", err=True)
            show_steps(steps)
        typed_name(site, confirm, "Type the name of the site to open it")
        result = execute(steps, world, on_terms)
    if output in ("json", "yaml"):
        from drctl.cli.switchover import as_document

        show_document(as_document(result), output)
    else:
        echo(f"Run {result.run.id}: {result.state.value}; {site} took a write, and clients are sent there")
