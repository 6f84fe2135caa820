"""A link whose offsets were set back copies again: positions translated meanwhile, for the fake and the real thing."""

import pytest

from drctl.decide.translate import translate_all
from drctl.decide.windows import Logs, Pair, Window
from drctl.model.offsets import TopicPartition
from drctl.model.translation import Exact, Translation
from tests.contract.link import LinkHarness
from tests.contract.waiting import until

FIRST, ALL = 300, 400
POSITIONS = (0, 119, 120, 121, 200, 299, 300, 350, 400)


@pytest.mark.parametrize("begin", [0, 120])
def test_no_position_leads_behind_what_the_link_has_yet_to_copy_again(bare_link: LinkHarness, begin: int) -> None:
    link, partition = bare_link, TopicPartition(bare_link.topic, 0)
    link.write(partition, *(b"%d" % number for number in range(FIRST)))
    link.replication.resume()
    until(link.clock, "the first copy", lambda: link.replication.frontier().get(partition) == FIRST)
    link.replication.stop()
    until(link.clock, "the link is stopped", lambda: link.replication.status().halted)
    link.replication.restart_from({partition: begin})
    link.write(partition, *(b"%d" % number for number in range(FIRST, ALL)))
    assert _late(link, partition) == {}
    link.replication.resume()

    def copied_again() -> bool:
        assert _late(link, partition) == {}
        return link.replication.frontier().get(partition) == ALL

    until(link.clock, "the second copy", copied_again)
    until(link.clock, "every position of it is proven", lambda: _proven_from(link, partition, begin))
    assert _late(link, partition) == {}


def _translated(link: LinkHarness, partition: TopicPartition) -> dict[int, Translation]:
    target = link.target_records.bounds([partition])[partition]
    syncs = link.mappings.syncs([partition]).get(partition, ())
    logs = Logs(partition, link.source_records.bounds([partition])[partition], target, syncs, compacted=False)

    def read(window: Window) -> Pair:
        return (
            link.source_records.identities(partition, *window.source),
            link.target_records.identities(partition, *window.target),
        )

    return dict(translate_all(logs, [p for p in POSITIONS if p <= logs.source.stable], read))


def _images(link: LinkHarness, partition: TopicPartition) -> dict[int, list[int]]:
    """Where each record of the source stands at the target."""
    origin = {r.digest: r.offset for r in link.source_records.identities(partition, 0, ALL)}
    assert len(origin) == len(link.source_records.identities(partition, 0, ALL)), "no two records are equal"
    images: dict[int, list[int]] = {}
    for record in link.target_records.identities(partition, 0, link.target_records.bounds([partition])[partition].high):
        images.setdefault(origin[record.digest], []).append(record.offset)
    return images


def _late(link: LinkHarness, partition: TopicPartition) -> dict[int, Translation]:
    """Answers behind every image of a record that is still to be read."""
    answers = _translated(link, partition)
    images = _images(link, partition)
    late = {}
    for position, answer in answers.items():
        offset = answer.offset if isinstance(answer, Exact) else answer.conservative
        if offset is not None and any(max(images[n]) < offset for n in images if n >= position):
            late[position] = answer
    return late


def _proven_from(link: LinkHarness, partition: TopicPartition, begin: int) -> bool:
    images = _images(link, partition)
    answers = {position: answer for position, answer in _translated(link, partition).items() if position >= begin}
    for position, answer in answers.items():
        if isinstance(answer, Exact):
            assert all((max(images[n]) >= answer.offset) == (n >= position) for n in images), (position, answer)
    return all(isinstance(answer, Exact) for answer in answers.values())
