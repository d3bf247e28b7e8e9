"""Stolen accounts that are or were contained, and every step of it with what the platform said."""

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

from anlan.domain.containment import CONTAINMENT_STATES, GROUNDS, STEP_ACTS, STEP_ANSWERS, STEP_KINDS
from anlan.store.tables.register import BIG, metadata, one_of

containments = Table(
    "containments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("ground", String(16), nullable=False),
    Column("is_affirmed", Boolean, nullable=False, comment="not only policies say so: none takes it back"),
    Column("since", Double, nullable=False, comment="event time from which the thief may have been inside"),
    Column("opened_at", Double, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("ends_at", Double, nullable=False, comment="the limits end then by themselves"),
    Column("state", String(16), nullable=False),
    Column("closed_at", Double),
    Column("closed_by", Text),
    Column("close_reason", Text),
    Column("case_id", String(80), ForeignKey("cases.id"), comment="for the desk to look at"),
    Column("traces", LargeBinary, nullable=False, comment="JSON of domain.thefts.Traces"),
    Column("seen_seq", BIG, nullable=False, comment="the journal was searched up to here"),
    Column("revision", Integer, nullable=False, comment="of the latest order"),
    Column("sent_at", Double, nullable=False, comment="when that was sent"),
    Column("sendings", Integer, nullable=False, comment="how often in a row the same was asked"),
    CheckConstraint(one_of("ground", GROUNDS), name="ground"),
    CheckConstraint(one_of("state", CONTAINMENT_STATES), name="state"),
    CheckConstraint(
        "(state = 'standing') = (closed_at IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)", name="closed"
    ),
    CheckConstraint("ends_at > opened_at", name="has_an_end"),
)
Index(
    "uq_containments_standing", containments.c.account, unique=True,
    sqlite_where=text("state = 'standing'"), postgresql_where=text("state = 'standing'"),
)
Index("ix_containments_account", containments.c.account, containments.c.opened_at)
Index("ix_containments_state", containments.c.state, containments.c.opened_at)

containment_alarms = Table(
    "containment_alarms",
    metadata,
    Column("event_seq", BIG, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("containment_id", String(32), ForeignKey("containments.id"), nullable=False, index=True),
    Column("policy", String(128), nullable=False),
    Column("raised_at", Double, nullable=False),
    Column("withdrawn_at", Double, comment="a second pass saw it otherwise"),
)

containment_steps = Table(
    "containment_steps",
    metadata,
    Column("id", String(40), primary_key=True, comment="follows from containment, kind and subject"),
    Column("containment_id", String(32), ForeignKey("containments.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("details", LargeBinary, comment="JSON, encrypted; NULL once its time is over"),
    Column("act", String(8), nullable=False),
    Column("answer", String(16), nullable=False, comment="of the platform, to the act"),
    Column("revision", Integer, nullable=False, comment="the order by which the act was first asked for"),
    Column("made_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("detail", Text, nullable=False, comment="what the platform wrote; empty if nothing"),
    CheckConstraint(one_of("kind", STEP_KINDS), name="kind"),
    CheckConstraint(one_of("act", STEP_ACTS), name="act"),
    CheckConstraint(one_of("answer", STEP_ANSWERS), name="answer"),
)
Index("ix_containment_steps_containment", containment_steps.c.containment_id, containment_steps.c.ordinal)
Index(
    "ix_containment_steps_waiting", containment_steps.c.containment_id,
    sqlite_where=text("answer = 'waiting'"), postgresql_where=text("answer = 'waiting'"),
)
