"""One time for a whole run, whatever happens to the wall clock."""

from datetime import UTC, datetime, timedelta

from drctl.lab.steady import SteadyClock, SteadyTime
from tests.fakes.clock import FakeClock


def test_a_clock_by_a_runs_time_does_not_follow_the_wall_clock() -> None:
    machine = FakeClock()
    time = SteadyTime.begun(machine)
    clock = SteadyClock(time)
    begun = clock.now()
    assert begun == machine.now()
    machine.set(timedelta(hours=-1))
    clock.sleep(5)
    assert clock.now() == begun + timedelta(seconds=5)
    assert clock.now() == datetime.fromtimestamp(time.now(), UTC)
    assert clock.monotonic() == machine.monotonic()
