"""No secret is shown that stands in the plan file or in a file that it names, whatever is wrong with them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from drctl.cli import cli
from drctl.cli.tracebacks import formatted
from tests.spec.planted import ARGUMENT, PROPERTIES, URL_PASSWORD, definitions, require_nothing_shown
from tests.unit.config.plan_files import GOOD, written


def planted(folder: Path) -> Path:
    """A plan file with canaries in it and in all files that it names. Nothing is wrong with it."""
    here = GOOD.replace('"n:1,m:2"', '"localhost:1"').replace('"s:1"', '"localhost:2"')  # where nobody listens
    path = written(folder, here.replace("http://n:8083", f"http://ops:{URL_PASSWORD}@n:8083"))
    (folder / "c").write_text(PROPERTIES)
    (folder / "state").mkdir()
    text = path.read_text()
    for name, source, target in (("n-s", "north", "south"), ("s-n", "south", "north")):
        head, tail = text.split(f"name: {name},", 1)
        made = definitions(folder, source, target).name
        text = f"{head}name: {name},{tail.replace('connectors: c', f'connectors: {made}', 1)}"
    hook = json.dumps(["./tell", f"--token={ARGUMENT}"])
    path.write_text(f"{text}  hooks: {{pre: [{{command: {hook}}}]}}\n  fencingAgent: {{command: {hook}}}\n")
    return path


DAMAGES = [
    ("nothing", "", ""),
    ("c", "sasl.mechanism=PLAIN", "sasl.mechanism=GSSAPI"),
    ("c", "username=", "usename="),
    ("c", "security.protocol=SASL_PLAINTEXT", "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.key=k4n4ry"),
    ("c", "SASL_PLAINTEXT", "k4n4ry"),
    ("c", PROPERTIES, "k4n4ry"),
    ("c", "my.plugin=", "connections.max.idle.ms="),
    ("north-to-south.json", '"north"', '"k4n4ry"'),
    ("north-to-south.json", "MirrorSourceConnector", "k4n4ry"),
    ("north-to-south.json", "{", "["),
    ("north-to-south.json", '"north"', "k4n4ry"),
    ("north-to-south.json", '"north"', '"north", "x": "k4n4ry", "x": "k4n4ry"'),
    ("north-to-south.json", '"north"', '"north", "x": {"y": "k4n4ry"}'),
    ("c", "my.plugin=", "my.plugin=\\u00k4n4ry"),
    ("c", "my.plugin=", "ssl.truststore.password="),
    ("c", "my.plugin=", "security.protocol=SASL_SSL\nssl.truststore.type=PEM\nssl.truststore.certificates="),
    ("c", "my.plugin=", "security.protocol=SASL_SSL\nssl.keystore.type=k4n4ry\nssl.keystore.location="),
    ("c", '"k4n4ry-password";', '"k4n4ry-password" k4n4ry;'),
    ("plan.yaml", "metadata: {name: plant}", 'metadata: {name: plant, name: "k4n4ry"}'),
    ("plan.yaml", '["./tell", ', '"./tell k4n4ry", ["./tell", '),
    ("plan.yaml", "command: [", "command: k4n4ry, comand: ["),
    ("plan.yaml", f"{URL_PASSWORD}@", f"{URL_PASSWORD}@{URL_PASSWORD}/@"),
    ("plan.yaml", "clientProperties: c", "clientProperties: {password: k4n4ry}"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_stands_in_files_is_not_shown_whatever_is_wrong_with_them(
    damage: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(tmp_path)
    name, old, new = damage
    if name != "nothing":
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))
    shown = ""
    for words in (
        ("runs", "list"),
        ("runs", "list", "--own", "-o", "json"),
        ("runs", "show", "--own"),
        ("runs", "abort", "--reason", "x"),
    ):
        done = CliRunner().invoke(cli, ["-vv", "-f", str(path), *words])
        shown += done.output + repr(done.exception) + (formatted(done.exception) if done.exception else "")
    require_nothing_shown(shown)
