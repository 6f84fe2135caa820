"""What the journal tells of two that were at work at once: nothing where there was one, and each way to be two."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.kube.tenures import Death, overlapping, tenures, together

DAWN = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: float) -> datetime:
    return DAWN + timedelta(seconds=second)


def entry(second: float, event: str, step: str = "", host: str = "") -> dict[str, Any]:
    return {"at": at(second).isoformat(), "event": event, "step": step, "evidence": {"host": host} if host else {}}


def run(*entries: dict[str, Any], identity: str = "r1", epoch: int = 1) -> dict[str, Any]:
    ended = entries[-1]["at"] if entries[-1]["event"] == "run-ended" else None
    about = {"id": identity, "run": "switchover", "epoch": epoch, "began": entries[0]["at"], "ended": ended}
    return {**about, "entries": list(entries)}


WELL = (
    entry(0, "run-started", host="one"),
    entry(1, "step-intended", "raise-epoch"),
    entry(2, "step-observed", "raise-epoch"),
    entry(3, "step-intended", "fence-writes"),
    entry(9, "run-resumed", host="two"),
    entry(10, "step-intended", "fence-writes"),
    entry(11, "step-observed", "fence-writes"),
    entry(12, "step-found-done", "stop-link"),
    entry(13, "run-ended"),
)
KILLED = Death("one", at(4), at(6))


def test_who_followed_a_dead_one_was_never_beside_it() -> None:
    assert [(each.host, each.cut_off) for each in tenures(run(*WELL))] == [("one", True), ("two", False)]
    assert list(together([run(*WELL)], [KILLED])) == []
    assert list(overlapping([run(*WELL)])) == []


def test_an_attempt_that_its_gates_refused_was_not_cut_off() -> None:
    refused = run(entry(-3, "run-started", host="two"), entry(-2, "step-failed", "check-gates"), entry(-1, "run-ended"))
    assert list(together([refused, run(*WELL)], [KILLED])) == []


@pytest.mark.parametrize(
    ("entries", "deaths", "told"),
    [
        (WELL, [], r"cut off were \['one'\], and killed \[\]"),
        (WELL, [Death("two", at(4), at(6))], r"cut off were \['one'\], and killed \['two'\]"),
        (WELL, [Death("one", at(1), at(2))], "one wrote at .*:03.*, and was gone at .*:02"),
        (WELL, [Death("one", at(10), at(12))], "two began at .*:09.*, and one was killed at .*:10"),
        ((*WELL[:4], entry(9, "run-resumed", host="one"), *WELL[5:]), [KILLED], "one went on at .*:09"),
        (
            (*WELL[:6], entry(10.5, "step-intended", "stop-link"), *WELL[6:]),
            [KILLED],
            "stop-link was intended at .* while fence-writes was under way",
        ),
    ],
)
def test_each_trace_of_two_at_once_is_named(
    entries: tuple[dict[str, Any], ...], deaths: list[Death], told: str
) -> None:
    found = "; ".join(together([run(*entries)], deaths))
    assert re.search(told, found), found


def test_a_run_that_began_within_another_is_named() -> None:
    within = run(entry(5, "run-started", host="two"), entry(6, "run-ended"), identity="r2")
    assert list(overlapping([run(*WELL), within])) == ["switchover r2 began while switchover r1 was unfinished"]


def test_an_epoch_that_was_raised_twice_is_named() -> None:
    again = (entry(20, "run-started", host="two"), entry(21, "step-observed", "raise-epoch"), entry(22, "run-ended"))
    (told,) = overlapping([run(*WELL), run(*again, identity="r2", epoch=1)])
    assert told == "epoch 1 of r2 came behind epoch 1 of r1"
