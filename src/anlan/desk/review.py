"""Who gets which case, and what follows from an answer: claims, judgements, the second and the senior person."""

import secrets
from collections.abc import Sequence

import msgspec
from msgspec import structs
from sqlalchemy import Connection, select, update

from anlan.desk.followers import CaseClosed, CaseFollower
from anlan.domain.agreement import is_risky, is_sampled, next_step
from anlan.domain.cases import ANSWERS_BY_KIND, SEVERITIES
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import audit, claims, review
from anlan.store.batch import storable
from anlan.store.cases import Case, find_case, hold_case, write_history
from anlan.store.claims import Claim, May
from anlan.store.database import Database
from anlan.store.queues import Queue, all_queues, find_queue
from anlan.store.review import CaseJudgement
from anlan.store.tables import case_skips, cases

MINUTE_S = 60.0
MAX_REASON_CHARS = 2_000
SKIPS_UNTIL_SENIOR = 3
"""A case that so many people passed over is shown to staff as escalated."""


class Reviewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for work: `staff:<name>`, and which stages of which kinds their roles let them judge."""

    actor: str
    may: May


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer says of a case.

    Attributes:
        stage: the judgement that they meant to give; another one has come first if the case is past it.
        category, severity: of the harm; kept only with a violation.
    """

    case_id: str
    stage: int
    answer: str
    reason: str
    category: str = ""
    severity: str = ""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer: `step` is close, second or senior; nobody is told whether it was a check."""

    judgement_id: str
    step: str


_BARRED: dict[str, tuple[str, str]] = {
    "role": ("your roles do not let you judge this case now", "你的角色现在不能审这个案件"),
    "judged": ("you have judged this case already; somebody else must", "你已经审过这个案件，须由其他人来审"),
    "tie": ("it is about an account or a group that is close to you; somebody else must judge it",
            "案件涉及与你有关的账号或群，须由其他人来审"),
    "own_work": ("it appeals what you decided yourself; somebody else must judge it",
                 "申诉的是你自己作出的决定，须由其他人来审"),
    "opted_out": ("it is of a category that you asked not to be given", "这是你选择不接的类别"),
    "golden": ("there is no case by this id", "没有这个案件"),
}


class Review:
    """Gives cases to people and takes their answers.

    Args:
        followers: hear of closed cases inside the deciding transaction.
        zone: in which a reviewer's day begins.
    """

    def __init__(
        self, database: Database, followers: Sequence[CaseFollower] = (), zone: str = "Asia/Shanghai"
    ) -> None:
        self._database = database
        self._followers = tuple(followers)
        self._zone = zone

    def claim_next(self, person: Reviewer, now: float, queue: str | None = None) -> Claim | None:
        """The next case for this person, theirs until the claim runs out; the one that they hold already comes first.

        None when nothing that they may have waits.

        Raises:
            Conflict: the queue is paused, or the person's own limit for a day is reached.
        """
        with self._database.write() as connection:
            held = claims.claims_of(connection, person.actor, now)
            for claim in held:
                if queue is None or _queue_of(connection, claim.case_id) == queue:
                    return claim
            self._check_limit(connection, person.actor, now)
            paused = [one.name for one in all_queues(connection) if one.is_paused]
            if queue in paused:
                raise Conflict("this queue is paused; choose another", zh="这个队列已暂停，请换一个")
            if golden := self._draw_golden(connection, person, queue, now):
                return golden
            asker = _asker(connection, person)
            for _ in range(claims.TRIES):
                case_id = claims.next_free(connection, asker, queue, paused, now)
                if case_id is None:
                    return None
                if taken := self._take(connection, case_id, person.actor, now):
                    return taken
        return None

    def claim(self, person: Reviewer, case_id: str, now: float) -> Claim:
        """Take this case.

        Raises:
            NotFound: there is none by this id.
            Forbidden: something keeps this person from it; the message says what.
            Conflict: it is closed, or in somebody's hands.
        """
        with self._database.write() as connection:
            case = locked(connection, case_id)
            check_open(case)
            _check_bars(connection, person, case_id)
            taken = self._take(connection, case_id, person.actor, now)
            if taken is None:
                raise Conflict("somebody else is working on this case", zh="有人正在处理这个案件")
            return taken

    def release(self, person: Reviewer, case_id: str, now: float) -> None:
        """Put a claimed case back; a claim that has run out is back already."""
        with self._database.write() as connection:
            locked(connection, case_id)
            if claims.give_back(connection, case_id, person.actor, now):
                write_history(connection, case_id, person.actor, "released", {}, now)

    def skip(self, person: Reviewer, case_id: str, reason: str, now: float) -> None:
        """Put a case back and not be given it again.

        Raises:
            InvalidRequest: no reason.
        """
        reason = checked_reason(reason)
        with self._database.write() as connection:
            locked(connection, case_id)
            claims.give_back(connection, case_id, person.actor, now)
            mine = case_skips.c.case_id == case_id, case_skips.c.by == person.actor
            connection.execute(case_skips.delete().where(*mine))
            row = {"case_id": case_id, "by": person.actor, "reason": reason, "at": now}
            connection.execute(case_skips.insert(), row)
            write_history(connection, case_id, person.actor, "skipped", {"reason": reason}, now)
            is_escalated = connection.execute(
                select(cases.c.escalated_at).where(cases.c.id == case_id)
            ).scalar_one() is not None
            skips = connection.execute(select(case_skips.c.by).where(case_skips.c.case_id == case_id)).all()
            if len(skips) >= SKIPS_UNTIL_SENIOR and not is_escalated:
                connection.execute(update(cases).where(cases.c.id == case_id).values(escalated_at=now))
                write_history(connection, case_id, "system", "escalated", {"why": "skipped"}, now)

    def judge(self, person: Reviewer, answered: Answered, now: float) -> Given:
        """Write down an answer to a case that this person holds, and move the case on.

        Raises:
            InvalidRequest: an answer that does not fit the kind of case, or no reason.
            Conflict: the claim ran out, or the case was merged, closed or judged meanwhile; nothing was written.
            Forbidden: something keeps this person from it.
        """
        reason = checked_reason(answered.reason)
        with self._database.write() as connection:
            case = locked(connection, answered.case_id)
            check_open(case)
            if case.stage != answered.stage:
                raise Conflict("somebody has judged this case meanwhile", zh="这个案件刚刚已由他人审过")
            _check_answer(case, answered)
            claim = claims.give_back(connection, case.id, person.actor, now)
            if claim is None:
                raise Conflict(
                    "your claim on this case ran out, and nothing was written; take it again to go on, "
                    "your text is still here",
                    zh="你对这个案件的领取已过期，结论没有写入；重新领取即可继续，你写的内容还在",
                )
            _check_bars(connection, person, case.id)
            queue = find_queue(connection, case.queue)
            judgement = _judgement(connection, person.actor, case, queue, answered, reason, claim, now)
            review.add_judgement(connection, judgement)
            details = {"judgement": judgement.id, "answer": judgement.answer, "stage": judgement.stage}
            audit.note(connection, person.actor, "case.judge", case.id, details)
            write_history(connection, case.id, person.actor, "judged", {"stage": case.stage}, now)
            is_harmful = judgement.answer == "violation"
            day = review.day_of(now, self._zone)
            review.note_exposure(connection, person.actor, day, now, is_harmful=is_harmful)
            step = self._move_on(connection, case, queue, judgement)
        return Given(judgement_id=judgement.id, step=step)

    def _move_on(self, connection: Connection, case: Case, queue: Queue, judgement: CaseJudgement) -> str:
        golden = review.golden_of(connection, case.id)
        if golden:
            is_right = golden.answer == judgement.answer
            review.mark_golden(connection, case.id, is_right=is_right)
            _close(connection, case.id, judgement)
            if not is_right:
                review.open_ticket(connection, "training", case, judgement.by, "golden", judgement.at)
            return "close"
        said = review.judgements_of(connection, case.id)
        answers = [one.answer for one in said]
        needs_second = is_risky(case.kind, judgement.answer, judgement.severity, case.priority) or is_sampled(
            case.id, queue.second_share
        )
        step = next_step(case.stage, answers, needs_second=needs_second)
        if step == "close":
            self._finish(connection, case, said)
        else:
            stage = {"second": 2, "senior": 3}[step]
            connection.execute(update(cases).where(cases.c.id == case.id).values(stage=stage))
        return step

    def _finish(self, connection: Connection, case: Case, said: Sequence[CaseJudgement]) -> None:
        last = said[-1]
        _close(connection, case.id, last)
        write_history(connection, case.id, last.by, "closed", {"outcome": last.answer}, last.at)
        if last.stage == 3:
            _learn_from_disagreement(connection, case, said)
        closed = structs.replace(case, state="closed", outcome=last.answer, closed_at=last.at)
        told = CaseClosed(
            case=closed, answer=last.answer, category=last.category, severity=last.severity, reason=last.reason,
            by=last.by, judgement_id=last.id, at=last.at,
        )
        for follow in self._followers:
            follow(connection, told)

    def _take(self, connection: Connection, case_id: str, by: str, now: float) -> Claim | None:
        minutes = find_queue(connection, _queue_of(connection, case_id)).claim_minutes
        until = now + minutes * MINUTE_S
        if not claims.take(connection, case_id, by, now, until):
            return None
        write_history(connection, case_id, by, "claimed", {}, now)
        audit.note(connection, by, "case.look", case_id, {})  # its page opens what members wrote to whoever holds it
        return Claim(case_id=case_id, by=by, claimed_at=now, expires_at=until)

    def _draw_golden(self, connection: Connection, person: Reviewer, queue: str | None, now: float) -> Claim | None:
        """Now and then a check with a known answer instead of the next case; only where a queue was chosen."""
        if queue is None:
            return None
        done = review.exposure_of(connection, person.actor, review.day_of(now, self._zone), now).judged
        token = f"{person.actor} {review.day_of(now, self._zone)} {done}"
        if not is_sampled(token, find_queue(connection, queue).golden_share):
            return None
        item = review.unseen_golden(connection, person.actor, queue)
        if item is None:
            return None
        return self._take(connection, review.show_golden(connection, item, person.actor, now), person.actor, now)

    def _check_limit(self, connection: Connection, by: str, now: float) -> None:
        limit = review.wellbeing_of(connection, by).daily_limit
        if review.exposure_of(connection, by, review.day_of(now, self._zone), now).judged >= limit:
            raise Conflict(
                f"you have judged {limit} cases today, which is your limit; go on tomorrow, or raise it",
                zh=f"你今天已审 {limit} 个案件，达到上限；请明天继续，或调高上限",
            )


def locked(connection: Connection, case_id: str) -> Case:
    """The case with its row locked until the transaction ends.

    Raises:
        NotFound: there is none by this id.
    """
    hold_case(connection, case_id)
    case = find_case(connection, case_id)
    if case is None:
        raise NotFound("there is no case by this id", zh="没有这个案件")
    return case


def _asker(connection: Connection, person: Reviewer) -> claims.Asker:
    opted_out = review.wellbeing_of(connection, person.actor).opted_out
    return claims.Asker(by=person.actor, may=person.may, opted_out=opted_out)


def _check_bars(connection: Connection, person: Reviewer, case_id: str) -> None:
    for name in claims.bars_that_hold(connection, case_id, _asker(connection, person)):
        message, chinese = _BARRED[name]
        raise Forbidden(message, zh=chinese)


def _queue_of(connection: Connection, case_id: str) -> str:
    return str(connection.execute(select(cases.c.queue).where(cases.c.id == case_id)).scalar_one())


def check_open(case: Case) -> None:
    if case.state == "merged":
        raise Conflict(
            "this case was merged into another meanwhile; nothing was written",
            into=case.merged_into, zh="这个案件刚刚被并入另一个案件，没有写入任何内容",
        )
    if case.state != "open":
        raise Conflict("this case is closed already", zh="这个案件已经结案")


def checked_reason(reason: str) -> str:
    reason = storable(reason.strip())
    if not reason or len(reason) > MAX_REASON_CHARS:
        raise InvalidRequest(
            f"give a reason of at most {MAX_REASON_CHARS} characters", zh=f"请写明理由，最多 {MAX_REASON_CHARS} 个字"
        )
    return reason


def _check_answer(case: Case, answered: Answered) -> None:
    if answered.answer not in ANSWERS_BY_KIND[case.kind]:
        raise InvalidRequest("choose one of the answers", zh="请选择一个结论")
    if answered.answer == "violation" and answered.severity not in SEVERITIES:
        raise InvalidRequest("say how grave the violation is", zh="请选择违规的严重程度")


def _judgement(
    connection: Connection, by: str, case: Case, queue: Queue, answered: Answered, reason: str, claim: Claim, now: float
) -> CaseJudgement:
    is_violation = answered.answer == "violation"
    return CaseJudgement(
        id=secrets.token_hex(16), case_id=case.id, stage=case.stage, by=by, at=now, answer=answered.answer,
        category=storable(answered.category or case.category)[:64] if is_violation else "",
        severity=answered.severity if is_violation else "", reason=reason,
        machine_answer=_machine_answer(connection, case), saw_machine=not queue.is_blind,
        took_s=now - claim.claimed_at,
    )


def _machine_answer(connection: Connection, case: Case) -> str:
    """What the machine said of the case; empty where it was not asked."""
    if review.has_finding(connection, case.id) or case.policy:
        return "violation"
    return "no_violation" if case.event_seq is not None else ""


def _close(connection: Connection, case_id: str, last: CaseJudgement) -> None:
    done = {"state": "closed", "outcome": last.answer, "closed_at": last.at}
    connection.execute(update(cases).where(cases.c.id == case_id).values(done))


def _learn_from_disagreement(connection: Connection, case: Case, said: Sequence[CaseJudgement]) -> None:
    """Training for the one whom the senior overruled; a look at the policy where neither was followed."""
    senior = said[-1]
    overruled = [one for one in said[:-1] if one.answer != senior.answer]
    if len(overruled) == 1:
        review.open_ticket(connection, "training", case, overruled[0].by, "overruled", senior.at)
    else:
        review.open_ticket(connection, "policy", case, "", "unclear rule", senior.at)
