"""Faults of what pods depend on: storage driver, API server, and the network between the sites; with their repairs.

None of them touches a broker, so each is done beside a pod that is named as the others' target is.
"""

from drctl.lab.faults import FAULTS
from drctl.lab.injecting import FaultEvidence, connects, forwards
from drctl.lab.kube import brokers
from drctl.lab.kube.evidence import measured, require_pod, seen, until
from drctl.lab.kube.lab import SITE, KubeLab
from drctl.lab.layout import other, wire

API_SERVER = "kube-apiserver"


def kill_csi_driver(lab: KubeLab, pod: str) -> FaultEvidence:
    """Kill the CSI driver: what is mounted stays, and nothing can be mounted or attached. Seen by kubelet.

    It measures the pod's volume no longer, of which it asks the driver.
    """
    require_pod(lab, pod)
    claim = brokers.claim(pod)
    until(lab, f"kubelet measures claim {claim}", lambda: claim in (measured(lab, pod) or {}))
    at = lab.clock.now()
    lab.cluster.storage.kill_driver()

    def unmeasured() -> str:
        told = measured(lab, pod)
        return f"pod {pod} is measured, claim {claim} no longer" if told is not None and claim not in told else ""

    return seen(lab, "kill-csi-driver", pod, at, by="kubelet", look=unmeasured)


def freeze_api_server(lab: KubeLab, pod: str) -> FaultEvidence:
    """SIGSTOP to the API server, while brokers go on. Seen by a client of it, whose connection is never answered."""
    require_pod(lab, pod)
    address, at = lab.cluster.plane.address, lab.clock.now()
    lab.cluster.processes.signal(API_SERVER, "SIGSTOP")

    def silent() -> str:
        if not connects(address.api, address.host) or forwards(address.api, address.host):
            return ""
        return f"port {address.api} of {address.host} takes connections and answers nothing"

    return seen(lab, "freeze-api-server", pod, at, by="a client of it", look=silent)


def cut_network(lab: KubeLab, pod: str) -> FaultEvidence:
    """Cut the network between the sites, both ways. Seen by probes through the wires and past them.

    Clients of either site, and drctl beside both, do not notice.
    """
    require_pod(lab, pod)
    ways = [FAULTS["cut-link"](lab, site) for site in (SITE, other(SITE))]
    told = "; ".join(each.observation for each in ways)
    return FaultEvidence("cut-network", pod, ways[0].injected_at, ways[0].observer, told, ways[-1].observed_at)


def mend_outages(lab: KubeLab) -> None:
    """End all of these, the API server first, since nothing else can be asked before; each may not be there."""
    processes = lab.cluster.processes
    if processes.status(API_SERVER).state == "stopped":
        processes.signal(API_SERVER, "SIGCONT")
        until(lab, "the API server answers", lab.kubectl.answers)
    for site in (SITE, other(SITE)):
        if lab.processes.status(wire(site)).state == "stopped":
            FAULTS["heal-link"](lab, site)
    if processes.status("kubelet").state == "gone":
        lab.cluster.node.start_kubelet()
    # A frozen API server takes no lease, so that the node may be thought to be lost right after.
    until(lab, "the node is ready", lab.cluster.node.ready)
    if not lab.cluster.storage.driver_runs():
        lab.cluster.storage.restart_driver()
