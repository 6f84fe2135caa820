"""Kafka's client properties files, as librdkafka is given them."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from drctl.drivers.kafka.java import parse
from drctl.drivers.kafka.properties import load
from drctl.errors import ConfigInvalid, Unauthenticated
from tools import fuzz

TODAY = datetime(2026, 11, 1, tzinfo=UTC)
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


def certificate(
    key: ec.EllipticCurvePrivateKey, since: datetime = TODAY, days: int = 36500, name: str = "drctl"
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=days))
        .sign(key, SHA256())
    )


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, PKCS8, PLAIN).decode()


def pem(one: x509.Certificate) -> str:
    return one.public_bytes(serialization.Encoding.PEM).decode()


def written(folder: Path, text: str) -> Path:
    path = folder / "client.properties"
    path.write_text(text)
    return path


def accepted(settings: dict[str, str]) -> dict[str, str]:
    """The settings, once librdkafka itself has taken them."""
    AdminClient({**settings, "bootstrap.servers": "localhost:1", "log_level": 0})
    return settings


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("a=b", "a", "b"),
        ("  a : b", "a", "b"),
        ("a b c", "a", "b c"),
        ("a", "a", ""),
        ("a=b\\\n   c", "a", "bc"),
        ("a=b\\\\", "a", "b\\"),
        (r"a\=b\:c=d", "a=b:c", "d"),
        (r"a=\u00e4\tz", "a", "ä\tz"),
        ("a=b=c", "a", "b=c"),
        ("# x=y\r\n! z\r\n\r\na=b\r\n", "a", "b"),
        ("a=b \x1c c", "a", "b \x1c c"),
    ],
)
def test_lines_mean_what_they_mean_to_java(text: str, key: str, value: str) -> None:
    assert [(k, v) for _, k, v in parse(text)] == [(key, value)]


def test_settings_keep_the_number_of_the_line_they_begin_on() -> None:
    assert [(n, k) for n, k, _ in parse("# c\na=1\\\n 2\nb=3")] == [(2, "a"), (4, "b")]


def test_a_login_by_password_is_translated(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "security.protocol=sasl_ssl\nsasl.mechanism=SCRAM-SHA-512\nssl.endpoint.identification.algorithm=\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n"
        '  username="dr\\\\"ctl" password="s e;c=ret";\nclient.id=me\ngroup.id=mine\nssl.provider=X\n',
    )
    assert accepted(load(path)) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": 'dr"ctl',
        "sasl.password": "s e;c=ret",
        "ssl.endpoint.identification.algorithm": "none",
        "client.id": "me",
    }


def test_a_key_and_its_certificate_in_one_pem_file_serve_both_settings(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    (tmp_path / "me.pem").write_text(key_pem(key) + pem(certificate(key)))
    (tmp_path / "ca.pem").write_text(pem(certificate(key)))
    path = written(
        tmp_path,
        "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.location=me.pem\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={tmp_path}/ca.pem",
    )
    assert accepted(load(path)) == {
        "security.protocol": "SSL",
        "ssl.key.location": str(tmp_path / "me.pem"),
        "ssl.certificate.location": str(tmp_path / "me.pem"),
        "ssl.ca.location": str(tmp_path / "ca.pem"),
    }


@pytest.mark.parametrize("joint", [" ", "", "\\n", "\\n\\\n  "])
def test_inline_pem_is_taken_however_its_lines_are_joined(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey, joint: str
) -> None:
    def inline(text: str) -> str:
        return joint.join(text.splitlines())

    chain = pem(certificate(key))
    path = written(
        tmp_path,
        f"security.protocol=SSL\nssl.keystore.type=PEM\nssl.truststore.type=PEM\nssl.keystore.key={inline(key_pem(key))}\n"
        f"ssl.keystore.certificate.chain={inline(chain)}\nssl.truststore.certificates={inline(chain + chain)}\n",
    )
    settings = accepted(load(path))
    assert settings["ssl.certificate.pem"] == chain
    assert settings["ssl.key.pem"] == key_pem(key)
    assert settings["ssl.ca.pem"] == chain + chain


def test_pkcs12_stores_are_taken_for_key_and_for_trust(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    own, authority = certificate(key), certificate(key, name="ca")
    secret = serialization.BestAvailableEncryption(b"changeit")
    (tmp_path / "key.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"me", key, own, [authority], secret))
    trusted = [pkcs12.PKCS12Certificate(authority, b"ca")]
    (tmp_path / "trust.p12").write_bytes(pkcs12.serialize_java_truststore(trusted, secret))
    path = written(
        tmp_path,
        "security.protocol=SSL\nssl.keystore.type=PKCS12\nssl.keystore.location=key.p12\nssl.keystore.password=changeit\n"
        "ssl.truststore.type=PKCS12\nssl.truststore.location=trust.p12\nssl.truststore.password=changeit\n",
    )
    settings = accepted(load(path))
    assert settings["ssl.keystore.location"] == str(tmp_path / "key.p12")
    assert settings["ssl.ca.pem"] == pem(authority)


def test_a_pkcs12_store_that_its_password_does_not_open_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.p12").write_bytes(b"no store")
    path = written(
        tmp_path,
        "security.protocol=SSL\nssl.keystore.type=PKCS12\nssl.keystore.location=key.p12\nssl.keystore.password=s3cret\n",
    )
    with pytest.raises(ConfigInvalid, match=r"client\.properties:3: ssl\.keystore\.location is no PKCS12") as told:
        load(path)
    assert "s3cret" not in str(told.value) + told.value.remedy


@pytest.mark.parametrize(
    ("since", "days", "said"),
    [(TODAY - timedelta(days=400), 10, "expired at 2025"), (TODAY + timedelta(days=36500), 1, "not valid before 21")],
)
def test_a_certificate_out_of_date_names_file_subject_and_date(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey, since: datetime, days: int, said: str
) -> None:
    (tmp_path / "me.pem").write_text(key_pem(key) + pem(certificate(key, since, days)))
    text = "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.location=me.pem"
    with pytest.raises(Unauthenticated, match=rf"me\.pem: the certificate of CN=drctl (is )?{said}"):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"client\.properties: no setting in it"),
        ("a=b\nsecurity.protocol=TLS", r"client\.properties:2: security\.protocol is none of"),
        ("security.protocol=SASL_SSL", r"client\.properties: sasl\.mechanism GSSAPI is not supported"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=PLAIN", r"sasl\.jaas\.config names no username and password"),
        ("security.protocol=SSL\nssl.truststore.location=x.jks", r":2: ssl\.truststore\.location is a JKS store"),
        (
            "security.protocol=SSL\nssl.keystore.type=JKS\nssl.keystore.location=x",
            r":3: ssl\.keystore\.location is a JKS",
        ),
        (
            "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.location=x",
            r":3: ssl\.keystore\.location names .*/x",
        ),
    ],
)
def test_what_cannot_work_names_file_line_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said) as told:
        load(written(tmp_path, text))
    assert told.value.remedy


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"gone\.properties: cannot be read"):
        load(tmp_path / "gone.properties")


def test_no_client_of_ours_is_reconfigured_by_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "isolation.level=read_uncommitted\nenable.auto.commit=true\nacks=0\nclient.id=me")
    assert load(path) == {"client.id": "me", "security.protocol": "PLAINTEXT"}


def test_a_value_over_very_many_lines_is_put_together_once() -> None:
    """With a copy of all that came before for every line this alone takes minutes."""
    reader = fuzz.Reader((), lambda _, raw: list(parse(raw.decode())))
    text = "a=" + "x\\\n" * 500_000
    assert fuzz.complaint(reader, text.encode()) is None
    assert list(parse(text)) == [(1, "a", "x" * 500_000)]


@pytest.mark.parametrize("name", ["c.properties", "store"])
def test_a_pipe_or_a_file_without_end_is_refused(tmp_path: Path, name: str) -> None:
    text = "security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=store\n"
    written(tmp_path, text).rename(tmp_path / "c.properties")
    for spoil, said in ((os.mkfifo, "is no"), (lambda path: path.symlink_to("/dev/zero"), "is no")):
        (tmp_path / name).unlink(missing_ok=True)
        spoil(tmp_path / name)
        with pytest.raises(ConfigInvalid, match=said) as caught:
            load(tmp_path / "c.properties")
        assert caught.value.remedy
