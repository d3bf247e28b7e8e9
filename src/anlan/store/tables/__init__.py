"""Every table, by part; SQLite and PostgreSQL both make exactly these."""

from anlan.store.tables.alerts import (
    alert_days,
    alert_wishes,
    alerted_payments,
    alerts,
    paid_after_days,
    payment_days,
    warned_payment_days,
)
from anlan.store.tables.attacks import attack_accounts, attack_minutes, attack_networks, attacks
from anlan.store.tables.campaigns import (
    campaign_bulletins,
    campaign_cases,
    campaign_looks,
    campaign_questions,
    campaigns,
)
from anlan.store.tables.care_cards import care_card_answers, care_cards
from anlan.store.tables.cases import case_claims, case_findings, case_history, case_judgements, cases
from anlan.store.tables.circles import (
    circle_blocks,
    circle_bonds,
    circle_invitations,
    circle_members,
    circle_warnings,
)
from anlan.store.tables.consultations import (
    assistance_requests,
    consultation_hours,
    consultation_turns,
    consultations,
)
from anlan.store.tables.containment import containment_alarms, containment_steps, containments
from anlan.store.tables.entrances import spent_entrances
from anlan.store.tables.errands import errands
from anlan.store.tables.factors import (
    account_channels,
    challenge_codes,
    challenge_limits,
    challenges,
    factor_enrolments,
    factors,
    recovery_codes,
    trusted_devices,
)
from anlan.store.tables.funds import (
    fund_holds,
    fund_owners,
    holdings,
    ledger_lines,
    ledger_transactions,
    payout_applications,
)
from anlan.store.tables.journal import (
    counter_snapshots,
    decisions,
    deferred,
    deliveries,
    endpoints,
    events,
    facts,
    list_entries,
    marks,
    outbox,
    policy_sets,
    policy_versions,
    refused,
    second_looks,
    segments,
)
from anlan.store.tables.learning import (
    judgements,
    lexicon_changes,
    lexicon_edits,
    lexicon_terms,
    lexicon_versions,
    model_references,
    shadow_scores,
    text_models,
)
from anlan.store.tables.members import appeals, attachments, content_requests, member_links, member_sessions
from anlan.store.tables.notices import member_notices, platform_states, roster_people, rosters, statements
from anlan.store.tables.own_events import own_events
from anlan.store.tables.people import api_keys, audit, staff, staff_notices, staff_sessions
from anlan.store.tables.recovery import (
    claim_codes,
    recovery_accounts,
    recovery_claims,
    recovery_evidence,
    recovery_judgements,
    recovery_traces,
    recovery_vouches,
)
from anlan.store.tables.register import HexDigest, metadata
from anlan.store.tables.reports import report_cases, report_evidence, reporter_credits, reports
from anlan.store.tables.review import (
    case_links,
    case_skips,
    case_tickets,
    case_watchers,
    golden_cases,
    golden_items,
    queues,
    staff_exposures,
    staff_ties,
    staff_wellbeing,
)
from anlan.store.tables.sanctions import closures, sanction_orders, sanctions
from anlan.store.tables.security_events import (
    event_streams,
    received_tokens,
    signing_keys,
    stream_tokens,
    transmitters,
)
from anlan.store.tables.sign_ins import (
    account_devices,
    account_sessions,
    account_standings,
    sign_in_failures,
    sign_in_reminders,
    sign_ins,
)
from anlan.store.tables.transfers import transfer_helpers, transfer_pauses, transfers

__all__ = [
    "HexDigest", "account_channels", "account_devices", "account_sessions", "account_standings", "alert_days",
    "alert_wishes", "alerted_payments", "alerts", "api_keys", "appeals", "assistance_requests", "attachments",
    "attack_accounts", "attack_minutes", "attack_networks", "attacks", "audit", "campaign_bulletins", "campaign_cases",
    "campaign_looks", "campaign_questions", "campaigns", "care_card_answers", "care_cards", "case_claims",
    "case_findings", "case_history", "case_judgements", "case_links", "case_skips", "case_tickets", "case_watchers",
    "cases", "challenge_codes",
    "challenge_limits", "challenges", "circle_blocks", "circle_bonds", "circle_invitations", "circle_members",
    "circle_warnings", "claim_codes", "closures", "consultation_hours", "consultation_turns", "consultations",
    "containment_alarms", "containment_steps", "containments", "content_requests", "counter_snapshots", "decisions",
    "deferred", "deliveries", "endpoints", "errands", "event_streams", "events", "factor_enrolments", "factors",
    "facts",
    "fund_holds", "fund_owners", "golden_cases", "golden_items", "holdings", "judgements", "ledger_lines",
    "ledger_transactions", "lexicon_changes", "lexicon_edits", "lexicon_terms", "lexicon_versions", "list_entries",
    "marks", "member_links", "member_notices", "member_sessions", "metadata", "model_references", "outbox",
    "own_events", "paid_after_days", "payment_days", "payout_applications", "platform_states", "policy_sets",
    "policy_versions", "queues",
    "received_tokens", "recovery_accounts", "recovery_claims", "recovery_codes", "recovery_evidence",
    "recovery_judgements", "recovery_traces", "recovery_vouches", "refused", "report_cases", "report_evidence",
    "reporter_credits", "reports", "roster_people", "rosters", "sanction_orders", "sanctions", "second_looks",
    "segments",
    "shadow_scores", "sign_in_failures", "sign_in_reminders", "sign_ins", "signing_keys", "spent_entrances", "staff",
    "staff_exposures", "staff_notices", "staff_sessions", "staff_ties", "staff_wellbeing", "statements",
    "stream_tokens", "text_models", "transfer_helpers", "transfer_pauses", "transfers", "transmitters",
    "trusted_devices", "warned_payment_days",
]
