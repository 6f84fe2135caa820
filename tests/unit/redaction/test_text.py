"""What may be shown of our own words and of other people's, and that no secret is among it in any form."""

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.redaction import (
    describe,
    may_be_shown,
    names_a_secret,
    printable,
    redact,
    redact_document,
    redact_foreign,
    redact_trace,
    without_login,
)
from tools import fuzz

KEY = "-----BEGIN PRIVATE KEY-----\nMIIs3cretMIIs3cret\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        'invalid value password="s3cret word" for it',
        "sasl.jaas.config: s3cret",
        "ssl.key.password=s3cret",
        'sasl.jaas.config=org.x.ScramLoginModule required username="me" password="s3cret";',
        "cannot connect to jdbc:postgresql://me:s3cret@db:5432/shop",
        "basic.auth.user.info=me:s3cret",
        "basic.auth.user.info: me:s3cret",
        "ssl.keystore.key: s3cret",
        "api.key=s3cret, topics=orders",
        "passphrase: s3cret",
        '{"passphrase":"s3cret x","topics":"orders"}',
        '{"passphrase": "a\\"s3cret", "topics": "orders"}',
        '{\\"api.key\\":\\"a, s3cret\\",\\"name\\":\\"x\\"}',
        '"{\\\\\\"api.key\\\\\\":\\\\\\"s3cret\\\\\\"}"',
        "{'api.key': 's3cret', 'name': 'x'}",
        '"auth": {"value": "s3cret"}',
        '"keys": ["a", "s3cret"]',
        '{"api.key": "s3cret cut off he',
        "http://u:pa/s3cret@h:1/x",
        "at http://u:pa@s3cret@h/x",
        'from http://u:pa"s3cret@h/x',
        "jdbc:oracle:thin:scott/s3cret@db",
        "jdbc:oracle:thin:scott/s3cret@//db:1521/orders",
        "jdbc:oracle:thin:scott/s3cret@[::1]:1521:x",
        "me:s3cret@broker:9092",
        "Invalid value s3cret for configuration my.own.setting: no number",
        "Authorization: Basic s3cretletters",
        "Authorization: Bearer s3cret.x-y",
        "curl -H 'X: Bearer s3cret1234=='",
        KEY,
        KEY.replace("\n", "\\n"),
        KEY.replace("PRIVATE", "ENCRYPTED PRIVATE").removesuffix("-----END ENCRYPTED PRIVATE KEY-----"),
        "https://hooks.example.com/x?token=s3cret&y=1",
        "whatever.a.plugin.calls.it=s3cret",
        'Secret "x" is invalid: data[login]: Invalid value: "s3cret \\" x": illegal base64 data',
        'spec.mirrors[0].sourceConnector.config: Invalid value: {"a.b": "s3cret", "c": {"d": "s3cret"}}: is wrong',
        "spec.template.env[0].value: Unsupported value: s3cret: use another",
    ],
)
def test_words_of_others_lose_every_value_whose_key_is_not_known_to_be_harmless(text: str) -> None:
    assert "s3cret" not in redact_foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "Caused by: org.apache.kafka.common.KafkaException: Failed to connect to broker-1.example.com:9092 (id: 3)",
        "Invalid value many for configuration tasks.max: Not a number of type INT",
        'Missing required configuration "topics" which has no default value.',
        "Cannot complete request because of a conflicting operation (e.g. worker rebalance)",
        "Connectors must be in the STOPPED state before their offsets can be modified.",
        "retries=3, topic=shop.orders, partition=0, source.cluster.bootstrap.servers=h:9092",
        "TopicPartition{topic=x, partition=0} status: FAILED",
        "mail anna@example.com",
        'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        "spec.kafka.listeners: Required value, metadata.name: Forbidden: it is set already",
        'pods is forbidden: User "system:serviceaccount:drctl:drctl" cannot list resource "pods" in API group ""',
        'Apply failed with 1 conflict: conflict with "helm" using apps/v1: .spec.replicas',
    ],
)
def test_what_helps_is_left_in(text: str) -> None:
    assert redact_foreign(text) == text
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        'write it as: … ScramLoginModule required username="…" password="…";',
        "create it: 1 partition, cleanup.policy=delete, retention.ms=-1",
        "site north: there is no secret drctl-user: not found",
        "correct keystore.password",
        "set header.converter=org.apache.kafka.connect.converters.ByteArrayConverter",
    ],
)
def test_our_own_words_keep_what_they_say(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("text", ["password=s3cret", "at http://u:s3cret@h", KEY, '{"sasl.password": "s3cret"}'])
def test_our_own_words_lose_what_never_belongs_there(text: str) -> None:
    assert "s3cret" not in redact(text)
    assert "s3cret" not in json.dumps(redact_document({"a": [text], "sasl.password": "s3cret", "n": 1}))


SECRETS = st.text(min_size=8, max_size=30).filter(lambda text: text.strip() == text and not text.isdecimal())


@settings(max_examples=30)
@given(SECRETS)
def test_a_value_of_a_configuration_is_hidden_in_every_form(secret: str) -> None:
    once = json.dumps(secret)[1:-1]
    octets = secret.encode("utf-8", "surrogatepass") if secret.isascii() else secret.encode("utf-8", "replace")
    forms = {
        secret,
        once,
        json.dumps(once)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        html.escape(secret),
        base64.b64encode(octets).decode(),
    }
    for form in forms:
        told = redact_foreign(f"<<{form}>>", {"config": {"some.plugin.key": f"{secret}"}, "api.key": secret})
        assert form not in told, form


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"basic.auth.user.info": "me:s3cret-word"}, "login with s3cret-word failed"),
        ({"connection.url": "jdbc:postgresql://db/x?user=me&password=s3cret-word"}, "wrong: s3cret-word"),
        ({"connection.url": "http://me:s3cret-word@db/"}, "wrong: s3cret-word"),
        ({"sasl.jaas.config": 'x.Y required username="me" password="s3cret-word";'}, "wrong: s3cret-word"),
        ({"ssl.keystore.key": KEY}, "near MIIs3cretMIIs3cret"),
        ({"nested": {"list": ["s3cret-word"]}}, "wrong: s3cret-word"),
        (["--token=s3cret-word", "-x"], "curl: s3cret-word"),
        (["https://hooks.example.com/services/s3cret-word"], "404 for /services/s3cret-word"),
        ({"api.key": "s3"}, "wrong: s3"),
        ({"password": "12345"}, "wrong: 12345"),
    ],
)
def test_a_part_of_a_value_that_is_secret_alone_is_hidden_too(config: object, told: str) -> None:
    assert "s3" not in redact_foreign(told, config)
    assert "12345" not in redact_foreign(told, config)


def test_switches_numbers_and_classes_of_unknown_keys_do_not_eat_a_message() -> None:
    config = {"a.flag": "true", "a.number": "5", "a.class": "org.example.sink.Writer", "short": "a"}
    text = "a task of org.example.sink.Writer failed 5 times, true to its name"
    assert redact_foreign(text, config) == text


@pytest.mark.parametrize("key", ["topics", "source.cluster.bootstrap.servers", "consumer.override.auto.offset.reset"])
def test_keys_of_kafka_itself_are_shown_wherever_they_are_set(key: str) -> None:
    assert may_be_shown(key)
    assert not names_a_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "basic.auth.user.info",
        "ssl.keystore.key",
        "api.key",
        "passphrase",
        "sasl.jaas.config",
        "source.cluster.sasl.jaas.config",
        "connection.password",
        "aws.secret.access.key",
        "SLACK_TOKEN",
    ],
)
def test_keys_that_say_they_are_secret_are_known(key: str) -> None:
    assert not may_be_shown(key)
    assert names_a_secret(key)


@pytest.mark.parametrize(
    "url", ["http://u:s3cret@h:1/x", "http://u:a/s3cret@h:1/x", "http://h:1/x?token=s3cret#s3cret"]
)
def test_an_address_is_shown_without_login_query_and_fragment(url: str) -> None:
    assert without_login(url) == "http://h:1/x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]0;a title\x07b", "ab"),
        ("a\x1b]52;c;bGVzcw==\x1b\\b", "ab"),
        ("a\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x9d0;t\x9cb", "ab"),
        ("a\x1b[2K\r\x1b[31mb\x9b1A", "ab"),
        ("a\x1bPq#0\x1b\\b\x1bc", "ab"),
        ("a\x1b]0;never closed", "a"),
        ("a\u202eb\u2066", "ab"),
        ("a\ud800", "a\ufffd"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_nothing_in_a_text_commands_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_an_error_that_is_not_ours_repeats_no_input() -> None:
    assert describe(ValueError("invalid literal: 's3cret'")) == "ValueError"
    assert describe(KeyError("s3cret")) == "KeyError"
    assert "no attribute" in describe(AttributeError("'str' object has no attribute 'get'"))
    assert "No such file" in describe(FileNotFoundError(2, "No such file or directory", "/x"))


@pytest.mark.parametrize(
    "text", ["a" * 60_000, "a/" * 30_000, "a://" * 15_000, '"' * 60_000, "a=" * 30_000, "\\" * 60_000]
)
def test_long_texts_are_looked_through_to_their_end(text: str) -> None:
    assert "s3cret" not in redact_foreign(f"{text} password=s3cret", {"api.key": "s3cret"})


@pytest.mark.parametrize(
    "text",
    [
        "9" * 400_000,
        "a.b-" * 100_000,
        f"Invalid value{' ' * 20_000}",
        f"x: Invalid value: {{{'}' * 20_000}",
        f"authorization:{' ' * 20_000}",
        "password=" * 20_000,
        "${a:" * 50_000,
        "authorization: key a" * 10_000,
        f'token: secret "{"a" * 200_000}',
        "AException.b" * 20_000,
    ],
    ids=lambda text: text[:20].strip(),
)
def test_no_text_of_others_takes_longer_than_in_proportion_to_its_length(text: str) -> None:
    """A worker tells what it likes: with a pattern that tries every place twice, these alone take minutes."""

    def read(_: Path, raw: bytes) -> object:
        said = raw.decode()
        return (
            redact_foreign(said, {"some.plugin": "k4n4ry"}),
            redact_foreign("no", {"some.plugin": said}),
            redact(said),
        )

    assert fuzz.complaint(fuzz.Reader((b"",), read), text.encode()) is None


@pytest.mark.parametrize(
    ("trace", "told"),
    [
        (None, ""),
        ("", ""),
        ("x.ConnectException: no\n\tat x.Y(Y.java:1)", "x.ConnectException: no"),
        (
            (
                "x.ConnectException: no\n\tat x.Y\nCaused by: y.Outer: o\n\t... 8 more\n"
                "Caused by: z.Inner: password=secret\n\tat z"
            ),
            "x.ConnectException: no Caused by: z.Inner: password=***",
        ),
        (f"{'x' * 400}\nCaused by: {'y' * 400}", f"{'x' * 300} Caused by: {'y' * 289}"),
    ],
    ids=["none", "empty", "no wrapper", "two wrappers", "long"],
)
def test_a_trace_is_told_by_its_first_line_and_the_cause_at_its_bottom(trace: str | None, told: str) -> None:
    assert redact_trace(trace) == told


def test_a_trace_repeats_no_secret_of_the_configuration() -> None:
    assert "hunter2" not in redact_trace("x.E: no hunter2\nCaused by: y.F: hunter2", {"x.password": "hunter2"})
