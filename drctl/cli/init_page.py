"""The plan file that drctl init writes: what was found, and a comment wherever a person must decide."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drctl.model.session import IMMOVABLE
from drctl.model.survey import Proposal, ProposedLink
from drctl.redaction import printable, without_login

DECIDE = "DECIDE"
"""Begins every comment behind which a decision is due."""


@dataclass(frozen=True, slots=True)
class SitePlace:
    """How a site is reached, as the plan file is to say it; ``canary_given`` unless drctl's own login stands in."""

    name: str
    bootstrap_servers: str
    properties: str
    canary: str
    canary_given: bool
    connect_url: str


def plan_text(found: Proposal, name: str, places: Iterable[SitePlace]) -> str:
    """The plan file as text, which :func:`drctl.config.load` takes."""
    return "\n".join((*_head(found, name), *_sites(found, places), *_links(found), *_work(found), *_rest(), ""))


def link_file(link: ProposedLink) -> str:
    """Where a link's connectors are defined, beside the plan file."""
    return f"links/{link.source}-to-{link.target}.json"


def link_text(link: ProposedLink) -> str:
    """A link's connectors as JSON."""
    return json.dumps(link.connectors, indent=2, ensure_ascii=False) + "\n"


def decisions(text: str) -> int:
    """How many decisions a plan file asks for."""
    return text.count(f"# {DECIDE}")


def _head(found: Proposal, name: str) -> Iterator[str]:
    yield f"# Written by drctl init from what {found.primary} and {found.standby} showed; neither was changed."
    yield f"# Look for {DECIDE}: there a person has to say what no site tells. Then: drctl validate, drctl doctor,"
    yield "# drctl plan switchover. Every key: docs/plan-file.md."
    yield "apiVersion: drctl.io/v1alpha1"
    yield "kind: DisasterRecoveryPlan"
    yield f"metadata: {{name: {_text(name)}}}"
    yield "spec:"


def _sites(found: Proposal, places: Iterable[SitePlace]) -> Iterator[str]:
    yield "  sites:"
    for each in places:
        users = found.super_users[each.name]
        yield f"    - name: {_text(each.name)}"
        if users is None:
            yield from _asked(
                6, "its brokers keep super.users to themselves: no application may be one, or no fence binds it"
            )
        else:
            yield from _noted(6, f"super users, whom no fence binds: {', '.join(sorted(users)) or 'none'}")
        yield "      kafka:"
        yield f"        bootstrapServers: {_text(each.bootstrap_servers)}"
        yield f"        clientProperties: {_text(each.properties)}"
        if not each.canary_given:
            yield from _asked(
                8, "an ordinary user that may write to the canary's topic only; drctl's own stands here instead"
            )
        if each.name in found.canary_topic_missing:
            yield from _asked(8, f"topic {found.canary_topic} does not exist here: create it, one partition")
        yield f"        canary: {{clientProperties: {_text(each.canary)}, topic: {_text(found.canary_topic)}}}"
        shown = without_login(each.connect_url)
        if shown != each.connect_url:
            yield from _asked(
                6, "the address had a login or a query, which is not written here: put it in, or do without"
            )
        yield f"      connect: {{url: {_text(shown)}}}"
        if platform := found.platform[each.name]:
            yield from _asked(
                6, "these write topics and none that moves: leave those who are no part of the platform out"
            )
            yield f"      platformPrincipals: {_list(platform)}"


def _links(found: Proposal) -> Iterator[str]:
    if not found.certain:
        yield from _asked(2, f"both directions run, or none: {found.primary} was taken for the primary")
    yield "  links:"
    for link in found.links:
        yield f"    - name: {_text(_name(f'{link.source}-to-{link.target}'))}"
        yield f"      source: {_text(link.source)}"
        yield f"      target: {_text(link.target)}"
        if link.derived:
            yield from _asked(
                6, "no connectors lead this way: the file is the other direction's, turned around; read it"
            )
        for key in dict.fromkeys(key for _, key in link.hidden):
            of = ", ".join(name for name, hidden in link.hidden if hidden == key)
            yield from _asked(6, f"may be a secret, a reference stands in the file instead: {key} of {of}")
        yield f"      connectors: {_text(link_file(link))}"
        yield from _principal(link)
        if link.prefix:
            yield "      replicationPolicy: default"
            if link.separator != ".":
                yield f"      separator: {_text(link.separator)}"


def _principal(link: ProposedLink) -> Iterator[str]:
    if len(link.principals) != 1:
        others = f"as any of {', '.join(link.principals)}" if link.principals else "as somebody whom nothing told"
        yield from _asked(6, f"MirrorMaker 2 may write at {link.target} {others}")
    who = link.principals[0] if link.principals else "User:mm2"
    yield f"      replicationPrincipal: {_text(who)}"


def _work(found: Proposal) -> Iterator[str]:
    yield from _asked(2, "one workload moves as a whole: make several of what moves apart, and take out what stays")
    yield "  workloads:"
    yield "    - name: everything"
    yield "      topics:"
    for topic in found.topics:
        yield f"        - {_text(topic)}"
        if topic in found.not_there_yet:
            yield from _noted(10, f"no copy of it exists at {found.standby} yet")
    usable = [group for group in found.groups if group.isprintable()]
    yield f"      groups: {'[]' if not usable else ''}".rstrip()
    yield from (f"        - {_text(group)}" for group in usable)
    for group in found.groups:
        if group not in usable:
            yield from _asked(8, f"group {group} has a name that no plan file can hold: it stays behind")
    for group in found.elsewhere:
        yield from _noted(8, f"left out, it has positions in none of these topics: {group}")
    for group, protocol in found.immovable.items():
        yield from _noted(8, f"left out: {group} is {IMMOVABLE[protocol]}")
    named = [sink for sink in found.sinks if sink.isprintable() and "/" not in sink]
    if named:
        yield "      sinks:"
        yield from (f"        - {_text(sink)}" for sink in named)
    for sink in found.sinks:
        if sink not in named:
            yield from _asked(6, f"sink {sink} has a name that no plan file can hold: it stays behind")


def _rest() -> Iterator[str]:
    yield from _asked(2, "what was promised; every switchover and failover is held against it")
    yield "  objectives: {recoveryTime: 15m, recoveryPoint: 1m}"
    yield from _asked(2, "what clients follow: a file as here, or commands (docs/plan-file.md)")
    yield "  clientRouting: {file: client-routing.json}"
    yield from _asked(2, "where runs are remembered: a disk that outlives both sites")
    yield "  state: {file: drctl.sqlite}"


def _name(text: str) -> str:
    """A link's name, which has fewer letters to choose from than a site's."""
    return text.lower().replace("_", "-")[:63]


def _asked(indent: int, text: str) -> Iterator[str]:
    yield f"{' ' * indent}# {DECIDE}: {_line(text)}"


def _noted(indent: int, text: str) -> Iterator[str]:
    yield f"{' ' * indent}# {_line(text)}"


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"
