"""Whether what stands in the desk's tables was done by the desk: every such row has left its trace in the audit log.

Whoever edits the database by hand can put in a ban, a judgement or a payout, and can even switch its constraints off;
but not without a row in the chain that nobody wrote.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, select

from anlan.domain.audit_chain import SealedRow
from anlan.domain.sanctions import PERMANENT_KINDS
from anlan.store.tables import (
    case_judgements,
    closures,
    containments,
    payout_applications,
    recovery_claims,
    recovery_judgements,
    sanctions,
)

DoubtKind = Literal["untold", "told_otherwise", "unlawful"]
DOUBTS: dict[DoubtKind, dict[str, str]] = {
    "untold": {
        "en": "it stands in the database but not in the audit log: nobody did this through Anlan",
        "zh": "数据库里有它，审计日志里却没有：这不是通过安澜做的",
    },
    "told_otherwise": {
        "en": "the audit log says something else of it: somebody changed it by hand",
        "zh": "审计日志里的记载与它不一致：有人直接改动了它",
    },
    "unlawful": {
        "en": "it is permanent without a machine finding and a person's judgement of the same case (law 1)",
        "zh": "它是永久处罚，却没有同一案件的机器发现和人工判定（第 1 条铁律）",
    },
}
"""What each kind of doubt means."""


class Witnessed(NamedTuple):
    """Rows that leave a trace.

    Attributes:
        name: of one of them, for people.
        act: of the audit row that is the trace; it names the row's id as its subject or in its details.
        table: where they stand.
        told: columns that the trace repeats, by the word that it has for them; `actor` is who did it. A trace that
            leaves a word out is believed.
        only: which rows of the table; None for all.
    """

    name: str
    act: str
    table: Table
    told: Mapping[str, str]
    only: ColumnElement[bool] | None = None


WITNESSED: tuple[Witnessed, ...] = (
    Witnessed(
        "judgement", "case.judge", case_judgements,
        {"actor": "by", "answer": "answer", "case": "case_id", "stage": "stage"},
    ),
    Witnessed(
        "sanction", "sanction.order", sanctions,
        {"actor": "ordered_by", "target": "target", "kind": "kind", "case": "case_id", "ends_at": "ends_at"},
    ),
    Witnessed(
        "lifted sanction", "sanction.lift", sanctions, {"actor": "lifted_by", "target": "target"},
        sanctions.c.lifted_at.is_not(None) | sanctions.c.state.in_(("lifting", "reversed")),
    ),
    Witnessed(
        "payout", "funds.payout", payout_applications, {"account": "account", "amount_minor": "amount_minor"},
    ),
    Witnessed(
        "ordered payout", "funds.order", payout_applications,
        {
            "actor": "second_approver", "account": "account", "amount_minor": "amount_minor",
            "checked_by": "checked_by", "first_approver": "first_approver",
        },
        payout_applications.c.ordered_at.is_not(None) | payout_applications.c.state.in_(("ordered", "paid", "failed")),
    ),
    Witnessed(
        "containment", "containment.open", containments,
        {"actor": "opened_by", "account": "account", "ground": "ground"},
    ),
    Witnessed(
        "lifted containment", "containment.lifted", containments, {"account": "account"},
        containments.c.state == "lifted",
    ),
    Witnessed(
        "false containment", "containment.false_alarm", containments, {"actor": "closed_by", "account": "account"},
        containments.c.state == "false_alarm",
    ),
    Witnessed(
        "judgement of a claim", "recovery.judge", recovery_judgements,
        {"actor": "by", "answer": "answer", "stage": "stage"}, recovery_judgements.c.review > 0,
    ),
    Witnessed(
        "recovered account", "recovery.granted", recovery_claims, {"actor": "ended_by", "account": "account"},
        recovery_claims.c.state == "granted",
    ),
    Witnessed("closure", "group.close", closures, {"actor": "made_by", "group": "group", "case": "case_id"}),
)


class Doubt(NamedTuple):
    """One row of the desk that the audit log does not bear out."""

    name: str
    id: str
    kind: DoubtKind


class Hearing:
    """Compares rows of the desk with the audit rows that go by; what is not borne out in the end is doubtful."""

    def __init__(self, connection: Connection, witnessed: Sequence[Witnessed] = WITNESSED) -> None:
        self._open: dict[tuple[str, str], tuple[Witnessed, RowMapping]] = {}
        self._contradicted: set[tuple[str, str]] = set()
        self._acts = {one.act for one in witnessed}
        for one in witnessed:
            query = select(one.table.c.id, *(one.table.c[name] for name in set(one.told.values()) - {"id"}))
            if one.only is not None:
                query = query.where(one.only)
            for row in connection.execute(query).mappings():
                self._open[one.act, row["id"]] = (one, row)

    def hear(self, rows: Iterable[SealedRow]) -> None:
        """Take in rows of the audit log; one that cannot be read says nothing."""
        for row in rows:
            if row.act in self._acts:
                details = _details(row)
                for name in _names(row.subject, details):
                    if (row.act, name) in self._open:
                        self._weigh((row.act, name), {**details, "actor": row.actor})

    def _weigh(self, key: tuple[str, str], told: Mapping[str, Any]) -> None:
        one, row = self._open[key]
        if all(told[word] == row[column] for word, column in one.told.items() if word in told):
            del self._open[key]
            self._contradicted.discard(key)
        else:
            self._contradicted.add(key)

    def doubts(self) -> list[Doubt]:
        """What the rows heard do not bear out, by table."""
        return [
            Doubt(one.name, key[1], "told_otherwise" if key in self._contradicted else "untold")
            for key, (one, _) in self._open.items()
        ]


def _details(row: SealedRow) -> dict[str, Any]:
    try:
        return msgspec.json.decode(row.details, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _names(subject: str, details: Mapping[str, Any]) -> Iterator[str]:
    """Everything that an audit row may name: its subject, and texts and lists of texts in its details."""
    yield subject
    for value in details.values():
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))


def unlawful_sanctions(connection: Connection) -> list[Doubt]:
    """Permanent sanctions that the database should have refused, and did not because its constraints were off."""
    confirmed = and_(
        case_judgements.c.id == sanctions.c.judgement_id, case_judgements.c.case_id == sanctions.c.case_id,
        case_judgements.c.answer == "violation", case_judgements.c.by == sanctions.c.judged_by,
    )
    query = (
        select(sanctions.c.id)
        .where(sanctions.c.kind.in_(PERMANENT_KINDS), sanctions.c.ends_at.is_(None))
        .where(~(select(case_judgements.c.id).where(confirmed).exists()) | sanctions.c.finding_policy.is_(None))
        .order_by(sanctions.c.id)
    )
    return [Doubt("sanction", name, "unlawful") for name in connection.execute(query).scalars()]
