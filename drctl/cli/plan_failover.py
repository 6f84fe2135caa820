"""drctl plan failover."""

from dataclasses import replace
from pathlib import Path

import click

from drctl.cli import forecast
from drctl.cli.failover import accept_option, accepted_loss, as_begun, attest_source_option
from drctl.cli.output import echo, output_option, show_document
from drctl.cli.plan_page import Planned, as_document, show
from drctl.cli.sites import direction, is_routing_known, is_there
from drctl.cli.terms import by_option, word_of
from drctl.cli.world import opened
from drctl.decide.digests import facts_digest
from drctl.decide.equality import failover_warnings
from drctl.decide.failing_over import failover_blockers, loss_blockers, sinks_left
from drctl.decide.rules import Blocker, Rule
from drctl.decide.staleness import stale_positions
from drctl.model.facts import Facts
from drctl.model.forecast import Forecast
from drctl.model.loss import AcceptedLoss, EndsFrom
from drctl.model.reading import Reading
from drctl.model.run import Run
from drctl.monitors import SideBySide, hurried, observe
from drctl.plans.admission import reasons_to_wait
from drctl.plans.continuation import require_continuable, under_way
from drctl.plans.digests import plan_digest
from drctl.plans.failover import plan as failover_plan
from drctl.plans.followed import Held
from drctl.plans.interruption import Interruption, interruption
from drctl.plans.outlook import outlook
from drctl.plans.plan import Plan, StepContext
from drctl.plans.record import NOBODY
from drctl.plans.selection import moving
from drctl.plans.sink_groups import as_it_moves
from drctl.plans.stamps import epoch_behind
from drctl.plans.standing_proof import proof_left
from drctl.plans.step_evidence import FenceProof, left_if_any
from drctl.plans.steps.check_failover import OVER_ALREADY
from drctl.plans.steps.measure_loss import loss_now
from drctl.plans.takeover import Legacy, legacy
from drctl.plans.unfinished import unfinished
from drctl.ports import World


@click.command("failover")
@output_option
@click.option("--to", "target", required=True, help="The site to go on at.")
@accept_option
@attest_source_option
@by_option
@click.pass_obj
def failover(
    plan_file: Path, /, output: str, target: str, *, accept: str | None, attested: str | None, by: str
) -> None:
    """Show the steps of a failover, what it would cost now, and every reason to wait.

    Of a failover that was cut off: which steps are done, and where going on would stop or roll back. One record is
    written to the canary topic of each site that answers. It exits as the failover would with the same options and
    --yes: 17 where more would be lost than they accept. A site that is silent is waited for once, for less than ten
    seconds.
    """
    accepted, attestation = accepted_loss(accept), word_of("--attest-source-down", attested, by)
    found: Forecast | None = None
    with opened(plan_file, looking=True) as unhurried:
        whole = hurried(unhurried)
        source, target = direction(whole, target)
        world = moving(whole, target)
        begun = as_begun(whole, source, target)
        if begun is not None:
            accepted, attestation = accepted or begun.accepted, attestation or begun.attestation
        steps = failover_plan(world, source, target, observe=observe, accepted=accepted, attestation=attestation)
        going = under_way(steps, world)
        if going is None and is_routing_known(whole) and is_there(whole, target, NOBODY, output, kind="Plan"):
            return
        if going is not None:
            planned = _going_on(whole, world, steps, going)
        else:
            planned, found = _planned(world, steps, accepted or AcceptedLoss())
        over = interruption(whole, observe) if going is None else None
    if output in ("json", "yaml"):
        more = {"takesOver": over and over.run.id, "forecast": found and forecast.body(found)}
        show_document(as_document(planned) | more, output)
    else:
        _show(planned, found, over)
    if code := planned.exit_code:
        raise click.exceptions.Exit(code)


def _show(planned: Planned, found: Forecast | None, over: Interruption | None) -> None:
    for line in over.lines if over is not None else ():
        echo(line)
    if found is not None:
        forecast.show(found)
        for line in forecast.still_answers(found):
            echo(line)
        echo()
    show(planned)


def _going_on(whole: World, world: World, steps: Plan, going: Run) -> Planned:
    """Ask how the unfinished failover would go on; its loss was accepted when it was begun."""
    require_continuable(world, going)
    seen = outlook(steps, as_it_moves(steps, world), going)
    return _blank(world, steps)._replace(run=interruption(whole, observe), outlook=seen)


def _planned(world: World, steps: Plan, accepted: AcceptedLoss) -> tuple[Planned, Forecast | None]:
    """Return every reason of the journal and the gates, as one that takes over what is unfinished finds them."""
    over = tuple(run.id for run in unfinished(world))
    left = legacy(world, over, steps.source, steps.target)
    left.evidence |= {} if over else proof_left(world, steps.source, steps.target)
    looks = SideBySide(world.clock)
    costs = looks.begin(lambda: _costs(world, steps, left))
    held = looks.begin(lambda: world.sites[steps.target].positions.committed(world.plan.groups))
    facts = observe(world, steps.source, steps.target, looks)
    found = costs()
    blocking = reasons_to_wait(steps, world)
    blocking += _reasons(world, facts, found, held(), accepted, opened=left.past_point_of_no_return)
    planned = _blank(world, steps)._replace(
        blocking=blocking,
        warned=(*failover_warnings(facts), *sinks_left(facts), *(stale_positions(found.value) if found.value else ())),
        facts=facts_digest(facts, world.epochs.current()),
    )
    return planned, found.value


def _blank(world: World, steps: Plan) -> Planned:
    """Return the plan alone: nobody was asked, and nothing is handed over by a failover."""
    promised = world.plan.objectives.recovery_time
    return Planned(steps, world.epochs.current(), plan_digest(steps, world), (), promised, [], None, None, None)


def _costs(world: World, steps: Plan, left: Legacy) -> Forecast:
    """Forecast the cost; where the move that is taken over had proven where a silent source stands, by that proof."""
    found = forecast.forecast(world, steps.target)
    proven = left_if_any(FenceProof, left.evidence) is not None
    if not proven or left.past_point_of_no_return or found.loss is None or found.loss.ends_from is EndsFrom.ASKED:
        return found
    run = Run("", steps.kind, world.plan.name, world.plan.digest, steps.source, steps.target, 0)
    ctx = StepContext(world, run, left.evidence, left.snapshots, False, report=_unheard, check_authority=_unasked)
    return replace(found, loss=loss_now(ctx, ask=False))


def _reasons(
    world: World,
    facts: Facts,
    costs: Reading[Forecast],
    held: Reading[Held],
    accepted: AcceptedLoss,
    *,
    opened: bool,
) -> list[Blocker]:
    """Return the gates' reasons; ``opened``: the move that is taken over may have opened the target."""
    found = list(failover_blockers(facts, world.plan.guards, world.clock.now()))
    if opened:
        found = [each for each in found if each.rule not in OVER_ALREADY]
    elif not any(each.rule is Rule.LINK_UNKNOWN for each in found):
        loss = costs.value.loss if costs.value is not None else None
        why = costs.unknown if costs.value is None else costs.value.unknown
        found += loss_blockers(loss, accepted) if loss is not None else _untold(why)
    if held.value is not None:  # a target that does not answer is a reason of its own
        found += epoch_behind(world, {facts.target.name: held.value})
    return found


def _untold(why: str) -> list[Blocker]:
    detail = f"how many records would be lost cannot be told now: {why}"
    return [Blocker(Rule.LOSS_NOT_ACCEPTED, detail, "see the reason, then look again: the failover asks it again")]


def _unheard(_: str) -> None:
    """Nobody watches."""


def _unasked() -> None:
    """Nothing is changed."""
