"""Fixtures that many tests share: the two databases, each fresh and migrated."""

import gc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import hypothesis
import pytest
import structlog
from servers import PostgresServer
from stores import BACKENDS, KEY, migrate, migrated_sqlite

from anlan.cli import GC_THRESHOLDS
from anlan.store.database import Database

# Drawing a traceback in colours, with every local, takes seconds of the event loop; servers write JSON and never do.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

# What a worker imports stays until it ends: looking through it for garbage would take a fifth of what tests cost.
gc.set_threshold(*GC_THRESHOLDS)

TEMPLATE = "anlan_template"
_numbers = count(1)

# The same examples on every run and at any speed: what fails by chance stops somebody who did not cause it.
hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL with one migrated template database."""
    server = PostgresServer()
    try:
        server.start()
        server.create(TEMPLATE)
        migrate(server.url(TEMPLATE))
        yield server
    finally:
        server.remove()


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a fresh, migrated database of the named backend and returns its URL."""
    made: list[str] = []

    def make(backend: str) -> str:
        name = f"anlan_{next(_numbers)}"
        if backend == "sqlite":
            (tmp_path / f"{name}.db").write_bytes(migrated_sqlite())
            return f"sqlite:///{tmp_path / name}.db"
        server: PostgresServer = request.getfixturevalue("postgres")
        server.create(name, TEMPLATE)
        made.append(name)
        return server.url(name)

    yield make
    for name in made:
        request.getfixturevalue("postgres").drop(name)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each test that asks for this runs once on each database."""
    return str(request.param)


@pytest.fixture
def database(backend: str, new_url: Callable[[str], str]) -> Iterator[Database]:
    """A fresh, migrated, empty store."""
    opened = Database(new_url(backend), KEY)
    yield opened
    opened.close()
