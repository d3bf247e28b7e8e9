"""Work for people: cases, what a machine found in them, who holds them, what each person judged, and their history."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from anlan.domain.cases import ANSWERS, CASE_KINDS, CASE_STATES
from anlan.store.tables.register import BIG, metadata, one_of

cases = Table(
    "cases",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("queue", String(64), nullable=False),
    Column("priority", Integer, nullable=False, comment="1 the most urgent, 5 the least"),
    Column("event_seq", BIG, ForeignKey("events.seq"), comment="the event it began with, if any"),
    Column("policy", String(128), nullable=False, comment="that opened it; empty if none did"),
    Column("target", Text, nullable=False, comment="kind:id of whom it is about"),
    Column("opened_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(16), nullable=False, server_default="review"),
    Column("category", String(64), nullable=False, server_default="", comment="of the harm, as policies name it"),
    Column(
        "ranked_at", Double, nullable=False, server_default="0",
        comment="opened_at less the head start that harm and reach earn; the smallest is next",
    ),
    Column("due_at", Double, comment="by the queue's service clock"),
    Column("escalated_at", Double),
    Column("stage", Integer, nullable=False, server_default="1", comment="the next judgement: 1, 2 blind, 3 senior"),
    Column("outcome", String(16), comment="of a closed case: one of the answers"),
    Column("closed_at", Double),
    Column("merged_into", String(80), ForeignKey("cases.id")),
    UniqueConstraint("id", "target"),
    CheckConstraint(one_of("state", CASE_STATES), name="state"),
    CheckConstraint(one_of("kind", CASE_KINDS), name="kind"),
    CheckConstraint("stage BETWEEN 1 AND 3", name="stage"),
    CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_into_another"),
    CheckConstraint("state <> 'closed' OR (outcome IS NOT NULL AND closed_at IS NOT NULL)", name="closed_has_outcome"),
)
Index("ix_cases_next", cases.c.state, cases.c.queue, cases.c.ranked_at, cases.c.id)
Index("ix_cases_target", cases.c.target, cases.c.state)

case_findings = Table(
    "case_findings",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("event_seq", BIG, primary_key=True, autoincrement=False),
    Column("pass_number", Integer, primary_key=True, autoincrement=False),
    Column("policy", String(128), primary_key=True, comment="what the machine found, by the policy that held"),
    ForeignKeyConstraint(
        ["event_seq", "pass_number"], ["decisions.event_seq", "decisions.pass_number"], name="fk_case_findings_decision"
    ),
)

case_claims = Table(
    "case_claims",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True, comment="one person at a time"),
    Column("by", Text, nullable=False, comment="staff:<name>"),
    Column("claimed_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)
Index("ix_case_claims_by", case_claims.c.by, case_claims.c.expires_at)

case_judgements = Table(
    "case_judgements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("by", Text, nullable=False, comment="staff:<name>"),
    Column("at", Double, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("category", String(64), nullable=False, comment="of the harm; empty for none"),
    Column("severity", String(16), nullable=False, comment="low, medium, high or critical; empty for no violation"),
    Column("reason", Text, nullable=False),
    Column("machine_answer", String(16), nullable=False, comment="what the machine said, hidden until this was given"),
    Column("saw_machine", Boolean, nullable=False, comment="the policy did not ask for a blind judgement"),
    Column("took_s", Double, nullable=False, comment="from claim to judgement"),
    UniqueConstraint("case_id", "stage"),
    UniqueConstraint("case_id", "by"),
    UniqueConstraint("id", "case_id", "answer", "by"),
    CheckConstraint(one_of("answer", ANSWERS), name="answer"),
    CheckConstraint("stage BETWEEN 1 AND 3", name="stage"),
    CheckConstraint("reason <> ''", name="reason"),
)
Index("ix_case_judgements_by", case_judgements.c.by, case_judgements.c.at)

case_history = Table(
    "case_history",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False, comment="staff:<name>, key:<id>, member or system"),
    Column("act", String(32), nullable=False, comment="opened, claimed, skipped, merged, judged, ..."),
    Column("details", LargeBinary, nullable=False, comment="JSON"),
)
