"""What the sentences about the group-offset sync share: a standby on which reads and answers fail."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from drctl.errors import DrctlError, Unreachable
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from tests.fakes import FakePositions, FakeWorld, fake_world
from tests.spec.test_group_sync import READINGS, Keeper, read_before


@dataclass
class Trouble:
    """What goes wrong with groups' positions at a site; empty: nothing."""

    unread: dict[str, DrctlError] = field(default_factory=dict)
    unanswered: bool = False
    reads: int = 0


class TroubledPositions(FakePositions):
    """Reads fail for some groups; commits may take effect without an answer."""

    trouble: Trouble

    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
        self.trouble.reads += 1
        for group in groups:
            if group in self.trouble.unread:
                raise self.trouble.unread[group]
        return super().committed(groups)

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        refused = super().commit_all(positions, permit)
        lost = Unreachable("south: no answer")
        return dict.fromkeys(positions, lost) if self.trouble.unanswered else refused


def troubled(earth: FakeWorld) -> tuple[Keeper, Trouble]:
    """A keeper that meets this trouble at the standby, and the trouble."""
    world, trouble = earth.ports(), Trouble()
    positions = TroubledPositions(earth.south, earth.effects)
    positions.trouble = trouble
    sites = {**world.sites, "south": replace(world.sites["south"], positions=positions)}
    return Keeper(earth, replace(world, sites=sites)), trouble


def at_rest() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    for consumer in earth.consumers.values():
        consumer.running = False
    return earth


def reached(earth: FakeWorld, group: str = "dispatch", partition: TopicPartition = READINGS) -> int:
    """Records of the partition before the group's position at the standby."""
    return len(read_before(earth, "south", group, partition))


def state(keeper: Keeper, group: str = "dispatch") -> GroupSyncState:
    return keeper.group_sync.statuses[group].state
