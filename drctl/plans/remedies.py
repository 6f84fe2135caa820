"""What to tell a person who has to go on from a failure."""

from drctl.errors import DrctlError


def remedy_of(error: Exception | None) -> str:
    """Return the remedy that an error names; empty for one that is not drctl's."""
    return error.remedy if isinstance(error, DrctlError) else ""


def joined(*remedies: str) -> str:
    """Return them as one sentence, in the order in which they are to be followed."""
    return "; then ".join(r for r in remedies if r)
