"""Client routing that commands change and read: a load balancer, DNS, or whatever else clients follow."""

import json
import re
import threading
import time

from drctl.config.values import ALIAS
from drctl.errors import DrctlError
from drctl.model.routing import RoutingCommands
from drctl.ports.commands import Commands, Ended


class CommandClientRouting:
    """Implements :class:`drctl.ports.ClientRouting`.

    ``routeTo`` is given the site's name as its last argument, empty to close it to consumers, and may be called
    twice. ``read`` prints the site's name, or nothing while it is closed; it counts as changed once it reads so.
    """

    def __init__(self, routing: RoutingCommands, commands: Commands) -> None:
        self.routing, self.commands = routing, commands

    def site(self) -> str | None:
        done = self.commands.run(self.routing.read, "", self.routing.timeout.total_seconds())
        self._require(done, "read")
        found = done.output.strip()
        # Anything else that is printed goes nowhere: it may hold a secret.
        if found and not re.fullmatch(ALIAS, found):
            raise DrctlError(
                f"client routing cannot be read: {self.routing.read[0]} printed something that is no site's name",
                remedy="let it print the site's name and nothing else; see clientRouting in the plan file",
            )
        return found or None

    def obstacle(self) -> str:
        return ""  # what a command would meet only calling it tells

    def route_to(self, site: str | None) -> None:
        seconds = self.routing.timeout.total_seconds()
        deadline = time.monotonic() + seconds
        done = self.commands.run([*self.routing.route_to, site or ""], json.dumps({"site": site}), seconds)
        self._require(done, "turned")
        # Read by the other command, and again: what a load balancer or a name server was told is not yet what
        # it does.
        while (found := self.site()) != site:
            if time.monotonic() >= deadline:
                raise DrctlError(
                    f"client routing was turned to {site or 'no site'}, and still reads {found or 'no site'}",
                    remedy=f"see what {self.routing.route_to[0]} and {self.routing.read[0]} do",
                )
            threading.Event().wait(0.2)

    def _require(self, done: Ended, what: str) -> None:
        if done.code != 0:
            how = "did not end in time" if done.timed_out else f"ended with {done.code}"
            raise DrctlError(
                f"client routing cannot be {what}: its command {how}: {done.complained(300)}".rstrip(": "),
                remedy="run the command by hand; see clientRouting in the plan file",
            )
