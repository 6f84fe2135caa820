"""Stores, keys and certificates that would make no client, or one that trusts anybody."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import ConfigInvalid, Unauthenticated
from drctl.model.site import Canary
from tests.unit.drivers.test_properties import PKCS8, TODAY, certificate, key_pem, pem, written

CUT, MANGLED = "cut off", "mangled"


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def harmed(chain: str, harm: str) -> str:
    return chain[:200] if harm == CUT else chain.replace("MI", "!!", 1)


@pytest.mark.parametrize("harm", [CUT, MANGLED])
@pytest.mark.parametrize("before", ["", "whole"])
def test_a_truststore_that_is_not_whole_is_refused_and_not_replaced_by_the_systems(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey, harm: str, before: str
) -> None:
    bad = (pem(certificate(key)) if before else "") + harmed(pem(certificate(key)), harm)
    inline = f"ssl.truststore.type=PEM\nssl.truststore.certificates={bad.replace(chr(10), ' ')}"
    with pytest.raises(ConfigInvalid, match=r":3: ssl\.truststore\.certificates (is no PEM text|holds no PEM)"):
        load(written(tmp_path, f"security.protocol=SSL\n{inline}\n"))
    (tmp_path / "ca.pem").write_text(bad)
    with pytest.raises(ConfigInvalid, match=r":3: ssl\.truststore\.location holds no PEM certificate, or a broken"):
        load(written(tmp_path, "security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=ca.pem\n"))


@pytest.mark.parametrize("value", ["", "garbage", "----BEGIN CERTIFICATE---- MI ----END CERTIFICATE----"])
def test_an_inline_truststore_without_a_certificate_is_refused(tmp_path: Path, value: str) -> None:
    text = f"security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.certificates={value}\n"
    with pytest.raises(ConfigInvalid, match=r":3: ssl\.truststore\.certificates is no PEM text"):
        load(written(tmp_path, text))


def test_two_truststores_are_one_too_many(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    inline = pem(certificate(key)).replace("\n", " ")
    text = f"security.protocol=SSL\nssl.truststore.certificates={inline}\nssl.truststore.location=ca.pem\n"
    with pytest.raises(ConfigInvalid, match=r":2: ssl\.truststore\.certificates is set and ssl\.truststore\.location"):
        load(written(tmp_path, text))


def test_a_pkcs12_store_that_trusts_nobody_or_holds_no_key_is_refused(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    secret = serialization.BestAvailableEncryption(b"s3cret")
    own = pkcs12.serialize_key_and_certificates(b"me", key, certificate(key), None, secret)
    only = pkcs12.serialize_java_truststore([pkcs12.PKCS12Certificate(certificate(key), b"ca")], secret)
    for end, content, said in (("truststore", own, "no trusted"), ("keystore", only, "no key with its")):
        (tmp_path / "store.p12").write_bytes(content)
        parts = f"ssl.{end}.type=PKCS12\nssl.{end}.location=store.p12\nssl.{end}.password=s3cret\n"
        with pytest.raises(ConfigInvalid, match=rf":3: ssl\.{end}\.location names .*store\.p12, which holds {said}"):
            load(written(tmp_path, f"security.protocol=SSL\n{parts}"))


def test_a_key_that_does_not_match_or_open_is_refused_with_its_line(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(serialization.Encoding.PEM, PKCS8, serialization.BestAvailableEncryption(b"right"))
    chain = pem(certificate(key)).replace("\n", " ")
    for private, more, said in (
        (key_pem(other), "", "key values mismatch"),
        (locked.decode(), "ssl.key.password=s3cret\n", "ssl.key.pem failed"),
        (locked.decode(), "", "ssl.key.pem failed"),
    ):
        inline = f"ssl.keystore.key={private.replace(chr(10), ' ')}\nssl.keystore.certificate.chain={chain}\n{more}"
        with pytest.raises(
            ConfigInvalid, match=rf":2: ssl\.keystore\.key is not taken by librdkafka: .*{said}"
        ) as told:
            load(written(tmp_path, f"security.protocol=SSL\n{inline}"))
        assert "s3cret" not in str(told.value)
        (tmp_path / "me.pem").write_text(private + pem(certificate(key)))
        place = f"ssl.keystore.type=PEM\nssl.keystore.location=me.pem\n{more}"
        with pytest.raises(ConfigInvalid, match=r":3: ssl\.keystore\.location is not taken by librdkafka"):
            load(written(tmp_path, f"security.protocol=SSL\n{place}"))


@pytest.mark.parametrize("end", ["truststore", "keystore"])
@pytest.mark.parametrize("kind", ["PEM", "PKCS12"])
def test_a_store_that_cannot_be_read_is_named(tmp_path: Path, end: str, kind: str) -> None:
    # Its first bytes are at no address, which every user is told by an error.
    (tmp_path / "store").symlink_to("/proc/self/mem")
    text = f"security.protocol=SSL\nssl.{end}.type={kind}\nssl.{end}.location=store\n"
    with pytest.raises(ConfigInvalid, match=rf":3: ssl\.{end}\.location names .*store, which cannot be read") as told:
        load(written(tmp_path, text))
    assert "drctl's user" in told.value.remedy


@pytest.mark.parametrize(
    "more", [{"ssl.ca.pem": ""}, {"ssl.ca.pem": "garbage"}, {"ssl.key.pem": "garbage"}, {"request.timeout.ms": "0"}]
)
def test_settings_from_elsewhere_that_make_no_client_are_a_fault_of_the_configuration(more: dict[str, str]) -> None:
    for doubted in (False, True):
        site = KafkaSite(
            "east", {"bootstrap.servers": "localhost:1", "security.protocol": "SSL", **more}, doubted=doubted
        )
        with pytest.raises(ConfigInvalid, match="site east: no client can be made for the anonymous user: ") as refused:
            site.admin()
        with pytest.raises(ConfigInvalid, match="site east"):
            site.consumer({})
        assert refused.value.remedy
        site.close()


def test_a_canary_whose_properties_are_wrong_is_told_before_anything_is_fenced(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    site = KafkaSite("east", {"bootstrap.servers": "localhost:1"})
    with pytest.raises(ConfigInvalid, match=r"client\.properties:1: security\.protocl"):
        AclFence(site, Canary(written(tmp_path, "security.protocl=SSL"), "drctl.canary"))
    (tmp_path / "me.pem").write_text(key_pem(key) + pem(certificate(key, TODAY - timedelta(days=400), 10)))
    text = "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.location=me.pem"
    fence = AclFence(site, Canary(written(tmp_path, text), "drctl.canary"))
    with pytest.raises(Unauthenticated, match="expired"):
        fence.canary()
