"""The verdict route over HTTP with everything behind it and a durable commit, beside a bare Starlette route.

Both run on uvicorn with uvloop and httptools, one process each, and get the same requests. The bare route decodes the
event and answers with as many bytes.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anlan.app import House
from anlan.domain.event_data import MessageSent
from anlan.domain.events import Envelope
from anlan.engine.recovery import SnapshotRound
from anlan.serving import serve
from anlan.settings import Settings
from anlan.telemetry import configure_logging
from bench.load import Load, drive, request
from bench.measure import Figure, at_least, at_most, run_alone, show_table
from bench.traffic import make_bodies, make_workshop

ACCOUNTS = 400
"""Few enough that warming up meets most pairs of people: a running platform knows who writes to whom."""
CONNECTIONS = 32
BATCH_EVENTS = 500
BATCH_ROUND_S = 4.0
ANSWER = (
    b'{"decision":"0123456789abcdef0123456789abcdef.1","verdict":"allow","pending":false,"findings":[],"actions":[]}'
)


def serve_bare(port: int) -> None:
    """The floor: one Starlette route that decodes and answers."""
    envelope, data = msgspec.json.Decoder(Envelope), msgspec.json.Decoder(MessageSent)

    async def take(asked: Request) -> Response:
        data.decode(envelope.decode(await asked.body()).data)
        return Response(ANSWER, media_type="application/json")

    app = Starlette(routes=[Route("/v1/events", take, methods=["POST"])])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_config=None)


def serve_anlan(port: int, folder: Path, *, as_shipped: bool) -> None:
    """The house; unless as it ships, with the bench's signals, counters, lexicon and policies in force."""
    configure_logging("WARNING")
    house = House(Settings(data_dir=folder, port=port))
    if not as_shipped:
        workshop = make_workshop()
        house.workshop, house.engine, house.registry = workshop, workshop.engine, workshop.registry
        house.snapshots = SnapshotRound(workshop.counters, workshop.engine.fuses, workshop.accumulators)
    _, secret = house.keys.create("bench", ["events:write", "reports:write"], 1e9)
    (folder / "key").write_text(secret)
    serve(house)


class Running:
    """A server process that answers on `port`."""

    def __init__(self, kind: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process = subprocess.Popen([sys.executable, "-m", "bench.server", kind, str(self.port), str(folder)])
        self.pid, self.folder = self._process.pid, folder
        self._wait()
        secret = folder / "key"
        self.key = secret.read_text() if secret.exists() else "none"

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError("the measured server did not start")

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.terminate()
        self._process.wait(timeout=30)


@contextmanager
def running(kind: str) -> Iterator[Running]:
    """A server of this kind (`bare`, `anlan`, `shipped`) with a folder of its own."""
    with TemporaryDirectory() as folder:
        server = Running(kind, Path(folder))
        try:
            yield server
        finally:
            server.stop()


def single_rounds(servers: dict[str, Running], rounds: int, seconds: float) -> dict[str, list[Load]]:
    """Loads of one event a request, the servers taking turns; the first round only warms up."""
    bodies = make_bodies(10**9, accounts=ACCOUNTS)
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for turn in range(rounds + 1):
        fresh = list(islice(bodies, int(9_000 * seconds)))
        for name, server in servers.items():
            prepared = [request("/v1/events", body, server.key) for body in fresh]
            load = drive(server.port, server.pid, prepared, CONNECTIONS, seconds)
            assert not load.failures, f"{name}: {load.failures} answers were not 200"
            loads[name] += [load] if turn else []
    return loads


def batch_rounds(server: Running, rounds: int, batches: int) -> list[Load]:
    """Loads of NDJSON batches over two connections; the first round only warms up."""
    bodies = make_bodies(10**9, first=10**6, accounts=ACCOUNTS)
    loads = []
    for turn in range(rounds + 1):
        fresh = [b"\n".join(islice(bodies, BATCH_EVENTS)) for _ in range(batches)]
        prepared = [request("/v1/events:batch", body, server.key) for body in fresh]
        load = drive(server.port, server.pid, prepared, 2, BATCH_ROUND_S)
        assert not load.failures, f"{load.failures} batches were refused"
        loads += [load] if turn else []
    return loads


def run(quick: bool) -> list[Figure]:
    """Print both tables; the figures of the Reach."""
    rounds, seconds = (2, 1.5) if quick else (5, 3.0)
    with running("bare") as bare, running("anlan") as anlan, running("shipped") as shipped:
        servers = {"bare Starlette": bare, "Anlan": anlan, "Anlan as shipped": shipped}
        loads = single_rounds(servers, rounds, seconds)
        own = {name: server for name, server in servers.items() if server is not bare}
        batches = {name: batch_rounds(server, rounds, 12 if quick else 40) for name, server in own.items()}
    singles = {
        name: (
            median(load.per_cpu_s for load in made),
            *(median(load.percentile_ms(share) for load in made) for share in (0.5, 0.99)),
        )
        for name, made in loads.items()
    }
    show_table(
        f"One event a request, {CONNECTIONS} connections, durable before it is answered",
        ["", "requests per CPU s", "p50 ms", "p99 ms"],
        [[name, f"{rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}"] for name, (rate, p50, p99) in singles.items()],
    )
    per_cpu = {name: median(load.per_cpu_s for load in made) * BATCH_EVENTS for name, made in batches.items()}
    per_wall = {
        name: median(len(load.latencies_s) / load.wall_s for load in made) * BATCH_EVENTS
        for name, made in batches.items()
    }
    show_table(
        f"NDJSON batches of {BATCH_EVENTS} events, durable before they are answered",
        ["", "events per CPU s", "events/s on the wall"],
        [[name, f"{per_cpu[name]:,.0f}", f"{per_wall[name]:,.0f}"] for name in batches],
    )
    (bare_rate, _, bare_p99), (own_rate, _, own_p99) = singles["bare Starlette"], singles["Anlan"]
    return [
        Figure("verdict route, durable: requests per server CPU second", f"{own_rate:,.0f}"),
        at_least("verdict route: share of a bare Starlette route's rate", own_rate / bare_rate, 0.5, "{:.2f}"),
        at_most("verdict route: times its p99", own_p99 / bare_p99, 5.0),
        at_least("NDJSON batches, durable: events/s per server CPU second", per_cpu["Anlan"], 10_000),
        Figure("NDJSON batches: events/s on the wall, client on the same machine", f"{per_wall['Anlan']:,.0f}"),
        Figure("as shipped: requests / batch events per CPU second",
               f"{singles['Anlan as shipped'][0]:,.0f} / {per_cpu['Anlan as shipped']:,.0f}"),
    ]


def main() -> None:
    """Measure, or be one of the measured servers."""
    kinds = {"bare", "anlan", "shipped"}
    if len(sys.argv) == 4 and sys.argv[1] in kinds:
        kind, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
        if kind == "bare":
            serve_bare(port)
        else:
            serve_anlan(port, folder, as_shipped=kind == "shipped")
    else:
        run_alone(run)


if __name__ == "__main__":
    main()
