"""See whether the standby that a planned move is about to begin over is kept, by what group-offset sync has told."""

from collections.abc import Collection, Iterator
from datetime import datetime

from drctl.decide.rules import Blocker, Rule
from drctl.decide.staleness import Span, not_kept, positions_not_kept
from drctl.errors import DrctlError
from drctl.model.facts import Facts
from drctl.model.run import RunState
from drctl.model.translation import Exact, Translation
from drctl.plans.answering import is_early
from drctl.plans.images import Images
from drctl.plans.positions import Answers
from drctl.plans.unfinished import APART
from drctl.ports import World
from drctl.ports.asking import decided


def unkept_positions(world: World, facts: Facts, answers: Answers) -> tuple[Blocker, ...]:
    """Return the reason not to begin over positions that were not kept; ``answers`` are those of now, by group.

    Nothing where they are kept, where nothing is due, or where no report is about this direction and epoch. The sites
    are asked only where a report is old or names a group. Raises nothing that a port raises.
    """
    source, target = facts.source.name, facts.target.name
    try:
        report = world.sync_reports.last(target)
        if report is None or not report.is_about(source, target, world.epochs.current()):
            return ()
        now = world.clock.now()
        late = not_kept(report, answers, (), now)
        if late:  # else the journal need not be read
            since = min([report.at, *(each.since for each in report.failing.values())])
            late = not_kept(report, late, tuple(_runs(world, since, now)), now)
        due = _due(world, source, target, {group: answers[group] for group in late})
    except DrctlError as error:
        detail = f"whether the groups' positions at {target} are kept was not seen: {error}"
        return (Blocker(Rule.POSITIONS_UNKNOWN, detail, error.remedy or "see the reason, then look again"),)
    return (positions_not_kept(report, {group: late[group] for group in due}),) if due else ()


def _runs(world: World, since: datetime, now: datetime) -> Iterator[Span]:
    """When runs were under way since then, newest first: group-offset sync commits nothing while one is."""
    for run, state in reversed(world.journal.runs()):
        entries = world.journal.entries(run.id) if run.kind not in APART else ()
        if not entries:
            continue
        end = now if state is RunState.RUNNING else entries[-1].at
        if end <= since:  # only a failover begins while another run is unfinished, and it raises the epoch
            return
        yield entries[0].at, end


def _due(world: World, source: str, target: str, answers: Answers) -> Collection[str]:
    """Return the groups of which the standby lacks a position that could be committed there now.

    One whose commit at the standby hangs in a transaction is left out: nobody can tell what it has.
    """
    if not answers:
        return ()
    held, pending = decided(world.sites[target].positions, tuple(answers), world.clock)
    image = Images(world, source, target).of
    due: list[str] = []
    for group, found in answers.items():
        if group in pending:
            continue
        for partition, answer in found.items():
            offset, there = _committable(answer), held[group].get(image(partition))
            if offset is not None and (there is None or there.offset < offset):
                due.append(group)
                break
    return due


def _committable(answer: Translation) -> int | None:
    """Return what group-offset sync would commit for it; None where it would leave the position as it is."""
    if isinstance(answer, Exact):
        return answer.offset
    return answer.conservative if is_early(answer) else None
