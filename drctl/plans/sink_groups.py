"""The consumer groups that sink connectors read as: asked of their workers when one is needed, and never guessed.

A sink of which nobody knows the group keeps a switchover and a handover from beginning. A failover takes the group that
was noted last in the journal, and leaves a sink stopped of which none was.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any

from drctl.decide.readiness import Blocker, Rule
from drctl.decide.sink_groups import GROUP, Word, group_in, is_reference, reads_as
from drctl.errors import DrctlError, Unreachable, at_site
from drctl.model.facts import Facts
from drctl.model.workloads import SinkGroup
from drctl.plans.plan import Plan
from drctl.plans.selection import FAILOVER, MOVE_GROUPS, MOVES, SINK_GROUPS, UNDO, chosen, moving
from drctl.plans.unfinished import unfinished
from drctl.ports import World

DOUBTED, PATIENCE = 4.0, 20.0
"""Seconds in which the workers are to tell: a look at everything ends within ten, of which the groups' positions take
some; a gate waits for as long as one request to a worker may take."""
AGAIN, MOMENT = 30.0, 0.2
"""Seconds after which what stayed unknown is asked for again, and seconds that this holds anybody up."""


type Begin = Callable[[Callable[[], Any]], Future[Any]]
"""Asks in a thread of its own, and returns what the answer will be."""


class AskedGroups(Mapping[str, SinkGroup]):
    """The groups by sink. The first who needs one waits for the workers of all sites, which are asked side by side.

    What was told once stays so. Of the rest the workers are asked again from time to time, and an answer that comes
    late counts as well. While a run is unfinished it is what that run began with.
    """

    def __init__(self, world: World, patience: float, begin: Begin) -> None:
        self._world, self._patience, self._begin = world, patience, begin
        self._sinks = world.plan.sinks
        self._told: dict[str, SinkGroup] = {}
        self._words: dict[str, Future[Mapping[str, Word]]] = {}
        self._serving: Future[str | None] | None = None
        self._until = self._again = 0.0
        self._lock = Lock()

    def __getitem__(self, sink: str) -> SinkGroup:
        return self._now()[sink]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sinks)

    def __len__(self) -> int:
        return len(self._sinks)

    def begin(self) -> None:
        """Ask, and wait for nobody: what else there is to ask can be asked meanwhile."""
        with self._lock:
            if not self._words:
                self._ask(self._patience)

    def soon(self, seconds: float) -> bool:
        """Whether every group is known within so many seconds."""
        self.begin()
        return not wait(self._asked(), seconds).not_done and all(each.name for each in self._now().values())

    def _now(self) -> Mapping[str, SinkGroup]:
        if self._complete:
            return self._told
        with self._lock:
            if noted := self._of_the_unfinished_run():
                return noted
            if not self._words:
                self._ask(self._patience)
            elif self._world.clock.monotonic() >= self._again:
                self._ask(MOMENT)
            self._hear()
            return dict(self._told)

    @property
    def _complete(self) -> bool:
        return bool(self._told) and all(each.name is not None for each in self._told.values())

    def _of_the_unfinished_run(self) -> Mapping[str, SinkGroup]:
        try:
            left = unfinished(self._world)
            said = chosen(self._world, left[-1].id).get(SINK_GROUPS) if left else None
        except DrctlError:  # who reads the journal next says what is wrong with it
            return {}
        return {} if said is None or set(self._sinks) - said.keys() else _as_noted(said, left[-1].id)

    def _ask(self, seconds: float) -> None:
        now = self._world.clock.monotonic()
        self._until, self._again = now + seconds, now + AGAIN
        self._serving = self._begin(self._world.client_routing.site)
        for name in self._world.sites:
            if name not in self._words or self._words[name].done():
                self._words[name] = self._begin(partial(_told_by, self._world, name, self._sinks))

    def _asked(self) -> list[Future[Any]]:
        return [*self._words.values(), *([self._serving] if self._serving is not None else [])]

    def _hear(self) -> None:
        """Judge by what is told so far; wait, as long as was said for all together, while that does not suffice."""
        while True:
            late = [asked for asked in self._asked() if not asked.done()]
            self._judge()
            left = self._until - self._world.clock.monotonic()
            if self._complete or not late or left <= 0 or not wait(late, left, FIRST_COMPLETED).done:
                return

    def _judge(self) -> None:
        silent = dict.fromkeys(self._sinks, f"no answer from its Connect worker within {self._patience:.0f} s")
        words = {site: asked.result() if asked.done() else silent for site, asked in self._words.items()}
        serving = _site(self._serving) if self._serving is not None and self._serving.done() else None
        found: dict[str, SinkGroup] = {}
        for sink in self._sinks:
            found[sink] = reads_as(sink, {site: told[sink] for site, told in words.items()}, serving)
        self._told = found | {sink: each for sink, each in self._told.items() if each.name is not None}


def with_sink_groups(world: World, begin: Begin, *, doubted: bool = False) -> World:
    """The same world, whose plan knows the groups of its sinks once somebody needs them.

    ``begin`` asks in a thread of its own. With ``doubted``, where a site is known to be dead or frozen, nobody waits
    for long.
    """
    if not world.plan.sinks:
        return world
    asked = AskedGroups(world, DOUBTED if doubted else PATIENCE, begin)
    return replace(world, plan=replace(world.plan, sink_groups=asked))


def ask_ahead(world: World) -> None:
    """Begin to ask for the sinks' groups, which are needed in a moment."""
    if isinstance(world.plan.sink_groups, AskedGroups):
        world.plan.sink_groups.begin()


def known_soon(world: World, seconds: float) -> bool:
    """Whether the groups of all sinks are known within so many seconds."""
    asked = world.plan.sink_groups
    return not isinstance(asked, AskedGroups) or asked.soon(seconds)


def as_it_moves(plan: Plan, world: World) -> World:
    """The world of a run of that plan: its sinks' groups are what they are at its start, to its end.

    Who moves nothing asks for none. Groups that were handed over to the target alone stay as they are.
    """
    if plan.kind not in MOVE_GROUPS:
        return _with(world, {}) if world.plan.sinks else world
    if plan.kind in (FAILOVER, UNDO):
        world = told_or_noted(world)
    elif world.plan.sinks:
        world = _with(world, dict(world.plan.sink_groups))
    return moving(world, plan.target) if plan.kind in MOVES else world


def told_or_noted(world: World) -> World:
    """The same world; a sink of which no worker tells the group reads as the one that was noted last."""
    if not world.plan.sinks:
        return world
    told = dict(world.plan.sink_groups)
    unknown = world.plan.unknown_sinks
    noted = _newest(world) if unknown else {}
    return _with(world, told | {sink: SinkGroup(noted[sink]) for sink in unknown if sink in noted})


def sink_group_blockers(world: World, facts: Facts) -> Iterator[Blocker]:
    """Sinks whose position would be handed to another group than the one that reads on: all would come twice."""
    sites = [site.name for site in (facts.source, facts.target) if site.sinks.known]
    for sink in world.plan.sinks:
        wanted = world.plan.group_of(sink)
        for site in sites if wanted is not None else ():
            try:
                config = world.sites[site].connectors.definition(sink)
            except DrctlError as error:
                detail = f"{site}: {sink}: {at_site(site, str(error))}"
                yield Blocker(Rule.SINKS_UNKNOWN, detail, "see the reason, then look again")
                continue
            if config is None:
                continue
            found = group_in(sink, config)
            if is_reference(found):
                detail = f"{site}: {sink}: {GROUP} is a reference, {found}, which only Connect can read"
                yield Blocker(Rule.SINK_GROUP_DIFFERS, detail, "write the group's name into its configuration")
            elif found != wanted:
                detail = f"{site}: {sink} reads as group {found}, not as {wanted}"
                yield Blocker(Rule.SINK_GROUP_DIFFERS, detail, f"set the same {GROUP} at both sites, then look again")


def carrier_blockers(world: World) -> Iterator[Blocker]:
    """Deployments for which the plan file names a group that no sink reads as: they would stay where they are."""
    told = {each.name for each in world.plan.sink_groups.values()}
    if not told or None in told:  # it may be that one; a sink of which nobody knows the group is a reason by itself
        return
    reads = ", ".join(sorted(map(str, told)))
    for carrier in world.plan.carriers:
        for group in carrier.of_sinks:
            if group not in told:
                detail = f"{carrier.what}: its group {group} is none of its workload's, and no sink reads as it"
                remedy = f"correct it in the plan file: the sinks read as {reads}"
                yield Blocker(Rule.DEPLOYMENT_GROUP_UNKNOWN, detail, remedy)


def _with(world: World, told: Mapping[str, SinkGroup]) -> World:
    return replace(world, plan=replace(world.plan, sink_groups=told))


def _newest(world: World) -> Mapping[str, str]:
    """The group that was noted last for each sink, by runs and by group-offset sync."""
    found: dict[str, tuple[datetime, str]] = {}
    for run, _ in world.journal.runs():
        for entry in world.journal.entries(run.id):
            for sink, group in entry.body.get(SINK_GROUPS, {}).items():
                if group is not None and (sink not in found or found[sink][0] <= entry.at):
                    found[sink] = entry.at, group
    return {sink: group for sink, (_, group) in found.items()}


def _as_noted(said: Mapping[str, str | None], run: str) -> Mapping[str, SinkGroup]:
    unknown = SinkGroup(None, f"it was not known when run {run} began", "end that run first")
    return {sink: unknown if group is None else SinkGroup(group) for sink, group in said.items()}


def _told_by(world: World, site: str, sinks: tuple[str, ...]) -> Mapping[str, Word]:
    """Return what one worker tells of each sink. One that is silent is not asked for the next."""
    words: dict[str, Word] = {}
    for sink in sinks:
        try:
            words[sink] = world.sites[site].connectors.definition(sink)
        except Unreachable as silent:
            return dict.fromkeys(sinks, str(silent)) | words
        except DrctlError as error:
            words[sink] = str(error)
    return words


def _site(asked: Future[str | None]) -> str | None:
    try:
        return asked.result()
    except DrctlError:
        return None
