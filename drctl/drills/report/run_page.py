"""The report of a run as one HTML file with everything in it, for people who were not there."""

import hashlib
import json
from typing import Any

from drctl.drills.report import words
from drctl.drills.report.tables import Table
from drctl.drills.report.templates import template
from drctl.model.run import Event
from drctl.plans.selection import FAILOVER, MOVES
from drctl.redaction import redact_document

OUTCOMES = {
    "done": ("proved", "Done: the work is at {target}."),
    "completed-with-exceptions": ("open", "Done, with exceptions: the work is at {target}."),
    "rolled-back": ("open", "Rolled back: a step failed, and the work stayed at {source}."),
    "aborted": ("open", "Aborted by a person, and rolled back: the work stayed at {source}."),
    "superseded": ("open", "Superseded: another run has taken it over."),
    "stopped": ("refuted", "Stopped: nothing of it is continued."),
}
"""By state: a style, and what a manager reads first. Of a run that is no move only its first word is true."""

MEANINGS = {
    "Pause of writes": "From the first request to deny writes at the source until clients were sent to the target, by"
    " the journal's times. What single clients saw is measured by a drill only.",
    "Recovery time": "From the start of the failover until the first commit of a group at the target. How long it took"
    " to notice the loss is not in it.",
    "Fence": "proven: end offsets stood still and an ordinary client was refused. by-agent: a command has taken the"
    " site down. attested: a named person says so. pending: not known to be closed.",
    "Loss": "Records that were acknowledged at the source and had not reached the target. asked: counted at the source."
    " sighting: by its log ends as they were seen last, and how many may have come until it fell silent, estimated at"
    " the rate of before.",
    "Lag": "Offsets between a group's position and the end of its partitions when it was handed over, as Kafka counts"
    " it: markers of transactions count, too.",
    "Proofs": "How the position at the target is known to be the same place: by records around it that were read at"
    " both sites and are equal, or because there is nothing to read. certain and repeats-accepted: an earlier place,"
    " which skips nothing and reads some records again.",
    "What this report does not say": "It is made of the journal, and counts no records. That none is lost or read"
    " twice is what a drill proves: it numbers every record and reads them again.",
}


def render(body: dict[str, Any]) -> str:
    """Render the page of :func:`drctl.drills.report.run.run_report`'s body. It loads nothing."""
    told = redact_document(body)
    style, outcome = _outcome(told)
    return template("run.html").render(
        run=told,
        style=style,
        outcome=outcome,
        title=told["run"].capitalize(),
        within=within,
        groups=_groups(told),
        steps=_steps(told),
        timeline=_timeline(told),
        origin=_origin(told),
        meanings=MEANINGS,
        checksum=hashlib.sha256(as_json(told).encode()).hexdigest(),
    )


def as_json(body: dict[str, Any]) -> str:
    """The text of the ``run.json`` beside the page."""
    return json.dumps(redact_document(body), indent=2, ensure_ascii=False) + "\n"


def within(measured: dict[str, Any]) -> tuple[str, str, str]:
    """A measured time against its objective: style, number, words."""
    promised = f"the objective of {words.span(measured['objectiveSeconds'])}"
    if measured["seconds"] is None:
        return "open", "unknown", f"not measured; {promised} is neither met nor missed"
    number = f"{measured['seconds']:.1f} s"
    return (
        ("good", number, f"within {promised}") if measured["withinObjective"] else ("bad", number, f"beyond {promised}")
    )


def _outcome(told: dict[str, Any]) -> tuple[str, str]:
    style, sentence = OUTCOMES.get(told["state"], ("open", "Unfinished ({state}): see 'drctl status'."))
    if told["continuedBy"]:
        sentence = f"Superseded: run {told['continuedBy']} has taken it over, and goes on from it."
    if told["run"] not in MOVES:
        sentence = sentence.split(":", maxsplit=1)[0] + "."
    return "open" if told["left"] and style == "proved" else style, sentence.format(**told)


def _groups(told: dict[str, Any]) -> Table:
    return Table(
        ("Group", "Positions", "Lag", "Pairs of records compared", "Proofs"),
        tuple(_group_row(each, told["run"]) for each in told["groups"]),
        frozenset({4}),
    )


def _group_row(group: dict[str, Any], kind: str) -> tuple[str, ...]:
    return (
        group["name"],
        words.number(group["positions"]),
        words.number(group["lag"]) if kind != FAILOVER else "unknown",
        words.number(group["compared"]),
        group.get("uncovered") or ", ".join(f"{count} {proof}" for proof, count in group["proofs"].items()),
    )


def _steps(told: dict[str, Any]) -> Table:
    return Table(
        ("Step", "Began, UTC", "Seconds", "Attempts", "How"),
        tuple(
            (
                each["name"],
                words.clock(each["began"]),
                f"{each['seconds']:.1f}",
                words.number(each["attempts"]),
                _how(each),
            )
            for each in told["steps"]
        ),
        frozenset({4}),
    )


def _how(step: dict[str, Any]) -> str:
    if step["failures"]:
        return f"done after {words.counted(step['failures'], 'failure')}"
    return "nothing to do" if step["foundDone"] else "done and verified"


def _timeline(told: dict[str, Any]) -> Table:
    lines = (
        (words.clock(each["at"]), " ".join(filter(None, (each["step"], each["event"]))), each["said"])
        for each in told["timeline"]
    )
    return Table(("UTC", "What happened", "Said"), tuple(lines), frozenset({1, 2}), prose=2)


def _process(each: dict[str, Any]) -> str:
    who = f", {each['account']}" if each["account"] else ""
    how = " went on" if each["event"] == Event.RUN_RESUMED else ""
    return f"{each['host'] or 'not said'}{who}{how} on {words.moment(each['at'])}"


def _origin(told: dict[str, Any]) -> dict[str, str]:
    plan, journal, code = told["plan"], told["journal"], told["drctl"]
    return {
        "Run": f"{told['id']}, epoch {told['epoch']}",
        "Continues": ", ".join(told["continues"]) or "no other run",
        "Run by": told["by"] or "not said",
        "Run on": "; ".join(map(_process, told["processes"])) or "not said",
        "Began": words.moment(told["began"]) if told["began"] else "unknown",
        "Ended": words.moment(told["ended"]) if told["ended"] else "not ended",
        "Plan file": f"{plan['file']}, plan {plan['name']}",
        "SHA-256 of the plan file, as the run was begun": plan["digest"],
        "Journal of the run": f"{journal['lines']} lines, the last one's digest is {journal['head']}",
        "This page was made by": f"drctl {code['version']}, commit {code['commit'] or 'unknown'}",
    }
