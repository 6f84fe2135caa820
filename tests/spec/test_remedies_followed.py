"""What drctl says is to be done can be done: followed on the fake deployment, it makes nothing worse.

No second site is opened, no open one closed without another, no position of a group at work deleted or set back, and
the link in use is stopped by nothing but a move.
"""

import re
from collections.abc import Iterator

import pytest

from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from tests.fakes import FakeWorld
from tests.spec.following import ASKED, TROUBLES, Words, in_trouble, typed
from tests.unit.cli.test_remedies import named

LOOKING = {"status", "doctor", "forecast", "groups", "service", "sessions", "plan", "clients"}
LOOKING_AT_RUNS = {"list", "show", "report", "verify"}
MOVES = {"switchover", "failover", "failback", "runs", "salvage"}
FILLED = {
    "switchover": ("--yes",),
    "failover": ("--yes",),
    "failback": ("--yes",),
    "salvage": ("--yes",),
    "runs abort": ("--reason", "it takes too long"),
    "pause --end": ("--reason", "the storm is over"),
}
"""What a person adds to a command that is only named."""
ATTESTED = ("--attest-target-down", "the building is dark", "--confirm")
"""And to a command that wants their word; the site's name follows, as it is typed."""
OTHER = {"north": "south", "south": "north"}


def commands(text: str) -> Iterator[Words]:
    """What an operator would type after reading that, and that changes anything; both sites where none is named."""
    for run in re.findall(r"drctl runs abort (\S+) --reason '…' --attest-target-down", text):
        yield ("runs", "abort", run, "--reason", "it is lost", *ATTESTED, "south")
    for site in re.findall(r"drctl unfence (\S+) --attest-target-down", text):
        yield ("unfence", site, *ATTESTED, site)
    for line in named(text):
        words = tuple(re.sub(r"[…|']", "", line).split())
        if words[0] in LOOKING or (words[1:2] and words[1] in LOOKING_AT_RUNS) or words[:2] == ("salvage", "decide"):
            continue
        more = next((each for start, each in FILLED.items() if line.startswith(start)), ())
        words = tuple(word for word in words if word != "--reason")
        if words[0] in ("switchover", "failover", "failback") and "--to" not in words:
            yield from ((words[0], "--to", site, *more) for site in OTHER)
        elif words == ("unfence",):
            yield from ((*words, site) for site in OTHER)
        else:
            yield (*words, *more)


class Watch:
    """What must not get worse while something is typed."""

    def __init__(self, earth: FakeWorld) -> None:
        self.earth = earth
        self.live = earth.routing.site() or next(iter(sorted(earth.open_sites())), "north")
        self.open_before = self.open()
        self.both_open: list[str] = []
        if len(self.open_before) < 2:
            earth.effects.watchers.append(self._look)
        self.at = {group: consumer.at or self.live for group, consumer in earth.consumers.items()}
        self.positions = self._positions()
        self.was_copied = earth.mirrors[self.live, OTHER[self.live]].state is ConnectorState.RUNNING

    def open(self) -> set[str]:
        """The sites that answer, and at which somebody may write."""
        return {name for name in self.earth.open_sites() if not self.earth.sites[name].down}

    def _look(self, effect: str) -> None:
        if len(self.open()) > 1:
            self.both_open.append(effect)

    def _positions(self) -> dict[tuple[str, TopicPartition], int]:
        """Of every group, where it was at work at first."""
        found: dict[tuple[str, TopicPartition], int] = {}
        for group, at in self.at.items():
            held = self.earth.sites[at].groups.get(group)
            found |= {(group, p): c.offset for p, c in held.committed.items()} if held is not None else {}
        return found

    def harm(self, words: Words) -> Iterator[str]:
        """What these words have made worse."""
        if self.both_open:
            yield f"both sites were open at {self.both_open}"
        now = self._positions()
        for place, offset in self.positions.items():
            at = self.at[place[0]]
            if now.get(place, -1) < offset and not self.earth.sites[at].down:
                yield f"the position of {place} at {at} was {offset} and is {now.get(place)}"
        served = self.live in self.open() or words[0] in MOVES
        if self.live in self.open_before and not served:
            yield f"{self.live} was open, and is closed"
        if self.open_before and not self.open():
            yield "a site was open, and none is"
        if self.was_copied and words[0] not in MOVES:
            link = self.earth.mirrors[self.live, OTHER[self.live]]
            if link.state is not ConnectorState.RUNNING:
                yield f"the link from {self.live} was running, and is {link.state}"


def advised_against(text: str, live: str) -> Iterator[str]:
    """Advice that is to be followed by hand and would hit what is in use at that site."""
    for line in text.splitlines():
        if f"stop the connectors of {live}-to-" in line:
            yield f"advises to stop the link in use: {line}"
        if "delete the group's position" in line or "delete it there first" in line:
            yield f"advises to delete positions: {line}"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_advised_in_trouble_can_be_followed(trouble: str) -> None:
    found, followed = list[str](), set[Words]()
    earth = in_trouble(trouble)
    for asked in ASKED:
        effects, live = len(earth.effects.names), Watch(earth).live
        said = typed(earth, asked)
        found += [f"{asked}: {each}" for each in advised_against(said.text, live)]
        changed = any(not name.startswith("journal") for name in earth.effects.names[effects:])
        for words in sorted(set(commands(said.text))):
            if changed or words not in followed:
                followed.add(words)
                found += [
                    f"{asked}, then {words}: {each}" for each in _follow(trouble, asked if changed else (), words)
                ]
        if changed:
            earth = in_trouble(trouble)
    assert not found, "\n".join(found)


def _follow(trouble: str, asked: Words, words: Words) -> list[str]:
    earth = in_trouble(trouble)
    if asked:
        typed(earth, asked)
    watch = Watch(earth)
    typed(earth, words)
    return list(watch.harm(words))


def test_remedies_are_found_to_be_followed() -> None:
    text = "'drctl runs resume' or 'drctl runs abort X --reason …'; move with 'drctl switchover', see 'drctl status'"
    assert sorted(commands(text)) == [
        ("runs", "abort", "X", "--reason", "it takes too long"),
        ("runs", "resume"),
        ("switchover", "--to", "north", "--yes"),
        ("switchover", "--to", "south", "--yes"),
    ]


def test_a_way_out_on_a_persons_word_is_found_to_be_followed() -> None:
    words = ("--attest-target-down", "the building is dark", "--confirm")
    abort = "start south; or: drctl runs abort X --reason '…' --attest-target-down 'how you know'"
    assert ("runs", "abort", "X", "--reason", "it is lost", *words, "south") in set(commands(abort))
    unfence = "(start south; or: drctl unfence north --attest-target-down 'how you know')"
    assert ("unfence", "north", *words, "north") in set(commands(unfence))
