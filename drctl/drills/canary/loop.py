"""The canary at work: writes where clients are sent, reads at every site, and has each window judged when it is due.

One thread: no port waits for a silent site for longer than some seconds, so that a lost standby hinders no write.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from drctl.drills.canary.history import CanaryHistory, OpenWindow, Place
from drctl.drills.canary.judging import CanaryVerdict, SiteAnswers, is_settled, judged
from drctl.errors import DrctlError
from drctl.model.canary import WriteAnswer
from drctl.model.reading import Reading
from drctl.ports import CanaryMember, CanaryPorts, CanaryProducer, CanaryReader

TURN = 0.1
"""Seconds between two turns: a tenth of the unit in which a lag is reported."""
LOOK = 5.0
"""Seconds between two looks at where clients are sent and at each site; each may cost a command, or a timeout."""
SAMPLE = 1.0
"""Seconds between two notes of what a standby lacks: a link that is well copies within one."""
AGAIN = 15.0
"""Seconds before a site that did not answer is asked again, since asking it holds everything up."""
EARLIER = 60.0
"""Seconds before its start from which a reader begins: clocks differ, and a log may stamp its own time."""
BURST = 1.0
"""Seconds of records at once at most, after something held the canary up."""


@dataclass(frozen=True, slots=True)
class CanaryTerms:
    """How much it writes and how long it waits: records a second, seconds of a window, seconds until it is judged.

    Why these are the defaults stands at the options of ``drctl canary``.
    """

    rate: float = 10.0
    window: float = 60.0
    settle: float = 300.0


@dataclass(slots=True)
class _SiteState:
    """One site's clients, made when it first answers.

    ``read_to_end_at``: when it was last asked whether all that is there was read, if so. What was acknowledged later
    may be there all the same.
    """

    reader: CanaryReader | None = None
    producer: CanaryProducer | None = None
    silent: str = "it was not asked yet"
    read_to_end_at: float = -math.inf
    look_due: float = 0.0
    tickets: dict[int, Place] = field(default_factory=dict)


class CanaryLoop:
    """A canary's run. ``standbys`` names the sites to which the records of one are copied."""

    def __init__(
        self, ports: CanaryPorts, standbys: Callable[[str], tuple[str, ...]], run: UUID, terms: CanaryTerms
    ) -> None:
        self.sites, self.routing, self.clock = ports.sites, ports.client_routing.site, ports.clock
        self.standbys, self.terms = standbys, terms
        self.run_id = run
        self.serving = ""
        self.open = False
        self.history: CanaryHistory | None = None
        self._state = {name: _SiteState() for name in ports.sites}
        self._member: tuple[str, CanaryMember] | None = None
        self._member_due = self._routing_due = self._send_due = self._sample_due = 0.0
        self._ticket = 0
        self._member_trouble = "it has not joined yet"
        self._since = self.clock.now().timestamp()

    def begin(self) -> None:
        """Find where clients are sent and how many partitions there are. Raises what the site that serves says."""
        serving = self.routing()
        self.serving = serving or next(iter(self.sites))
        partitions = self.sites[self.serving].partitions()
        now = self._send_due = self.clock.monotonic()
        self.open = serving is not None
        self._routing_due = now + LOOK
        self.history = CanaryHistory(self.run_id, partitions, now)

    def turn(self) -> list[CanaryVerdict]:
        """Do everything that is due, and return the windows that were judged."""
        history = self._begun()
        now = self.clock.monotonic()
        # Records bear this clock's time, and one that is set back makes later ones older than the first.
        self._since = min(self._since, self.clock.now().timestamp())
        self._follow_routing(now)
        self._read()
        self._look(now)
        self._send(history)
        self._take_answers(history)
        if now >= self._sample_due:
            self._sample_due = now + SAMPLE
            for site, told in self.behind().items():
                history.note_behind(site, told.value)
        if now - history.window.began >= self.terms.window:
            history.end_window(now)
        return self._judge_due()

    def finish(self, patience: float, hurry: Callable[[], bool]) -> list[CanaryVerdict]:
        """Write no more, wait for what is on its way, at most so many seconds, and judge every window that is left.

        A last window of less than half its time is shown only if it is refuted. ``hurry``: wait for nothing any more.
        """
        history = self._begun()
        history.end_window(self.clock.monotonic())
        deadline, found = self.clock.monotonic() + patience, []
        while len(history.windows) > 1 and self.clock.monotonic() < deadline and not hurry():
            self._read()
            self._look(self.clock.monotonic())
            self._take_answers(history)
            found += self._judge_due()
            self.clock.sleep(TURN)
        if len(history.windows) > 1 and not hurry():
            for state in self._state.values():
                state.look_due = 0.0  # what was read at the last look says nothing of records written since
            self._look(self.clock.monotonic())
        while len(history.windows) > 1:
            found.append(self._judged(history.windows[0]))
        return [each for each in found if each.seconds >= self.terms.window / 2 or each.verdict.value == "refuted"]

    def behind(self) -> dict[str, Reading[tuple[int, float]]]:
        """Return per standby how many acknowledged records it lacks, and seconds since the oldest of them was sent."""
        history = self._begun()
        told: dict[str, Reading[tuple[int, float]]] = {}
        for site in self.standbys(self.serving):
            state = self._state[site]
            if state.silent:
                told[site] = Reading(None, self.clock.now(), state.silent, silent=True)
                continue
            count, oldest = history.behind(site)
            age = 0.0 if oldest is None else self.clock.monotonic() - oldest
            told[site] = Reading((count, age), self.clock.now())
        return told

    def close(self) -> None:
        """End every client."""
        for state in self._state.values():
            for client in (state.producer, state.reader):
                if client is not None:
                    client.close()
        self._leave()

    def _begun(self) -> CanaryHistory:
        if self.history is None:
            raise RuntimeError("begin() comes first")
        return self.history

    def _follow_routing(self, now: float) -> None:
        if now < self._routing_due:
            return
        self._routing_due = now + LOOK
        try:
            site = self.routing()
        except DrctlError:
            return  # clients stay where they are, too
        self.open = site in self.sites
        if site is not None and site in self.sites:
            self.serving = site

    def _look(self, now: float) -> None:
        """Ask each site whether it was read to its end; one that answers for the first time gets its reader."""
        for name, state in self._state.items():
            if now < state.look_due:
                continue
            state.look_due = now + LOOK
            try:
                if state.reader is None:
                    state.reader = self.sites[name].reader(self._since - EARLIER)
                asked = self.clock.monotonic()
                state.read_to_end_at = asked if state.reader.has_all() else -math.inf
                state.silent = ""
            except DrctlError as error:
                state.silent, state.read_to_end_at = str(error), -math.inf
                state.look_due = self.clock.monotonic() + AGAIN

    def _read(self) -> None:
        history = self._begun()
        for name, state in self._state.items():
            rewinds = history.rewinds[name]
            for record in state.reader.read() if state.reader is not None else ():
                history.found(name, record)
            if history.rewinds[name] != rewinds:
                state.read_to_end_at = -math.inf  # it is being read again
        member = self._joined()
        if member is None:
            return
        try:
            for record in member.read():
                history.processed(self.serving, record, self.clock.now().timestamp())
        except DrctlError as error:
            self._member_trouble = str(error)
            self._leave()
        else:
            self._member_trouble = member.trouble()
            if not member.is_alone():
                history.note_shared()

    def _joined(self) -> CanaryMember | None:
        """The group's member where clients are sent; None while it cannot join, and while they are sent nowhere.

        A switchover that moves the group waits until it has left, as for any other.
        """
        if self._member is not None and (not self.open or self._member[0] != self.serving):
            self._leave()
        if self.open and self._member is None and self.clock.monotonic() >= self._member_due:
            self._member_due = self.clock.monotonic() + LOOK
            try:
                self._member = self.serving, self.sites[self.serving].member()
            except DrctlError as error:
                self._member_trouble = str(error)
                self._member_due = self.clock.monotonic() + AGAIN
        return self._member[1] if self._member is not None else None

    def _leave(self) -> None:
        if self._member is not None:
            self._member[1].close()
            self._member = None

    def _send(self, history: CanaryHistory) -> None:
        now = self.clock.monotonic()
        state = self._state[self.serving]
        if not self.open:
            self._send_due = now
        if not self.open or self._send_due > now:
            return
        self._send_due = max(self._send_due, now - BURST)
        try:
            if state.producer is None:
                state.producer = self.sites[self.serving].producer()
            while self._send_due <= now:
                place, number, value = history.next(now, self.serving)
                self._ticket += 1
                state.tickets[self._ticket] = place
                self._send_due += 1 / self.terms.rate
                state.producer.send(self._ticket, place[0], number, value)
        except DrctlError as error:
            state.silent = str(error)
            self._end_producer(history, state)
            self._send_due = self.clock.monotonic() + LOOK  # a producer may cost a question how to log in

    def _take_answers(self, history: CanaryHistory) -> None:
        """Where a write was denied or is doubtful, ask where clients are sent at once, and go on with a new client."""
        for state in self._state.values():
            if state.producer is None:
                continue
            answers = state.producer.answers()
            for ticket, answer in answers:
                history.answered(state.tickets.pop(ticket), answer, self.clock.monotonic())
            if any(answer is not WriteAnswer.WRITTEN for _, answer in answers):
                self._routing_due = 0.0
                self._send_due = self.clock.monotonic() + 1.0
                if not state.tickets:
                    self._end_producer(history, state)

    def _end_producer(self, history: CanaryHistory, state: _SiteState) -> None:
        if state.producer is not None:
            state.producer.close()
            state.producer = None
        for place in state.tickets.values():
            history.answered(place, WriteAnswer.DOUBTFUL, self.clock.monotonic())
        state.tickets.clear()

    def _judge_due(self) -> list[CanaryVerdict]:
        """Judge what has ended and is settled, or has waited long enough, in order."""
        history, found = self._begun(), []
        while len(history.windows) > 1:
            window = history.windows[0]
            late = self.clock.monotonic() - (window.ended or 0.0) >= self.terms.settle
            if not late and not is_settled(history, window, self.serving, self.standbys(self.serving)):
                break
            found.append(self._judged(window))
        return found

    def _judged(self, window: OpenWindow) -> CanaryVerdict:
        history = self._begun()
        asked = (self.serving, *self.standbys(self.serving))
        due = history.acknowledged_by(window)
        answers = {
            name: SiteAnswers(self._state[name].silent, self._state[name].read_to_end_at >= due, self._member_trouble)
            for name in asked
        }
        verdict = judged(history, window, self.serving, answers, self.terms.rate)
        history.forget(window)
        return verdict
