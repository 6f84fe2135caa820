"""On what terms a person lets a run begin: what they believe, what they override, and who they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drctl.model.fence import Attestation

ATTESTED = "target attested"
"""Key in what was said: who vouches that the run's target takes no writes, and why."""

OF_DRILL = "drill"
"""Key in what was said: the live drill whose move this is."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Hold what the person takes to be so; what is None is not said. ``epoch`` is the one before the run."""

    primary: str | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold what was said when the command was given.

    ``by`` names the person, ``account`` and ``host`` are the machine's own words for them. ``plan_digest`` is the plan
    that was seen, empty if none is insisted on. ``key`` makes a command that is given twice one run. ``overrides`` maps
    a rule's name in kebab case to the reason; ``break_glass`` is the reason to do without a second person's approval,
    ``abort`` the one to turn an unfinished run back. ``attested`` is a person's word that the target, which does not
    answer, takes no writes. ``journal_from`` tells from which site's copy the journal was taken over, and why.
    ``drill`` is, of a live drill's move, the drill's ``id`` and the ``way``, there or home.
    """

    by: str = ""
    account: str = ""
    host: str = ""
    belief: Belief = Belief()
    plan_digest: str = ""
    key: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)
    break_glass: str = ""
    abort: str = ""
    attested: Attestation | None = None
    journal_from: Mapping[str, Any] = field(default_factory=dict)
    drill: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """For the journal: only what was said."""
        belief = {"primary": self.belief.primary, "epoch": self.belief.epoch}
        everything = {
            "by": self.by,
            "account": self.account,
            "host": self.host,
            "expected": {name: value for name, value in belief.items() if value is not None},
            "plan seen": self.plan_digest,
            "key": self.key,
            "overrides": dict(self.overrides),
            "break glass": self.break_glass,
            "journal from": dict(self.journal_from),
            OF_DRILL: dict(self.drill),
            ATTESTED: {"by": self.attested.by, "why": self.attested.why} if self.attested else {},
        }
        return {name: value for name, value in everything.items() if value}
