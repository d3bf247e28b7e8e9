"""Punishments in force or once in force, the closing of groups, and what the platform said to each order.

The laws stand here as constraints: a permanent sanction needs a machine finding and a confirming human judgement of the
same case (law 1), a second, different person where the policy asks for one, and a member of a closed group is never
punished but on a finding of their own (law 2).
"""

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
)

from anlan.domain.sanctions import (
    KINDS_AT_ONCE,
    LONGEST_TEMPORARY_S,
    PERMANENT_KINDS,
    SANCTION_KINDS,
    SANCTION_STATES,
)
from anlan.store.tables.register import BIG, metadata, one_of

_JUDGEMENT = ("case_judgements.id", "case_judgements.case_id", "case_judgements.answer", "case_judgements.by")

closures = Table(
    "closures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("group", Text, nullable=False, comment="group:<id>"),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("member_count", BIG, nullable=False, comment="as the platform told; nobody is punished for being counted"),
)

sanctions = Table(
    "sanctions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("target", Text, nullable=False, comment="account:<id>, group:<id> or event:<id>"),
    Column("kind", String(32), nullable=False),
    Column("feature", String(64), nullable=False, comment="of a feature limit; else empty"),
    Column("starts_at", Double, nullable=False),
    Column("ends_at", Double, comment="NULL: until reversed"),
    Column("is_permanent", Boolean, nullable=False),
    Column("rule", String(128), nullable=False, comment="the policy or rule that was broken"),
    Column("category", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("strikes", Integer, nullable=False),
    Column("strikes_until", Double, nullable=False),
    Column("grounds", LargeBinary, nullable=False, comment="JSON: what weighed for and against, step by step"),
    Column("case_id", String(80), ForeignKey("cases.id"), comment="NULL for an automatic one"),
    Column("case_target", Text, comment="whom that case is about"),
    Column("finding_seq", BIG),
    Column("finding_pass", Integer),
    Column("finding_policy", String(128)),
    Column("judgement_id", String(32)),
    Column("judgement_answer", String(16)),
    Column("judged_by", Text),
    Column("needs_second", Boolean, nullable=False, comment="the policy asks for a second, blind judgement"),
    Column("second_id", String(32)),
    Column("second_answer", String(16)),
    Column("second_by", Text),
    Column("closure_id", String(32), ForeignKey("closures.id")),
    Column("closure_role", String(16), comment="owner, admin or member of the closed group"),
    Column("ordered_by", Text, nullable=False, comment="staff:<name> or policy:<id>"),
    Column("ordered_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("lifted_at", Double),
    Column("lifted_by", Text),
    Column("lift_reason", Text),
    ForeignKeyConstraint(
        ["case_id", "finding_seq", "finding_pass", "finding_policy"],
        ["case_findings.case_id", "case_findings.event_seq", "case_findings.pass_number", "case_findings.policy"],
        name="fk_sanctions_finding",
    ),
    ForeignKeyConstraint(["case_id", "case_target"], ["cases.id", "cases.target"], name="fk_sanctions_case_target"),
    ForeignKeyConstraint(["judgement_id", "case_id", "judgement_answer", "judged_by"], _JUDGEMENT,
                         name="fk_sanctions_judgement"),
    ForeignKeyConstraint(["second_id", "case_id", "second_answer", "second_by"], _JUDGEMENT,
                         name="fk_sanctions_second"),
    CheckConstraint(one_of("kind", SANCTION_KINDS), name="kind"),
    CheckConstraint(one_of("state", SANCTION_STATES), name="state"),
    CheckConstraint(
        f"is_permanent = ({one_of('kind', PERMANENT_KINDS)} AND ends_at IS NULL)", name="permanent_is_without_end"
    ),
    CheckConstraint(
        f"ends_at IS NULL OR (ends_at > starts_at AND ends_at <= starts_at + {LONGEST_TEMPORARY_S:.0f})",
        name="end_is_near",
    ),
    CheckConstraint(
        f"ends_at IS NOT NULL OR {one_of('kind', (*PERMANENT_KINDS, *KINDS_AT_ONCE))}", name="others_have_an_end"
    ),
    CheckConstraint(
        "NOT is_permanent OR (case_id IS NOT NULL AND finding_seq IS NOT NULL AND finding_pass IS NOT NULL "
        "AND finding_policy IS NOT NULL AND judgement_id IS NOT NULL AND judged_by IS NOT NULL "
        "AND judgement_answer IS NOT NULL AND judgement_answer = 'violation')",
        name="permanent_needs_machine_and_person",
    ),
    CheckConstraint(
        "NOT (is_permanent AND needs_second) OR (second_id IS NOT NULL AND second_by IS NOT NULL "
        "AND second_answer IS NOT NULL AND second_answer = 'violation' AND second_by <> judged_by)",
        name="second_person_where_asked",
    ),
    CheckConstraint(
        "closure_role IS NULL OR closure_role IN ('owner', 'admin') "
        "OR (closure_role = 'member' AND finding_seq IS NOT NULL AND judgement_id IS NOT NULL "
        "AND case_target = target)",
        name="member_only_on_own_finding",
    ),
    CheckConstraint("closure_role IS NULL OR closure_id IS NOT NULL", name="role_in_closure"),
    CheckConstraint(
        "NOT is_permanent OR case_target = target OR (closure_role IS NOT NULL AND closure_role IN ('owner', 'admin'))",
        name="permanent_on_own_case",
    ),
)
Index("ix_sanctions_target", sanctions.c.target, sanctions.c.state)
Index("ix_sanctions_ending", sanctions.c.state, sanctions.c.ends_at)
Index("ix_sanctions_case", sanctions.c.case_id)

sanction_orders = Table(
    "sanction_orders",
    metadata,
    Column("message_id", String(80), primary_key=True, comment="of the outbox"),
    Column("sanction_id", String(32), ForeignKey("sanctions.id"), nullable=False),
    Column("act", String(8), nullable=False, comment="apply or lift"),
    Column("sent_at", Double, nullable=False),
    Column("answer", String(16), nullable=False, comment="waiting, confirmed or refused, as the platform said"),
    Column("answered_at", Double),
    Column("detail", Text, nullable=False),
    CheckConstraint("act IN ('apply', 'lift')", name="act"),
    CheckConstraint("answer IN ('waiting', 'confirmed', 'refused')", name="answer"),
)
Index("ix_sanction_orders_waiting", sanction_orders.c.answer, sanction_orders.c.sent_at)
Index("ix_sanction_orders_sanction", sanction_orders.c.sanction_id)
