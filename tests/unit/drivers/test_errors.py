"""librdkafka's errors, translated."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from drctl.drivers.kafka.errors import Causes
from drctl.errors import (
    ConfigInvalid,
    Conflict,
    DrctlError,
    Forbidden,
    NotFound,
    PositionsPending,
    Unauthenticated,
    Unreachable,
)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (KafkaError._TRANSPORT, Unreachable),
        (KafkaError._TIMED_OUT, Unreachable),
        (KafkaError.REQUEST_TIMED_OUT, Unreachable),
        (KafkaError.NOT_LEADER_FOR_PARTITION, Unreachable),
        (KafkaError.NOT_COORDINATOR, Unreachable),
        (KafkaError.NOT_CONTROLLER, Unreachable),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Forbidden),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, Forbidden),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, Forbidden),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, NotFound),
        (KafkaError.GROUP_ID_NOT_FOUND, NotFound),
        (KafkaError.UNKNOWN_MEMBER_ID, Conflict),
        (KafkaError.UNSTABLE_OFFSET_COMMIT, PositionsPending),
        (KafkaError.INVALID_CONFIG, DrctlError),
    ],
)
def test_each_error_becomes_ours_and_names_site_and_deed(code: int, wanted: type[DrctlError]) -> None:
    error = Causes("north", "localhost:1", "user drctl").translate(KafkaError(code), "read the weather")
    assert type(error) is wanted
    assert "site north: cannot read the weather" in str(error)
    assert error.remedy or wanted is DrctlError


def test_silence_after_a_rejected_login_is_a_rejected_login() -> None:
    causes = Causes("north", "localhost:1", "user drctl")
    causes.heard(KafkaError(KafkaError._AUTHENTICATION, "wrong word"))
    error = causes.translate(KafkaError(KafkaError._TIMED_OUT), "connect")
    assert isinstance(error, Unauthenticated)
    assert "the brokers at localhost:1 reject user drctl: wrong word" in str(error)


def test_silence_without_a_rejection_is_silence() -> None:
    causes = Causes("north", "localhost:1", "user drctl")
    causes.heard(KafkaError(KafkaError._TRANSPORT, "connection refused"))
    assert type(causes.translate(KafkaError(KafkaError._TIMED_OUT), "connect")) is Unreachable


def test_a_denial_is_a_denial_whatever_was_heard_before() -> None:
    causes = Causes("north", "localhost:1", "user drctl", rejected="long ago")
    assert isinstance(causes.translate(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), "read"), Forbidden)


def test_a_rejected_certificate_is_heard_in_the_log() -> None:
    causes = Causes("north", "localhost:1", "user drctl")
    causes.settings()["logger"].warning("Receive failed: error:0A000412: ssl/tls alert bad certificate: SSL alert 42")
    error = causes.translate(KafkaError(KafkaError._TRANSPORT), "connect")
    assert "the brokers at localhost:1 reject user drctl: ssl/tls alert bad certificate" in str(error)


def test_brokers_that_we_do_not_trust_are_told_from_brokers_that_reject_us() -> None:
    causes = Causes("north", "localhost:1", "user drctl")
    causes.heard(KafkaError(KafkaError._SSL, "SSL handshake failed: certificate verify failed"))
    assert "we do not trust the brokers at localhost:1" in str(causes.unauthenticated())


def test_the_remedy_for_an_open_transaction_does_not_make_it_last_longer() -> None:
    error = Causes("north", "localhost:1", "user drctl").translate(
        KafkaError(KafkaError.UNSTABLE_OFFSET_COMMIT), "read"
    )
    assert error.transient
    assert "do not stop the producer" in error.remedy
    assert "let its clients stop" not in error.remedy


def test_what_the_client_says_of_its_settings_is_told_without_their_secrets() -> None:
    def declining(_: object) -> None:
        raise KafkaException(KafkaError(KafkaError._INVALID_ARG, "ssl.ca.location failed: s3cret of x.pem"))

    settings = {"sasl.password": "s3cret", "ssl.ca.location": "x.pem"}
    with pytest.raises(ConfigInvalid, match=r"ssl\.ca\.location failed: \*\*\* of x\.pem$"):
        Causes("north", "localhost:1", "user drctl").client(declining, settings)
