"""The whole circle, over and over under load: a site is lost, comes back, takes the work back, and hands it over.

In each round drctl is killed once in every run, at a step by chance, and the same command goes on. The other site then
serves, and is the next one to be lost.
"""

import json
import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drctl.config import load
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import Locked
from drctl.lab import faults, wire_faults
from drctl.lab.lab import Lab
from drctl.lab.repairs import restore_site
from drctl.model.offsets import Committed
from drctl.model.run import RunState
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.selection import FAILBACK, FAILOVER, SALVAGE, SWITCHOVER
from tests.lab.losing import CLOCK, GROUPS, Reader, Writer, at_work, wait
from tests.lab.test_return import rescued
from tests.lab.test_switchover import opened
from tests.lab.usage import drctl, metric, restarted, serving

ROUNDS = 10
GATES = 30
"""Exit codes from here on are gates: what has just come back needs a moment until they let the next run begin."""


@dataclass
class Circle:
    """Who works, and what came of it: ``stranded`` are the records that only a lost site had, as salvage lists them."""

    lab: Lab
    writer: Writer
    readers: list[Reader]
    port: int
    lost: set[str]
    chance: random.Random
    stranded: set[bytes] = field(default_factory=set)

    def killed_once(self, kind: str, *words: str) -> None:
        """Give a command, kill it at a step by chance, and give it again until its run is done."""
        before = len(self._runs(kind))
        while len(self._runs(kind)) == before:
            self._kill(*words)
        while (state := self._runs(kind)[-1]) is RunState.RUNNING:
            again = drctl(self.lab, *words)
            if again.returncode:
                self._retry(again.returncode, again.stderr)
        assert len(self._runs(kind)) == before + 1
        assert state is RunState.DONE, f"{words}: {state}"

    def _kill(self, *words: str) -> None:
        command = [sys.executable, "-m", "drctl", "-f", str(self.lab.plan_file), *words]
        told: list[str] = []
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            last = 0
            assert run.stderr is not None
            for line in run.stderr:
                told.append(line)
                if found := re.match(r"✓ *(\d+)/(\d+) ", line):
                    last = last or self.chance.randrange(int(found[1]), int(found[2]))
                    if int(found[1]) >= last:
                        break
            run.kill()
        if not last:
            self._retry(run.returncode, "".join(told))

    def _retry(self, code: int, told: str) -> None:
        assert code == Locked.exit_code or code >= GATES, told
        restarted(self.lab, told)
        CLOCK.sleep(1)

    def _runs(self, kind: str) -> list[RunState]:
        journal = SqliteJournal(load(self.lab.plan_file).state, CLOCK)
        refused = RunState.STOPPED  # at the gates, as :meth:`_retry` has seen
        return [state for run, state in journal.runs() if run.kind == kind and state is not refused]

    def turn(self) -> None:
        """Lose the site that serves, go on at the other, bring home what was saved; then hand over, and swap sides."""
        source, target = serving(self.lab)
        before = self.repeated()
        self.lose(source)
        groups = json.loads(drctl(self.lab, "forecast", "-o", "json").stdout)["groups"]
        self.killed_once(FAILOVER, "failover", "--to", target, "--yes", "--accept-loss", "unknown")
        self.some_writes()
        at_work = self.writer.acknowledged[target]
        for reader in self.readers:
            wait(f"{reader.group} works at {target}", lambda r=reader: acknowledged(at_work) & set(read(r)))  # type: ignore[misc]
        self.lost.discard(source)
        restore_site(self.lab, source)
        for reader in self.readers:
            reader.close_abandoned()
        self.killed_once(SALVAGE, "salvage", "--yes")
        self.decide(source)
        self.others_read_on(target)
        self.everything_is_read()
        stated = {each["name"]: each["rereadsAtMost"] for each in groups}
        for reader in self.readers:
            again = self.repeated()[reader.group] - before[reader.group]
            assert again <= stated[reader.group] + reader.uncommitted, f"{reader.group}: {again}, {stated}"
        self.go_home_and_over(source, target)

    def lose(self, source: str) -> None:
        """Let it die with a tail that the link has not copied, and wait until the service has seen it."""
        self.some_writes()
        wait(
            "the loss is forecast", lambda: metric(self.port, f'drctl_forecast_loss_records{{source="{source}"}}') >= 0
        )
        wire_faults.cut_link(self.lab, source)
        CLOCK.sleep(self.chance.uniform(0, 2))
        self.lost.add(source)
        faults.lose_site(self.lab, source)
        wire_faults.heal_link(self.lab, source)
        wait("the service sees it", lambda: metric(self.port, f'drctl_site_up{{site="{source}"}}') == 0)

    def decide(self, source: str) -> None:
        """Give up what only the lost site had, or hand it over, topic by topic; it is listed either way."""
        with opened(self.lab) as world:
            salvaged = last_salvage(world, aftermath(world))
            assert salvaged.run.source == source
            for place in salvaged.tails:
                self.stranded |= {content.value or b"" for content in rescued(world, salvaged, place)}
        for topic, count in salvaged.committed.items():
            if count:
                what = self.chance.choice((("hand-over",), ("discard", "--records", str(count))))
                words = ("--topic", topic, "--decision", *what, "--by", "Ada", "--reason", "a test", "--yes")
                done = drctl(self.lab, "salvage", "decide", *words)
                assert done.returncode == 0, done.stderr

    def others_read_on(self, site: str) -> None:
        """Bring the groups without members past the failover: behind it they would read the tail at home."""
        with opened(self.lab) as world:
            place = world.sites[site]
            topics = place.brokers.topics(world.plan.topics)
            bounds = place.records.bounds([each for topic in topics.values() for each in topic.spread()])
            for group in set(world.plan.groups) - set(GROUPS):
                place.positions.commit(group, {each: Committed(found.stable) for each, found in bounds.items()})

    def go_home_and_over(self, source: str, target: str) -> None:
        """Two planned moves: nothing is read again, and nobody reads what was given up."""
        repeated, given_up = self.repeated(), self._stranded_and_read()
        for kind, words in ((FAILBACK, ("failback", "--to", source)), (SWITCHOVER, ("switchover", "--to", target))):
            self.killed_once(kind, *words, "--yes")
            self.some_writes()
            self.everything_is_read()
            assert self.repeated() == repeated, kind
            assert self._stranded_and_read() == given_up, kind

    def some_writes(self) -> None:
        before = len(self._acknowledged())
        wait("records are written", lambda: len(self._acknowledged()) >= before + 100)

    def everything_is_read(self) -> None:
        """Every record that was acknowledged and is not listed as stranded is processed by every group."""
        due = self._acknowledged() - self.stranded
        for reader in self.readers:
            wait(f"{reader.group} has read everything", lambda r=reader: due <= set(read(r)))  # type: ignore[misc]

    def repeated(self) -> dict[str, int]:
        found = {each.group: read(each) for each in self.readers}  # once: they are at work meanwhile
        return {group: len(values) - len(set(values)) for group, values in found.items()}

    def _acknowledged(self) -> set[bytes]:
        return set().union(*map(acknowledged, [*self.writer.acknowledged.values()]))

    def _stranded_and_read(self) -> dict[str, set[bytes]]:
        return {each.group: self.stranded & set(read(each)) for each in self.readers}


def acknowledged(at: dict[int, list[bytes]]) -> set[bytes]:
    return {value for values in [*at.values()] for value in [*values]}


def read(reader: Reader) -> list[bytes]:
    return [value for values in [*reader.processed.values()] for value in [*values]]


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of its own: this test takes it apart."""
    return own_lab


@pytest.mark.long
def test_ten_circles_with_kills_in_between_lose_only_what_is_listed_and_repeat_only_what_was_stated(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = set[str]()
    with opened(lab):  # gives every group of the plan a position
        pass
    with at_work(lab, tmp_path / "log", lost) as (writer, readers, port):
        circle = Circle(lab, writer, readers, port, lost, random.Random(1))
        for number in range(1, ROUNDS + 1):
            circle.turn()
            with capsys.disabled():
                told = f"{len(circle.stranded)} records stranded, read again: {circle.repeated()}"
                sys.stdout.write(f"\nround {number}: {told}\n")
    assert circle.stranded
