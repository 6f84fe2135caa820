"""In the lab a Connect worker, its link and its sinks are users of their own, each with the rights that it needs."""

import json
from pathlib import Path

import pytest

from drctl.config import load
from drctl.decide.left_out import left_out
from drctl.drivers.kafka.java import decoded, parse
from drctl.lab.connect import write_links, write_worker
from drctl.lab.files import write_clients, write_plan
from drctl.lab.layout import CANARY_TOPIC, SITES, USERS, other, plan_layout
from drctl.lab.rights import LINKS, RIGHTS, SINK, WORKER
from drctl.model.access import AclRule, confined, writable
from drctl.model.canary import CANARY_RECORDS

WRITES = ("WRITE", "ALL")


def rules() -> list[AclRule]:
    """The lab's rights as a broker tells them."""
    found = []
    for principal, operation, kind, name in RIGHTS:
        prefixed = name.endswith("*") and name != "*"
        pattern, about = ("PREFIXED", name.removesuffix("*")) if prefixed else ("LITERAL", name)
        found.append(AclRule(principal, "*", operation, kind, about, pattern, allow=True))
    return found


def logins(site: str, folder: Path) -> dict[str, str]:
    """Who that site's worker is as itself, and for its connectors, by the prefix of the settings."""
    lines = {key: value for _, key, value in parse(decoded(write_worker(plan_layout(1)[site], folder).read_bytes()))}
    key = "sasl.jaas.config" if site == "north" else "ssl.keystore.location"
    told = {prefix: lines[prefix + key] for prefix in ("", "producer.", "admin.", "consumer.")}
    return {
        prefix: next(
            f"User:{user}" for user in USERS if f'username="{user}"' in login or login.endswith(f"/{user}.pem")
        )
        for prefix, login in told.items()
    }


@pytest.mark.parametrize("site", SITES)
def test_a_worker_is_itself_for_its_own_topics_only(site: str, tmp_path: Path) -> None:
    assert logins(site, tmp_path) == {"": WORKER, "producer.": LINKS, "admin.": LINKS, "consumer.": SINK}


def test_the_plan_file_names_the_worker_and_it_may_write_nothing_that_moves(tmp_path: Path) -> None:
    write_clients(tmp_path)
    write_links(plan_layout(1), tmp_path)
    plan = load(write_plan(plan_layout(1), tmp_path, {}))
    for site in plan.sites:
        assert site.platform_principals == {WORKER}
        assert confined(rules(), site.platform_principals, plan.topics_at(site.name)) == {WORKER}
    assert plan.replication_principals == {LINKS}
    assert writable(rules(), LINKS, plan.topics_at("north")) == sorted(plan.topics_at("north"))


def test_only_the_worker_may_write_its_internal_topics_beside_the_link_and_no_sink_may_write() -> None:
    internal = ["__connect-configs", "__connect-offsets", "__connect-status"]
    may = {
        rule.principal for rule in rules() if rule.operation in WRITES and writable(rules(), rule.principal, internal)
    }
    assert may == {WORKER, LINKS}
    assert not [rule for rule in rules() if rule.principal == SINK and rule.operation in WRITES]


@pytest.mark.parametrize("source", SITES)
def test_a_link_copies_the_canarys_records_and_not_what_proves_a_fence(source: str, tmp_path: Path) -> None:
    write_links(plan_layout(1), tmp_path)
    name = f"{source}-to-{other(source)}"
    config = json.loads((tmp_path / "links" / f"{name}.json").read_text())[f"{name}.source"]
    assert left_out(config, CANARY_RECORDS, "") is None
    assert left_out(config, CANARY_TOPIC, "") is not None


def test_only_the_canary_writes_its_records_beside_the_link_and_it_may_read_what_it_writes_and_its_copies() -> None:
    writers = {rule.principal for rule in rules() if writable(rules(), rule.principal, [CANARY_RECORDS])}
    assert writers == {"User:canary", LINKS}
    read = {(each.kind, each.name) for each in rules() if (each.principal, each.operation) == ("User:canary", "READ")}
    copies = {("TOPIC", f"{site}.{CANARY_RECORDS}") for site in SITES}
    assert read == {("TOPIC", CANARY_RECORDS), ("GROUP", CANARY_RECORDS), *copies}
