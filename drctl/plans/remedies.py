"""Word what to tell a person who has to go on from a failure."""

from collections.abc import Iterable

from drctl.errors import DrctlError


def remedy_of(error: Exception | None) -> str:
    """Return the remedy that an error names; empty for one that is not drctl's."""
    return error.remedy if isinstance(error, DrctlError) else ""


def joined(*remedies: str) -> str:
    """Return them as one sentence, in the order in which they are to be followed."""
    return "; then ".join(r for r in remedies if r)


def places(failures: Iterable[str]) -> str:
    """Return the steps that failed, without the reasons that stand behind them."""
    return ", ".join(each.partition(": ")[0] for each in failures)


def waiting(count: int) -> str:
    """Return how many reasons to wait there are, and that nothing was changed."""
    return f"{count} reason{'' if count == 1 else 's'} to wait, nothing was changed"
