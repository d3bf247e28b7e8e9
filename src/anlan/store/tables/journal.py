"""What happens and what was decided about it: events, decisions, messages to receivers, counters, facts, policies."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from anlan.store.tables.register import BIG, HexDigest, metadata

marks = Table(
    "marks",
    metadata,
    Column("name", String(64), primary_key=True, comment="journal: the last seq; lists: their version; retention.*"),
    Column("value", BIG, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", BIG, primary_key=True, autoincrement=False, comment="order of commit; given by the writer"),
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
Index("ix_events_actor", events.c.actor, events.c.time)

decisions = Table(
    "decisions",
    metadata,
    Column("event_seq", BIG, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
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

second_looks = Table(
    "second_looks",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=False, comment="order of commit; given by the writer"),
    Column("event_seq", BIG, ForeignKey("events.seq"), nullable=False, comment="judged again"),
)

refused = Table(
    "refused",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("received_at", Double, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("api_key", String(32)),
    Column("body", LargeBinary, comment="the first 4 KiB"),
)

deferred = Table(
    "deferred",
    metadata,
    Column("event_seq", BIG, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
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
    Column("event_seq", BIG),
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
    Column("event_seq", BIG, nullable=False, comment="the last event it counted"),
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
    Column("event_seq", BIG, nullable=False),
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

segments = Table(
    "segments",
    metadata,
    Column("first_seq", BIG, primary_key=True, autoincrement=False),
    Column("last_seq", BIG, nullable=False),
    Column("file", Text, nullable=False, comment="relative to the journal folder"),
    Column("event_count", Integer, nullable=False),
    Column("first_time", Double, nullable=False),
    Column("last_time", Double, nullable=False),
    Column("byte_count", BIG, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sealed_at", Double, nullable=False),
    Column("is_redacted", Boolean, nullable=False, default=False, comment="personal columns are gone"),
)
