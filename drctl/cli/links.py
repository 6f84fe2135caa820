"""drctl links."""

from pathlib import Path

import click

from drctl.cli.output import document, echo, output_option, show_document
from drctl.cli.terms import by_option, terms
from drctl.cli.world import opened
from drctl.errors import DeadlinePassed, NotFound, Refused
from drctl.ports import LinkPorts, World

PAUSE, SHOWS = 0.2, 15.0
"""Seconds between two looks at what was restarted, and after which what still shows as failed has failed again: what
Strimzi's operator tells is as old as its last round."""


@click.group("links")
def command() -> None:
    """The links between the sites."""


@command.command("restart")
@output_option
@click.argument("name", required=False)
@by_option
@click.pass_obj
def restart(plan_file: Path, output: str, name: str | None, by: str) -> None:
    """Restart what has failed of a link, and nothing else; without NAME, of each link that is to run.

    Connect never restarts a connector or a task that has FAILED. Nothing is started that is stopped or paused, nor
    anything of a link that is not to run: the one to the site that serves, one that drctl has not set to the point of
    the last move, and any while the other direction runs. Refused while drctl is paused or a run is unfinished.

    Waits until the link works, for guards.stepTimeout at most; exits 6, with the reason, where it fails again. What was
    restarted and why it had failed goes to the journal: 'drctl runs list --all'.
    """
    from drctl.plans.link_restart import restart as restart_link

    who = terms(by=by).by
    with opened(plan_file) as world:
        chosen = _chosen(world, name)
        restarted = {link.link.name: restart_link(world, link, who) for link in chosen}
        for link in chosen:
            if restarted[link.link.name]:
                _wait(world, link)
    if output in ("json", "yaml"):
        links = {each: dict(told) for each, told in restarted.items()}
        show_document(document("LinksRestarted", {"links": links}), output)
        return
    for each, told in restarted.items():
        for what, why in told.items():
            echo(f"{each}: {what} was restarted; it had failed: {why or 'for no reason that Connect tells'}")
        echo(f"{each} works" if told else f"{each}: nothing has failed")


def _chosen(world: World, name: str | None) -> list[LinkPorts]:
    from drctl.plans.link_restart import why_off

    named = {link.link.name: link for link in world.links.values()}
    if name is not None:
        if name not in named:
            raise NotFound(f"the plan file names no link {name}", remedy=f"use one of {', '.join(sorted(named))}")
        return [named[name]]
    off = {each: why_off(world, link) for each, link in named.items()}
    if all(off.values()):
        why = "; ".join(f"{each}: {reason}" for each, reason in sorted(off.items()))
        raise Refused(f"no link is to run: {why}", remedy="see 'drctl status -o wide'")
    return [named[each] for each, reason in sorted(off.items()) if not reason]


def _wait(world: World, link: LinkPorts) -> None:
    """Until the link works. DeadlinePassed, with the reason, where it does not."""
    from drctl.plans.restarting import idle

    began, limit = world.clock.monotonic(), world.plan.guards.step_timeout.total_seconds()
    while why := idle(status := link.replication.status()):
        waited = world.clock.monotonic() - began
        if waited >= limit or (status.failed and waited >= SHOWS):
            raise DeadlinePassed(
                f"link {link.link.name} was restarted and does not work: {', '.join(why)}",
                remedy=f"remove the cause, then give 'drctl links restart {link.link.name}' again",
            )
        world.clock.sleep(PAUSE)
