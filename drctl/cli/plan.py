"""drctl plan."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.runbooks import runbooks
from drctl.cli.sites import direction, is_routing_known, is_there, stays_behind
from drctl.cli.undecided import never_committed, would_replace
from drctl.cli.world import opened
from drctl.decide.digests import facts_digest
from drctl.decide.overrides import name_of, why_not
from drctl.decide.readiness import Blocker, blockers, warnings
from drctl.errors import RolledBack
from drctl.model.facts import Facts
from drctl.model.translation import Refusal, Translated
from drctl.monitors import UNHURRIED, SideBySide, hurried, observe
from drctl.plans.admission import reasons_to_wait
from drctl.plans.digests import plan_digest
from drctl.plans.interruption import interruption
from drctl.plans.objectives import expected, pauses
from drctl.plans.observing import observed_and_judged
from drctl.plans.plan import Plan
from drctl.plans.position_gate import Judged
from drctl.plans.record import NOBODY, require_continuable, under_way
from drctl.plans.selection import moving
from drctl.plans.standing import Standing
from drctl.plans.steps.check_gates import looked_closer
from drctl.plans.switchover import plan as switchover_plan
from drctl.ports import World


@click.group("plan")
def command() -> None:
    """Show what a command would do, and what stands in its way. Changes nothing at any site."""


command.add_command(runbooks)


@command.command("switchover")
@output_option
@click.option("--to", "target", required=True, help="The site to move to.")
@click.option("--accept-repeats", is_flag=True, help="As it will be given to the switchover.")
@click.pass_obj
def switchover(plan_file: Path, output: str, target: str, *, accept_repeats: bool) -> None:
    """Show the steps of a switchover, what would be handed over now, and every reason to wait.

    One record is written to the canary topic, to see that an ordinary client can write. If something stands in the way
    it exits as the switchover would. A site that is silent is waited for once, for less than ten seconds.
    """
    with opened(plan_file, looking=True) as unhurried:
        whole = hurried(unhurried)
        source, target = direction(whole, target)
        world = moving(whole, target)
        steps = switchover_plan(world, source, target, observe=observe, accept_repeats=accept_repeats)
        going = under_way(steps, world)
        cut_off = interruption(whole, observe) if going else None
        if going is None and is_routing_known(whole) and is_there(whole, target, NOBODY, output, kind="Plan"):
            return
        if going is not None:
            require_continuable(world, going)
        facts, judged = observed_and_judged(_within_seconds, world, source, target, accept_repeats=accept_repeats)
        reasons = blockers(facts, world.plan.guards, world.clock.now())
        closer, behind, never, taken = _closer(whole, world, facts, judged)
        epoch = world.epochs.current()
        # A run that goes on was admitted, and behind the epoch its gates are not asked again.
        blocking = reasons_to_wait(steps, world) if going is None else []
        blocking += [*reasons, *closer, *judged.reasons] if going is None or epoch < going.epoch else []
        warned = list(warnings(facts))
        groups = _groups(world, judged)
        measured, promised = pauses(whole), whole.plan.objectives.recovery_time
        digests = {"plan": plan_digest(steps, world), "facts": facts_digest(facts, epoch)}
    if output in ("json", "yaml"):
        more = {"uncovered": _uncovered(behind), "neverCommitted": never, "replaced": taken}
        more |= {"epoch": epoch, "digests": digests}
        more |= {"expectedPauseSeconds": max(measured, default=None), "objectiveSeconds": promised.total_seconds()}
        show_document(_document(steps, groups, blocking, warned) | more, output)
    else:
        for line in cut_off.lines if cut_off is not None else ():
            echo(line)
        _show(steps, groups, blocking, warned)
        for group, why in behind:
            echo(f"stays behind: {group}: {why}")
        for line in never:
            echo(f"never committed: {line}")
        for line in taken:
            echo(f"replaced: {line}")
        echo(f"expected pause: {expected(measured, promised)}")
        echo(f"\nprimary {source}, epoch {epoch}; plan digest {digests['plan']}, facts digest {digests['facts']}")
    if cut_off is not None and cut_off.standing is Standing.TURNING_BACK:
        raise click.exceptions.Exit(RolledBack.exit_code)
    if blocking:
        raise click.exceptions.Exit(blocking[0].concern.value)


def _within_seconds(world: World, source: str, target: str) -> Facts:
    """Observe as the gates do, but for a person who waits: whoever is silent is unknown after some seconds."""
    return observe(world, source, target, SideBySide(world.clock))


class Closer(NamedTuple):
    """What only a closer look tells: reasons to wait, and lines about groups and positions."""

    reasons: list[Blocker]
    stays_behind: list[tuple[str, str]]
    never_committed: list[str]
    replaced: list[str]


def _closer(whole: World, world: World, facts: Facts, judged: Judged) -> Closer:
    """Look closer, and tell also which positions never were, and which were somebody else's.

    All at the same time. Where somebody is silent already, which is a reason to wait, little time is left: what takes
    longer is unknown.
    """
    source, target = facts.source.name, facts.target.name
    looks = SideBySide(world.clock, UNHURRIED)
    begun = looks.begin(lambda: list(looked_closer(world, facts)))
    staying = looks.begin(lambda: stays_behind(whole, source, target))
    missing = looks.begin(lambda: never_committed(world, source, target))
    taking = looks.begin(lambda: would_replace(world, source, target, judged.answers))
    behind = staying()
    return Closer(
        begun().value or [],
        behind.value or [] if behind.known else [("unknown", behind.unknown)],
        *((each.value or []) if each.known else [f"unknown: {each.unknown}"] for each in (missing(), taking())),
    )


def _groups(world: World, judged: Judged) -> list[dict[str, Any]]:
    """What would be handed over if the work stopped now; positions near the head are not copied yet and will be."""
    if judged.answers is None:
        return [{"name": name, "positions": None, "unknown": judged.unknown} for name in world.plan.groups]
    return [
        {
            "name": name,
            "positions": len(found),
            "proven": sum(isinstance(answer, Translated) for answer in found.values()),
            "refused": sorted({answer.why.name for answer in found.values() if not isinstance(answer, Translated)}),
        }
        for name, found in sorted(judged.answers.items())
    ]


def _uncovered(behind: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"group": group, "why": why} for group, why in behind]


def _show(steps: Plan, groups: list[dict[str, Any]], blocking: list[Blocker], warned: list[Blocker]) -> None:
    show_table(str(steps).capitalize(), ("", "STEP", "WHAT", "CAN TURN BACK"), _rows(steps))
    echo()
    rows = [
        (g["name"], "unknown", "", g["unknown"])
        if g["positions"] is None
        else (g["name"], g["positions"], g["proven"], "; ".join(Refusal[why].value for why in g["refused"]))
        for g in groups
    ]
    show_table("Positions, if the work stopped now", ("GROUP", "POSITIONS", "PROVEN", "NOT YET BECAUSE"), rows)
    for title, reasons in (("Stands in the way", blocking), ("Worth knowing", warned)):
        if reasons:
            echo(f"\n{title}:")
        for each in reasons:
            can = f" (or --override {name})" if blocking and (name := _override(each)) and each in blocking else ""
            echo(f"  - {each.detail}\n    remedy: {each.remedy}{can}")
    if not blocking:
        echo("\nNothing stands in the way.")


def _rows(steps: Plan) -> list[tuple[object, ...]]:
    return [
        (number, step.name, step.title, "yes" if steps.can_turn_back_after(step.name) else "no")
        for number, step in enumerate(steps.steps, 1)
    ]


def _document(
    steps: Plan, groups: list[dict[str, Any]], blocking: list[Blocker], warned: list[Blocker]
) -> dict[str, Any]:
    def told(each: Blocker) -> dict[str, str]:
        return {"rule": each.rule.name, "override": _override(each), "detail": each.detail, "remedy": each.remedy}

    return document(
        "Plan",
        {
            "run": steps.kind,
            "source": steps.source,
            "target": steps.target,
            "pointOfNoReturn": steps.point_of_no_return,
            "steps": [{"name": step.name, "title": step.title} for step in steps.steps],
            "rollback": [{"name": step.name, "title": step.title} for step in steps.rollback],
            "groups": groups,
            "blockers": [told(each) for each in blocking],
            "warnings": [told(each) for each in warned],
        },
    )


def _override(blocker: Blocker) -> str:
    """The name to override it by, empty if it stays firm."""
    name = name_of(blocker.rule)
    return "" if why_not(name) else name
