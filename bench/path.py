"""What the whole path costs in one process, bytes in to record bytes out, beside a bare loop written by hand.

In both: decode, entities, 6 counters, a lexicon of 100,000 terms, 100 policies, verdict, answer and record. Neither has
a statistical model; what the demo's traffic costs with everything on is measured beside it. Ours takes events as intake
takes a batch: all are decoded, then all judged, some of them looked at ahead together, then all written.
"""

from collections.abc import Sequence
from itertools import pairwise

from anlan import clock
from anlan.clock import stopwatch
from anlan.demo.simulation import simulate
from anlan.domain.decisions import answer
from anlan.domain.keys import event_key
from anlan.engine.intake import YIELD_EVERY
from anlan.engine.pipeline import Engine, content_text
from anlan.engine.profiles import wanted
from anlan.settings import Settings
from anlan.store.batch import Batch
from anlan.store.vault import Codec, Vault
from anlan.workshop import build_workshop, starter_set
from bench.bare import bare_loop
from bench.measure import Figure, at_least, cpu_seconds, interleave, run_alone, show_table
from bench.traffic import RECEIVED_AT, make_bodies, make_lexicon, make_rules, make_workshop

TOGETHER = 256
PARTS = ("decode", "key and entities", "judge", "answer", "record")


class Path:
    """What intake and the writer do with a batch of events, without the event loop and the disk.

    Attributes:
        seconds: on the wall, in each of `PARTS` so far.
    """

    def __init__(self, engine: Engine, received_at: float) -> None:
        self._engine = engine
        self._received_at = received_at
        self._codec = Codec(Vault(b"k" * 32))
        self.seconds = [0.0] * len(PARTS)

    def run(self, bodies: Sequence[bytes]) -> int:
        """Take all events through; returns the number of findings."""
        return sum(self._take(bodies[at : at + TOGETHER]) for at in range(0, len(bodies), TOGETHER))

    def _take(self, bodies: Sequence[bytes]) -> int:
        engine, received_at = self._engine, self._received_at
        marks = [stopwatch()]
        events = [engine.registry.catalogue.decode(body, received_at) for body in bodies]
        marks.append(stopwatch())
        for event in events:
            event_key(event.source, event.id)
        engine.profiles.load(engine.profiles.missing({name for event in events for name in wanted(event)}), ())
        marks.append(stopwatch())
        judged = []
        for at in range(0, len(events), YIELD_EVERY):
            engine.look_ahead(events[at : at + YIELD_EVERY])
            judged += [engine.judge(event, received_at) for event in events[at : at + YIELD_EVERY]]
        marks.append(stopwatch())
        for one in judged:
            answer(one.decision)
        marks.append(stopwatch())
        Batch(judged, self._codec)
        marks.append(stopwatch())
        for index, (begun, ended) in enumerate(pairwise(marks)):
            self.seconds[index] += ended - begun
        return sum(len(one.decision.findings) for one in judged)


def show_parts(title: str, path: Path, engine: Engine, events: int) -> None:
    """Print where the time of a path's `events` went, and which signals take most of it."""
    stats = engine.stats
    costs = {name: stats.seconds[name] / stats.sampled[name] * 1e6 for name in stats.sampled}
    dearest = sorted(costs, key=costs.__getitem__, reverse=True)[:5]
    cells = [f"{seconds / events * 1e6:.1f} µs" for seconds in (*path.seconds, sum(path.seconds))]
    show_table(title, [*PARTS, "sum"], [cells])
    print("dearest signals, µs each time: " + ", ".join(f"{name} {costs[name]:.1f}" for name in dearest))


def demo_figures(*, quick: bool) -> list[Figure]:
    """The demo's traffic with every protection, model and starter policy."""
    workshop = build_workshop(Settings())
    workshop.engine.swap(starter_set(workshop.registry))
    bodies = [made.cloudevent for made in simulate(1, clock.now() - 86_400.0, 4 if quick else 12)]
    path = Path(workshop.engine, clock.now())
    seconds = cpu_seconds(lambda: path.run(bodies))
    show_parts("Demo traffic, everything on: µs an event by part (wall)", path, workshop.engine, len(bodies))
    texts = sum(bool(content_text(workshop.catalogue.decode(body, clock.now()))) for body in bodies)
    return [
        Figure("demo traffic, every protection and model: events/s on one core", f"{len(bodies) / seconds:,.0f}"),
        at_least("demo traffic, the same: events with a text/s on one core", texts / seconds, 1_000),
    ]


def run(quick: bool) -> list[Figure]:
    """Print the parts; the figures of the Reach."""
    events, rounds = (4_096, 3) if quick else (20_480, 7)
    lexicon = make_lexicon()
    engine = make_workshop(lexicon).engine
    path, bare = Path(engine, RECEIVED_AT), bare_loop(lexicon, make_rules())
    turns = [list(make_bodies(events, first=turn * events)) for turn in range(rounds + 1)]
    found = [path.run(turns[0]), bare(turns[0])]
    assert abs(found[0] - found[1]) <= found[0] * 0.2, found  # the bare loop estimates its counts
    path.seconds = [0.0] * len(PARTS)
    own_turns, bare_turns = iter(turns[1:]), iter(turns[1:])
    taken = interleave({"ours": lambda: path.run(next(own_turns)), "bare": lambda: bare(next(bare_turns))}, rounds)
    own_us, bare_us = (taken[name] / events * 1e6 for name in ("ours", "bare"))
    size = sum(map(len, turns[0])) / events
    show_parts(f"The whole path, events of {size:.0f} bytes: µs an event by part (wall)", path, engine, events * rounds)
    assert not engine.stats.failures, engine.stats.failures
    return [
        at_least("whole path, 100 policies: events/s on one core", 1e6 / own_us, 20_000),
        Figure("whole path: µs an event", f"{own_us:.1f}"),
        Figure("bare loop written by hand: µs an event", f"{bare_us:.1f}"),
        Figure("whole path: times the bare loop", f"{own_us / bare_us:.2f}"),
        *demo_figures(quick=quick),
    ]


if __name__ == "__main__":
    run_alone(run)
