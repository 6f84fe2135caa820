"""drctl groups."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, override

import click

from drctl.cli.handover import handover, undo
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.translate import translate
from drctl.cli.wording import state_word
from drctl.cli.world import opened
from drctl.errors import NotFound, Unreachable
from drctl.model.session import GroupProtocol, GroupState
from drctl.monitors import SideBySide
from drctl.plans.selection import handed_over
from drctl.ports import Clock, Positions, World
from drctl.ports.asking import decided


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
    """Show every group of both sites: how it works there, with how many members and positions, and what moves it."""
    with opened(plan_file, looking=True) as world:
        found, silent = _listed(world)
    if output in ("json", "yaml"):
        show_document(document("Groups", {"groups": found, "unknownSites": silent}), output)
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
            positions = "unknown (a transaction is open)" if there["positions"] is None else there["positions"]
            row += [f"{there['protocol']} {there['state']}", there["members"], positions]
        rows.append([*row, group["moves"]])
    show_table("Groups", columns, rows)
    _tell_silent(silent)


@command.command("show")
@output_option
@click.argument("group")
@click.pass_obj
def show(plan_file: Path, output: str, group: str) -> None:
    """Show one group on both sites: members with static ids and assignments, and its positions."""
    with opened(plan_file, looking=True) as world:
        looks = SideBySide(world.clock)
        begun = {
            name: looks.begin(partial(_shown, site.positions, group, world.clock))
            for name, site in sorted(world.sites.items())
        }
        seen = {name: look() for name, look in begun.items()}
        moves = _moves(world).get(group, "not moved: the plan file does not name it")
    found = {name: each.value for name, each in seen.items() if each.value is not None}
    silent = {name: each.unknown for name, each in seen.items() if not each.known}
    if found and all(there["state"] == state_word(GroupState.DEAD) for there in found.values()) and not silent:
        raise NotFound(f"no site has a group {group}", remedy="see 'drctl groups list'")
    if output in ("json", "yaml"):
        body = {"name": group, "moves": moves, "sites": found, "unknownSites": silent}
        show_document(document("Group", body), output)
        _tell_silent(silent)
        return
    for name, there in found.items():
        title = f"{group} at {name}: {there['protocol']}, {there['state']}"
        assigned = {p: m for m in there["members"] for p in m["assigned"]}
        rows = [
            (
                p["topic"],
                p["partition"],
                "unknown" if p["position"] is None else p["position"],
                p["metadata"],
                *_owner(assigned.pop(f"{p['topic']}-{p['partition']}", None)),
            )
            for p in there["positions"]
        ]
        rows += [(name, "", "none", "", *_owner(member)) for name, member in sorted(assigned.items())]
        rows += [("", "", "", "", *_owner(m)) for m in there["members"] if not m["assigned"]]
        show_table(title, ("TOPIC", "PARTITION", "POSITION", "METADATA", "MEMBER", "STATIC ID", "CLIENT"), rows)
        echo()
    echo(f"{group}: {moves}")
    _tell_silent(silent)


def _listed(world: World) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Every group with how it stands at the sites that answer, and the sites that do not, with why."""
    looks = SideBySide(world.clock)
    asked = {name: looks.begin(site.positions.groups) for name, site in world.sites.items()}
    kinds = {name: begun() for name, begun in asked.items()}
    names = set(world.plan.groups).union(*(each.value for each in kinds.values() if each.value))
    described = {
        name: looks.begin(partial(_stands, world, name, names, kind.value or {}))
        for name, kind in kinds.items()
        if kind.known
    }
    seen = {name: begun() for name, begun in described.items()}
    silent = {name: each.unknown for name, each in {**kinds, **seen}.items() if not each.known}
    moves = _moves(world)
    found = [
        {
            "name": group,
            "moves": moves.get(group, "not in the plan file"),
            "sites": {name: each.value[group] if each.value else None for name, each in {**kinds, **seen}.items()},
        }
        for group in sorted(names)
    ]
    return found, silent


def _stands(
    world: World, name: str, names: Collection[str], kinds: Mapping[str, GroupProtocol]
) -> dict[str, dict[str, Any]]:
    """How each of these groups stands at one site."""
    site = world.sites[name]
    described = site.positions.describe(names)
    held_now, pending = decided(site.positions, names, world.clock)
    found = {}
    for group, held in held_now.items():
        seen = described[group]
        protocol = kinds.get(group, seen.protocol)
        state = seen.state if protocol is not GroupProtocol.OTHER else GroupState.UNKNOWN
        found[group] = {
            "protocol": protocol.value if group in kinds else "-",
            "state": state_word(state if group in kinds else GroupState.DEAD),
            "members": len(seen.members),
            "positions": len(held) if group not in pending else None,
        }
    return found


def _tell_silent(silent: Mapping[str, str]) -> None:
    """Tell which sites did not answer; ends the command with 6, for what was shown is not all."""
    for name, why in silent.items():
        echo(f"{name} is unknown: {why}", err=True)
    if silent:
        raise click.exceptions.Exit(Unreachable.exit_code)


def _moves(world: World) -> dict[str, str]:
    """What moves each of the plan's groups."""
    moves = dict.fromkeys(world.plan.groups, "with a switchover")
    for site in world.sites:
        moves |= {group: f"was handed over to {site} by run {run}" for group, run in handed_over(world, site).items()}
    return moves


def _shown(positions: Positions, group: str, clock: Clock) -> dict[str, Any]:
    seen = positions.describe([group])[group]
    held, pending = decided(positions, [group], clock)
    undecided = [
        {"topic": p.topic, "partition": p.partition, "position": None, "metadata": "a transaction is open"}
        for p in sorted(pending.get(group, ()))
    ]
    return {
        "protocol": seen.protocol.value,
        "state": state_word(seen.state),
        "members": [
            {
                "id": m.member_id,
                "staticId": m.instance_id,
                "clientId": m.client_id,
                "host": m.host,
                "assigned": sorted(map(str, m.assignment)),
            }
            for m in seen.members
        ],
        "positions": [
            {"topic": p.topic, "partition": p.partition, "position": c.offset, "metadata": c.metadata}
            for p, c in sorted(held[group].items())
        ]
        + undecided,
    }


def _owner(member: dict[str, Any] | None) -> tuple[object, ...]:
    return (
        (member["id"], member["staticId"] or "", f"{member['clientId']} {member['host']}") if member else ("", "", "")
    )
