"""Settings that may be written down, and those that may be secrets."""

import pytest

from drctl.decide.hiding import login_name, without_secrets

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("topics", "shop[.].*"),
        ("source.cluster.bootstrap.servers", "north:9093"),
        ("some.password", "${file:/etc/connect/secrets.properties:mm2}"),
        ("target.cluster.sasl.jaas.config", f'{SCRAM} username="mm2" password="${{file:/s.properties:mm2}}";'),
        ("target.cluster.sasl.jaas.config", "${vault:mm2:jaas}"),
    ],
)
def test_what_is_harmless_or_a_reference_stays(key: str, value: str) -> None:
    assert without_secrets("c", {key: value}) == ({key: value}, ())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("some.password", "hunter2"),
        ("some.password", "${file:/s:a}hunter2"),
        ("unheard.of", "hunter2"),
        ("connection.url", "jdbc:postgresql://db/?password=hunter2"),
        ("target.cluster.sasl.jaas.config", f'{SCRAM} username="mm2" password="hunter2";'),
        ("target.cluster.sasl.jaas.config", f'{SCRAM} username="mm2" password=hunter2;'),
        ("target.cluster.sasl.jaas.config", f"{SCRAM} username=\"mm2\" password='hunter2';"),
        ("target.cluster.sasl.jaas.config", f'{SCRAM} username="mm2" password="${{file:/s:a}}" extra="hunter2";'),
        ("target.cluster.sasl.jaas.config", f'{SCRAM} username="mm2" password="${{file:/s:a}}"; hunter2'),
    ],
)
def test_all_else_is_replaced_by_a_reference(key: str, value: str) -> None:
    shown, hidden = without_secrets("north-source", {key: value})
    assert hidden == (key,)
    assert shown[key] == f"${{file:/DECIDE/secrets.properties:north-source.{key}}}"


def test_a_login_tells_its_user_and_a_reference_nobody() -> None:
    assert login_name(f'{SCRAM} username="mm2" password="x";') == "mm2"
    assert login_name(f'{SCRAM} username="${{file:/s:user}}" password="x";') == ""
    assert login_name("${file:/s:jaas}") == ""
    assert login_name("") == ""
