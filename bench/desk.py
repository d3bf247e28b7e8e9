"""The desk over HTTP: members' reports, filed by a clock that waits for no answer, folded into cases and queued.

Latency counts from when a report was due to be sent, so a server that falls behind cannot hide it.
"""

import asyncio
import random
import sqlite3
import time
from itertools import islice
from pathlib import Path

import httpx
import msgspec
import psutil

from bench.load import percentile_ms
from bench.measure import Figure, at_most, run_alone, show_table
from bench.server import Running, running
from bench.traffic import make_bodies

REPORTS_1H = 10_000
PACES = (1, 10)
"""Times the promised number of reports an hour."""
MESSAGES = 6_000
REASONS = ("fraud", "spam", "abuse", "gambling", "porn", "illicit_ad", "hate", "threats")
SECOND_LOOKS_S = 10.0
"""The server still judges some of the messages a second time after it has answered."""
HOT_SHARE, HOT_MESSAGES = 0.4, 12
"""So many of the reports are about so few messages: what is bad is seen by many."""


def seed(server: Running) -> list[dict[str, str]]:
    """Send messages; returns the names of those that can be reported."""
    bodies = list(islice(make_bodies(10**9, accounts=2_000), MESSAGES))
    headers = {"authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=120) as client:
        for start in range(0, MESSAGES, 500):
            client.post("/v1/events:batch", content=b"\n".join(bodies[start : start + 500])).raise_for_status()
    envelopes = (msgspec.json.decode(body) for body in bodies)
    return [{"source": one["source"], "id": one["id"]} for one in envelopes]


def filings(known: list[dict[str, str]], chance: random.Random, turn: int, count: int) -> list[bytes]:
    """Reports by different members, many of the same few messages."""
    made = []
    for number in range(count):
        is_hot = chance.random() < HOT_SHARE
        event = known[chance.randrange(HOT_MESSAGES)] if is_hot else chance.choice(known)
        made.append(msgspec.json.encode({
            "reporter": f"r{turn}-{number}", "reason": chance.choice(REASONS), "event": event,
            "words": f"this is wrong, number {number}", "device": f"d{number % 5_000}",
        }))
    return made


async def drive(server: Running, bodies: list[bytes], per_s: float, *, is_control: bool = False) -> list[float]:
    """File each report when its time has come; seconds from then to its whole answer, in no order.

    A control asks at the same pace for the list of reasons, which no store is asked for: what it takes is the machine.
    """
    headers = {"authorization": f"Bearer {server.key}"}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    took: list[float] = []
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=60, limits=limits
    ) as client:
        began = time.perf_counter()

        async def send(due: float, body: bytes) -> None:
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            asked = client.get("/v1/report-reasons") if is_control else client.post("/v1/reports", content=body)
            answer = await asked
            answer.raise_for_status()
            took.append(time.perf_counter() - due)

        async with asyncio.TaskGroup() as group:
            for number, body in enumerate(bodies):
                group.create_task(send(began + number / per_s, body))
    return took


def run(quick: bool) -> list[Figure]:
    """Print the table of paces; the figures of the Reach."""
    seconds, chance = (10.0 if quick else 40.0), random.Random(7)
    rows, figures = [], []
    with running("shipped") as server:
        known = seed(server)
        time.sleep(SECOND_LOOKS_S)
        asyncio.run(drive(server, filings(known, chance, 0, 60), 20.0))  # warms up
        process = psutil.Process(server.pid)
        for turn, pace in enumerate(PACES, 1):
            per_s = pace * REPORTS_1H / 3_600
            bodies = filings(known, chance, turn, max(round(per_s * seconds), 60))
            control = percentile_ms(asyncio.run(drive(server, bodies[:120], per_s, is_control=True)), 0.99)
            before = process.cpu_times()
            took = asyncio.run(drive(server, bodies, per_s))
            after = process.cpu_times()
            cpu_ms = 1e3 * (after.user + after.system - before.user - before.system) / len(took)
            p50, p99 = percentile_ms(took, 0.5), percentile_ms(took, 0.99)
            measured = (f"{one:.1f}" for one in (p50, p99, control, cpu_ms))
            rows.append([f"{pace * REPORTS_1H:,}", f"{len(took):,}", *measured])
            figures.append(at_most(f"reports, {pace * REPORTS_1H:,} an hour: p99 ms", p99, 250.0, "{:.1f}"))
        reports, cases = count_rows(server.folder)
    show_table("Reports over HTTP, folded and queued before they are answered",
               ["an hour", "sent", "p50 ms", "p99 ms", "p99 of a control ms", "server CPU ms each"], rows)
    return [*figures, Figure("reports folded into cases", f"{reports:,} into {cases:,}")]


def count_rows(folder: Path) -> tuple[int, int]:
    """How many reports and report cases the server's store holds."""
    store = sqlite3.connect(folder / "anlan.db")
    try:
        reports, cases = store.execute("SELECT (SELECT count(*) FROM reports), count(*) FROM report_cases").fetchone()
    finally:
        store.close()
    return reports, cases


if __name__ == "__main__":
    run_alone(run)
