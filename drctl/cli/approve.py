"""drctl approve."""

from pathlib import Path

import click

from drctl.cli.output import echo
from drctl.cli.terms import by_option, terms
from drctl.cli.world import opened


@click.command("approve")
@click.option("--plan-digest", required=True, help="As 'drctl plan … -o json' shows it.")
@click.option("--facts-digest", required=True, help="As 'drctl plan … -o json' shows it.")
@click.option("--reason", required=True, help="Why; goes to the journal.")
@click.option("--decline", is_flag=True, help="Say no instead; the newest decision counts.")
@by_option
@click.pass_obj
def command(plan_file: Path, plan_digest: str, facts_digest: str, reason: str, by: str, *, decline: bool) -> None:
    """Approve, as a second person, the plan and the facts that 'drctl plan' has shown.

    Binds to both digests and expires (guards.approvalValidity). Whoever asks for the run cannot approve it. Names are
    what people say they are; account and host are noted beside them. Asks no site.
    """
    from drctl.plans.approvals import Digests, approve

    with opened(plan_file) as world:
        said = terms(by=by)
        told = approve(world, said, Digests(plan_digest, facts_digest), reason, declined=decline)
        valid = world.plan.guards.approval_validity
    echo(f"{told}: declined by {said.by}" if decline else f"{told}: approved by {said.by}, valid for {valid}")
