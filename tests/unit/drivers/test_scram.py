"""SCRAM, by the examples of its standards, and servers that do not know the password."""

import pytest

from drctl.drivers.kafka.scram import Scram, ScramRejected

# RFC 7677, section 3.
NONCE = "rOprNGfwEbeRWgbNEkqO"
CHALLENGE = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
PROOF = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def login() -> Scram:
    return Scram("SCRAM-SHA-256", "user", "pencil", nonce=NONCE)


def test_the_example_of_the_standard() -> None:
    one = login()
    assert one.first() == f"n,,n=user,r={NONCE}".encode()
    assert one.final(CHALLENGE) == PROOF
    one.verify(SERVER)


def test_names_are_escaped() -> None:
    assert b"n=a=2Cb=3Dc,r=" in Scram("SCRAM-SHA-512", "a,b=c", "x").first()


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"\xff",
        CHALLENGE.replace(b"r=rOpr", b"r=xOpr"),
        CHALLENGE.replace(b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", b""),
        CHALLENGE.replace(b"i=4096", b"i=0"),
        CHALLENGE.replace(b"i=4096", b"i=999999999"),
        CHALLENGE.replace(b"i=4096", b"i=x"),
        CHALLENGE.replace(b"s=W22", b"s=*22"),
        b"e=unknown-user",
    ],
)
def test_a_challenge_that_is_none_is_rejected(challenge: bytes) -> None:
    with pytest.raises(ScramRejected):
        login().final(challenge)


@pytest.mark.parametrize("last", [b"", b"v=", b"e=other-error", "v=\xe4".encode(), b"v=" + b"A" * 43 + b"="])
def test_a_server_that_does_not_know_the_password_is_rejected(last: bytes) -> None:
    one = login()
    one.final(CHALLENGE)
    with pytest.raises(ScramRejected):
        one.verify(last)


def test_a_last_word_before_any_proof_is_rejected() -> None:
    with pytest.raises(ScramRejected):
        login().verify(SERVER)
