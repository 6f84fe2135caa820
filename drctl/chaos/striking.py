"""How an action strikes: it arms the end of its fault, injects it, waits for its observer, and notes what that saw."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import NamedTuple

from chaoslib.exceptions import ActivityFailed

from drctl.chaos.environment import lab, note
from drctl.chaos.expiry import arm
from drctl.errors import DrctlError, LabError
from drctl.lab.faults import FAULTS
from drctl.lab.injecting import FaultEvidence
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES
from drctl.lab.observers import await_seen

REPAIRED_BY = {
    "kill": "restart-brokers",
    "stop": "restart-brokers",
    "fail-writes": "restart-brokers",
    "pause": "thaw",
}
"""How the faults of brokers end by themselves."""


class Observer(NamedTuple):
    """Who tells that brokers of a site were struck, and how it is asked; what it says is empty until it sees it."""

    name: str
    sees: Callable[[Lab, str, Sequence[int]], str]


@contextmanager
def failing_as(what: str) -> Iterator[None]:
    """Turn whatever keeps an action from doing what it says into the toolkit's own failure, which names it."""
    try:
        yield
    except (DrctlError, LookupError) as error:
        raise ActivityFailed(f"{what}: {error}") from error


def lab_with(site: str) -> Lab:
    """Return the running lab. LabError for a site that it does not have."""
    if site not in SITES:
        raise LabError(f"the lab has no site {site}", remedy=f"use one of {', '.join(SITES)}")
    return lab()


def strike(
    there: Lab, fault: str, site: str, brokers: Sequence[int], observer: Observer, *, expires_after: float
) -> str:
    """Do it to each of these brokers once its end is sure, and wait until the observer sees it."""
    arm(there, REPAIRED_BY[fault], site, expires_after)
    done = [FAULTS[fault](there, there.layout[site].broker(broker)) for broker in brokers]
    target = ", ".join(each.target for each in done)
    told = await_seen(there, f"{fault} of {target}", observer.name, partial(observer.sees, there, site, brokers))
    return noted(FaultEvidence(fault, target, done[0].injected_at, observer.name, told, there.clock.now()))


def noted(evidence: FaultEvidence) -> str:
    """Note evidence of a fault, and return it in words."""
    moments = {"injected_at": evidence.injected_at.timestamp(), "observed_at": evidence.observed_at.timestamp()}
    note(json.dumps({**asdict(evidence), **moments}))
    return f"{evidence.observer}: {evidence.observation}"
