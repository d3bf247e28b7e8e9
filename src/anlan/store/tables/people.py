"""Who works with Anlan and what they did: notices, staff, keys and the audit log."""

from sqlalchemy import Boolean, Column, Double, ForeignKey, LargeBinary, String, Table, Text

from anlan.store.tables.register import BIG, metadata

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
    Column("totp_last_step", BIG, comment="the last accepted time step, so that a code works once"),
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
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False, comment="staff:<name>, key:<id> or system"),
    Column("act", String(64), nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("details", LargeBinary, nullable=False),
    Column("previous", String(64), nullable=False, comment="hash of the row before"),
    Column("hash", String(64), nullable=False, comment="SHA-256 over previous and this row"),
)
