"""A drill across the real sites that touches nothing of the workload.

A topic and a group of its own, whose names nobody else has, go the way that a workload's go: records are written at the
active site, a group reads some of them, the link that is there copies them, the group's positions are translated and
proven, it reads on at the other site, and comes home. Nothing is fenced, no connector is changed, the epoch and client
routing stay, and no lease is held, so that nobody waits for a drill: one that meets a run ends.

| what | at the active site | at the other one |
| --- | --- | --- |
| first records; the group reads a part | written, read | copied |
| the group stops; more records; positions proven | written | committed |
| more records; the group reads on, not to the end | written | copied, read |
| positions proven for the way home; the rest | committed, read | |
| what fresh readers find | all of it | all of it |

Killed at any instant it leaves a topic and groups whose names say since when. The next isolated drill takes them away.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from drctl.drills.isolated.gates import hindrances, may_clean_up, require_still_alone
from drctl.drills.isolated.place import PARTITIONS, PRODUCER, CanaryPlace
from drctl.drills.isolated.remains import remove_left_over, remove_own
from drctl.drills.isolated.trial import GROUP, WRITER, DrillHindrance, IsolatedTrial, Leg
from drctl.errors import DeadlinePassed, DrctlError, NotFound, NotProven
from drctl.ledger.events import Seen, Stream
from drctl.ledger.history import HistoryWriter
from drctl.ledger.record import Number, Sending
from drctl.model.canaries import LIMIT, CanaryNames
from drctl.model.offsets import Checkpoint, Committed, Mark, OffsetSync, TopicPartition
from drctl.model.run import Run
from drctl.model.translation import Exact, Unproven
from drctl.model.workloads import Workload
from drctl.plans.images import Images
from drctl.plans.position_gate import once_settled
from drctl.plans.positions import translate_groups
from drctl.plans.stamp import Stamp
from drctl.plans.steps.hand_over_positions import PROOFS
from drctl.ports import LinkPorts, MirrorOffsets, World

AT_ONCE, TIMES = 20, 3
"""Records per partition in one transaction, and transactions in a row: their markers make the offsets of the two sites
differ, so that a position that was not translated shows."""
FIRST_PART, SECOND_PART = 0.6, 0.5
"""How much of what is there the group reads before it goes, and before it comes home: its position is in the middle."""
POLL = 1.0
"""Seconds between two looks at what is waited for, and between two phases, so that their times differ."""


class IsolatedDrill:
    """One drill; :meth:`perform` does all of it and raises nothing that a port raises."""

    def __init__(self, world: World, run: Run, histories: Path, say: Callable[[str], None]) -> None:
        """``run`` is the drill in the journal; its clients write down what they see in the folder ``histories``."""
        source, target = run.source, run.target
        names, prefix = CanaryNames(run.id), world.plan.link(source, target).prefix
        own = Workload("drill", (names.topic,), (names.group,))
        self.whole, self.say, self.names = world, say, names
        self.world = replace(world, plan=replace(world.plan, workloads=(own,)), links=_with_way_home(world, source))
        self.run, self.until = uuid4(), world.clock.monotonic() + LIMIT.total_seconds()
        self.source = CanaryPlace(world.sites[source], names, names.topic, self._permit)
        self.target = CanaryPlace(world.sites[target], names, prefix + names.topic, self._permit)
        self.writer, self.group = (HistoryWriter(histories / f"{name}.jsonl") for name in (WRITER, GROUP))
        self.written = 0
        self.trial = IsolatedTrial(
            run.id,
            str(self.run),
            source,
            target,
            run.epoch,
            self.source.topic,
            self.target.topic,
            names.group,
            began=self._now(),
        )

    def perform(self) -> IsolatedTrial:
        """Take away what earlier drills have left, go there and home again, read all, and take away what was made."""
        with closing(self.writer), closing(self.group):
            self._perform(self.trial, self.source.name)
        self.trial.ended = self._now()
        return self.trial

    def _perform(self, trial: IsolatedTrial, first: str) -> None:
        if may_clean_up(self.whole, first):
            left = remove_left_over(self.whole, first)
            trial.cleaned, trial.left_over = tuple(sorted(left.removed)), tuple(left.told)
        trial.hindrances += hindrances(self.whole, first, self.target.name, self.names.topic)
        if not trial.hindrances:
            self._attempt()
            self.say("taking the drill's topic and groups away")
            own = remove_own(self.whole, first, self.names)
            trial.removed, trial.stays = tuple(sorted(own.removed)), tuple(own.told)

    def _attempt(self) -> None:
        """Go there and home again. What fails is noted, and what was seen until then is read all the same."""
        for part in (self._there_and_home, self._read_all):
            try:
                part()
            except DrctlError as error:
                self.trial.hindrances.append(DrillHindrance(str(error), error.remedy))

    def _there_and_home(self) -> None:
        self.say(f"making topic {self.source.topic} at {self.source.name}")
        self.source.make_topic()
        self._wait(f"{self.source.topic} is ready at {self.source.name}", self.source.missing)
        self._write()
        self._read_on(self.source, FIRST_PART)
        began = self._now()
        self._wait(f"the link has copied {self.written} records to {self.target.name}", self._uncopied)
        self.trial.copied_after = round(self._now() - began, 1)
        self._pass_time()
        self._hand_over(self.source, self.target, self._write)
        self._pass_time()
        self._write()
        self._wait(f"the link has copied {self.written} records to {self.target.name}", self._uncopied)
        self._read_on(self.target, SECOND_PART)
        self._pass_time()
        self._hand_over(self.target, self.source, lambda: None)
        self._pass_time()
        self._read_on(self.source, 1.0)

    def _write(self) -> None:
        """Write the next records to every partition, in several transactions."""
        self.say(f"writing records at {self.source.name}")
        for number in range(self.written // PARTITIONS, self.written // PARTITIONS + AT_ONCE * TIMES, AT_ONCE):
            for partition in self.source.partitions:
                sequences = range(number + 1, number + AT_ONCE + 1)
                # One epoch: all of it is written by one producer at one site.
                sent = Sending(1, int(self._now() * 1000), self.source.name)
                numbers = [Number(self.run, PRODUCER, partition.partition, each, sent=sent) for each in sequences]
                records = [(PRODUCER, self.source.topic, partition.partition, each) for each in sequences]
                try:
                    self.source.write(partition, numbers, int(self._now() * 1000))
                except DrctlError:
                    self.writer.write("doubtful", self._now(), self.source.name, records)
                    raise
                self.writer.write("acknowledged", self._now(), self.source.name, records)
        self.written += AT_ONCE * TIMES * PARTITIONS

    def _read_on(self, place: CanaryPlace, part: float) -> None:
        """Let the group read on from its positions at that site, so much of what is there, and commit."""
        held, wanted = place.positions(), dict[TopicPartition, Committed]()
        for partition in place.partitions:
            start = held[partition].offset if partition in held else 0
            found = list(place.read(partition, start))
            taken = found[: round(len(found) * part)]
            if not taken:
                continue
            numbers = [number for _, number in taken if number is not None]
            records = [(each.producer, self.source.topic, each.partition, each.sequence) for each in numbers]
            self.group.write("processed", self._now(), place.name, records, group=self.names.group)
            wanted[partition] = Committed(taken[-1][0] + 1)
        place.commit(wanted)

    def _hand_over(self, source: CanaryPlace, target: CanaryPlace, meanwhile: Callable[[], None]) -> None:
        """Translate the group's positions, prove them, commit them at the other site and read them back."""
        self.say(f"handing the group over from {source.name} to {target.name}")
        began, groups = self._now(), (self.names.group,)
        self._pass_time()
        meanwhile()
        ends = source.name, target.name
        ask = partial(translate_groups, self.world, *ends, groups)
        answers = once_settled(self.world, *ends, ask, accept_repeats=False)[self.names.group]
        if refused := [
            f"{where} at {each.position}: {each.why}" for where, each in answers.items() if isinstance(each, Unproven)
        ]:
            raise NotProven(
                f"positions could not be proven at {target.name}: {'; '.join(refused)}", remedy="see 'drctl doctor'"
            )
        proven = {p: each for p, each in answers.items() if isinstance(each, Exact)}
        if missing := set(source.partitions) - proven.keys():
            raise NotProven(f"the group has no position at {source.name} in {', '.join(map(str, sorted(missing)))}")
        image, stamp = Images(self.world, *ends), Stamp(self.whole.plan.name, self.trial.id, self.trial.epoch)
        target.commit({image.of(p): Committed(each.offset, str(stamp)) for p, each in proven.items()})
        self._pass_time()
        lines = {str(p): _line(each, image.of(p)) for p, each in sorted(proven.items())}
        self.trial.legs.append(Leg(*ends, began, self._now(), lines))

    def _read_all(self) -> None:
        """Read what is there; of a topic that was not even made nothing needs to be said once more."""
        if not self.source.missing():
            self.trial.primary = tuple(self._seen(self.source))
        if not self.target.missing():
            self.trial.standby = tuple(self._seen(self.target))

    def _seen(self, place: CanaryPlace) -> Iterator[Seen]:
        topic = self.source.topic
        for partition in place.partitions:
            for offset, number in place.read(partition, 0):
                if number is None:
                    yield Seen(topic, partition.partition, offset, None)
                    continue
                stream = Stream(number.producer, topic, number.partition)
                foreign = number.run != self.run
                yield Seen(topic, partition.partition, offset, stream, number.sequence, number.intact, foreign)

    def _uncopied(self) -> list[str]:
        if missing := self.target.missing():
            return missing
        count = self.target.count()
        return [f"{count} of {self.written}"] if count < self.written else []

    def _wait(self, what: str, left: Callable[[], Sequence[str]]) -> None:
        """Ask until nothing is left; what may pass is asked past. DeadlinePassed when the drill's time is over."""
        clock = self.whole.clock
        while names := _asked(left):
            self.say(f"waiting until {what}: {', '.join(names)}")
            if clock.monotonic() >= self.until:
                raise DeadlinePassed(
                    f"timed out after {LIMIT.total_seconds():g} s waiting until {what}: {', '.join(names)}",
                    remedy="see 'drctl doctor'; MirrorMaker 2 finds new topics every refresh.topics.interval.seconds",
                )
            self._permit()
            clock.sleep(POLL)

    def _permit(self) -> None:
        """Asked before every change: a drill ends by itself, and where it meets a run."""
        if self.whole.clock.monotonic() >= self.until:
            raise DeadlinePassed(f"the drill has taken longer than {LIMIT.total_seconds():g} s")
        require_still_alone(self.whole, self.source.name)

    def _pass_time(self) -> None:
        self.whole.clock.sleep(POLL)

    def _now(self) -> float:
        return round(self.whole.clock.now().timestamp(), 3)


def _with_way_home(world: World, source: str) -> dict[tuple[str, str], LinkPorts]:
    """The links, those to the active site without a complaint where they have never run."""
    return {
        pair: replace(each, mappings=WrittenOffsets(each.mappings)) if pair[1] == source else each
        for pair, each in world.links.items()
    }


def _asked(left: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return left()
    except DrctlError as error:
        if not (error.transient or isinstance(error, NotFound)):  # a broker may not know of a new topic yet
            raise
        return (str(error),)


def _line(answer: Exact, image: TopicPartition) -> dict[str, Any]:
    return {
        "here": answer.position,
        "there": answer.offset,
        "as": str(image),
        "proof": PROOFS[answer.proof],
        "compared": answer.compared,
    }


class WrittenOffsets:
    """Implements :class:`drctl.ports.MirrorOffsets`: a link that never ran has written nothing.

    On the way home the proof is what the link that runs has written, and the records themselves.
    """

    def __init__(self, mappings: MirrorOffsets) -> None:
        self._mappings = mappings

    def syncs(
        self, partitions: Collection[TopicPartition], since: Mapping[str, Mark] | None = None
    ) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        try:
            return self._mappings.syncs(partitions, since)
        except NotFound:
            return {}

    def mark(self) -> Mark | None:
        return self._mappings.mark()

    def checkpoints(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Checkpoint]]:
        return self._mappings.checkpoints(groups)
