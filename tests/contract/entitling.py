"""Rights of drctl's user, taken away for as long as a contract test wants it."""

from collections.abc import Iterator
from contextlib import contextmanager

from drctl.drivers.kafka.provision import Right, allow
from tests.contract.harness import FakeHarness, Harness
from tests.contract.real_site import RealHarness, withdraw

NAMES = {"TOPIC": "*", "GROUP": "*", "BROKER": "kafka-cluster"}
"""Resources of the lab's rules for drctl, by librdkafka's kind."""
BEHIND = {"TOPIC": "", "GROUP": " group", "BROKER": " cluster"}
"""Words that the fake has behind an operation that is withheld."""


@contextmanager
def without(harness: Harness, operation: str, kind: str) -> Iterator[None]:
    """In the block drctl has no rule that allows the operation."""
    if isinstance(harness, FakeHarness):
        harness.site.withheld.add(f"{operation}{BEHIND[kind]}")
        try:
            yield
        finally:
            harness.site.withheld.clear()
        return
    assert isinstance(harness, RealHarness)
    right: Right = ("User:drctl", operation, kind, NAMES[kind])
    withdraw(harness.admin, right)
    try:
        yield
    finally:
        allow(harness.admin, [right])
