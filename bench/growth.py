"""What an event costs as the journal and the number of entities grow, and what memory it leaves behind.

Journals (and engines) of different sizes take the same number of events in turns, so that a busy machine slows all
alike.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path as Folder
from tempfile import TemporaryDirectory

import psutil
from msgspec.structs import replace

from anlan.domain.decisions import Judged
from anlan.engine.profiles import wanted
from anlan.protections.content.lexicon import Lexicon
from anlan.store.journal import Journal
from anlan.workshop import Workshop
from bench.commits import anew, judged_events, open_journal
from bench.measure import Figure, at_most, interleave, run_alone, show_table
from bench.path import Path
from bench.server import running
from bench.traffic import RECEIVED_AT, SECONDS_BETWEEN, START, make_bodies, make_lexicon, make_workshop

FILLED_TOGETHER = 2_000
COMMITTED_TOGETHER = 256
MIB = 1024 * 1024


def fill(journal: Journal, judged: Sequence[Judged], events: int) -> None:
    """Commit that many events."""
    for _ in range(0, events, FILLED_TOGETHER):
        journal.commit([anew(judged[number % len(judged)]) for number in range(FILLED_TOGETHER)])


def judge_and_commit(workshop: Workshop, bodies: Iterator[bytes], journal: Journal, events: int) -> Callable[[], None]:
    """What the next `events` events cost from bytes to a durable decision."""

    def work() -> None:
        for _ in range(0, events, COMMITTED_TOGETHER):
            judged = []
            for body in islice(bodies, COMMITTED_TOGETHER):
                event = workshop.catalogue.decode(body, RECEIVED_AT)
                workshop.engine.profiles.load(workshop.engine.profiles.missing(wanted(event)), ())
                judged.append(workshop.engine.judge(event, RECEIVED_AT))
            journal.commit(judged)

    return work


def journal_figures(lexicon: Lexicon, sizes: Sequence[int], rounds: int) -> list[Figure]:
    """CPU of an event in journals that hold `sizes` events already."""
    judged, workshop, bodies, events = judged_events(512), make_workshop(lexicon), make_bodies(10**9), 2_048
    with ExitStack() as stack:
        works = {}
        for size in sizes:
            folder = Folder(stack.enter_context(TemporaryDirectory()))
            database, journal = open_journal(f"sqlite:///{folder / 'bench.db'}")
            stack.callback(database.close)
            fill(journal, judged, size)
            works[f"{size:,}"] = judge_and_commit(workshop, bodies, journal, events)
        judge_and_commit(workshop, bodies, journal, events)()
        taken = interleave(works, rounds)
    costs = {name: seconds / events * 1e6 for name, seconds in taken.items()}
    first, *_, last = costs
    show_table("Bytes to durable decision by size of the journal", ["events in it", "CPU µs an event"],
               [[name, f"{us:.1f}"] for name, us in costs.items()])
    return [at_most(f"cost of an event: journal of {last} beside {first}", costs[last] / costs[first], 1.2)]


def meet(workshop: Workshop, accounts: int) -> None:
    """Every account sends one message."""
    body = next(make_bodies(1))
    event = workshop.catalogue.decode(body, RECEIVED_AT)
    apart = SECONDS_BETWEEN / accounts
    for number in range(accounts):
        data = replace(event.data, sender=f"a{number}", device=f"d{number}", text=f"hello {number}")
        met = replace(event, id=f"m{number}", time=START - 60 + number * apart, data=data)
        workshop.engine.profiles.load(workshop.engine.profiles.missing(wanted(met)), ())
        workshop.engine.judge(met, RECEIVED_AT)


def entity_figures(lexicon: Lexicon, sizes: Sequence[int], rounds: int) -> list[Figure]:
    """CPU of the whole path for engines that know `sizes` accounts."""
    works, events = {}, 2_048
    for size in sizes:
        workshop, bodies = make_workshop(lexicon), make_bodies(10**9, accounts=size)
        meet(workshop, size)
        turns = [list(islice(bodies, events)) for _ in range(rounds + 1)]
        path = Path(workshop.engine, RECEIVED_AT)
        path.run(turns.pop())
        works[f"{size:,}"] = lambda path=path, turns=turns: path.run(turns.pop(0))
    taken = interleave(works, rounds)
    costs = {name: seconds / events * 1e6 for name, seconds in taken.items()}
    first, *_, last = costs
    show_table("The whole path by number of accounts", ["accounts", "CPU µs an event"],
               [[name, f"{us:.1f}"] for name, us in costs.items()])
    return [Figure(f"cost of an event: {last} accounts beside {first}", f"{costs[last] / costs[first]:.2f}")]


def memory_figures(lexicon: Lexicon, events: int) -> list[Figure]:
    """Resident memory of an idle server, and what `events` events leave behind in this process."""
    with running("shipped") as server:
        time.sleep(3)
        idle = psutil.Process(server.pid).memory_info().rss / MIB
    path, process = Path(make_workshop(lexicon).engine, RECEIVED_AT), psutil.Process()
    bodies, step = make_bodies(events, accounts=1_000), events // 10
    resident = []
    for _ in range(10):
        for _ in range(10):
            path.run(list(islice(bodies, step // 10)))
        gc.collect()
        resident.append(process.memory_info().rss / MIB)
    print("resident MiB after each tenth of the events: " + ", ".join(f"{mib:.0f}" for mib in resident))
    name = f"resident MiB more after {events:,} events than after the first {3 * step:,}"
    return [
        at_most("idle server as shipped: resident MiB", idle, 300, "{:.0f}"),
        at_most(name, resident[-1] - resident[2], 15, "{:.0f}"),
    ]


def run(quick: bool) -> list[Figure]:
    """Print the tables; the figures of the Reach."""
    lexicon = make_lexicon()
    rounds = 3 if quick else 9
    # Memory first: what the journals leave in the allocator would blur it.
    memory = memory_figures(lexicon, 60_000 if quick else 1_000_000)
    return [
        *journal_figures(lexicon, (10_000, 50_000) if quick else (10_000, 100_000, 1_000_000), rounds),
        *entity_figures(lexicon, (1_000, 20_000) if quick else (1_000, 100_000, 1_000_000), rounds),
        *memory,
    ]


if __name__ == "__main__":
    run_alone(run)
