"""Whether a site is closed: as it says itself or, where it is silent, by the journal and a person's word together.

A site may be opened only while the other one is closed. What a site answers counts before anything else, also where it
answers one question and not the next. What stays unanswered may be made up for::

    closed  ⇐  the newest thing that the journal tells of the site is a proof that it was closed
            ∧  the journal's end is not missing: the copy at the site that is to be opened goes no further,
               the epoch was raised by a run that stands in it, and clients are not sent to the silent site
            ∧  a person attests that the site takes no writes

Deny rules outlast an outage, so a site that was closed and that no run has begun to open comes back closed; the word
covers what the journal cannot know, that nobody has opened it by hand since.

Example: a switchover was cut off behind the fence of north, and south died. The journal's newest word of south is
*fence-standby*, with a canary that was refused: on the word that south is without power, north is opened. Cut off
behind the intent of *unfence-target*, it is not: south may come back open.
"""

from collections.abc import Callable, Iterator
from typing import Any

from drctl.errors import DrctlError, StepFailed, Unauthenticated, Unreachable
from drctl.model.fence import Attestation, FenceState
from drctl.model.run import Event, Evidence, JournalEntry, Run
from drctl.plans import fencing
from drctl.plans.journal_integrity import is_ahead
from drctl.plans.plan import UNFENCE_TARGET, StepContext
from drctl.plans.selection import UNFENCE
from drctl.ports import SitePorts, World

PATIENCE = 5.0
"""Seconds in which each question is asked again: a site that answers off and on has answered all of them by then."""
OPENS_TARGET = frozenset({UNFENCE_TARGET})
UNFENCE_SOURCE = "unfence-source"
"""The step of a rollback that opens the source again."""
OPENS_SOURCE = frozenset({UNFENCE_SOURCE, "unfence-site"})
"""Steps that open a site of their run; from their intent on it may be open."""
LEFT_CLOSED = "left closed"
"""Key in that step's evidence: for whom the source is not open, since these rules stood before the run."""
LEFT_FENCED = "left fenced"
"""The same: why the rules of the run itself could not be lifted."""
VOUCHED = "closed by word"
"""Key in the evidence of a step that opened a site on a person's word of another: who gave it, and why."""


def require_closed(ctx: StepContext, site: SitePorts, silent: Unreachable) -> Attestation | None:
    """Ask a site that was silent once more, and return the word on which it counts as closed; None if it says so.

    StepFailed if what it answers shows it open; Unreachable, with the way out, where word and journal do not suffice.
    """
    if isinstance(silent, Unauthenticated):
        # A person's word covers a site that is down. One that rejects our login takes writes of others, and
        # a word would open a second site.
        raise silent  # it is up: its fence can be asked once the login is right
    against, still = _heard(ctx, site)
    if against:
        raise StepFailed(
            f"{ctx.source.name} stays closed, because {site.name} is not: {'; '.join(against)}",
            remedy=f"deny these writers at {site.name} by hand, then run the same command again",
        )
    return None if still is None else _word_for(ctx, site, still)


def vouched(word: Attestation | None) -> Evidence:
    """Return who vouches for a site, for the evidence of the step that opened the other one."""
    return {VOUCHED: {"fence": FenceState.ATTESTED.value, "by": word.by, "why": word.why}} if word else {}


def _heard(ctx: StepContext, site: SitePorts) -> tuple[list[str], Unreachable | None]:
    """Why the site is not closed, by all that it answers; and its silence, if it does not answer all."""
    questions: dict[str, Callable[[], Any]] = {
        "needed": lambda: fencing.needed(ctx.world, site),
        "standing": site.fence.standing,
        "canary": site.fence.canary,
    }
    answers: dict[str, Any] = {}
    silent: Unreachable | None = None
    clock = ctx.world.clock
    # A site that comes back answers some questions before others. Asked once, its silence to one of them
    # would count although it is open by the other two.
    deadline = min(clock.monotonic() + PATIENCE, ctx.until)
    while left := questions.keys() - answers.keys():
        # Each question by itself, and what was answered once is kept: brokers that come and go answer
        # different ones each time.
        for name in (each for each in questions if each in left):
            try:
                answers[name] = questions[name]()
            except Unauthenticated:
                raise
            except Unreachable as error:
                silent = error
        if clock.monotonic() >= deadline:
            break
        clock.sleep(0.2)
    against = fencing.not_refused(site, answers["canary"]) if "canary" in answers else []
    # No rule of drctl at all is what a site looks like that was opened. Rules of others are no fence of
    # ours, however many there are.
    if "standing" in answers and not any(rule.own for rule in answers["standing"]):
        against.append(f"{site.name}: no deny rule of drctl stands there")
    elif "standing" in answers and "needed" in answers:
        against += fencing.undenied(site, answers["needed"], answers["standing"])
    return against, silent if left else None


def _word_for(ctx: StepContext, site: SitePorts, silent: Unreachable) -> Attestation:
    source, name = ctx.source.name, site.name
    if missing := list(_not_proven(ctx, site)):
        raise Unreachable(
            f"{silent}; {source} is not opened, for {name} may be open: {'; '.join(missing)}",
            remedy=f"start {name}, which tells itself; if it is lost for good look at 'drctl runs show' and at what"
            f" serves, then see 'Without drctl' in the runbooks",
        )
    if ctx.terms.attested is None:
        raise Unreachable(
            f"{silent}; {source} is not opened before {name} is known to be closed: by the journal it was, and no run"
            " has begun to open it since",
            remedy=f"start {name}; or, where it is down for certain: {way_out(ctx.run)}",
        )
    ctx.report(f"{name} is silent; {ctx.terms.attested.by} attests that it takes no writes")
    return ctx.terms.attested


def way_out(run: Run) -> str:
    """Return what opens the run's source while its target is silent, for somebody who knows that it takes no writes."""
    if run.kind == UNFENCE:
        return f"drctl unfence {run.source} --attest-target-down 'how you know'"
    return f"drctl runs abort {run.id} --reason '…' --attest-target-down 'how you know'"


def _not_proven(ctx: StepContext, site: SitePorts) -> Iterator[str]:
    """Why the journal does not prove that the site was closed, and not begun to be opened since."""
    world, name = ctx.world, site.name
    # Where clients are sent they write, and a journal that does not know of it is not the newest.
    if world.client_routing.site() == name:
        yield f"clients are sent to {name}"
    yield from _last_told(ctx, name)
    yield from _end_missing(ctx)


def _last_told(ctx: StepContext, site: str) -> Iterator[str]:
    journal = ctx.world.journal
    for run, _ in reversed(journal.runs()):
        # Backward to the first word about this site, whichever it is. Anything else, of other sites or
        # steps, says nothing about it.
        for entry in reversed(journal.entries(run.id)):
            if may_open(run, entry, site):
                yield f"run {run.id} has begun {entry.step}"
                return
            if _proves_closed(run, entry, site):
                return
    yield f"the journal holds no proof that {site} was closed"


def may_open(run: Run, entry: JournalEntry, site: str) -> bool:
    """Whether that entry says that the run has begun to open the site, or has found it open."""
    return entry.step in {run.target: OPENS_TARGET, run.source: OPENS_SOURCE}.get(site, frozenset())


def _proves_closed(run: Run, entry: JournalEntry, site: str) -> bool:
    if entry.event not in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE) or not entry.body.get("canary"):
        return False
    return (entry.step, site) in (("fence-standby", run.target), ("prove-fence", run.source))


def _end_missing(ctx: StepContext) -> Iterator[str]:
    """Why what the journal tells last may not be the last thing that happened."""
    world, source = ctx.world, ctx.source.name
    if (epoch := world.epochs.current()) > newest_raised(world):
        yield f"the epoch is {epoch}, and the journal holds no run that has raised it"
    try:
        last = world.copies[source].last() if source in world.copies else None
    except DrctlError as error:
        yield f"whether the journal's end is missing is not known: {error}"
        return
    # An empty copy is as good as none: a topic that was recreated would otherwise prove that nothing is
    # missing.
    if last is None:
        yield f"{source} holds no copy of the journal, which would tell whether its end is missing"
    elif is_ahead(last, world.journal):
        yield f"the journal's copy at {source} goes on to line {last.number}, which this journal does not have"


def newest_raised(world: World) -> int:
    """Return the highest epoch that a run in the journal has raised, or was about to; 0 if none has."""
    return max((run.epoch for run, _ in world.journal.runs() if _has_raised(world, run)), default=0)


def _has_raised(world: World, run: Run) -> bool:
    return any(entry.step == "raise-epoch" for entry in world.journal.entries(run.id))
