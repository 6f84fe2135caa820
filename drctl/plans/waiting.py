"""Waiting: every wait names what it waits for and has a deadline."""

from collections.abc import Callable, Sequence

from drctl.errors import DeadlinePassed, DrctlError, PositionsPending
from drctl.plans.followed import Held
from drctl.plans.plan import StepContext

_POLL = 0.2
"""Seconds between two questions: clients wait for most of what is waited for here, and one costs a request or two."""
_SOON = 0.025
"""Seconds to the second question where the answer comes soon, doubled until it is the above: what brokers were just
told shows on all of them within some hundredths of a second, and clients would wait for the rest of the fifth."""
_PATIENCE = 10.0
"""Seconds in which transient errors are asked past: an election of leaders or a rebalance of workers takes some."""
_SHOWN = 8
"""Names in one line, of what is left: a person looks up the first, and a terminal shows no more."""
ENDS_BY_ITSELF = "they end by themselves, at the latest after transaction.timeout.ms: see kafka-transactions.sh list"


def wait_until_none(
    ctx: StepContext,
    what: str,
    left: Callable[[], Sequence[str]],
    *,
    within: float | None = None,
    remedy: str = "",
    soon: bool = False,
) -> None:
    """Ask ``left`` again and again until it names nothing any more, and show what it names meanwhile.

    ``soon``: it most often names nothing a moment from now, so that the first questions follow quickly. Raises
    DeadlinePassed after ``within`` seconds (the step timeout if None) with ``what`` and what is left. A transient error
    counts as something left.
    """
    clock = ctx.world.clock
    seconds = ctx.world.plan.guards.step_timeout.total_seconds() if within is None else within
    deadline, pause = clock.monotonic() + seconds, _SOON if soon else _POLL
    while names := _ask(left):
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        ctx.report(f"waiting until {what}: {shown}")
        if clock.monotonic() >= deadline:
            raise DeadlinePassed(f"timed out after {seconds:g} s waiting until {what}: {shown}", remedy=remedy)
        clock.sleep(pause)
        pause = min(2 * pause, _POLL)


def patiently[T](ctx: StepContext, question: Callable[[], T]) -> T:
    """Answer a question that changes nothing; transient errors are asked past for some seconds."""
    deadline = min(ctx.world.clock.monotonic() + _PATIENCE, ctx.until)
    while True:
        try:
            return question()
        except DrctlError as error:
            # Who has waited to its own deadline is not asked again: two patiences on top of each other
            # would double every timeout that is documented.
            waited_already = isinstance(error, DeadlinePassed)
            if waited_already or not error.transient or ctx.world.clock.monotonic() >= deadline:
                raise
            ctx.report(str(error))
            ctx.world.clock.sleep(_POLL)


def held_once_decided(ctx: StepContext) -> tuple[Held, Held]:
    """The groups' positions at both sites, once no transaction is open that commits some of them.

    DeadlinePassed, naming the groups, after the step timeout.
    """
    clock, seconds = ctx.world.clock, ctx.world.plan.guards.step_timeout.total_seconds()
    deadline = clock.monotonic() + seconds
    while True:
        try:
            return ctx.held()
        except PositionsPending as error:
            names = ", ".join(sorted(error.pending)[:_SHOWN])
            if clock.monotonic() >= deadline:
                raise DeadlinePassed(
                    f"timed out after {seconds:g} s waiting until transactions end that commit positions of {names}",
                    remedy=ENDS_BY_ITSELF,
                ) from error
            ctx.report(f"waiting until transactions end that commit positions of {names}")
            clock.sleep(_POLL)


def _ask(left: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return left()
    except DrctlError as error:
        if not error.transient:
            raise
        return (str(error),)
