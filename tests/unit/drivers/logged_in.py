"""A site whose login nobody changes, for drivers that are tested without connections."""

from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.login import Login


class LoggedIn:
    """Logs in as ever; what its clients were told is in ``causes``."""

    def __init__(self) -> None:
        self.name, self.causes = "north", Causes("north", "localhost:1", "user drctl")
        self.login = Login({}, self.causes, b"")
        self.login_asked = self.login

    def is_outdated(self, login: Login) -> bool:
        return login is not self.login

    def require_login(self, login: Login) -> None:
        """Nothing is rejected."""
