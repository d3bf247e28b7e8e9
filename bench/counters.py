"""What one counter costs: microseconds of CPU per event, and bytes and snapshot time per key.

Events are decoded afresh, so that strings are hashed as they are in the server.
"""

import gc
import random
import time
import tracemalloc
from statistics import median
from typing import Any

import msgspec

from anlan.domain.event_data import AccountLogin
from anlan.domain.events import Catalogue
from anlan.engine.counter_specs import CounterSpec, load_counters
from anlan.engine.counters import Counters
from bench.measure import Figure, run_alone, show_table

START = 1_700_000_000.0
EVENTS = 60_000
ROUNDS = 5
DECLARED: dict[str, dict[str, Any]] = {
    "count": {"kind": "count", "where": "result = 'failure'"},
    "count, two key fields": {"kind": "count", "by": ["ip", "device"]},
    "sum": {"kind": "sum", "on": ["payment.initiated"], "value": "amount_minor"},
    "last_seen": {"kind": "last_seen"},
    "distinct": {"kind": "distinct", "value": "account"},
}
MIXES = {"cold: 100,000 keys": (100_000, 3), "warm: 2,000 keys": (2_000, 5), "hot: 5 keys": (5, 100_000)}


def declare(name: str, fields: dict[str, Any]) -> CounterSpec:
    """A counter over one hour by ip, with what `fields` says otherwise."""
    title = {"zh": name, "en": name}
    document = {"name": "measured", "on": ["account.login"], "by": ["ip"], "over": "1h", "title": title, **fields}
    return load_counters(msgspec.json.encode([document]).decode(), Catalogue(), "bench")[0]


def make_datas(spec: CounterSpec, keys: int, values: int, seed: int) -> list[Any]:
    """The data of `EVENTS` events with random keys and values."""
    rng, data_type = random.Random(seed), Catalogue()[spec.on[0]].data
    fixed = {"result": "failure", "device": "d"} if data_type is AccountLogin else {"payee": "p", "amount_minor": 999}
    actor = "account" if data_type is AccountLogin else "payer"
    decoder = msgspec.json.Decoder(data_type)
    return [
        decoder.decode(
            msgspec.json.encode({**fixed, "ip": f"198.51.{rng.randrange(keys)}", actor: f"a{rng.randrange(values)}"})
        )
        for _ in range(EVENTS)
    ]


def measure_us(spec: CounterSpec, keys: int, values: int, turns: int) -> float:
    """Median over rounds of CPU microseconds for one count and read, loop included."""
    rounds = []
    for seed in range(turns):
        datas = make_datas(spec, keys, values, seed)
        ((_, run),) = Counters([spec]).for_type(spec.on[0])
        gc.collect()
        began, now = time.process_time(), START
        for data in datas:
            now += 0.05
            run(data, now)
        rounds.append((time.process_time() - began) / EVENTS * 1e6)
    return median(rounds)


def measure_bytes(spec: CounterSpec, events_per_key: int, keys: int = 20_000) -> tuple[float, float, float]:
    """(bytes, snapshot bytes, snapshot and restore microseconds) per key with that many events."""
    tracemalloc.start()
    counters = Counters([spec])
    counter = counters.by_name[spec.name]
    for number in range(events_per_key):
        for key in range(keys):
            counter.add(f"198.51.{key}", START + number, f"a{number}" if spec.kind == "distinct" else 5)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    began = time.process_time()
    blob = counters.snapshot(spec.name)
    counters.restore(spec.name, blob)
    seconds = time.process_time() - began
    return used / keys, len(blob) / keys, seconds / keys * 1e6


def run(quick: bool) -> list[Figure]:
    """Print both tables; nothing was promised but that it is bounded and known."""
    speed, size = [], []
    rounds = 1 if quick else ROUNDS
    for name, fields in DECLARED.items():
        spec = declare(name, fields)
        speed.append([name, *(f"{measure_us(spec, *mix, rounds):.2f}" for mix in MIXES.values())])
        if name != "count, two key fields":
            measured = (measure_bytes(spec, 1), measure_bytes(spec, 5), measure_bytes(spec, 40, keys=5_000))
            size.append([name, *(f"{used:.0f} / {blob:.0f} / {took:.1f}" for used, blob, took in measured)])
    show_table("µs of CPU per event: count, then read", ["counter", *MIXES], speed)
    show_table(
        "per key: bytes in memory / bytes in a snapshot / µs to snapshot and restore",
        ["counter", "1 event", "5", "40"], size,
    )
    return [Figure("counter of events, 2,000 keys: µs to count and read", speed[0][2])]


if __name__ == "__main__":
    run_alone(run)
