"""What members see of their own sign-ins: devices, sessions, reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _sign_ins()
    _sign_in_failures()
    _account_devices()
    _account_sessions()
    _sign_in_reminders()
    _account_standings()


def _sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("seq", _BIG, autoincrement=False, nullable=False, comment="of its event"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("risk", sa.Double(), comment="0 to 1; NULL for unknown"),
        sa.Column("country", sa.String(length=2)),
        sa.Column("asn", _BIG),
        sa.Column("client", sa.String(length=64), nullable=False, comment="program|system; empty for unknown"),
        sa.Column("device_id", sa.String(length=32)),
        sa.Column("session_id", sa.String(length=32)),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="address, user agent, device and session, encrypted"),
        sa.CheckConstraint("state IN ('entered', 'challenged', 'stopped')", name=op.f("ck_sign_ins_state")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_sign_ins")),
    )
    op.create_index("ix_sign_ins_account", "sign_ins", ["account", "seq"])
    op.create_index("ix_sign_ins_at", "sign_ins", ["at"])
    op.create_index("ix_sign_ins_challenged", "sign_ins", ["at"], sqlite_where=sa.text("state = 'challenged'"), postgresql_where=sa.text("state = 'challenged'"))


def _sign_in_failures() -> None:
    op.create_table(
        "sign_in_failures",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("hour", sa.Double(), nullable=False, comment="when the hour began, event time"),
        sa.Column("network", sa.String(length=64), nullable=False, comment="/24 or /48, empty for unknown, or more"),
        sa.Column("country", sa.String(length=2)),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "hour", "network", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_hour", "sign_in_failures", ["hour"])


def _account_devices() -> None:
    op.create_table(
        "account_devices",
        sa.Column("id", sa.String(length=32), nullable=False, comment="digest of account and device"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="the device as events name it, encrypted: it lets in"),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2)),
        sa.Column("first_seen_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.CheckConstraint("state IN ('known', 'own', 'removed', 'disowned')", name=op.f("ck_account_devices_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_devices")),
    )
    op.create_index("ix_account_devices_account", "account_devices", ["account"])
    op.create_index("ix_account_devices_seen_at", "account_devices", ["seen_at"])


def _account_sessions() -> None:
    op.create_table(
        "account_sessions",
        sa.Column("id", sa.String(length=32), nullable=False, comment="digest of account and session"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="the session as events name it, encrypted"),
        sa.Column("device_id", sa.String(length=32)),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2)),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_account_sessions_ended_has_time")),
        sa.CheckConstraint("state IN ('open', 'ending', 'ended')", name=op.f("ck_account_sessions_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_sessions")),
    )
    op.create_index("ix_account_sessions_account", "account_sessions", ["account"])
    op.create_index("ix_account_sessions_seen_at", "account_sessions", ["seen_at"])


def _sign_in_reminders() -> None:
    op.create_table(
        "sign_in_reminders",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the link carries"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("event_seq", _BIG, nullable=False, comment="what it tells of; each is told once"),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=32), nullable=False, comment="of a change: which; empty for a sign-in"),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False, comment="false past the cap: it stands on the page only"),
        sa.Column("country", sa.String(length=2)),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="device and session, encrypted"),
        sa.Column("answer", sa.String(length=8)),
        sa.Column("answered_at", sa.Double()),
        sa.Column("containment_id", sa.Text(), comment="what `not_own` began"),
        sa.CheckConstraint("answer IS NULL OR answer IN ('own', 'not_own')", name=op.f("ck_sign_in_reminders_answer")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_sign_in_reminders_answer_has_time")),
        sa.CheckConstraint("cause IN ('new_device', 'new_country', 'risk', 'stopped', 'password', 'binding', 'factor')", name=op.f("ck_sign_in_reminders_cause")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_reminders")),
        sa.UniqueConstraint("event_seq", name=op.f("uq_sign_in_reminders_event_seq")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_reminders_token_hash")),
    )
    op.create_index("ix_sign_in_reminders_account", "sign_in_reminders", ["account", "made_at"])
    op.create_index("ix_sign_in_reminders_made_at", "sign_in_reminders", ["made_at"])


def _account_standings() -> None:
    op.create_table(
        "account_standings",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("password_changed_at", sa.Double()),
        sa.Column("password_is_breached", sa.Boolean(), comment="as the platform told; NULL for unknown, here and below"),
        sa.Column("password_is_weak", sa.Boolean()),
        sa.Column("has_phone", sa.Boolean()),
        sa.Column("has_email", sa.Boolean()),
        sa.Column("has_factor", sa.Boolean(), comment="a second factor of the platform's own"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_account_standings")),
    )
