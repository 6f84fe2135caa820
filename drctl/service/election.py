"""One of several services acts: the one that holds a Kubernetes Lease. The others watch, and wait for it to end."""

import threading
from collections.abc import Callable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Gauge

from drctl.decide.leadership import RELEASED, Move, may_act, next_move
from drctl.errors import Conflict, DrctlError, NotFound
from drctl.model.leadership import ElectionTerms, LeaseRecord, SeenRecord
from drctl.model.resources import Kind, Object
from drctl.ports import Clock, Resources
from drctl.redaction import describe
from drctl.service.telling import Telling

LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease")
"""In the namespace of ``Resources``."""


class Election:
    """One candidate. ``me`` is unique per process, so that who comes back is not taken for who went.

    :meth:`leads` may be asked from any thread at any moment and asks only the clock: whoever acts asks right before.
    The store is asked by one thread, in :meth:`run`; it may hang there, and nobody acts for too long.
    """

    def __init__(self, resources: Resources, name: str, me: str, spans: ElectionTerms, clock: Clock) -> None:
        self.resources, self.name, self.me, self.spans, self.clock = resources, name, me, spans, clock
        self.seen: SeenRecord | None = None
        self.trouble = "not looked at yet"
        self._confirmed: float | None = None
        self._led = False
        self._telling = Telling()
        self.log = structlog.get_logger("drctl.service").bind(lease=name, candidate=me)

    def leads(self) -> bool:
        """Whether we may act at this moment."""
        return may_act(self._confirmed, self.spans, self.clock.monotonic())

    def turn(self) -> None:
        """Look, and renew or take the lease if that is due. What fails is logged, and the next turn comes.

        No answer says nothing about whether the request took effect: what was seen before is looked at again.
        """
        try:
            self._turn()
            self.trouble = ""
            if self._telling.changed("trouble", None):
                self.log.info("lease-reached-again")
        except Conflict as conflict:
            # Somebody came between: until we have looked again, the lease may be theirs.
            self._confirmed, self.trouble = None, str(conflict)
        except NotFound as missing:
            self._confirmed, self.seen = None, None
            self.trouble = f"there is no Lease {self.name}: {missing}"
            self._warn("lease-missing", str(missing), "create it: it is in deploy/base/lease.yaml")
        except DrctlError as error:
            self.trouble = str(error)
            self._warn("lease-not-reached", str(error), error.remedy)
        except Exception as error:
            self.trouble = describe(error)
            if self._telling.changed("trouble", self.trouble):
                self.log.exception("lease-not-reached")
        self._tell()

    def _warn(self, event: str, why: str, remedy: str) -> None:
        """Once, for as long as it lasts."""
        if self._telling.changed("trouble", why):
            self.log.warning(event, why=why, remedy=remedy)

    def resign(self) -> None:
        """Give the lease back, so that nobody waits for its end. Only for who does not act any more."""
        # First of all nobody acts any more, then the lease is given back: the other way round there would
        # be two for a moment.
        held, self._confirmed = self._confirmed, None
        if held is None or self.seen is None:
            return
        try:
            self._change({"holderIdentity": "", "leaseDurationSeconds": int(RELEASED)})
            self.log.info("leadership-given-back")
        except DrctlError as error:
            self.log.warning("lease-not-given-back", why=str(error))

    def run(self, ended: threading.Event, idle: Callable[[float], bool], patience: float) -> None:
        """Take turns until ``ended``; then give the lease back if ``idle`` says that what acts is at rest in time."""
        while True:
            self.turn()
            if ended.wait(self.spans.renew):
                break
        if idle(patience):
            self.resign()

    def told(self) -> dict[str, Any]:
        """How it stands, for people and probes."""
        record = self.seen.record if self.seen else None
        leading = self.leads()
        holder = {} if record is None else {"holder": record.holder, "transitions": record.transitions}
        trouble = {"trouble": self.trouble} if self.trouble else {}
        return {"leading": leading, "candidate": self.me, **holder, **trouble}

    def expose(self, registry: CollectorRegistry) -> None:
        """As metrics that are computed when they are asked for, so that none outlives what it tells."""
        leading = Gauge("drctl_leading", "1 while this service may act, 0 while it only watches", registry=registry)
        leading.set_function(self.leads)
        number = Gauge("drctl_leadership_transitions", "The lease's fencing number", registry=registry)
        number.set_function(lambda: self.seen.record.transitions if self.seen else float("nan"))
        trouble = Gauge("drctl_leadership_trouble", "1 while the lease cannot be read or written", registry=registry)
        trouble.set_function(lambda: bool(self.trouble))

    def _turn(self) -> None:
        # Who leads knows the newest version, unless somebody came between; a look is only for who does not.
        # Who leads writes onto the version it wrote last: one request a turn instead of two, and a conflict
        # if somebody came between.
        seen = self.seen if self.leads() and not self.trouble and self.seen else self._look()
        move = next_move(seen, self.me, self.spans, self.clock.monotonic())
        if move is Move.RENEW:
            self._confirm({})
        elif move is Move.TAKE:
            # The number of takeovers tells two terms of one holder apart. Kubernetes' own Python client never
            # raises it (as of 37.0.2), which is one reason for an election of our own.
            since = {"holderIdentity": self.me, "acquireTime": self._stamp()}
            self._confirm({**since, "leaseTransitions": seen.record.transitions + 1})
        else:
            self._confirmed = None

    def _look(self) -> SeenRecord:
        record = read(self.resources.get(LEASE, self.name))
        if self.seen is None or self.seen.record != record:
            self.seen = SeenRecord(record, self.clock.monotonic())
        return self.seen

    def _confirm(self, changes: Object) -> None:
        """Write; from when that was sent on we may act, once we know that it was done and changed the record."""
        # From when it was sent, not from its answer: the others count from the write, and an answer that
        # takes long would let us act beyond what they grant.
        sent, before = self.clock.monotonic(), self.seen
        self._change({**changes, "renewTime": self._stamp(), "leaseDurationSeconds": round(self.spans.lease)})
        # A write that changed nothing, as when two of them come in one microsecond, proves nothing: the
        # others count from a change that they can see.
        if self.seen is not None and before is not None and self.seen.record.version != before.record.version:
            self._confirmed = sent

    def _change(self, spec: Object) -> None:
        version = self.seen.record.version if self.seen else ""
        changed = self.resources.patch(LEASE, self.name, {"metadata": {"resourceVersion": version}, "spec": spec})
        self.seen = SeenRecord(read(changed), self.clock.monotonic())

    def _stamp(self) -> str:
        """For people, as Kubernetes writes it; nobody here reads it."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _tell(self) -> None:
        leads, record = self.leads(), self.seen.record if self.seen else LeaseRecord("")
        if leads != self._led:
            self.log.info(
                "leadership-taken" if leads else "leadership-lost", transitions=record.transitions, holder=record.holder
            )
        self._led = leads


def read(item: Object) -> LeaseRecord:
    """A Lease as the store has it."""
    spec = item.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    return LeaseRecord(
        str(item["metadata"]["resourceVersion"]),
        str(spec.get("holderIdentity") or ""),
        float(seconds) if seconds else None,
        int(spec.get("leaseTransitions") or 0),
    )
