"""What a lab can be asked to do to its processes, without a lab."""

from pathlib import Path

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.lab.layout import plan_layout


@pytest.mark.parametrize("process", ["client-dispatch", "postgres", "north", "north-broker-4"])
def test_what_cannot_be_restarted_is_answered_with_what_can(tmp_path: Path, process: str) -> None:
    lab = Lab(tmp_path, plan_layout(1), SystemClock())
    with pytest.raises(LabError, match=f"{process} is nothing that can be restarted") as told:
        FAULTS["restart"](lab, process)
    for each in ("north-broker-1", "south-broker-1", "south-connect", "wire-north-to-south"):
        assert each in told.value.remedy
