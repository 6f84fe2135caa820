"""In words: for how long a site that came back may have taken writes."""

from drctl.model.run import Evidence
from drctl.plans.openness import AT_LEAST, AT_MOST, CLOSED, WRITTEN


def told(opened: Evidence) -> str:
    """One line for people. It was seen open for the shorter time, and found silent before the longer one."""
    longest = "" if opened[AT_MOST] is None else f", at most {opened[AT_MOST]:.1f} s"
    count = f"{opened[WRITTEN]} offsets were written meanwhile" if opened[WRITTEN] else "nothing was written meanwhile"
    return f"seen open for {opened[AT_LEAST]:.1f} s{longest}, until {opened[CLOSED][:19]}; {count}"
