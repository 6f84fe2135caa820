"""The journal's copies at the sites: after every local write the lines travel there, and nothing waits for them.

The local file stays the truth. A site that is down gets what it missed when it answers again, from this process or a
later one.

| a copy holds what the file does not                        | means                                | then             |
| ---------------------------------------------------------- | ------------------------------------ | ---------------- |
| when it is first looked at                                 | the file is not the newest           | no run begins    |
| later, beyond what this process had left there itself      | another drctl has taken the run over | no line is added |

The second is how a machine that was given up, and is at work all the same, learns of who has gone on elsewhere: a run
that is continued is told to the copies before its first effect. A copy that was never seen in step stops no run half
way: a site that was down may have last lines that nobody else has, and clients wait for the run's end.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Condition, Thread
from typing import Protocol

import structlog

from drctl.errors import DrctlError, JournalBroken, Locked
from drctl.model.chain import Line
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.plans.journal_integrity import is_ahead
from drctl.ports import Journal, JournalCopy

IN_STEP = 1.5
"""Seconds that a run, begun or continued, waits to hear from each site whether its copy is ahead of the file."""
FIRST = 10.0
"""The same where the file holds nothing yet: it may be new, or its machine may have been lost."""
AGAIN = 5.0
"""Seconds after which a site that did not take its lines is tried again."""
LEAVING = 2.0
"""Seconds that the last lines may take when a process ends; what is missed then, the next one brings."""


class Courier:
    """Brings one site's copy up to the journal's head."""

    def __init__(self, site: str, journal: Journal, copy: JournalCopy) -> None:
        self.site, self.journal, self.copy = site, journal, copy
        self._was_in_step = False

    def deliver(self) -> None:
        """Write what the copy lacks, once it was looked at again.

        JournalBroken if it holds what the journal does not; Locked if it has come to that since it was in step.
        """
        missing = self.journal.lines(self._look())
        if missing:
            self.copy.write(missing)
        self._was_in_step = True

    def _look(self) -> int:
        last = self.copy.last()
        if last is None:
            return 0
        if is_ahead(last, self.journal):
            if self._was_in_step:
                raise Locked(
                    f"another drctl has written line {last.number} to the journal's copy at {self.site}: it has taken"
                    " this journal over, so this one stopped at once",
                    remedy="see there with 'drctl runs list'; end this one and its service, if the other one was meant",
                )
            raise JournalBroken(
                f"the journal's copy at {self.site} goes on to line {last.number}, which this journal does not have",
                remedy=f"'drctl runs restore --from {self.site}' completes this journal; "
                "if it is the copy that is wrong, delete its topic and create it again",
            )
        return last.number


class Couriers(Protocol):
    """Who carries lines to the sites, and when."""

    def wake(self) -> None:
        """There are new lines."""
        ...

    def require_in_step(self, seconds: float) -> None:
        """Raise JournalBroken if a site's copy is ahead of the journal; one that is slower to say is not waited for.

        Locked if another drctl has written to it since it was in step.
        """
        ...

    def require_alone(self) -> None:
        """Raise Locked if another drctl was found to have written to a copy since it was in step. Waits for nothing."""
        ...

    def close(self) -> None:
        """Let what is under way arrive, for a moment."""
        ...


class CopiedJournal:
    """Implements :class:`drctl.ports.Journal`: the file, with couriers behind it."""

    def __init__(self, journal: Journal, couriers: Couriers) -> None:
        self._journal, self._couriers = journal, couriers

    def begin(self, run: Run, started: Evidence | None = None) -> None:
        # An empty file is the suspicious one: a lost machine that is set up again starts with it, while the
        # site knows of an unfinished run.
        self._couriers.require_in_step(IN_STEP if self._journal.runs() else FIRST)
        self._journal.begin(run, started)
        self._couriers.wake()

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        resumed = event is Event.RUN_RESUMED
        if resumed:
            self._couriers.require_in_step(IN_STEP)
        self._couriers.require_alone()
        entry = self._journal.append(run, event, step, body)
        self._couriers.wake()
        if resumed:  # whoever was at work on it until now finds it there before we act
            self._couriers.require_in_step(IN_STEP)
        return entry

    def end(self, run: str, state: RunState) -> None:
        self._journal.end(run, state)
        self._couriers.wake()

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        return self._journal.runs()

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        return self._journal.entries(run)

    def lines(self, after: int = 0) -> tuple[Line, ...]:
        return self._journal.lines(after)


class InBackground:
    """A thread for each site, started with the first line: a dead site holds up nothing but its own copy.

    ``copies`` by site are made in their thread and closed there.
    """

    def __init__(self, journal: Journal, copies: Mapping[str, Callable[[], JournalCopy]]) -> None:
        self._journal, self._copies = journal, copies
        self._change = Condition()
        self._threads: list[Thread] = []
        self._wanted = 0
        self._reached: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._ahead: dict[str, JournalBroken | Locked] = {}
        self._closing = False

    def wake(self) -> None:
        with self._change:
            self._wanted += 1
            self._start()
            self._change.notify_all()

    def require_in_step(self, seconds: float) -> None:
        self.wake()
        with self._change:
            self._change.wait_for(self._all_told, seconds)
            for ahead in self._ahead.values():
                raise ahead

    def require_alone(self) -> None:
        with self._change:
            for ahead in self._ahead.values():
                if isinstance(ahead, Locked):
                    raise ahead

    def close(self) -> None:
        with self._change:
            self._change.wait_for(self._all_told, LEAVING)
            self._closing = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join(LEAVING / 2)

    def _all_told(self) -> bool:
        """Whether every site has everything, but for those whose last try failed."""
        reached, failed = self._reached, self._failed
        return not self._threads or all(
            # A site whose last try failed is not waited for: the journal goes on without it, and the next
            # process brings it what it missed.
            reached.get(site, 0) >= self._wanted or failed.get(site, 0) > reached.get(site, 0)
            for site in self._copies
        )

    def _start(self) -> None:
        if not self._threads:
            self._threads = [
                Thread(target=self._work, args=(site, make), name=f"journal-to-{site}", daemon=True)
                for site, make in self._copies.items()
            ]
            for thread in self._threads:
                thread.start()

    def _work(self, site: str, make: Callable[[], JournalCopy]) -> None:
        log = structlog.get_logger("drctl.journal").bind(site=site)
        copy = make()
        courier = Courier(site, self._journal, copy)
        while (wanted := self._next(site)) is not None:
            error: DrctlError | None = None
            try:
                courier.deliver()
            except DrctlError as failure:
                error = failure
                log.warning("journal-not-copied", why=str(failure))
            with self._change:
                (self._reached if error is None else self._failed)[site] = wanted
                # Judged afresh with every try: somebody may have completed the journal meanwhile, or deleted
                # a copy that was wrong.
                self._ahead.pop(site, None)
                if isinstance(error, JournalBroken | Locked):
                    self._ahead[site] = error
                self._change.notify_all()
                if error is not None and not self._closing:
                    self._change.wait_for(lambda: self._closing, AGAIN)
        with suppress(DrctlError):
            copy.close()

    def _next(self, site: str) -> int | None:
        """Wait until the site lacks something; None once we are to end."""
        with self._change:
            self._change.wait_for(lambda: self._closing or self._wanted > self._reached.get(site, 0))
            return None if self._closing else self._wanted
