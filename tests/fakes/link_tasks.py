"""How many tasks a link may copy with, in memory."""

from drctl.errors import Conflict, NotFound, Unreachable
from drctl.model.link import ConnectorState
from drctl.model.link_tasks import TASKS_MAX, TaskLimit
from drctl.ports.permit import Permit, always
from tests.fakes.effects import Effects
from tests.fakes.mirror import FakeMirror


class FakeLinkTasks:
    """Implements :class:`drctl.ports.LinkTasks`. ``FakeMirror.tasks_held`` is why the number cannot be set."""

    def __init__(self, mirror: FakeMirror, effects: Effects | None = None) -> None:
        self.mirror, self.effects = mirror, effects or Effects()

    def state(self) -> TaskLimit:
        mirror = self.mirror
        if mirror.worker_down or mirror.target.down:
            raise Unreachable(f"the Connect worker at {mirror.target.name} does not answer")
        if mirror.state is ConnectorState.ABSENT:
            raise NotFound(f"{mirror.target.name}: there is no connector")
        return TaskLimit(int(mirror.config.get(TASKS_MAX, "1")), mirror.state is ConnectorState.RUNNING)

    def rehearse(self, most: int) -> None:
        if not self.state().runs:
            raise Conflict(f"the source connector does not run: its {TASKS_MAX} is left as it is", remedy="later")
        if self.mirror.tasks_held:
            raise Conflict(f"{TASKS_MAX} {most}: {self.mirror.tasks_held}", remedy="takeOwnership: true")

    def set_most(self, most: int, permit: Permit = always) -> None:
        self.rehearse(most)
        if self.state().most == most:
            return
        permit()
        with self.effects(f"set {TASKS_MAX} of the link to {self.mirror.target.name} to {most}"):
            self.mirror.config[TASKS_MAX] = str(most)
