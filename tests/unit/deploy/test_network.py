"""The NetworkPolicy that is shipped: what the plan files and pages name as an address can be reached through it.

Whether a plugin enforces it is another question: docs/limits.md.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CHECKOUT = Path(__file__).parents[3]
BASE = CHECKOUT / "deploy/base"
PAGES = sorted(
    path.relative_to(CHECKOUT)
    for path in (
        *CHECKOUT.glob("deploy/**/plan.yaml"),
        *CHECKOUT.glob("examples/**/*"),
        *CHECKOUT.glob("docs/*.md"),
        CHECKOUT / "README.md",
    )
    if path.is_file() and path.parent.name != "templates"
)
ADDRESS = re.compile(r"(?P<scheme>https?://)?(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::(?P<port>\d{2,5}))?\b")
OURS = re.compile(r"\.(example|svc)$|^HOST$")
"""Hosts that stand for the reader's own; others are pages on the web, or this machine."""
USUAL = {"http://": 80, "https://": 443}


def policy() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((BASE / "network.yaml").read_text())["spec"]
    return found


def lets_out(port: int, protocol: str = "TCP") -> bool:
    ports = [each for rule in policy()["egress"] for each in rule["ports"] if each["protocol"] == protocol]
    return any(each["port"] <= port <= each.get("endPort", each["port"]) for each in ports)


def ports(text: str) -> set[int]:
    """The ports of addresses in a text; of a URL without one the usual."""
    found = set()
    for each in ADDRESS.finditer(text):
        port = each["port"] or USUAL.get(each["scheme"] or "")
        if OURS.search(each["host"]) and port:
            found.add(int(port))
    # As a sentence names one: "port 9404 of its pod".
    return found | {int(port) for port in re.findall(r"\bport (\d{2,5}) of its pod\b", text)}


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_address_that_a_plan_file_or_a_page_names_can_be_reached(path: Path) -> None:
    named = ports((CHECKOUT / path).read_text(encoding="utf-8"))
    assert {port for port in named if not lets_out(port)} == set()


def test_addresses_are_found_where_they_are() -> None:
    found = set().union(*(ports((CHECKOUT / path).read_text(encoding="utf-8")) for path in PAGES))
    # The pod's own API server, others, witnesses, Connect, brokers, the brokers' exporters.
    assert {443, 6443, 8080, 8083, 9094, 9404} <= found
    assert ports("https://api.example and localhost:9999, see https://kafka.apache.org:1") == {443}


def test_names_can_be_resolved_and_other_ports_are_shut() -> None:
    assert lets_out(53, "UDP")
    assert lets_out(53)
    assert not lets_out(22)
    assert not lets_out(9097)
    # A service of a cluster is let out by the port behind it, which of the API server's is this one.
    assert lets_out(6443)


def test_the_port_that_is_let_in_is_the_one_that_probes_and_services_use() -> None:
    pod = YAML(typ="safe").load((BASE / "deployment.yaml").read_text())["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (entry,) = policy()["ingress"]
    (let_in,) = entry["ports"]
    assert let_in["port"] in {each["name"] for each in container["ports"]}
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    assert {container[probe]["httpGet"]["port"] for probe in probes} == {let_in["port"]}
    labels = pod["metadata"]["labels"]
    assert policy()["podSelector"]["matchLabels"].items() <= labels.items()
