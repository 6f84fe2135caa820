"""drctl groups."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, override

import click

from drctl.cli.handover import handover, undo
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site
from drctl.cli.wording import counted, state_word
from drctl.cli.world import opened
from drctl.errors import NotFound, Unreachable
from drctl.model.offsets import Checkpoint, TopicPartition
from drctl.model.session import GroupProtocol, GroupState
from drctl.model.translation import Answer, Proof, Translated
from drctl.monitors import SideBySide
from drctl.plans.images import Images
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.selection import handed_over, narrowed
from drctl.ports import Clock, Positions, World
from drctl.ports.asking import decided

type Checkpoints = dict[str, dict[TopicPartition, Checkpoint]]
type Written = Mapping[str, Mapping[TopicPartition, Checkpoint]]

UNCOMPARED = {
    Proof.COUNTED: "counted from a sync; no record lies in between that could be compared",
    Proof.COUNTED_BACK: "counted back from a later sync; no record lies in between that could be compared",
}
"""The words for a count over transaction markers alone: nothing was seen to be equal there."""


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


@command.command("translate")
@output_option
@click.option("--to", "target", help="The site to translate to; by default the one that clients are not at.")
@click.option("--group", "chosen", multiple=True, help="Only this group; may be given again.")
@click.pass_obj
def translate(plan_file: Path, output: str, target: str | None, chosen: tuple[str, ...]) -> None:
    """Show every position here and translated there, with its proof.

    MM2 is what MirrorMaker 2's own newest checkpoint would give. Nothing is written. Exits 10 if a position cannot be
    proven.
    """
    with opened(plan_file, looking=True) as world:
        source, to = direction(world, target or other_site(world))
        groups = narrowed(world, groups=chosen).plan.groups
        # Theirs first: a checkpoint that was written while ours are read would lie above them, and look like a skip.
        written = _checkpoints(world, source, to, groups)
        answers = translate_groups(world, source, to, groups)
        theirs = _by_partition_here(world, source, to, answers, written)
    if output in ("json", "yaml"):
        show_document(_document(source, to, answers, theirs), output)
    else:
        title = f"Positions at {source} and translated to {to}"
        columns = ("GROUP", "PARTITION", source.upper(), to.upper(), "MM2", "COMPARED", "PROOF")
        show_table(title, columns, _rows(answers, theirs))
    refused = sum(not isinstance(a, Translated) for found in answers.values() for a in found.values())
    if refused:
        echo(f"{counted(refused, 'position')} cannot be proven", err=True)
        raise click.exceptions.Exit(10)


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


def _checkpoints(world: World, source: str, target: str, groups: Collection[str]) -> Written:
    """Return MirrorMaker 2's own by the target's partitions; none where it never wrote any."""
    try:
        return world.links[source, target].mappings.checkpoints(groups)
    except NotFound:
        return {}


def _by_partition_here(world: World, source: str, target: str, answers: Answers, written: Written) -> Checkpoints:
    image = Images(world, source, target).of
    return {
        group: {p: written[group][image(p)] for p in positions if image(p) in written[group]}
        for group, positions in answers.items()
        if group in written
    }


def _rows(answers: Answers, theirs: Checkpoints) -> Iterator[tuple[object, ...]]:
    for group, found in sorted(answers.items()):
        if not found:
            yield (group, "", "", "", "", "", "the group has no position here")
        for tp, answer in sorted(found.items()):
            checkpoint = theirs.get(group, {}).get(tp)
            mm2 = checkpoint.downstream if checkpoint else "none"
            there, compared, proof = _told(answer)
            yield (group, tp, "unknown" if answer.position < 0 else answer.position, there, mm2, compared, proof)


def _told(answer: Answer) -> tuple[object, object, str]:
    if isinstance(answer, Translated):
        proof = answer.proof.value if answer.compared else UNCOMPARED.get(answer.proof, answer.proof.value)
        return answer.offset, answer.compared, proof
    early = "" if answer.conservative is None else f"; {answer.conservative} skips nothing, repeats ≤ {answer.repeats}"
    return "refused", "", f"{answer.why.value}{f' ({answer.detail})' if answer.detail else ''}{early}"


def _document(source: str, target: str, answers: Answers, theirs: Checkpoints) -> dict[str, Any]:
    return document(
        "GroupPositions",
        {
            "source": source,
            "target": target,
            "groups": [
                {
                    "name": group,
                    "positions": [_position(tp, a, theirs.get(group, {}).get(tp)) for tp, a in found.items()],
                }
                for group, found in sorted(answers.items())
            ],
        },
    )


def _position(tp: TopicPartition, answer: Answer, checkpoint: Checkpoint | None) -> dict[str, Any]:
    position = None if answer.position < 0 else answer.position
    place = {"topic": tp.topic, "partition": tp.partition, "position": position}
    mm2 = {"mirrorMaker": checkpoint.downstream if checkpoint else None}
    if isinstance(answer, Translated):
        return {**place, "translated": answer.offset, "proof": answer.proof.name, "compared": answer.compared, **mm2}
    refusal = {"translated": None, "refused": answer.why.name, "detail": answer.detail}
    return {**place, **refusal, "conservative": answer.conservative, "repeats": answer.repeats, **mm2}
