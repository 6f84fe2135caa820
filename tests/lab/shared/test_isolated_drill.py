"""An isolated drill on two real sites: it goes there and home over MirrorMaker 2, and nothing of it stays."""

import json
from pathlib import Path

from confluent_kafka.admin import AdminClient

from drctl.lab import Lab
from drctl.lab.layout import GROUPS, TOPICS
from drctl.model.canaries import PREFIX
from tests.lab.usage import client, drctl


def topics(lab: Lab, site: str) -> set[str]:
    return set(AdminClient({**client(lab, site, "admin")}).list_topics(timeout=30).topics)


def groups(lab: Lab, site: str) -> set[str]:
    found = AdminClient({**client(lab, site, "admin")}).list_consumer_groups(request_timeout=30).result()
    return {each.group_id for each in found.valid}


def test_it_goes_there_and_home_and_is_proved_again_by_others(lab: Lab, tmp_path: Path) -> None:
    before = {site: (topics(lab, site), groups(lab, site)) for site in ("north", "south")}
    done = drctl(lab, "drill", "--level", "isolated", "--to", "south", "--report", str(tmp_path))
    told = json.loads((tmp_path / "isolated.json").read_text())
    assert done.returncode == 0, (done.stdout, done.stderr, told["hindrances"])
    assert [(leg["source"], leg["target"]) for leg in told["legs"]] == [("north", "south"), ("south", "north")]
    assert told["records"]["seenAtTarget"] == told["records"]["acknowledged"] > 0
    for site in ("north", "south"):
        assert not {name for name in topics(lab, site) | groups(lab, site) if PREFIX in name}
        assert topics(lab, site) >= before[site][0] >= set(TOPICS)
        assert groups(lab, site) & set(GROUPS) == before[site][1] & set(GROUPS)
    checked = drctl(lab, "verify", str(tmp_path), "-o", "json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["verdict"] == "proved"
