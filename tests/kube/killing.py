"""A move in a pod whose process stands still at a step by its own hand, and the pod that is then killed around it.

The instant is exact, however short the step is: a process that was stopped writes nothing more until its pod is gone.
"""

import subprocess
from dataclasses import dataclass, field

from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import Blocked, LabError, Locked
from drctl.lab.kube import KubeLab
from drctl.lab.kube.binaries import labkube
from drctl.lab.kube.controller import NAMESPACE, PLAN, Controller
from drctl.lab.kube.controller_image import VERSION
from drctl.lab.kube.kubectl import Kubectl
from tests.kube.controlling import CLOCK, SELECTOR, comes_to, drctl, killed_after, wait
from tests.kube.tenures import Death

BY = "a test"
"""Who begins and continues these moves, in the words of the journal."""
SCRIPT = '''
import os, signal, socket, sys
from dataclasses import replace
from pathlib import Path
from drctl.config import load
from drctl.errors import Blocked, DrctlError
from drctl.model.loss import AcceptedLoss
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import failover, runner, switchover
from drctl.wiring import open_world

file, kind, source, target, step, by = sys.argv[1:]


class Journal:
    """Stands still once it has written the first line about that step: its intent, or that it was found done."""

    def __init__(self, journal):
        self.journal = journal

    def append(self, run, event, name="", body=None):
        entry = self.journal.append(run, event, name, body)
        if name == step:
            print(f"at {step}", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return entry

    def __getattr__(self, name):
        return getattr(self.journal, name)


lost = kind == "failover"
overrides = {} if lost else {"target-weaker": "the lab has a single broker there"}
terms = Terms(by=by, host=socket.gethostname(), overrides=overrides)
with open_world(load(Path(file)), doubted=(source,) if lost else ()) as world:
    if lost:
        plan = failover.plan(world, source, target, observe=observe, accepted=AcceptedLoss(unknown=True))
    else:
        plan = switchover.plan(world, source, target, observe=observe)
    try:
        runner.run(plan, replace(world, journal=Journal(world.journal)), lambda progress: None, terms)
    except DrctlError as error:
        print(f"{error}: {getattr(error, 'reasons', '')}", file=sys.stderr, flush=True)
        # Connections to a lost site would hold it.
        os._exit(Blocked.exit_code if isinstance(error, Blocked) else error.exit_code)
'''
WEAKER = ("--override", "target-weaker", "--reason", "the lab has a single broker there")
PASSING = (Blocked.exit_code, Locked.exit_code)
"""What a beginning is told while the link or the positions are not yet ready again, or a service is just at work."""


class PodsRouting(FileClientRouting):
    """Client routing as the pods turn it: a file on their volume, read where the node has that mounted now."""

    def __init__(self, lab: KubeLab) -> None:
        claim = Kubectl(lab.kubectl.kubeconfig, NAMESPACE).get("pvc", "drctl-state")
        volume = lab.kubectl.get("pv", claim["spec"]["volumeName"])["spec"]["csi"]["volumeHandle"]
        self.lab, self.volume, self.told = lab, str(volume), ""
        super().__init__(lab.folder / "client-routing.json")

    def site(self) -> str | None:
        """Mounts come and go with pods: where none of them can be read now, it is what it was a moment ago."""
        for mount in self.lab.cluster.storage.mounts(self.volume):
            self.path = self.lab.cluster.node.seen_from_here(mount) / "client-routing.json"
            if self.path.exists():
                break
        return super().site()


@dataclass
class Killing:
    """One move from ``source`` to ``target``; ``deaths`` are those of the pods that were at work on it."""

    controller: Controller
    kind: str
    source: str
    target: str
    deaths: list[Death] = field(default_factory=list)

    def killed_at(self, step: str) -> None:
        """Begin the move, or go on with it, in a pod that has not just been killed, and kill that pod at the step."""
        deadline = CLOCK.monotonic() + 300
        while True:
            pod = self.next_pod()
            begun = self._begun(pod, step)
            try:
                told, said = self._told(begun)
                if told == f"at {step}":
                    self._kill(pod)
                    return
                code = begun.wait(60)
            finally:
                begun.kill()
                begun.communicate()
            assert code in PASSING, f"{self.kind} in {pod} did not come to {step}, and ended with {code}: {said}"
            assert CLOCK.monotonic() < deadline, f"{self.kind} may not begin: {said}"
            CLOCK.sleep(3)

    def next_pod(self) -> str:
        """A pod whose container runs, and of these the other replica of the one that was killed last."""
        return comes_to("a replica runs", lambda: running(self.controller), bool)[0]

    def resumed(self) -> None:
        """Run it to its end in a replica that was not killed, with the command that an operator gives."""
        pod = self.next_pod()
        words = ("exec", pod, "-c", "drctl", "--", "drctl", "runs", "resume")
        self.controller.kubectl.run(*words, seconds=400)

    def _begun(self, pod: str, step: str) -> "subprocess.Popen[str]":
        command = [labkube(), "kubectl", "--kubeconfig", str(self.controller.kubectl.kubeconfig), "-n", NAMESPACE]
        command += ["exec", pod, "-c", "drctl", "--", VERSION, "-c", SCRIPT]
        command += [f"{PLAN}/plan.yaml", self.kind, self.source, self.target, step, BY]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _told(self, begun: "subprocess.Popen[str]") -> tuple[str, str]:
        """Its one line, once it stands still; or nothing, and what it said when it ended."""
        assert begun.stdout is not None
        assert begun.stderr is not None
        with killed_after(400, begun):
            line = begun.stdout.readline().strip()
            return (line, "") if line else ("", begun.stderr.read()[-2000:])

    def _kill(self, pod: str) -> None:
        begun = CLOCK.now()
        self.controller.kubectl.run("delete", "pod", pod, "--grace-period=1", "--timeout=120s", seconds=150)
        self.deaths.append(Death(pod, begun, CLOCK.now()))


def running(controller: Controller) -> list[str]:
    """Pods that are not ending and whose container runs, the oldest first: who was just made comes last."""
    found = []
    for each in controller.kubectl.list("pods", SELECTOR):
        statuses = each.get("status", {}).get("containerStatuses", ())
        if "deletionTimestamp" not in each["metadata"] and any("running" in one["state"] for one in statuses):
            found.append((each["metadata"]["creationTimestamp"], each["metadata"]["name"]))
    return [name for _, name in sorted(found)]


def moved(controller: Controller, target: str) -> None:
    """A switchover by an operator's command, given again where its gates do not let it begin yet."""
    said: list[str] = []

    def done() -> bool:
        try:
            drctl(controller, "switchover", "--to", target, "--yes", *WEAKER)
        except LabError as refused:
            said[:] = [str(refused)]
            CLOCK.sleep(3)
            return False
        return True

    try:
        wait(f"the work is moved to {target}", done)
    except AssertionError as late:
        late.add_note("".join(said)[-2000:])
        raise
