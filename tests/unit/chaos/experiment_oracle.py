"""An experiment, what is left of it when something is taken away, and an oracle for that.

The oracle goes by sets of records, and asks one sentence per condition; it shares nothing with drctl's judging.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from drctl.drills.experiments.judging import ExperimentOutcome, Remains, Trial, judged
from drctl.drills.timeline import Histories
from drctl.lab.clients.producer import NUMBERS
from drctl.ledger.events import Event, Seen, Stream
from drctl.ledger.history import HistoryLine
from tests.unit.chaos.experiments import action, ran_as_written, trial
from tests.unit.drills.taken import Place, all_lines, found, keyed, left, places, places_in, superseded, unseen
from tests.unit.lab.work import FAULT, everything, seen

STATED = ("kill", "kill", "pause")
PRICES, ORDERS = "shop.prices", "shop.orders"
GONE: set[Place] = {(NUMBERS["prices"], PRICES, 0, 3), (NUMBERS["prices"], PRICES, 0, 4)}
"""Compacted away before the group came to them."""
WINDOWS = ((0, FAULT[0], 200), (FAULT[0], FAULT[1], 50), (FAULT[1], 1e9, 100))


def sighting(fault: str, target: str) -> dict[str, Any]:
    told = {"fault": fault, "target": target, "observer": "the other brokers", "observation": "it is not listed"}
    return {**told, "injected_at": FAULT[0] + 10, "observed_at": FAULT[0] + 19}


FAULTS = (
    sighting("kill", "north-broker-1"), sighting("kill", "north-broker-2"), sighting("pause", "north-broker-3"),
    sighting("restart", "north-broker-1"),
)  # fmt: skip


def journal() -> dict[str, Any]:
    """Of two actions, as stated."""
    told = ran_as_written(stated=STATED)
    other = {**action("act"), "name": "act again"}
    told["experiment"]["method"].append(other)
    told["run"].append({"activity": other, "status": "succeeded", "output": None})
    return told


def histories() -> Histories:
    """Everything, some of it in doubt, aborted, compacted away or read again."""
    lines = dict(left(keyed(everything(), PRICES, 9), (), GONE, {"consumer-pricing"}).lines)
    number = NUMBERS["orders"]
    doubtful = [[number, ORDERS, 0, 241], [number, ORDERS, 0, 242]]
    lines["producer-orders"] = [
        *lines["producer-orders"],
        HistoryLine("doubtful", 251.0, "north", doubtful, {}),
        HistoryLine("aborted", 252.0, "north", [[number, ORDERS, 0, 243]], {}),
    ]
    for group in ("reporting", "billing", "pricing"):
        own = HistoryLine("processed", 253.0, "north", doubtful[:1], {"group": group})
        lines[f"consumer-{group}"] = [*lines[f"consumer-{group}"], own]
    first = lines["consumer-dispatch"][0]
    lines["consumer-dispatch"] = [*lines["consumer-dispatch"], replace(first, at=254.0, records=first.records[70:])]
    return Histories(lines)


def read_at_the_end() -> list[Event]:
    return [*unseen(seen(), GONE), Seen(ORDERS, 0, 300, Stream(NUMBERS["orders"], ORDERS, 0), 241)]


@dataclass(frozen=True)
class Rest:
    """An experiment, or what is left of one."""

    histories: Histories = field(default_factory=histories)
    found: list[Event] = field(default_factory=read_at_the_end)
    faults: tuple[dict[str, Any], ...] = FAULTS
    journal: dict[str, Any] | None = field(default_factory=journal)
    trial: Trial = field(default_factory=lambda: trial(STATED))

    def judged(self) -> ExperimentOutcome:
        told = "".join(json.dumps(each) + "\n" for each in self.faults).encode()
        raw = None if self.journal is None else json.dumps(self.journal).encode()
        return judged(self.trial, Remains(self.histories, self.found, raw, told))

    @property
    def proved(self) -> bool:
        return self.judged().verdict == "proved"


WHOLE = Rest()


def proves(rest: Rest) -> bool:
    """Whether this proves what an experiment is to prove, by its definition."""
    conditions = (accounted, read, enough, at_work, struck, ran_as_stated)
    return rest.trial.complete and all(condition(rest) for condition in conditions)


def accounted(rest: Rest) -> bool:
    """Every acknowledged record is there, once, and nothing else is. Of a compacted topic an older one may be gone."""
    there, sent = found(rest.found), set(places(rest.histories, "acknowledged"))
    due = sent - superseded(rest.histories, rest.trial.work.compacted)
    return len(there) == len(set(there)) and due <= set(there) <= readable(rest)


def readable(rest: Rest) -> set[Place]:
    """What anybody may have read: acknowledged, or nobody knows, and not aborted."""
    sent, doubtful, aborted = (set(places(rest.histories, kind)) for kind in ("acknowledged", "doubtful", "aborted"))
    return (sent | doubtful) - aborted


def read(rest: Rest) -> bool:
    """Every group said what it reads, and processed all that is there in it, and nothing that was never sent.

    Once, unless the experiment states that groups may read again.
    """
    groups = rest.trial.work.groups
    told = {str(line.more["group"]) for line in all_lines(rest.histories) if line.kind == "processed"}
    for group, topics in groups.items():
        done = places(rest.histories, "processed", group)
        if not {place for place in found(rest.found) if place[1] in topics} <= set(done) <= readable(rest):
            return False
        if not rest.trial.stated.repeats and len(done) > len(set(done)):
            return False
    return told <= set(groups)


def enough(rest: Rest) -> bool:
    """Enough was acknowledged before, during and after the fault."""
    lines = all_lines(rest.histories)
    return all(
        len(places_in([line for line in lines if began <= line.at < ended], "acknowledged")) >= floor
        for began, ended, floor in WINDOWS
    )


def at_work(rest: Rest) -> bool:
    """There were clients, and each of them worked after the fault."""
    kinds = ("acknowledged", "processed")
    later = {
        client
        for client, lines in rest.histories.lines.items()
        for line in lines
        if line.at > FAULT[1] and line.kind in kinds and line.records
    }
    return later >= set(rest.trial.work.clients) > set()


def struck(rest: Rest) -> bool:
    """Somebody told what he saw of whom and when, for every fault that is stated as often as it is, and for one at
    least: it was injected and seen in this order, and during the fault.
    """
    keys = ("fault", "target", "observer", "observation", "injected_at", "observed_at")
    told = [each for each in rest.faults if all(each[key] for key in keys)]
    told = [each for each in told if FAULT[0] <= each["injected_at"] <= each["observed_at"] <= FAULT[1]]
    seen_of = Counter(each["fault"] for each in told)
    return any(seen_of[kind] for kind in ("kill", "pause")) and seen_of >= Counter(rest.trial.stated.faults)


def ran_as_stated(rest: Rest) -> bool:
    """The toolkit says that it ran what is stated, as it was written, and that its steady state was met."""
    if rest.journal is None:
        return False
    text, stated = rest.journal["experiment"], rest.trial.stated
    again = "some" if stated.repeats else "none"
    said = [(each["faults"], each["expected"]["repeated"]) for each in text["extensions"]]
    parts = (("method", "run"), ("rollbacks", "rollbacks"))
    ended = rest.journal.get("status") == "completed" and rest.journal.get("deviated") is False
    done = all(went(text[written], rest.journal[ran]) for written, ran in parts) and bool(text["method"])
    return said == [([*stated.faults], again)] and ended and done and steady(rest.journal)


def went(written: list[Any], ran: list[Any]) -> bool:
    """Whether just that ran, with success."""
    return written == [each["activity"] for each in ran] and all(each.get("status") == "succeeded" for each in ran)


def steady(told: Mapping[str, Any]) -> bool:
    """Whether every probe of a hypothesis that has any was within its tolerance, before and after."""
    probes, states = told["experiment"]["steady-state-hypothesis"]["probes"], told["steady_states"]
    looks = [states.get(when) or {"probes": []} for when in ("before", "after")]
    met = all(look.get("steady_state_met") and all(each["tolerance_met"] for each in look["probes"]) for look in looks)
    return met and bool(probes) and all(went(probes, look["probes"]) for look in looks)
