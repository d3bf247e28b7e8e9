"""Alerts as they are kept: what decisions ordered, what members were told, what they answered, and counts by day."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.actions import Action
from anlan.domain.alerts import AlertAnswer, AlertState, Arm, Cap, Moment, Past, QuietHours
from anlan.domain.scenarios import Strength
from anlan.store.automatic import Passes, Step
from anlan.store.batch import add_rows, insert_into, storable
from anlan.store.tables import alert_days, alert_wishes, alerts, decisions, events
from anlan.store.tables.alerts import SHOWN
from anlan.store.vault import shown_data

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
    pass_number: int
    key: str
    event_id: str
    source: str
    type: str
    actor: str
    time: float
    named: Named
    actions: Sequence[Action]
    signals: Mapping[str, Any]

    @property
    def people(self) -> frozenset[str]:
        """Who the event is about, whoever acted included; `account:<id>`, and what else acts."""
        said = self.named
        names = (
            said.sender, said.recipient, said.account, said.other, said.payer, said.payee_account, said.viewer,
            said.during_call_with,
        )
        return frozenset({self.actor, *(f"account:{name}" for name in names if name is not None)})


class _Body(msgspec.Struct):
    actions: tuple[Action, ...]
    signals: dict[str, Any]


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_named = msgspec.json.Decoder(Named).decode
_decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
_ALERTS = insert_into(alerts)
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
_PASSES = Passes(select(
    decisions.c.event_seq, decisions.c.pass_number, decisions.c.body, events.c.key, events.c.id, events.c.source,
    events.c.type, events.c.actor, events.c.time, events.c.data,
).join(events, events.c.seq == decisions.c.event_seq))


def ordered_in(connection: Connection, step: Step) -> list[Ordered]:
    """What the passes of a step ask for."""
    found = ((row, _decode_body(row.body)) for row in _PASSES.of(connection, step))
    return [
        _ordered(row, body, actions) for row, body in found
        if (actions := [action for action in body.actions if action.kind == "alert"])
    ]


def _ordered(row: Any, body: _Body, actions: Sequence[Action]) -> Ordered:
    return Ordered(
        event_seq=row.event_seq, pass_number=row.pass_number, key=row.key, event_id=row.id, source=row.source,
        type=row.type, actor=row.actor, time=row.time, named=_read_named(row.data or b"{}"), actions=actions,
        signals=body.signals,
    )


def _read_named(data: bytes) -> Named:
    shown = shown_data(data)
    try:
        return _decode_named(shown)
    except msgspec.ValidationError:  # an operator's own type may use a name of ours for something else
        said = _decode_fields(shown)
        return Named(**{name: said[name] for name in Named.__struct_fields__ if isinstance(said.get(name), str)})


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
    add_rows(connection, _ALERTS, map(msgspec.structs.asdict, made))
    counts = Counter(_cohort(one, one.state) for one in made)
    for one in made:
        if one.cap is not None:
            counts[_cohort(one, f"cap_{one.cap}")] += 1
    count(connection, counts)


def _cohort(alert: Alert, what: str) -> tuple[str, ...]:
    return alert.day, alert.scenario, alert.policy, alert.strength, alert.arm, what


_COUNT_BY = ("day", "scenario", "policy", "strength", "arm", "what")
_COUNTING = {
    dialect: adding.on_conflict_do_update(
        index_elements=list(_COUNT_BY), set_={"alerts": alert_days.c.alerts + adding.excluded.alerts}
    )
    for dialect, adding in ((dialect, inserting(alert_days)) for dialect, inserting in _INSERT.items())
}


def count(connection: Connection, counts: Mapping[tuple[str, ...], int]) -> None:
    """Add to the counts by (day, scenario, policy, strength, arm, what)."""
    rows = [dict(zip(_COUNT_BY, name, strict=True)) | {"alerts": n} for name, n in sorted(counts.items()) if n]
    if not rows:
        return
    connection.execute(_COUNTING[connection.dialect.name], rows)


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
