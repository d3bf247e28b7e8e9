"""What owners see of their account: sign-ins, devices, sessions, what they were told and answered, its standing."""

from sqlalchemy import Boolean, CheckConstraint, Column, Double, Index, Integer, LargeBinary, String, Table, Text, text

from anlan.domain.sign_ins import ANSWERS, CAUSES, DEVICE_STATES, SESSION_STATES, SIGN_IN_STATES
from anlan.store.tables.register import BIG, HexDigest, metadata, one_of

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("seq", BIG, primary_key=True, autoincrement=False, comment="of its event"),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("at", Double, nullable=False, comment="event time"),
    Column("state", String(16), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("risk", Double, comment="0 to 1; NULL for unknown"),
    Column("country", String(2)),
    Column("asn", BIG),
    Column("client", String(64), nullable=False, comment="program|system; empty for unknown"),
    Column("device_id", String(32)),
    Column("session_id", String(32)),
    Column("sealed", LargeBinary, nullable=False, comment="address, user agent, device and session, encrypted"),
    CheckConstraint(one_of("state", SIGN_IN_STATES), name="state"),
)
Index("ix_sign_ins_account", sign_ins.c.account, sign_ins.c.seq)
Index("ix_sign_ins_at", sign_ins.c.at)
Index(
    "ix_sign_ins_challenged", sign_ins.c.at,
    sqlite_where=text("state = 'challenged'"), postgresql_where=text("state = 'challenged'"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id>"),
    Column("hour", Double, primary_key=True, comment="when the hour began, event time"),
    Column("network", String(64), primary_key=True, comment="/24 or /48, empty for unknown, or more"),
    Column("country", String(2)),
    Column("count", Integer, nullable=False),
)
Index("ix_sign_in_failures_hour", sign_in_failures.c.hour)

account_devices = Table(
    "account_devices",
    metadata,
    Column("id", String(32), primary_key=True, comment="digest of account and device"),
    Column("account", Text, nullable=False, index=True, comment="account:<id>"),
    Column("sealed", LargeBinary, nullable=False, comment="the device as events name it, encrypted: it lets in"),
    Column("client", String(64), nullable=False),
    Column("country", String(2)),
    Column("first_seen_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False, index=True),
    Column("state", String(16), nullable=False),
    CheckConstraint(one_of("state", DEVICE_STATES), name="state"),
)

account_sessions = Table(
    "account_sessions",
    metadata,
    Column("id", String(32), primary_key=True, comment="digest of account and session"),
    Column("account", Text, nullable=False, index=True, comment="account:<id>"),
    Column("sealed", LargeBinary, nullable=False, comment="the session as events name it, encrypted"),
    Column("device_id", String(32)),
    Column("client", String(64), nullable=False),
    Column("country", String(2)),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("ended_at", Double),
    CheckConstraint(one_of("state", SESSION_STATES), name="state"),
    CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_time"),
)

sign_in_reminders = Table(
    "sign_in_reminders",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", HexDigest, nullable=False, unique=True, comment="SHA-256 of what the link carries"),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("event_seq", BIG, nullable=False, unique=True, comment="what it tells of; each is told once"),
    Column("cause", String(16), nullable=False),
    Column("detail", String(32), nullable=False, comment="of a change: which; empty for a sign-in"),
    Column("at", Double, nullable=False, comment="event time"),
    Column("made_at", Double, nullable=False, index=True),
    Column("expires_at", Double, nullable=False),
    Column("is_sent", Boolean, nullable=False, comment="false past the cap: it stands on the page only"),
    Column("country", String(2)),
    Column("client", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="device and session, encrypted"),
    Column("answer", String(8)),
    Column("answered_at", Double),
    Column("containment_id", Text, comment="what `not_own` began"),
    CheckConstraint(one_of("cause", CAUSES), name="cause"),
    CheckConstraint(f"answer IS NULL OR {one_of('answer', ANSWERS)}", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answer_has_time"),
)
Index("ix_sign_in_reminders_account", sign_in_reminders.c.account, sign_in_reminders.c.made_at)

account_standings = Table(
    "account_standings",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id>"),
    Column("password_changed_at", Double),
    Column("password_is_breached", Boolean, comment="as the platform told; NULL for unknown, here and below"),
    Column("password_is_weak", Boolean),
    Column("has_phone", Boolean),
    Column("has_email", Boolean),
    Column("has_factor", Boolean, comment="a second factor of the platform's own"),
)
