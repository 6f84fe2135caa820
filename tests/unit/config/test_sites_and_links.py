"""Sites and links of a plan file: what may be left out where something else tells it, and what is refused."""

from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from tests.unit.config.plan_files import GOOD, KAFKA, KUBERNETES, STRIMZI, at_north, written


def test_a_site_may_say_where_its_pods_live(tmp_path: Path) -> None:
    place = load(written(tmp_path, at_north(KUBERNETES))).site("north").kubernetes
    assert place is not None
    assert (place.kubeconfig, place.context, place.namespace, place.pods) == (
        tmp_path / "c",
        "north",
        "kafka",
        "app=kafka",
    )
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:9: spec\.sites\[0\]\.kubernetes\.namespace is missing"):
        load(written(tmp_path, at_north(KUBERNETES.replace(", namespace: kafka", ""))))


def test_a_site_may_name_the_users_of_what_runs_around_it(tmp_path: Path) -> None:
    assert all(not site.platform_principals for site in load(written(tmp_path, GOOD)).sites)
    plan = load(written(tmp_path, at_north('platformPrincipals: ["User:connect", "User:registry"]')))
    assert plan.site("north").platform_principals == {"User:connect", "User:registry"}
    with pytest.raises(ConfigInvalid, match=r"platformPrincipals.*one principal as User:name"):
        load(written(tmp_path, at_north('platformPrincipals: ["User:*"]')))


def test_a_site_that_strimzi_runs_needs_neither_addresses_nor_credentials(tmp_path: Path) -> None:
    text = at_north(KUBERNETES.replace(", pods: app=kafka", ""), STRIMZI, kafka="kafka: {canary: {topic: canary}}")
    site = load(written(tmp_path, text)).site("north")
    assert (site.bootstrap_servers, site.client_properties, site.canary.client_properties) == ("", None, None)
    assert site.strimzi is not None
    assert site.strimzi.user == "drctl"
    assert not site.strimzi.take_ownership
    assert site.kubernetes is not None
    assert site.kubernetes.pods == "strimzi.io/cluster=north,strimzi.io/broker-role=true"


def test_a_link_that_strimzi_runs_names_its_resource(tmp_path: Path) -> None:
    home = "source: south, target: north, connectors: c"
    text = at_north(KUBERNETES, STRIMZI, connect="").replace(home, home.replace("connectors: c", "mirrorMaker2: home"))
    assert load(written(tmp_path, text)).link("south", "north").mirror_maker == "home"


def test_a_link_of_kafka_connectors_names_their_kafka_connect(tmp_path: Path) -> None:
    home = "source: south, target: north, connectors: c"
    link = load(written(tmp_path, at_north(KUBERNETES, STRIMZI, connect="").replace(home, f"{home}, kafkaConnect: k")))
    found = link.link("south", "north")
    assert (found.kafka_connect, found.mirror_maker, found.connectors) == ("k", "", tmp_path / "c")
    assert found.has_operator


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (at_north(STRIMZI), r":6: site north: strimzi needs kubernetes"),
        (at_north(KUBERNETES.replace(", pods: app=kafka", "")), r":6: .*kubernetes\.pods is missing"),
        (at_north(KUBERNETES.replace("kubeconfig: c", "kubeconfig: d")), "there is no file d"),
        (at_north(KUBERNETES.replace("kubeconfig: c, ", "")), "kubeconfig is missing"),
        (at_north(kafka="kafka: {canary: {topic: canary}}"), r":6: .*or strimzi\.listener and strimzi\.user"),
        (at_north(kafka="kafka: {canary: {topic: canary}}"), r":6: .*or strimzi\.listener and strimzi\.canaryUser"),
        (at_north(kafka=KAFKA.replace("clientProperties: c, canary", "canary")), "belong together"),
        (
            at_north(kafka=KAFKA.replace("topic: canary", "topic: drctl.canary-records")),
            "is what 'drctl canary' writes",
        ),
        (at_north(connect=""), r"link s-n: connectors need connect\.url at north"),
        (GOOD.replace("connectors: c", "mirrorMaker2: home"), "needs a strimzi part at south"),
        (GOOD.replace("connectors: c", "connectors: c, mirrorMaker2: home"), "name either connectors, or mirrorMaker2"),
        (GOOD.replace("connectors: c, ", ""), "name either connectors, or mirrorMaker2"),
        (
            GOOD.replace("connectors: c", "connectors: c, kafkaConnect: k"),
            "kafkaConnect needs connectors, and a strimzi",
        ),
        (
            at_north(KUBERNETES, STRIMZI).replace(
                "target: north, connectors: c", "target: north, mirrorMaker2: m, kafkaConnect: k"
            ),
            "kafkaConnect needs connectors",
        ),
        (at_north(KUBERNETES, STRIMZI.replace("cluster: north", "cluster: North")), "name of a Kubernetes resource"),
    ],
)
def test_what_could_not_be_reached_or_driven_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        load(written(tmp_path, text))
