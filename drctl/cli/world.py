"""The world of a plan file, loaded only when a command runs: a command's help stays fast."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drctl.ports import World


@contextmanager
def opened(plan_file: Path) -> Iterator[World]:
    """Everything the plan file names, closed at the end. ConfigInvalid, naming the line, where the file is wrong."""
    from drctl.config import load
    from drctl.wiring import open_world

    with open_world(load(plan_file)) as world:
        yield world
