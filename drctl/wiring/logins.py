"""How drctl and its canary reach a site and log in: by properties files, or as Strimzi's resources tell."""

from collections.abc import Callable

from drctl.drivers.kafka.login import LoginSource
from drctl.drivers.kafka.properties import load as load_properties
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.strimzi.access import StrimziAccess
from drctl.model.site import Site
from drctl.ports import Clock


def kubernetes_of(site: Site, clock: Clock) -> KubeResources | None:
    """Return the API server of a site's pods; None where the plan file names none."""
    place = site.kubernetes
    if place is None:
        return None
    return KubeResources(site.name, place.kubeconfig, place.context, place.namespace, clock)


def ordinary_client(site: Site, kube: KubeResources | None) -> LoginSource:
    """Return where it is read how a site's canary reaches it and logs in."""
    file = site.canary.client_properties
    # Without drctl's own client properties the API server is asked for the addresses.
    files = (file,) if file is not None and site.client_properties is not None else ()

    def ask() -> dict[str, str]:
        login = load_properties(file) if file is not None else (login_of(site, kube, canary=True) or dict)()
        if site.client_properties is not None:
            return {**login, "bootstrap.servers": site.bootstrap_servers}
        return {**login, "bootstrap.servers": (login_of(site, kube) or dict)()["bootstrap.servers"]}

    return LoginSource(ask, files)


def canary_settings(site: Site, kube: KubeResources | None) -> Callable[[], dict[str, str]]:
    """Return what tells how the canary logs in, also with a certificate that is out of date."""
    file = site.canary.client_properties
    if file is not None:
        return lambda: load_properties(file, outdated=True)
    return login_of(site, kube, canary=True) or dict


def login_of(site: Site, kube: KubeResources | None, *, canary: bool = False) -> Callable[[], dict[str, str]] | None:
    """Return what tells how drctl or its canary logs in; None where Strimzi's resources do not."""
    if site.strimzi is None or kube is None:
        return None
    access = StrimziAccess(site, site.strimzi, kube)
    user = site.strimzi.canary_user if canary else site.strimzi.user
    return lambda: access.client(user)
