"""Risk alerts: whom they warned of what, in which words, what members did then, and what became of their payments."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _alerts()
    _alert_days()
    _alert_wishes()
    _alerted_payments()
    _payment_days()
    # What was decided before this version is old news; members are warned of what comes from now on.
    for name in ("alerts.decisions", "alerts.payments"):
        op.execute(f"INSERT INTO marks (name, value) SELECT '{name}', value FROM marks WHERE name = 'journal'")


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=32), nullable=False, comment="digest of event, account and scenario"),
        sa.Column("event_seq", _BIG, nullable=False, comment="in whose decision it was ordered"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who is at risk"),
        sa.Column("scenario", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="of the scenario, whose words they read"),
        sa.Column("strength", sa.String(length=8), nullable=False),
        sa.Column("moment", sa.String(length=8), nullable=False),
        sa.Column("other", sa.Text(), nullable=False, comment="kind:id of who is on the other side; empty for nobody"),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("arm", sa.String(length=8), nullable=False, comment="whose words they read; control for none"),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("cap", sa.String(length=16), comment="of a capped one: which"),
        sa.Column(
            "day", sa.String(length=10), nullable=False, comment="of the event in the operator's zone, for figures",
        ),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.Double()),
        sa.Column("answer", sa.String(length=16)),
        sa.Column("answered_at", sa.Double()),
        sa.CheckConstraint("(state = 'capped') = (cap IS NOT NULL)", name=op.f("ck_alerts_capped_says_why")),
        sa.CheckConstraint("(state = 'control') = (arm = 'control')", name=op.f("ck_alerts_control_is_an_arm")),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('dismissed', 'wrong', 'helped', 'went_on', 'stopped')",
            name=op.f("ck_alerts_answer"),
        ),
        sa.CheckConstraint(
            "answer IS NULL OR state IN ('sent', 'quiet')", name=op.f("ck_alerts_only_what_was_read_is_answered"),
        ),
        sa.CheckConstraint("arm IN ('usual', 'also', 'control')", name=op.f("ck_alerts_arm")),
        sa.CheckConstraint("cap IS NULL OR cap IN ('day', 'pair', 'dismissed', 'wrong')", name=op.f("ck_alerts_cap")),
        sa.CheckConstraint("moment <> 'money' OR state = 'sent'", name=op.f("ck_alerts_money_is_never_waited_for")),
        sa.CheckConstraint("moment IN ('setting', 'turn', 'money')", name=op.f("ck_alerts_moment")),
        sa.CheckConstraint("state IN ('sent', 'capped', 'quiet', 'control')", name=op.f("ck_alerts_state")),
        sa.CheckConstraint("strength IN ('hint', 'banner', 'stop')", name=op.f("ck_alerts_strength")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_alerts_answer_has_time")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("event_seq", "account", "scenario", name=op.f("uq_alerts_event_seq_account_scenario")),
    )
    op.create_index(
        "ix_alerts_account", "alerts", ["account", "at"],
        sqlite_where=sa.text("state <> 'capped'"), postgresql_where=sa.text("state <> 'capped'"),
    )
    op.create_index(
        "ix_alerts_capped", "alerts", ["account", "at"],
        sqlite_where=sa.text("state = 'capped'"), postgresql_where=sa.text("state = 'capped'"),
    )
    op.create_index(op.f("ix_alerts_made_at"), "alerts", ["made_at"])


def _alert_days() -> None:
    op.create_table(
        "alert_days",
        sa.Column("day", sa.String(length=10), nullable=False, comment="of the events, in the operator's zone"),
        sa.Column("scenario", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("strength", sa.String(length=8), nullable=False),
        sa.Column("arm", sa.String(length=8), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False, comment="a state, a cap, an answer, or opened"),
        sa.Column("alerts", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("day", "scenario", "policy", "strength", "arm", "what", name=op.f("pk_alert_days")),
    )


def _alert_wishes() -> None:
    op.create_table(
        "alert_wishes",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("quiet_start", sa.Integer(), nullable=False, comment="minutes after local midnight"),
        sa.Column("quiet_end", sa.Integer(), nullable=False, comment="likewise; the same for no quiet hours"),
        sa.Column("set_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "quiet_start BETWEEN 0 AND 1439 AND quiet_end BETWEEN 0 AND 1439", name=op.f("ck_alert_wishes_minutes"),
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_alert_wishes")),
    )


def _alerted_payments() -> None:
    op.create_table(
        "alerted_payments",
        sa.Column("payer", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("payment_id", sa.String(length=128), nullable=False, comment="as the platform names it"),
        sa.Column("own_id", sa.String(length=32), comment="the alert about this very payment"),
        sa.Column(
            "earlier_id", sa.String(length=32),
            comment="the last alert before it about the same person, held back or not",
        ),
        sa.Column("other", sa.Text(), nullable=False, comment="kind:id of who would get it"),
        sa.Column("amount_minor", _BIG, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("outcome", sa.String(length=16), comment="NULL while nobody said"),
        sa.Column("settled_at", sa.Double(), comment="event time"),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('paid', 'cancelled', 'refused')", name=op.f("ck_alerted_payments_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (settled_at IS NULL)", name=op.f("ck_alerted_payments_outcome_has_time"),
        ),
        sa.CheckConstraint("own_id IS NOT NULL OR earlier_id IS NOT NULL", name=op.f("ck_alerted_payments_is_alerted")),
        sa.PrimaryKeyConstraint("payer", "payment_id", name=op.f("pk_alerted_payments")),
    )
    op.create_index(op.f("ix_alerted_payments_at"), "alerted_payments", ["at"])


def _payment_days() -> None:
    op.create_table(
        "payment_days",
        sa.Column("day", sa.String(length=10), nullable=False, comment="in the operator's zone"),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column(
            "payments", _BIG, nullable=False, comment="settled without any alert: the usual share of cancelled ones",
        ),
        sa.CheckConstraint("outcome IN ('paid', 'cancelled', 'refused')", name=op.f("ck_payment_days_outcome")),
        sa.PrimaryKeyConstraint("day", "outcome", name=op.f("pk_payment_days")),
    )
