"""Write beside a position whose decision it was, so that a later drctl knows."""

import re
from dataclasses import dataclass
from functools import lru_cache

# Any client may write what looks like one: an epoch of thousands of digits is none that drctl ever wrote.
_FORM = re.compile(r"drctl plan=(?P<plan>\S*) run=(?P<run>\S*) epoch=(?P<epoch>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Plan file, run and epoch of a commit."""

    plan: str
    run: str
    epoch: int

    @lru_cache(maxsize=64)  # noqa: B019 - frozen, and few
    def __str__(self) -> str:
        return f"drctl plan={self.plan} run={self.run} epoch={self.epoch}"

    @staticmethod
    @lru_cache(maxsize=1024)  # thousands of positions have the same one
    def read(metadata: str) -> "Stamp | None":
        """The stamp in a position's metadata, if it is one."""
        found = _FORM.fullmatch(metadata)
        return Stamp(found["plan"], found["run"], int(found["epoch"])) if found else None


def metadata_of(own: str, stamp: Stamp) -> str:
    """A group's own metadata goes with its position; where there is none, or only an older stamp, the stamp does."""
    return str(stamp) if not own or Stamp.read(own) else own


def is_synced(metadata: str, plan: str) -> bool:
    """Whether it was committed to keep a standby of that plan file in sync."""
    stamp = Stamp.read(metadata)
    return stamp is not None and (stamp.plan, stamp.run) == (plan, "group-sync")
