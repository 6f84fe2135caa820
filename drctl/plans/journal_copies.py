"""Find the newest journal, this machine's file or a copy at a site, and take a copy over to go on where it ends.

Which one is the newest is judged in :mod:`drctl.decide.journal_order`. A copy is read whole only where its last line is
not in the file. A copy that is no longer written to proves nothing: a drctl that waits within a step writes no line for
minutes. So a person has to say that nobody is at work there; one that is, is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from drctl.decide.journal_order import Contradiction, CopyHead, contradiction, head_of, newest
from drctl.errors import DrctlError, JournalBroken, Locked, NotFound
from drctl.model.chain import Line, require_whole
from drctl.plans.journal_of_lines import JournalOfLines
from drctl.ports import World

WATCHED = 5.0
"""Seconds for which a copy is watched before it is taken over: steps that are not waiting write several lines in it."""
AGAIN = 1.0
"""Seconds between two looks at it."""


@dataclass(frozen=True, slots=True)
class NewestJournal:
    """Hold the newest journal. ``site`` is where its copy is, empty where the file is as new as all that was read.

    ``head`` is where it ends, ``own`` where the file does; ``unread`` says by site why a copy was not read.
    """

    site: str
    lines: tuple[Line, ...] = field(repr=False)
    head: CopyHead
    own: CopyHead
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Name the journal for people."""
        return _named(self.site)

    def read(self, world: World) -> World:
        """Return the same world with this journal, to be read; as it is where the file is the newest."""
        return replace(world, journal=JournalOfLines(self.where, self.lines)) if self.site else world


def newest_journal(world: World, quick: World) -> NewestJournal:
    """Hold the copies at all sites against the file. ``quick`` is the same world whose answers are not waited for long.

    JournalBroken where file and copies contradict each other, or one of them is not whole; a site that does not answer
    is left out, and told. What is written meanwhile by a drctl of this machine makes no copy a newer one.
    """
    unread: dict[str, str] = {}

    def asked[T](questions: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """The answers, by site: side by side, since a site that is silent delays no other."""

        def ask(site: str) -> T | None:
            try:
                return questions[site]()
            except NotFound:
                return None  # it has no place for a copy
            except JournalBroken:
                raise
            except DrctlError as error:
                unread[site] = str(error)
                return None

        with ThreadPoolExecutor(max(1, len(questions))) as pool:
            answers = zip(questions, pool.map(ask, questions), strict=True)
            return {site: answer for site, answer in answers if answer is not None}

    lasts = asked({site: copy.last for site, copy in quick.copies.items()})
    own = world.journal_file.lines()  # after that: a drctl of this machine writes to the file first, and then to a copy
    beyond = [site for site, last in lasts.items() if last is not None and not _holds(own, last)]
    found = asked({site: world.copies[site].lines for site in beyond})
    for site, lines in found.items():
        require_whole(_named(site), lines)
    own = world.journal_file.lines()
    copies = {"": own} | found
    if parts := contradiction(copies):
        raise contradicted(parts, copies)
    site = newest(copies)
    return NewestJournal(site, copies[site], head_of(copies[site]), head_of(own), unread)


def contradicted(found: Contradiction, copies: Mapping[str, Sequence[Line]]) -> JournalBroken:
    """Return the failure that names both copies, by site and empty for the file, and where they part."""
    ends = " and ".join(f"{_named(site)} ends at {head_of(copies[site])}" for site in (found.one, found.other))
    return JournalBroken(
        f"{_named(found.one)} and {_named(found.other)} differ from line {found.line} on: two drctls have written, each"
        f" without the other; {ends}",
        remedy="end both; keep the one that tells what 'drctl status' sees at the sites. The file: delete the topic"
        " drctl.journal at the other one's site and create it again. A copy: put the state file aside, then"
        " 'drctl runs restore --from SITE'. 'drctl runs list --own' shows the file's runs",
    )


def require_at_rest(world: World, found: NewestJournal) -> None:
    """Watch the copy for some seconds; Locked if it grows, for then a drctl is at work elsewhere."""
    clock, copy = world.clock, world.copies[found.site]
    until = clock.monotonic() + WATCHED
    while clock.monotonic() < until:
        clock.sleep(AGAIN)
        last = copy.last()
        if last is None or last.digest != found.head.digest:
            number = "none" if last is None else last.number
            raise Locked(
                f"another drctl is at work: {found.where} ended at line {found.head.number}, and now at {number}",
                remedy="wait until it is done, or end it; 'drctl runs show' tells who began the run, and where",
            )


def take_over(world: World, found: NewestJournal) -> int:
    """Complete the file from the copy, epoch included; returns how many lines that were.

    Locked while another process works with the file; Conflict, nothing changed, if it has written since.
    """
    world.lease.acquire(f"taking over {found.where}")
    try:
        return world.journal_file.complete(found.lines)
    finally:
        world.lease.release()


def _holds(lines: Sequence[Line], last: Line) -> bool:
    return last.number <= len(lines) and lines[last.number - 1].digest == last.digest


def _named(site: str) -> str:
    return f"the copy at {site}" if site else "this machine's journal"
