"""What people do with cases beside judging them: merge, take apart, split off, link, watch, escalate, do again."""

from sqlalchemy import Connection, Table, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.desk.review import check_open, checked_reason, locked
from anlan.domain.cases import URGENT_PRIORITY, rank
from anlan.errors import Conflict, InvalidRequest
from anlan.store import audit, claims
from anlan.store.batch import storable
from anlan.store.cases import Case, NewCase, open_case, write_history
from anlan.store.database import Database
from anlan.store.tables import case_findings, case_judgements, case_links, case_watchers, cases

FOLD_LIFT_S = 600.0
"""How much each further case that is folded into one moves it up."""


class CaseWork:
    """Changes how cases hang together; every act names who does it and why."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, case_id: str, into_id: str, by: str, reason: str, now: float) -> None:
        """Let one case go on inside another about the same matter; whoever holds a claim on it loses it.

        Raises:
            Conflict: one of them is not open or is being judged, or they are about different matters.
        """
        reason = checked_reason(reason)
        with self._database.write() as connection:
            both = {one: locked(connection, one) for one in sorted({case_id, into_id})}
            if len(both) < 2:
                raise Conflict("a case cannot be merged into itself", zh="案件不能并入自身")
            case, into = both[case_id], both[into_id]
            _check_alike(case, into)
            if has_judgement(connection, case_id):
                raise Conflict(
                    "somebody has judged this case already; link the two instead", zh="这个案件已有人审过，请改为关联"
                )
            fold(connection, case, into, by, reason, now)
            audit.note(connection, by, "case.merge", case_id, {"into": into_id, "reason": reason})

    def unmerge(self, case_id: str, by: str, reason: str, now: float) -> None:
        """Take a merged case out again; it waits as it did before.

        Raises:
            Conflict: it is not merged.
        """
        reason = checked_reason(reason)
        with self._database.write() as connection:
            case = locked(connection, case_id)
            if case.merged_into is None:
                raise Conflict("this case is not merged into another", zh="这个案件没有并入其他案件")
            freed = {"state": "open", "merged_into": None}
            connection.execute(update(cases).where(cases.c.id == case_id).values(freed))
            write_history(connection, case_id, by, "taken_out", {"from": case.merged_into, "reason": reason}, now)
            audit.note(connection, by, "case.unmerge", case_id, {"from": case.merged_into, "reason": reason})

    def split(self, case_id: str, target: str, by: str, reason: str, now: float) -> str:
        """Open a case of its own about somebody else in the same matter; returns its id.

        Raises:
            InvalidRequest: the target is not `kind:id`, or is the one that the case is about.
        """
        reason, target = checked_reason(reason), storable(target.strip())
        with self._database.write() as connection:
            case = locked(connection, case_id)
            kind, _, name = target.partition(":")
            if not kind or not name or target == case.target:
                raise InvalidRequest("name somebody else, as kind:id", zh="请写另一个对象，格式为 类型:编号")
            return _again(connection, case, target, "split", by, reason, now)

    def reopen(self, case_id: str, by: str, reason: str, now: float) -> str:
        """Have closed work done again by others, in a case of its own; returns its id. What was decided stays.

        Raises:
            Conflict: the case is not closed.
        """
        reason = checked_reason(reason)
        with self._database.write() as connection:
            case = locked(connection, case_id)
            if case.state != "closed":
                raise Conflict("only a closed case can be opened again", zh="只有已结案的案件可以重新打开")
            return _again(connection, case, case.target, "again", by, reason, now)

    def link(self, case_id: str, other_id: str, by: str, now: float) -> None:
        """Note that two cases have to do with each other; noting it again changes nothing."""
        with self._database.write() as connection:
            for one in sorted({case_id, other_id}):
                locked(connection, one)
            if case_id == other_id:
                raise Conflict("a case cannot be linked to itself", zh="案件不能关联自身")
            _link(connection, case_id, other_id, "related", by, now)

    def watch(self, case_id: str, by: str, now: float) -> None:
        """Keep a case in this person's list; watching again changes nothing."""
        with self._database.write() as connection:
            locked(connection, case_id)
            row = {"case_id": case_id, "by": by, "since": now}
            connection.execute(_insert(connection, case_watchers).values(row).on_conflict_do_nothing())

    def unwatch(self, case_id: str, by: str) -> None:
        """Take a case off this person's list."""
        with self._database.write() as connection:
            mine = case_watchers.c.case_id == case_id, case_watchers.c.by == by
            connection.execute(case_watchers.delete().where(*mine))

    def escalate(self, case_id: str, by: str, reason: str, now: float) -> None:
        """Move a case to the front and show it as escalated.

        Raises:
            Conflict: it is not open.
        """
        reason = checked_reason(reason)
        with self._database.write() as connection:
            case = locked(connection, case_id)
            check_open(case)
            urge(connection, case, now)
            write_history(connection, case_id, by, "escalated", {"reason": reason}, now)
            audit.note(connection, by, "case.escalate", case_id, {"reason": reason})


def fold(connection: Connection, case: Case, into: Case, by: str, reason: str, now: float) -> None:
    """Let `case` go on inside `into`, with what the machine found in it; both rows are locked and alike."""
    connection.execute(update(cases).where(cases.c.id == case.id).values(state="merged", merged_into=into.id))
    connection.execute(update(cases).where(cases.c.merged_into == case.id).values(merged_into=into.id))
    claims.drop_claim(connection, case.id)
    mine = select(
        literal(into.id), case_findings.c.event_seq, case_findings.c.pass_number, case_findings.c.policy
    ).where(case_findings.c.case_id == case.id)
    columns = ["case_id", "event_seq", "pass_number", "policy"]
    connection.execute(_insert(connection, case_findings).from_select(columns, mine).on_conflict_do_nothing())
    connection.execute(
        update(cases).where(cases.c.id == into.id).values(ranked_at=cases.c.ranked_at - FOLD_LIFT_S)
    )
    write_history(connection, case.id, by, "merged", {"into": into.id, "reason": reason}, now)
    write_history(connection, into.id, by, "took_in", {"case": case.id, "reason": reason}, now)


def urge(connection: Connection, case: Case, now: float) -> None:
    """One step more urgent, and marked as escalated."""
    priority = max(case.priority - 1, URGENT_PRIORITY)
    lift = rank(0.0, case.priority) - rank(0.0, priority)
    connection.execute(
        update(cases)
        .where(cases.c.id == case.id)
        .values(priority=priority, ranked_at=cases.c.ranked_at - lift, escalated_at=now)
    )


def has_judgement(connection: Connection, case_id: str) -> bool:
    """Whether anybody has judged the case."""
    query = select(case_judgements.c.id).where(case_judgements.c.case_id == case_id).limit(1)
    return connection.execute(query).first() is not None


def _check_alike(case: Case, into: Case) -> None:
    check_open(case)
    check_open(into)
    if (case.kind, case.target) != (into.kind, into.target):
        raise Conflict(
            "the two cases are about different matters; link them instead", zh="两个案件不是同一件事，请改为关联"
        )


def _again(
    connection: Connection, case: Case, target: str, kind: str, by: str, reason: str, now: float
) -> str:
    new = NewCase(
        kind=case.kind, queue=case.queue, target=target, priority=case.priority, category=case.category,
        policy=case.policy, event_seq=case.event_seq,
    )
    case_id = open_case(connection, new, by, now)
    _link(connection, case_id, case.id, kind, by, now)
    write_history(connection, case.id, by, kind, {"case": case_id, "reason": reason}, now)
    audit.note(connection, by, f"case.{kind}", case.id, {"case": case_id, "reason": reason})
    return case_id


def _link(connection: Connection, case_id: str, other_id: str, kind: str, by: str, now: float) -> None:
    row = {"case_id": case_id, "other_id": other_id, "kind": kind, "by": by, "at": now}
    connection.execute(_insert(connection, case_links).values(row).on_conflict_do_nothing())
    if kind == "related":
        write_history(connection, case_id, by, "linked", {"case": other_id}, now)
        write_history(connection, other_id, by, "linked", {"case": case_id}, now)


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
