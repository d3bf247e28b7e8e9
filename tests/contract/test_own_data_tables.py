"""Every table that holds something of an account is handed over and goes in time, or says here why not.

A new table fails these tests until it stands in one of the lists below. What is claimed of the download and of
retention is not believed: the statements that they really send are looked at.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from anlan import clock
from anlan.center.own_parts import PARTS
from anlan.domain.consultations import Known
from anlan.domain.events import CATALOGUE
from anlan.store.consultations import add_consultation
from anlan.store.database import Database
from anlan.store.retention import RetentionDays, apply
from anlan.store.tables import metadata

NOBODYS = {
    "alert_days", "api_keys", "attack_minutes", "attack_networks", "attacks", "campaign_bulletins", "campaign_cases",
    "campaign_looks", "campaign_questions", "campaigns", "case_claims", "case_links", "case_skips", "case_tickets",
    "case_watchers", "closures", "endpoints", "event_streams", "golden_cases", "golden_items", "lexicon_changes",
    "lexicon_edits", "lexicon_terms", "lexicon_versions", "marks", "model_references", "paid_after_days",
    "payment_days", "policy_sets", "policy_versions", "queues", "report_cases", "rosters", "second_looks",
    "segments", "signing_keys", "spent_entrances", "staff", "staff_exposures", "staff_notices", "staff_sessions",
    "staff_wellbeing", "statements", "text_models", "transmitters", "warned_payment_days",
}
"""Counts, settings, staff, groups: no row is about one member."""

HANDED_OVER = {
    "account_channels": "factors", "account_devices": "sign_ins", "account_sessions": "sign_ins",
    "account_standings": "sign_ins", "alert_wishes": "quiet_hours", "alerted_payments": "alerted_payments",
    "alerts": "alerts", "appeals": "appeals", "assistance_requests": "consultations", "attachments": "files",
    "care_card_answers": "cards", "care_cards": "cards", "circle_bonds": "circles",
    "circle_invitations": "invitations", "circle_warnings": "circle_warnings", "consultation_turns": "consultations",
    "consultations": "consultations", "containment_steps": "protection", "containments": "protection",
    "errands": "errands",
    "factors": "factors", "fund_holds": "funds", "fund_owners": "funds", "holdings": "funds",
    "member_notices": "notices", "payout_applications": "funds", "recovery_claims": "recoveries",
    "recovery_codes": "factors", "recovery_vouches": "recoveries", "reports": "reports", "sanctions": "sanctions",
    "sign_in_failures": "sign_ins", "sign_in_reminders": "sign_ins", "sign_ins": "sign_ins",
    "transfer_helpers": "transfers", "transfers": "transfers", "trusted_devices": "factors",
}
"""Table to part."""

_DESK = "the desk's work; what came of it for the member stands in reports, sanctions, appeals and notices"
_JOURNAL = "what the platform sent, which it has itself and hands over; the privacy page names every field"
_PASSING = "on its way somewhere; what it says stands in the tables that it came from"
_PROOF = "whoever sits in the session must not learn how the owner proves themselves"
_SHELTER = "from whom somebody hides is shown on a page that closes with one press, never in a file that stays"
_SUMS = "adds up to what the holdings show"
_TRICKS = "telling it would teach how to get around it; what follows from it is told and explained"
KEPT_BACK = {
    "attack_accounts": _TRICKS, "audit": "of it the download has who looked at what is the member's own",
    "case_findings": _DESK, "case_history": _DESK, "case_judgements": _DESK, "cases": _DESK,
    "challenge_codes": _PROOF, "challenge_limits": _PROOF, "challenges": _PROOF, "circle_blocks": _SHELTER,
    "circle_members": _SHELTER, "claim_codes": _PROOF, "consultation_hours": "counts of one hour",
    "containment_alarms": _TRICKS, "content_requests": "a tick on a group's page; the content is what they asked for",
    "counter_snapshots": "sums of the journal, in bytes that only counters read", "decisions": _JOURNAL,
    "deferred": _PASSING, "deliveries": _PASSING, "events": _JOURNAL, "factor_enrolments": _PROOF,
    "facts": _JOURNAL, "judgements": _DESK, "ledger_lines": _SUMS, "ledger_transactions": _SUMS,
    "list_entries": _TRICKS, "member_links": "when a page was opened; the privacy page says how long that is kept",
    "member_sessions": "likewise; it ends within hours", "outbox": _PASSING, "own_events": _PASSING,
    "platform_states": _DESK, "received_tokens": "what a partner said; what came of it stands in protection",
    "recovery_accounts": _PROOF, "recovery_evidence": _PROOF, "recovery_judgements": _DESK, "recovery_traces": _PROOF,
    "refused": "what could not be read; it names nobody that one could look for",
    "report_evidence": "the reported party's words, not the reporter's", "reporter_credits": _TRICKS,
    "roster_people": _JOURNAL, "sanction_orders": _PASSING, "shadow_scores": _DESK, "staff_ties": _DESK,
    "stream_tokens": _PASSING, "transfer_pauses": "which event paused a payment; the payment stands in transfers",
}
"""Tables that hold something of a member which the download has not, and why."""

_ACCOUNT = "goes with the account: it is how it is secured, and the platform's word or the owner's takes it back"
_GROUND = "the ground of a measure in force or of an appeal against it; its words and evidence go in time"
_LEDGER = "a ledger that forgot lines would not add up, and money would be lost with it"
_NAMES = "names and verdicts without content, on which every explanation and appeal rests"
STAYS = {
    "account_channels": _ACCOUNT, "account_standings": _ACCOUNT, "audit": "sealed row by row: none can be taken out",
    "case_findings": _GROUND, "case_history": _GROUND, "case_judgements": _GROUND, "cases": _GROUND,
    "circle_blocks": "until whoever set it takes it back: forgetting it would let somebody in again",
    "claim_codes": "digests that are good for minutes", "containment_alarms": _GROUND,
    "content_requests": _GROUND, "counter_snapshots": "each takes the place of the one before",
    "decisions": _NAMES, "deferred": "empties itself within minutes", "fund_holds": _LEDGER, "fund_owners": _LEDGER,
    "holdings": _LEDGER, "ledger_lines": _LEDGER, "ledger_transactions": _LEDGER,
    "list_entries": "staff keep them, with an owner and an end",
    "own_events": "empties itself as the journal takes them in", "payout_applications": _LEDGER,
    "platform_states": "each takes the place of the one before",
    "recovery_accounts": _ACCOUNT, "recovery_codes": "goes with its factor", "recovery_judgements": _GROUND,
    "recovery_vouches": _NAMES,
    "reporter_credits": "two numbers that fade with every report", "roster_people": "as the platform says it",
    "sanction_orders": _GROUND, "sanctions": _GROUND, "staff_ties": "until staff take it back",
}
"""Tables that retention leaves alone, and why. Of all others it removes rows or what is personal in them."""


def tables_in(statements: list[str]) -> set[str]:
    words = set(re.findall(r"[a-z_]+", " ".join(statements)))
    return words & set(metadata.tables)


@contextmanager
def listened() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def hear(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(re.sub(r"\bAS \w+", "", statement))

    event.listen(Engine, "before_cursor_execute", hear)
    yield sent
    event.remove(Engine, "before_cursor_execute", hear)


def test_every_table_is_in_one_of_the_lists() -> None:
    everything = set(metadata.tables)
    assert everything == NOBODYS | HANDED_OVER.keys() | KEPT_BACK.keys(), "say what a new table means for members"
    assert len(NOBODYS) + len(HANDED_OVER) + len(KEPT_BACK) == len(everything), "in one list each"
    assert STAYS.keys() <= HANDED_OVER.keys() | KEPT_BACK.keys()


def test_what_names_an_account_is_not_called_nobodys() -> None:
    for name in NOBODYS:
        said = " ".join(f"{column.name} {column.comment or ''}" for column in metadata.tables[name].columns)
        is_named = re.search(r"account:<id>|\b(account|payer|reporter|owner|guardian|ward|friend)\b", said)
        assert not is_named or name in EXCUSED, name


EXCUSED = {"campaigns", "lexicon_terms", "text_models"}


def test_the_download_reads_what_it_is_said_to_hand_over(database: Database) -> None:
    parts = {part.name: part for part in PARTS}
    assert set(HANDED_OVER.values()) == set(parts)
    for name, part in parts.items():
        with listened() as sent, database.read() as connection:
            part.read(connection, database.vault, "account:ann")
            part.adds(connection, database.vault, {"id": "one"})
        claimed = {table for table, by in HANDED_OVER.items() if by == name}
        assert claimed <= tables_in(sent) | UNREAD, (name, claimed - tables_in(sent))


UNREAD = {"fund_holds", "fund_owners"}


def test_retention_touches_all_but_what_is_said_to_stay(database: Database) -> None:
    with database.write() as connection:
        add_consultation(connection, database.vault, "account:ann", "zh", Known(), 1.0)
    with listened() as sent:
        apply(database, RetentionDays(), clock.now(), CATALOGUE)
    touched = tables_in([one for one in sent if one.lstrip().upper().startswith(("DELETE", "UPDATE", "SELECT"))])
    held = HANDED_OVER.keys() | KEPT_BACK.keys()
    assert held - touched - STAYS.keys() == set(), "nothing of these ever goes"

