"""A whole Anlan for tests: `anlan serve` in a process of its own, over a real store and a real socket."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from ports import hold_port
from stores import migrated_sqlite

from anlan.secrets_file import load_or_make_key
from anlan.store.audit import first_break, latest_entries
from anlan.store.database import Database
from anlan.store.keys import ApiKeys

START_S = 150.0
ALL_SCOPES = (
    "events:write", "decisions:read", "personal:read", "policies:read", "policies:write", "lists:write",
    "lexicon:write",
    "deliveries:write", "metrics:read", "reports:write", "sanctions:write", "funds:write",
    "members:write", "accounts:write", "security_events:read", "security_events:write",
    "alerts:write", "circles:write", "assistant:write",
)


class Served:
    """Starts on entering, stops gracefully on leaving.

    Args:
        folder: where its data lie.
        settings: more ANLAN_* variables, without the prefix.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = hold_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._store_url = settings.get("DATABASE_URL")
        own = {"DATA_DIR": str(folder / "var"), "PORT": str(self.port), **settings}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")},
            **{f"ANLAN_{name}": value for name, value in own.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None
        if self._store_url is None:
            folder = Path(own["DATA_DIR"])
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "anlan.db").exists():
                (folder / "anlan.db").write_bytes(migrated_sqlite())

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def start(self) -> None:
        """Start and wait until it is ready."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "anlan", "serve"], env=self.environment, cwd=self.folder, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and say with which code it ended."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(timeout=120)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The store beside the server."""
        folder = Path(self.environment["ANLAN_DATA_DIR"])
        opened = Database(self._store_url or f"sqlite:///{folder}/anlan.db", load_or_make_key(folder / "secret.key"))
        try:
            yield opened
        finally:
            opened.close()

    def new_key(self, *scopes: str, rate: float = 100_000.0) -> str:
        """A new key's secret, which the server knows when this returns."""
        return self.new_keys([scopes or ALL_SCOPES], rate)[0]

    def new_keys(self, scopes: Sequence[tuple[str, ...]], rate: float = 100_000.0) -> list[str]:
        """The secrets of new keys, one for each of `scopes`, all of which the server knows when this returns."""
        with self.database() as database:
            keys = ApiKeys(database)
            secrets = [keys.create("test", each, rate)[1] for each in scopes]
        headers = {"authorization": f"Bearer {secrets[-1]}"}
        while httpx.post(f"{self.url}/v1/events:batch", headers=headers, timeout=10).status_code == 401:
            time.sleep(0.2)  # it looks for new keys once a second
        return secrets

    def audited(self, act: str) -> int:
        """How often an act stands in the audit log, which must be whole."""
        with self.database() as database, database.read() as connection:
            assert first_break(connection) is None
            return sum(entry.act == act for entry in latest_entries(connection, 10_000))

    def client(self, secret: str) -> httpx.Client:
        """A client that sends this key."""
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {secret}"}, timeout=30)

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        found: dict[str, Any] = httpx.get(f"{self.url}/openapi.json", timeout=30).json()
        return found

    @property
    def log(self) -> str:
        """Everything the server wrote."""
        return (self.folder / "log").read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
