"""drctl verify, as an auditor uses it: no plan file, no site, only a folder and a key."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from drctl.cli.verify import command
from drctl.drills.bundle.signature import private_key, public_key
from drctl.drills.bundle.write import PRIMARY
from drctl.errors import BundleDamaged, ConfigInvalid, DrctlError, ReportContradicted
from drctl.model.verdict import EXIT_CODES, Verdict
from tests.unit.drills.bundles import KEY, OTHER, bundle, edited, resealed


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return bundle(tmp_path, key=KEY)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.pub"
    path.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def verify(*arguments: object) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)])


def test_a_signed_bundle_that_proves_something_exits_with_0(report: Path, key: Path) -> None:
    done = verify(report, "--key", key)
    assert done.exit_code == 0, done.output
    assert "valid, by the key that was given" in done.output


def test_without_a_key_the_signature_is_said_to_be_unchecked(report: Path) -> None:
    done = verify(report)
    assert done.exit_code == 0
    assert "NOT CHECKED" in done.output
    resealed(report)
    assert "NONE: nobody has signed it" in verify(report).output


def test_programs_get_everything_as_json(report: Path, key: Path) -> None:
    told = json.loads(verify(report, "--key", key, "-o", "json").stdout)
    assert told["kind"] == "BundleVerification"
    wanted = {"signed": "valid", "reported": "proved", "verdict": "proved", "damage": [], "differences": []}
    assert {name: told[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("history", "verdict"), [("record-lost", Verdict.REFUTED), ("too-little-traffic-during", Verdict.VACUOUS)]
)
def test_the_verdict_of_the_evidence_is_the_exit_code(history: str, verdict: Verdict, tmp_path: Path) -> None:
    assert verify(bundle(tmp_path, history)).exit_code == EXIT_CODES[verdict]


def test_a_damaged_bundle_is_told_with_its_files(report: Path) -> None:
    (report / PRIMARY).write_bytes(b"x")
    (report / "more").write_text("")
    done = verify(report)
    assert isinstance(done.exception, BundleDamaged)
    assert f"{PRIMARY}: was changed" in done.output
    assert "more: is not in the manifest" in done.output
    assert json.loads(verify(report, "-o", "json").stdout)["verdict"] is None


def test_another_signer_is_an_error(report: Path, key: Path) -> None:
    resealed(report, OTHER)
    assert isinstance(verify(report, "--key", key).exception, BundleDamaged)


def test_a_report_that_its_evidence_contradicts_is_an_error(report: Path) -> None:
    edited(report / "report.json", lambda document: {**document, "reasons": ["all is well"]})
    resealed(report)
    done = verify(report)
    assert isinstance(done.exception, ReportContradicted)
    assert "reasons" in str(done.exception)


ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff" * 100,
        b"x" * (1 << 17),
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        ELLIPTIC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "bytes", "large", "private", "elliptic"],
)
def test_what_is_no_public_key_is_wrong_usage(report: Path, key: Path, raw: bytes) -> None:
    key.write_bytes(raw)
    failed = verify(report, "--key", key).exception
    assert isinstance(failed, ConfigInvalid)
    assert failed.remedy


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "holds no private key"),
        (KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "holds no private key"),
        (ELLIPTIC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "not an Ed25519 key"),
    ],
    ids=["empty", "public", "elliptic"],
)
def test_a_key_that_cannot_sign_is_refused_before_a_drill(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(raw)
    with pytest.raises(ConfigInvalid, match=said):
        private_key(path)


def test_a_key_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (private_key, public_key):
        with pytest.raises(ConfigInvalid, match="is no regular file"):
            read(tmp_path / "pipe")


def test_a_key_file_signs(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert private_key(path).public_key() == KEY.public_key()


def test_a_folder_that_is_no_bundle_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    failed = verify(tmp_path).exception
    assert isinstance(failed, DrctlError)
    assert failed.exit_code == 23
    assert failed.remedy
