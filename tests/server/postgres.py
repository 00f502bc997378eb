"""A PostgreSQL cluster of the tests' own: made in a temporary directory, gone with the session.

Fixtures: `postgres_url` leads to an empty database, a new one for each test; `postgres_cluster` is the cluster of the
session, which a test must leave running.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_WAIT = 60.0
"""Seconds for anything that a cluster is asked to do."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "16MB",
    # What a crash of the machine would do to it is PostgreSQL's own business.
    "fsync": "off",
    "full_page_writes": "off",
}


# Becomes PostgreSQL, and leaves somebody behind who ends it, and removes its files, when the tests are gone without a
# word: then the read meets the end of the file. $1 is the folder, what follows is the command.
_WATCHED = """
exec 3<&0
(
  read -r _ <&3 && exit
  kill -INT $$
  while kill -0 $$ 2>/dev/null; do sleep 0.2; done
  rm -rf "$1"
) &
shift
exec "$@" 3<&- </dev/null
"""


class Programs(NamedTuple):
    """Where the two programs are."""

    initdb: Path
    postgres: Path


def find_programs() -> Programs | None:
    """Return the programs of the newest PostgreSQL on this machine, or ``None``."""
    in_path = (shutil.which("initdb"), shutil.which("postgres"))
    if all(in_path):
        return Programs(*(Path(str(found)).resolve() for found in in_path))
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: _number(folder.parent.name))
    for folder in reversed(folders):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return Programs(folder / "initdb", folder / "postgres")
    return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _runner() -> dict[str, Any]:
    """Return what `subprocess` needs to run PostgreSQL, which refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


class Cluster:
    """One cluster, which may be stopped, killed and started again at the same port."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._runner = _runner()
        self._folder = Path(tempfile.mkdtemp(prefix="rollbar-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        self.port = free_port()
        if self._runner:
            os.chown(self._folder, self._runner["user"], self._runner["group"])

    def make(self) -> None:
        """Make the files; skip the test, with the reason, where that cannot be done."""
        done = subprocess.run(  # noqa: S603 - a program of this machine
            [
                self._programs.initdb,
                *("-D", self._folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=_WAIT,
            check=False,
            **self._runner,
        )
        if done.returncode != 0:
            pytest.skip(f"PostgreSQL makes no cluster here: {done.stderr.strip()[-300:]}")

    def start(self) -> None:
        """Start it; on return it takes connections."""
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [self._programs.postgres, "-D", self._folder / "data", "-p", str(self.port)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - likewise
                ["/bin/sh", "-c", _WATCHED, "sh", self._folder, *command, *settings],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._runner,
            )
        ends_at = time.monotonic() + _WAIT
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > ends_at:
                told = (self._folder / "log").read_text("utf-8", "replace")
                self.stop()
                pytest.fail(f"PostgreSQL does not start: {told[-1000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it, cutting off who is connected. May be called more than once."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it at once, as a crash would."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it, and remove its files."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """Make an empty database, and return its URL."""
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://tester@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Execute a statement in a connection of its own, outside of a transaction."""
        import psycopg  # noqa: PLC0415 - it may not be there

        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=60) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def _takes_connections(self) -> bool:
        import psycopg  # noqa: PLC0415 - likewise

        with suppress(psycopg.OperationalError):
            self.execute("SELECT 1")
            return True
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.communicate(b"ended\n")
        self._process = None


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_cluster() -> Cluster:
    """Return a cluster that takes connections; skip the test, with the reason, where there can be none."""
    if find_spec("psycopg") is None:
        pytest.skip("needs the package psycopg: pip install 'rollbar-logging[postgres]'")
    programs = find_programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: initdb and postgres in PATH or under /usr/lib/postgresql")
    cluster = Cluster(programs)
    try:
        cluster.make()
        cluster.start()
    except BaseException:
        cluster.remove()
        raise
    return cluster


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The session's cluster, running."""
    cluster = new_cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """URL of an empty PostgreSQL database, a new one for each test."""
    return postgres_cluster.new_database()
