"""Commits events for ever and prints the key of each once it is durable; run and killed by test_kill.py.

For each number on its input a child is forked, says its process number, and commits until it is killed; then a line
that is only a dot follows. What all of them import is imported once.
"""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from judged import MUTE, judged, key_of

from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.vault import Codec
from anlan.store.writer import Writer


async def commit_for_ever(url: str, number: int) -> None:
    """Twenty senders, each waiting for its answer before it sends again."""
    database = Database(url, bytes(range(32)))
    writer = Writer(Journal(database, Codec(database.vault)))

    async def send(sender: int) -> None:
        for turn in range(1_000_000):
            one = judged(number + sender + 20 * turn, "block", (MUTE,))
            await writer.submit(one)
            print(key_of(one), flush=True)  # noqa: T201 - this is how it acknowledges

    await asyncio.gather(*(send(sender) for sender in range(20)))


for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if child == 0:
        print(os.getpid(), flush=True)  # noqa: T201 - so that it can be killed
        asyncio.run(commit_for_ever(sys.argv[1], int(line)))
    os.waitpid(child, 0)
    print("\n.", flush=True)  # noqa: T201 - what stands before may have been cut off
