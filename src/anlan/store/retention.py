"""What goes when its time is over (law 10): personal and sensitive fields, old refusals, messages that arrived."""

from collections.abc import Callable, Iterable

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from anlan.domain.event_data import Data
from anlan.domain.events import EventType
from anlan.store import outbox
from anlan.store.alerted_payments import forget_payments
from anlan.store.alerts import forget_alerts
from anlan.store.appeals import forget_words
from anlan.store.attachments import forget_files
from anlan.store.attacks import forget_parts
from anlan.store.care_cards import forget_cards
from anlan.store.challenges import forget_challenges
from anlan.store.circle_warnings import forget_circles
from anlan.store.consultations import forget_consultations
from anlan.store.containments import forget_details
from anlan.store.database import Database
from anlan.store.dormancy import AGE, forget_ages, forget_wishes
from anlan.store.errands import forget_errands
from anlan.store.factors import forget_factors
from anlan.store.judgements import forget_texts
from anlan.store.marks import REDACTED, raise_mark, read_mark
from anlan.store.member_notices import forget_notices
from anlan.store.members import forget_visits
from anlan.store.recovery import forget_claims
from anlan.store.recovery_facts import forget_traces
from anlan.store.reports import forget_reported
from anlan.store.security_events import forget_tokens
from anlan.store.shadow_scores import forget_scores
from anlan.store.sign_in_rows import forget_sign_ins
from anlan.store.signing_keys import forget_keys
from anlan.store.staff import forget_sessions
from anlan.store.tables import events, facts, refused
from anlan.store.transfers import forget_transfers
from anlan.store.transmitters import forget_received
from anlan.store.trusted_devices import forget_trust
from anlan.store.vault import Codec, redacted_data

BATCH_ROWS = 500
"""Rows to a transaction, so that writers never wait long."""

_DAY_S = 86_400.0


class RetentionDays(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept.

    Attributes:
        personal_days: fields of class `personal` and `sensitive`, in events and facts; undeclared fields too. Words and
            evidence of reports, counted from the end of their case. What owners see of their sign-ins. Of whoever the
            journal has no event for so long, what is kept only for members who are there: ages of minors, wishes.
        refused_days: inputs that were not accepted.
        delivered_days: outgoing messages that no endpoint waits for any more.
        shadow_days: what models in shadow said.
        consulted_days: talks with the assistant, from their last word.
    """

    personal_days: float = 180.0
    refused_days: float = 30.0
    delivered_days: float = 30.0
    shadow_days: float = 60.0
    consulted_days: float = 90.0


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows one run touched."""

    events: int
    facts: int
    refused: int
    messages: int
    sessions: int
    judged_texts: int = 0
    shadow_scores: int = 0
    reported: int = 0
    appealed: int = 0
    handed_in: int = 0
    claimed: int = 0
    contained: int = 0
    proofs: int = 0
    attacks: int = 0
    sign_ins: int = 0
    tokens: int = 0
    circles: int = 0
    care_cards: int = 0
    transfers: int = 0
    consulted: int = 0
    alerts: int = 0
    notices: int = 0
    absent: int = 0
    errands: int = 0


def apply(database: Database, policy: RetentionDays, now: float, types: Iterable[EventType]) -> Gone:
    """Remove everything whose time is over at `now` (wall clock), in small transactions; safe to repeat or interrupt.

    Args:
        types: the declared event types; of an event whose type is not among them, no field is kept.
    """
    data_of = {(entry.name, entry.version): entry.data for entry in types}
    personal_before, refused_before = now - policy.personal_days * _DAY_S, now - policy.refused_days * _DAY_S
    redacted = 0
    while count := _redact_events(database, data_of, personal_before):
        redacted += count
    return Gone(
        events=redacted,
        facts=_drain(database, lambda connection: _forget_facts(connection, personal_before)),
        refused=_drain(database, lambda connection: _forget_refused(connection, refused_before)),
        messages=_drain(
            database, lambda connection: outbox.forget(connection, now - policy.delivered_days * _DAY_S, BATCH_ROWS)
        ),
        sessions=_drain(database, lambda connection: forget_sessions(connection, now))
        + _drain(database, lambda connection: forget_visits(connection, now)),
        judged_texts=_drain(database, lambda connection: forget_texts(connection, personal_before, BATCH_ROWS)),
        shadow_scores=_drain(
            database, lambda connection: forget_scores(connection, now - policy.shadow_days * _DAY_S, BATCH_ROWS)
        ),
        reported=_drain(
            database, lambda connection: forget_reported(connection, personal_before, BATCH_ROWS, now)
        ),
        appealed=_drain(database, lambda connection: forget_words(connection, personal_before, BATCH_ROWS)),
        proofs=_drain(database, lambda connection: forget_challenges(connection, now, BATCH_ROWS))
        + _drain(database, lambda connection: forget_trust(connection, now))
        + _drain(database, lambda connection: forget_factors(connection, personal_before, BATCH_ROWS)),
        contained=_drain(database, lambda connection: forget_details(connection, personal_before, BATCH_ROWS)),
        handed_in=_drain(database, lambda connection: forget_files(connection, personal_before, BATCH_ROWS)),
        claimed=_drain(database, lambda connection: forget_claims(connection, personal_before, BATCH_ROWS))
        + _drain(database, lambda connection: forget_traces(connection, now, BATCH_ROWS)),
        attacks=_drain(database, lambda connection: forget_parts(connection, personal_before, BATCH_ROWS)),
        sign_ins=_drain(database, lambda connection: forget_sign_ins(connection, personal_before, BATCH_ROWS)),
        tokens=_drain(database, lambda connection: _forget_tokens(connection, personal_before, now)),
        consulted=_drain(
            database,
            lambda connection: forget_consultations(
                connection, now - policy.consulted_days * _DAY_S, BATCH_ROWS, now
            ),
        ),
        care_cards=_drain(database, lambda connection: forget_cards(connection, now, BATCH_ROWS)),
        alerts=_drain(database, lambda connection: forget_alerts(connection, personal_before, BATCH_ROWS))
        + _drain(database, lambda connection: forget_payments(connection, personal_before, BATCH_ROWS)),
        circles=_drain(database, lambda connection: forget_circles(connection, personal_before, BATCH_ROWS, now)),
        transfers=_drain(database, lambda connection: forget_transfers(connection, personal_before, BATCH_ROWS)),
        notices=_drain(database, lambda connection: forget_notices(connection, personal_before, BATCH_ROWS)),
        absent=_forget_absent(database, personal_before, now),
        errands=_drain(database, lambda connection: forget_errands(connection, personal_before, BATCH_ROWS)),
    )


def _redact_events(database: Database, data_of: dict[tuple[str, int], type[Data]], before: float) -> int:
    """Rewrite the next events that came in before `before`; returns how many."""
    columns = (events.c.seq, events.c.type, events.c.type_version, events.c.received_at, events.c.data)
    with database.write() as connection:
        done = read_mark(connection, REDACTED)
        query = select(*columns).where(events.c.seq > done).order_by(events.c.seq).limit(BATCH_ROWS)
        rows = connection.execute(query).all()
        # Commit order is time order but for clocks that jump; what was committed before an old event is old too.
        due = next((index for index in range(len(rows), 0, -1) if rows[index - 1].received_at < before), 0)
        changes = [
            {"this": row.seq, "data": redacted_data(row.data, data_of.get((row.type, row.type_version)))}
            for row in rows[:due]
        ]
        if changes:
            connection.execute(update(events).where(events.c.seq == bindparam("this")), changes)
            raise_mark(connection, REDACTED, rows[due - 1].seq - done)
    return due


def _forget_facts(connection: Connection, before: float) -> int:
    names = (facts.c.entity, facts.c.field, facts.c.since)
    is_over = facts.c.privacy.in_(("personal", "sensitive")) & (facts.c.since < before) & (facts.c.field != AGE)
    old = [tuple(row) for row in connection.execute(select(*names).where(is_over).limit(BATCH_ROWS))]
    if old:
        connection.execute(delete(facts).where(tuple_(*names).in_(old)))
    return len(old)


def _forget_absent(database: Database, before: float, now: float) -> int:
    """What goes with the member's absence, once everything else that is old has gone."""
    codec = Codec(database.vault)
    return _walk(
        database, lambda connection, after: forget_ages(connection, codec, after, before, BATCH_ROWS, now)
    ) + _walk(database, lambda connection, after: forget_wishes(connection, after, before, BATCH_ROWS))


def _forget_refused(connection: Connection, before: float) -> int:
    query = select(refused.c.id).where(refused.c.received_at < before).order_by(refused.c.id).limit(BATCH_ROWS)
    old = connection.execute(query).scalars().all()
    connection.execute(delete(refused).where(refused.c.id.in_(old)))
    return len(old)


def _forget_tokens(connection: Connection, before: float, now: float) -> int:
    """Security event tokens, sent and received, and keys that nobody verifies with any more."""
    gone = forget_tokens(connection, before, BATCH_ROWS, now) + forget_received(connection, before, BATCH_ROWS, now)
    return gone + forget_keys(connection, now)


def _drain(database: Database, forget: Callable[[Connection], int]) -> int:
    """Call `forget` in transactions of its own until nothing is left for it to do."""
    total = 0
    while True:
        with database.write() as connection:
            count = forget(connection)
        total += count
        if not count:
            return total


def _walk(database: Database, forget: Callable[[Connection, str], tuple[int, str | None]]) -> int:
    """Call `forget` in transactions of its own, each after the last name of the one before, until no name is left."""
    total, after = 0, ""
    while True:
        with database.write() as connection:
            count, last = forget(connection, after)
        total += count
        if last is None:
            return total
        after = last
