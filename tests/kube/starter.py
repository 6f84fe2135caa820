"""Start a Kubernetes in the folder that is named and say its number; it lives as long as standard input stays open."""

import sys
from pathlib import Path

from drctl.lab.kube import KubeCluster


def main(folder: Path) -> None:
    cluster = KubeCluster.start(folder)
    sys.stdout.write(f"{cluster.number}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
