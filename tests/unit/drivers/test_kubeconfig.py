"""A kubeconfig is a document like any other: read within bounds, refused with its line, and nothing of it is shown."""

import os
from pathlib import Path

import pytest

from drctl.drivers.kube.access import configuration
from drctl.errors import ConfigInvalid
from tests.unit.drivers.api_server import KUBECONFIG

GOOD = KUBECONFIG.format(port=1)
USER = "{token: s3cret}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (GOOD, "[" * 100_000, r":1: is nested deeper"),
        (GOOD, "a: &x 1\nb: *x\n", r":1: anchors and aliases are not supported"),
        (GOOD, GOOD.encode("utf-16").decode("latin-1"), r": "),
        ("kind: Config", "kind: Config\nkind: Config", r":3: found duplicate key"),
        ("kind: Config", "kind: \x07", r":2: is no YAML text"),
        ("kind: Config", f"kind: {'9' * 5000}", r":2: this value cannot be read"),
        (USER, "{token: [s3cret]}", r":7: token is of the wrong kind"),
        (USER, '{token: "s3cret\\n"}', r":7: token has blanks, control or strange letters"),
        (USER, '{token: "s3cr\\u00e9t"}', r":7: token has blanks, control or strange letters"),
        (USER, "s3cret", r":6: one of users has no user"),
        (USER, "{client-key-data: s3cret*, client-certificate-data: s3cret*}", r"context north cannot be used"),
        (USER, "{exec: s3cret}", r":7: exec is of the wrong kind"),
        (USER, "{tokenFile: nowhere}", r":7: tokenFile names .*/nowhere, which cannot be read"),
        (USER, "{tokenFile: pipe}", r":7: tokenFile names .*/pipe, which is no regular file"),
        (USER, "{tokenFile: blank}", r":7: tokenFile names .*/blank, which holds no token"),
        (USER, "{tokenFile: latin}", r":7: tokenFile names .*/latin, which holds no token"),
        (USER, "{tokenFile: huge}", r":7: tokenFile names .*/huge, which is larger than"),
        ("name: us,", "name: 7,", r":6: users\[0\] has no name"),
        ("user: us}", "user: gone}", r":6: a user that the context needs is there not at all"),
        ("{server", "{insecure-skip-tls-verify: s3cret, server", r":5: insecure-skip-tls-verify is of the wrong kind"),
        ('server: "http://localhost:1"', "proxy-url: s3cret", r"the cluster of context north has no server"),
        ("contexts:\n", "contexts: 5\nothers:\n", r":8: contexts is no list"),
        ("name: other,", "name: north,", r":8: a context that the context needs is there twice"),
    ],
)
def test_what_is_wrong_with_a_kubeconfig_is_told_with_its_line_and_nothing_of_it(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "blank").write_text(" \n")
    (tmp_path / "latin").write_bytes(b"s3cr\xe9t")
    (tmp_path / "huge").write_text("s" * (1 << 20))
    path = tmp_path / "kubeconfig"
    path.write_text(GOOD.replace(old, new).replace("http://localhost", "https://localhost"))
    with pytest.raises(ConfigInvalid, match=rf"^{path}.*{said}") as caught:
        configuration(path, "north")
    assert caught.value.remedy
    assert "s3cret" not in f"{caught.value}{caught.value.remedy}"


def test_a_kubeconfig_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kubeconfig")
    with pytest.raises(ConfigInvalid, match="is no regular file"):
        configuration(tmp_path / "kubeconfig", "north")


def test_a_token_file_that_is_being_written_leaves_the_token_before_it(tmp_path: Path) -> None:
    path, token = tmp_path / "kubeconfig", tmp_path / "token"
    path.write_text(GOOD.replace(USER, "{tokenFile: token}"))
    token.write_text("first\n")
    config = configuration(path, "north")
    for text, sent in (("second\n", "second"), ("", "second"), ("th\x00rd", "second"), ("third", "third")):
        token.write_text(text)
        assert config.auth_settings()["BearerToken"]["value"] == f"Bearer {sent}"


def test_files_that_a_kubeconfig_names_lie_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("x")
    path = tmp_path / "kubeconfig"
    text = GOOD.replace("http://", "https://").replace("{server", "{certificate-authority: ca.pem, server")
    path.write_text(text)
    monkeypatch.chdir("/")
    assert configuration(path, "north").ssl_ca_cert == str(tmp_path / "ca.pem")
