"""Processes in groups of their own, so that a hanging one goes with all that it started."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from drctl.ports.commands import Ended
from drctl.redaction import names_a_secret

TELLING = re.compile(r"KEY|AUTH|CRED|DSN|UR[IL]|PASS|CERT")
KEPT = 64_000
"""Bytes of what a command says that are kept, the last ones."""


class CommandRunner:
    """Implements :class:`drctl.ports.Commands`. Commands run in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, command: Sequence[str], text: str, seconds: float) -> Ended:
        secrets = (tuple(command[1:]), _secret_environment())
        # Files, not pipes: a grandchild that outlives the command must not hold us up by holding a pipe open.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as wrong:
            given.write(text.encode())
            given.seek(0)
            try:
                process = subprocess.Popen(
                    list(command), stdin=given, stdout=said, stderr=wrong, cwd=self.folder, start_new_session=True
                )
            except (OSError, ValueError) as error:
                return Ended(None, errors=f"{command[0]}: {error}", secrets=secrets)
            code = None
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                return Ended(None, _end_of(said), _end_of(wrong), timed_out=True, secrets=secrets)
            finally:
                if code is None:  # by its deadline, or by whatever ends us
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            return Ended(code, _end_of(said), _end_of(wrong), secrets=secrets)


def _end_of(file: IO[bytes]) -> str:
    """Whole lines, where the beginning is left out: half a secret is not recognised as one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - KEPT))
    text = file.read().decode(errors="replace")
    return text.partition("\n")[2] or text if size > KEPT else text


def _secret_environment() -> dict[str, str]:
    """Variables that a command inherits and whose name says, or may say, that they hold a secret."""
    return {name: value for name, value in os.environ.items() if names_a_secret(name) or TELLING.search(name)}
