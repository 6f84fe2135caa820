"""drctl groups translate."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, is_routing_known, other_site, refuse_back_into
from drctl.cli.world import opened
from drctl.errors import DeadlinePassed, DrctlError, NotFound
from drctl.model.offsets import Checkpoint, Committed, TopicPartition
from drctl.model.translation import Exact, Proof, Translation
from drctl.model.wording import counted
from drctl.monitors import UNHURRIED, SideBySide, after, hurried
from drctl.monitors.sites import A_MOMENT
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.selection import narrowed
from drctl.plans.sink_groups import ask_ahead, known_soon
from drctl.ports import World
from drctl.ports.asking import decided

type Checkpoints = dict[str, dict[TopicPartition, Checkpoint]]
type Written = Mapping[str, Mapping[TopicPartition, Checkpoint]]

TOLD_SOON = 0.5
"""Seconds for Connect workers to name the groups of the sinks: by then all are read in one go."""

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
    proven. Where a site is silent it takes less than ten seconds, shows what the other one tells, and exits 6.
    """
    with opened(plan_file, looking=True) as whole:
        ask_ahead(whole)
        world = hurried(whole)
        source, to = direction(world, target or other_site(world))
        if is_routing_known(world):
            refuse_back_into(world, source, to)
        seen = _all_seen([_look(world, source, to, groups) for groups in _in_parts(world, chosen)])
        unsure = {} if chosen else world.plan.unknown_sinks
        unknown = {sink: each.unknown for sink, each in sorted(unsure.items())}
    for sink, why in unknown.items():
        echo(f"sink {sink}: the group that it reads as is unknown: {why}", err=True)
    if output in ("json", "yaml"):
        show_document(_document(seen) | {"unknownSinks": unknown}, output)
    else:
        title = f"Positions at {source} and translated to {to}"
        columns = ("GROUP", "PARTITION", source.upper(), to.upper(), "MM2", "COMPARED", "PROOF")
        show_table(title, columns, _rows(seen))
    if seen.failure is not None:
        raise seen.failure
    refused = sum(not isinstance(a, Exact) for found in seen.answers.values() for a in found.values())
    if refused:
        echo(f"{counted(refused, 'position')} cannot be proven", err=True)
        raise click.exceptions.Exit(10)


class Untranslated(NamedTuple):
    """A position at one of the sites, None at the other one if that tells none; nobody can tell the translation.

    Where nothing at all is known of a group its ``partition`` is None.
    """

    group: str
    partition: TopicPartition | None
    here: int | None
    there: int | None
    mirrormaker: int | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hold what was seen by the deadline: the answers, or why there are none and what the sites told all the same."""

    source: str
    target: str
    answers: Answers = field(default_factory=dict)
    theirs: Checkpoints = field(default_factory=dict)
    failure: DrctlError | None = None
    unknown_sites: Mapping[str, str] = field(default_factory=dict)
    untranslated: tuple[Untranslated, ...] = ()

    @property
    def why(self) -> str:
        """Why nothing is translated."""
        return str(self.failure or "")


def _in_parts(world: World, chosen: Collection[str]) -> Iterator[Collection[str]]:
    """The groups; those of the sinks after all others where their Connect workers take long to tell."""
    own = world.plan.own_groups
    if chosen:
        yield chosen if set(chosen) <= set(own) else narrowed(world, groups=chosen).plan.groups
    elif known_soon(world, TOLD_SOON):
        yield world.plan.groups
    else:
        yield own
        if late := [group for group in world.plan.groups if group not in own]:
            yield late


def _all_seen(parts: list[_Seen]) -> _Seen:
    seen, *more = parts
    for each in more:
        seen = replace(
            seen,
            answers={**seen.answers, **each.answers},
            theirs={**seen.theirs, **each.theirs},
            failure=seen.failure or each.failure,
            unknown_sites={**seen.unknown_sites, **each.unknown_sites},
            untranslated=seen.untranslated + each.untranslated,
        )
    return seen


def _look(world: World, source: str, target: str, groups: Collection[str]) -> _Seen:
    """Ask both sites side by side, and translate meanwhile."""
    failures: list[DrctlError] = []

    def noted[T](question: Callable[[], T]) -> T:
        try:
            return question()
        except DrctlError as error:
            failures.append(error)
            raise

    looks = SideBySide(world.clock, UNHURRIED)
    # Theirs first: a checkpoint that was written while ours are read would lie above them, and look like a skip.
    written = looks.begin(lambda: noted(lambda: _checkpoints(world, source, target, groups)))
    translating = after(looks, written, lambda _: noted(lambda: translate_groups(world, source, target, groups)))
    held = {name: looks.begin(partial(_held, world, name, groups)) for name in (source, target)}
    answers, theirs = translating(), written().value or {}
    if answers.value is not None:
        return _Seen(source, target, answers.value, _by_partition_here(world, source, target, answers.value, theirs))
    silent = {name: seen.unknown for name, look in held.items() if not (seen := look()).known}
    failure = failures[0] if failures else DeadlinePassed(f"positions of {source} at {target}: {answers.unknown}")
    here, there = (held[name]().value for name in (source, target))
    left = tuple(_untranslated(Images(world, source, target), here, there or {name: {} for name in groups}, theirs))
    return _Seen(source, target, failure=failure, unknown_sites=silent, untranslated=left)


def _held(world: World, site: str, groups: Collection[str]) -> Held:
    found, _ = decided(world.sites[site].positions, groups, world.clock, A_MOMENT)
    topics = world.plan.topics_at(site)
    held: dict[str, dict[TopicPartition, Committed]] = {}
    for group, positions in found.items():
        held[group] = {partition: each for partition, each in sorted(positions.items()) if partition.topic in topics}
    return held


def _untranslated(images: Images, here: Held | None, there: Held, theirs: Written) -> Iterator[Untranslated]:
    """Return what was seen of each position, by its place at the source, or at the target if only that one answers."""
    for group, positions in sorted((there if here is None else here).items()):
        if not positions and here is None:
            yield Untranslated(group, None, None, None, None)
        for tp, committed in positions.items():
            copied = tp if here is None else images.of(tp)
            other, checkpoint = there.get(group, {}).get(copied), theirs.get(group, {}).get(copied)
            yield Untranslated(
                group,
                tp,
                None if here is None else committed.offset,
                None if other is None else other.offset,
                None if checkpoint is None else checkpoint.downstream,
            )


def _checkpoints(world: World, source: str, target: str, groups: Collection[str]) -> Written:
    """Return MirrorMaker 2's own by the target's partitions; none where it never wrote any."""
    try:
        return world.links[source, target].mappings.checkpoints(groups)
    except NotFound:
        return {}


def _by_partition_here(world: World, source: str, target: str, answers: Answers, written: Written) -> Checkpoints:
    image = Images(world, source, target).of
    found: dict[str, dict[TopicPartition, Checkpoint]] = {}
    for group, positions in answers.items():
        if (there := written.get(group)) is not None:
            found[group] = {partition: there[image(partition)] for partition in positions if image(partition) in there}
    return found


def _rows(seen: _Seen) -> Iterator[tuple[object, ...]]:
    for each in seen.untranslated:
        stands = "" if each.there is None else f"at {seen.target} it stands at {each.there}; "
        here, mm2 = _or(each.here, "unknown"), _or(each.mirrormaker, "none")
        yield (each.group, each.partition or "", here, "unknown", mm2, "", f"{stands}not translated, see below")
    for group, found in sorted(seen.answers.items()):
        if not found:
            yield (group, "", "", "", "", "", "the group has no position here")
        for tp, answer in sorted(found.items()):
            checkpoint = seen.theirs.get(group, {}).get(tp)
            mm2 = checkpoint.downstream if checkpoint else "none"
            there, compared, proof = _told(answer)
            yield (group, tp, "unknown" if answer.position < 0 else answer.position, there, mm2, compared, proof)


def _or(value: int | None, word: str) -> object:
    return word if value is None else value


def _told(answer: Translation) -> tuple[object, object, str]:
    if isinstance(answer, Exact):
        proof = answer.proof.value if answer.compared else UNCOMPARED.get(answer.proof, answer.proof.value)
        return answer.offset, answer.compared, proof
    early = "" if answer.conservative is None else f"; {answer.conservative} skips nothing, repeats ≤ {answer.repeats}"
    return "refused", "", f"{answer.why.value}{f' ({answer.detail})' if answer.detail else ''}{early}"


def _document(seen: _Seen) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]] | None] = {}
    for group, found in sorted(seen.answers.items()):
        theirs = seen.theirs.get(group, {})
        groups[group] = [_position(partition, answer, theirs.get(partition)) for partition, answer in found.items()]
    for each in seen.untranslated:
        if each.partition is None:
            groups[each.group] = None
            continue
        place = {"topic": each.partition.topic, "partition": each.partition.partition, "position": each.here}
        known = {"positionAtTarget": each.there, "mirrorMaker": each.mirrormaker}
        told = {**place, "translated": None, "unknown": seen.why, **known}
        groups[each.group] = [*(groups.get(each.group) or ()), told]
    return document(
        "GroupPositions",
        {
            "source": seen.source,
            "target": seen.target,
            "groups": [{"name": group, "positions": found} for group, found in groups.items()],
            "unknown": seen.why or None,
            "unknownSites": seen.unknown_sites,
        },
    )


def _position(tp: TopicPartition, answer: Translation, checkpoint: Checkpoint | None) -> dict[str, Any]:
    position = None if answer.position < 0 else answer.position
    place = {"topic": tp.topic, "partition": tp.partition, "position": position}
    mm2 = {"mirrorMaker": checkpoint.downstream if checkpoint else None}
    if isinstance(answer, Exact):
        return {**place, "translated": answer.offset, "proof": answer.proof.name, "compared": answer.compared, **mm2}
    refusal = {"translated": None, "refused": answer.why.name, "detail": answer.detail}
    return {**place, **refusal, "conservative": answer.conservative, "repeats": answer.repeats, **mm2}
