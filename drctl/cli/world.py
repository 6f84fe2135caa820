"""The world of a plan file, loaded only when a command runs: a command's help stays fast."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from drctl.ports import World


@contextmanager
def opened(
    plan_file: Path,
    *,
    target: str | None = None,
    doubting: bool = False,
    looking: bool = False,
    patient: bool = False,
) -> Iterator[World]:
    """Everything the plan file names, closed at the end. ConfigInvalid, naming the line, where the file is wrong.

    With ``doubting`` no site but the target, or the one that clients are not at, is waited for long; with ``looking``,
    for commands that change nothing, none is, and one that refuses connections not at all. Who acts on what is seen is
    ``patient``: brokers that start refuse for a moment.
    """
    from drctl.config import load
    from drctl.drivers.command.processes import CommandRunner
    from drctl.wiring.client_routing import client_routing_of
    from drctl.wiring.world import open_world

    plan, doubted = load(plan_file), set[str]()
    if looking:
        doubted = {site.name for site in plan.sites}
    elif doubting:
        names = {site.name for site in plan.sites}
        with ExitStack() as stack:
            routing = client_routing_of(plan, CommandRunner(plan.path.parent), stack).site()
        doubted = names - {target} if target else {routing} & names if routing else set()
    with open_world(plan, doubted=doubted, looking=looking and not patient) as world:
        yield world
