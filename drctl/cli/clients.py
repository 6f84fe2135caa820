"""drctl clients."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from drctl.cli.left_clients import with_away
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.parameters import DURATION
from drctl.cli.sites import known_site
from drctl.cli.world import opened
from drctl.decide.clients import checks_cluster, follows, left_behind, software_of, staying, unseen_clients
from drctl.model.clients import Census, SiteClients
from drctl.model.session import Group, Member
from drctl.monitors import hurried, side_by_side
from drctl.monitors.census import take_census


@click.command("clients")
@output_option
@click.option("--site", help="Only this site; by default all.")
@click.option(
    "--timeout",
    "patience",
    type=DURATION,
    # As long as all questions to sites may take (drctl.monitors.hurrying.LOOKING): a command that only looks
    # is over within ten seconds. More is taken by a large topic of commits, which is reported with what is left.
    default="8s",
    show_default=True,
    help="Time that reading a site's commits may take.",
)
@click.pass_obj
def command(plan_file: Path, output: str, site: str | None, patience: float) -> None:
    """Show who is connected to each site: members of groups, their hosts and static ids, and each group's last commit.

    After a move it names who is still at the old site, or commits there: until nobody does, the move is not complete.
    Clients whose software the plan file names (spec.clients) are told apart by whether they follow to another site by
    themselves, and whether they notice that another cluster answers behind a name or address that was switched; one
    that does not has to be restarted then. Kafka tells software names only to brokers' metrics and request log, and
    lists no producers; where the plan file says where the brokers' metrics are (brokerMetrics), connections are counted
    by software, those of producers, brokers, replication and drctl among them.

    Exits 0 when nobody is seen where they should not be, else with 38. A site that is silent is waited for once, for
    less than ten seconds, and named.
    """
    with opened(plan_file, looking=True) as whole:
        world = hurried(whole)
        if site is not None:
            known_site(world, site)
        census = with_away(world, take_census(world, patience, side_by_side(world.clock)))
    left = list(left_behind(census))
    if output in ("json", "yaml"):
        show_document(as_document(census, site), output)
    else:
        columns = (
            "SITE",
            "GROUP",
            "STATE",
            "LAST COMMIT",
            "MEMBER",
            "STATIC ID",
            "CLIENT",
            "HOST",
            "SOFTWARE",
            "FOLLOWS",
            "CHECKS CLUSTER",
        )
        show_table(
            "Clients",
            columns,
            (row for each in census.sites if site in (None, each.site) for row in _rows(each, census)),
        )
        if software := [row for each in census.sites if site in (None, each.site) for row in _software_rows(each)]:
            echo()
            heads = ("SITE", "LISTENER", "SOFTWARE", "VERSION", "CONNECTIONS", "FOLLOWS", "CHECKS CLUSTER")
            show_table("Connections, as the brokers count them", heads, software)
        for title, reasons in (("Still where they should not be", left), ("Do not follow", list(staying(census)))):
            if reasons:
                echo(f"\n{title}:")
            for each in reasons:
                echo(f"  - {each.detail}\n    remedy: {each.remedy}")
        echo("\nNot known:")
        for what, why in unseen_clients(census):
            echo(f"  - {what}: {why}")
    if left:
        raise click.exceptions.Exit(left[0].concern.value)


CHECKS = {True: "yes", False: "no", None: "unknown"}


def _rows(site: SiteClients, census: Census) -> Iterator[tuple[object, ...]]:
    if site.groups.value is None:
        yield (site.site, "unknown", *[""] * 9)
        for name in sorted(site.committed_at.value or {}):
            yield (site.site, name, "unknown", _committed(site, name), *[""] * 7)
    for name, group in sorted((site.groups.value or {}).items()):
        head = (site.site, name, group.state.value, _committed(site, name))
        for member in group.members:
            told = _member(member, census)
            named = f"{told['software'] or 'unknown'} {told['version'] or ''}".rstrip()
            who = (member.member_id, member.instance_id or "", member.client_id, member.host, named)
            yield (*head, *who, told["follows"], CHECKS[told["checksCluster"]])
        if not group.members:
            yield (*head, *[""] * 7)


def _software_rows(site: SiteClients) -> Iterator[tuple[object, ...]]:
    for told in _software(site) or ():
        names = (told["listener"], told["software"], told["version"], told["connections"])
        yield (site.site, *names, told["follows"], CHECKS[told["checksCluster"]])


def _committed(site: SiteClients, group: str) -> str:
    if site.committed_at.value is None:
        return "unknown"
    at = site.committed_at.value.get(group)
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "never"


def as_document(census: Census, only: str | None = None) -> dict[str, Any]:
    """The census as a versioned document.

    ``complete``: nobody is where they should not be; null where not all of it was seen.
    """
    left = list(left_behind(census))
    seen = census.serving.known and all(s.groups.known and s.committed_at.known for s in census.sites)
    return document(
        "Clients",
        {
            "serving": census.serving.value,
            "since": census.since and census.since.isoformat(),
            "complete": False if left else True if seen else None,
            "sites": [_site(each, census) for each in census.sites if only in (None, each.site)],
            "leftBehind": [{"detail": each.detail, "remedy": each.remedy} for each in left],
            "staying": [{"detail": each.detail, "remedy": each.remedy} for each in staying(census)],
            "notKnown": [each._asdict() for each in unseen_clients(census)],
        },
    )


def _site(site: SiteClients, census: Census) -> dict[str, Any]:
    told = {"name": site.site, "software": _software(site)}
    if site.groups.value is None:
        commits = {group: at.isoformat() for group, at in sorted((site.committed_at.value or {}).items())}
        return told | {"groups": None, "unknown": site.groups.unknown, "lastCommits": commits}
    return told | {"groups": [_group(site, g, census) for _, g in sorted(site.groups.value.items())]}


def _software(site: SiteClients) -> list[dict[str, Any]] | None:
    """By connections, as the brokers' metrics tell; None where they are not known."""
    if site.connected is None or site.connected.value is None:
        return None
    return [
        {
            "listener": each.listener,
            "software": each.software,
            "version": each.version,
            "connections": each.connections,
            "follows": follows(each.software, each.version).value,
            "checksCluster": checks_cluster(each.software, each.version),
        }
        for each in site.connected.value
    ]


def _group(site: SiteClients, group: Group, census: Census) -> dict[str, Any]:
    at = (site.committed_at.value or {}).get(group.name)
    return {
        "name": group.name,
        "state": group.state.value,
        "protocol": group.protocol.value,
        "lastCommit": at and at.isoformat(),
        "members": [_member(member, census) for member in group.members],
    }


def _member(member: Member, census: Census) -> dict[str, Any]:
    known = software_of(member.client_id, census.software)
    return {
        "id": member.member_id,
        "staticId": member.instance_id,
        "clientId": member.client_id,
        "host": member.host,
        "software": known and known.software,
        "version": known and known.version,
        "follows": follows(known.software, known.version).value if known else "unknown",
        "checksCluster": checks_cluster(known.software, known.version) if known else None,
    }
