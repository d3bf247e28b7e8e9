"""A process that is killed while it commits: what it acknowledged is there once, the rest whole or not at all."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from stores import KEY

from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import decisions, events, outbox
from anlan.store.vault import Codec

COMMITTER = Path(__file__).with_name("committer.py")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", [10, pytest.param(300, marks=pytest.mark.soak)])
def test_nothing_that_was_acknowledged_is_lost_by_kill_9(
    backend: str, new_url: Callable[[str], str], kills: int
) -> None:
    url, chance = new_url(backend), random.Random(7)
    acknowledged: list[str] = []
    command = [sys.executable, str(COMMITTER), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as committer:
        assert committer.stdin
        assert committer.stdout
        for life in range(kills):
            print(life * 1_000_000, file=committer.stdin, flush=True)
            child = int(committer.stdout.readline())
            acknowledged.append(committer.stdout.readline().strip())  # it has begun
            time.sleep(chance.uniform(0.0, 0.15))
            os.kill(child, signal.SIGKILL)
            said = list(iter(committer.stdout.readline, ".\n"))
            acknowledged += [line.strip() for line in said[:-1]]  # the last line may be cut
    assert len(acknowledged) > kills
    check_store(Database(url, KEY), acknowledged)


def check_store(database: Database, acknowledged: list[str]) -> None:
    """Every acknowledged event once, every event decided and its message in the outbox, numbers without gaps."""
    with database.read() as connection:
        stored = connection.execute(select(events.c.key).order_by(events.c.seq)).scalars().all()
        last = connection.execute(select(func.max(events.c.seq))).scalar_one()
        tables = (decisions, outbox)
        others = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
    assert len(set(stored)) == len(stored) == last
    assert others == [last, last]
    missing = set(acknowledged) - set(stored)
    assert not missing, f"{len(missing)} of {len(acknowledged)} acknowledged events are lost"
    Journal(database, Codec(database.vault)).commit([])
    database.close()
