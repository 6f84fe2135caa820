"""The lab's one PostgreSQL: what both sites' sinks write to, as their users have one database.

It lies in the lab's folder, on a port of the loopback, and belongs to nobody's service. PostgreSQL declines to run as
root: then it runs as the user ``postgres``, who may not walk into the lab's folder and is handed it as an open file.
"""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from drctl.errors import LabError
from drctl.lab.certificates import write_secret
from drctl.lab.layout import password
from drctl.lab.processes import Processes

PROCESS = "postgres"
USER = "sinks"
UNPRIVILEGED = "postgres"

_DATA = "/proc/self/fd/9"
# On SIGQUIT, and only then, PostgreSQL ends at once and takes its shared memory with it. A change of user resets what
# the supervisor had asked of the kernel, so it is asked again and the parent looked at once more.
_OPEN = 'exec 8<"$1" 9<"$2"; shift 2; cd /; exec setpriv "$@" "$PPID"'
_RUN = f"""\
[ "$PPID" = "$4" ] || exit
[ -e {_DATA}/PG_VERSION ] || setpriv --pdeathsig QUIT "$1/initdb" -D {_DATA} --pwfile=/proc/self/fd/8 -U "$2" \\
    --auth=scram-sha-256 --encoding=UTF8 --no-locale --no-sync || exit
exec "$1/postgres" -D {_DATA} -p "$3" -c listen_addresses=localhost -c unix_socket_directories= -c fsync=off \\
    -c dynamic_shared_memory_type=mmap -c shared_buffers=16MB -c max_connections=40 -c log_min_messages=warning
"""


@dataclass(frozen=True, slots=True)
class Database:
    """PostgreSQL of the lab in that folder; its database is ``postgres``, its user owns it."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """For libpq and its like, password included."""
        return f"postgresql://{USER}:{_password()}@localhost:{self.port}/postgres"

    @property
    def jdbc_url(self) -> str:
        """For JDBC, without user and password."""
        return f"jdbc:postgresql://localhost:{self.port}/postgres"

    def launch(self, processes: Processes) -> None:
        """Start it (again); :meth:`ready` tells when it answers. LabError if PostgreSQL is not installed."""
        programs, data, secret = binaries(), self.folder / "data" / PROCESS, self.folder / "etc" / "postgres.password"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(secret, _password() + "\n")
        who: list[str] = []
        if os.getuid() == 0:
            user = _unprivileged()
            for path in (data, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
            who = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        run = ["--pdeathsig", "QUIT", "sh", "-c", _RUN, "sh", str(programs), USER, str(self.port)]
        command = ["sh", "-c", _OPEN, "sh", str(secret), str(data), *who, *run]
        processes.start(PROCESS, command, end="SIGQUIT")

    def ready(self) -> bool:
        """Whether it answers."""
        return self._psql("select 1").returncode == 0

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        """Return the rows of a statement, as text. LabError with PostgreSQL's own words if it fails."""
        done = self._psql(statement)
        if done.returncode:
            raise LabError(f"PostgreSQL declines: {done.stderr.strip()}", remedy="see logs/postgres.log")
        return [tuple(line.split("\x1f")) for line in done.stdout.split("\x1e") if line]

    def _psql(self, statement: str) -> "subprocess.CompletedProcess[str]":
        address = ["-h", "localhost", "-p", str(self.port), "-U", USER, "-d", "postgres"]
        shape = ["-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1", "-c", statement]
        env = {**os.environ, "PGPASSWORD": _password(), "PGCONNECT_TIMEOUT": "5"}
        command = [str(binaries() / "psql"), *address, *shape]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        done.stdout = done.stdout.removesuffix("\n")
        return done


def binaries() -> Path:
    """The folder with the newest PostgreSQL server's programs. LabError if there is none."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/postgres"), *Path("/usr").glob("pgsql-*/bin/postgres")]
    if found:
        return max(found, key=lambda path: int(re.findall(r"\d+", str(path))[0])).parent
    if elsewhere := shutil.which("postgres"):
        return Path(elsewhere).resolve().parent
    raise LabError("there is no PostgreSQL server", remedy="run 'make setup', which installs or names it")


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(UNPRIVILEGED)
    except KeyError as error:
        raise LabError(
            f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED}", remedy="run as another user"
        ) from error


def _password() -> str:
    return password(USER, "postgres")
