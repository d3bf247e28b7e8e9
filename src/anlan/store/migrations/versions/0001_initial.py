"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the whole key"),
        sa.Column("scopes", sa.Text(), nullable=False, comment="comma-separated"),
        sa.Column("rate_per_s", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="staff:<name>, key:<id> or system"),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False, comment="hash of the row before"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 over previous and this row"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "counter_snapshots",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column(
            "event_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="the last event it counted",
        ),
        sa.Column("taken_at", sa.Double(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter_snapshots")),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="encrypted"),
        sa.Column(
            "previous_secret", sa.LargeBinary(), nullable=True, comment="encrypted; signed with too while rotating"
        ),
        sa.Column(
            "kinds", sa.Text(), nullable=False, comment="comma-separated dotted prefixes of outbox kinds; empty for all"
        ),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row, over all its messages"),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column(
            "probe_at",
            sa.Double(),
            nullable=True,
            comment="until then nothing is sent, then one message; NULL for the normal flow",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
    )
    op.create_table(
        "events",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="order of commit; given by the writer",
        ),
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="digest of (source, id); see domain.keys"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("type_version", sa.Integer(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False, comment="event time"),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False, comment="kind:id of the entity that acted"),
        sa.Column(
            "data",
            sa.LargeBinary(),
            nullable=True,
            comment="JSON as received, sensitive fields encrypted, personal ones gone in time",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("key", name=op.f("uq_events_key")),
    )
    op.create_table(
        "facts",
        sa.Column("entity", sa.Text(), nullable=False, comment="kind:id"),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Double(), nullable=False, comment="event time from which it holds"),
        sa.Column("value", sa.LargeBinary(), nullable=False, comment="JSON; encrypted for sensitive fields"),
        sa.Column("privacy", sa.String(length=16), nullable=False),
        sa.Column("event_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("entity", "field", "since", name=op.f("pk_facts")),
    )
    op.create_index(
        "ix_facts_expiring",
        "facts",
        ["since"],
        unique=False,
        sqlite_where=sa.text("privacy IN ('personal', 'sensitive')"),
        postgresql_where=sa.text("privacy IN ('personal', 'sensitive')"),
    )
    op.create_table(
        "list_entries",
        sa.Column("list", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False, comment="kind:id"),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.CheckConstraint("purpose IN ('allow', 'block', 'watch')", name=op.f("ck_list_entries_purpose")),
        sa.PrimaryKeyConstraint("list", "entity", name=op.f("pk_list_entries")),
    )
    op.create_table(
        "marks",
        sa.Column(
            "name",
            sa.String(length=64),
            nullable=False,
            comment="journal: the last seq; lists: their version; retention.*",
        ),
        sa.Column("value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.String(length=80), nullable=False, comment="webhook-id; the same cause always gives the same id"
        ),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column(
            "kind", sa.String(length=64), nullable=False, comment="action.<kind>, decision.revised, staff.<kind>"
        ),
        sa.Column("event_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="JSON that the receiver gets"),
        sa.Column("is_routed", sa.Boolean(), nullable=False, comment="deliveries exist for every endpoint"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_unrouted",
        "outbox",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("is_routed = 0"),
        postgresql_where=sa.text("NOT is_routed"),
    )
    op.create_table(
        "policy_sets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", sa.Double(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False, comment="[[id, version, state], ...]"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_policy_sets")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="YAML of this one policy"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.Double(), nullable=True),
        sa.Column("backtest", sa.LargeBinary(), nullable=True, comment="the report shown to whoever approved"),
        sa.CheckConstraint(
            "state <> 'live' OR (approved_by IS NOT NULL AND approved_by <> author)",
            name=op.f("ck_policy_versions_live_needs_second_person"),
        ),
        sa.CheckConstraint("state IN ('draft', 'shadow', 'live', 'retired')", name=op.f("ck_policy_versions_state")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "refused",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("api_key", sa.String(length=32), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="the first 4 KiB"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused")),
    )
    op.create_table(
        "segments",
        sa.Column(
            "first_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("last_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="relative to the journal folder"),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("first_time", sa.Double(), nullable=False),
        sa.Column("last_time", sa.Double(), nullable=False),
        sa.Column("byte_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.Double(), nullable=False),
        sa.Column("is_redacted", sa.Boolean(), nullable=False, comment="personal columns are gone"),
        sa.PrimaryKeyConstraint("first_seq", name=op.f("pk_segments")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True, comment="encrypted; NULL until enrolled"),
        sa.Column(
            "totp_last_step",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the last accepted time step, so that a code works once",
        ),
        sa.Column("roles", sa.Text(), nullable=False, comment="comma-separated"),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
    )
    op.create_table(
        "staff_notices",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=32),
            nullable=False,
            comment="fuse_quota, fuse_jump, signal_failing, dead_letter, ...",
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_notices")),
    )
    op.create_index(op.f("ix_staff_notices_at"), "staff_notices", ["at"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("event_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_cases_event_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_queue", "cases", ["state", "queue", "priority", "opened_at"], unique=False)
    op.create_table(
        "decisions",
        sa.Column(
            "event_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("pass_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=True, comment="of the first finding"),
        sa.Column("policy", sa.String(length=128), nullable=True, comment="of the first finding"),
        sa.Column("decided_at", sa.Double(), nullable=False),
        sa.Column("policy_set", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="domain.decisions.Decision as JSON"),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_decisions_event_seq")),
        sa.PrimaryKeyConstraint("event_seq", "pass_number", name=op.f("pk_decisions")),
    )
    op.create_index(
        "ix_decisions_notable",
        "decisions",
        ["event_seq"],
        unique=False,
        sqlite_where=sa.text("verdict <> 'allow'"),
        postgresql_where=sa.text("verdict <> 'allow'"),
    )
    op.create_table(
        "deferred",
        sa.Column(
            "event_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_deferred_event_seq")),
        sa.PrimaryKeyConstraint("event_seq", name=op.f("pk_deferred")),
    )
    op.create_index(op.f("ix_deferred_next_at"), "deferred", ["next_at"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("message_id", sa.String(length=80), nullable=False),
        sa.Column("endpoint_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False, comment="when due; while being sent, when the claim lapses"),
        sa.Column("waiting_since", sa.Double(), nullable=False, comment="when it was routed, or last replayed"),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.Double(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_deliveries_state")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name=op.f("fk_deliveries_endpoint_id")),
        sa.ForeignKeyConstraint(["message_id"], ["outbox.id"], name=op.f("fk_deliveries_message_id")),
        sa.PrimaryKeyConstraint("message_id", "endpoint_id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["state", "endpoint_id", "next_at"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("has_second_factor", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_sessions")),
    )
