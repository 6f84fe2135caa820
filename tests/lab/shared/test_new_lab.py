"""A new lab: its clients have their rights and no more, its standby is fenced, and what is not there is named."""

import pytest

from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.model.offsets import TopicPartition

READINGS = TopicPartition("turbines.readings", 0)


def test_a_second_lab_in_the_same_folder_is_declined(lab: Lab) -> None:
    with pytest.raises(LabError, match="a lab runs in"):
        Lab.start(lab.folder, small=True)
    assert Lab.attach(lab.folder).layout == lab.layout


def test_clients_are_no_super_users(lab: Lab) -> None:
    kafka = lab.site("north").kafka("readers")
    outcomes = Writer(kafka).write([Outgoing(READINGS, b"k", b"v")])
    assert outcomes == [Outcome.DENIED]
    kafka.close()


def test_drctl_itself_may_not_write_to_a_topic(lab: Lab) -> None:
    kafka = lab.site("north").kafka("drctl")
    assert Writer(kafka).write([Outgoing(READINGS, b"k", b"v")]) == [Outcome.DENIED]
    kafka.close()


def test_the_standby_is_fenced_from_the_start(lab: Lab) -> None:
    kafka = lab.site("south").kafka("turbines")
    assert Writer(kafka).write([Outgoing(READINGS, b"k", b"v")]) == [Outcome.DENIED]
    kafka.close()


@pytest.mark.parametrize(("fault", "target"), [("lose-site", "west"), ("cut-link", "west"), ("kill", "nobody")])
def test_a_target_that_is_not_there_is_named(lab: Lab, fault: str, target: str) -> None:
    with pytest.raises(LabError, match=target):
        FAULTS[fault](lab, target)
