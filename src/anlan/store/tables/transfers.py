"""Payments that wait for a second thought: which event paused each, what was decided, and who of the circle helped."""

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
    text,
)

from anlan.domain.scenarios import STRENGTHS
from anlan.domain.transfers import ANSWERS, HELP_ANSWERS, REASONS, TRANSFER_STATES
from anlan.store.tables.register import BIG, metadata, one_of

transfers = Table(
    "transfers",
    metadata,
    Column("id", String(32), primary_key=True, comment="follows from the event"),
    Column("payer", Text, nullable=False, comment="account:<id>"),
    Column("payee", Text, nullable=False),
    Column("payee_account", Text),
    Column("amount_minor", BIG, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payment_id", Text, comment="as the platform names it; NULL if it does not"),
    Column("event_seq", BIG, ForeignKey("events.seq"), nullable=False, comment="the event that was held"),
    Column("event", Text, nullable=False, comment="its id on the platform"),
    Column("scenario", String(64), nullable=False),
    Column("strength", String(16), nullable=False),
    Column("policy", String(128), nullable=False),
    Column("happened_at", Double, nullable=False, comment="event time"),
    Column("paused_at", Double, nullable=False),
    Column("until", Double, nullable=False, comment="when the cool-down ends"),
    Column("state", String(16), nullable=False),
    Column("answer", String(16)),
    Column("answered_at", Double),
    Column("answered_by", Text),
    Column("reason", String(32), comment="why the payer goes on"),
    Column("has_doubt", Boolean, nullable=False, comment="answered the question against the payment"),
    Column("words", LargeBinary, comment="their own, sealed; NULL once their time is over"),
    Column("guarded_by", Text, comment="who of the circle holds it"),
    Column("guarded_until", Double),
    Column("asked_again_at", Double, comment="when the platform was told that the cool-down is over"),
    Column("told_at", Double, comment="when the platform was told of the release"),
    Column("tellings", Integer, nullable=False, comment="how often it was"),
    Column("settled_at", Double),
    Column("regretted_at", Double, comment="the payer says that it was a fraud after all"),
    CheckConstraint(one_of("state", TRANSFER_STATES), name="state"),
    CheckConstraint(one_of("strength", STRENGTHS), name="strength"),
    CheckConstraint(one_of("answer", ANSWERS), name="answer"),
    CheckConstraint(one_of("reason", REASONS), name="reason"),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL)",
                    name="answered"),
    CheckConstraint(
        "(state <> 'released' OR coalesce(answer, '') = 'released') "
        "AND (state <> 'stopped' OR coalesce(answer, '') = 'stopped') "
        "AND (state NOT IN ('waiting', 'lapsed') OR answer IS NULL)",
        name="decided",
    ),
    CheckConstraint("(state IN ('paid', 'cancelled')) = (settled_at IS NOT NULL)", name="settled"),
    CheckConstraint("(guarded_by IS NULL) = (guarded_until IS NULL)", name="guarded"),
)
Index(
    "uq_transfers_waiting", transfers.c.payer, transfers.c.payment_id, unique=True,
    sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'"),
)
Index("ix_transfers_payer", transfers.c.payer, transfers.c.paused_at)
Index("ix_transfers_paused_at", transfers.c.paused_at)
Index(
    "ix_transfers_clock", transfers.c.until,
    sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'"),
)
Index(
    "ix_transfers_untold", transfers.c.answered_at,
    sqlite_where=text("answer = 'released' AND told_at IS NULL"),
    postgresql_where=text("answer = 'released' AND told_at IS NULL"),
)

transfer_pauses = Table(
    "transfer_pauses",
    metadata,
    Column("event_seq", BIG, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("transfer_id", String(32), ForeignKey("transfers.id"), index=True, comment="NULL: it was over already"),
    Column("policy", String(128), nullable=False),
    Column("taken_at", Double, nullable=False),
)

transfer_helpers = Table(
    "transfer_helpers",
    metadata,
    Column("transfer_id", String(32), ForeignKey("transfers.id"), primary_key=True),
    Column("guardian", Text, primary_key=True, comment="account:<id>"),
    Column("asked_at", Double, comment="by the payer; NULL when the guardian came by themselves"),
    Column("answer", String(16)),
    Column("answered_at", Double),
    CheckConstraint(one_of("answer", HELP_ANSWERS), name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
)
Index("ix_transfer_helpers_guardian", transfer_helpers.c.guardian, transfer_helpers.c.answered_at)
Index(
    "uq_transfer_helpers_paused", transfer_helpers.c.transfer_id, unique=True,
    sqlite_where=text("answer = 'paused'"), postgresql_where=text("answer = 'paused'"),
)
