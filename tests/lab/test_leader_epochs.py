"""An election of a partition's leader shows in its bounds, which is all that tells of a log that was cut and grew."""

import pytest

from drctl.drivers.kafka.records import KafkaRecords
from drctl.errors import DrctlError
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.model.offsets import LogBounds, TopicPartition
from tests.lab import usage

pytestmark = pytest.mark.long
READINGS = TopicPartition("turbines.readings", 0)


def _bounds(lab: Lab) -> LogBounds | None:
    """Ask by a connection of its own, which knows nothing of the time before; None while nobody leads."""
    kafka = lab.site("south").kafka("drctl")
    try:
        return KafkaRecords(kafka).bounds([READINGS])[READINGS]
    except DrctlError:
        return None
    finally:
        kafka.close()


def test_a_broker_that_dies_and_comes_back_leads_in_a_later_epoch(own_lab: Lab) -> None:
    broker = own_lab.layout["south"].brokers[0]
    usage.wait("the topic is there and led", lambda: _bounds(own_lab), seconds=120)
    before = _bounds(own_lab)
    assert before is not None
    first = before.leader_epoch
    assert first is not None
    FAULTS["kill"](own_lab, broker)
    FAULTS["restart"](own_lab, broker)
    usage.wait("the leader's epoch has risen", lambda: _is_later(_bounds(own_lab), first), seconds=120)
    assert _bounds(own_lab) == before, "nothing else tells of it"


def _is_later(bounds: LogBounds | None, epoch: int) -> bool:
    return bounds is not None and bounds.leader_epoch is not None and bounds.leader_epoch > epoch
