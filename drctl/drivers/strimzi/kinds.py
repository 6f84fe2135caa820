"""Strimzi's kinds in the version that a site serves. The two sites may differ: v1 came in 0.49, v1beta2 went in 1.0."""

from drctl.errors import NotFound
from drctl.model.resources import Kind
from drctl.ports import Resources

KNOWN = ("v1", "v1beta2")


def served(resources: Resources, kind: Kind) -> Kind:
    """The kind in the newest version that drctl knows. NotFound where there is none of its definitions.

    Asked each time: Strimzi may be upgraded while drctl runs.
    """
    versions = resources.served(kind.group)
    for version in KNOWN:
        if version in versions:
            return kind.at(version)
    found = f"serves only {', '.join(versions)}" if versions else "is not served"
    raise NotFound(
        f"the API group {kind.group} {found}",
        remedy=f"install Strimzi's definitions, in version {' or '.join(KNOWN)}",
    )
