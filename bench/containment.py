"""How long one act of containment takes on a journal of a million events, and what the index behind it costs commits.

The thief works through a day in which everybody else goes on; everything they did must be found in the act itself.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from sqlalchemy import Connection, insert

from anlan.center.containment import Containments
from anlan.domain.keys import event_key
from anlan.store.batch import EVENTS, insert_rows
from anlan.store.containments import steps_of
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.marks import JOURNAL, raise_mark
from anlan.store.tables import events, facts
from anlan.store.vault import Codec
from bench.commits import judged_events, open_journal, postgres_url, rate
from bench.measure import Figure, at_most, run_alone, show_table

JOURNAL_EVENTS = 1_000_000
ACCOUNTS = 50_000
DAY_S = 86_400.0
BEGAN = 1_750_000_000.0
SPAN_S = 10 * DAY_S
VICTIMS = 20
MESSAGES, PAYMENTS = 200, 3
"""Of each thief, over the last day of the journal."""
BATCH_SIZE = 64
ROUNDS = 3
WITHIN_S = 1.0
UNDONE = ("take_back_message", "hold_payment")


def run(quick: bool) -> list[Figure]:
    """Print one table; a containment should be done within a second, however long the journal is."""
    count = JOURNAL_EVENTS // (10 if quick else 1)
    figures: list[Figure] = []
    rows = []
    with ExitStack() as stack:
        for name, url in _urls(stack).items():
            database, journal = open_journal(url)
            stack.callback(database.close)
            _fill(database, count)
            took = [_contain(database, f"account:victim{number}") for number in range(VICTIMS)]
            middle, worst = 1e3 * median(took), 1e3 * max(took)
            with_index, without = _commit_rates(database, journal, 0.5 if quick else 2.0)
            rows.append([name, f"{middle:.0f} ms", f"{worst:.0f} ms", f"{with_index:,.0f}", f"{without:,.0f}"])
            figures.append(at_most(f"containment: seconds at worst, {name}", max(took), WITHIN_S))
            figures.append(Figure(f"containment: milliseconds, {name}", f"{middle:.0f}"))
    show_table(
        f"One containment on {count:,} events: {MESSAGES} messages and {PAYMENTS} payments taken back at once",
        ["database", "median", "worst", f"events/s in commits of {BATCH_SIZE}", "without the index"], rows,
    )
    return figures


def _urls(stack: ExitStack) -> dict[str, str]:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    urls = {"SQLite": f"sqlite:///{folder / 'bench.db'}"}
    postgres = postgres_url(stack)
    return urls | {"PostgreSQL": postgres} if postgres else urls


def _fill(database: Database, count: int) -> None:
    """A journal of so many events, in which each victim's thief came a day before its end."""
    with database.write_directly() as cursor:
        values: list[Any] = []
        for row in _events(count):
            values += row
            if len(values) >= 20_000 * len(EVENTS.columns):
                insert_rows(cursor, EVENTS, values, is_sqlite=database.is_sqlite)
                values = []
        insert_rows(cursor, EVENTS, values, is_sqlite=database.is_sqlite)
    with database.write() as connection:
        raise_mark(connection, JOURNAL, count)
        for number in range(VICTIMS):
            _remember(connection, f"victim{number}", count)


def _remember(connection: Connection, account: str, count: int) -> None:
    """What the journal's own facts say of a victim: their phone, used from the beginning."""
    seen = [
        (f"account:{account}", "sign_in", {"ip": "203.0.113.9", "device": f"phone-{account}", "agent": "App"}),
        (f"tie:account:{account}|device:phone-{account}", "is_known", True),
    ]
    connection.execute(insert(facts), [
        {"entity": entity, "field": field, "since": BEGAN, "value": msgspec.json.encode(value), "privacy": "internal",
         "event_seq": 1}
        for entity, field, value in seen
    ])


def _events(count: int) -> Iterator[tuple[Any, ...]]:
    """Rows of the table in order; every deed of a thief stands in place of one of the crowd's."""
    chance = Random(5)
    last_day = range(int(count * (1 - DAY_S / SPAN_S)) + 2, count)
    each = 1 + PAYMENTS + MESSAGES
    places = chance.sample(last_day, VICTIMS * each)
    deeds = {
        place: _deed(f"victim{number}", order)
        for number in range(VICTIMS) for order, place in enumerate(sorted(places[number * each : (number + 1) * each]))
    }
    for seq in range(1, count + 1):
        account = f"u{chance.randrange(ACCOUNTS)}"
        kind, actor, data = deeds.get(seq) or (
            "message.sent", account, {"sender": account, "recipient": f"u{seq % 97}", "message_id": f"m{seq}",
                                      "text": "see you at the bus stop at half past six, bring the umbrella"},
        )
        at = BEGAN + SPAN_S * seq / count
        yield (
            seq, bytes.fromhex(event_key("im", f"e{seq}")), "im", f"e{seq}", kind, 1, at, at, None, f"account:{actor}",
            msgspec.json.encode(data),
        )


def _deed(account: str, order: int) -> tuple[str, str, dict[str, Any]]:
    by = {"device": f"thief-{account}", "session": f"s-{account}"}
    if order == 0:
        return "account.login", account, {"account": account, "result": "success", **by}
    if order <= PAYMENTS:
        return "payment.initiated", account, {"payer": account, "payee": "card-7", "amount_minor": 100, **by}
    return "message.sent", account, {"sender": account, "recipient": f"f{order % 40}", "message_id": f"{order}", **by}


def _contain(database: Database, account: str) -> float:
    """Seconds until the order to undo everything is committed.

    Raises:
        AssertionError: something that the thief did was not found.
    """
    containments, now = Containments(database, Codec(database.vault)), BEGAN + SPAN_S
    began = time.perf_counter()
    with database.write() as connection:
        opened = containments.open(
            connection, account, "owner", now, by=account, since=now - DAY_S,
            device=f"thief-{account.removeprefix('account:')}",
        )
    took = time.perf_counter() - began
    with database.read() as connection:
        undone = [one for one in steps_of(connection, database.vault, opened) if one.kind in UNDONE]
    if len(undone) != MESSAGES + PAYMENTS:
        raise AssertionError(f"{len(undone)} of {MESSAGES + PAYMENTS} deeds were found at once")
    return took


def _commit_rates(database: Database, journal: Journal, seconds: float) -> tuple[float, float]:
    """Events a second that are made durable with the index by actor and without; they take turns, the best counts."""
    judged = judged_events(512)
    index = next(one for one in events.indexes if one.name == "ix_events_actor")
    best = {True: 0.0, False: 0.0}
    for has_index in (True, False) * ROUNDS:
        with database.write() as connection:
            index.create(connection, checkfirst=True) if has_index else index.drop(connection, checkfirst=True)
        best[has_index] = max(best[has_index], rate(journal, judged, BATCH_SIZE, seconds)[0])
    return best[True], best[False]


if __name__ == "__main__":
    run_alone(run)
