"""Show a plan, how far an unfinished run of it has come, and everything that stands in its way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from drctl.cli.output import document, echo, show_table
from drctl.decide.overrides import name_of, why_not
from drctl.decide.readiness import Blocker
from drctl.model.translation import UnprovenReason
from drctl.plans.interruption import Interruption
from drctl.plans.objectives import expected
from drctl.plans.outlook import Outlook, Prospect
from drctl.plans.plan import Plan, Step
from drctl.plans.standing import RunStanding

type Row = tuple[object, ...]


class Ahead(NamedTuple):
    """Hold what the sites tell of a handover that is still to come.

    ``groups`` are the positions of each, ``warned`` is worth knowing, ``stays_behind`` are groups with why; the next
    two are lines about positions. ``facts`` is the digest of what the gates judge by.
    """

    groups: list[dict[str, Any]]
    warned: list[Blocker]
    stays_behind: list[tuple[str, str]]
    never_committed: list[str]
    replaced: list[str]
    facts: str


class Planned(NamedTuple):
    """A plan as it is shown. ``ahead`` is None where an unfinished run has handed over, or does not come to it.

    ``run`` and ``outlook`` are those of an unfinished run; ``blocking`` are the gates' reasons, where they are asked.
    ``pauses`` are in seconds. ``warned`` and ``facts`` are the same as in :class:`Ahead`, for a plan without one.
    """

    steps: Plan
    epoch: int
    digest: str
    pauses: Sequence[float]
    promised: timedelta
    blocking: list[Blocker]
    ahead: Ahead | None
    run: Interruption | None
    outlook: Outlook | None
    warned: Sequence[Blocker] = ()
    facts: str = ""

    @property
    def exit_code(self) -> int:
        """The one with which the command would end, as far as that is foreseen."""
        refused = self.outlook is not None and self.outlook.refusal is not None
        if self.blocking and not refused:
            return self.blocking[0].concern.value
        return 0 if self.outlook is None else self.outlook.exit_code

    @property
    def goes_back(self) -> bool:
        """Whether the unfinished run has begun its rollback."""
        return self.run is not None and self.run.standing is RunStanding.ROLLING_BACK


def show(planned: Planned) -> None:
    """Print it for people."""
    steps, ahead = planned.steps, planned.ahead
    for line in planned.run.lines if planned.run is not None else ():
        echo(line)
    if planned.goes_back:
        show_table(f"Rollback of the {steps}", ("", "STEP", "WHAT", "NOW"), _rollback_rows(planned))
    elif planned.outlook is None:
        show_table(str(steps).capitalize(), ("", "STEP", "WHAT", "CAN TURN BACK"), _rows(steps))
    else:
        rows = [(*row, _now(planned.outlook, step)) for row, step in zip(_rows(steps), steps.steps, strict=True)]
        show_table(str(steps).capitalize(), ("", "STEP", "WHAT", "CAN TURN BACK", "NOW"), rows)
    if ahead is not None:
        echo()
        columns = ("GROUP", "POSITIONS", "PROVEN", "NOT YET BECAUSE")
        show_table("Positions, if the work stopped now", columns, _position_rows(ahead))
    for title, lines in (
        ("Stands in the way", _in_the_way(planned)),
        ("Left pending", _pending(planned)),
        ("Worth knowing", _reasons(ahead.warned if ahead is not None else planned.warned)),
    ):
        _show_list(title, list(lines))
    if planned.exit_code == 0:
        echo("\nNothing stands in the way.")
    if ahead is not None:
        for line in _told(ahead):
            echo(line)
        echo(f"expected pause: {expected(planned.pauses, planned.promised)}")
    seen = ahead.facts if ahead is not None else planned.facts
    facts = f", facts digest {seen}" if seen else ""
    echo(f"\nprimary {steps.source}, epoch {planned.epoch}; plan digest {planned.digest}{facts}")


def as_document(planned: Planned) -> dict[str, Any]:
    """Return it as a versioned document; of an unfinished run each step has its ``state``."""
    steps, ahead, outlook = planned.steps, planned.ahead, planned.outlook
    body = {
        "run": steps.kind,
        "source": steps.source,
        "target": steps.target,
        "unfinishedRun": planned.run.run.id if planned.run is not None else None,
        "pointOfNoReturn": steps.point_of_no_return,
        "steps": [_step(outlook, step) for step in steps.steps],
        "rollback": [_step(outlook, step) for step in steps.rollback],
        "rollsBack": outlook is not None and outlook.rolls_back,
        "failures": list(_failures(planned)),
        "groups": ahead.groups if ahead is not None else [],
        "blockers": [_reason(each) for each in planned.blocking],
        "warnings": [_reason(each) for each in (ahead.warned if ahead is not None else planned.warned)],
        "uncovered": [{"group": group, "why": why} for group, why in ahead.stays_behind] if ahead is not None else [],
        "neverCommitted": ahead.never_committed if ahead is not None else [],
        "replaced": ahead.replaced if ahead is not None else [],
        "epoch": planned.epoch,
        "digests": {"plan": planned.digest, "facts": ahead.facts if ahead is not None else planned.facts or None},
        "expectedPauseSeconds": max(planned.pauses, default=None),
        "objectiveSeconds": planned.promised.total_seconds(),
    }
    return document("Plan", body)


def _rows(steps: Plan) -> list[Row]:
    return [
        (number, step.name, step.title, "yes" if steps.can_roll_back_after(step.name) else "no")
        for number, step in enumerate(steps.steps, 1)
    ]


def _rollback_rows(planned: Planned) -> list[Row]:
    return [
        (number, step.name, step.title, _now(planned.outlook, step))
        for number, step in enumerate(planned.steps.rollback, 1)
    ]


def _position_rows(ahead: Ahead) -> list[Row]:
    return [_position_row(group) for group in ahead.groups]


def _position_row(group: Mapping[str, Any]) -> Row:
    if group["positions"] is None:
        return (group["name"], "unknown", "", group["unknown"])
    reasons = "; ".join(UnprovenReason[why].value for why in group["refused"])
    return (group["name"], group["positions"], group["proven"], reasons)


def _now(outlook: Outlook | None, step: Step) -> str:
    return (Prospect.NOT_REACHED if outlook is None else outlook.prospects.get(step.name, Prospect.NOT_REACHED)).value


def _told(ahead: Ahead) -> Iterator[str]:
    yield from (f"stays behind: {group}: {why}" for group, why in ahead.stays_behind)
    yield from (f"never committed: {line}" for line in ahead.never_committed)
    yield from (f"replaced: {line}" for line in ahead.replaced)


def _show_list(title: str, lines: Sequence[str]) -> None:
    if lines:
        echo(f"\n{title}:")
    for line in lines:
        echo(f"  - {line}")


def _in_the_way(planned: Planned) -> Iterator[str]:
    outlook = planned.outlook
    if outlook is not None and outlook.refusal is not None:
        yield _with_remedy(f"the run does not go on: {outlook.refusal}", outlook.refusal.remedy)
    if planned.blocking or outlook is None:
        yield from _reasons(planned.blocking, overridable=True)
        return
    for step, error in outlook.failures.items():
        if outlook.prospects[step] is not Prospect.FAILS:
            continue
        if step in {each.name for each in planned.steps.rollback}:
            yield _with_remedy(f"on the rollback {step} fails: {error}", error.remedy)
        else:
            stops = f"the run stops there, and {planned.steps.target} may be open"
            then = "the rollback follows" if outlook.rolls_back else stops
            yield _with_remedy(f"{step} fails, and {then}: {error}", error.remedy)
    if planned.goes_back and not outlook.failures:
        yield f"the run is being rolled back: going on ends that, and {planned.steps.source} keeps the work"


def _pending(planned: Planned) -> Iterator[str]:
    if planned.outlook is None:
        return
    for step, error in planned.outlook.failures.items():
        if planned.outlook.prospects[step] is Prospect.PENDING:
            yield _with_remedy(f"{step}, and the run ends without it: {error}", error.remedy)


def _reasons(reasons: Iterable[Blocker], *, overridable: bool = False) -> Iterator[str]:
    for each in reasons:
        can = f" (or --override {name})" if overridable and (name := _override(each)) else ""
        yield _with_remedy(each.detail, f"{each.remedy}{can}")


def _with_remedy(what: str, remedy: str) -> str:
    return f"{what}\n    remedy: {remedy}" if remedy else what


def _step(outlook: Outlook | None, step: Step) -> dict[str, Any]:
    state = outlook.prospects.get(step.name) if outlook is not None else None
    return {"name": step.name, "title": step.title, "state": state.value.replace(" ", "-") if state else None}


def _failures(planned: Planned) -> Iterator[dict[str, Any]]:
    """Where an unfinished run would fail, or end pending; no step where it would not even go on."""
    outlook = planned.outlook
    if outlook is None:
        return
    if outlook.refusal is not None:
        yield {"step": None, "detail": str(outlook.refusal), "remedy": outlook.refusal.remedy, "pending": False}
    for step, error in outlook.failures.items():
        pending = outlook.prospects[step] is Prospect.PENDING
        yield {"step": step, "detail": str(error), "remedy": error.remedy, "pending": pending}


def _reason(each: Blocker) -> dict[str, str]:
    return {"rule": each.rule.name, "override": _override(each), "detail": each.detail, "remedy": each.remedy}


def _override(blocker: Blocker) -> str:
    """The name to override it by, empty if it stays firm."""
    name = name_of(blocker.rule)
    return "" if why_not(name) else name
