"""Faults of what the sites hold, for experiments on the lab: as :mod:`drctl.chaos.actions`.

Where MirrorMaker 2 says nothing, drctl must: those of side topics fail unless ``drctl doctor`` names what was done.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drctl.chaos.expiry import EXPIRES_AFTER, arm
from drctl.chaos.striking import failing_as, lab_with, noted
from drctl.errors import LabError
from drctl.lab import side_topics
from drctl.lab.lab import Lab
from drctl.lab.side_topics import SideTopic, copied_topic, side_topic
from drctl.lab.strays import write_at_standby as stray

__all__ = ["overtake_link", "recreate_topic", "write_at_standby"]

DOCTOR = (sys.executable, "-m", "drctl")
ANSWERS_WITHIN = 180.0
"""Seconds for ``drctl doctor``, which watches a still link for 15 and waits for what is silent."""


def overtake_link(source: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Cut the wire from a site until retention there has deleted records of a side topic that were not copied.

    Evidence is where the source's log starts, and up to where the link says that it has copied.
    """
    with failing_as(f"the link from {source}"):
        there = lab_with(source)
        with _copied(there, source) as topic:
            _require(there, topic.name, "RECORDS_LOST", named=False)
            arm(there, "mend-link", source, expires_after)
            told = noted(side_topics.overtake_link(topic))
            _require(there, topic.name, "RECORDS_LOST", named=True)
            return told


def recreate_topic(source: str) -> str:
    """Delete a side topic that the link has copied, and make another one of its name; seen by the brokers: its id.

    It needs no expiry, since a topic that nobody uses is in nobody's way.
    """
    with failing_as(f"a topic of {source}"):
        there = lab_with(source)
        with _copied(there, source) as topic:
            _require(there, topic.name, "TOPIC_RECREATED", named=False)
            told = noted(side_topics.recreate_topic(topic))
            _require(there, topic.name, "TOPIC_RECREATED", named=True)
            return told


def write_at_standby(site: str) -> str:
    """Let applications write at the standby; evidence is that its brokers deny all of it, and that no reader finds it.

    It needs no expiry, since it leaves nothing.
    """
    with failing_as(f"writing at {site}"):
        return noted(stray(lab_with(site), site))


@contextmanager
def _copied(there: Lab, source: str) -> Iterator[SideTopic]:
    topic = side_topic(there, source)
    try:
        copied_topic(topic)
        yield topic
    finally:
        topic.close()


def _require(there: Lab, topic: str, rule: str, *, named: bool) -> None:
    """LabError unless ``drctl doctor`` names this of the topic now, or, with ``named=False``, does not yet."""
    plan = there.folder / f"{topic}.yaml"
    plan.write_text(plan_of(there.plan_file.read_text("utf-8"), topic), "utf-8")
    if names(_doctor(plan), topic, rule) != named:
        said = "does not name" if named else "names already"
        raise LabError(f"'drctl doctor' {said} {rule} of {topic}", remedy=f"see 'drctl doctor -f {plan}'")


def plan_of(text: str, topic: str) -> str:
    """Return a lab's plan file with this topic and no other, under a name and with a state of its own."""
    name = topic.replace(".", "-")
    for pattern, instead in (
        (r"metadata: \{name: .*\}", f"metadata: {{name: {name}}}"),
        (r"\n( +)topics: \[.*\]", rf"\n\1topics: [{topic}]"),
        (r"\n( +)groups: \[.*\]", rf"\n\1groups: [{name}]"),
        (r"state: \{file: .*\}", f"state: {{file: state/{name}.sqlite}}"),
    ):
        text, count = re.subn(pattern, instead, text)
        if count != 1:
            raise LabError(f"the lab's plan file has {count} times {pattern!r}", remedy="start a new lab")
    return text


def names(diagnosis: Mapping[str, Any], topic: str, rule: str) -> bool:
    """Whether what ``drctl doctor -o json`` says names that rule of that topic."""
    return any(each["rule"] == rule and topic in each["detail"] for each in diagnosis["findings"])


def _doctor(plan: Path) -> Mapping[str, Any]:
    command = [*DOCTOR, "-f", str(plan), "doctor", "-o", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWERS_WITHIN, check=False)
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        said = f"'drctl doctor' did not answer within {ANSWERS_WITHIN:.0f} s"
        raise LabError(said, remedy="see whether the sites answer") from error
    except ValueError as error:
        raise LabError(f"'drctl doctor' said nothing of use: {done.stderr[-500:]}", remedy="see the reason") from error
    return found
