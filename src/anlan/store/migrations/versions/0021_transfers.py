"""Money in motion: payments that wait for a second thought."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _transfers()
    _pauses()
    _helpers()
    # Nothing before this version was paused; whoever follows does not read it all to find out.
    for name in ("cool_downs.decisions", "transfers.settlements"):
        op.execute(f"INSERT INTO marks (name, value) SELECT '{name}', value FROM marks WHERE name = 'journal'")


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.String(length=32), nullable=False, comment="follows from the event"),
        sa.Column("payer", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("payee", sa.Text(), nullable=False),
        sa.Column("payee_account", sa.Text()),
        sa.Column("amount_minor", _BIG, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payment_id", sa.Text(), comment="as the platform names it; NULL if it does not"),
        sa.Column("event_seq", _BIG, nullable=False, comment="the event that was held"),
        sa.Column("event", sa.Text(), nullable=False, comment="its id on the platform"),
        sa.Column("scenario", sa.String(length=64), nullable=False),
        sa.Column("strength", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("happened_at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("paused_at", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False, comment="when the cool-down ends"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=16)),
        sa.Column("answered_at", sa.Double()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("reason", sa.String(length=32), comment="why the payer goes on"),
        sa.Column("has_doubt", sa.Boolean(), nullable=False, comment="answered the question against the payment"),
        sa.Column("words", sa.LargeBinary(), comment="their own, sealed; NULL once their time is over"),
        sa.Column("guarded_by", sa.Text(), comment="who of the circle holds it"),
        sa.Column("guarded_until", sa.Double()),
        sa.Column("asked_again_at", sa.Double(), comment="when the platform was told that the cool-down is over"),
        sa.Column("told_at", sa.Double(), comment="when the platform was told of the release"),
        sa.Column("tellings", sa.Integer(), nullable=False, comment="how often it was"),
        sa.Column("settled_at", sa.Double()),
        sa.Column("regretted_at", sa.Double(), comment="the payer says that it was a fraud after all"),
        sa.CheckConstraint(
            "(state <> 'released' OR coalesce(answer, '') = 'released') AND (state <> 'stopped' OR coalesce(answer, '') = 'stopped') AND (state NOT IN ('waiting', 'lapsed') OR answer IS NULL)",
            name=op.f("ck_transfers_decided"),
        ),
        sa.CheckConstraint(
            "(state IN ('paid', 'cancelled')) = (settled_at IS NOT NULL)", name=op.f("ck_transfers_settled")
        ),
        sa.CheckConstraint("answer IN ('released', 'stopped')", name=op.f("ck_transfers_answer")),
        sa.CheckConstraint(
            "reason IN ('spoke_with_them', 'checked_officially', 'own_account', 'goods_checked', 'family', 'other')",
            name=op.f("ck_transfers_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'released', 'stopped', 'lapsed', 'paid', 'cancelled')",
            name=op.f("ck_transfers_state"),
        ),
        sa.CheckConstraint("strength IN ('hint', 'banner', 'stop')", name=op.f("ck_transfers_strength")),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL)",
            name=op.f("ck_transfers_answered"),
        ),
        sa.CheckConstraint("(guarded_by IS NULL) = (guarded_until IS NULL)", name=op.f("ck_transfers_guarded")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_transfers_amount")),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_transfers_event_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(
        "ix_transfers_clock",
        "transfers",
        ["until"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_transfers_paused_at", "transfers", ["paused_at"])
    op.create_index("ix_transfers_payer", "transfers", ["payer", "paused_at"])
    op.create_index(
        "ix_transfers_untold",
        "transfers",
        ["answered_at"],
        sqlite_where=sa.text("answer = 'released' AND told_at IS NULL"),
        postgresql_where=sa.text("answer = 'released' AND told_at IS NULL"),
    )
    op.create_index(
        "uq_transfers_waiting",
        "transfers",
        ["payer", "payment_id"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _pauses() -> None:
    op.create_table(
        "transfer_pauses",
        sa.Column("event_seq", _BIG, autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.String(length=32), comment="NULL: it was over already"),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("taken_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_transfer_pauses_event_seq")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_transfer_pauses_transfer_id")),
        sa.PrimaryKeyConstraint("event_seq", name=op.f("pk_transfer_pauses")),
    )
    op.create_index(op.f("ix_transfer_pauses_transfer_id"), "transfer_pauses", ["transfer_id"])


def _helpers() -> None:
    op.create_table(
        "transfer_helpers",
        sa.Column("transfer_id", sa.String(length=32), nullable=False),
        sa.Column("guardian", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("asked_at", sa.Double(), comment="by the payer; NULL when the guardian came by themselves"),
        sa.Column("answer", sa.String(length=16)),
        sa.Column("answered_at", sa.Double()),
        sa.CheckConstraint(
            "answer IN ('vouched', 'advised_against', 'paused')", name=op.f("ck_transfer_helpers_answer")
        ),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_transfer_helpers_answered")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_transfer_helpers_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", "guardian", name=op.f("pk_transfer_helpers")),
    )
    op.create_index("ix_transfer_helpers_guardian", "transfer_helpers", ["guardian", "answered_at"])
    op.create_index(
        "uq_transfer_helpers_paused",
        "transfer_helpers",
        ["transfer_id"],
        unique=True,
        sqlite_where=sa.text("answer = 'paused'"),
        postgresql_where=sa.text("answer = 'paused'"),
    )
