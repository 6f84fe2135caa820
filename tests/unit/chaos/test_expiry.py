"""Faults end by themselves, and never later ones; with real processes that only sleep."""

import subprocess
import sys
from pathlib import Path

import pytest

from drctl.chaos.expiry import PREFIX, arm, disarm
from drctl.errors import LabError
from drctl.lab import Lab
from tests.unit.chaos.struck import armed
from tests.unit.lab.stand_ins import await_state, sleeping_lab, state

BROKER, EXPIRY = "north-broker-1", f"{PREFIX}thaw-north"


def freeze(lab: Lab) -> None:
    lab.processes.signal(BROKER, "SIGSTOP")
    await_state(lab, "stopped", BROKER)


def test_a_fault_whose_injector_is_gone_ends_by_itself(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        freeze(lab)
        arm(lab, "thaw", "north", 0.1)
        lab.processes.wait_gone(EXPIRY, 120)
        await_state(lab, "running", BROKER)


def test_what_was_disarmed_ends_no_later_fault(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        arm(lab, "thaw", "north", 600)
        arm(lab, "thaw", "south", 600)
        disarm(lab, "north", "thaw")
        disarm(lab, "north", "thaw")
        await_state(lab, "gone", EXPIRY)
        assert state(lab, f"{PREFIX}thaw-south") == "running"


def test_a_site_is_disarmed_of_all_the_repairs_that_are_named(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        for repair in ("thaw", "restart-brokers", "mend-link"):
            arm(lab, repair, "north", 600)
        disarm(lab, "north", "thaw", "restart-brokers")
        assert armed(lab) == ["mend-link-north"]


def test_armed_again_it_begins_again(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        arm(lab, "thaw", "north", 600)
        first = lab.processes.status(EXPIRY).pid
        arm(lab, "thaw", "north", 600)
        assert lab.processes.status(EXPIRY).pid != first


def test_what_waits_beside_a_fault_has_loaded_no_client_yet() -> None:
    code = "import sys, drctl.chaos.countdown; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()
    assert "drctl.chaos.countdown" in loaded
    assert {"confluent_kafka", "pydantic", "httpx2"}.isdisjoint(loaded)


@pytest.mark.parametrize(("repair", "seconds"), [("thaw", 0), ("thaw", -1), ("hope", 5)])
def test_what_cannot_expire_is_refused_before_anything_is_injected(tmp_path: Path, repair: str, seconds: float) -> None:
    with sleeping_lab(tmp_path / "lab") as lab, pytest.raises(LabError, match="cannot expire") as told:
        arm(lab, repair, "north", seconds)
    assert "restart-brokers" in told.value.remedy
