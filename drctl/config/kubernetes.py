"""The ``kubernetes`` and ``strimzi`` parts of a site: what they let one leave out, and what they demand."""

from collections.abc import Callable, Iterator
from pathlib import Path

from drctl.config.parts import Spec
from drctl.config.registry import frozen_registry
from drctl.config.sites import SitePart
from drctl.model import site as model


def incomplete(spec: Spec, at: Callable[..., str]) -> Iterator[str]:
    """Sites that nobody could reach and links that nothing could drive, each with file and line."""
    for index, site in enumerate(spec.sites):
        yield from (at("sites", index) + f"site {site.name}: {fault}" for fault in _incomplete(site))
    yield from _undriven(spec, at)


def _incomplete(site: SitePart) -> Iterator[str]:
    """Return what a site may leave out only where something else tells it."""
    strimzi, kubernetes, kafka = site.strimzi, site.kubernetes, site.kafka
    if strimzi is not None and kubernetes is None:
        yield "strimzi needs kubernetes, which says where its resources are"
    if kubernetes is not None and kubernetes.pods is None and strimzi is None:
        yield "kubernetes.pods is missing: name the label selector of the broker pods, for example app=kafka"
    if (kafka.bootstrap_servers is None) != (kafka.client_properties is None):
        yield "kafka.bootstrapServers and kafka.clientProperties belong together"
    known = strimzi is not None and strimzi.listener is not None
    if kafka.client_properties is None and not (known and strimzi is not None and strimzi.user):
        yield "name kafka.bootstrapServers and kafka.clientProperties, or strimzi.listener and strimzi.user"
    if kafka.canary.client_properties is None and not (known and strimzi is not None and strimzi.canary_user):
        yield "name kafka.canary.clientProperties, or strimzi.listener and strimzi.canaryUser"


def _undriven(spec: Spec, at: Callable[..., str]) -> Iterator[str]:
    """Links that nothing could drive."""
    sites = {site.name: site for site in spec.sites}
    for index, link in enumerate(spec.links):
        target = sites.get(link.target)
        where = at("links", index) + f"link {link.name}: "
        if (link.connectors is None) == (link.mirror_maker2 is None):
            yield where + "name either connectors, or mirrorMaker2 where Strimzi runs it"
        elif target is None:
            continue
        elif link.mirror_maker2 and target.strimzi is None:
            yield where + f"mirrorMaker2 needs a strimzi part at {link.target}, where it runs"
        elif link.kafka_connect and (link.mirror_maker2 or target.strimzi is None):
            yield where + f"kafkaConnect needs connectors, and a strimzi part at {link.target}, where they run"
        elif link.connectors and not link.kafka_connect and target.connect is None:
            yield where + f"connectors need connect.url at {link.target}, where they run"


def frozen_site(here: Path, site: SitePart) -> model.Site:
    """A site of the plan file with paths made absolute; broker pods of Strimzi's are known by its own labels."""
    kafka, kubernetes, strimzi = site.kafka, site.kubernetes, site.strimzi
    selector = "" if strimzi is None else f"strimzi.io/cluster={strimzi.cluster},strimzi.io/broker-role=true"
    return model.Site(
        site.name,
        kafka.bootstrap_servers or "",
        _beside(here, kafka.client_properties),
        site.connect.url if site.connect is not None else "",
        model.Canary(_beside(here, kafka.canary.client_properties), kafka.canary.topic),
        None
        if kubernetes is None
        else model.Kubernetes(
            here / kubernetes.kubeconfig, kubernetes.context, kubernetes.namespace, kubernetes.pods or selector
        ),
        None
        if strimzi is None
        else model.Strimzi(
            strimzi.cluster,
            strimzi.listener or "",
            strimzi.user or "",
            strimzi.canary_user or "",
            strimzi.take_ownership,
        ),
        frozenset(site.platform_principals),
        frozen_registry(here, site.schema_registry),
        tuple(site.broker_metrics),
    )


def _beside(here: Path, file: str | None) -> Path | None:
    return None if file is None else here / file
