"""Show a run: a row or lines for people, a document for programs."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drctl.model.run import Evidence

if TYPE_CHECKING:
    from drctl.plans.standing import Told

HEADERS = ("RUN", "KIND", "WAY", "EPOCH", "STATE", "BEGAN", "TOOK", "BY", "WHY")
SHOWN = ("message", "cause", "by", "state", "exit", "overridden", "overrides", "break glass", "reason", "journal from")
"""Keys of a line's evidence that are shown where not all of it is."""


def row(told: "Told") -> tuple[object, ...]:
    """Return one run as a row under :data:`HEADERS`."""
    run, began, ended = told.run, told.began, told.ended
    took = f"{(ended - began).total_seconds():.0f} s" if ended and began else ""
    why = "; ".join((*story(told), *([told.why] if told.why else ())))
    return (run.id, run.kind, way(told), run.epoch, told.standing, _clock(began), took, told.by, _short(why))


def story(told: "Told") -> Iterator[str]:
    """Say which runs this one goes on from, and which one goes on from it: together they are one move."""
    if told.continues:
        yield f"continues {', '.join(told.continues)}"
    if told.continued_by:
        yield f"continued by {told.continued_by}"


def summary(told: "Told", copy: str) -> dict[str, Any]:
    """Return one run for a document; ``copy`` is the site whose copy of the journal told it, empty for the own one."""
    run = asdict(told.run)
    renamed = {"run": run.pop("kind"), "planDigest": run.pop("plan_digest")}
    times = {"began": told.began, "ended": told.ended}
    stands = {"state": told.standing.value, "step": told.step, "by": told.by, "why": told.why}
    linked = {"continues": list(told.continues), "continuedBy": told.continued_by, "copy": copy or None}
    return run | renamed | times | stands | linked


def entries(told: "Told", *, evidence: bool) -> list[dict[str, Any]]:
    """Return a run's lines for a document."""
    return [
        {
            "sequence": entry.sequence,
            "at": entry.at,
            "event": entry.event.value,
            "step": entry.step,
            "digest": entry.digest,
        }
        | ({"evidence": entry.body} if evidence else {})
        for entry in told.entries
    ]


def detail(body: Evidence, *, evidence: bool) -> str:
    """Return what a line says beside its event and step."""
    import json

    if evidence:
        return json.dumps(body, ensure_ascii=False, sort_keys=True)
    return _short(", ".join(f"{name} {body[name]}" for name in SHOWN if body.get(name) not in (None, "", {})))


def way(told: "Told") -> str:
    """Return from where to where a run leads, empty for one that leads nowhere."""
    return f"{told.run.source} → {told.run.target}" if told.run.source else ""


def _clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"
