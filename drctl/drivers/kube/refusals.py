"""Tell what an API server's refusals are to drctl: the class of error for each status, and what to do."""

from collections.abc import Mapping
from typing import Any

from drctl.errors import Conflict, DrctlError, Forbidden, NotFound, Unauthenticated, Unreachable

ERROR = 64_000
"""Bytes of an error that are looked through."""


def conflicts(told: Mapping[str, Any]) -> list[str]:
    """Return who manages the first field that cannot be applied, and that field; nothing where no field is the reason.

    The sentence of the whole has the form of a secret under its key, ``"manager": .field``.
    """
    details = told.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    for each in causes if isinstance(causes, list) else ():
        if isinstance(each, Mapping) and each.get("reason") == "FieldManagerConflict":
            count = str(told.get("message", "")).partition(":")[0][:ERROR]
            return [count, str(each.get("message", ""))[:ERROR], str(each.get("field", ""))[:ERROR]]
    return []


class Expired(Unreachable):
    """The server does not know that version any more, or not yet: list again. Never leaves this family."""


_SETTLE = "wait until the API server has settled"
REFUSALS: Mapping[int, tuple[type[DrctlError], str]] = {
    401: (Unauthenticated, "renew the credentials of the kubeconfig's user"),
    403: (Forbidden, "grant that verb to the kubeconfig's user by a Role or ClusterRole"),
    404: (NotFound, "correct the name; a kind that is not there lacks its definition (CRD)"),
    409: (Conflict, "look at the resource again: somebody else changes or owns it"),
    410: (Expired, ""),
    422: (Conflict, "the resource does not allow that: see which field it names"),
    # What a server answers that has not yet come to the version which was asked for ("Too large resource
    # version"): list again, as for one that it has forgotten.
    504: (Expired, ""),
    **dict.fromkeys((408, 429, 500, 502, 503), (Unreachable, _SETTLE)),
}
