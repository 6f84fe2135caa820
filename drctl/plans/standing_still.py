"""Whether a source's logs stand still: the window between two looks, and what is asked meanwhile.

| when | asked of the source | asked beside it, where the link is drained next |
| --- | --- | --- |
| the deny rules were read back (:func:`begin`) | the ends: the first look | what it has copied, in a short window |
| `prove-fence`, five times within the window | the ends, against the first | the same again, if records were left |
| the last of these | open transactions, too | |

Example: the rules stand at 0.3 s, the ends are 120 and 88, clients are told to leave. `prove-fence` begins at 0.5 s and
looks five times until 1.3 s: the window of 1 s lies between the first look and the last, whatever was done meanwhile.

Invariant: proven => no record was committed from the first look on. It is one of the ends with no transaction open,
made once every rule was read back. Where the logs have grown before `prove-fence` begins (a broker heard of the rules
later), and in a process that was begun since, another one is made there, and the whole window waited for.
"""

from collections.abc import Mapping
from concurrent.futures import Future

from drctl.errors import DrctlError, StepFailed
from drctl.model.fence import FirstLook, Stillness
from drctl.model.offsets import TopicPartition
from drctl.plans import fencing
from drctl.plans.draining import DrainLook
from drctl.plans.plan import StepContext
from drctl.ports.asking import ahead

_SAMPLES = 5
"""Looks per window: a writer is seen after a fifth of it, and the brokers are asked for ends a few times only."""
_AHEAD = 2.0
"""Seconds before the window's end from which the link is asked what it has copied: Connect takes about one to answer,
and whatever was written before the fence is copied by then, or the link is behind and asked again anyway."""


def begin(ctx: StepContext, *, drained_next: bool) -> None:
    """Take the first look of the window: all deny rules stand, so it need not wait for whatever comes before its proof.

    None is taken where the brokers do not tell, or while a transaction is open; `prove-fence` then takes its own.
    """
    clock = ctx.world.clock
    began = clock.now()
    try:
        bounds = ctx.source.records.bounds(ctx.partitions(ctx.source))
    except DrctlError:
        return
    if any(each.stable < each.high for each in bounds.values()):
        return
    ctx.first_look = FirstLook(began, clock.monotonic(), {p: each.stable for p, each in bounds.items()})
    if drained_next and ctx.world.plan.guards.fence_window.total_seconds() <= _AHEAD:
        ctx.drain_ahead = ahead(ctx.drain().ask)
        clock.wait_for(ctx.drain_ahead, clock.monotonic())  # no time at all: what comes next is done beside it


def watch(ctx: StepContext, *, drained_next: bool) -> Stillness:
    """Sample the ends until the window is over; StepFailed as soon as a record appears.

    With ``drained_next`` the answer to what the link has copied is there at the end, or on its way.
    """
    clock, window = ctx.world.clock, ctx.world.plan.guards.fence_window
    look = _first(ctx)
    # From when the first ends were known: the window lies between the looks, and is no longer for what they take.
    over, now = look.at + window.total_seconds(), clock.monotonic()
    looks = _SAMPLES if now < over else 1
    # Fails with the first record instead of at the end of the window: clients wait, and are let back by so
    # much earlier.
    for number in range(1, looks + 1):
        ctx.report("watching the source's end offsets stand still")
        due = now + max(0.0, over - now) * number / looks
        if drained_next and over - clock.monotonic() <= _AHEAD and _is_wanted(ctx.drain_ahead):
            ctx.drain_ahead = ahead(ctx.drain().ask)
        if ctx.drain_ahead is not None:
            clock.wait_for(ctx.drain_ahead, due)
        clock.sleep(max(0.0, due - clock.monotonic()))
        # The last one is also held against open transactions: one look, judged by both.
        bounds = ctx.source.records.bounds(tuple(look.ends))
        refuse(ctx, fencing.growth(ctx.source, look.ends, bounds))
    opened = tuple(p for p, each in sorted(bounds.items()) if each.stable < each.high)
    return Stillness(look.began, window, looks + 1, (), opened, {p: each.stable for p, each in bounds.items()})


def refuse(ctx: StepContext, grown: Mapping[TopicPartition, int]) -> None:
    """StepFailed if any partition has gained records behind the fence."""
    if grown:
        named = ", ".join(f"{p} by {count}" for p, count in grown.items())
        raise StepFailed(
            f"{ctx.source.name}: records appeared behind the fence: {named}",
            remedy="someone writes who is not fenced: is an application a super user?",
        )


def _first(ctx: StepContext) -> FirstLook:
    """The look that was taken when the rules stood; another one if there is none, or the logs have grown since.

    A broker may hear of the rules a moment after the one that was asked, so what came until here is no breach.
    """
    clock, earlier = ctx.world.clock, ctx.first_look
    began, bounds = clock.now(), ctx.source.records.bounds(ctx.partitions(ctx.source))
    if earlier is not None and not fencing.growth(ctx.source, earlier.ends, bounds):
        return earlier
    # Last stable offsets, not high watermarks: no transaction is open here, so the two are the same, and
    # whoever opens one now shows at the end of the window.
    return FirstLook(began, clock.monotonic(), {p: each.stable for p, each in bounds.items()})


def _is_wanted(asked: Future[DrainLook] | None) -> bool:
    """Whether the link is to be asked: it was not yet, gave no answer, or had records left to copy."""
    return asked is None or (asked.done() and (asked.exception() is not None or asked.result().drained is None))
