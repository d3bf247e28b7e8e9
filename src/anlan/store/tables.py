"""Every table, in one place; SQLite and PostgreSQL both make exactly these.

Times are DOUBLE seconds since the epoch (UTC). JSON lives in binary columns as the bytes that msgspec wrote, because
PostgreSQL text refuses NUL and we never query inside it; what is queried has a column of its own.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_BIG = BigInteger().with_variant(Integer, "sqlite")
"""SQLite aliases its rowid only for INTEGER keys."""


class HexDigest(TypeDecorator[str]):
    """Hexadecimal text in Python, half as many bytes in the database: the index on it is the largest one."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        return None if value is None else value.hex()


marks = Table(
    "marks",
    metadata,
    Column("name", String(64), primary_key=True, comment="journal: the last seq; lists: their version; retention.*"),
    Column("value", _BIG, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", _BIG, primary_key=True, autoincrement=False, comment="order of commit; given by the writer"),
    Column("key", HexDigest, nullable=False, comment="digest of (source, id); see domain.keys"),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("type", String(128), nullable=False),
    Column("type_version", Integer, nullable=False),
    Column("time", Double, nullable=False, comment="event time"),
    Column("received_at", Double, nullable=False),
    Column("subject", Text),
    Column("actor", Text, nullable=False, comment="kind:id of the entity that acted"),
    Column("data", LargeBinary, comment="JSON as received, sensitive fields encrypted, personal ones gone in time"),
    UniqueConstraint("key"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("event_seq", _BIG, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("pass_number", Integer, primary_key=True, autoincrement=False),
    Column("verdict", String(16), nullable=False),
    Column("category", String(64), comment="of the first finding"),
    Column("policy", String(128), comment="of the first finding"),
    Column("decided_at", Double, nullable=False),
    Column("policy_set", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="domain.decisions.Decision as JSON"),
)
Index(
    "ix_decisions_notable",
    decisions.c.event_seq,
    sqlite_where=text("verdict <> 'allow'"),
    postgresql_where=text("verdict <> 'allow'"),
)

refused = Table(
    "refused",
    metadata,
    Column("id", _BIG, primary_key=True),
    Column("received_at", Double, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("api_key", String(32)),
    Column("body", LargeBinary, comment="the first 4 KiB"),
)

deferred = Table(
    "deferred",
    metadata,
    Column("event_seq", _BIG, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("next_at", Double, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("last_error", Text),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(80), primary_key=True, comment="webhook-id; the same cause always gives the same id"),
    Column("created_at", Double, nullable=False),
    Column("kind", String(64), nullable=False, comment="action.<kind>, decision.revised, staff.<kind>"),
    Column("event_seq", _BIG),
    Column("body", LargeBinary, nullable=False, comment="JSON that the receiver gets"),
    Column("is_routed", Boolean, nullable=False, default=False, comment="deliveries exist for every endpoint"),
)
Index(
    "ix_outbox_unrouted",
    outbox.c.created_at,
    sqlite_where=text("is_routed = 0"),
    postgresql_where=text("NOT is_routed"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False, comment="encrypted"),
    Column("previous_secret", LargeBinary, comment="encrypted; signed with too while rotating"),
    Column("kinds", Text, nullable=False, comment="comma-separated dotted prefixes of outbox kinds; empty for all"),
    Column("is_enabled", Boolean, nullable=False, default=True),
    Column("created_at", Double, nullable=False),
    Column("failures", Integer, nullable=False, default=0, comment="in a row, over all its messages"),
    Column("failing_since", Double),
    Column("probe_at", Double, comment="until then nothing is sent, then one message; NULL for the normal flow"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message_id", String(80), ForeignKey("outbox.id"), primary_key=True),
    Column("endpoint_id", String(32), ForeignKey("endpoints.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Double, nullable=False, comment="when due; while being sent, when the claim lapses"),
    Column("waiting_since", Double, nullable=False, comment="when it was routed, or last replayed"),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("done_at", Double),
    CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
)
Index("ix_deliveries_due", deliveries.c.state, deliveries.c.endpoint_id, deliveries.c.next_at)

counter_snapshots = Table(
    "counter_snapshots",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("event_seq", _BIG, nullable=False, comment="the last event it counted"),
    Column("taken_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("entity", Text, primary_key=True, comment="kind:id"),
    Column("field", String(64), primary_key=True),
    Column("since", Double, primary_key=True, comment="event time from which it holds"),
    Column("value", LargeBinary, nullable=False, comment="JSON; encrypted for sensitive fields"),
    Column("privacy", String(16), nullable=False),
    Column("event_seq", _BIG, nullable=False),
)
Index(
    "ix_facts_expiring",
    facts.c.since,
    sqlite_where=text("privacy IN ('personal', 'sensitive')"),
    postgresql_where=text("privacy IN ('personal', 'sensitive')"),
)

list_entries = Table(
    "list_entries",
    metadata,
    Column("list", String(64), primary_key=True),
    Column("entity", Text, primary_key=True, comment="kind:id"),
    Column("purpose", String(8), nullable=False),
    Column("owner", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    CheckConstraint("purpose IN ('allow', 'block', 'watch')", name="purpose"),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False, comment="YAML of this one policy"),
    Column("state", String(16), nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", Double),
    Column("backtest", LargeBinary, comment="the report shown to whoever approved"),
    CheckConstraint("state IN ('draft', 'shadow', 'live', 'retired')", name="state"),
    CheckConstraint(
        "state <> 'live' OR (approved_by IS NOT NULL AND approved_by <> author)", name="live_needs_second_person"
    ),
)

policy_sets = Table(
    "policy_sets",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("loaded_at", Double, nullable=False),
    Column("members", LargeBinary, nullable=False, comment="[[id, version, state], ...]"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("queue", String(64), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("event_seq", _BIG, ForeignKey("events.seq"), nullable=False),
    Column("policy", String(128), nullable=False),
    Column("target", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
)
Index("ix_cases_queue", cases.c.state, cases.c.queue, cases.c.priority, cases.c.opened_at)

staff_notices = Table(
    "staff_notices",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("kind", String(32), nullable=False, comment="fuse_quota, fuse_jump, signal_failing, dead_letter, ..."),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seen_by", Text),
)

staff = Table(
    "staff",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("must_change_password", Boolean, nullable=False),
    Column("totp_secret", LargeBinary, comment="encrypted; NULL until enrolled"),
    Column("totp_last_step", _BIG, comment="the last accepted time step, so that a code works once"),
    Column("roles", Text, nullable=False, comment="comma-separated"),
    Column("language", String(8), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff_id", String(32), ForeignKey("staff.id"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("has_second_factor", Boolean, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True, comment="SHA-256 of the whole key"),
    Column("scopes", Text, nullable=False, comment="comma-separated"),
    Column("rate_per_s", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("revoked_at", Double),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False, comment="staff:<name>, key:<id> or system"),
    Column("act", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Column("previous", String(64), nullable=False, comment="hash of the row before"),
    Column("hash", String(64), nullable=False, comment="SHA-256 over previous and this row"),
)

segments = Table(
    "segments",
    metadata,
    Column("first_seq", _BIG, primary_key=True, autoincrement=False),
    Column("last_seq", _BIG, nullable=False),
    Column("file", Text, nullable=False, comment="relative to the journal folder"),
    Column("event_count", Integer, nullable=False),
    Column("first_time", Double, nullable=False),
    Column("last_time", Double, nullable=False),
    Column("byte_count", _BIG, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sealed_at", Double, nullable=False),
    Column("is_redacted", Boolean, nullable=False, default=False, comment="personal columns are gone"),
)

lexicon_changes = Table(
    "lexicon_changes",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=False, comment="given in order of proposal"),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_version", _BIG, nullable=False, comment="of the lexicon that the author saw"),
    Column("term_count", Integer, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Double),
    Column("note", Text, nullable=False, default="", comment="what whoever decided said"),
    Column("preview", LargeBinary, comment="the report shown to whoever approved, without members' words"),
    Column("version", _BIG, unique=True, comment="of the lexicon that it made"),
    CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name="state"),
    CheckConstraint(
        "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> author AND version IS NOT NULL)",
        name="approved_needs_second_person",
    ),
)
Index("ix_lexicon_changes_state", lexicon_changes.c.state, lexicon_changes.c.id)

lexicon_edits = Table(
    "lexicon_edits",
    metadata,
    Column("change_id", _BIG, ForeignKey("lexicon_changes.id"), primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True, comment="the term's folded text"),
    Column("before", LargeBinary, comment="domain.terms.Term as JSON; NULL where there was none"),
    Column("after", LargeBinary, comment="likewise; NULL retires the term"),
    CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name="something"),
    Index("ix_lexicon_edits_key", "key"),
)

lexicon_terms = Table(
    "lexicon_terms",
    metadata,
    Column("key", Text, primary_key=True, comment="the term's folded text"),
    Column("body", LargeBinary, nullable=False, comment="domain.terms.Term as JSON; a retired one as it was last"),
    Column("is_retired", Boolean, nullable=False, comment="no longer looked for, even if it was shipped"),
    Column("change_id", _BIG, ForeignKey("lexicon_changes.id"), nullable=False, comment="the last that was approved"),
    Column("version", _BIG, nullable=False, comment="of the lexicon that the change made"),
)

lexicon_versions = Table(
    "lexicon_versions",
    metadata,
    Column("hash", String(64), primary_key=True, comment="the one that decisions name"),
    Column("version", _BIG, nullable=False),
    Column("loaded_at", Double, nullable=False),
    Column("term_count", Integer, nullable=False),
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=False, comment="given in order of arrival"),
    Column("subject", HexDigest, nullable=False, comment="an event's key, or the digest of a text without an event"),
    Column("is_event", Boolean, nullable=False),
    Column("category", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("origin", String(16), nullable=False, comment="console or import"),
    Column("provenance", Text, nullable=False, comment="the page, file or ticket"),
    Column("note", Text, nullable=False, default=""),
    Column("is_current", Boolean, nullable=False, comment="not replaced by a later one of the same person"),
    Column("text", Text, comment="personal; only of texts without an event, until their retention ends"),
    CheckConstraint("category IN ('normal', 'abuse', 'porn', 'gambling', 'fraud', 'illicit_ad')", name="category"),
    Index("ix_judgements_subject", "subject", "id"),
)
Index(
    "uq_judgements_current", judgements.c.subject, judgements.c.by, unique=True,
    sqlite_where=judgements.c.is_current, postgresql_where=judgements.c.is_current,
)

text_models = Table(
    "text_models",
    metadata,
    Column("version", String(64), primary_key=True, comment="the one that decisions name"),
    Column("state", String(16), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("parent", String(64), nullable=False, comment="the model that it was made from; empty if from none"),
    Column("sha256", String(64), nullable=False),
    Column("taught_until", _BIG, nullable=False, comment="the last judgement that it knows"),
    Column("judged_texts", Integer, nullable=False, comment="how many taught it"),
    Column("shadowed_by", Text),
    Column("shadowed_at", Double),
    Column("share", Double, nullable=False, comment="of all texts that it scores in shadow"),
    Column("approved_by", Text),
    Column("live_at", Double),
    Column("replaced", String(64), comment="in force before it; empty for the shipped one"),
    CheckConstraint("state IN ('candidate', 'shadow', 'live', 'retired')", name="state"),
    CheckConstraint(
        "state <> 'live' OR (approved_by IS NOT NULL AND shadowed_by IS NOT NULL AND approved_by <> shadowed_by)",
        name="live_needs_second_person",
    ),
    CheckConstraint("share > 0 AND share <= 1", name="share"),
)
Index(
    "uq_text_models_one", text_models.c.state, unique=True,
    sqlite_where=text_models.c.state.in_(("shadow", "live")),
    postgresql_where=text_models.c.state.in_(("shadow", "live")),
)

shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column("model", String(64), primary_key=True, comment="the one in shadow"),
    Column("event_key", HexDigest, primary_key=True),
    Column("beside", String(64), nullable=False, comment="the model in force"),
    Column("at", Double, nullable=False, comment="event time"),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("old", LargeBinary, nullable=False, comment="JSON: scores in order of the categories"),
    Column("new", LargeBinary, nullable=False, comment="likewise, of the model in shadow"),
)
Index("ix_shadow_scores_at", shadow_scores.c.model, shadow_scores.c.at)

model_references = Table(
    "model_references",
    metadata,
    Column("model", String(64), primary_key=True),
    Column("since", Double, nullable=False, comment="when it was first seen in force"),
    Column("until", Double, comment="end of the window of the histograms; NULL while they are not complete"),
    Column("body", LargeBinary, comment="JSON: the histograms"),
)
