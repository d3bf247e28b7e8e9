"""What is written when a sanction takes effect or is taken back: the member's notice and the statement of reasons."""

from datetime import tzinfo
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from anlan.domain import notice_words
from anlan.domain.ladder import Ladder
from anlan.domain.notice_words import QUOTE_CHARS, Told, Words, in_short
from anlan.domain.statements import Automation, Statement, restriction_of
from anlan.store.cases import find_case
from anlan.store.journal import StoredEvent, event_columns, stored_event
from anlan.store.member_notices import add_notice, add_statement, reverse_statement
from anlan.store.rosters import read_roster
from anlan.store.sanctions import Sanction
from anlan.store.tables import events
from anlan.store.vault import Codec, Vault

_AUTOMATION: dict[tuple[bool, bool], Automation] = {
    (True, True): "AUTOMATED_DECISION_FULLY", (True, False): "AUTOMATED_DECISION_FULLY",
    (False, True): "AUTOMATED_DECISION_PARTIALLY", (False, False): "AUTOMATED_DECISION_NOT_AUTOMATED",
}
"""By whether a policy ordered it, and whether a machine found it."""


class Notices:
    """Writes notices and statements in the caller's transaction.

    Args:
        zone: that moments are told in.
    """

    def __init__(self, vault: Vault, ladder: Ladder, zone: tzinfo) -> None:
        self._vault, self._codec, self._ladder, self._zone = vault, Codec(vault), ladder, zone

    def words(self, connection: Connection, sanction: Sanction) -> Words:
        """The notice in one message, without the member's own words."""
        return in_short(notice_words.sanctioned(self._told(connection, sanction, None), self._zone))

    def tell_sanctioned(self, connection: Connection, sanction: Sanction, now: float) -> None:
        """Write the notice of everybody whom it touches, and the statement of reasons if one is owed."""
        event = _event_of(connection, self._codec, sanction)
        for account in told_accounts(connection, sanction, event):
            quote = _own_words(event) if event is not None and event.actor == account else ""
            body = notice_words.sanctioned(self._told(connection, sanction, event, quote), self._zone)
            add_notice(connection, self._vault, account, sanction.id, "sanctioned", body, now)
        if restriction := restriction_of(sanction.kind):
            add_statement(connection, self._statement(connection, sanction, event, restriction))

    def tell_lifted(
        self, connection: Connection, sanction: Sanction, now: float, *, is_replaced: bool = False
    ) -> Words:
        """Write the apology to everybody who was told, mark the statement, and give the words in one message."""
        event = _event_of(connection, self._codec, sanction)
        body = notice_words.lifted(self._told(connection, sanction, event), is_replaced=is_replaced)
        for account in told_accounts(connection, sanction, event):
            add_notice(connection, self._vault, account, sanction.id, "lifted", body, now)
        reverse_statement(connection, sanction.id, now)
        return in_short(body)

    def _told(
        self, connection: Connection, sanction: Sanction, event: StoredEvent | None, quote: str = ""
    ) -> Told:
        return Told(
            kind=sanction.kind, feature=sanction.feature, starts_at=sanction.starts_at, ends_at=sanction.ends_at,
            is_permanent=sanction.is_permanent, rule=self._ladder.rule(sanction.category), role=sanction.closure_role,
            happened_at=event.time if event else None, quote=quote,
        )

    def _statement(
        self, connection: Connection, sanction: Sanction, event: StoredEvent | None, restriction: dict[str, Any]
    ) -> Statement:
        rule = self._ladder.rule(sanction.category)
        case = find_case(connection, sanction.case_id) if sanction.case_id else None
        is_automatic, is_found = sanction.ordered_by.startswith("policy:"), sanction.finding_seq is not None
        return Statement(
            seq=0, puid=sanction.id, **restriction, decision_ground="DECISION_GROUND_INCOMPATIBLE_CONTENT",
            incompatible_content_ground=rule.title["en"], incompatible_content_explanation=rule.text["en"],
            content_type=("CONTENT_TYPE_TEXT" if event and event.type == "message.sent" else "CONTENT_TYPE_OTHER",),
            category=rule.dsa, decision_facts=_facts(sanction),
            source_type="SOURCE_TYPE_OTHER_NOTIFICATION" if case and case.kind == "report" else "SOURCE_VOLUNTARY",
            automated_detection="Yes" if is_found or is_automatic else "No",
            automated_decision=_AUTOMATION[is_automatic, is_found], territorial_scope=(),
            application_date=sanction.starts_at, end_date=sanction.ends_at, redress=(),
        )


def told_accounts(connection: Connection, sanction: Sanction, event: StoredEvent | None) -> tuple[str, ...]:
    """Who hears of a sanction: the account; who wrote removed content; those who run a group.

    Those who ran a closed group are told by the sanction of their own.
    """
    kind = sanction.target.partition(":")[0]
    if kind == "account":
        return (sanction.target,)
    if kind == "group":
        people = () if sanction.closure_id else read_roster(connection, sanction.target).people
        return tuple(person.account for person in people)
    return (event.actor,) if event is not None and event.actor.startswith("account:") else ()


def _event_of(connection: Connection, codec: Codec, sanction: Sanction) -> StoredEvent | None:
    case = find_case(connection, sanction.case_id) if sanction.case_id else None
    seq = case.event_seq if case else sanction.finding_seq
    row = connection.execute(select(*event_columns()).where(events.c.seq == seq)).one_or_none() if seq else None
    return stored_event(row, codec) if row and row.data is not None else None


def _own_words(event: StoredEvent) -> str:
    said = msgspec.json.decode(event.data).get("text", "")
    return said[:QUOTE_CHARS] if isinstance(said, str) else ""


def _facts(sanction: Sanction) -> str:
    people = len({sanction.judged_by, sanction.second_by} - {None})
    said = [ground.words["en"] for ground in sanction.grounds]
    confirmed = f"Examined and confirmed by {people} {'person' if people == 1 else 'people'}." if people else ""
    return " ".join((confirmed, *(f"{words}." for words in said))).strip()
