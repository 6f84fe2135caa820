"""Client routing that commands turn and read: a load balancer, DNS, or whatever else clients follow."""

import json
import re
import threading
import time

from drctl.config.values import ALIAS
from drctl.errors import DrctlError
from drctl.model.site import DoorCommands
from drctl.ports.commands import Commands, Ended


class CommandClientRouting:
    """Implements :class:`drctl.ports.ClientRouting`.

    ``routeTo`` is given the site's name as its last argument, empty to close the door to consumers, and may be called
    twice. ``read`` prints the site's name, or nothing while it is closed; a door is turned once it reads so.
    """

    def __init__(self, door: DoorCommands, commands: Commands) -> None:
        self.door, self.commands = door, commands

    def site(self) -> str | None:
        done = self.commands.run(self.door.read, "", self.door.timeout.total_seconds())
        self._require(done, "read")
        found = done.output.strip()
        # Anything else that is printed goes nowhere: it may hold a secret.
        if found and not re.fullmatch(ALIAS, found):
            raise DrctlError(
                f"client routing cannot be read: {self.door.read[0]} printed something that is no site's name",
                remedy="let it print the site's name and nothing else; see clientRouting in the plan file",
            )
        return found or None

    def route_to(self, site: str | None) -> None:
        seconds = self.door.timeout.total_seconds()
        deadline = time.monotonic() + seconds
        done = self.commands.run([*self.door.route_to, site or ""], json.dumps({"site": site}), seconds)
        self._require(done, "turned")
        while (found := self.site()) != site:
            if time.monotonic() >= deadline:
                raise DrctlError(
                    f"client routing was turned to {site or 'no site'}, and still reads {found or 'no site'}",
                    remedy=f"see what {self.door.route_to[0]} and {self.door.read[0]} do",
                )
            threading.Event().wait(0.2)

    def _require(self, done: Ended, what: str) -> None:
        if done.code != 0:
            how = "did not end in time" if done.timed_out else f"ended with {done.code}"
            raise DrctlError(
                f"client routing cannot be {what}: its command {how}: {done.complained(300)}".rstrip(": "),
                remedy="run the command by hand; see clientRouting in the plan file",
            )
