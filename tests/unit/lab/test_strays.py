"""Who writes at the standby is denied, all of it, or the attempt has shown nothing."""

from collections.abc import Collection
from pathlib import Path

import pytest

from drctl.drivers.kafka.traffic import Outcome
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.lab.layout import plan_layout
from drctl.lab.strays import STRAYS, refused
from drctl.model.offsets import TopicPartition

DENIED = {user: [Outcome.DENIED] * 10 for user in STRAYS}
READINGS = TopicPartition("turbines.readings", 0)


def test_what_is_denied_and_not_there_was_refused() -> None:
    assert refused("south", DENIED, []) == (
        "brokers denied every record (10 of shop, 10 of turbines), and no reader finds one"
    )


@pytest.mark.parametrize("other", [each for each in Outcome if each is not Outcome.DENIED])
def test_one_record_that_is_not_denied_says_that_sites_can_split(other: Outcome) -> None:
    with pytest.raises(LabError, match=f"1 of turbines {other}"):
        refused("south", {**DENIED, "turbines": [*DENIED["turbines"][1:], other]}, [])


@pytest.mark.parametrize(
    ("outcomes", "found", "said"),
    [
        (DENIED, [READINGS], "one is in turbines.readings-0"),
        ({}, [READINGS], "one is in"),
        ({**DENIED, "shop": []}, [], "none was sent"),
        ({}, [], "none was sent"),
    ],
    ids=["there all the same", "there, and nobody sent it", "one sent nothing", "nobody sent"],
)
def test_what_is_there_or_was_never_tried_is_no_refusal(
    outcomes: dict[str, list[Outcome]], found: Collection[TopicPartition], said: str
) -> None:
    with pytest.raises(LabError, match=said):
        refused("south", outcomes, found)


@pytest.mark.parametrize(
    ("routed", "site"), [("south", "south"), (None, "south"), ("north", "north"), ("north", "east")]
)
def test_nobody_writes_where_clients_are_routed_to(tmp_path: Path, routed: str | None, site: str) -> None:
    """What an experiment wrote there would be taken for the loss of a record, or for one that was never sent."""
    FileClientRouting(tmp_path / "client-routing.json").route_to(routed)
    with pytest.raises(LabError, match="is astray"):
        FAULTS["write-at-standby"](Lab(tmp_path, plan_layout(1), SystemClock()), site)
