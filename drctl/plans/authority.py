"""Who may act: the process that holds the lease, while nobody has raised the epoch beyond its run's."""

from drctl.errors import Locked, Superseded
from drctl.model.run import Run
from drctl.ports import World

AGAIN = "run the same command again: it goes on from here"


def require_lease(world: World, remedy: str = AGAIN) -> None:
    """Raise Locked unless we hold the lease."""
    if not world.lease.held():
        raise Locked(
            "the lease was lost: another drctl may be at work, so this one stopped at once",
            remedy=remedy,
        )


def require_nobody_at_work(world: World) -> None:
    """Raise Locked if another process holds the lease: its run is not one that was left, and not ours to go on with."""
    if not world.lease.held() and (holder := world.lease.holder()):
        raise Locked(f"another drctl is at work on this plan file: {holder}", remedy="wait until it is done, or end it")


def require_authority(world: World, run: Run, remedy: str = AGAIN) -> None:
    """Raise Locked unless we hold the lease, and Superseded where somebody has raised the epoch beyond ours."""
    # Neither is enough alone: the lease says that nobody else is at work now, the epoch that nobody has
    # decided since this run began, also on a machine that never held this lease.
    require_lease(world, remedy)
    require_newest_decision(world, run)


def require_newest_decision(world: World, run: Run) -> None:
    """Raise Superseded where somebody has raised the epoch beyond the run's."""
    current = world.epochs.current()
    if current > run.epoch:
        raise Superseded(
            f"the epoch is {current}, ours is {run.epoch}: someone newer has decided",
            remedy="see 'drctl status' and 'drctl runs list' before deciding again",
        )
