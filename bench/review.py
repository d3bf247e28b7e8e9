"""The page of the next case beside a bare page of the same console, on one server with thousands of cases waiting."""

import os
import re
import secrets
import time
from collections.abc import Callable
from itertools import islice
from statistics import median

import httpx
from sqlalchemy import select

from anlan import clock
from anlan.secrets_file import load_or_make_key
from anlan.store.cases import NewCase, open_case
from anlan.store.database import Database
from anlan.store.staff import add_member, start_session
from anlan.store.tables import events
from anlan.web.console.gate import SESSION_COOKIE
from anlan.web.console.people import digest
from bench.measure import Figure, at_most, run_alone, show_table
from bench.server import Running, running
from bench.traffic import make_bodies

MESSAGES, ACCOUNTS, QUEUE = 6_000, 500, "bench"
BARE = "/account"


def prepare(server: Running, waiting: int) -> httpx.Client:
    """Send messages, open cases about them, and sign a reviewer in."""
    headers = {"authorization": f"Bearer {server.key}"}
    url = f"http://127.0.0.1:{server.port}"
    bodies = list(islice(make_bodies(10**9, accounts=ACCOUNTS), MESSAGES))
    for start in range(0, MESSAGES, 500):
        httpx.post(
            f"{url}/v1/events:batch", content=b"\n".join(bodies[start : start + 500]), headers=headers, timeout=120
        ).raise_for_status()
    token, now = secrets.token_urlsafe(32), clock.now()
    database = Database(f"sqlite:///{server.folder / 'anlan.db'}", load_or_make_key(server.folder / "secret.key"))
    with database.write() as connection:
        member = add_member(connection, "rui", "no password", ("reviewer",), "en", now, must_change_password=False)
        start_session(connection, digest(token), member, now, now + 7_200, has_passed=True)
        sent = select(events.c.seq, events.c.actor).where(events.c.type == "message.sent")
        messages = connection.execute(sent.order_by(events.c.seq).offset(MESSAGES // 3).limit(1_000)).all()
        for number in range(waiting):
            row = messages[number % len(messages)]
            new = NewCase(
                kind="review", queue=QUEUE, target=row.actor, category="fraud", event_seq=row.seq, due_at=now + 86_400
            )
            open_case(connection, new, "system", now + number)
    database.close()
    return httpx.Client(base_url=url, cookies={SESSION_COOKIE: token}, timeout=60)


def milliseconds(work: Callable[[], httpx.Response]) -> float:
    """Of one answered request."""
    began = time.perf_counter()
    answer = work()
    taken = (time.perf_counter() - began) * 1_000
    assert answer.status_code in (200, 303), answer.status_code
    return taken


def measure(client: httpx.Client, rounds: int) -> dict[str, float]:
    """Median milliseconds of each request; a case is taken, read and put back in every round."""
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(BARE).text)
    assert csrf
    taken: dict[str, list[float]] = {"bare page": [], "page of the next case": [], "taking the next case": []}
    for turn in range(rounds + 5):
        found = client.get(f"/cases/next?queue={QUEUE}").headers["location"]
        case = f"/cases/{found.split('/')[-1].split('?')[0]}"
        client.post(f"{case}/release", data={"csrf": csrf[1]})
        now = {
            "taking the next case": milliseconds(lambda: client.get(f"/cases/next?queue={QUEUE}")),
            "page of the next case": milliseconds(lambda case=case: client.get(case)),  # type: ignore[misc]
            "bare page": milliseconds(lambda: client.get(BARE)),
        }
        for name, value in now.items():
            taken[name] += [value] if turn >= 5 else []
    return {name: median(values) for name, values in taken.items()}


def run(quick: bool) -> list[Figure]:
    """Print the table; the figure of the Reach."""
    waiting, rounds = (1_000, 40) if quick else (5_000, 150)
    os.environ["ANLAN_REQUIRE_SECOND_FACTOR"] = "false"
    with running("shipped") as server, prepare(server, waiting) as client:
        found = measure(client, rounds)
    show_table(f"Reviewing with {waiting:,} cases waiting", ["request", "median ms"],
               [[name, f"{value:.1f}"] for name, value in found.items()])
    ratio = found["page of the next case"] / found["bare page"]
    return [at_most("page of the next case, times a bare page", ratio, 2.0)]


if __name__ == "__main__":
    run_alone(run)
