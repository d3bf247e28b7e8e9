"""A whole house in this process, over a real store: events in, answers out, and what is in the store afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from spine import envelope
from sqlalchemy import Table, func, select

from anlan.app import House
from anlan.settings import Settings
from anlan.store.counters import load_snapshots
from anlan.store.database import Database
from anlan.store.tables import decisions


def settings_for(folder: Path, url: str, **more: Any) -> Settings:
    """Settings of a house that keeps its files in `folder`."""
    return Settings(_env_file=None, data_dir=folder, database_url=url, **more)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[House]:
    """A house that has started, and stops in the end."""
    house = House(settings)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()
        # A house shuts its loop's threads down when it stops; these tests start another one on the same loop.
        loop: Any = asyncio.get_running_loop()
        loop._executor_shutdown_called, loop._default_executor = False, None



def hello(number: int, sender: str = "ann", **data: Any) -> bytes:
    """A message of `sender`; the same number is the same event."""
    return envelope("message.sent", f"e{number}", {"sender": sender, "text": f"hello {number}", **data})


def read(answer: bytes) -> dict[str, Any]:
    """An answer as plain data."""
    found: dict[str, Any] = msgspec.json.decode(answer)
    return found


def count_judged(database: Database) -> int:
    """How many events have a decision; second looks come when they come."""
    with database.read() as connection:
        first = select(func.count()).where(decisions.c.pass_number == 1)
        return int(connection.execute(first).scalar_one())


def count(database: Database, table: Table) -> int:
    """How many rows a table has."""
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def states(house: House) -> dict[str, bytes]:
    """Every counter's state; two that are equal read the same for every key and time."""
    return {name: house.workshop.counters.snapshot(name) for name in house.workshop.counters.by_name}


async def recovered_states(settings: Settings) -> dict[str, bytes]:
    """The counters of a fresh start over the same store."""
    async with running(settings) as fresh:
        return states(fresh)


async def wait_until_whole(house: House) -> None:
    """Until counters and profiles hold what was accepted."""
    async with asyncio.timeout(60):
        while not house.intake.is_whole:
            await asyncio.sleep(0.01)


def forget_snapshots(database: Database) -> None:
    """As if none had ever been saved: everything is counted from the journal."""
    assert load_snapshots(database) is not None
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM counter_snapshots")
