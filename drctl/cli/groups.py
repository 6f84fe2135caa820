"""drctl groups."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, override

import click

from drctl.cli.handover import handover, undo
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.translate import translate
from drctl.cli.wording import state_word
from drctl.cli.world import opened
from drctl.errors import NotFound, Unreachable
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.reading import Reading
from drctl.model.session import IMMOVABLE, Group, GroupProtocol, GroupState, Member
from drctl.monitors import UNHURRIED, SideBySide, after, hurried
from drctl.plans.selection import handed_over
from drctl.plans.sink_groups import ask_ahead
from drctl.ports import Clock, ConsumerGroups, World
from drctl.ports.asking import decided

type Decided = tuple[Mapping[str, Mapping[TopicPartition, Committed]], Mapping[str, Collection[TopicPartition]]]
"""Positions by group, and the partitions in which a transaction hides a group's."""


class Verbs(click.Group):
    """Without a verb it is ``translate``."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and not args:  # a shell asks what may come here
            return super().parse_args(ctx, args)
        names_a_verb = args and (args[0] in ctx.help_option_names or not args[0].startswith("-"))
        if not names_a_verb and self.commands.keys().isdisjoint(args):
            args = ["translate", *args]
        return super().parse_args(ctx, args)


@click.group("groups", cls=Verbs)
def command() -> None:
    """Groups and their positions on both sites; without a verb: translate."""


command.add_command(handover)
command.add_command(undo)
command.add_command(translate)


@command.command("list")
@output_option
@click.pass_obj
def list_(plan_file: Path, output: str) -> None:
    """Show every group of both sites: how it works there, with how many members and positions, and what moves it.

    Exits 6 within ten seconds where a site does not tell all of it: what the others tell is shown.
    """
    with opened(plan_file, looking=True) as world:
        ask_ahead(world)
        found, silent = _listed(hurried(world))
        unknown = {sink: each.unknown for sink, each in sorted(world.plan.unknown_sinks.items())}
    if output in ("json", "yaml"):
        show_document(document("Groups", {"groups": found, "unknownSites": silent, "unknownSinks": unknown}), output)
        _tell_silent(silent)
        return
    sites = sorted({site for group in found for site in group["sites"]})
    columns = ["GROUP", *(f"{s.upper()}: {what}" for s in sites for what in ("STATE", "MEMBERS", "POSITIONS")), "MOVES"]
    rows = []
    for group in found:
        row: list[object] = [group["name"]]
        for site in sites:
            there = group["sites"][site]
            if there is None:
                row += ["unknown", "unknown", "unknown"]
                continue
            positions = "unknown" if site in silent else "unknown (a transaction is open)"
            row += [f"{there['protocol']} {there['state']}", _or(there["members"]), _or(there["positions"], positions)]
        rows.append([*row, group["moves"]])
    show_table("Groups", columns, rows)
    for sink, why in unknown.items():
        echo(f"sink {sink}: the group that it reads as is unknown: {why}")
    _tell_silent(silent)


@command.command("show")
@output_option
@click.argument("group")
@click.pass_obj
def show(plan_file: Path, output: str, group: str) -> None:
    """Show one group on both sites: members with static ids and assignments, and its positions.

    Exits 6 within ten seconds where a site does not tell all of it: what is known is shown.
    """
    with opened(plan_file, looking=True) as whole:
        world = hurried(whole)
        looks = SideBySide(world.clock, UNHURRIED)
        begun = {
            name: (
                looks.begin(partial(_described, site.positions, group)),
                looks.begin(partial(_held, site.positions, group, world.clock)),
            )
            for name, site in sorted(world.sites.items())
        }
        seen = {name: (described(), held()) for name, (described, held) in begun.items()}
        kinds = {each.value.immovable for each, _ in seen.values() if each.value is not None and each.value.immovable}
        named = _moves(world).get(group, "not moved: the plan file does not name it")
        moves = f"not moved: {', '.join(sorted(kinds))}" if kinds else named
    told = {name: (described, held) for name, (described, held) in seen.items() if described.known or held.known}
    found = {name: _shown(*each) for name, each in told.items()}
    silent = {name: part.unknown for name, each in seen.items() for part in each if not part.known}
    if found and all(there["state"] == state_word(GroupState.DEAD) for there in found.values()) and not silent:
        raise NotFound(f"no site has a group {group}", remedy="see 'drctl groups list'")
    if output in ("json", "yaml"):
        body = {"name": group, "moves": moves, "sites": found, "unknownSites": silent}
        show_document(document("Group", body), output)
        _tell_silent(silent)
        return
    for name, there in found.items():
        title = f"{group} at {name}: {there['protocol']}, {there['state']}"
        members = there["members"] or ()
        assigned = {p: m for m in members for p in m["assigned"]}
        rows = [
            (
                position["topic"],
                position["partition"],
                _or(position["position"]),
                position["metadata"],
                *_owner(assigned.pop(f"{position['topic']}-{position['partition']}", None)),
            )
            for position in there["positions"] or ()
        ]
        lacking = "unknown" if there["positions"] is None else "none"
        rows += [(name, "", lacking, "", *_owner(member)) for name, member in sorted(assigned.items())]
        rows += [("", "", "", "", *_owner(m)) for m in members if not m["assigned"]]
        show_table(title, ("TOPIC", "PARTITION", "POSITION", "METADATA", "MEMBER", "STATIC ID", "CLIENT"), rows)
        echo()
    echo(f"{group}: {moves}")
    _tell_silent(silent)


def _listed(world: World) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Every group with how it stands at each site, and the sites that did not tell all of it, with why.

    Each site is asked for its groups and then for how they stand, whatever the others do.
    """
    looks, seen = SideBySide(world.clock, UNHURRIED), {}
    for name, site in world.sites.items():
        kinds = looks.begin(site.positions.groups)
        described = after(looks, kinds, partial(_all_described, site.positions))
        held = after(looks, kinds, partial(_all_held, site.positions, world.clock))
        seen[name] = (kinds, described, held)
    told = {name: _SiteGroups(kinds(), described(), held()) for name, (kinds, described, held) in seen.items()}
    names = set(world.plan.groups).union(*(each.kinds.value or () for each in told.values()))
    moves = _moves(world)
    for each in told.values():
        moves |= {name: f"not moved: {IMMOVABLE[kind]}" for name, kind in each.listed().items() if kind in IMMOVABLE}

    def row(group: str) -> dict[str, Any]:
        sites = {name: each.stands(group) for name, each in told.items()}
        return {"name": group, "moves": moves.get(group, "not in the plan file"), "sites": sites}

    found = list(map(row, sorted(names)))
    return found, {name: each.unknown for name, each in told.items() if each.unknown}


def _all_described(positions: ConsumerGroups, found: Mapping[str, GroupProtocol]) -> Mapping[str, Group]:
    return positions.describe(found)


def _all_held(positions: ConsumerGroups, clock: Clock, found: Mapping[str, GroupProtocol]) -> Decided:
    return decided(positions, found, clock)


class _SiteGroups(NamedTuple):
    """Hold what one site told of its groups: which there are, how they stand, and their positions."""

    kinds: Reading[Mapping[str, GroupProtocol]]
    described: Reading[Mapping[str, Group]]
    held: Reading[Decided]

    @property
    def unknown(self) -> str:
        """Why not all of it is known; empty if it is."""
        return self.kinds.unknown or self.described.unknown or self.held.unknown

    def listed(self) -> Mapping[str, GroupProtocol]:
        """The groups there with their kinds; none where that is not known."""
        return self.kinds.value or {}

    def stands(self, group: str) -> dict[str, Any] | None:
        """How a group stands there, unknown parts None; None where it is not even known whether it exists."""
        if self.kinds.value is None:
            return None
        protocol = self.kinds.value.get(group)
        if protocol is None:
            return {"protocol": "-", "state": state_word(GroupState.DEAD), "members": 0, "positions": 0}
        seen = None if self.described.value is None else self.described.value[group]
        state = GroupState.UNKNOWN if seen is None or protocol is GroupProtocol.OTHER else seen.state
        held, pending = self.held.value or ({}, {group: ()})
        return {
            "protocol": protocol.value,
            "state": state_word(state),
            "members": len(seen.members) if seen and protocol not in IMMOVABLE else None,
            "positions": None if group in pending else len(held[group]),
        }


def _tell_silent(silent: Mapping[str, str]) -> None:
    """Tell which sites did not answer; ends the command with 6, for what was shown is not all."""
    for name, why in silent.items():
        echo(f"{name} is unknown: {why}", err=True)
    if silent:
        raise click.exceptions.Exit(Unreachable.exit_code)


def _moves(world: World) -> dict[str, str]:
    """Return what moves each of the plan's groups."""
    moves = dict.fromkeys(world.plan.groups, "with a switchover")
    for site in world.sites:
        moves |= {group: f"was handed over to {site} by run {run}" for group, run in handed_over(world, site).items()}
    return moves


def _described(positions: ConsumerGroups, group: str) -> Group:
    return positions.describe([group])[group]


def _held(positions: ConsumerGroups, group: str, clock: Clock) -> Decided:
    return decided(positions, [group], clock)


def _shown(described: Reading[Group], held: Reading[Decided]) -> dict[str, Any]:
    """How a group stands at one site; what is not known of it is None."""
    seen = described.value
    state = GroupState.UNKNOWN if seen is None else seen.state
    return {
        "protocol": "unknown" if seen is None else seen.protocol.value,
        "state": state_word(state),
        "members": None if seen is None or seen.immovable else [_member(each) for each in seen.members],
        "positions": None if held.value is None else list(_positions(*held.value)),
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.member_id,
        "staticId": member.instance_id,
        "clientId": member.client_id,
        "host": member.host,
        "assigned": sorted(map(str, member.assignment)),
    }


def _positions(
    held: Mapping[str, Mapping[TopicPartition, Committed]], pending: Mapping[str, Collection[TopicPartition]]
) -> Iterator[dict[str, Any]]:
    for positions in held.values():
        for partition, committed in sorted(positions.items()):
            yield {
                "topic": partition.topic,
                "partition": partition.partition,
                "position": committed.offset,
                "metadata": committed.metadata,
            }
    for partition in sorted(partition for partitions in pending.values() for partition in partitions):
        yield {
            "topic": partition.topic,
            "partition": partition.partition,
            "position": None,
            "metadata": "a transaction is open",
        }


def _or(value: object, unknown: str = "unknown") -> object:
    return unknown if value is None else value


def _owner(member: dict[str, Any] | None) -> tuple[object, ...]:
    return (
        (member["id"], member["staticId"] or "", f"{member['clientId']} {member['host']}") if member else ("", "", "")
    )
