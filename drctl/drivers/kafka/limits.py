"""Settings whose name both clients know, brought into what librdkafka takes, and keys that look like one of them.

Java's numbers are long and often without a limit; librdkafka refuses what is outside its range, and cuts off what does
not fit into 32 bits. A value is moved to the end of that range where it then still means the same, and refused where it
does not. Ranges: librdkafka's CONFIGURATION.md (2.16), Java's from Kafka 4.3's reference.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

INT, LONG = 2**31 - 1, 2**63 - 1


class Range(NamedTuple):
    """Name what librdkafka takes, the least that Java can work with, and the most that Java can read."""

    least: int
    most: int
    java_least: int = 0
    java_most: int = LONG


NUMBERS = {
    "connections.max.idle.ms": Range(0, INT, -LONG - 1),
    "metadata.max.age.ms": Range(1, 86_400_000),
    "metadata.recovery.rebootstrap.trigger.ms": Range(0, INT),
    "reconnect.backoff.max.ms": Range(0, 3_600_000),
    "reconnect.backoff.ms": Range(0, 3_600_000),
    # With 0 every request of a Java client fails before it can be answered.
    "request.timeout.ms": Range(1, 900_000, 1, INT),
    "socket.connection.setup.timeout.ms": Range(1000, INT, 1),
}
WORDS = {
    "client.dns.lookup": ("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"),
    "metadata.recovery.strategy": ("none", "rebootstrap"),
}
PASSED = frozenset({*NUMBERS, *WORDS, "client.id"})

TRANSLATED = frozenset(
    {
        "sasl.jaas.config",
        "sasl.mechanism",
        "security.protocol",
        "ssl.endpoint.identification.algorithm",
        "ssl.key.password",
        "ssl.keystore.certificate.chain",
        "ssl.keystore.key",
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.keystore.type",
        "ssl.truststore.certificates",
        "ssl.truststore.location",
        "ssl.truststore.password",
        "ssl.truststore.type",
    }
)
NOT_JAVAS = {
    "sasl.password": "sasl.jaas.config",
    "sasl.username": "sasl.jaas.config",
    "ssl.ca.location": "ssl.truststore.location",
    "ssl.ca.pem": "ssl.truststore.certificates",
    "ssl.certificate.location": "ssl.keystore.location",
    "ssl.certificate.pem": "ssl.keystore.certificate.chain",
    "ssl.key.location": "ssl.keystore.location",
    "ssl.key.pem": "ssl.keystore.key",
}
"""librdkafka's own names, which Java passes over, by what they are in Java."""


def fitted(key: str, text: str) -> str:
    """A value of one of ``PASSED`` as librdkafka takes it. ValueError with what is wrong with it."""
    if key in WORDS:
        word = text.lower() if key == "metadata.recovery.strategy" else text
        if word not in WORDS[key]:
            raise ValueError(f"is none of {', '.join(WORDS[key])}")
        return word
    return text if key not in NUMBERS else str(_number(key, text))


def _number(key: str, text: str) -> int:
    least, most, java_least, java_most = NUMBERS[key]
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not -LONG - 1 <= int(text) <= java_most:
        raise ValueError("is no whole number that Java can read")
    number = int(text)
    if number < java_least:
        raise ValueError(f"is less than {java_least}")
    if key == "connections.max.idle.ms":
        if number == 0:
            raise ValueError("is 0, with which Java closes every connection at once and librdkafka none")
        # The one key whose meaning turns around: passed on as it is, Java's "never" would be refused, and 0
        # would mean the opposite.
        return min(max(number, 0), most)  # below 0 is never to Java, 0 is never to librdkafka
    return min(max(number, least), most)


def misspelt(keys: Collection[str]) -> Iterator[tuple[str, str]]:
    """Keys that Java would pass over, each with the one that was probably meant, unless that is there, too."""
    for key in keys:
        for meant in sorted(PASSED | TRANSLATED):
            if key != meant and meant not in keys and (NOT_JAVAS.get(key) == meant or _alike(key, meant)):
                yield key, meant
                break


def _alike(key: str, meant: str) -> bool:
    """Whether they differ by no more than two letters, or in a short one by one. No two keys of Kafka's do."""
    plain = re.sub(r"[^a-z0-9]+", ".", key.lower())
    return _distance(plain, meant) <= (2 if len(meant) > 12 else 1)


def _distance(one: str, other: str) -> int:
    """Letters to put in, leave out, exchange or swap with their neighbour until they are equal; above 2 it is 3."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for here, letter in enumerate(one, 1):
        earlier, before, row = before, row, [here]
        for there, another in enumerate(other, 1):
            best = min(before[there] + 1, row[there - 1] + 1, before[there - 1] + (letter != another))
            if here > 1 and there > 1 and letter == other[there - 2] and one[here - 2] == another:
                best = min(best, earlier[there - 2] + 1)
            row.append(best)
    return min(row[-1], 3)
