"""Makes the class-data archives that let the lab's JVMs start with less work; set-up runs this once per cache.

``python -m drctl.lab.archive`` starts a small lab whose JVMs write down on a clean exit which classes they had loaded.
A lab works without archives, so whoever cannot make them has only a slower lab.
"""

import os
import tempfile
from pathlib import Path

from drctl.lab.lab import Lab
from drctl.lab.layout import archive

PROGRAMS = {"south-connect": "org.apache.kafka.connect.cli.ConnectDistributed", "north-broker-1": "kafka.Kafka"}
"""Of each program the process that loads the most classes: south's worker runs the link."""


def make() -> None:
    """Write every program's archive. LabError if the lab cannot start."""
    with tempfile.TemporaryDirectory(prefix="drctl-classes-") as folder:
        written = Path(folder) / "classes.jsa"
        # Every JVM of the lab reads this and would write to the same file: they end one after the other.
        os.environ["JAVA_TOOL_OPTIONS"] = f"-XX:ArchiveClassesAtExit={written}"
        with Lab.start(Path(folder) / "lab", small=True) as lab:
            for process, main in PROGRAMS.items():
                written.unlink(missing_ok=True)
                lab.processes.terminate(process, 120)
                archive(main).parent.mkdir(exist_ok=True)
                part = archive(main).with_suffix(".part")
                part.write_bytes(written.read_bytes())
                part.rename(archive(main))


if __name__ == "__main__":
    make()
