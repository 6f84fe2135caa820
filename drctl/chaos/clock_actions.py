"""Wrong clocks of a site, for experiments on the lab: as :mod:`drctl.chaos.actions`."""

from drctl.chaos.expiry import EXPIRES_AFTER, arm
from drctl.chaos.striking import failing_as, lab_with, noted
from drctl.lab.clocks import library, skew_clock
from drctl.lab.wholeness import await_in_sync

__all__ = ["skew_clocks"]


def skew_clocks(site: str, seconds: float, expires_after: float = EXPIRES_AFTER) -> str:
    """Restart the brokers of a site in turn, each with a clock so many seconds ahead, or behind where below 0.

    All of them, since one that was restarted leads nothing for minutes. Evidence are the moments that each writes into
    its own log. It needs libfaketime ('make setup-clock').
    """
    with failing_as(f"clocks of {site}"):
        there = lab_with(site)
        library()  # before anything is armed, or restarted for nothing
        arm(there, "set-clocks-right", site, expires_after)
        told = []
        for broker in there.layout[site].brokers:
            told.append(noted(skew_clock(there, broker, seconds)))
            await_in_sync(there, site)
        return "; ".join(told)
