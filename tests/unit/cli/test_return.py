"""drctl salvage and failback at the terminal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import failback, fence, salvage
from drctl.errors import Blocked, ConfigInvalid, NotFound, NotProven, Refused, Undecided
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import TopicPartition
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.returning import returned


class Terminal:
    """Somebody who types drctl's words about that world."""

    def __init__(self, earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.earth = earth

        @contextmanager
        def opened(_: Path, **_more: object) -> Iterator[World]:
            yield earth.new_process()

        for module in (salvage, failback, fence):
            monkeypatch.setattr(module, "opened", opened)

    def salvage(self, *words: str) -> Result:
        return CliRunner().invoke(salvage.command, words, obj=Path("plan.yaml"))

    def decide(self, topic: str, decision: str, *words: str) -> Result:
        said = ("--topic", topic, "--decision", decision, "--by", "Ada", "--reason", "because", "--yes")
        return self.salvage("decide", *said, *words)

    def fence(self, *words: str) -> Result:
        return CliRunner().invoke(fence.command, words, obj=Path("plan.yaml"))

    def failback(self, *words: str) -> Result:
        return CliRunner().invoke(failback.command, words, obj=Path("plan.yaml"))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(returned().earth, monkeypatch)


def test_from_the_salvage_to_the_failback(terminal: Terminal) -> None:
    assert terminal.salvage("--yes").exit_code == 0
    shown = json.loads(terminal.salvage("show", "-o", "json").output)
    assert shown["kind"] == "Salvage"
    assert shown["decisions"] == {}
    count = shown["topics"]["shop.orders"]["committed"]
    assert isinstance(terminal.failback("--to", "north", "--yes").exception, Undecided)
    assert terminal.decide("turbines.readings", "replay").exit_code == 0
    assert isinstance(terminal.decide("shop.orders", "discard").exception, Refused)
    assert terminal.decide("shop.orders", "discard", "--records", str(count)).exit_code == 0
    assert "replay" in terminal.salvage("show").output
    assert "every file is as it was written" in terminal.salvage("verify").output
    listed = json.loads(terminal.salvage("list", "-o", "json").output)["salvages"]
    assert [(each["site"], each["state"]) for each in listed] == [("north", "done")]
    terminal.earth.settle(12)
    done = terminal.failback("--to", "north", "--yes")
    assert done.exit_code == 0, done.exception
    assert terminal.earth.routing.site() == "north"


def test_a_topic_is_made_anew_with_what_that_costs_said_before(terminal: Terminal) -> None:
    terminal.salvage("--yes")
    for topic in terminal.earth.plan.topics:
        terminal.decide(topic, "hand-over")
    terminal.earth.settle(12)
    south, p = terminal.earth.south, TopicPartition("turbines.readings", 0)
    south.logs[p].start = [offset for offset, _ in south.logs[p].data(0)][3]
    refused = terminal.failback("--to", "north", "--recreate", "turbines.readings", "--yes")
    assert isinstance(refused.exception, Blocked)
    assert refused.exception.exit_code == 17
    assert "3 records of it, only at north by now, will be gone then" in refused.stderr
    assert "shop.orders keeps its tail" in refused.stderr
    assert isinstance(terminal.failback("--to", "north", "--recreate", "turbines", "--yes").exception, NotFound)
    done = terminal.failback("--to", "north", "--recreate", "turbines.readings", "--accept-loss", "3", "--yes")
    assert done.exit_code == 0, done.exception
    assert "about" in done.stderr
    assert terminal.earth.north.made == {"turbines.readings": 1}


def _killed_at_the_deletion(effect: str) -> None:
    if effect.startswith("delete"):
        raise Killed(effect)


def test_what_is_made_anew_cannot_change_under_way(terminal: Terminal) -> None:
    terminal.salvage("--yes")
    for topic in terminal.earth.plan.topics:
        terminal.decide(topic, "hand-over")
    terminal.earth.settle(12)
    watchers = terminal.earth.effects.watchers
    watchers.append(_killed_at_the_deletion)
    with pytest.raises(Killed):
        terminal.failback("--to", "north", "--recreate", "all", "--yes")
    watchers.clear()
    other = terminal.failback("--to", "north", "--recreate", "shop.orders", "--yes")
    assert isinstance(other.exception, Refused)
    assert "recreates shop.orders, turbines.readings" in str(other.exception)
    assert terminal.failback("--to", "north", "--yes").exit_code == 0
    assert terminal.earth.north.made == {"turbines.readings": 1, "shop.orders": 1}


def test_nobody_there_to_be_asked_is_a_refusal(terminal: Terminal) -> None:
    assert isinstance(terminal.salvage().exception, Refused)
    assert not terminal.earth.vault.files


def test_what_is_done_is_not_done_again_unless_it_is_wanted(terminal: Terminal) -> None:
    terminal.salvage("--yes")
    again = terminal.salvage("--yes")
    assert isinstance(again.exception, Refused)
    assert "--again" in again.exception.remedy
    assert terminal.salvage("--yes", "--again").exit_code == 0


def test_an_altered_file_is_named(terminal: Terminal) -> None:
    terminal.salvage("--yes")
    key = next(key for key in terminal.earth.vault.files if key[1].endswith(".gz"))
    terminal.earth.vault.files[key] = [b"{}"]
    done = terminal.salvage("verify")
    assert isinstance(done.exception, NotProven)
    assert key[1] in str(done.exception)


def test_the_wrong_way_home_is_named(terminal: Terminal) -> None:
    done = terminal.failback("--to", "south", "--yes")
    assert isinstance(done.exception, ConfigInvalid | Refused)


def test_without_a_failover_nothing_is_salvaged_or_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(fake_world(), monkeypatch)
    assert isinstance(terminal.salvage("--yes").exception, NotFound)
    assert isinstance(terminal.salvage("show").exception, NotFound)
    assert isinstance(terminal.salvage("verify").exception, NotFound)
    assert isinstance(terminal.failback("--to", "south", "--yes").exception, NotFound)


def test_nothing_of_a_record_is_shown(terminal: Terminal) -> None:
    for words in (("--yes",), ("show",), ("show", "-o", "json"), ("list",)):
        assert "turbine turbines.readings" not in terminal.salvage(*words).output


def test_a_fence_by_hand_is_proven_and_tells_for_how_long_the_site_was_open(terminal: Terminal) -> None:
    assert isinstance(terminal.fence("--site", "south", "--yes").exception, Refused)
    done = terminal.fence("--site", "north", "--yes")
    assert done.exit_code == 0
    assert "proven by drctl" in done.output
    assert "seen open for" in done.output
    assert terminal.earth.writable() == {"south"}
    assert isinstance(terminal.fence("--yes").exception, Refused)


def test_a_fence_that_nobody_confirms_changes_nothing(terminal: Terminal) -> None:
    assert isinstance(terminal.fence().exception, Refused)
    assert terminal.earth.writable() == {"north", "south"}


def test_the_salvage_says_for_how_long_the_site_was_open(terminal: Terminal) -> None:
    terminal.fence("--yes")
    terminal.salvage("--yes")
    assert "north came back: seen open for" in terminal.salvage("show").output


def test_rules_without_a_mark_are_adopted_by_name_at_a_site_that_is_named(terminal: Terminal) -> None:
    south = terminal.earth.south
    south.denials = {DenyRule("User:shop", Scope.TOPICS), DenyRule("User:mallory", Scope.TOPICS)}
    south.of_others = set(south.denials)
    assert isinstance(terminal.fence("--adopt", "User:shop", "--yes").exception, NotFound)
    assert isinstance(terminal.fence("--site", "south", "--adopt", "User:ann", "--yes").exception, NotFound)
    assert isinstance(terminal.fence("--site", "south", "--adopt", "User:shop").exception, Refused)
    assert south.of_others == south.denials
    done = terminal.fence("--site", "south", "--adopt", "User:shop", "--yes")
    assert "south: User:shop (topics) adopted" in done.output
    assert south.of_others == {DenyRule("User:mallory", Scope.TOPICS)}
