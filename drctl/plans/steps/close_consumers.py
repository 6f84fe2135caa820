"""close-consumers."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.scaling import SCALE_DOWN
from drctl.plans.waiting import wait_until_none


class CloseConsumers(Step):
    """Close the front door, and wait until every group at the source is empty.

    Consumers that obey the door finish the record in hand, commit and leave. A group that does not empty is named with
    its members, their client ids and hosts.
    """

    name: ClassVar[str] = "close-consumers"
    title: ClassVar[str] = "Let the consumers leave the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {source} --describe --all-groups --state"

    def check(self, scene: Scene) -> bool:
        return scene.world.front_door.site() != scene.source.name and not self._inside(scene)

    def remember(self, scene: Scene) -> Evidence:
        return {"front door": scene.world.front_door.site()} | membership(scene)

    def do(self, scene: Scene) -> Evidence:
        if scene.world.front_door.site() == scene.source.name:
            scene.in_charge()
            scene.world.front_door.point_to(None)
        wait_until_none(
            scene,
            "every group is empty",
            lambda: self._inside(scene),
            remedy="stop these consumers, or make them follow the front door",
        )
        return {}

    def verify(self, scene: Scene) -> Evidence:
        groups = scene.source.positions.describe(scene.groups)
        return {"groups": {name: groups[name].state.value for name in sorted(groups)}}

    def _inside(self, scene: Scene) -> list[str]:
        """Groups that are not empty, with their members."""
        groups = scene.source.positions.describe(scene.groups)
        inside = [group for _, group in sorted(groups.items()) if not group.takes_positions]
        return [
            f"group {group.name} is {group.state} with "
            + (", ".join(f"{m.client_id} at {m.host}" for m in group.members) or "no member")
            for group in inside
        ]


def membership(scene: Scene) -> Evidence:
    """Who is to be met again at the target: members by group, and their static ids.

    Pods that are scaled down leave their groups before this step begins: what that step saw counts, too.
    """
    groups, before = scene.source.positions.describe(scene.groups), scene.remembered.get(SCALE_DOWN, {})
    members = {name: len(groups[name].members) for name in sorted(groups)}
    static = {name: ids for name in sorted(groups) if (ids := groups[name].static_ids)}
    return {
        "members": {name: max(count, before.get("members", {}).get(name, 0)) for name, count in members.items()},
        "static ids": before.get("static ids", {}) | static,
    }
