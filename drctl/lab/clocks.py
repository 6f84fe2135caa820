"""Brokers whose clock is wrong: they run under libfaketime, which answers for the kernel when they ask for the time.

Time namespaces cannot do it: they shift the monotonic clocks and leave the time of day alone. ``tools/setup-clock.sh``
puts the library into the cache, unpacked from Debian's package and not installed. The monotonic clock is shifted by
the same amount for good, so that what waits for so many seconds waits as long as before. A
broker that is killed leaves two small files of the library in ``/dev/shm``, named by its pid.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from drctl.errors import LabError
from drctl.lab.injecting import FaultEvidence, evidence_of
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, cache

SKEW = "skew-clock"
"""The kind of fault."""
LIBRARY = "libfaketimeMT.so.1"
"""The build for processes of many threads."""
OBSERVER = "a reader of its log"
STAMPED = re.compile(rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3}\]", re.MULTILINE)
AHEAD = 6 * 3600.0
"""Seconds: more than any clock drifts, and less than any retention here."""
WITHIN = 60.0
"""Seconds by which what a broker writes may be older than the look at it: it takes up to half a minute to start."""


def library() -> Path:
    """Return where libfaketime lies: in the cache, or where Debian's package installs it. LabError if it is nowhere."""
    for root in (cache() / "clock", Path("/")):
        if found := sorted(root.glob(f"usr/lib/*/faketime/{LIBRARY}")):
            return found[0]
    remedy = "run 'make setup-clock' (Debian), or install libfaketime"
    raise LabError(f"libfaketime is neither in {cache() / 'clock'} nor installed", remedy=remedy)


def skewed(seconds: float) -> dict[str, str]:
    """Return the environment in which a process takes the time for so much later, or earlier. LabError as above."""
    if not seconds:
        raise LabError("a clock that is skewed by nothing is right", remedy="name seconds, below 0 for a clock behind")
    return {"LD_PRELOAD": str(library()), "FAKETIME": f"{seconds:+.3f}s", "FAKETIME_NO_CACHE": "1"}


def skew_clock(lab: Lab, broker: str, seconds: float) -> FaultEvidence:
    """Ask a broker to end, and start it with a clock that is wrong by so much.

    Seen by the moments that it writes into its own log: it takes them from its clock, and nobody else tells it any.
    """
    environment = skewed(seconds)
    log = lab.processes.log(broker)
    lab.processes.terminate(broker)
    written, at = _size(log), lab.clock.now()
    lab.start_broker(broker, environment)
    off = timedelta(seconds=seconds)
    return evidence_of(lab, SKEW, broker, at, by=OBSERVER, look=lambda: _told(lab, log, written, off))


def skew_by_hours(lab: Lab, broker: str) -> FaultEvidence:
    """Let a broker's clock be six hours ahead. LabError for what is no broker of this machine."""
    known = [name for site in SITES for name in lab.layout[site].brokers]
    if broker not in known:
        raise LabError(f"{broker} is no broker", remedy="name one, such as north-broker-1")
    return skew_clock(lab, broker, AHEAD)


def is_skewed(environment: Iterable[bytes]) -> bool:
    """Whether a process with this environment runs on a wrong clock."""
    return any(each.startswith(b"FAKETIME=") for each in environment)


def skewed_brokers(lab: Lab, site: str) -> list[str]:
    """Return the brokers of a site that run on a wrong clock, as the kernel tells of their environment."""
    found, brokers = [], lab.layout[site].brokers
    for status in lab.processes.all():  # pods are none of them
        name = status.name
        if name not in brokers or status.state == "gone":
            continue
        try:
            told = (lab.processes.proc / str(status.pid) / "environ").read_bytes()
        except OSError:  # it has just ended
            continue
        if is_skewed(told.split(b"\0")):
            found.append(name)
    return found


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _told(lab: Lab, log: Path, since: int, skew: timedelta) -> str:
    """Tell what moment a broker last wrote into its log, if that is as far from now as it should be."""
    with log.open("rb") as file:
        file.seek(since)
        moments = STAMPED.findall(file.read())
    if not moments:
        return ""
    # The time of day of this machine's zone, as log4j writes it.
    last = datetime.fromisoformat(moments[-1].decode()).astimezone()
    off = last - lab.clock.now()
    right = skew - timedelta(seconds=WITHIN) <= off <= skew + timedelta(seconds=1)
    return f"its last line is of {last:%Y-%m-%d %H:%M:%S}, {off.total_seconds():+.0f} s from now" if right else ""
