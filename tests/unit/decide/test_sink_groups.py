"""As which group a sink reads: told by the worker of the site that serves, and by no other while that one is silent."""

import pytest

from drctl.decide.sink_groups import GROUP, Word, reads_as

PLAIN: Word = {"connector.class": "JdbcSink"}
OWN: Word = {GROUP: "team-a.ledger"}
REFERENCE: Word = {GROUP: "${file:/etc/sink:group}"}
SILENT: Word = "no answer"
NAME, DEFAULT, LEDGER = "orders", "connect-orders", "team-a.ledger"


@pytest.mark.parametrize(
    ("serving", "north", "south", "group"),
    [
        ("north", PLAIN, None, DEFAULT),
        ("north", OWN, None, LEDGER),
        ("north", OWN, PLAIN, LEDGER),
        ("south", OWN, PLAIN, DEFAULT),
        ("north", OWN, SILENT, LEDGER),
        ("north", None, OWN, LEDGER),
        (None, OWN, OWN, LEDGER),
        (None, OWN, None, LEDGER),
        ("east", OWN, OWN, LEDGER),
    ],
)
def test_it_is_what_the_configuration_says(serving: str | None, north: Word, south: Word, group: str) -> None:
    assert reads_as(NAME, {"north": north, "south": south}, serving).name == group


@pytest.mark.parametrize(
    ("serving", "north", "south", "why", "remedy"),
    [
        ("north", SILENT, PLAIN, "north: no answer", "start the Connect worker at north"),
        ("north", SILENT, SILENT, "north: no answer", "start the Connect worker at north"),
        ("north", None, SILENT, "south: no answer", "start the Connect worker at south"),
        (None, OWN, SILENT, "south: no answer", "start the Connect worker at south"),
        ("north", REFERENCE, OWN, "which only Connect can read", "write the group's name"),
        ("north", None, REFERENCE, "which only Connect can read", "write the group's name"),
        ("north", None, None, "there is no such connector at north or south", "create it"),
        (None, OWN, PLAIN, "team-a.ledger at north, connect-orders at south", "at both"),
    ],
)
def test_else_it_is_unknown_and_no_name_is_guessed(
    serving: str | None, north: Word, south: Word, why: str, remedy: str
) -> None:
    found = reads_as(NAME, {"north": north, "south": south}, serving)
    assert found.name is None
    assert why in found.unknown
    assert remedy in found.remedy
