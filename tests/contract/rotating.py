"""Logins of a real site that are rotated under whoever uses them, and connections that are cut so that it shows."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from drctl.drivers.kafka.provision import Right, allow
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Unauthenticated
from drctl.lab import Lab, faults
from drctl.lab.layout import wire
from drctl.lab.rights import DRCTL
from tests.contract.stage import RealStage, withdraw
from tests.contract.waiting import until

USER = "rotated"
READING = ("DESCRIBE", "DESCRIBE_CONFIGS", "READ")
LINK = "listener.name.link.ssl."


def cut(lab: Lab, site: str) -> None:
    """Cut every connection through the wire, and let it carry new ones: a broker cuts none where a login changes."""
    faults.kill(lab, wire(site))
    faults.restart(lab, wire(site))


def await_rejection(name: str, login: dict[str, Any]) -> None:
    """Wait until each of the addresses rejects that login: every broker takes in a change by itself."""

    def is_rejected(server: str) -> bool:
        site = KafkaSite(name, {**login, "bootstrap.servers": server})
        try:
            site.admin()
        except Unauthenticated:
            return True
        finally:
            site.close()
        return False

    for server in login["bootstrap.servers"].split(","):
        until(SystemClock(), f"{server} rejects the login", partial(is_rejected, server))


@contextmanager
def scram_user(stage: RealStage, password: str) -> Iterator[Callable[[str], None]]:
    """A user of its own that may look at everything; gives what sets another password."""
    admin = stage.admin.admin()

    def set_password(word: str) -> None:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted = UserScramCredentialUpsertion(USER, info, word.encode())
        admin.alter_user_scram_credentials([wanted])[USER].result(30)

    rights: list[Right] = [(f"User:{USER}", *right[1:]) for right in DRCTL if right[1] in READING]
    set_password(password)
    allow(stage.admin, rights)
    try:
        yield set_password
    finally:
        for right in rights:
            withdraw(stage.admin, right)
        gone = UserScramCredentialDeletion(USER, ScramMechanism.SCRAM_SHA_512)
        admin.alter_user_scram_credentials([gone])[USER].result(30)
        until(SystemClock(), "the user is gone", lambda: USER not in stage.access.users())


class LinkListener:
    """The listener behind the wire, whose stores are changed while its brokers run."""

    def __init__(self, lab: Lab, stage: RealStage) -> None:
        self._nodes = [node.number for node in lab.site(stage.site.name).layout.nodes]
        self._stage = stage

    def set(self, **stores: Path) -> None:
        """Give it other stores: ``keystore`` or ``truststore``, as PEM."""
        self._alter({f"{LINK}{store}.location": str(path) for store, path in stores.items()})

    def reset(self) -> None:
        """Give it the stores back that all listeners of its brokers have."""
        self._alter({f"{LINK}{store}.location": None for store in ("keystore", "truststore")})

    def _alter(self, wanted: dict[str, str | None]) -> None:
        for number in self._nodes:
            entries = [
                ConfigEntry(
                    key,
                    value,
                    incremental_operation=AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET,
                )
                for key, value in wanted.items()
            ]
            # At most one broker in a request: it goes to that broker itself.
            broker = ConfigResource(ResourceType.BROKER, str(number), incremental_configs=entries)
            for future in self._stage.admin.admin().incremental_alter_configs([broker]).values():
                future.result(30)


@contextmanager
def link_listener(lab: Lab, stage: RealStage) -> Iterator[LinkListener]:
    """Give the listener, and reset it at the end."""
    listener = LinkListener(lab, stage)
    with ExitStack() as stack:
        stack.callback(listener.reset)
        yield listener
