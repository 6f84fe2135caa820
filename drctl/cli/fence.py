"""drctl fence."""

from pathlib import Path

import click

from drctl.cli.execution import ask_to_go_on, confirm, continued, execute, require_somebody, show_steps
from drctl.cli.openness import told
from drctl.cli.output import echo, output_option, show_document, show_table
from drctl.cli.terms import by_option, terms
from drctl.cli.world import opened
from drctl.errors import NotFound, Refused


@click.command("fence")
@output_option
@click.option("--site", help="The site to close; refused unless it is the one that the last failover left.")
@click.option(
    "--adopt",
    metavar="PRINCIPAL",
    multiple=True,
    help="Take the deny rules of this principal that stand at --site for drctl's own; changes nobody's rights.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@click.pass_obj
def command(plan_file: Path, output: str, site: str | None, adopt: tuple[str, ...], by: str, *, yes: bool) -> None:
    """Close a site that a failover left behind with its fence pending or attested, now that it is back.

    This is the rest of that failover, done late: every writer is denied, and it is proven by data. For how long the
    site may have taken writes is shown; what was written is saved by 'drctl salvage', which closes the site, too. A
    service does this by itself. A run that was cut off is continued by the same command.

    With --adopt nothing is closed: deny rules that were made by hand, or by a drctl that did not mark its own, are
    taken for drctl's, so that the next move lifts them. Never adopt a rule that somebody means to stay.
    """
    if adopt:
        _adopt(plan_file, site, adopt, by, yes=yes)
        return
    from drctl.plans.failovers import standing
    from drctl.plans.fence import ordered

    with opened(plan_file) as world:
        left = standing(world)
        if left is None:
            raise NotFound("no failover stands, so no site was left behind", remedy="see 'drctl status'")
        if site not in (None, left.left):
            raise Refused(
                f"the site that was left behind is {left.left}, not {site}", remedy=f"drctl fence --site {left.left}"
            )
        plan = ordered(left.left, left.run.target, left.run.id)
        going = None if yes else continued(plan, world)
        if going is not None:
            ask_to_go_on(going)
        elif not yes:
            require_somebody()
            echo(f"{left.left} was left by run {left.run.id}; its fence is {left.fence}. It will be closed.", err=True)
            show_steps(plan)
            confirm()
        result = execute(plan, world, terms(by=by))
    if output in ("json", "yaml"):
        from drctl.cli.switchover import as_document

        show_document(as_document(result), output)
    else:
        proof = result.evidence["prove-fence"]
        rows = [(f"fence of {result.run.source}", f"{proof['fence']} by {proof['by']}: {proof['why']}")]
        show_table(f"Run {result.run.id}: {result.state.value}", ("", ""), [*rows, ("was open", told(proof["open"]))])


def _adopt(plan_file: Path, site: str | None, principals: tuple[str, ...], by: str, *, yes: bool) -> None:
    from drctl.plans.adoption import adopt, unmarked

    with opened(plan_file) as world:
        if site is None or site not in world.sites:
            known = ", ".join(sorted(world.sites))
            raise NotFound(f"the plan file names no site {site or '(none was given)'}", remedy=f"--site {known}")
        ports = world.sites[site]
        rules = sorted(f"{each.principal} ({each.scope})" for each in unmarked(ports, principals))
        if not yes and rules:
            require_somebody()
            echo(f"{site}: the next move to it will lift the deny rules of: {', '.join(rules)}", err=True)
            confirm()
        adopt(world, ports, principals, terms(by=by).by)
    echo(f"{site}: {', '.join(rules) or 'nothing'} adopted")
