"""Alerts as they are kept: what decisions ordered, what members were told, what they answered, and counts by day."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.actions import Action
from anlan.domain.alerts import AlertAnswer, AlertState, Arm, Cap, Moment, Past, QuietHours
from anlan.domain.scenarios import Strength
from anlan.store.batch import storable
from anlan.store.journal import last_seq
from anlan.store.tables import alert_days, alert_wishes, alerts, decisions, events
from anlan.store.tables.alerts import SHOWN
from anlan.store.vault import shown_data

ROUND_EVENTS = 5_000
LATE_EVENTS = 5_000
"""So many events back a second pass may still come."""
_INSERT: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert, "sqlite": sqlite.insert,
}


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; times are wall-clock seconds but `at`, which is event time.

    Attributes:
        account: `account:<id>` of who is at risk.
        version: of the scenario whose words they read.
        other: `kind:id` of who is on the other side; empty for nobody.
        cap: why, of a capped one.
        day: of the event, `YYYY-MM-DD` in the operator's zone.
    """

    id: str
    event_seq: int
    account: str
    scenario: str
    version: int
    strength: Strength
    moment: Moment
    other: str
    policy: str
    arm: Arm
    state: AlertState
    cap: Cap | None
    day: str
    at: float
    made_at: float
    opened_at: float | None = None
    answer: AlertAnswer | None = None
    answered_at: float | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Whom and what an event of our catalogue names, as far as it matters to who is warned."""

    sender: str | None = None
    recipient: str | None = None
    account: str | None = None
    other: str | None = None
    payer: str | None = None
    payee_account: str | None = None
    payee: str | None = None
    viewer: str | None = None
    during_call_with: str | None = None
    message_id: str | None = None
    group: str | None = None
    payment_id: str | None = None


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts that one pass over one event asks for.

    Attributes:
        actor: `kind:id` of who did it.
        time: event time.
        signals: of the decision, by name.
    """

    event_seq: int
    key: str
    event_id: str
    source: str
    type: str
    actor: str
    time: float
    named: Named
    actions: Sequence[Action]
    signals: Mapping[str, Any]


class _Body(msgspec.Struct):
    actions: tuple[Action, ...]
    signals: dict[str, Any]


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_named = msgspec.json.Decoder(Named).decode
_COLUMNS = [alerts.c[name] for name in Alert.__struct_fields__]
_SHOWN = text(SHOWN)
"""As the index has it, so that both databases use it."""
_PAST = (
    select(alerts.c.account, alerts.c.scenario, alerts.c.other, alerts.c.strength, alerts.c.answer, alerts.c.at)
    .where(alerts.c.account.in_(bindparam("these", expanding=True)), alerts.c.at > bindparam("since"), _SHOWN)
    .order_by(alerts.c.at)
)
"""Asked at every commit that warns somebody; making a statement anew costs several times what running it does."""
_QUIET_HOURS = select(alert_wishes).where(alert_wishes.c.account.in_(bindparam("these", expanding=True)))
_ORDERED = select(
    decisions.c.event_seq, decisions.c.body, events.c.key, events.c.id, events.c.source, events.c.type, events.c.actor,
    events.c.time, events.c.data,
).join(events, events.c.seq == decisions.c.event_seq)


def ordered_since(connection: Connection, done: int) -> tuple[list[Ordered], int]:
    """What decisions after event `done` ask for, and how far that reaches; at most `ROUND_EVENTS` events."""
    newest = min(last_seq(connection), done + ROUND_EVENTS)
    if newest <= done:
        return [], done
    is_new = (decisions.c.event_seq > done) & (decisions.c.event_seq <= newest)
    return _read_ordered(connection, is_new & decisions.c.policy.is_not(None)), newest


def ordered_late(connection: Connection, done: int) -> list[Ordered]:
    """What second passes ask for whose events were followed already."""
    passes = select(decisions.c.event_seq).where(
        decisions.c.event_seq > done - LATE_EVENTS, decisions.c.event_seq <= done, decisions.c.pass_number > 1
    )
    seqs = connection.execute(passes).scalars().all()
    if not seqs:
        return []
    return _read_ordered(connection, decisions.c.event_seq.in_(seqs) & (decisions.c.pass_number > 1))


def _read_ordered(connection: Connection, condition: Any) -> list[Ordered]:
    query = _ORDERED.where(condition).order_by(decisions.c.event_seq, decisions.c.pass_number)
    found = ((row, _decode_body(row.body)) for row in connection.execute(query))
    return [
        _ordered(row, body, actions) for row, body in found
        if (actions := [action for action in body.actions if action.kind == "alert"])
    ]


def _ordered(row: Any, body: _Body, actions: Sequence[Action]) -> Ordered:
    try:
        named = _decode_named(shown_data(row.data))
    except msgspec.MsgspecError:  # an operator's own type may use a name of ours for something else
        named = Named()
    return Ordered(
        event_seq=row.event_seq, key=row.key, event_id=row.id, source=row.source, type=row.type, actor=row.actor,
        time=row.time, named=named, actions=actions, signals=body.signals,
    )


def warned_at(connection: Connection, seqs: Collection[int]) -> set[tuple[int, str]]:
    """(event, account) of which there is an alert already."""
    query = select(alerts.c.event_seq, alerts.c.account).where(alerts.c.event_seq.in_(seqs))
    return {(row.event_seq, row.account) for row in connection.execute(query)} if seqs else set()


def past_of(connection: Connection, accounts: Collection[str], since: float) -> dict[str, list[Past]]:
    """What each account was told since `since` (event time), held-out controls included, oldest first."""
    found: dict[str, list[Past]] = defaultdict(list)
    for row in connection.execute(_PAST, {"these": list(accounts), "since": since}) if accounts else ():
        found[row.account].append(
            Past(scenario=row.scenario, other=row.other, strength=row.strength, answer=row.answer, at=row.at)
        )
    return found


def quiet_hours_of(connection: Connection, accounts: Collection[str]) -> dict[str, QuietHours]:
    """Of those who chose their own."""
    found = connection.execute(_QUIET_HOURS, {"these": list(accounts)}) if accounts else ()
    return {row.account: QuietHours(row.quiet_start, row.quiet_end) for row in found}


def keep_quiet_hours(connection: Connection, account: str, quiet: QuietHours, now: float) -> None:
    """Note what a member chose; the last word counts."""
    row = {"account": storable(account), "quiet_start": quiet.start, "quiet_end": quiet.end, "set_at": now}
    adding = _INSERT[connection.dialect.name](alert_wishes).values(row)
    changed = {name: row[name] for name in ("quiet_start", "quiet_end", "set_at")}
    connection.execute(adding.on_conflict_do_update(index_elements=["account"], set_=changed))


def add_alerts(connection: Connection, made: Sequence[Alert]) -> None:
    """Keep alerts and count them; the database refuses a second of the same event, account and scenario."""
    if not made:
        return
    connection.execute(insert(alerts), [msgspec.structs.asdict(one) for one in made])
    counts: Counter[tuple[str, ...]] = Counter()
    for one in made:
        counts[_cohort(one, one.state)] += 1
        if one.cap is not None:
            counts[_cohort(one, f"cap_{one.cap}")] += 1
    count(connection, counts)


def _cohort(alert: Alert, what: str) -> tuple[str, ...]:
    return alert.day, alert.scenario, alert.policy, alert.strength, alert.arm, what


_COUNT_BY = ("day", "scenario", "policy", "strength", "arm", "what")


def count(connection: Connection, counts: Mapping[tuple[str, ...], int]) -> None:
    """Add to the counts by (day, scenario, policy, strength, arm, what)."""
    rows = [dict(zip(_COUNT_BY, name, strict=True)) | {"alerts": n} for name, n in sorted(counts.items()) if n]
    if not rows:
        return
    adding = _INSERT[connection.dialect.name](alert_days)
    summed = {"alerts": alert_days.c.alerts + adding.excluded.alerts}
    connection.execute(adding.on_conflict_do_update(index_elements=list(_COUNT_BY), set_=summed), rows)


def find_alert(connection: Connection, alert_id: str, account: str) -> Alert | None:
    """An alert that this account was told; None for one of somebody else, or one that was held back."""
    query = select(*_COLUMNS).where(alerts.c.id == alert_id, alerts.c.account == storable(account))
    row = connection.execute(query.where(_is_told())).mappings().one_or_none()
    return Alert(**row) if row else None


def alerts_of(connection: Connection, account: str, limit: int = 50) -> list[Alert]:
    """What an account was told, newest first; what came in quiet hours stands here too."""
    query = select(*_COLUMNS).where(alerts.c.account == storable(account), _SHOWN, _is_told())
    rows = connection.execute(query.order_by(alerts.c.at.desc(), alerts.c.id).limit(limit)).mappings()
    return [Alert(**row) for row in rows]


def _is_told() -> Any:
    return or_(alerts.c.state == "sent", alerts.c.state == "quiet")


def note_opened(connection: Connection, alert: Alert, now: float) -> bool:
    """Note that a member looked at it; False when they had before."""
    opening = update(alerts).where(alerts.c.id == alert.id, alerts.c.opened_at.is_(None)).values(opened_at=now)
    is_first = connection.execute(opening).rowcount == 1
    if is_first:
        count(connection, {_cohort(alert, "opened"): 1})
    return is_first


def record_answer(connection: Connection, alert: Alert, answer: AlertAnswer, now: float) -> bool:
    """Note what a member did; a later answer takes the place of an earlier one. False when it stood there already."""
    is_as_read = alerts.c.answer.is_(None) if alert.answer is None else alerts.c.answer == alert.answer
    changing = update(alerts).where(alerts.c.id == alert.id, is_as_read).values(answer=answer, answered_at=now)
    if alert.answer == answer or connection.execute(changing).rowcount != 1:
        return False
    counts = Counter({_cohort(alert, answer): 1})
    if alert.answer is not None:
        counts[_cohort(alert, alert.answer)] -= 1
    count(connection, counts)
    return True


def forget_alerts(connection: Connection, before: float, limit: int) -> int:
    """Remove alerts made before `before` (wall clock); the counts stay. How many that were."""
    old = connection.execute(select(alerts.c.id).where(alerts.c.made_at < before).limit(limit)).scalars().all()
    if old:
        connection.execute(delete(alerts).where(alerts.c.id.in_(old)))
    return len(old)
