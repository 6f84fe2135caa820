"""The process that waits beside a fault: ``python -m drctl.chaos.countdown REPAIR SITE SECONDS`` waits, then repairs.

What repairs is loaded once the time is up: a second of processor for each fault, just while the fault is injected and
seen, and for nothing where an action has undone it before.
"""

import sys

from drctl.drivers.store.clock import SystemClock


def main(repair: str, site: str, seconds: str) -> None:
    """Wait, then repair."""
    SystemClock().sleep(float(seconds))
    from drctl.chaos.environment import lab
    from drctl.lab.repairs import REPAIRS

    REPAIRS[repair](lab(), site)


if __name__ == "__main__":
    main(*sys.argv[1:])
