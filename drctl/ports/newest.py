"""Changing a resource only onto what was just looked at."""

from collections.abc import Callable

from drctl.errors import Conflict

TIMES = 5
"""An operator writes its status into a resource while it acts on our change; so often in a row is somebody else."""


def onto_newest(change: Callable[[], None]) -> None:
    """Look and change; again where somebody wrote between look and change, which the API server tells by a Conflict."""
    for _ in range(TIMES - 1):
        try:
            return change()
        except Conflict as conflict:
            if "modified" not in str(conflict):
                raise
    return change()
