"""The CSI driver keeps the promises of CSI, by the conformance suite of its makers."""

import re
import subprocess
from pathlib import Path

from drctl.lab.kube.binaries import part

TRY = """
mkdir {folder}/volumes
{programs}/driver --volumes={folder}/volumes --socket={folder}/csi.sock --node=lab-node &
until [ -S {folder}/csi.sock ]; do sleep 0.1; done
exec {programs}/csi-sanity --csi.endpoint={folder}/csi.sock --csi.stagingdir={folder}/staging \
  --csi.mountdir={folder}/mount --csi.testvolumesize=33554432 --ginkgo.vv --ginkgo.no-color
"""
ABSENT = re.compile(r"not supported$|does not have single node multi writer capability$|testnodevolumeattachlimit not")
"""The reasons of tests for what a driver need not have, and this one does not."""


def test_the_driver_passes_every_test_of_csi_sanity_that_applies(tmp_path: Path) -> None:
    alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
    script = TRY.format(folder=tmp_path, programs=part("csi"))
    done = subprocess.run([*alone, "sh", "-c", script], capture_output=True, text=True, check=False, timeout=400)
    counted = re.search(r"(\d+) Passed \| (\d+) Failed", done.stdout)
    assert counted is not None, done.stdout + done.stderr
    assert (int(counted[2]), done.returncode) == (0, 0), done.stdout[-3000:]
    assert int(counted[1]) >= 46
    skipped = re.findall(r"^ *\[SKIPPED\] ([A-Za-z].*)$", done.stdout, re.MULTILINE)
    assert [reason for reason in skipped if not ABSENT.search(reason)] == []
