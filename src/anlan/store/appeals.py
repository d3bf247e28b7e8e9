"""Appeals as they stand: filed once at a time against a sanction, moved on by whoever comes first, read by account."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, Table, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.appeals import AppealOutcome, AppealState, Milder
from anlan.store.tables import appeals, cases, content_requests, sanctions
from anlan.store.vault import Vault


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """One appeal; times are wall-clock seconds, people are `staff:<name>`.

    Attributes:
        account: `account:<id>` of who appeals.
        ordered_by, judged_by, second_by: who had a part in the sanction; none of them decides.
        reduced_kind, reduced_until: what would take the sanction's place; None for the proposal of the rules.
        reduced_to: the sanction that took its place.
        reason: as the appellant is told it.
    """

    id: str
    sanction_id: str
    case_id: str
    account: str
    filed_at: float
    state: AppealState
    ordered_by: str
    judged_by: str | None
    second_by: str | None
    reduced_kind: str | None = None
    reduced_until: float | None = None
    reduced_to: str | None = None
    outcome: AppealOutcome | None = None
    decided_by: str | None = None
    decided_at: float | None = None
    reason: str | None = None


class Overturned(NamedTuple):
    """How the appeals against one policy's sanctions ended."""

    policy: str
    decided: int
    reduced: int
    reversed: int

    @property
    def share(self) -> float:
        """Of those that were decided, the share that was not upheld, 0 to 1."""
        return (self.reduced + self.reversed) / self.decided


_INSERT: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}
_APPEAL = select(*(appeals.c[name] for name in Appeal.__struct_fields__))


def add_appeal(connection: Connection, vault: Vault, appeal: Appeal, words: str) -> None:
    """Write a new appeal.

    Raises:
        sqlalchemy.exc.IntegrityError: one against the same sanction is open.
    """
    row = {name: getattr(appeal, name) for name in Appeal.__struct_fields__}
    connection.execute(insert(appeals), row | {"words": vault.seal(words.encode(), _context(appeal.id))})


def find_appeal(connection: Connection, appeal_id: str) -> Appeal | None:
    """The appeal with this id."""
    return next(iter(_read(connection, _APPEAL.where(appeals.c.id == appeal_id))), None)


def appeals_in_case(connection: Connection, case_id: str) -> list[Appeal]:
    """Every appeal that is decided with a case: its own, and those whose case went on inside it, the oldest first."""
    query = _APPEAL.join(cases, cases.c.id == appeals.c.case_id).where(
        or_(cases.c.id == case_id, cases.c.merged_into == case_id)
    )
    return _read(connection, query.order_by(appeals.c.filed_at))


def appeals_of(connection: Connection, account: str, limit: int = 100) -> list[Appeal]:
    """All appeals of one account, newest first."""
    return _read(connection, _APPEAL.where(appeals.c.account == account)
                 .order_by(appeals.c.filed_at.desc(), appeals.c.id).limit(limit))


def appeals_against(connection: Connection, sanction_id: str) -> list[Appeal]:
    """All appeals against a sanction, and those that led to it, newest first."""
    is_about = or_(appeals.c.sanction_id == sanction_id, appeals.c.reduced_to == sanction_id)
    return _read(connection, _APPEAL.where(is_about).order_by(appeals.c.filed_at.desc()))


def latest_appeals(connection: Connection, state: AppealState | None = None, limit: int = 100) -> list[Appeal]:
    """Appeals of everybody, newest first."""
    query = _APPEAL if state is None else _APPEAL.where(appeals.c.state == state)
    return _read(connection, query.order_by(appeals.c.filed_at.desc(), appeals.c.id).limit(limit))


def words_of(connection: Connection, vault: Vault, appeal_id: str) -> str | None:
    """What the appellant wrote; None once its time is over."""
    sealed = connection.execute(select(appeals.c.words).where(appeals.c.id == appeal_id)).scalar_one_or_none()
    return None if sealed is None else vault.open(sealed, _context(appeal_id)).decode()


def move_appeal(connection: Connection, appeal_id: str, state: AppealState, **values: Any) -> bool:
    """End an open appeal; False when it is not open any more.

    Raises:
        sqlalchemy.exc.IntegrityError: whoever decides it had a part in the sanction.
    """
    return _change_open(connection, appeal_id, state=state, **values)


def note_reduction(connection: Connection, appeal_id: str, milder: Milder) -> bool:
    """Keep what would take the sanction's place; False when the appeal is not open any more."""
    return _change_open(connection, appeal_id, reduced_kind=milder.kind, reduced_until=milder.until)


def note_reduced_to(connection: Connection, appeal_id: str, sanction_id: str) -> None:
    """Keep which sanction took the place of the one that was appealed against."""
    connection.execute(update(appeals).where(appeals.c.id == appeal_id).values(reduced_to=sanction_id))


def add_content_request(connection: Connection, closure_id: str, account: str, now: float) -> bool:
    """Note that a member asks for what they wrote; False when they have asked before."""
    new = _INSERT[connection.dialect.name](content_requests).values(
        closure_id=closure_id, account=account, asked_at=now
    )
    return connection.execute(new.on_conflict_do_nothing().returning(content_requests.c.account)).first() is not None


def content_asked_at(connection: Connection, closure_id: str, account: str) -> float | None:
    """When a member asked for what they wrote; None if they have not."""
    query = select(content_requests.c.asked_at).where(
        content_requests.c.closure_id == closure_id, content_requests.c.account == account
    )
    return connection.execute(query).scalar_one_or_none()


def was_reversed(connection: Connection, case_ids: Sequence[str], target: str) -> bool:
    """Whether an appeal took back what `target` was sanctioned for in one of these cases."""
    query = select(appeals.c.id).join(sanctions, sanctions.c.id == appeals.c.sanction_id).where(
        sanctions.c.case_id.in_(case_ids), sanctions.c.target == target, appeals.c.outcome == "reverse"
    )
    return connection.execute(query.limit(1)).first() is not None


def overturned_by_policy(connection: Connection, since: float, policy: str | None = None) -> list[Overturned]:
    """How appeals decided since `since` ended, by the policy (or rule) of the sanction, most often overturned first."""
    name = func.coalesce(sanctions.c.finding_policy, sanctions.c.rule)
    reduced = func.sum(case((appeals.c.outcome == "reduce", 1), else_=0))
    reversed_ = func.sum(case((appeals.c.outcome == "reverse", 1), else_=0))
    query = (
        select(name, func.count(), reduced, reversed_)
        .join(appeals, appeals.c.sanction_id == sanctions.c.id)
        .where(appeals.c.state == "closed", appeals.c.decided_at >= since)
        .group_by(name)
    )
    if policy is not None:
        query = query.where(name == policy)
    found = [Overturned(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-one.share, -one.decided, one.policy))


def count_states(connection: Connection) -> dict[str, int]:
    """How many appeals there are, by state."""
    rows = connection.execute(select(appeals.c.state, func.count()).group_by(appeals.c.state))
    return {row[0]: row[1] for row in rows}


def forget_words(connection: Connection, before: float, limit: int) -> int:
    """Remove what was written in at most `limit` appeals that were filed before `before` and are over."""
    old = connection.execute(
        select(appeals.c.id)
        .where(appeals.c.filed_at < before, appeals.c.state != "open", appeals.c.words.is_not(None))
        .limit(limit)
    ).scalars().all()
    connection.execute(update(appeals).where(appeals.c.id.in_(old)).values(words=None))
    return len(old)


def _change_open(connection: Connection, appeal_id: str, **values: Any) -> bool:
    changed = connection.execute(
        update(appeals).where(appeals.c.id == appeal_id, appeals.c.state == "open").values(values)
    )
    return changed.rowcount == 1


def _read(connection: Connection, query: Select[Any]) -> list[Appeal]:
    return [Appeal(**row) for row in connection.execute(query).mappings()]


def _context(appeal_id: str) -> bytes:
    return f"appeal:{appeal_id}".encode()
