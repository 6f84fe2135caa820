"""Client settings between two clients: Java's rules and ranges, librdkafka's, and keys that neither knows."""

from pathlib import Path

import pytest

from drctl.drivers.kafka.java import login_options, parse
from drctl.drivers.kafka.limits import PASSED, TRANSLATED, misspelt
from drctl.drivers.kafka.properties import load
from drctl.errors import ConfigInvalid
from tests.unit.drivers.test_properties import accepted, written

TRIGGER = "metadata.recovery.rebootstrap.trigger.ms"


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("connections.max.idle.ms=-1", "connections.max.idle.ms", "0"),
        ("connections.max.idle.ms=99999999999", "connections.max.idle.ms", "2147483647"),
        ("metadata.max.age.ms=604800000", "metadata.max.age.ms", "86400000"),
        ("metadata.max.age.ms=0", "metadata.max.age.ms", "1"),
        (f"{TRIGGER}=9223372036854775807", TRIGGER, "2147483647"),
        ("metadata.recovery.strategy=REBOOTSTRAP", "metadata.recovery.strategy", "rebootstrap"),
        ("reconnect.backoff.max.ms=3700000", "reconnect.backoff.max.ms", "3600000"),
        ("reconnect.backoff.max.ms=50", "reconnect.backoff.ms", "50"),
        ("reconnect.backoff.ms=1000", "reconnect.backoff.max.ms", "1000"),
        ("reconnect.backoff.ms=900\nreconnect.backoff.max.ms=300", "reconnect.backoff.ms", "300"),
        ("request.timeout.ms=3600000", "request.timeout.ms", "900000"),
        ("request.timeout.ms=2147483647", "request.timeout.ms", "900000"),
        ("request.timeout.ms= +30000 ", "request.timeout.ms", "30000"),
        ("socket.connection.setup.timeout.ms=500", "socket.connection.setup.timeout.ms", "1000"),
    ],
)
def test_a_value_out_of_range_is_moved_to_its_end_where_it_means_the_same(
    tmp_path: Path, line: str, key: str, value: str
) -> None:
    assert accepted(load(written(tmp_path, f"security.protocol=PLAINTEXT\n{line}\n")))[key] == value


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("connections.max.idle.ms=0", "connections.max.idle.ms is 0, with which Java closes"),
        ("client.dns.lookup=default", "client.dns.lookup is none of use_all_dns_ips, resolve_"),
        ("metadata.recovery.strategy=retry", "metadata.recovery.strategy is none of none, rebootstrap"),
        ("metadata.max.age.ms=-1", "metadata.max.age.ms is less than 0"),
        ("request.timeout.ms=0", "request.timeout.ms is less than 1"),
        ("request.timeout.ms=2147483648", "request.timeout.ms is no whole number that Java can read"),
        ("request.timeout.ms=30s", "request.timeout.ms is no whole number"),
        ("request.timeout.ms=1_000", "request.timeout.ms is no whole number"),
        ("metadata.max.age.ms=" + "9" * 5000, "metadata.max.age.ms is no whole number"),
        ("socket.connection.setup.timeout.ms=0", "socket.connection.setup.timeout.ms is less than 1"),
        ("security.protocl=SASL_SSL", "security.protocl is none of Kafka's settings"),
        ("Security_Protocol=SSL", "Security_Protocol is none of Kafka's settings"),
        ("requset.timeout.ms=1000", "requset.timeout.ms is none of Kafka's settings"),
        ("sasl.mechanisms=PLAIN", "sasl.mechanisms is none of Kafka's settings"),
        ("ssl.ca.location=ca.pem", "ssl.ca.location is none of Kafka's settings"),
        ("sasl.mechanism=PLAIN", "sasl.mechanism is set and security.protocol is not"),
        ("ssl.truststore.location=ca.pem", "ssl.truststore.location is set and security.protocol is not"),
        ("security.protocol=", "security.protocol is none of PLAINTEXT"),
        (
            "security.protocol=SSL\nssl.endpoint.identification.algorithm=htps",
            "ssl.endpoint.identification.algorithm is",
        ),
        ("security.protocol=SSL\nssl.truststore.password=s3cret", "ssl.truststore.password is set and"),
        ("client.id=a\\u0000b", "client.id holds a NUL"),
        ("client.id=C:\\users\\me", r"\u needs four hexadecimal digits"),
        ("client.id=\\ud83d", r"\u names half a letter"),
    ],
)
def test_what_the_two_clients_do_not_mean_alike_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, f"# a file\n{line}\n")
    with pytest.raises(ConfigInvalid) as refused:
        load(path)
    number = 3 if "\n" in line else 2
    assert str(refused.value).startswith(f"{path}:{number}: {said}")
    assert refused.value.remedy
    assert "s3cret" not in str(refused.value)


def test_no_two_settings_that_are_read_are_alike() -> None:
    assert not list(misspelt([*PASSED, *TRANSLATED]))
    assert not list(misspelt(["group.id", "client.rack", "retry.backoff.ms", "ssl.protocol", "metadata.max.idle.ms"]))


def test_a_misspelt_key_beside_the_right_one_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "sasl.mechanisms=PLAIN\nsecurity.protocol=PLAINTEXT\nsasl.mechanism=PLAIN")
    assert accepted(load(path)) == {"security.protocol": "PLAINTEXT"}


def test_of_two_lines_with_one_key_the_last_counts_and_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "security.protocol=SSL\nsecurity.protocol=PLAINTEXT\n")
    assert load(path)["security.protocol"] == "PLAINTEXT"
    with pytest.raises(ConfigInvalid, match=r":2: security\.protocol is none"):
        load(written(tmp_path, "security.protocol=SSL\nsecurity.protocol=x\n"))


def test_a_byte_order_mark_hides_no_setting(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_bytes(b"\xef\xbb\xbfsecurity.protocol=SSL\n")
    assert load(path)["security.protocol"] == "SSL"
    path.write_bytes(b"# first\n\xef\xbb\xbfsecurity.protocol=SSL\n")
    with pytest.raises(ConfigInvalid, match=r":2: .*security\.protocol is none of Kafka's settings"):
        load(path)
    path.write_bytes("security.protocol=SSL\n".encode("utf-16"))
    with pytest.raises(ConfigInvalid, match=r"client\.properties: is UTF-16"):
        load(path)


def test_letters_are_read_as_java_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_bytes("# gepr\u00fcft\nclient.id=\u00fc\\u20ac\\ud83d\\ude00\u00a0\n".encode("latin-1"))
    assert accepted(load(path))["client.id"] == "ü€😀\u00a0"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("a=b\\\n\nc=d", {"a": "b", "c": "d"}),
        ("a=b\\\n# no comment", {"a": "b# no comment"}),
        ("\\\n# a comment\\\nk=v", {"k": "v"}),
        ("\\\n  a=b", {"a": "b"}),
        ("\xa0a=b", {"\xa0a": "b"}),
        ("a\x0b=\x85b", {"a\x0b": "\x85b"}),
        ("a\f:\tb", {"a": "b"}),
        (":=b", {"": "=b"}),
        ("a\\ b c", {"a b": "c"}),
        ("\\u0061=\\u00E4\\q\\\\", {"a": "äq\\"}),
        ("a=1\ra=2", {"a": "2"}),
    ],
)
def test_a_file_holds_what_java_loads_from_it(text: str, settings: dict[str, str]) -> None:
    """Each was loaded with java.util.Properties of OpenJDK 17, beside thousands of random ones."""
    assert {key: value for _, key, value in parse(text)} == settings


@pytest.mark.parametrize(
    ("jaas", "password"),
    [
        ('M required username="u" password="right" keystore.password="wrong";', "right"),
        ('M required password="right" username=u x-password="wrong" ;', "right"),
        ("M REQUIRED username='u' password='a\"b';", 'a"b'),
        (r'M required username=u password="a\"b\\c\tq\q\101\60\777";', 'a"b\\c\tqqA0?7'),
        ("M required username=u /* password=wrong */ password=right // and so on\n;", "right"),
        ('M required username=u password="//not a comment";', "//not a comment"),
        ("M required username=u password=first password=last;", "last"),
        ("M required username=u password = p-1.2_$ ;", "p-1.2_$"),
    ],
)
def test_a_login_is_read_as_kafka_reads_it(jaas: str, password: str) -> None:
    options = login_options(jaas)
    assert (options["username"], options["password"]) == ("u", password)


@pytest.mark.parametrize(
    "jaas",
    [
        "M required username=u password=s3cret",
        "M username=u password=s3cret;",
        "M required username=u password=s3/cret;",
        "M required username=u password=;",
        "M required username=u password s3cret;",
        "M required username=u password=s3cret; M required;",
        'M required username=u password="s3cret\n";',
        "username=u password=s3cret;",
        ";",
        "M",
    ],
)
def test_a_login_that_kafka_refuses_is_refused_without_showing_it(tmp_path: Path, jaas: str) -> None:
    text = f"security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config={jaas}\n".replace('\n"', '\\n"')
    with pytest.raises(ConfigInvalid, match=r":3: sasl\.jaas\.config ") as refused:
        load(written(tmp_path, text))
    assert "s3" not in str(refused.value) + refused.value.remedy
