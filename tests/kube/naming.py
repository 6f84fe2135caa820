"""What drctl calls each fault of the Kubernetes lab, after how many seconds, by which readings, and what it says to do.

``python -m tests.kube.naming`` starts a lab, or takes the one that runs in ``--lab``, does the faults that are named
(all by default) to one broker pod, each healed before the next, and prints a table in Markdown. Exit code 1 if a cause
was not named right within its bound. ``tests/kube/test_naming.py`` asserts the same.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from drctl.config import load
from drctl.decide.health import diagnose
from drctl.decide.response import proposed, response
from drctl.drills.cause_watch import CauseWatch, HealthLook, health_of, sight_of, watching
from drctl.errors import DrctlError, LabError
from drctl.lab.kube import KubeLab
from drctl.lab.kube.faults import FAULTS, HEAL
from drctl.lab.kube.lab import SITE
from drctl.lab.layout import other
from drctl.model.cause import CauseScope, Response, SiteHealth
from drctl.monitors import SiteObservers
from drctl.ports import World
from drctl.wiring.world import open_world

WELL_WITHIN = 300.0
"""Seconds in which the site must be well before the next fault: what is left of the last one would be named for it."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How a fault is to be called within how many seconds of it, and what is to be done.

    ``told`` is a pattern for a note or a blind spot that tells of it, where it is no cause of a broker's.
    """

    scope: CauseScope
    do: Response | None
    within: float
    told: str = ""

    def is_met(self, found: SiteHealth, broker: int) -> bool:
        """Whether a look names it so, for that broker where brokers suffer."""
        if self.told:
            lines = (*found.notes, *found.blind)
            do = proposed(found)
            named = found.scope is self.scope and any(re.search(self.told, line) for line in lines)
            return named and (do and do.do) is self.do
        explaining = [each for each in found.causes if broker in each.brokers or not each.brokers]
        told = [response(each) for each in explaining if each.scope is self.scope]
        return any(each is not None and each.do is self.do for each in told)


NAMINGS = {
    "kill-inside": Naming(CauseScope.BROKER, Response.WAIT, 60),
    "kill-pod": Naming(CauseScope.BROKER, Response.WAIT, 60),
    "report-abnormal": Naming(CauseScope.VOLUME, Response.REPAIR, 60),
    "fill-volume": Naming(CauseScope.VOLUME, Response.REPAIR, 180),
    "fail-writes": Naming(CauseScope.VOLUME, Response.REPAIR, 180),
    "detach-volume": Naming(CauseScope.VOLUME, Response.REPAIR, 180),
    "refuse-attach": Naming(CauseScope.VOLUME, Response.REPAIR, 120),
    "lose-volume": Naming(CauseScope.VOLUME, Response.REPAIR, 180),
    "lose-node": Naming(CauseScope.NODE, Response.REPAIR, 90),
    "lose-image": Naming(CauseScope.BROKER, Response.REPAIR, 60),
    "forbid-scheduling": Naming(CauseScope.BROKER, Response.REPAIR, 60),
    "kill-csi-driver": Naming(CauseScope.WELL, None, 120, told="its kubelet measures no usage"),
    "freeze-api-server": Naming(CauseScope.UNKNOWN, Response.WAIT, 120, told="^(Kubernetes|pods): "),
    "cut-network": Naming(CauseScope.NETWORK, Response.REPAIR, 60),
}
"""Of every fault but the healing."""


@dataclass(frozen=True, slots=True)
class NamedFault:
    """What came of one fault. ``seconds`` is None if it was not named so in time; ``before`` what it was called first.

    ``observed`` is what another than drctl saw of it.
    """

    fault: str
    wanted: Naming
    seconds: float | None
    found: SiteHealth
    before: tuple[str, ...]
    observed: str
    failover: bool

    @property
    def right(self) -> bool:
        """Whether it was named right in time, and nobody was told to fail over."""
        return self.seconds is not None and not self.failover

    @property
    def readings(self) -> tuple[str, ...]:
        """What of the readings made it so."""
        if self.wanted.told:
            return tuple(each for each in (*self.found.notes, *self.found.blind) if re.search(self.wanted.told, each))
        return tuple(reason for each in self.found.causes if each.scope is self.wanted.scope for reason in each.reasons)


def judged(fault: str, looks: Iterable[HealthLook], injected: float, broker: int, observed: str) -> NamedFault:
    """What the looks at a site since a fault come to; the first that is right counts."""
    wanted, before, found, failover = NAMINGS[fault], list[str](), SiteHealth(SITE), False
    for look in looks:
        failover = failover or look.proposes_failover
        found = look.found
        if wanted.is_met(found, broker):
            took = round(look.ended - injected, 1)
            return NamedFault(fault, wanted, took, found, tuple(before), observed, failover)
        if found.scope is not CauseScope.WELL and before[-1:] != [found.scope.value]:
            before.append(found.scope.value)
    return NamedFault(fault, wanted, None, found, tuple(before), observed, failover)


def table(done: Iterable[NamedFault]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield "| fault | cause named | do | seconds (bound) | by which readings | called before | seen by another |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for each in done:
        named = (
            each.wanted.scope.value if each.right else f"**not {each.wanted.scope.value}**: {each.found.scope.value}"
        )
        do = each.wanted.do.value if each.wanted.do else "nothing"
        took = "–" if each.seconds is None else f"{each.seconds:.1f}"
        told = "; ".join(dict.fromkeys(each.readings)) or "; ".join(each.found.blind)
        seen = (each.fault, named, do, f"{took} ({each.wanted.within:.0f})", told)
        cells = (*seen, ", ".join(each.before), each.observed)
        yield f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


class Namer:
    """A running lab, looked at by drctl beside it, and for a cut network from south as well."""

    def __init__(self, lab: KubeLab, here: World, south: World) -> None:
        self.lab = lab
        self._here, self._south = (here, SiteObservers(here)), (south, SiteObservers(south, other(SITE)))

    def name(self, fault: str, pod: str) -> NamedFault:
        """Do a fault, see what it is called, and heal it. LabError if nobody else sees it, or it cannot be healed."""
        broker, look = int(pod.rpartition("-")[2]), self._both if fault == "cut-network" else self._one
        clock, wanted = self.lab.clock, NAMINGS[fault]
        self._await_well()
        with watching(look, clock) as watch:
            try:
                began, at = clock.monotonic(), clock.now()
                evidence = FAULTS[fault](self.lab, pod)
                injected = began + (evidence.injected_at - at).total_seconds()
                looks = self._named(watch, injected, wanted, broker)
            finally:
                FAULTS[HEAL](self.lab, pod)
        return judged(fault, looks, injected, broker, f"{evidence.observer}: {evidence.observation}")

    def _named(self, watch: CauseWatch, injected: float, wanted: Naming, broker: int) -> tuple[HealthLook, ...]:
        clock = self.lab.clock
        while clock.monotonic() < injected + wanted.within:
            if any(wanted.is_met(each.found, broker) for each in watch.since(injected)):
                break
            clock.sleep(0.2)
        return watch.since(injected)

    def _await_well(self) -> None:
        clock = self.lab.clock
        deadline = clock.monotonic() + WELL_WITHIN
        while (found := self._one()).scope is not CauseScope.WELL or any("no usage" in each for each in found.notes):
            if clock.monotonic() > deadline:
                told = [*(each.key for each in found.causes), *found.blind, *found.notes]
                raise LabError(f"{SITE} is not well within {WELL_WITHIN:.0f} s: {'; '.join(told)}")
            clock.sleep(1)

    def _one(self) -> SiteHealth:
        return health_of(*self._here, SITE)

    def _both(self) -> SiteHealth:
        """As drctl here judges what a drctl at the southern site tells it."""
        told = sight_of(*self._south, SITE).own
        seen = sight_of(*self._here, SITE)
        seen = replace(seen, told=tuple(replace(each, observer=f"drctl-{other(SITE)}") for each in told))
        return diagnose(seen, seen.seen_at)


@contextmanager
def namer(lab: KubeLab) -> Iterator[Namer]:
    """The namer of a running lab, with the plan file as south would have it beside the lab's own."""
    with ExitStack() as stack:

        def opened(path: Path) -> World:
            plan = load(path)
            return stack.enter_context(open_world(plan, doubted={each.name for each in plan.sites}, looking=True))

        yield Namer(lab, opened(lab.plan_file), opened(_from_south(lab)))


def _from_south(lab: KubeLab) -> Path:
    """A plan file with which northern brokers are reached through the wire, as by all that is at the southern site."""
    north = lab.layout[SITE]
    text = lab.plan_file.read_text()
    if north.bootstrap_servers not in text:
        raise LabError(
            f"{lab.plan_file} does not name {north.bootstrap_servers}", remedy="take the lab down and up again"
        )
    path = lab.plan_file.with_name("plan-from-south.yaml")
    path.write_text(text.replace(north.bootstrap_servers, north.link_servers))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lab", type=Path, help="the folder of a running lab; else one is started")
    parser.add_argument("faults", nargs="*", help=f"some of {', '.join(NAMINGS)}; all by default")
    options = parser.parse_args()
    if unknown := set(options.faults) - NAMINGS.keys():
        parser.error(f"no faults: {', '.join(sorted(unknown))}")

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    done: list[NamedFault] = []
    failed: list[str] = []
    with ExitStack() as stack:
        if options.lab is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            lab = stack.enter_context(KubeLab.start(Path(folder) / "lab", small=True, progress=say))
        else:
            lab = KubeLab.attach(options.lab)
        names = stack.enter_context(namer(lab))
        for fault in options.faults or NAMINGS:
            try:
                done.append(names.name(fault, lab.pods[1]))
            except DrctlError as error:
                failed.append(f"{fault}: {error}")
                say(failed[-1])
            else:
                say(list(table(done[-1:]))[-1])
    sys.stdout.write("\n".join([*table(done), *failed]) + "\n")
    return 0 if not failed and all(each.right for each in done) else 1


if __name__ == "__main__":
    sys.exit(main())
