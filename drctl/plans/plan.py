"""Define what a step and a plan are, and the context in which a step acts."""

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import ClassVar, Protocol

from drctl.errors import ConfigInvalid
from drctl.model.fence import DenyRule, FirstLook
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence, Run
from drctl.model.terms import Terms
from drctl.plans.draining import DrainLook, DrainQuestion
from drctl.plans.followed import FollowedPositions, Held
from drctl.plans.proofs import Proofs
from drctl.plans.step_evidence import DrainedLink
from drctl.ports import LinkPorts, SitePorts, World
from drctl.ports.asking import both

UNFENCE_TARGET = "unfence-target"
"""The step that opens the target for writing."""


class Place(StrEnum):
    """Where a step acts."""

    SOURCE = "source"
    TARGET = "target"
    BOTH = "both sites"


@dataclass(slots=True)
class StepContext:
    """Hold what a step acts on; made and kept up to date by the runner.

    ``evidence`` is that of this run's steps, also from before a cut. ``snapshots`` is what steps wrote down before they
    acted. ``past_point_of_no_return`` says that the point of no return was at least intended. ``report`` shows a line
    of progress; ``check_authority`` raises Locked or Superseded unless we may still act: a step calls it right before
    every change. ``proofs`` are the positions that this process has proven for this run. ``terms`` are the person's,
    ``digest`` the plan's. ``raised_at`` is a moment at which the epoch was certainly raised already, by the monotonic
    clock. ``saw_target_closed``: this process has seen the target closed, which then stays so until this process opens
    it. ``stopped_checkpoints``: this process has stopped the link's checkpoints and heartbeats. ``first_look`` is how
    far the source's logs reached once this process had seen every writer denied. ``drain_ahead`` is what the link has
    left to copy, asked before it is needed, or None. ``drained`` is what this process has seen of the link once nothing
    was left. ``asked_link_to_stop``: it has asked the link to stop since. ``rules`` are the source's, needed and
    standing, while they are asked for once for several steps (:func:`drctl.plans.fencing.one_look`).
    ``until`` is a moment by the same clock from which nothing that failed is asked again, for a person who waits.
    """

    world: World
    run: Run
    evidence: dict[str, Evidence]
    snapshots: dict[str, Evidence]
    past_point_of_no_return: bool
    report: Callable[[str], None]
    check_authority: Callable[[], None]
    proofs: Proofs = field(default_factory=Proofs)
    terms: Terms = field(default_factory=Terms)
    digest: str = ""
    raised_at: float | None = None
    saw_target_closed: bool = False
    stopped_checkpoints: bool = False
    first_look: FirstLook | None = None
    drain_ahead: Future[DrainLook] | None = None
    drained: DrainedLink | None = None
    asked_link_to_stop: bool = False
    rules: list[tuple[frozenset[DenyRule], frozenset[DenyRule]]] | None = None
    until: float = math.inf
    _followed: dict[str, FollowedPositions] = field(default_factory=dict)
    _partitions: dict[str, tuple[TopicPartition, ...]] = field(default_factory=dict)

    @property
    def source(self) -> SitePorts:
        """The site that work moves away from."""
        return self.world.sites[self.run.source]

    @property
    def target(self) -> SitePorts:
        """The site that work moves to."""
        return self.world.sites[self.run.target]

    @property
    def forward(self) -> LinkPorts:
        """The link from source to target."""
        return self.world.links[self.run.source, self.run.target]

    @property
    def home(self) -> LinkPorts:
        """The link from target to source."""
        return self.world.links[self.run.target, self.run.source]

    @property
    def groups(self) -> tuple[str, ...]:
        """The consumer groups that move."""
        return self.world.plan.groups

    @property
    def sinks(self) -> tuple[str, ...]:
        """The sink connectors that move."""
        return self.world.plan.sinks

    def positions(self, site: SitePorts) -> FollowedPositions:
        """The groups' positions at that site, asked for the first time and followed from then on."""
        if site.name not in self._followed:
            self._followed[site.name] = FollowedPositions(site, self.world.clock)
        return self._followed[site.name]

    def held(self) -> tuple[Held, Held]:
        """The positions of the groups that move, at the source and at the target."""
        here, there = self.positions(self.source), self.positions(self.target)
        return both(partial(here.now, self.groups), partial(there.now, self.groups))

    def close(self) -> None:
        """Follow nothing any more."""
        for each in self._followed.values():
            each.close()

    def drain(self) -> DrainQuestion:
        """The question what the forward link has left to copy."""
        return DrainQuestion(self.world, self.source.name, self.target.name, self.partitions(self.source))

    def partitions(self, site: SitePorts) -> tuple[TopicPartition, ...]:
        """All partitions of the topics that move, as they are at that site; asked once."""
        if site.name not in self._partitions:
            topics = site.brokers.topics(self.world.plan.topics)
            self._partitions[site.name] = tuple(p for name in sorted(topics) for p in topics[name].spread())
        return self._partitions[site.name]


class Step(Protocol):
    """One step: is it done, do it, prove it. Each method may be called twice; only ``do`` changes anything.

    To find it done, to refuse it and to disprove it are three things: ``check`` says whether the world is already so,
    and raises nothing of its own; a gate refuses in ``verify`` or ``do``; ``disprove`` raises what contradicts a proof.
    A ``check`` may be asked before earlier steps were taken, and raises KeyError where it goes by what these leave.

    ``name`` is kebab-case, ``title`` is for people. A ``lasting`` step's ``check`` is asked again before every later
    step of its part of the plan. A step that ``may_end_pending`` needs the site that work has moved away from: once the
    target is open the run ends without it if it fails, and it is made up for later. On the rollback such a step needs
    the target: clients are at work at the source without it, and the run waits for it. ``inspect`` is a command with
    which a person sees the same; ``{source}`` and ``{target}`` stand for the sites as Kafka's tools take them, login
    included, ``{source.connect}`` for the address of its Connect worker.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    at: ClassVar[Place]
    lasting: ClassVar[bool] = False
    may_end_pending: ClassVar[bool] = False
    inspect: ClassVar[str]

    def check(self, ctx: StepContext) -> bool:
        """Whether the world is already as this step wants it."""
        ...

    def disprove(self, ctx: StepContext) -> None:  # noqa: ARG002 - steps that prove nothing lasting inherit this
        """Raise StepFailed if the world contradicts what this step has proven earlier; asked before every ``check``."""
        return

    def foresee(self, ctx: StepContext) -> None:  # noqa: ARG002 - steps that ask in ``check`` all that they need do too
        """Raise what is sure to keep ``do`` from succeeding now, as far as ``check`` has not asked; changes nothing."""
        return

    def snapshot(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - steps that remember nothing inherit this
        """Return what the world forgets once the step acts; journaled with the intent, and the first one counts."""
        return {}

    def do(self, ctx: StepContext) -> Evidence:
        """Make it so, and return what only the doing can tell; ``verify`` finds that in ``ctx.evidence[self.name]``."""
        ...

    def verify(self, ctx: StepContext) -> Evidence:
        """Look at the world and return what proves that it is so; raise a DrctlError if it is not."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, the point of no return, and the rollback.

    A plan that opens its target (:attr:`opens_target`) has two parts with standing conditions of their own::

        reversible  steps up to the point of no return   conditions: every lasting step before
        forward     steps behind it                      conditions: the lasting steps behind it, nothing at the source
                    those that may end pending           conditions: every lasting step before

    So nothing at the old site can keep clients from the new one: with its brokers dead, or a record of a super user in
    its log, clients are routed all the same. Reversing replication alone asks the old site, and may wait for it.

    ``kind`` is ``switchover``, ``handover`` or ``undo``; ``source`` and ``target`` are site names; ``about`` and
    ``options`` go to the journal at the start, JSON-ready: what a run is about never changes, options with which it is
    continued may.
    """

    kind: str
    source: str
    target: str
    steps: tuple[Step, ...]
    point_of_no_return: str
    rollback: tuple[Step, ...]
    about: Evidence = field(default_factory=dict)
    options: Evidence = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [step.name for step in (*self.steps, *self.rollback)]
        if len(set(names)) != len(names) or self.point_of_no_return not in names:
            raise ConfigInvalid(f"plan {self.kind}: step names are not unique, or its point of no return is no step")

    def __str__(self) -> str:
        return f"{self.kind} from {self.source} to {self.target}"

    @property
    def opens_target(self) -> bool:
        """Whether its point of no return is the moment from which clients may write at the target."""
        return self.point_of_no_return == UNFENCE_TARGET

    def standing_conditions(self, name: str) -> tuple[Step, ...]:
        """Return the lasting steps whose effect must still stand when the step of that name acts."""
        names = [step.name for step in self.steps]
        index, boundary = names.index(name), names.index(self.point_of_no_return)
        forward = self.opens_target and index > boundary and not self.steps[index].may_end_pending
        return tuple(step for step in self.steps[boundary if forward else 0 : index] if step.lasting)

    def can_roll_back_after(self, step: str) -> bool:
        """Whether the rollback is open once that step has been taken."""
        names = [s.name for s in self.steps]
        return names.index(step) < names.index(self.point_of_no_return)
