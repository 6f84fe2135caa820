"""How a report writes numbers, times and durations."""

from datetime import datetime


def moment(iso: str) -> str:
    """A date and a time of day with its zone."""
    return f"{day(iso)}, {clock(iso)} UTC"


def day(iso: str) -> str:
    """A date, in UTC."""
    found = datetime.fromisoformat(iso)
    return f"{found.day} {found:%B %Y}"


def clock(iso: str) -> str:
    """A time of day, in UTC."""
    return f"{datetime.fromisoformat(iso):%H:%M:%S.%f}"[:-5]


def number(value: int | None) -> str:
    """A count, or that it is not known."""
    return "unknown" if value is None else f"{value:,}"


def counted(value: int, what: str) -> str:
    """A count with its noun, as *1 group* and *2 groups*."""
    return f"{number(value)} {what}{'' if value == 1 else 's'}"


def span(seconds: float) -> str:
    """An objective, in the largest unit that leaves it whole."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds > length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def yes(*, value: bool) -> str:
    return "yes" if value else "no"


def spaced(name: str) -> str:
    """A class's name as people read it."""
    return name.replace("_", " ")
