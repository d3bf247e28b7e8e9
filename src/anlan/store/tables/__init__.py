"""Every table, by part; SQLite and PostgreSQL both make exactly these."""

from anlan.store.tables.cases import case_claims, case_findings, case_history, case_judgements, cases
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
from anlan.store.tables.people import api_keys, audit, staff, staff_notices, staff_sessions
from anlan.store.tables.register import HexDigest, metadata
from anlan.store.tables.sanctions import closures, sanction_orders, sanctions

__all__ = [
    "HexDigest", "api_keys", "audit", "case_claims", "case_findings", "case_history", "case_judgements", "cases",
    "closures", "counter_snapshots", "decisions", "deferred", "deliveries", "endpoints", "events", "facts",
    "judgements", "lexicon_changes", "lexicon_edits", "lexicon_terms", "lexicon_versions", "list_entries", "marks",
    "metadata", "model_references", "outbox", "policy_sets", "policy_versions", "refused", "sanction_orders",
    "sanctions", "segments", "shadow_scores", "staff", "staff_notices", "staff_sessions", "text_models",
]
