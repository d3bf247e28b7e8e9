"""What members report: a report joins a case with the evidence of its moment, and its reporter hears the outcome.

A report of the same thing by the same member for the same reason is one report. Reports of the same thing are one case,
moved up by how far its reporters are to be believed. What people have judged before is answered at once.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.desk.brigades import watch_for_brigade
from anlan.desk.followers import CaseClosed
from anlan.desk.report_evidence import Moment, Witness
from anlan.domain import credibility
from anlan.domain.messages import OutgoingMessage
from anlan.domain.report_messages import OUTCOMES, closed_message, received_message
from anlan.domain.report_reasons import BY_CODE, Reason
from anlan.errors import InvalidReport, RateLimited
from anlan.store import outbox, own_events
from anlan.store import reports as kept
from anlan.store.appeals import appeals_in_case, was_reversed
from anlan.store.cases import NewCase, write_history
from anlan.store.database import Database
from anlan.store.facts import Facts
from anlan.store.reporter_records import Answered, learn, record_on, records_of
from anlan.store.reports import Earlier, Joined, Report
from anlan.store.sanctions import find_sanction
from anlan.store.vault import Codec

MAX_WORDS_CHARS = 2_000
LEAST_WORDS_CHARS = 8
"""Shorter words are alike by chance."""
FRESH_EVIDENCE_S = 600.0
"""A further report of the same thing within this time rests on the snapshot that is there."""
ENTITY_CLEARED_S = 7 * 86_400.0
"""How long a judgement about an account or group without cited messages answers further reports."""
YOUNG_S = 7 * 86_400.0
MEMBER_REPORTS_1H = 30
OTHER_HARM_COUNTS = 0.5
"""A report that was right about the breach but named another harm counts half."""
UNDECIDED = ("withdrawn", "settled")
"""Appeals that ended before their case did."""


class NewReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a member reports.

    Attributes:
        reporter: `account:<id>`.
        reason: a code of `domain.report_reasons`.
        event: key of the reported event; else `target` names an account or group.
        cites: keys of events that show what is meant, with `target`.
        seen: the text as the reporter sees it, if the platform sends it; with `event`.
        words: the member's own.
        device: that the report is sent from.
    """

    reporter: str
    reason: str
    event: str | None = None
    target: str | None = None
    cites: tuple[str, ...] = ()
    seen: str = ""
    words: str = ""
    device: str | None = None


class Filed(msgspec.Struct, frozen=True):
    """The report as it stands; `is_new` is False when the same one was there."""

    report: Report
    is_new: bool


class Reports:
    """Takes reports in and answers them.

    Args:
        facts: says how old a reporter's account is.
    """

    def __init__(self, database: Database, codec: Codec, facts: Facts) -> None:
        self._database = database
        self._witness = Witness(database, codec)
        self._facts = facts

    def file(self, new: NewReport, source: str) -> Filed:
        """Take one report in.

        Args:
            source: `key:<id>`, `member` or `system`.

        Raises:
            InvalidReport: an unknown reason, or nothing or oneself reported.
            NotFound: the event is not in the journal.
            RateLimited: too many by this member within the hour.
        """
        now = clock.now()
        moment = self.see(new)
        is_young = self.is_young(new.reporter, now)
        with self._database.write() as connection:
            draft = draft_of(new, moment, source, now, is_young=is_young)
            filed = self.file_within(connection, new, moment, draft, now)
        self.follow_up(filed, now)
        return filed

    def follow_up(self, filed: Filed, now: float) -> None:
        """What is done after a report was filed, outside its transaction."""
        if filed.is_new and not filed.report.is_repeat:
            watch_for_brigade(self._database, filed.report, now)

    def see(self, new: NewReport) -> Moment:
        """What the report is about, as it reads now.

        Raises:
            InvalidReport, NotFound: see `file`.
        """
        if new.reason not in BY_CODE:
            raise InvalidReport(f"the reason {new.reason!r} is none of {', '.join(BY_CODE)}")
        if (new.event is None) == (new.target is None):
            raise InvalidReport(
                "report either an event or a target (an account or a group)", zh="请举报一条消息，或者一个账号、群"
            )
        if new.event is not None:
            moment = self._witness.see_event(new.event, new.seen)
        else:
            moment = self._witness.see_entity(new.target or "", new.cites)
        if moment.target == new.reporter and BY_CODE[new.reason].category != "self_harm":
            raise InvalidReport(
                "nobody can report themselves; ask for help with the reason self_harm",
                zh="不能举报自己；需要帮助请选择“可能要伤害自己”",
            )
        return moment

    def is_young(self, reporter: str, at: float) -> bool:
        """Whether this account was known to be new at this time."""
        known = [fact.value for fact in self._facts.load([reporter]) if fact.field == "registered_at"]
        return bool(known) and at - known[-1] < YOUNG_S

    def file_within(
        self, connection: Connection, new: NewReport, moment: Moment, draft: Report, now: float
    ) -> Filed:
        """Take one report in within the caller's transaction; `moment` is what `see` said of it.

        Args:
            draft: by `draft_of`; its time is when the member reported, which may be before `now`.

        Raises:
            RateLimited: too many by this member within the hour.
        """
        if same := _same(connection, new, moment):
            return Filed(same, is_new=False)
        if draft.source == "member" and kept.count_by(connection, new.reporter, now - 3_600.0) >= MEMBER_REPORTS_1H:
            raise RateLimited(
                "that is many reports within an hour; come back later", retry_after_s=3_600.0,
                zh="一小时内的举报太多了，请稍后再来",
            )
        if earlier := _answer_at_hand(connection, draft, moment, now):
            return self._repeat(connection, new, moment, draft, earlier, now)
        return self._join(connection, new, moment, draft, now)

    def _repeat(
        self, connection: Connection, new: NewReport, moment: Moment, draft: Report, earlier: Earlier, now: float
    ) -> Filed:
        """People have judged this very thing: the answer is theirs, and nobody is asked again."""
        kept.hold_reports(connection, earlier.case_id)
        if same := _same(connection, new, moment):
            return Filed(same, is_new=False)
        report = msgspec.structs.replace(
            draft, case_id=earlier.case_id, is_repeat=True, outcome=earlier.outcome, answered_at=now
        )
        kept.add_report(connection, report, self._seal_words(new, report.id))
        outbox.put(connection, [_closed(report, now)], now)
        return Filed(report, is_new=True)

    def _join(self, connection: Connection, new: NewReport, moment: Moment, draft: Report, now: float) -> Filed:
        opened = _case_for(BY_CODE[new.reason], moment)
        joined = kept.join_case(connection, _fold(draft, moment), opened, "member", now)
        if not joined.is_new and (same := _same(connection, new, moment)):  # sent twice at once
            return Filed(same, is_new=False)
        record = record_on(records_of(connection, new.reporter), draft.category, now)
        report = msgspec.structs.replace(
            draft, case_id=joined.case.case_id, weight=credibility.weight(record),
            evidence_id=self._evidence(connection, joined, moment, now),
        )
        kept.add_report(connection, report, self._seal_words(new, report.id))
        counted = kept.weigh(connection, joined.case, joined.into, report.weight)
        if not joined.is_new:
            self._fold_in(connection, joined, opened, counted.report_count, now)
        message = received_message(report.id, report.reporter, report.subject, report.reason, now)
        outbox.put(connection, [message], now)
        return Filed(report, is_new=True)

    def _fold_in(self, connection: Connection, joined: Joined, opened: NewCase, count: int, now: float) -> None:
        if joined.case.suspected_at is None and kept.make_urgent(connection, joined.into, opened):
            write_history(connection, joined.into, "member", "made_urgent", {"queue": opened.queue}, now)
        if count & (count - 1) == 0:  # every doubling, so that a thousand reports leave ten lines
            write_history(connection, joined.into, "member", "reported", {"reports": count}, now)

    def _evidence(self, connection: Connection, joined: Joined, moment: Moment, now: float) -> str:
        """The snapshot that the report rests on: one that is there and fresh, else this moment's."""
        fresh = kept.fresh_evidence(
            connection, joined.case.case_id, moment.fingerprint, now - FRESH_EVIDENCE_S
        )
        if fresh:
            return fresh
        snapshot = self._witness.snapshot(connection, moment, now)
        return kept.keep_evidence(
            connection, self._database.vault, joined.case.case_id, moment.fingerprint, snapshot, now
        )

    def _seal_words(self, new: NewReport, report_id: str) -> bytes | None:
        return self._database.vault.seal(new.words.encode(), report_id.encode()) if new.words else None


def on_case_closed(connection: Connection, closed: CaseClosed) -> None:
    """Tell every reporter of the case, and of those merged into it, what became of it, and learn who was right."""
    if closed.case.kind == "appeal" and closed.answer == "reverse":
        _say_overturned(connection, closed)
    if closed.answer not in OUTCOMES:
        return
    case_ids = kept.merged_here(connection, closed.case.id)
    answered = kept.answer(connection, case_ids, closed.answer, closed.at)
    if not answered:
        return
    outbox.put(connection, [_closed(report, closed.at) for report in answered], closed.at)
    if closed.answer == "violation":
        _say_upheld(connection, answered, closed)
    if closed.answer != "unclear":
        learn(connection, [_lesson(report, closed) for report in answered], closed.at)


def _say_upheld(connection: Connection, answered: Sequence[Report], closed: CaseClosed) -> None:
    """Let the journal know whom people found to have done harm: what it knows, policies read."""
    for ordinal, target in enumerate(sorted({report.target for report in answered})):
        kind, _, account = target.partition(":")
        if kind == "account":
            category = closed.category or answered[0].category
            data = {"account": account, "category": category, "case": closed.case.id}
            own_events.say(connection, "report.upheld", data, f"{closed.judgement_id}.upheld.{ordinal}", closed.at)


def _say_overturned(connection: Connection, closed: CaseClosed) -> None:
    """Let the journal know of whom it was not so after all."""
    for appeal in appeals_in_case(connection, closed.case.id):
        sanction = find_sanction(connection, appeal.sanction_id)
        if appeal.state not in UNDECIDED and sanction is not None and sanction.case_id is not None:
            kind, _, account = sanction.target.partition(":")
            if kind == "account" and kept.was_upheld(connection, sanction.case_id, sanction.target):
                data = {"account": account, "case": sanction.case_id}
                own_events.say(connection, "report.overturned", data, f"{appeal.id}.overturned", closed.at)


def _lesson(report: Report, closed: CaseClosed) -> Answered:
    if closed.answer == "violation":
        counts = 1.0 if closed.category in ("", report.category) else OTHER_HARM_COUNTS
        return Answered(report.reporter, report.category, is_right=True, counts=counts)
    counts = credibility.BRIGADE_COUNTS if report.is_coordinated else 1.0
    return Answered(report.reporter, report.category, is_right=False, counts=counts)


def _same(connection: Connection, new: NewReport, moment: Moment) -> Report | None:
    """The report that this one repeats: it is open, or was answered on the same evidence."""
    same = kept.same_report(connection, new.reporter, moment.subject, new.reason)
    return same if same and (same.outcome is None or same.fingerprint == moment.fingerprint) else None


def draft_of(new: NewReport, moment: Moment, source: str, at: float, *, is_young: bool) -> Report:
    """The report as the member made it at `at`, before anything is known of its case."""
    return Report(
        id=f"rep_{secrets.token_hex(12)}", reporter=new.reporter, subject=moment.subject, reason=new.reason,
        category=BY_CODE[new.reason].category, target=moment.target, at=at, source=source,
        words_digest=_digest_of_words(new.words), device=new.device, fingerprint=moment.fingerprint, case_id="",
        evidence_id=None, weight=0.0, is_young=is_young, is_repeat=False, is_coordinated=False, outcome=None,
        answered_at=None,
    )


def _digest_of_words(words: str) -> str:
    plain = re.sub(r"\W+", "", words).casefold()
    return hashlib.sha256(plain.encode()).hexdigest()[:32] if len(plain) >= LEAST_WORDS_CHARS else ""


def _answer_at_hand(connection: Connection, draft: Report, moment: Moment, now: float) -> Earlier | None:
    """What people said before, where it answers this report too; what they could not tell answers nothing."""
    is_event = moment.event is not None
    earlier = kept.judged_before(connection, draft.subject, None if is_event else draft.category, draft.fingerprint)
    if earlier is None or earlier.outcome == "unclear":
        return None
    if is_event:
        return _as_it_stands(connection, earlier, draft.target)
    return earlier if earlier.outcome == "no_violation" and earlier.answered_at > now - ENTITY_CLEARED_S else None


def _as_it_stands(connection: Connection, earlier: Earlier, target: str) -> Earlier:
    """What was found wrong on appeal was no violation."""
    if was_reversed(connection, kept.merged_chain(connection, earlier.case_id), target):
        return earlier._replace(outcome="no_violation")
    return earlier


def _fold(draft: Report, moment: Moment) -> str:
    return draft.subject if moment.event is not None else f"{draft.subject}|{draft.category}"


def _case_for(reason: Reason, moment: Moment) -> NewCase:
    return NewCase(
        kind="report", queue=reason.queue, target=moment.target, priority=reason.priority, category=reason.category,
        event_seq=moment.event.seq if moment.event else None,
    )


def _closed(report: Report, at: float) -> OutgoingMessage:
    return closed_message(
        report.id, report.reporter, report.subject, report.reason, report.outcome or "unclear", at
    )
