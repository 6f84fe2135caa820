"""drctl groups."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, output_option, show_document, show_table
from drctl.cli.sites import direction
from drctl.cli.world import opened
from drctl.errors import NotFound
from drctl.model.offsets import Checkpoint, TopicPartition
from drctl.model.translation import Answer, Translated
from drctl.plans.positions import Answers, translate_groups
from drctl.ports import World

type Checkpoints = dict[str, dict[TopicPartition, Checkpoint]]


@click.command("groups")
@output_option
@click.option("--to", "target", help="The site to translate to; by default the one that clients are not at.")
@click.option("--group", "chosen", multiple=True, help="Only this group; may be given again.")
@click.pass_obj
def command(plan_file: Path, output: str, target: str | None, chosen: tuple[str, ...]) -> None:
    """Show every position here and translated there, with its proof.

    MM2 is what MirrorMaker 2's own newest checkpoint would give. Nothing is written. Exits 10 if a position cannot be
    proven.
    """
    with opened(plan_file) as world:
        plan = world.plan
        door = world.front_door.site()
        to = target or next(site.name for site in plan.sites if site.name != door)
        source, to = direction(world, to)
        groups = chosen or plan.groups
        unknown = sorted(set(groups) - set(plan.groups))
        if unknown:
            raise NotFound(
                f"the plan file names no group {', '.join(unknown)}", remedy=f"use one of {', '.join(plan.groups)}"
            )
        answers = translate_groups(world, source, to, groups)
        theirs = _checkpoints(world, source, to, groups)
    if output in ("json", "yaml"):
        show_document(_document(source, to, answers, theirs), output)
    else:
        title = f"Positions at {source} and translated to {to}"
        columns = ("GROUP", "PARTITION", source.upper(), to.upper(), "MM2", "COMPARED", "PROOF")
        show_table(title, columns, _rows(answers, theirs))
    refused = sum(not isinstance(a, Translated) for found in answers.values() for a in found.values())
    if refused:
        click.echo(f"{refused} positions cannot be proven", err=True)
        raise click.exceptions.Exit(10)


def _checkpoints(world: World, source: str, target: str, groups: tuple[str, ...]) -> Checkpoints:
    try:
        found = world.links[source, target].mappings.checkpoints(groups)
    except NotFound:
        return {}
    return {group: dict(theirs) for group, theirs in found.items()}


def _rows(answers: Answers, theirs: Checkpoints) -> Iterator[tuple[object, ...]]:
    for group, found in sorted(answers.items()):
        if not found:
            yield (group, "", "", "", "", "", "the group has no position here")
        for tp, answer in sorted(found.items()):
            checkpoint = theirs.get(group, {}).get(tp)
            mm2 = checkpoint.downstream if checkpoint else "none"
            there, compared, proof = _told(answer)
            yield (group, tp, answer.position, there, mm2, compared, proof)


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
    place = {"topic": tp.topic, "partition": tp.partition, "position": answer.position}
    mm2 = {"mirrorMaker": checkpoint.downstream if checkpoint else None}
    if isinstance(answer, Translated):
        return {**place, "translated": answer.offset, "proof": answer.proof.name, "compared": answer.compared, **mm2}
    refusal = {"translated": None, "refused": answer.why.name, "detail": answer.detail}
    return {**place, **refusal, "conservative": answer.conservative, "repeats": answer.repeats, **mm2}
