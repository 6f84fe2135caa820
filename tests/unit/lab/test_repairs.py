"""Undoing faults: what is frozen goes on, and where nothing is to be undone nothing is done."""

from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab.layout import wire
from drctl.lab.repairs import REPAIRS, thaw
from drctl.lab.wholeness import await_whole, shortcomings
from tests.unit.lab.stand_ins import await_state, sleeping_lab, state


def test_a_repair_of_what_is_well_changes_nothing(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        before = {process.name: process.pid for process in lab.status()}
        assert {name: repair(lab, "north") for name, repair in REPAIRS.items()} == {name: [] for name in REPAIRS}
        assert {process.name: process.pid for process in lab.status()} == before


def test_what_is_frozen_of_a_site_goes_on_and_of_the_other_does_not(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        for name in ("north-broker-2", "north-connect", "south-broker-1"):
            lab.processes.signal(name, "SIGSTOP")
        await_state(lab, "stopped", "north-broker-2", "north-connect", "south-broker-1")
        assert thaw(lab, "north") == ["north-broker-2", "north-connect"]
        assert thaw(lab, "north") == []
        await_state(lab, "running", "north-broker-2", "north-connect")
        assert state(lab, "south-broker-1") == "stopped"


def test_a_lab_with_a_part_that_does_not_run_is_not_whole(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        lab.processes.signal("south-broker-3", "SIGKILL")
        lab.processes.wait_gone("south-broker-3")
        lab.processes.signal(wire("north"), "SIGSTOP")
        await_state(lab, "stopped", wire("north"))
        assert shortcomings(lab) == ["wire-north-to-south is stopped", "south-broker-3 is gone"]


def test_a_lab_that_does_not_become_whole_is_told_with_all_that_it_lacks(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        for name in ("north-broker-1", "south-connect"):
            lab.processes.signal(name, "SIGKILL")
            lab.processes.wait_gone(name)
        with pytest.raises(LabError, match="north-broker-1 is gone; south-connect is gone") as told:
            await_whole(lab, 0)
        assert told.value.remedy
