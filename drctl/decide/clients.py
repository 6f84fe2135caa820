"""Clients judged: who should have left a site, and whose software does not go to another one by itself."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from drctl.decide.equality import Unseen
from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.clients import Census, ClientSoftware, SiteClients
from drctl.model.session import Group, Member
from drctl.model.wording import counted


class Follows(StrEnum):
    """Whether a client asks its bootstrap servers again once it lost its brokers (KIP-899, KIP-1102)."""

    YES = "yes"
    IF_SET = "only with metadata.recovery.strategy=rebootstrap"
    ONCE_ALL_ARE_GONE = "only once none of the brokers it knows can be reached"
    NO = "no: restart it"
    UNKNOWN = "unknown"


LIBRDKAFKA = re.compile(r"librdkafka|confluent-kafka-(python|go|dotnet|javascript)|rdkafka")
INSIDE = re.compile(r"rdkafka-v?(\d+(?:\.\d+)*)")


def follows(software: str, version: str) -> Follows:
    """Return what is known of that software; names as clients tell brokers (``client.software.name``)."""
    name = software.lower()
    if LIBRDKAFKA.search(name):
        inside = INSIDE.search(version.lower())
        number = _number(inside[1] if inside else version)
        if not number:
            return Follows.UNKNOWN
        # KIP-899 came in 2.10; up to 2.15 (issue 5605) brokers that were learned are preferred while any is connected.
        return Follows.NO if number < (2, 10) else Follows.ONCE_ALL_ARE_GONE if number < (2, 16) else Follows.YES
    number = _number(version)
    # Java's clients have KIP-899 since 3.8, turned off; KIP-1102 turns it on in 4.0.
    if name == "apache-kafka-java" and number:
        return Follows.NO if number < (3, 8) else Follows.IF_SET if number < (4, 0) else Follows.YES
    return Follows.UNKNOWN


def checks_cluster(software: str, version: str) -> bool | None:
    """Whether a client notices that a broker which answers it is another cluster's, and bootstraps again (KIP-1242).

    It does where that is not turned off (``metadata.cluster.check.enable``). None where that is not known of it.
    """
    number = _number(version)
    return number >= (4, 4) if software.lower() == "apache-kafka-java" and number else None


def software_of(client_id: str, known: Sequence[ClientSoftware]) -> ClientSoftware | None:
    """The plan file's entry for that client: the longest pattern counts."""
    return max((each for each in known if each.is_for(client_id)), key=lambda each: len(each.client_id), default=None)


def left_behind(census: Census) -> Iterator[Blocker]:
    """Who is, or commits, at a site that does not serve. As long as there is one, the move is not complete."""
    serving = census.serving.value
    for site in census.sites if serving else ():
        if site.site != serving:
            yield from _left_at(site, census)


def staying(census: Census) -> Iterator[Blocker]:
    """Clients at work whose software, as the plan file or the brokers' metrics tell, does not follow by itself."""
    for site in census.sites:
        yield from _connected_and_staying(site)
        for name, group in sorted((site.groups.value or {}).items()):
            for member in group.members:
                known = software_of(member.client_id, census.software)
                way = follows(known.software, known.version) if known else Follows.UNKNOWN
                if known and way is not Follows.YES:
                    what = f"{member.client_id} at {member.host} ({known.software} {known.version})"
                    detail = f"{site.site}: {name}: {what} follows to another site: {way.value}"
                    yield Blocker(Rule.CLIENT_STAYS, detail, "plan a restart of it, or a newer client, for the move")


def _connected_and_staying(site: SiteClients) -> Iterator[Blocker]:
    """By what the brokers count: also producers, and clients that the plan file does not name."""
    for each in (site.connected.value or ()) if site.connected is not None else ():
        way = follows(each.software, each.version)
        if way not in (Follows.YES, Follows.UNKNOWN):
            at = f" at listener {each.listener}" if each.listener else ""
            what = f"{counted(each.connections, 'connection')} of {each.software} {each.version}{at}"
            detail = f"{site.site}: {what} follow to another site: {way.value}"
            remedy = "find whose they are in the brokers' request log; plan a restart of them, or a newer client"
            yield Blocker(Rule.CLIENT_STAYS, detail, remedy)


def unseen_clients(census: Census) -> Iterator[Unseen]:
    """Return what nobody tells of the clients."""
    for site in census.sites:
        readings = ("groups", site.groups), ("last commits", site.committed_at), ("client software", site.connected)
        for what, reading in readings:
            if reading is not None and not reading.known:
                yield Unseen(f"{what} at {site.site}", at_site(site.site, reading.unknown))
        if site.synced and site.site != census.serving.value and site.committed_at.known:
            why = "group-offset sync commits there, too; groups that others use it counts in drctl_group_sync_groups"
            yield Unseen(f"whose the last commits at {site.site} are", why)
    if not census.serving.known:
        yield Unseen("the site that serves", census.serving.unknown)
    nameless = {m.client_id for m in _members(census) if software_of(m.client_id, census.software) is None}
    if nameless:
        shown = ", ".join(sorted(nameless)[:8])
        yield Unseen(
            "software of " + shown,
            "clients tell it to brokers, and no request tells it on: see the brokers' metrics (socket-server-metrics by"
            " clientSoftwareName; brokerMetrics of the plan file), which count it by connection, or their request log,"
            " and name it under spec.clients of the plan file",
        )
    yield Unseen("producers, and consumers without a group", "no request of Kafka's Python client lists them")


def in_words(group: Group) -> str:
    """How many members a group has, and who they are: client ids with their hosts, eight of them at most."""
    who = ", ".join(sorted({f"{m.client_id} at {m.host}" for m in group.members})[:8])
    return f"{counted(len(group.members), 'member')}: {who}"


def _left_at(site: SiteClients, census: Census) -> Iterator[Blocker]:
    away = census.away.get(site.site, ())
    for name, group in sorted((site.groups.value or {}).items()):
        if group.members and name not in away:
            detail = f"{site.site}: {name}: {in_words(group)}"
            yield Blocker(Rule.CLIENTS_LEFT, detail, f"restart them: they belong to {census.serving.value}")
    for name, at in sorted((site.committed_at.value or {}).items()) if not site.synced else ():
        members = (site.groups.value or {}).get(name)
        # By the time of the commit: that a group has positions there says nothing, as brokers keep them for
        # days behind its last one (offsets.retention.minutes). Who has members was named already.
        late = census.since is not None and at > census.since and name not in away
        if late and not (members and members.members):
            detail = f"{site.site}: {name}: it committed at {at:%H:%M:%S} UTC, after {census.serving.value} was opened"
            yield Blocker(Rule.CLIENTS_LEFT, detail, "find who did, and point it over")


def _members(census: Census) -> Iterator[Member]:
    for site in census.sites:
        for group in (site.groups.value or {}).values():
            yield from group.members


def _number(version: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()
