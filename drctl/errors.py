"""The failure tree. A new class only for a new reaction; each carries its remedy and its exit code.

::

    DrctlError                1   something failed; the message says where and what to do
    ├── ConfigInvalid         2   a plan file, properties file or flag is wrong: nothing was started
    ├── Refused               3   a person or a missing answer said no: nothing was changed
    │   ├── Blocked           30– gates: every reason is listed, the code is the first one's (decide/rules.py)
    │   ├── Locked           14   another drctl holds the lock
    │   ├── Superseded       15   a higher epoch exists: someone newer decided
    │   ├── ApprovalMissing  18   a second person's approval is missing, declined or expired
    │   └── Undecided        19   a stranded tail was not salvaged, or nobody has decided what becomes of it
    ├── StepFailed            4   a step did not reach its goal
    │   ├── RollbackPending       … the source is open again, and the rest of the rollback waits for the target
    │   └── RolledBack       5   … and the rollback was run: the source is open again
    │       └── LossNotAccepted  17  … because more would be lost than was accepted
    ├── Unreachable           6   a site, broker or worker does not answer
    │   ├── Unauthenticated  16   it answers and rejects our credentials or certificate
    │   └── DeadlinePassed        it was waited for, and timed out
    ├── Forbidden             7   it answers and denies us the operation
    ├── Unsupported           8   it answers and is something drctl cannot work with
    ├── NotFound              9   a topic, group or connector that was named does not exist
    ├── NotProven            10   facts contradict or do not suffice: a refusal to guess
    ├── Conflict             11   the world changed under us (group active, connector altered): look again
    │   └── PositionsPending      … open transactions commit positions for some groups; the others' are known
    ├── JournalBroken        12   the journal is damaged or cannot be written
    ├── LabError             13   the embedded lab could not do what was asked
    ├── BundleDamaged        23   a report's bundle is not what was written, or nobody known has signed it
    └── ReportContradicted   24   a bundle's own evidence shows something else than its report says
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from drctl.redaction import redact


class DrctlError(Exception):
    """Something failed. ``str()`` names the place; ``remedy`` says what to do about it.

    ``exit_code`` is what the command line returns; ``transient`` says whether trying again may help. Both texts go to
    people and into the journal, so they are redacted as they come in.
    """

    exit_code: int = 1
    transient: ClassVar[bool] = False
    is_redacted: ClassVar[bool] = True

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(redact(message))
        self.remedy = redact(remedy)


class ConfigInvalid(DrctlError):
    """A plan file, a properties file or a flag is wrong. The message names file and line."""

    exit_code = 2


class Refused(DrctlError):
    """The request was understood and declined before anything was changed."""

    exit_code = 3


class Blocked(Refused):
    """Gates stand in the way; ``reasons`` lists all of them, in the order to fix them."""

    exit_code = 30

    def __init__(self, message: str, reasons: Iterable[str], *, exit_code: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.reasons = tuple(map(redact, reasons))
        self.exit_code = exit_code


class PartlyRefused(Refused):
    """Declined for some of what was asked; ``done`` names what was changed before, and stays so."""

    exit_code = 4

    def __init__(self, message: str, done: Iterable[str], *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.done = tuple(done)


class Locked(Refused):
    """Another drctl is at work on the same plan file."""

    exit_code = 14


class Superseded(Refused):
    """A higher epoch than ours exists: someone newer has decided, so we stop at once."""

    exit_code = 15


class ApprovalMissing(Refused):
    """A second person has to approve this plan and these facts, and has not, or no longer has.

    ``awaited`` is what an approval would bind to, JSON-ready, for the journal.
    """

    exit_code = 18

    def __init__(self, message: str, *, awaited: Mapping[str, Any] | None = None, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.awaited = dict(awaited or {})


class Undecided(Refused):
    """The returned site holds records that the other one lacks, and it is not decided what becomes of them."""

    exit_code = 19


class StepFailed(DrctlError):
    """A step did not reach its goal within its deadline, or its check found a contradiction.

    ``brief`` is the same for people who have seen the steps fail, each with its reason.
    """

    exit_code = 4

    def __init__(self, message: str, *, remedy: str = "", brief: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.brief = redact(brief or message)


class RollbackPending(StepFailed):
    """The source is open again and clients can work there; what is left of the rollback waits for the target."""


class RolledBack(StepFailed):
    """A step before the point of no return failed and the rollback was run: the source is open again."""

    exit_code = 5


class LossNotAccepted(RolledBack):
    """More would be lost than a person has accepted, or nobody can tell how much: the target was not opened."""

    exit_code = 17


class Unreachable(DrctlError):
    """A site, a broker or a worker does not answer. Says nothing about whether the request took effect."""

    exit_code = 6
    transient = True


class Unauthenticated(Unreachable):
    """The other end answers but one side rejects the other's credentials or certificate.

    ``is_asked_twice``: with a login that was renewed meanwhile, too, so that nobody asks a third time.
    """

    exit_code = 16
    transient = False
    is_asked_twice = False


class DeadlinePassed(Unreachable):
    """Say that what was waited for did not come about in time; the message names it."""


class Forbidden(DrctlError):
    """The other end denies us an operation; the message names the right that is missing."""

    exit_code = 7


class Unsupported(DrctlError):
    """The other end is something drctl cannot work with (ZooKeeper mode, too old a version, …)."""

    exit_code = 8


class NotFound(DrctlError):
    """A topic, group or connector that was named does not exist."""

    exit_code = 9


class NotProven(DrctlError):
    """Facts contradict each other or do not suffice, and drctl does not guess."""

    exit_code = 10


class Conflict(DrctlError):
    """The world changed under us: a group became active, a connector was altered, a topic recreated."""

    exit_code = 11
    transient = True


class PositionsPending(Conflict):
    """Open transactions commit positions for some groups: these are not decided before the transactions end.

    ``pending`` names the groups with the partitions in question, as far as anybody can tell; ``found`` is what is
    decided: all positions of the other groups, and the rest of these groups'.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        found: Mapping[str, Mapping[Any, Any]] | None = None,
        pending: Mapping[str, Collection[Any]] | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.found, self.pending = found or {}, pending or {}


class JournalBroken(DrctlError):
    """The journal is damaged, or cannot be written: without it drctl does not act."""

    exit_code = 12


class LabError(DrctlError):
    """The embedded lab could not do what was asked."""

    exit_code = 13


class BundleDamaged(DrctlError):
    """A report's bundle is not as it was written: files are missing, added or changed, or its signature is wrong."""

    exit_code = 23


class ReportContradicted(DrctlError):
    """A bundle is as it was written, and its evidence, judged again, shows something else than its report says."""

    exit_code = 24


def at_site(site: str, reason: str) -> str:
    """Return the reason for a line that has named the site already: errors of a site's drivers begin with its name."""
    return reason.removeprefix(f"site {site}: ").removeprefix(f"site {site} ")
