"""drctl sessions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.parameters import DURATION
from drctl.cli.sites import known_site
from drctl.cli.world import opened
from drctl.errors import DeadlinePassed, DrctlError
from drctl.monitors import hurried
from drctl.monitors.sessions import Sessions, TailStatus, follow, hidden
from drctl.ports import World


@click.command("sessions")
@output_option
@click.option("--site", help="The site to look at; by default the one that clients are at.")
@click.option("--all", "everyone", is_flag=True, help="Every group of the site, not only the plan's.")
@click.option(
    "--timeout",
    "patience",
    type=DURATION,
    # As long as all questions to sites may take (drctl.monitors.hurrying.LOOKING): a command that only looks
    # is over within ten seconds. More is taken by a large topic of commits, which is reported with what is left.
    default="8s",
    show_default=True,
    help="Time that reading all commits may take.",
)
@click.pass_obj
def command(plan_file: Path, output: str, site: str | None, *, everyone: bool, patience: float) -> None:
    """Show every group's session: members, static ids, what they are assigned, and how old its last commit is.

    Read from what the group coordinators wrote down (the topic __consumer_offsets), without asking any coordinator.
    Nothing is written. What was not read in time is shown with its number, beside what was, and exits 6; so does a site
    that stops to answer, within ten seconds.
    """
    with opened(plan_file, looking=True) as whole:
        world = hurried(whole)
        name = known_site(world, site or world.client_routing.site() or world.plan.sites[0].name)
        sessions, failure = Sessions(), None
        try:
            followed = follow(world.sites[name].tail, sessions, world.clock, patience)
        except DrctlError as error:  # what was read by then is shown
            followed, failure = TailStatus(None, 0), error
        complete = failure is None and followed.behind == sessions.undecided.records
        groups = sorted(sessions.groups() if everyone else set(world.plan.groups) & sessions.groups())
        told = [_session(world, sessions, group) for group in groups]
        why = hidden(sessions, groups)
    if followed.polled is not None:
        echo(
            f"site {name}: __consumer_offsets may not be read, so its groups are asked one by one: what is shown was"
            f" true within the last {followed.polled:.1f} s, and ages tell when a change was noticed",
            err=True,
        )
    if why:
        echo(f"site {name}: {why}: what is shown of them may be old", err=True)
    if followed.unknown:
        echo(f"{followed.unknown} records of a kind or version that this drctl does not know", err=True)
    if output in ("json", "yaml"):
        body = {"site": name, "unknownRecords": followed.unknown, "polledSeconds": followed.polled, "groups": told}
        body |= {"complete": complete, "unread": followed.behind, "unknown": None if failure is None else str(failure)}
        show_document(document("Sessions", body), output)
    else:
        columns = ("GROUP", "PROTOCOL", "PARTITIONS", "LAST COMMIT", "MEMBER", "STATIC ID", "CLIENT", "ASSIGNED")
        show_table(f"Sessions at {name}", columns, (row for group in told for row in _rows(group)))
    if failure is not None:
        raise failure
    if not complete:
        left = "an unknown number of" if followed.behind is None else followed.behind
        raise DeadlinePassed(
            f"site {name}: {left} commits were not read within {patience:.0f} s, so what is shown is not all",
            remedy="give it more --timeout",
        )


def _session(world: World, sessions: Sessions, group: str) -> dict[str, Any]:
    held = sessions.positions(group).values()
    newest = max((each.milliseconds for each in held), default=None)
    age = None if newest is None else round(world.clock.now().timestamp() - newest / 1000, 1)
    return {
        "name": group,
        "protocol": sessions.protocol(group).value,
        "partitions": len(held),
        "secondsSinceLastCommit": age,
        "undecided": sessions.undecided.hides(group),
        "members": [
            {
                "id": member.member_id,
                "staticId": member.instance_id,
                "clientId": member.client_id,
                "host": member.host,
                "assigned": sorted(map(str, member.assignment)),
            }
            for member in sessions.members(group)
        ],
    }


def _rows(group: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    age = group["secondsSinceLastCommit"]
    head = (group["name"], group["protocol"], group["partitions"], "never" if age is None else f"{age:.1f} s ago")
    if not group["members"]:
        yield (*head, "", "", "", "")
    for member in group["members"]:
        client = f"{member['clientId']} {member['host']}"
        yield (*head, member["id"], member["staticId"] or "", client, len(member["assigned"]))
