"""Say what to do about a cause: wait, repair or fail over. The further it reaches the more it takes to believe it."""

from typing import NamedTuple

from drctl.model.cause import Cause, CauseScope, Response, SiteHealth

STUCK = (
    "CrashLoopBackOff",
    "CreateContainer",
    "ErrImage",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "PostStartHookError",
    "PreCreateHookError",
    "PreStartHookError",
    "RunContainerError",
    "SchedulerError",
    "SchedulingGated",
    "SignatureValidationFailed",
    "Unschedulable",
)
"""How Kubernetes' words for a pod begin that does not come back by itself, however often it is tried again."""


class CauseResponse(NamedTuple):
    """Say what to do, and how."""

    do: Response
    how: str


STUCK_BROKER = CauseResponse(
    Response.REPAIR,
    "what the others lead is served meanwhile; Kubernetes tries again and fails each time: see 'kubectl describe pod'"
    " and its log",
)
UNSEEN = CauseResponse(
    Response.WAIT, "find out why it cannot be seen: what nobody sees is no reason to move anything to the other site"
)
RESPONSES = {
    CauseScope.BROKER: CauseResponse(
        Response.WAIT,
        "what the others lead is served meanwhile; it catches up once it is started again, by Kubernetes or whoever"
        " supervises it",
    ),
    CauseScope.VOLUME: CauseResponse(
        Response.REPAIR,
        "what the others lead is served meanwhile; give the volume back, or room, and delete the pod, which keeps a"
        " dead mount; a volume that is lost is replaced by an empty one, which the broker fills from the others: only"
        " while every partition has a leader, since one without may have its last whole copy there, and one volume at a"
        " time",
    ),
    CauseScope.NODE: CauseResponse(
        Response.REPAIR,
        "what brokers elsewhere lead is served meanwhile; bring the node back, or, if it is off for certain, taint it"
        " node.kubernetes.io/out-of-service, so that its volumes are let go and its pods move",
    ),
    CauseScope.ZONE: CauseResponse(
        Response.REPAIR,
        "what brokers in other zones lead is served meanwhile; bring the zone back, which moves no data",
    ),
    CauseScope.CONTROLLERS: CauseResponse(
        Response.REPAIR,
        "partitions that have a leader are served meanwhile; start or thaw controllers until most of them are there",
    ),
    CauseScope.UNKNOWN: CauseResponse(
        Response.WAIT, "look from a second place before anything is moved: one observer alone does not call a site lost"
    ),
    CauseScope.NETWORK: CauseResponse(
        Response.REPAIR,
        "the site serves whoever reaches it, and replication catches up once the network is back: a failover would"
        " open a second site to writes",
    ),
    CauseScope.SITE: CauseResponse(
        Response.FAILOVER, "if it does not return within its objective: 'drctl failover', which states the loss first"
    ),
}


def is_stuck(trouble: str) -> bool:
    """Whether a pod of which Kubernetes tells this trouble does not come back by itself."""
    return trouble.startswith(STUCK)


def response(cause: Cause) -> CauseResponse | None:
    """Return what to do about a cause; None where nothing is wrong."""
    if cause.scope is CauseScope.BROKER and cause.stuck:
        return STUCK_BROKER
    return RESPONSES.get(cause.scope)


def proposed(found: SiteHealth) -> CauseResponse | None:
    """Return what to do about the widest cause at a site, or about what was not seen there; None where all is well."""
    if found.causes:
        return response(found.causes[0])
    return UNSEEN if found.blind else None
