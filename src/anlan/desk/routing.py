"""Which queue takes a case, by SQL conditions over a few facts of it, and the clocks that then run."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, select, update

from anlan.desk.case_work import fold, has_judgement, urge
from anlan.domain.cases import rank
from anlan.domain.facts import StaffNotice
from anlan.domain.queues import WorkingTime, due_at
from anlan.domain.signals import SignalType, Value
from anlan.engine.conditions import parse
from anlan.engine.inline import compile_condition
from anlan.errors import InvalidRequest
from anlan.store import audit, claims, review
from anlan.store.cases import Case, find_case, write_history
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.queues import Queue, all_queues, find_queue, put_queue
from anlan.store.tables import cases, golden_cases

FIELDS: dict[str, SignalType] = {
    "kind": "text", "queue": "text", "policy": "text", "category": "text", "priority": "number", "target": "text",
    "target_kind": "text",
}
"""What a routing condition may read of a case."""

Holds = Callable[[Mapping[str, Value]], bool | None]

BATCH = 200
HOUR_S = 3_600.0


class Routing:
    """Routes what policies opened, starts its clock, and sees when a clock has run out.

    Args:
        working: when the desk is at work, for queues whose clock stands still otherwise.
    """

    def __init__(self, database: Database, working: WorkingTime) -> None:
        self._database = database
        self._working = working

    def set_up(self, queue: Queue, by: str) -> None:
        """Set a queue up, or change it.

        Raises:
            InvalidPolicy: its condition cannot be read; says the column.
            InvalidRequest: a setting out of its limits.
        """
        _check(queue)
        if queue.condition:
            parse(queue.condition, FIELDS, queue.name)
        with self._database.write() as connection:
            put_queue(connection, queue)
            audit.note(connection, by, "queue.set_up", queue.name, msgspec.to_builtins(queue))

    def round(self, now: float) -> int:
        """Route new cases, end claims that ran out, escalate what is overdue; how many cases that touched."""
        done = 0
        for step in (self._route, self._end_claims, self._escalate):
            with self._database.write() as connection:
                done += step(connection, now)
        return done

    def _route(self, connection: Connection, now: float) -> int:
        """Cases without a clock are new; each gets its queue and its clock, or goes on inside one that waits."""
        new = select(cases.c.id).where(cases.c.state == "open", cases.c.due_at.is_(None))
        ids = connection.execute(
            new.order_by(cases.c.opened_at).limit(BATCH).with_for_update(skip_locked=True)
        ).scalars().all()
        rules = [(queue, _compiled(queue)) for queue in all_queues(connection) if queue.condition]
        for case_id in ids:
            case = find_case(connection, case_id)
            if case is not None and not _fold_into_waiting(connection, case, now):
                self._start(connection, case, _chosen(case, rules) or find_queue(connection, case.queue))
        return len(ids)

    def _start(self, connection: Connection, case: Case, queue: Queue) -> None:
        priority = case.priority
        if queue.condition and queue.priority is not None:
            priority = queue.priority
        lift = rank(0.0, case.priority) - rank(0.0, priority)
        due = due_at(case.opened_at, queue.service_hours, self._working if queue.is_working_time else None)
        values = {"queue": queue.name, "priority": priority, "due_at": due, "ranked_at": case.ranked_at - lift}
        connection.execute(update(cases).where(cases.c.id == case.id).values(values))
        if queue.name != case.queue:
            moved = {"from": case.queue, "to": queue.name}
            write_history(connection, case.id, "system", "routed", moved, case.opened_at)

    def _end_claims(self, connection: Connection, now: float) -> int:
        """Nobody's time is told by whether somebody looks: claims that ran out are taken back and written down."""
        over = claims.expired_claims(connection, now, BATCH)
        for claim in over:
            connection.execute(select(cases.c.id).where(cases.c.id == claim.case_id).with_for_update())
            if claims.drop_expired(connection, claim.case_id, now):
                write_history(connection, claim.case_id, claim.by, "claim_ran_out", {}, now)
                if review.golden_of(connection, claim.case_id):
                    _put_away(connection, claim.case_id, now)
        return len(over)

    def _escalate(self, connection: Connection, now: float) -> int:
        shown = select(golden_cases.c.case_id).where(golden_cases.c.case_id == cases.c.id).exists()
        late = select(cases.c.id).where(
            cases.c.state == "open", cases.c.due_at < now, cases.c.escalated_at.is_(None), ~shown
        )
        ids = connection.execute(late.limit(BATCH).with_for_update(skip_locked=True)).scalars().all()
        late_by_queue: dict[str, int] = {}
        for case_id in ids:
            if case := find_case(connection, case_id):
                urge(connection, case, now)
                write_history(connection, case_id, "system", "escalated", {"why": "overdue"}, now)
                late_by_queue[case.queue] = late_by_queue.get(case.queue, 0) + 1
        tell_staff(connection, [_notice(queue, count, now) for queue, count in late_by_queue.items()], now)
        return len(ids)


def _check(queue: Queue) -> None:
    fits = (
        queue.name and len(queue.name) <= 64 and queue.title_zh.strip() and queue.title_en.strip()
        and 0 <= queue.second_share <= 1 and 0 <= queue.golden_share <= 0.5
        and 0 < queue.service_hours <= 24 * 90 and 1 <= queue.claim_minutes <= 240
        and (queue.priority is None or 1 <= queue.priority <= 5)
    )
    if not fits:
        raise InvalidRequest(
            "a queue needs both titles, shares between 0 and 1 (checks at most a half), up to 90 days of service time "
            "and claims of 1 to 240 minutes",
            zh="队列需要中英文名称；抽查比例在 0 到 1 之间（考核题最多一半），时限最长 90 天，领取时长 1 到 240 分钟",
        )


def _compiled(queue: Queue) -> Holds:
    return compile_condition(parse(queue.condition, FIELDS, queue.name))


def _chosen(case: Case, rules: Sequence[tuple[Queue, Holds]]) -> Queue | None:
    """The first queue whose condition holds."""
    facts: dict[str, Value] = {
        "kind": case.kind, "queue": case.queue, "policy": case.policy, "category": case.category,
        "priority": float(case.priority), "target": case.target, "target_kind": case.target.partition(":")[0],
    }
    return next((queue for queue, holds in rules if holds(facts)), None)


def _fold_into_waiting(connection: Connection, case: Case, now: float) -> bool:
    """Let a policy's case go on inside the one that the same policy opened about the same target, while nobody has
    judged that one: a busy spammer is one case, not hundreds."""
    if case.kind != "review" or not case.policy:
        return False
    waiting = (
        select(cases.c.id)
        .where(cases.c.state == "open", cases.c.kind == case.kind, cases.c.target == case.target)
        .where(cases.c.policy == case.policy, cases.c.id != case.id, cases.c.due_at.is_not(None))
        .where(cases.c.id.not_in(select(golden_cases.c.case_id)))
        .order_by(cases.c.opened_at).limit(1).with_for_update(skip_locked=True)
    )
    kept_id = connection.execute(waiting).scalar_one_or_none()
    kept = find_case(connection, kept_id) if kept_id and not has_judgement(connection, kept_id) else None
    if kept is None:
        return False
    fold(connection, case, kept, "system", "the same again", now)
    return True


def _put_away(connection: Connection, case_id: str, now: float) -> None:
    """A check that was not answered is shown to nobody else."""
    done = {"state": "closed", "outcome": "unclear", "closed_at": now}
    connection.execute(update(cases).where(cases.c.id == case_id, cases.c.state == "open").values(done))


def _notice(queue: str, count: int, now: float) -> StaffNotice:
    return StaffNotice(
        id=f"overdue:{queue[:40]}:{int(now // HOUR_S)}", at=now, kind="cases_overdue", subject=queue,
        details={"cases": count},
    )
