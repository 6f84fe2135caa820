"""Names of what an isolated drill makes at the sites: they say themselves whose it is, and when it is left over.

| name | what it is |
| --- | --- |
| ``drctl.drill.20261130T020000-a1b2c3`` | the drill's topic, and its consumer group |
| ``drctl.drill.20261130T020000-a1b2c3.writer`` | the group in which its writer notes how far it has come |
| ``north.drctl.drill.20261130T020000-a1b2c3`` | the topic's copy under the default replication policy |

A topic is never used for two drills: MirrorMaker 2 keeps the offset that it has copied under the topic's name, and in
one that was made again would begin behind its first records.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PREFIX = "drctl.drill."
"""Reserved: whatever has such a name, with the time of a drill behind it, is deleted once that drill must be over."""
LIMIT = timedelta(minutes=30)
"""A drill does nothing for longer: MirrorMaker 2 looks for new topics every ten minutes by default."""
LEFT_AFTER = LIMIT + timedelta(minutes=10)
"""The age from which what bears its name is left over; the clocks of two machines are closer than that."""
_FORM = re.compile(rf"{re.escape(PREFIX)}(?P<began>\d{{8}}T\d{{6}})-[0-9a-f]{{6}}(?:\.writer)?")


@dataclass(frozen=True, slots=True)
class CanaryNames:
    """Name what the drill of that id makes."""

    drill: str

    @property
    def topic(self) -> str:
        """Its topic at the site where it writes."""
        return PREFIX + self.drill

    @property
    def group(self) -> str:
        """Its consumer group, at both sites."""
        return PREFIX + self.drill

    @property
    def writer(self) -> str:
        """Where its writer notes how far it has come; its transactional ids begin with it, too."""
        return f"{self.group}.writer"

    def owns(self, name: str, prefixes: Collection[str] = ("",)) -> bool:
        """Whether a topic or group is this drill's; ``prefixes`` may stand before the name of a copy."""
        return name in {prefix + own for prefix in (*prefixes, "") for own in (self.topic, self.writer)}


def is_left_over(name: str, now: datetime, prefixes: Collection[str] = ("",)) -> bool:
    """Whether a topic or group of that name was made by a drill that must be over by ``now``."""
    began = _began(name, prefixes)
    return began is not None and now - began >= LEFT_AFTER


def _began(name: str, prefixes: Collection[str]) -> datetime | None:
    for prefix in (*prefixes, ""):
        found = _FORM.fullmatch(name.removeprefix(prefix))
        if found is None:
            continue
        try:
            return datetime.strptime(found["began"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None
    return None
