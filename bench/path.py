"""What the whole path costs in one process, bytes in to record bytes out, beside a bare loop written by hand.

In both: decode, entities, 6 counters, a lexicon of 100,000 terms, 100 policies, verdict, answer and record. Neither has
a statistical model; what the demo's traffic costs with everything on is measured beside it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from anlan import clock
from anlan.clock import stopwatch
from anlan.demo.simulation import simulate
from anlan.domain.decisions import Judged, answer
from anlan.domain.keys import event_key
from anlan.engine.pipeline import Engine
from anlan.engine.profiles import wanted
from anlan.settings import Settings
from anlan.store.batch import Batch
from anlan.store.vault import Codec, Vault
from anlan.workshop import build_workshop, starter_set
from bench.bare import bare_loop
from bench.measure import Figure, at_least, cpu_seconds, interleave, run_alone, show_table
from bench.traffic import RECEIVED_AT, make_bodies, make_engine, make_lexicon, make_rules

COMMITTED_TOGETHER = 256
PARTS = ("decode", "key and entities", "judge", "answer", "record")
Loop = Callable[[Sequence[bytes]], int]


def our_loop(engine: Engine, codec: Codec, received_at: float) -> Loop:
    """What intake and the writer do for each event, without the event loop and the disk; returns the findings."""
    decode, profiles = engine.registry.catalogue.decode, engine.profiles

    def loop(bodies: Sequence[bytes]) -> int:
        waiting: list[Judged] = []
        findings = 0
        for body in bodies:
            event = decode(body, received_at)
            event_key(event.source, event.id)
            if missing := profiles.missing(wanted(event)):
                profiles.load(missing, ())
            judged = engine.judge(event, received_at)
            answer(judged.decision)
            findings += len(judged.decision.findings)
            waiting.append(judged)
            if len(waiting) == COMMITTED_TOGETHER:
                Batch(waiting, codec)
                waiting = []
        Batch(waiting, codec)
        return findings

    return loop


def measure_parts(engine: Engine, codec: Codec, bodies: Sequence[bytes], received_at: float) -> list[float]:
    """Seconds on the wall in each of `PARTS`."""
    decode, profiles = engine.registry.catalogue.decode, engine.profiles
    parts = [0.0] * len(PARTS)
    waiting: list[Judged] = []
    for body in bodies:
        marks = [stopwatch()]
        event = decode(body, received_at)
        marks.append(stopwatch())
        event_key(event.source, event.id)
        if missing := profiles.missing(wanted(event)):
            profiles.load(missing, ())
        marks.append(stopwatch())
        judged = engine.judge(event, received_at)
        marks.append(stopwatch())
        answer(judged.decision)
        marks.append(stopwatch())
        waiting.append(judged)
        if len(waiting) == COMMITTED_TOGETHER:
            Batch(waiting, codec)
            waiting = []
        marks.append(stopwatch())
        for index, (begun, ended) in enumerate(pairwise(marks)):
            parts[index] += ended - begun
    return parts


def show_parts(title: str, engine: Engine, codec: Codec, bodies: Sequence[bytes], received_at: float) -> None:
    """Print where the time of `bodies` goes, and which signals take most of it."""
    parts = measure_parts(engine, codec, bodies, received_at)
    stats = engine.stats
    costs = {name: stats.seconds[name] / stats.sampled[name] * 1e6 for name in stats.sampled}
    dearest = sorted(costs, key=costs.__getitem__, reverse=True)[:5]
    show_table(
        title, [*PARTS, "sum"],
        [[f"{seconds / len(bodies) * 1e6:.1f} µs" for seconds in (*parts, sum(parts))]],
    )
    print("dearest signals, µs each time: " + ", ".join(f"{name} {costs[name]:.1f}" for name in dearest))


def demo_figures(codec: Codec, *, quick: bool) -> list[Figure]:
    """The demo's traffic with every protection, model and starter policy."""
    workshop = build_workshop(Settings())
    workshop.engine.swap(starter_set(workshop.registry))
    bodies = [made.cloudevent for made in simulate(1, clock.now() - 86_400.0, 4 if quick else 12)]
    half = len(bodies) // 2
    loop = our_loop(workshop.engine, codec, clock.now())
    seconds = cpu_seconds(lambda: loop(bodies[:half]))
    show_parts("Demo traffic, everything on: µs an event by part", workshop.engine, codec, bodies[half:], clock.now())
    return [Figure("demo traffic with every protection and the text model, events/s on one core", f"{half / seconds:,.0f}")]


def run(quick: bool) -> list[Figure]:
    """Print the parts; the figures of the Reach."""
    events, rounds = (4_000, 3) if quick else (20_000, 7)
    codec, lexicon = Codec(Vault(b"k" * 32)), make_lexicon()
    engine = make_engine(lexicon=lexicon)
    ours, bare = our_loop(engine, codec, RECEIVED_AT), bare_loop(lexicon, make_rules())
    turns = [list(make_bodies(events, first=turn * events)) for turn in range(rounds + 1)]
    found = [ours(turns[0]), bare(turns[0])]
    assert abs(found[0] - found[1]) <= found[0] * 0.2, found  # the bare loop estimates its counts
    own_turns, bare_turns = iter(turns[1:]), iter(turns[1:])
    taken = interleave({"ours": lambda: ours(next(own_turns)), "bare": lambda: bare(next(bare_turns))}, rounds)
    own_us, bare_us = (taken[name] / events * 1e6 for name in ("ours", "bare"))
    more = list(make_bodies(events, first=(rounds + 1) * events))
    size = sum(map(len, more)) / events
    show_parts(f"The whole path, events of {size:.0f} bytes: µs an event by part", engine, codec, more, RECEIVED_AT)
    assert not engine.stats.failures, engine.stats.failures
    return [
        at_least("whole path, 100 policies: events/s on one core", 1e6 / own_us, 20_000),
        Figure("whole path: µs an event", f"{own_us:.1f}"),
        Figure("bare loop written by hand: µs an event", f"{bare_us:.1f}"),
        Figure("whole path: times the bare loop", f"{own_us / bare_us:.2f}"),
        *demo_figures(codec, quick=quick),
    ]


if __name__ == "__main__":
    run_alone(run)
