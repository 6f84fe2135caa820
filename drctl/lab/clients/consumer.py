"""A consumer group: its members as threads, each a client of its own.

Members obey client routing: when it closes or names another site they finish the record in hand, commit, and leave;
then they join again where it points. What was processed is written down before it is committed, as of the moment at
which its last record was, and the first record after joining at once: when a group was back at work is what a drill
measures, and not how often it commits. From a site that is
lost they cannot leave: they abandon their client there, as an application does that is started again elsewhere. Should
the site come back, that client leaves without another commit, or it would be a member there again.
A member whose client can never go on (a static one hears nothing of its coordinator for a session's time, and is then
taken for another) begins again with a new one, as an application does that its orchestrator starts again.
A static member that client routing sends elsewhere gives its place up, as clients in Java do that are closed with
``GroupMembershipOperation.LEAVE_GROUP`` (KIP-1092): it alone is certain that it has left. One that ends, or begins
again, keeps it.
"""

import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from drctl.drivers.kafka.member import Reader
from drctl.drivers.kafka.static_members import KafkaStaticMembers
from drctl.errors import Conflict, DrctlError
from drctl.lab.clients.common import STOP, Pace, Surroundings, arguments, end
from drctl.ledger.record import HEADER, decode
from drctl.model.session import Member

KINDS: dict[str, dict[str, Any]] = {
    "classic": {"partition.assignment.strategy": "range", "session.timeout.ms": 10000},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 10000},
    "static": {"partition.assignment.strategy": "range", "session.timeout.ms": 6000, "heartbeat.interval.ms": 1500},
    "kip-848": {"group.protocol": "consumer"},
}


class Membership:
    """One member of the group, wherever client routing points."""

    def __init__(self, around: Surroundings, options: Any, number: int) -> None:
        self.around = around
        self.group = options.group
        self.topics = options.topic
        self.name = f"{options.group}-{number}"
        self.run = options.run
        self.pace = Pace(around.clock, options.rate / options.members)
        self.settings = {**KINDS[options.kind], "group.id": options.group, "client.id": self.name}
        if options.kind == "static":
            self.settings["group.instance.id"] = self.name
        self.unwritten: list[tuple[list[Any], int]] = []  # with their offsets
        self.processed_at = 0.0
        self.abandoned: list[Reader] = []  # one that is let go of waits for its brokers, too

    def live(self) -> None:
        """Join, work, leave, until the client is to end."""
        while site := self.around.await_site():
            reader = Reader(self.around.sites[site], self.settings, self.topics)
            reader.before_commit = partial(self._write, site)
            self.around.history.write("joined", self.around.now(), site, group=self.group, member=self.name)
            try:
                self._work(reader, site)
            except Conflict as error:
                sys.stderr.write(f"{self.name} begins again: {error}\n")
                STOP.wait(1)
            if self.around.lost(site):
                self._write(site)
                # Kept, or Python would take the client down at once, and wait for the same brokers.
                self.abandoned.append(reader)  # closing it would wait for brokers that are gone
                threading.Thread(target=self._leave_once_back, args=(site, reader), daemon=True).start()
                continue
            member = Member(reader.member_id(), self.name, "", self.settings.get("group.instance.id"))
            reader.close()
            if not STOP.is_set() and self.around.where() != site:
                self._give_place_up(site, member)
            self.around.history.write("left", self.around.now(), site, group=self.group, member=self.name)

    def _work(self, reader: Reader, site: str) -> None:
        clock = self.around.clock
        looked = committed = clock.monotonic()
        first = True
        while not STOP.is_set():
            record = reader.poll(0.1)
            if record is not None:
                number = decode(record.headers.get(HEADER), record.key, record.value)
                # Records of an earlier run still lie in the lab's topics, and say nothing about this one.
                if number is not None and number.run == self.run:
                    tp = record.partition
                    place = [number.producer, tp.topic, tp.partition, number.sequence]
                    self.unwritten.append((place, record.offset))
                    self.processed_at = self.around.now()
                self.pace.wait()
            now = clock.monotonic()
            if now - committed > 1 or (first and self.unwritten):
                if self.around.lost(site):  # a commit would wait for its coordinator
                    return
                first = first and not self.unwritten
                reader.commit()
                committed = now
            if now - looked > 0.2:
                if self.around.where() != site:
                    return
                looked = now

    def _leave_once_back(self, site: str, reader: Reader) -> None:
        while self.around.lost(site):
            if STOP.wait(1):
                return
        reader.leave()

    def _give_place_up(self, site: str, member: Member) -> None:
        try:
            if member.member_id and member.instance_id:
                KafkaStaticMembers(self.around.sites[site]).remove(self.group, [member])
        except DrctlError as error:
            sys.stderr.write(f"{self.name} keeps its place until its session times out: {error}\n")

    def _write(self, site: str) -> None:
        if self.unwritten:
            written, self.unwritten = self.unwritten, []
            done, offsets = [place for place, _ in written], [offset for _, offset in written]
            named = {"group": self.group, "member": self.name, "offsets": offsets}
            self.around.history.write("processed", self.processed_at, site, done, **named)


def _end_with(life: Future[None]) -> None:
    """Let the whole group end as soon as a member has failed."""
    if life.exception():
        STOP.set()


def main() -> str:
    """Run the group until it is told to end; returns why members failed."""
    parser = arguments(__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--group", required=True)
    parser.add_argument("--topic", action="append", required=True)
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--members", type=int, default=1)
    options = parser.parse_args()
    around = Surroundings.of(options)
    members = [Membership(around, options, number) for number in range(1, options.members + 1)]
    with ThreadPoolExecutor(len(members)) as pool:
        lives = [pool.submit(member.live) for member in members]
        for life in lives:
            life.add_done_callback(_end_with)  # else its client holds its partitions as long as the others live
    around.history.close()
    # A member that failed must not pass for one that was told to end: its history breaks off.
    failed = [
        f"{member.name}: {life.exception()!r}" for member, life in zip(members, lives, strict=True) if life.exception()
    ]
    return "\n".join(failed)


if __name__ == "__main__":
    end(main())
