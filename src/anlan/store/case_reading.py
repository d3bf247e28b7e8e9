"""What a reviewer reads around a case: the conversation it happened in, and what was known of the target before."""

from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Integer, Row, Text, bindparam, literal, select, union_all

from anlan.store.tables import (
    case_links,
    case_watchers,
    cases,
    decisions,
    events,
    golden_cases,
    golden_items,
    sanctions,
)
from anlan.store.vault import shown_data

NEAR_SEQS, FAR_SEQS = 200, 20_000
"""How many events before and after are looked through for messages of the same conversation: at once, when asked."""


class Said(NamedTuple):
    """One message of a conversation; `time` is event time."""

    seq: int
    time: float
    sender: str
    text: str
    media_count: int


class _MessageData(msgspec.Struct):
    sender: str = ""
    recipient: str = ""
    group: str = ""
    text: str = ""
    media_count: int = 0


_decode = msgspec.json.Decoder(_MessageData, strict=False).decode


def conversation(connection: Connection, event_seq: int, reach: int, limit: int = 8) -> list[Said]:
    """Messages of the same group or pair around an event, in order of time: at most `limit` before and after it.

    Args:
        reach: how many events before and after are looked through.
    """
    center = connection.execute(select(events.c.type, events.c.data).where(events.c.seq == event_seq)).one_or_none()
    if center is None or center.type != "message.sent" or center.data is None:
        return []
    around = _decode(shown_data(center.data))
    rows = connection.execute(
        select(events.c.seq, events.c.time, events.c.data)
        .where(events.c.seq.between(event_seq - reach, event_seq + reach), events.c.type == "message.sent")
        .where(_may_belong(around))
        .order_by(events.c.seq)
    )
    found = [said for row in rows if (said := _said(row, around))]
    before = [said for said in found if said.seq <= event_seq][-limit - 1:]
    return before + [said for said in found if said.seq > event_seq][:limit]


def _may_belong(around: _MessageData) -> ColumnElement[bool]:
    """A pair is found by who acts; who is in a group only the messages say."""
    if around.group:
        return events.c.data.is_not(None)
    people = (f"account:{around.sender}", f"account:{around.recipient}")
    return events.c.actor.in_(people)


def _said(row: Row[int, float, bytes | None], around: _MessageData) -> Said | None:
    if row.data is None or around.group.encode() not in row.data:
        return None
    data = _decode(shown_data(row.data))
    pair = {around.sender, around.recipient}
    belongs = data.group == around.group if around.group else not data.group and {data.sender, data.recipient} == pair
    return Said(row.seq, row.time, data.sender, data.text, data.media_count) if belongs else None


_TARGET, _CASE_ID = bindparam("target", type_=Text), bindparam("case_id", type_=Text)
_MOST = bindparam("most", type_=Integer)
_ORIGINAL = select(golden_items.c.case_id).join(golden_cases).where(golden_cases.c.case_id == _CASE_ID)
"""What a check was made from: its outcome would give the answer away."""
_EARLIER = (
    select(cases.c.id, cases.c.kind, cases.c.category, cases.c.state, cases.c.outcome, cases.c.opened_at)
    .where(cases.c.target == _TARGET, cases.c.id != _CASE_ID, cases.c.state != "merged")
    .where(~select(golden_cases.c.case_id).where(golden_cases.c.case_id == cases.c.id).exists())
    .where(cases.c.id.not_in(_ORIGINAL))
    .order_by(cases.c.opened_at.desc()).limit(_MOST)
)
_PUNISHED = (
    select(sanctions.c.id, sanctions.c.kind, sanctions.c.feature, sanctions.c.state, sanctions.c.ordered_at,
           sanctions.c.ends_at)
    .where(sanctions.c.target == _TARGET)
    .where(sanctions.c.case_id.is_(None) | sanctions.c.case_id.not_in(_ORIGINAL))
    .order_by(sanctions.c.ordered_at.desc()).limit(_MOST)
)
_LINK = select(cases.c.id, case_links.c.kind, cases.c.target, cases.c.state)
_LINKED = union_all(
    _LINK.join(case_links, cases.c.id == case_links.c.other_id).where(case_links.c.case_id == _CASE_ID),
    _LINK.join(case_links, cases.c.id == case_links.c.case_id).where(case_links.c.other_id == _CASE_ID),
    select(cases.c.id, literal("merged"), cases.c.target, cases.c.state).where(cases.c.merged_into == _CASE_ID),
)
_WATCHED = select(case_watchers.c.by).where(case_watchers.c.case_id == _CASE_ID, case_watchers.c.by == bindparam("by"))
"""Built once: the page of the next case asks them all, and building costs as much as asking."""


class Earlier(NamedTuple):
    """A case about the same target."""

    id: str
    kind: str
    category: str
    state: str
    outcome: str | None
    opened_at: float


class Punished(NamedTuple):
    """A sanction on the same target."""

    id: str
    kind: str
    feature: str
    state: str
    ordered_at: float
    ends_at: float | None


class Decided(NamedTuple):
    """A decision on something that the target did, that was not simply to allow it."""

    key: str
    time: float
    type: str
    verdict: str
    category: str | None


def earlier_cases(connection: Connection, case_id: str, target: str, limit: int = 6) -> list[Earlier]:
    """Other cases about the target, newest first; checks with a known answer are not among them."""
    asked = {"target": target, "case_id": case_id, "most": limit}
    return [Earlier(*row) for row in connection.execute(_EARLIER, asked)]


def earlier_sanctions(connection: Connection, case_id: str, target: str, limit: int = 6) -> list[Punished]:
    """Sanctions on the target, newest first."""
    asked = {"target": target, "case_id": case_id, "most": limit}
    return [Punished(*row) for row in connection.execute(_PUNISHED, asked)]


def notable_decisions(
    connection: Connection, target: str, before_seq: int, limit: int = 8, look_back: int = 2_000
) -> list[Decided]:
    """What the target did among the `look_back` events before this one that was not simply allowed, newest first."""
    query = (
        select(events.c.key, events.c.time, events.c.type, decisions.c.verdict, decisions.c.category)
        .join(decisions, decisions.c.event_seq == events.c.seq)
        .where(decisions.c.event_seq.between(before_seq - look_back, before_seq - 1), decisions.c.verdict != "allow")
        .where(events.c.actor == target)
        .order_by(events.c.seq.desc()).limit(limit)
    )
    return [Decided(*row) for row in connection.execute(query)]


class Linked(NamedTuple):
    """A case that this one hangs together with: related, split, again, or merged into it."""

    id: str
    kind: str
    target: str
    state: str


def linked_cases(connection: Connection, case_id: str) -> list[Linked]:
    """Cases that are linked with this one either way, and those that were merged into it."""
    return [Linked(*row) for row in connection.execute(_LINKED, {"case_id": case_id})]


def is_watched(connection: Connection, case_id: str, by: str) -> bool:
    """Whether this person watches the case."""
    return connection.execute(_WATCHED, {"case_id": case_id, "by": by}).first() is not None


def watched_cases(connection: Connection, by: str, limit: int = 100) -> list[Earlier]:
    """What this person watches, the latest first."""
    query = (
        select(cases.c.id, cases.c.kind, cases.c.category, cases.c.state, cases.c.outcome, cases.c.opened_at)
        .join(case_watchers, case_watchers.c.case_id == cases.c.id)
        .where(case_watchers.c.by == by).order_by(case_watchers.c.since.desc()).limit(limit)
    )
    return [Earlier(*row) for row in connection.execute(query)]
