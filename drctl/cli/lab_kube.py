"""drctl lab kube."""

import shlex
from pathlib import Path

import click

from drctl.cli.output import echo
from drctl.errors import LabError

folder_option = click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="The lab's folder; also DRCTL_LAB."
)


def _folder(folder: Path | None) -> Path:
    from drctl.lab import default_folder

    return folder or default_folder().with_name("lab-kube")


@click.group("kube")
def command() -> None:
    """The lab with its northern brokers as pods of a real Kubernetes."""


@command.command()
@folder_option
@click.option("--small", is_flag=True, help="One broker at the southern site instead of three.")
def up(folder: Path | None, *, small: bool) -> None:
    """Start Kubernetes, both sites and the link; a lab that runs already is found."""
    from drctl.lab.kube import KubeLab

    folder = _folder(folder)
    try:
        lab = KubeLab.attach(folder)
    except LabError:
        lab = KubeLab.start(folder, small=small, progress=lambda line: echo(line, err=True))
        lab.detach()
    else:
        echo(lab.described(small=small), err=True)
    echo(f"plan file: {lab.plan_file}")
    echo(f"kubeconfig: {lab.kubectl.kubeconfig}")
    echo(f"try: drctl -f {lab.plan_file} status", err=True)


@command.command()
@folder_option
def down(folder: Path | None) -> None:
    """End every process and pod of the lab and remove its folder."""
    from drctl.lab.kube import KubeLab

    KubeLab.attach(_folder(folder)).down()
    echo("the lab is down", err=True)


@command.command(context_settings={"ignore_unknown_options": True})
@folder_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kubectl(folder: Path | None, arguments: tuple[str, ...]) -> None:
    """Run kubectl on the lab's Kubernetes, as its administrator."""
    from drctl.lab.kube import KubeLab

    echo(KubeLab.attach(_folder(folder)).kubectl.run(*arguments), nl=False)


@command.command()
@click.argument("kind")
@click.argument("pod")
@folder_option
def fault(kind: str, pod: str, folder: Path | None) -> None:
    """Do something bad to a broker pod, or to what it depends on, and show who else saw it.

    \b
    The pod: kill-pod, kill-inside, lose-image, forbid-scheduling
    Its volume: detach-volume, lose-volume, fail-writes, fill-volume,
                report-abnormal, refuse-attach
    Its node: lose-node
    The storage driver: kill-csi-driver
    The API server: freeze-api-server
    The network between the sites: cut-network
    All of it again as it was: heal
    """  # noqa: D301
    from drctl.lab.kube import KubeLab
    from drctl.lab.kube.faults import FAULTS

    if kind not in FAULTS:
        raise click.BadParameter(f"{kind!r} is none of {', '.join(sorted(FAULTS))}", param_hint="KIND")
    evidence = FAULTS[kind](KubeLab.attach(_folder(folder)), pod)
    echo(f"{evidence.fault} of {evidence.target} at {evidence.injected_at:%H:%M:%S}")
    echo(f"seen by {evidence.observer}: {evidence.observation}")


@command.command()
@folder_option
def install(folder: Path | None) -> None:
    """Install drctl in the lab's Kubernetes as deploy/ ships it: two pods that look after both sites of the lab.

    Its image is made from what is installed on this machine. Given again, it upgrades. It needs a checkout.
    """
    from drctl.lab.kube import KubeLab
    from drctl.lab.kube.controller import Controller

    controller = Controller(KubeLab.attach(_folder(folder)))
    echo("making the image, applying the manifests and waiting for two pods", err=True)
    controller.install()
    echo(controller.kubectl.run("get", "deployments,pods,leases"), nl=False)
    at = f" --dir {shlex.quote(str(folder))}" if folder else ""
    echo(f"try: drctl lab kube kubectl{at} -- -n drctl exec deploy/drctl -- drctl status", err=True)


@command.command()
@folder_option
def uninstall(folder: Path | None) -> None:
    """Take drctl out of the lab's Kubernetes again, and say what stays."""
    from drctl.lab.kube import KubeLab
    from drctl.lab.kube.controller import Controller

    lab = KubeLab.attach(_folder(folder))
    for volume in Controller(lab).uninstall():
        echo(f"stays: volume {volume}, with epoch and journal; 'kubectl delete pv {volume}' forgets them")
    echo(f"stay: deny rules and positions at the sites, which 'drctl -f {lab.plan_file} status -o wide' shows")
