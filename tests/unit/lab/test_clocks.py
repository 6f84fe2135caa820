"""Brokers whose clocks are wrong: by whose word, and how it is told that one is; processes that sleep stand in."""

from datetime import timedelta
from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab import clocks, repairs
from drctl.lab.clocks import LIBRARY, library, skew_by_hours, skewed, skewed_brokers
from drctl.lab.repairs import set_clocks_right
from drctl.lab.wholeness import shortcomings
from tests.unit.lab.stand_ins import SLEEP, sleeping_lab


def test_the_library_is_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRCTL_CACHE", str(tmp_path))
    there = tmp_path / "clock" / "usr" / "lib" / "x86_64-linux-gnu" / "faketime" / LIBRARY
    there.parent.mkdir(parents=True)
    there.touch()
    assert library() == there
    assert skewed(-1800) == {"LD_PRELOAD": str(there), "FAKETIME": "-1800.000s", "FAKETIME_NO_CACHE": "1"}
    assert skewed(21600)["FAKETIME"] == "+21600.000s"
    with pytest.raises(LabError, match="skewed by nothing"):
        skewed(0)


def test_a_broker_on_a_wrong_clock_is_known_by_its_environment_and_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        assert skewed_brokers(lab, "north") == []
        lab.processes.signal("north-broker-2", "SIGKILL")
        lab.processes.wait_gone("north-broker-2")
        lab.processes.start("north-broker-2", SLEEP, {"FAKETIME": "+60.000s"})
        deadline = lab.clock.monotonic() + 60
        while skewed_brokers(lab, "north") != ["north-broker-2"]:  # the kernel still shows what it was started by
            assert lab.clock.monotonic() < deadline
            lab.clock.sleep(0.05)
        assert skewed_brokers(lab, "south") == []
        assert shortcomings(lab) == ["the clock of north-broker-2 is wrong"]
        monkeypatch.setattr(lab, "start_broker", lambda name: lab.processes.start(name, SLEEP))
        monkeypatch.setattr(repairs, "await_in_sync", lambda *_: None)
        assert set_clocks_right(lab, "north") == ["north-broker-2"]
        assert set_clocks_right(lab, "north") == []
        with pytest.raises(LabError, match="north-connect is no broker"):
            skew_by_hours(lab, "north-connect")


@pytest.mark.parametrize(
    ("off", "skew", "seen"),
    [(21600, 21600, True), (21575, 21600, True), (0, 21600, False), (-1800, -1800, True), (0, -1800, False)],
)
def test_a_wrong_clock_is_seen_in_what_a_broker_writes_after_it_was_restarted(
    tmp_path: Path, off: float, skew: float, *, seen: bool
) -> None:
    log = tmp_path / "broker.log"
    with sleeping_lab(tmp_path / "lab") as lab:
        now = lab.clock.now().astimezone()  # what a broker would write now
        before = f"[{now + timedelta(seconds=skew):%Y-%m-%d %H:%M:%S},123] INFO of its former life\n"
        log.write_text(before)
        assert clocks._told(lab, log, len(before), timedelta(seconds=skew)) == ""
        line = f"[{now + timedelta(seconds=off):%Y-%m-%d %H:%M:%S},123] INFO started (kafka)\n"
        log.write_text(before + "no moment in this\n" + line)
        assert bool(clocks._told(lab, log, len(before), timedelta(seconds=skew))) is seen
