"""What became of warned payments, by day, so that figures of months are read at once; what is known is summed up."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AFTERWARDS_S = 259_200.0


def upgrade() -> None:
    op.create_table(
        "warned_payment_days",
        sa.Column("day", sa.String(10), nullable=False, comment="of the payments, in the operator's zone"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("payments", _BIG, nullable=False, comment="that ended after a warning"),
        sa.Column("kept", _BIG, nullable=False, comment="cancelled, and not made to the same person after all"),
        sa.Column("kept_minor", sa.Double(), nullable=False, comment="what those were about"),
        sa.Column("possible_minor", sa.Double(), nullable=False, comment="of all but those that the platform refused"),
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("pk_warned_payment_days")),
    )
    op.create_table(
        "paid_after_days",
        sa.Column("day", sa.String(10), nullable=False, comment="of the alerts, in the operator's zone"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(8), nullable=False, comment="of the alerts"),
        sa.Column("alerts", _BIG, nullable=False, comment="after which something was paid to whom they were about"),
        sa.Column("paid_minor", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False, comment="of what was paid after each"),
        sa.PrimaryKeyConstraint("day", "currency", "state", name=op.f("pk_paid_after_days")),
    )
    _sum_up_warned()
    _sum_up_paid_after()


def _sum_up_warned() -> None:
    op.execute(sa.text("""
        INSERT INTO warned_payment_days (day, currency, payments, kept, kept_minor, possible_minor)
        SELECT day, currency, count(*), count(*) FILTER (WHERE is_kept),
            coalesce(sum(amount) FILTER (WHERE is_kept), 0.0), coalesce(sum(amount) FILTER (WHERE was_possible), 0.0)
        FROM (
            SELECT alerts.day, one.currency, CAST(one.amount_minor AS DOUBLE PRECISION) AS amount,
                one.outcome <> 'refused' AS was_possible, one.outcome = 'cancelled' AND NOT EXISTS (
                    SELECT 1 FROM alerted_payments AS later
                    WHERE later.payer = one.payer AND later.other = one.other AND later.currency = one.currency
                        AND later.outcome = 'paid' AND later.at BETWEEN one.at AND one.at + :afterwards
                ) AS is_kept
            FROM alerted_payments AS one JOIN alerts ON alerts.id = one.own_id
            WHERE one.outcome IS NOT NULL
        ) AS ended
        GROUP BY day, currency
    """).bindparams(afterwards=_AFTERWARDS_S))


def _sum_up_paid_after() -> None:
    op.execute("""
        INSERT INTO paid_after_days (day, currency, state, alerts, paid_minor, squares)
        SELECT day, currency, state, count(*), sum(paid), sum(paid * paid)
        FROM (
            SELECT alerts.day, one.currency, alerts.state, sum(CAST(one.amount_minor AS DOUBLE PRECISION)) AS paid
            FROM alerted_payments AS one JOIN alerts ON alerts.id = one.earlier_id
            WHERE alerts.moment <> 'money' AND one.outcome = 'paid'
            GROUP BY one.earlier_id, alerts.day, one.currency, alerts.state
        ) AS each_alert
        GROUP BY day, currency, state
    """)
