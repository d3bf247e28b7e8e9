"""Answering those who were punished: an appeal is filed, judged by somebody new, and what follows is put right."""

import secrets
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from anlan.desk.followers import CaseClosed, SanctionMoved
from anlan.desk.sanctions import Sanctions, name_sanction
from anlan.domain.appeal_messages import AppealClosed, AppealFiled
from anlan.domain.appeals import (
    MAX_WORDS,
    MIN_WORDS,
    MOST_APPEALS,
    NOTICES,
    REVIEW_DAYS,
    TITLES,
    AppealOutcome,
    Milder,
    is_in_time,
    is_milder,
    propose_milder,
    wants_review,
)
from anlan.domain.attachments import MAX_FILES
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.ladder import Rule
from anlan.domain.messages import seal_message
from anlan.domain.sanctions import KINDS, LIFTABLE_STATES, Ground
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import audit, claims, outbox
from anlan.store.appeals import (
    Appeal,
    add_appeal,
    appeals_against,
    appeals_in_case,
    find_appeal,
    move_appeal,
    note_reduced_to,
    note_reduction,
    overturned_by_policy,
)
from anlan.store.attachments import NewFile, add_files, digests_of_cases
from anlan.store.batch import storable
from anlan.store.cases import Case, NewCase, find_case, open_case, write_history
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.review import open_ticket, tickets
from anlan.store.rosters import read_roster
from anlan.store.sanctions import Sanction, find_sanction
from anlan.store.tables import cases, member_notices, sanctions

QUEUE = "appeals"
DAY_S = 86_400.0
_OPEN, _OPEN_ZH = "an appeal against this sanction is open already", "针对这项处罚的申诉正在审理中"
_SETTLED = {
    "title": {"zh": "处罚已在申诉审结前撤销", "en": "The sanction was taken back before the appeal was decided"},
    "notice": {"zh": "这项处罚已经撤销，您的申诉不必再审。", "en": "It is over, and nothing is left to decide."},
}


class Appeals:
    """Takes appeals in and lets their outcome take effect.

    Args:
        sanctions: lifts and orders.
    """

    def __init__(self, database: Database, sanctions: Sanctions) -> None:
        self._database, self._sanctions = database, sanctions

    def own_sanction(self, connection: Connection, account: str, sanction_id: str) -> Sanction:
        """A sanction that this account may appeal against: it is on them or on their group, or they were told of it.

        Raises:
            NotFound: there is none by this id, or it is not theirs.
        """
        sanction = find_sanction(connection, sanction_id)
        if sanction is not None and (
            sanction.target == account or _was_told(connection, account, sanction_id)
            or account in {person.account for person in read_roster(connection, sanction.target).people}
        ):
            return sanction
        raise NotFound("there is no such sanction", zh="没有这项处罚")

    def rule_of(self, sanction: Sanction) -> Rule:
        """The rule of the community that was broken, in words for members."""
        return self._sanctions.ladder.rule(sanction.category)

    def file(self, account: str, sanction_id: str, words: str, files: Sequence[NewFile], now: float) -> str:
        """Appeal against a sanction; returns the appeal's id.

        Raises:
            NotFound: the sanction is not theirs.
            InvalidRequest: too few words, or too many words or files.
            Conflict: too late, another appeal is open, or a further one brings nothing new.
        """
        words = _checked_words(words)
        if len(files) > MAX_FILES:
            raise InvalidRequest(f"hand in {MAX_FILES} files at most", zh=f"最多提交 {MAX_FILES} 个文件")
        with self._database.write() as connection:
            # Whoever lifts it meanwhile waits, and then finds this appeal.
            connection.execute(select(sanctions.c.id).where(sanctions.c.id == sanction_id).with_for_update())
            sanction = self.own_sanction(connection, account, sanction_id)
            check_can_appeal(sanction, appeals_against(connection, sanction_id), now)
            _check_new_evidence(connection, sanction_id, files)
            return self._open(connection, account, sanction, words, files, now)

    def _open(
        self, connection: Connection, account: str, sanction: Sanction, words: str, files: Sequence[NewFile], now: float
    ) -> str:
        appeal = Appeal(
            id=f"appl_{secrets.token_hex(12)}", sanction_id=sanction.id, account=account, filed_at=now, state="open",
            case_id=open_case(connection, _case_about(connection, sanction), "member", now),
            ordered_by=sanction.ordered_by, judged_by=sanction.judged_by, second_by=sanction.second_by,
        )
        try:
            add_appeal(connection, self._database.vault, appeal, words)
        except IntegrityError as error:
            raise Conflict(_OPEN, zh=_OPEN_ZH) from error
        kept = add_files(connection, self._database.vault, account, appeal.case_id, files, now)
        audit.note(connection, account, "appeal.file", appeal.id, {"sanction": sanction.id, "files": kept})
        filed = AppealFiled(appeal=appeal.id, sanction=sanction.id, account=account)
        outbox.put(connection, [seal_message(f"{appeal.id}.filed", "appeal.filed", now, filed)], now)
        return appeal.id

    def withdraw(self, account: str, appeal_id: str, now: float) -> None:
        """Take an open appeal back; another can be filed later.

        Raises:
            NotFound: it is not theirs.
            Conflict: it is over.
        """
        with self._database.write() as connection:
            appeal = own_appeal(connection, account, appeal_id)
            if not _end(connection, appeal, "withdrawn", now):
                raise Conflict("this appeal is over", zh="这项申诉已经结束")
            audit.note(connection, account, "appeal.withdraw", appeal.id, {"sanction": appeal.sanction_id})

    def set_reduction(self, appeal_id: str, milder: Milder, by: str, now: float) -> None:
        """Say what takes the sanction's place if the appeal is answered with `reduce`.

        Raises:
            NotFound: no such appeal.
            Forbidden: somebody else, or nobody, works on it.
            InvalidRequest: it would not be milder.
            Conflict: it is over.
        """
        with self._database.write() as connection:
            appeal = find_appeal(connection, appeal_id)
            if appeal is None:
                raise NotFound("there is no such appeal", zh="没有这项申诉")
            claim = claims.claim_on(connection, appeal.case_id, now)
            if claim is None or claim.by != by:
                raise Forbidden("take the case first; only who works on it decides this", zh="请先领取案件")
            sanction = self._sanctions.get(connection, appeal.sanction_id)
            if not is_milder(milder, sanction.kind, sanction.target, sanction.ends_at, now):
                raise InvalidRequest("this is not milder than the sanction itself", zh="这并不比原处罚更轻")
            if not note_reduction(connection, appeal_id, milder):
                raise Conflict("this appeal is over", zh="这项申诉已经结束")

    def on_case_closed(self, connection: Connection, closed: CaseClosed) -> None:
        """Let the answer to an appeal take effect, for every appeal that went into the case."""
        if closed.case.kind != "appeal":
            return
        for appeal in appeals_in_case(connection, closed.case.id):
            if appeal.state == "open":
                self._decide(connection, appeal, closed)

    def _decide(self, connection: Connection, appeal: Appeal, closed: CaseClosed) -> None:
        outcome: AppealOutcome = msgspec.convert(closed.answer, AppealOutcome)
        try:
            move_appeal(connection, appeal.id, "closed", outcome=outcome, decided_by=closed.by, decided_at=closed.at,
                        reason=closed.reason)
        except IntegrityError as error:
            raise Forbidden("it appeals what you decided yourself; somebody else must judge it",
                            zh="申诉的是你自己作出的决定，须由其他人来审") from error
        details = {"sanction": appeal.sanction_id, "outcome": outcome, "case": closed.case.id}
        audit.note(connection, closed.by, "appeal.close", appeal.id, details)
        reduced_to = self._put_right(connection, appeal, outcome, closed)
        told = _closed(appeal, outcome, TITLES[outcome], NOTICES[outcome], reduced_to)
        outbox.put(connection, [seal_message(f"{appeal.id}.closed", "appeal.closed", closed.at, told)], closed.at)
        if outcome != "uphold":
            _watch_policy(connection, closed.case, closed.at)

    def _put_right(
        self, connection: Connection, appeal: Appeal, outcome: AppealOutcome, closed: CaseClosed
    ) -> str | None:
        """Take back what was wrong; the id of the milder sanction when there is one."""
        sanction = self._sanctions.get(connection, appeal.sanction_id)
        if outcome == "uphold" or sanction.state not in LIFTABLE_STATES:
            return None
        if outcome == "reverse":
            self._sanctions.lift(connection, sanction.id, closed.by, closed.reason, closed.at)
            self._free_who_ran_it(connection, sanction, closed)
            return None
        milder = reduction_of(appeal, sanction, closed.at)
        if milder is None:
            raise Conflict("nothing is milder than this sanction: uphold it, or take it back",
                           zh="没有比这更轻的处罚：请维持或撤销")
        self._sanctions.lift(connection, sanction.id, closed.by, closed.reason, closed.at, restores_content=False)
        reduced = self._sanctions.begin(connection, _reduced(appeal, sanction, milder, closed), closed.at)
        note_reduced_to(connection, appeal.id, reduced.id)
        return reduced.id

    def _free_who_ran_it(self, connection: Connection, sanction: Sanction, closed: CaseClosed) -> None:
        """When a group should not have been closed, nobody is punished for having run it."""
        if sanction.kind != "close_group" or sanction.closure_id is None:
            return
        ran_it = connection.execute(
            select(sanctions.c.id).where(
                sanctions.c.closure_id == sanction.closure_id, sanctions.c.closure_role.in_(("owner", "admin")),
                sanctions.c.state.in_(LIFTABLE_STATES),
            )
        ).scalars().all()
        for sanction_id in ran_it:
            self._sanctions.lift(connection, sanction_id, closed.by, closed.reason, closed.at)


def on_sanction_moved(connection: Connection, moved: SanctionMoved) -> None:
    """An appeal against what was taken back otherwise has nothing left to decide."""
    if moved.move != "lifted":
        return
    for appeal in appeals_against(connection, moved.sanction_id):
        if appeal.sanction_id == moved.sanction_id and _end(connection, appeal, "settled", moved.at):
            audit.note(connection, moved.by, "appeal.settle", appeal.id, {"sanction": appeal.sanction_id})
            closed = _closed(appeal, "settled", _SETTLED["title"], _SETTLED["notice"])
            outbox.put(connection, [seal_message(f"{appeal.id}.closed", "appeal.closed", moved.at, closed)], moved.at)


def own_appeal(connection: Connection, account: str, appeal_id: str) -> Appeal:
    """One appeal of this account.

    Raises:
        NotFound: there is none by this id, or it is not theirs.
    """
    appeal = find_appeal(connection, appeal_id)
    if appeal is None or appeal.account != account:
        raise NotFound("there is no such appeal", zh="没有这项申诉")
    return appeal


def check_can_appeal(sanction: Sanction, earlier: Sequence[Appeal], now: float) -> None:
    """Refuse what cannot be appealed now.

    Args:
        earlier: against the same sanction, and those that led to it.

    Raises:
        Conflict: it says why.
    """
    if any(one.state == "open" for one in earlier):
        raise Conflict(_OPEN, zh=_OPEN_ZH)
    if not is_in_time(sanction.state, sanction.ordered_at, now):
        raise Conflict("this sanction was taken back, or its time for appeals is over",
                       zh="这项处罚已经撤销，或者已过申诉期限")
    if sum(one.state == "closed" for one in earlier) >= MOST_APPEALS:
        raise Conflict("this was appealed as often as it can be; write to the service staff instead",
                       zh="这项处罚的申诉次数已用完，请联系客服")


def reduction_of(appeal: Appeal, sanction: Sanction, now: float) -> Milder | None:
    """What takes the sanction's place if it is reduced; None where nothing is milder."""
    if appeal.reduced_kind is not None and appeal.reduced_until is not None:
        return Milder(appeal.reduced_kind, appeal.reduced_until)
    return propose_milder(sanction.kind, sanction.target, sanction.starts_at, sanction.ends_at, now)


def _end(connection: Connection, appeal: Appeal, state: Literal["withdrawn", "settled"], now: float) -> bool:
    """End an appeal that nobody decides, and the work on it; False when it is over already."""
    if not move_appeal(connection, appeal.id, state):
        return False
    done = {"state": "closed", "outcome": state, "closed_at": now}
    ended = connection.execute(update(cases).where(cases.c.id == appeal.case_id, cases.c.state == "open").values(done))
    if ended.rowcount:
        claims.drop_claim(connection, appeal.case_id)
        write_history(connection, appeal.case_id, "system", "closed", {"outcome": state}, now)
    return True


def _closed(
    appeal: Appeal, outcome: str, title: dict[str, str], notice: dict[str, str], reduced_to: str | None = None
) -> AppealClosed:
    return AppealClosed(
        appeal=appeal.id, sanction=appeal.sanction_id, account=appeal.account, outcome=outcome, title=title,
        notice=notice, reduced_to=reduced_to,
    )


def _was_told(connection: Connection, account: str, sanction_id: str) -> bool:
    query = select(member_notices.c.id).where(
        member_notices.c.account == account, member_notices.c.sanction_id == sanction_id
    )
    return connection.execute(query.limit(1)).first() is not None


def _checked_words(words: str) -> str:
    words = storable(words.strip())
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        raise InvalidRequest(
            f"say in {MIN_WORDS} to {MAX_WORDS:,} characters why this was wrong",
            zh=f"请用 {MIN_WORDS} 到 {MAX_WORDS:,} 个字说明为什么不对",
        )
    return words


def _check_new_evidence(connection: Connection, sanction_id: str, files: Sequence[NewFile]) -> None:
    decided = [one.case_id for one in appeals_against(connection, sanction_id) if one.state == "closed"]
    if decided and not {file.digest for file in files} - digests_of_cases(connection, decided):
        raise Conflict("this was decided on appeal; a further one needs a file that was not handed in before",
                       zh="这项处罚已经申诉审结；再次申诉须附上此前没有提交过的材料")


def _case_about(connection: Connection, sanction: Sanction) -> NewCase:
    """The work on an appeal: about whom the sanction is on, with the event that it began with."""
    first = find_case(connection, sanction.case_id) if sanction.case_id else None
    return NewCase(
        kind="appeal", queue=QUEUE, target=sanction.target, priority=2 if sanction.is_permanent else 3,
        category=sanction.category, policy=sanction.finding_policy or sanction.rule,
        event_seq=first.event_seq if first else sanction.finding_seq,
    )


def _reduced(appeal: Appeal, sanction: Sanction, milder: Milder, closed: CaseClosed) -> Sanction:
    words = {
        "zh": f"申诉后由“{KINDS[sanction.kind].title['zh']}”减轻",
        "en": f"Reduced on appeal from: {KINDS[sanction.kind].title['en']}",
    }
    return msgspec.structs.replace(
        sanction, id=name_sanction(appeal.case_id, sanction.target, milder.kind, sanction.feature, 0),
        kind=milder.kind, feature=sanction.feature if KINDS[milder.kind].has_feature else "", starts_at=closed.at,
        ends_at=milder.until, is_permanent=False, strikes=sanction.strikes // 2,
        grounds=(*sanction.grounds, Ground("appeal", words)), ordered_by=closed.by, ordered_at=closed.at,
        state="ordered", lifted_at=None, lifted_by=None, lift_reason=None,
    )


def _watch_policy(connection: Connection, case: Case, now: float) -> None:
    """Ask for a look at a policy whose sanctions do not stand often enough."""
    found = overturned_by_policy(connection, now - REVIEW_DAYS * DAY_S, case.policy)
    if not found or not wants_review(found[0].decided, found[0].reduced + found[0].reversed):
        return
    asked = any(one.policy == case.policy and one.why == "overturned" for one in tickets(connection, is_open=True))
    if not asked:
        open_ticket(connection, "policy", case, "", "overturned", now)
    told = StaffNotice(
        id=fitted(f"appeals_overturned.{case.policy}.{int(now // (30 * DAY_S))}", MAX_NOTICE_ID_CHARS), at=now,
        kind="appeals_overturned", subject=case.policy,
        details={"decided": found[0].decided, "reduced": found[0].reduced, "reversed": found[0].reversed},
    )
    tell_staff(connection, [told], now)
