"""Reports as they are kept: who said what of whom, the evidence of that moment, the case that they joined, the outcome.

Words and evidence rest sealed. Every function works in the caller's transaction; races are settled by the partial
unique indexes on open reports and on open cases.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.cases import rank
from anlan.domain.credibility import lift_s
from anlan.store.batch import storable
from anlan.store.cases import NewCase, open_case
from anlan.store.tables import case_claims, case_judgements, cases, report_cases, report_evidence, reports
from anlan.store.vault import Vault

DAY_S = 86_400.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report, without the words of the member.

    Attributes:
        reporter: `account:<id>`.
        subject: `event:<key>`, `account:<id>` or `group:<id>`.
        target: whom it is about.
        at, answered_at: wall-clock seconds.
        source: `key:<id>`, `member`, `event:<key>` or `system`.
        fingerprint: of what was reported, as it read then.
        evidence_id: None for a repeat.
        weight: how much it moved its case up, 0 to 1.
        is_repeat: the same had been judged before, so it was answered at once.
        is_coordinated: looked agreed upon with others.
        outcome: `violation`, `no_violation` or `unclear`; None while open.
    """

    id: str
    reporter: str
    subject: str
    reason: str
    category: str
    target: str
    at: float
    source: str
    words_digest: str
    device: str | None
    fingerprint: str
    case_id: str
    evidence_id: str | None
    weight: float
    is_young: bool
    is_repeat: bool
    is_coordinated: bool
    outcome: str | None
    answered_at: float | None


class ReportCase(msgspec.Struct, frozen=True, kw_only=True):
    """How the reports of one case stand; `report_count` holds those that came while it was open."""

    case_id: str
    fold: str
    is_open: bool
    closed_at: float | None
    report_count: int
    weight_sum: float
    suspected_at: float | None


_REPORT = select(*(reports.c[name] for name in Report.__struct_fields__))
_CASE = select(*(report_cases.c[name] for name in ReportCase.__struct_fields__))
# What every report asks is built once: building a statement costs more than running it.
_SAME = _REPORT.where(
    reports.c.reporter == bindparam("reporter"), reports.c.subject == bindparam("subject"),
    reports.c.reason == bindparam("reason"),
).order_by(reports.c.at.desc()).limit(1)
_OPEN = _CASE.where(report_cases.c.fold == bindparam("fold"), report_cases.c.is_open)
_HELD = _CASE.where(report_cases.c.case_id == bindparam("case_id"), report_cases.c.is_open).with_for_update()
_PLACE = select(cases.c.state, cases.c.merged_into).where(cases.c.id == bindparam("case_id")).with_for_update()
_RECENT = _REPORT.where(
    reports.c.target == bindparam("target"), reports.c.at > bindparam("since"), reports.c.at <= bindparam("until"),
    ~reports.c.is_repeat,
).order_by(reports.c.at.desc()).limit(bindparam("limit"))


def find_report(connection: Connection, report_id: str) -> Report | None:
    """The report with this id."""
    row = connection.execute(_REPORT.where(reports.c.id == report_id)).mappings().one_or_none()
    return Report(**row) if row else None


def same_report(connection: Connection, reporter: str, subject: str, reason: str) -> Report | None:
    """The newest report that one member made of one thing for one reason."""
    row = connection.execute(
        _SAME, {"reporter": reporter, "subject": subject, "reason": reason}
    ).mappings().one_or_none()
    return Report(**row) if row else None


def reports_by(connection: Connection, reporter: str, limit: int = 50) -> list[Report]:
    """What one member reported, newest first."""
    query = _REPORT.where(reports.c.reporter == reporter).order_by(reports.c.at.desc(), reports.c.id).limit(limit)
    return [Report(**row) for row in connection.execute(query).mappings()]


def reports_of_cases(connection: Connection, case_ids: Sequence[str], limit: int = 200) -> list[Report]:
    """The reports that joined these cases, the heaviest first."""
    query = _REPORT.where(reports.c.case_id.in_(case_ids), ~reports.c.is_repeat)
    query = query.order_by(reports.c.weight.desc(), reports.c.at, reports.c.id).limit(limit)
    return [Report(**row) for row in connection.execute(query).mappings()]


class Earlier(NamedTuple):
    """What people said when they last judged this very thing."""

    case_id: str
    outcome: str
    answered_at: float


def judged_before(connection: Connection, subject: str, category: str | None, fingerprint: str) -> Earlier | None:
    """The last outcome of this very thing, as it reads now.

    Args:
        category: only a judgement about this harm counts; None for any.
    """
    query = select(reports.c.case_id, reports.c.outcome, reports.c.answered_at).where(
        reports.c.subject == subject, reports.c.fingerprint == fingerprint, reports.c.outcome.is_not(None),
        ~reports.c.is_repeat,
    ).order_by(reports.c.answered_at.desc()).limit(1)
    if category is not None:
        query = query.where(reports.c.category == category)
    row = connection.execute(query).one_or_none()
    return Earlier(*row) if row else None


def hold_reports(connection: Connection, case_id: str) -> None:
    """Let nobody else touch how this case's reports stand until the transaction ends."""
    connection.execute(select(report_cases.c.fold).where(report_cases.c.case_id == case_id).with_for_update())


def open_fold(connection: Connection, fold: str) -> ReportCase | None:
    """The open case that reports with this fold join."""
    row = connection.execute(_OPEN, {"fold": fold}).mappings().one_or_none()
    return ReportCase(**row) if row else None


def report_case(connection: Connection, case_id: str) -> ReportCase | None:
    """How the reports of this case stand; None when none joined it."""
    row = connection.execute(_CASE.where(report_cases.c.case_id == case_id)).mappings().one_or_none()
    return ReportCase(**row) if row else None


class Joined(NamedTuple):
    """The open case that a report belongs to.

    Attributes:
        case: its reports so far; the row is held until the transaction ends.
        into: where its matter is worked: the case itself, or the one that it was merged into.
    """

    case: ReportCase
    into: str
    is_new: bool


def join_case(connection: Connection, fold: str, new: NewCase, by: str, now: float) -> Joined:
    """The open case of this fold, opened now if there is none."""
    while True:
        known = open_fold(connection, fold)
        if known is None:
            made = _try_to_open(connection, fold, new, by, now)
            if made is not None:
                return Joined(made, made.case_id, is_new=True)
            continue
        held = _hold(connection, known.case_id, now)
        if held is not None:
            return held


def _try_to_open(connection: Connection, fold: str, new: NewCase, by: str, now: float) -> ReportCase | None:
    """A new case; None when somebody else opened one for this fold meanwhile, and then nothing is left of ours."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    attempt = connection.begin_nested()
    case_id = open_case(connection, new, by, now)
    made = ReportCase(
        case_id=case_id, fold=fold, is_open=True, closed_at=None, report_count=0, weight_sum=0.0, suspected_at=None
    )
    row = dialect.insert(report_cases).values(msgspec.structs.asdict(made)).on_conflict_do_nothing()
    if connection.execute(row.returning(report_cases.c.case_id)).first() is None:
        attempt.rollback()
        return None
    attempt.commit()
    return made


def _hold(connection: Connection, case_id: str, now: float) -> Joined | None:
    """The case, locked first and its reports' row second, as closing it does; None when it is no longer open."""
    into = case_id
    while True:
        place = connection.execute(_PLACE, {"case_id": into}).one()
        if place.merged_into is None:
            break
        into = place.merged_into
    row = connection.execute(_HELD, {"case_id": case_id}).mappings().one_or_none()
    if row is None:
        return None
    if place.state != "open":
        connection.execute(
            update(report_cases).where(report_cases.c.case_id == case_id).values(is_open=False, closed_at=now)
        )
        return None
    return Joined(ReportCase(**row), into, is_new=False)


def merged_chain(connection: Connection, case_id: str) -> list[str]:
    """A case and those into which it was merged one after the other; the last one is where its matter is now."""
    chain = [case_id]
    while (into := connection.execute(
        select(cases.c.merged_into).where(cases.c.id == chain[-1])
    ).scalar_one_or_none()) is not None:
        chain.append(into)
    return chain


def merged_here(connection: Connection, case_id: str) -> list[str]:
    """A case and all that were merged into it, directly or through others."""
    found, fresh = [case_id], [case_id]
    while fresh:
        fresh = list(connection.execute(select(cases.c.id).where(cases.c.merged_into.in_(fresh))).scalars())
        found += fresh
    return found


def was_upheld(connection: Connection, case_id: str, target: str) -> bool:
    """Whether people found a report about `target` right in this case, or in one that was merged into it."""
    query = select(reports.c.id).where(
        reports.c.case_id.in_(merged_here(connection, case_id)), reports.c.target == storable(target),
        reports.c.outcome == "violation",
    )
    return connection.execute(query.limit(1)).first() is not None


def keep_evidence(
    connection: Connection, vault: Vault, case_id: str, fingerprint: str, plain: bytes, now: float
) -> str:
    """Seal what stood there at this moment; returns the evidence's id."""
    evidence_id = f"evi_{secrets.token_hex(12)}"
    connection.execute(insert(report_evidence), {
        "id": evidence_id, "case_id": case_id, "fingerprint": fingerprint, "taken_at": now,
        "sha256": hashlib.sha256(plain).hexdigest(), "body": vault.seal(plain, evidence_id.encode()),
    })
    return evidence_id


def fresh_evidence(connection: Connection, case_id: str, fingerprint: str, since: float) -> str | None:
    """The id of evidence of the same thing in this case that was taken after `since`."""
    query = select(report_evidence.c.id).where(
        report_evidence.c.case_id == case_id, report_evidence.c.fingerprint == fingerprint,
        report_evidence.c.taken_at > since, report_evidence.c.body.is_not(None),
    )
    return connection.execute(query.order_by(report_evidence.c.taken_at.desc()).limit(1)).scalar_one_or_none()


class SealedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot as it is kept; `body` is None when its time was over."""

    id: str
    case_id: str
    taken_at: float
    sha256: str
    body: bytes | None


def evidence_of(connection: Connection, case_ids: Sequence[str]) -> list[SealedEvidence]:
    """The evidence kept with these cases, oldest first."""
    query = select(*(report_evidence.c[name] for name in SealedEvidence.__struct_fields__))
    query = query.where(report_evidence.c.case_id.in_(case_ids)).order_by(report_evidence.c.taken_at)
    return [SealedEvidence(**row) for row in connection.execute(query).mappings()]


def add_report(connection: Connection, report: Report, sealed_words: bytes | None) -> None:
    """Keep a report.

    Raises:
        sqlalchemy.exc.IntegrityError: the same member has an open report of the same thing for the same reason.
    """
    row = msgspec.structs.asdict(report) | {"words": sealed_words}
    connection.execute(insert(reports), {name: storable(v) if isinstance(v, str) else v for name, v in row.items()})


def weigh(connection: Connection, held: ReportCase, into: str, added: float) -> ReportCase:
    """Count one more report that weighs `added`, and move the case `into` up by what that earns."""
    total = held.weight_sum + added
    connection.execute(
        update(report_cases).where(report_cases.c.case_id == held.case_id)
        .values(report_count=held.report_count + 1, weight_sum=total)
    )
    earned_s = lift_s(total) - lift_s(held.weight_sum)
    if earned_s > 0.0:
        connection.execute(
            update(cases).where(cases.c.id == into).values(ranked_at=cases.c.ranked_at - earned_s)
        )
    return msgspec.structs.replace(held, report_count=held.report_count + 1, weight_sum=total)


def make_urgent(connection: Connection, case_id: str, new: NewCase) -> bool:
    """Let an open case wait as the more urgent reason asks: its queue, priority and harm; False if it already does."""
    row = connection.execute(select(cases.c.priority, cases.c.opened_at).where(cases.c.id == case_id)).one()
    if row.priority <= new.priority:
        return False
    gained_s = rank(row.opened_at, row.priority) - rank(row.opened_at, new.priority)
    connection.execute(
        update(cases).where(cases.c.id == case_id).values(
            queue=new.queue, priority=new.priority, category=new.category, ranked_at=cases.c.ranked_at - gained_s
        )
    )
    return True


def answer(connection: Connection, case_ids: Sequence[str], outcome: str, now: float) -> list[Report]:
    """Close these cases for further reports and give every open report of theirs its outcome; returns those."""
    connection.execute(
        update(report_cases).where(report_cases.c.case_id.in_(case_ids), report_cases.c.is_open)
        .values(is_open=False, closed_at=now)
    )
    waiting = _REPORT.where(reports.c.case_id.in_(case_ids), reports.c.outcome.is_(None)).order_by(reports.c.reporter)
    found = [Report(**row) for row in connection.execute(waiting).mappings()]
    connection.execute(
        update(reports).where(reports.c.case_id.in_(case_ids), reports.c.outcome.is_(None))
        .values(outcome=outcome, answered_at=now)
    )
    return [msgspec.structs.replace(report, outcome=outcome, answered_at=now) for report in found]


def recent_on_target(
    connection: Connection, target: str, since: float, until: float, limit: int = 200
) -> list[Report]:
    """Reports about one account or group in (since, until], newest first."""
    asked = {"target": target, "since": since, "until": until, "limit": limit}
    return [Report(**row) for row in connection.execute(_RECENT, asked).mappings()]


def count_by(connection: Connection, reporter: str, since: float) -> int:
    """How many reports one member made after `since`."""
    query = select(func.count()).where(reports.c.reporter == reporter, reports.c.at > since)
    return connection.execute(query).scalar_one()


def count_open_by(connection: Connection, reporter: str) -> int:
    """How many reports of one member wait for an outcome."""
    query = select(func.count()).where(reports.c.reporter == reporter, reports.c.outcome.is_(None))
    return connection.execute(query).scalar_one()


def hold_cases(connection: Connection, case_ids: Sequence[str]) -> dict[str, str]:
    """Hold these cases and how their reports stand until the transaction ends; where the matter of each is worked."""
    into = {case_id: merged_chain(connection, case_id)[-1] for case_id in case_ids}
    for table, key, names in (
        (cases, cases.c.id, sorted(set(into.values()))), (report_cases, report_cases.c.case_id, sorted(case_ids)),
    ):
        connection.execute(select(key).select_from(table).where(key.in_(names)).order_by(key).with_for_update())
    return into


def suspect(
    connection: Connection, case_ids: Iterable[str], report_ids: Sequence[str], now: float
) -> list[str]:
    """Mark reports as agreed upon, and their cases as suspected; returns the cases that were not suspected before."""
    connection.execute(
        update(reports).where(reports.c.id.in_(report_ids), reports.c.weight == 0.0).values(is_coordinated=True)
    )
    marked = connection.execute(
        update(report_cases).where(report_cases.c.case_id.in_(sorted(case_ids)), report_cases.c.suspected_at.is_(None))
        .values(suspected_at=now).returning(report_cases.c.case_id)
    )
    return list(marked.scalars())


def progress_of(connection: Connection, report: Report) -> str:
    """`waiting`, `in_review` once somebody has taken the case, or the outcome."""
    if report.outcome is not None:
        return report.outcome
    case_id = merged_chain(connection, report.case_id)[-1]
    is_taken = or_(
        exists().where(case_claims.c.case_id == case_id), exists().where(case_judgements.c.case_id == case_id)
    )
    return "in_review" if connection.execute(select(is_taken)).scalar_one() else "waiting"


def words_of(connection: Connection, report_ids: Sequence[str]) -> dict[str, bytes]:
    """The sealed words of these reports, where the members wrote any and their time is not over."""
    query = select(reports.c.id, reports.c.words).where(reports.c.id.in_(report_ids), reports.c.words.is_not(None))
    return {row.id: row.words for row in connection.execute(query)}


def forget_reported(connection: Connection, before: float, limit: int, now: float) -> int:
    """Remove words and evidence of cases that closed before `before`; what an open case stands on stays.

    Returns how many rows were touched, of at most `limit` each.
    """
    over = select(report_cases.c.case_id).where(~report_cases.c.is_open, report_cases.c.closed_at < before)
    words = select(reports.c.id).where(
        reports.c.words.is_not(None), or_(reports.c.is_repeat, reports.c.outcome.is_not(None)),
        reports.c.answered_at < before, reports.c.case_id.in_(over),
    )
    old_words = connection.execute(words.limit(limit)).scalars().all()
    connection.execute(update(reports).where(reports.c.id.in_(old_words)).values(words=None))
    bodies = select(report_evidence.c.id).where(
        report_evidence.c.body.is_not(None), report_evidence.c.case_id.in_(over)
    )
    old_bodies = connection.execute(bodies.limit(limit)).scalars().all()
    connection.execute(
        update(report_evidence).where(report_evidence.c.id.in_(old_bodies)).values(body=None, forgotten_at=now)
    )
    return len(old_words) + len(old_bodies)


def shown_evidence(sealed: SealedEvidence, vault: Vault) -> dict[str, Any] | None:
    """What was sealed, opened; None when its time was over."""
    if sealed.body is None:
        return None
    plain: dict[str, Any] = msgspec.json.decode(vault.open(sealed.body, sealed.id.encode()))
    return plain
