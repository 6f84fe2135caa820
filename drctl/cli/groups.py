"""drctl groups."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, override

import click

from drctl.cli.handover import handover, undo
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site
from drctl.cli.world import opened
from drctl.errors import NotFound
from drctl.model.offsets import Checkpoint, TopicPartition
from drctl.model.session import GroupProtocol, GroupState
from drctl.model.translation import Answer, Translated
from drctl.plans.images import Images
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.selection import handed_over, narrowed
from drctl.ports import Clock, Positions, World
from drctl.ports.asking import decided

type Checkpoints = dict[str, dict[TopicPartition, Checkpoint]]


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
    with opened(plan_file) as world:
        found = _listed(world)
    if output in ("json", "yaml"):
        show_document(document("Groups", {"groups": found}), output)
        return
    sites = sorted({site for group in found for site in group["sites"]})
    columns = ["GROUP", *(f"{s.upper()}: {what}" for s in sites for what in ("STATE", "MEMBERS", "POSITIONS")), "MOVES"]
    rows = []
    for group in found:
        row: list[object] = [group["name"]]
        for site in sites:
            there = group["sites"][site]
            positions = "unknown (a transaction is open)" if there["positions"] is None else there["positions"]
            row += [f"{there['protocol']} {there['state']}", there["members"], positions]
        rows.append([*row, group["moves"]])
    show_table("Groups", columns, rows)


@command.command("show")
@output_option
@click.argument("group")
@click.pass_obj
def show(plan_file: Path, output: str, group: str) -> None:
    """Show one group on both sites: members with static ids and assignments, and its positions."""
    with opened(plan_file) as world:
        found = {name: _shown(site.positions, group, world.clock) for name, site in sorted(world.sites.items())}
        moves = _moves(world).get(group, "not moved: the plan file does not name it")
    if all(there["state"] == GroupState.DEAD.value for there in found.values()):
        raise NotFound(f"no site has a group {group}", remedy="see 'drctl groups list'")
    if output in ("json", "yaml"):
        show_document(document("Group", {"name": group, "moves": moves, "sites": found}), output)
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
    with opened(plan_file) as world:
        source, to = direction(world, target or other_site(world))
        groups = narrowed(world, groups=chosen).plan.groups
        answers = translate_groups(world, source, to, groups)
        theirs = _checkpoints(world, source, to, answers)
    if output in ("json", "yaml"):
        show_document(_document(source, to, answers, theirs), output)
    else:
        title = f"Positions at {source} and translated to {to}"
        columns = ("GROUP", "PARTITION", source.upper(), to.upper(), "MM2", "COMPARED", "PROOF")
        show_table(title, columns, _rows(answers, theirs))
    refused = sum(not isinstance(a, Translated) for found in answers.values() for a in found.values())
    if refused:
        echo(f"{refused} positions cannot be proven", err=True)
        raise click.exceptions.Exit(10)


def _listed(world: World) -> list[dict[str, Any]]:
    names = set(world.plan.groups)
    for site in world.sites.values():
        names |= site.positions.groups().keys()
    moves, found = _moves(world), {name: dict[str, Any]() for name in sorted(names)}
    for name, site in world.sites.items():
        kinds, described = site.positions.groups(), site.positions.describe(names)
        held_now, pending = decided(site.positions, names, world.clock)
        for group, held in held_now.items():
            seen = described[group]
            protocol = kinds.get(group, seen.protocol)
            state = seen.state if protocol is not GroupProtocol.OTHER else GroupState.UNKNOWN
            found[group][name] = {
                "protocol": protocol.value if group in kinds else "-",
                "state": state.value if group in kinds else "absent",
                "members": len(seen.members),
                "positions": len(held) if group not in pending else None,
            }
    return [
        {"name": group, "moves": moves.get(group, "not in the plan file"), "sites": there}
        for group, there in found.items()
    ]


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
        "state": seen.state.value,
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


def _checkpoints(world: World, source: str, target: str, answers: Answers) -> Checkpoints:
    """MirrorMaker 2's own, by the source's partitions."""
    try:
        found = world.links[source, target].mappings.checkpoints(answers)
    except NotFound:
        return {}
    image = Images(world, source, target).of
    return {
        group: {p: found[group][image(p)] for p in positions if image(p) in found[group]}
        for group, positions in answers.items()
        if group in found
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
        return answer.offset, answer.compared, answer.proof.value
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
