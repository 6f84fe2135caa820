"""Hold what the arbiter says against our own journal, and say what it is told in good times."""

from drctl.decide.automatic import ArbiterStanding, arbiter_standing
from drctl.errors import DrctlError
from drctl.model.arbiter import ArbiterRecord
from drctl.model.run import RunState
from drctl.plans.selection import MOVES
from drctl.ports import World


def standing_of(world: World, held: ArbiterRecord | None, primary: str) -> ArbiterStanding:
    """Judge what the arbiter holds, where ``primary`` is the site that serves as far as we know."""
    runs = {run.id: run.epoch for run, _ in world.journal.runs()}
    return arbiter_standing(held, plan=world.plan.name, primary=primary, epoch=world.epochs.current(), runs=runs)


def asked(world: World, primary: str) -> tuple[ArbiterStanding, ArbiterRecord | None]:
    """Ask the arbiter; one that does not answer, or that there is none of, is SILENT."""
    if world.arbiter is None:
        return ArbiterStanding.SILENT, None
    try:
        held = world.arbiter.read()
    except DrctlError:
        return ArbiterStanding.SILENT, None
    return standing_of(world, held, primary), held


def as_it_stands(world: World, primary: str) -> ArbiterRecord:
    """Return what the arbiter is to hold while ``primary`` serves and no run is unfinished."""
    moved = [run.id for run, state in world.journal.runs() if run.kind in MOVES and state is RunState.DONE]
    return ArbiterRecord(world.plan.name, primary, world.epochs.current(), moved[-1] if moved else "")
