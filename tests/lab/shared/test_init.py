"""A plan file written by looking at two real sites: it is valid, and a switchover can be planned by it."""

import json
import re
import subprocess
import sys
from pathlib import Path

from drctl.config import load
from drctl.lab import Lab
from drctl.lab.layout import CANARY_TOPIC, USERS, password


def typed(*words: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "drctl", *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def test_what_is_written_is_valid_and_can_be_planned_by(lab: Lab, tmp_path: Path) -> None:
    words = ["--canary-topic", CANARY_TOPIC]
    for name in ("north", "south"):
        site = lab.site(name)
        words += ["--bootstrap", f"{name}={site.bootstrap_servers}", "--connect", f"{name}={site.connect_url}"]
        words += ["--properties", f"{name}={site.client_properties('drctl')}"]
        words += ["--canary", f"{name}={site.client_properties('canary')}"]
    file = str(tmp_path / "plan.yaml")
    done = typed("-f", file, "init", *words)
    assert done.returncode == 0, done.stderr
    assert typed("-f", file, "validate").returncode == 0

    found, own = load(Path(file)), load(lab.plan_file)
    assert set(own.topics) <= set(found.topics)
    assert {each.replication_principal for each in found.links} == {"User:mm2"}
    assert all("User:connect" in each.platform_principals for each in found.sites)
    texts = [each.read_text() for each in tmp_path.rglob("*") if each.is_file()]
    secrets = {password(user, site) for user in USERS for site in ("north", "south")}
    assert not [secret for secret in secrets for text in texts if re.search(rf"\b{secret}\b", text)]

    planned = typed("-f", file, "plan", "switchover", "--to", "south", "-o", "json")
    assert planned.stdout, planned.stderr
    assert json.loads(planned.stdout)["steps"]
    again = typed("-f", file, "init", *words)
    assert again.returncode == 11
