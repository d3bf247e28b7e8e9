"""How many events a second the store makes durable by size of commit, beside what the disk gives to a bare fsync."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from anlan.domain.decisions import Judged
from anlan.domain.keys import decision_id, event_key
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.vault import Codec
from bench.measure import Figure, run_alone, show_table
from bench.traffic import RECEIVED_AT, make_bodies, make_lexicon, make_workshop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import PostgresServer

SIZES = (1, 16, 64, 256)
PAGE = bytes(4096)


def judged_events(events: int) -> list[Judged]:
    """Messages with their decisions, as the engine makes them."""
    workshop = make_workshop(make_lexicon(1_000))
    return [
        workshop.engine.judge(workshop.catalogue.decode(body, RECEIVED_AT), RECEIVED_AT)
        for body in make_bodies(events)
    ]


_numbers = count()


def anew(one: Judged) -> Judged:
    """The same event and decision under an id that was never used."""
    event = replace(one.event, id=f"again{next(_numbers)}")
    return replace(
        one, event=event, decision=replace(one.decision, id=decision_id(event_key(event.source, event.id), 1))
    )


def open_journal(url: str) -> tuple[Database, Journal]:
    """A migrated journal at `url`."""
    database = Database(url, bytes(32))
    database.migrate()
    return database, Journal(database, Codec(database.vault))


def fsyncs_per_s(folder: Path, seconds: float) -> float:
    """Appends of one page, each made durable, that the disk takes in a second."""
    done, began = 0, time.perf_counter()
    with (folder / "probe").open("ab", buffering=0) as file:
        while time.perf_counter() - began < seconds:
            file.write(PAGE)
            os.fdatasync(file.fileno())
            done += 1
    return done / (time.perf_counter() - began)


def rate(journal: Journal, judged: Sequence[Judged], size: int, seconds: float) -> tuple[float, float]:
    """(events a second on the wall, CPU microseconds an event) in commits of `size`."""
    fresh = (anew(one) for _ in count() for one in judged)
    done, cpu_s, wall_s = 0, 0.0, 0.0
    while wall_s < seconds:
        batch = list(islice(fresh, size))
        began, used = time.perf_counter(), time.process_time()
        journal.commit(batch)
        wall_s, cpu_s = wall_s + time.perf_counter() - began, cpu_s + time.process_time() - used
        done += size
    return done / wall_s, cpu_s / done * 1e6


def postgres_url(stack: ExitStack) -> str | None:
    """A fresh database of a server that is durable, until the stack ends; None, and said, where there is none."""
    try:
        server = PostgresServer(is_durable=True)
    except (ImportError, RuntimeError, OSError) as error:
        print(f"PostgreSQL is left out: {error}")
        return None
    stack.callback(server.remove)
    server.start()
    server.create("bench")
    url: str = server.url("bench")
    return url


def _open_postgres(stack: ExitStack) -> Journal | None:
    if (url := postgres_url(stack)) is None:
        return None
    database, journal = open_journal(url)
    stack.callback(database.close)
    return journal


def run(quick: bool) -> list[Figure]:
    """Print the table; nothing was promised but that it is known."""
    seconds, rounds = (0.3, 2) if quick else (1.0, 3)
    judged = judged_events(512)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        database, journal = open_journal(f"sqlite:///{folder / 'bench.db'}")
        stack.callback(database.close)
        journals = {"SQLite": journal}
        if postgres := _open_postgres(stack):
            journals["PostgreSQL"] = postgres
        probes: list[float] = []
        taken: dict[tuple[str, int], list[tuple[float, float]]] = {(n, size): [] for n in journals for size in SIZES}
        for _ in range(rounds):
            probes.append(fsyncs_per_s(folder, seconds))
            for name, size in taken:
                taken[name, size].append(rate(journals[name], judged, size, seconds))
    flushes = median(probes)
    middle: Callable[[str, int, int], float] = lambda name, size, at: median(row[at] for row in taken[name, size])  # noqa: E731
    show_table(
        f"Durable commits: events/s on the wall (CPU µs an event); the disk gives {flushes:,.0f} fsyncs/s",
        ["events in a commit", *journals],
        [
            [size, *(f"{middle(name, size, 0):,.0f} ({middle(name, size, 1):.0f})" for name in journals)]
            for size in SIZES
        ],
    )
    figures = [Figure("fsyncs/s of the disk, one page each", f"{flushes:,.0f}")]
    for name in journals:
        figures += [
            Figure(f"{name}: durable commits/s of one event", f"{middle(name, 1, 0):,.0f}"),
            Figure(f"{name}: durable events/s in commits of 256", f"{middle(name, 256, 0):,.0f}"),
        ]
    return figures


if __name__ == "__main__":
    run_alone(run)
