"""Settings with which a source connector goes on without a record, its state RUNNING and its lag 0.

| setting | what is left out | exactly-once |
| --- | --- | --- |
| ``errors.tolerance=all`` | a record that the target refuses, such as one that is too large | no: the commit fails |
| ``auto.offset.reset`` not ``earliest`` or ``none`` | what a new partition, or an overtaken one, held | yes |
| ``producer.override.acks`` not ``all`` | what a leader had alone when it died; it was noted as copied | no: refused |

Connect's WorkerSourceTask ignores a send that failed under that tolerance; ExactlyOnceWorkerSourceTask meets the error
again when it commits the transaction, and a transactional producer takes no other acks. MirrorMaker 2's consumer is set
to ``earliest`` unless told otherwise. Nobody sees a hole later: records are counted up to the frontier, and positions
are proven by the records around them.
Example: ``consumer.auto.offset.reset=latest`` with ``source.consumer.auto.offset.reset=earliest`` leaves out nothing,
since MirrorMaker 2 takes the latter.
"""

from collections.abc import Iterator, Mapping

TOLERANCE, RESET, ACKS = "errors.tolerance", "auto.offset.reset", "producer.override.acks"
CONSUMER = ("source.consumer.", "consumer.")
"""Prefixes of the consumer's settings; the first that is set counts."""
LOOK = "; what was left out before is found by 'drctl compare --newest all'"


def skipping(config: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return each such setting with what it leaves out, and the remedy. A connector that is absent has none."""
    at_least_once = config.get("exactly.once.support") != "required"
    if at_least_once and config.get(TOLERANCE, "none").lower() == "all":
        detail = f"{TOLERANCE} is all: a record that the target refuses is left out"
        yield detail, f"set it to none, so that its task fails and is seen{LOOK}"
    key = next((prefix + RESET for prefix in CONSUMER if prefix + RESET in config), "")
    if key and config[key].lower() not in ("earliest", "none"):
        detail = f"{key} is {config[key]}: where its place in a log is gone or new, it passes over what is there"
        yield detail, f"take it away, or set it to earliest or none{LOOK}"
    if at_least_once and config.get(ACKS, "all").lower() not in ("all", "-1"):
        detail = f"{ACKS} is {config[ACKS]}: copies that only a broker had which then died are not made again"
        yield detail, f"take it away, or set it to all{LOOK}"
