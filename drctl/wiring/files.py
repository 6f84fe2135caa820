"""Check the files that a plan file names."""

from collections.abc import Callable
from functools import partial

from drctl.drivers.connect.definitions import read as read_definitions
from drctl.drivers.kafka.properties import load as load_properties
from drctl.drivers.registry.schemas import login_in, trust_in
from drctl.errors import DrctlError
from drctl.model.plan_file import PlanFile


def file_errors(plan: PlanFile) -> list[DrctlError]:
    """Return what is wrong in the files that a plan file names, each once; nothing is connected to."""
    files = {site.client_properties for site in plan.sites} | {site.canary.client_properties for site in plan.sites}
    checks: list[Callable[[], object]] = [partial(load_properties, file) for file in sorted(filter(None, files))]
    checks += [partial(read_definitions, link) for link in plan.links if not link.mirror_maker]
    for place in filter(None, (site.schema_registry for site in plan.sites)):
        checks += [partial(login_in, place.credentials), partial(trust_in, place.authorities)]
    found: list[DrctlError] = []
    for check in checks:
        try:
            check()
        except DrctlError as error:
            found.append(error)
    return found
