"""drctl plan."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import output_option, show_document
from drctl.cli.plan_failover import failover
from drctl.cli.plan_page import Ahead, Planned, as_document, show
from drctl.cli.runbooks import runbooks
from drctl.cli.sites import direction, is_routing_known, is_there, stays_behind
from drctl.cli.undecided import never_committed, would_replace
from drctl.cli.world import opened
from drctl.decide.digests import facts_digest
from drctl.decide.readiness import Blocker, blockers, warnings
from drctl.errors import NotProven
from drctl.model.facts import Facts
from drctl.model.run import Run
from drctl.model.translation import Exact, Translation
from drctl.monitors import UNHURRIED, SideBySide, hurried, observe
from drctl.plans.admission import reasons_to_wait
from drctl.plans.continuation import require_continuable, under_way
from drctl.plans.digests import plan_digest
from drctl.plans.interruption import interruption
from drctl.plans.objectives import pauses
from drctl.plans.observing import Judged, observed_and_judged
from drctl.plans.outlook import Outlook, Prospect, outlook
from drctl.plans.pending import evidence_of
from drctl.plans.plan import Plan
from drctl.plans.position_gate import JudgedPositions
from drctl.plans.record import NOBODY
from drctl.plans.selection import moving
from drctl.plans.sink_groups import as_it_moves
from drctl.plans.steps.check_gates import CheckGates, looked_closer
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.prove_ahead import ProveAhead
from drctl.plans.switchover import plan as switchover_plan
from drctl.ports import World


@click.group("plan")
def command() -> None:
    """Show what a command would do, and what stands in its way.

    Changes nothing at any site, but that switchover and failover write one record to the canary topic.
    """


command.add_command(runbooks)
command.add_command(failover)


@command.command("switchover")
@output_option
@click.option("--to", "target", required=True, help="The site to move to.")
@click.option("--accept-repeats", is_flag=True, help="As it will be given to the switchover.")
@click.pass_obj
def switchover(plan_file: Path, output: str, target: str, *, accept_repeats: bool) -> None:
    """Show the steps of a switchover, what would be handed over now, and every reason to wait.

    Of a switchover that was cut off: which steps are done, and where going on would stop or roll back, as far as that
    can be known. One record is written to the canary topic, to see that an ordinary client can write. It exits as the
    switchover would. A site that is silent is waited for once, for less than ten seconds.
    """
    with opened(plan_file, looking=True) as unhurried:
        whole = hurried(unhurried)
        source, target = direction(whole, target)
        world = moving(whole, target)
        steps = switchover_plan(world, source, target, observe=observe, accept_repeats=accept_repeats)
        going = under_way(steps, world)
        if going is None and is_routing_known(whole) and is_there(whole, target, NOBODY, output, kind="Plan"):
            return
        if going is not None:
            require_continuable(world, going)
        planned = _planned(whole, world, steps, going, accept_repeats=accept_repeats)
    if output in ("json", "yaml"):
        show_document(as_document(planned), output)
    else:
        show(planned)
    if code := planned.exit_code:
        raise click.exceptions.Exit(code)


def _planned(whole: World, world: World, steps: Plan, going: Run | None, *, accept_repeats: bool) -> Planned:
    """Ask how an unfinished run would go on, and what is handed over, as far as that is still to come."""
    cut_off, seen, blocking, ahead = None, None, list[Blocker](), None
    if going is not None:
        cut_off, seen = interruption(whole, observe), outlook(steps, as_it_moves(steps, world), going)
    asked = going is None or _asks_gates(world, going)
    if asked or (seen is not None and _hands_over(seen)):
        found = observed_and_judged(_within_seconds, world, steps.source, steps.target, accept_repeats=accept_repeats)
        judged = found.positions
        reasons, ahead = _looked(whole, world, found)
        # A run that goes on was admitted, and behind the epoch its gates are not asked again.
        blocking = reasons_to_wait(steps, world) if going is None else []
        blocking += reasons if asked else []
        if going is not None and seen is not None and not asked and judged.reasons:
            seen = _with_unproven(seen, steps, world, going, judged)
    return Planned(
        steps,
        world.epochs.current(),
        plan_digest(steps, world),
        pauses(whole),
        whole.plan.objectives.recovery_time,
        blocking,
        ahead,
        cut_off,
        seen,
    )


def _asks_gates(world: World, going: Run) -> bool:
    """Whether the gates would be asked again: a run that has raised the epoch has passed them."""
    return world.epochs.current() < going.epoch or CheckGates.name not in evidence_of(world, going.id)


def _hands_over(seen: Outlook) -> bool:
    """Whether the run would come to it that positions are handed over."""
    return seen.exit_code == 0 and seen.prospects[HandOverPositions.name] is Prospect.TO_DO


def _with_unproven(seen: Outlook, steps: Plan, world: World, going: Run, judged: JudgedPositions) -> Outlook:
    """The outlook of a run that comes to positions which no waiting proves."""
    step = next(name for name in (ProveAhead.name, HandOverPositions.name) if seen.prospects[name] is Prospect.TO_DO)
    told = "; ".join(each.detail for each in judged.reasons)
    known = {step: NotProven(told, remedy=judged.reasons[0].remedy)}
    return outlook(steps, as_it_moves(steps, world), going, known)


def _within_seconds(world: World, source: str, target: str) -> Facts:
    """Observe as the gates do, but for a person who waits: whoever is silent is unknown after some seconds."""
    return observe(world, source, target, SideBySide(world.clock))


def _looked(whole: World, world: World, found: Judged) -> tuple[list[Blocker], Ahead]:
    """Every reason of the gates; and, looking closer, which positions never were, and which were somebody else's.

    All at the same time. Where somebody is silent already, which is a reason to wait, little time is left: what takes
    longer is unknown.
    """
    facts, judged = found.facts, found.positions
    source, target = facts.source.name, facts.target.name
    looks = SideBySide(world.clock, UNHURRIED)
    begun = looks.begin(lambda: list(looked_closer(world, facts)))
    staying = looks.begin(lambda: stays_behind(whole, source, target))
    missing = looks.begin(lambda: never_committed(world, source, target))
    taking = looks.begin(lambda: would_replace(world, source, target, judged.answers))
    behind = staying()
    never, taken = (
        (each.value or []) if each.known else [f"unknown: {each.unknown}"] for each in (missing(), taking())
    )
    reasons = [
        *blockers(facts, world.plan.guards, world.clock.now()),
        *(begun().value or []),
        *found.reasons,
    ]
    ahead = Ahead(
        groups=_groups(world, judged),
        warned=list(warnings(facts)),
        stays_behind=behind.value or [] if behind.known else [("unknown", behind.unknown)],
        never_committed=never,
        replaced=taken,
        facts=facts_digest(facts, world.epochs.current()),
    )
    return reasons, ahead


def _groups(world: World, judged: JudgedPositions) -> list[dict[str, Any]]:
    """Return what would be handed over if work stopped now; positions near the head are not copied yet and will be."""
    if judged.answers is None:
        return [{"name": name, "positions": None, "unknown": judged.unknown} for name in world.plan.groups]
    return [_group(name, found.values()) for name, found in sorted(judged.answers.items())]


def _group(name: str, answers: Collection[Translation]) -> dict[str, Any]:
    refused = sorted({answer.why.name for answer in answers if not isinstance(answer, Exact)})
    proven = sum(isinstance(answer, Exact) for answer in answers)
    return {"name": name, "positions": len(answers), "proven": proven, "refused": refused}
