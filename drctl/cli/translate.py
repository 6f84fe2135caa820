"""drctl groups translate."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site, refuse_back_into
from drctl.cli.wording import counted
from drctl.cli.world import opened
from drctl.errors import NotFound
from drctl.model.offsets import Checkpoint, TopicPartition
from drctl.model.translation import Answer, Proof, Translated
from drctl.plans.images import Images
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.selection import narrowed
from drctl.ports import World

type Checkpoints = dict[str, dict[TopicPartition, Checkpoint]]
type Written = Mapping[str, Mapping[TopicPartition, Checkpoint]]

UNCOMPARED = {
    Proof.COUNTED: "counted from a sync; no record lies in between that could be compared",
    Proof.COUNTED_BACK: "counted back from a later sync; no record lies in between that could be compared",
}
"""The words for a count over transaction markers alone: nothing was seen to be equal there."""


@click.command("translate")
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
        refuse_back_into(world, source, to)
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
