"""Rights of drctl's user, taken away for as long as a contract test wants it."""

from collections.abc import Iterator
from contextlib import contextmanager

from drctl.drivers.kafka.provision import Right, allow
from tests.contract.stage import FakeStage, RealStage, Stage, withdraw

NAMES = {"TOPIC": "*", "GROUP": "*", "BROKER": "kafka-cluster"}
"""Resources of the lab's rules for drctl, by librdkafka's kind."""
BEHIND = {"TOPIC": "", "GROUP": " group", "BROKER": " cluster"}
"""Words that the fake has behind an operation that is withheld."""


@contextmanager
def without(stage: Stage, operation: str, kind: str) -> Iterator[None]:
    """In the block drctl has no rule that allows the operation."""
    if isinstance(stage, FakeStage):
        stage.site.withheld.add(f"{operation}{BEHIND[kind]}")
        try:
            yield
        finally:
            stage.site.withheld.clear()
        return
    assert isinstance(stage, RealStage)
    right: Right = ("User:drctl", operation, kind, NAMES[kind])
    withdraw(stage.admin, right)
    try:
        yield
    finally:
        allow(stage.admin, [right])
