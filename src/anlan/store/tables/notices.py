"""What members are told, statements of reasons, who runs which group, and what the platform says is in force."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from anlan.domain.statements import AUTOMATIONS, GROUNDS, SOURCES
from anlan.store.tables.register import BIG, metadata, one_of

NOTICE_KINDS = ("sanctioned", "lifted")
RUNNING_ROLES = ("owner", "admin")

member_notices = Table(
    "member_notices",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", Text, nullable=False, comment="account:<id> of who is told"),
    Column("sanction_id", String(32), ForeignKey("sanctions.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Double, nullable=False),
    Column("body", LargeBinary, comment="encrypted JSON of its words; NULL once its time is over"),
    Column("read_at", Double),
    UniqueConstraint("sanction_id", "account", "kind"),
    CheckConstraint(one_of("kind", NOTICE_KINDS), name="kind"),
)
Index("ix_member_notices_account", member_notices.c.account, member_notices.c.at)

statements = Table(
    "statements",
    metadata,
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("puid", String(32), ForeignKey("sanctions.id"), nullable=False, unique=True),
    Column("decision_visibility", String(64)),
    Column("decision_monetary", String(64)),
    Column("decision_provision", String(64)),
    Column("decision_account", String(64)),
    Column("decision_ground", String(64), nullable=False),
    Column("incompatible_content_ground", Text, nullable=False),
    Column("incompatible_content_explanation", Text, nullable=False),
    Column("content_type", Text, nullable=False, comment="comma-separated"),
    Column("category", String(80), nullable=False),
    Column("decision_facts", Text, nullable=False, comment="names nobody"),
    Column("source_type", String(40), nullable=False),
    Column("automated_detection", Boolean, nullable=False),
    Column("automated_decision", String(40), nullable=False),
    Column("territorial_scope", Text, nullable=False, comment="comma-separated country codes; empty for everywhere"),
    Column("application_date", Double, nullable=False),
    Column("end_date", Double),
    Column("reversed_at", Double),
    CheckConstraint(
        "decision_visibility IS NOT NULL OR decision_monetary IS NOT NULL OR decision_provision IS NOT NULL "
        "OR decision_account IS NOT NULL",
        name="restricts_something",
    ),
    CheckConstraint(one_of("decision_ground", GROUNDS), name="decision_ground"),
    CheckConstraint(one_of("source_type", SOURCES), name="source_type"),
    CheckConstraint(one_of("automated_decision", AUTOMATIONS), name="automated_decision"),
)

rosters = Table(
    "rosters",
    metadata,
    Column("group", Text, primary_key=True, comment="group:<id>"),
    Column("member_count", BIG, nullable=False),
    Column("told_at", Double, nullable=False),
    Column("told_by", Text, nullable=False, comment="key:<id>"),
    CheckConstraint("member_count >= 0", name="member_count"),
)

roster_people = Table(
    "roster_people",
    metadata,
    Column("group", Text, ForeignKey("rosters.group"), primary_key=True),
    Column("account", Text, primary_key=True, comment="account:<id>; only those who run the group"),
    Column("role", String(8), nullable=False),
    CheckConstraint(one_of("role", RUNNING_ROLES), name="role"),
)

platform_states = Table(
    "platform_states",
    metadata,
    Column("target", Text, primary_key=True, comment="kind:id"),
    Column("told_at", Double, nullable=False),
    Column("told_by", Text, nullable=False, comment="key:<id>"),
    Column("body", LargeBinary, nullable=False, comment="JSON of what the platform has in force"),
    Column("differences", LargeBinary, nullable=False, comment="JSON of what that differs in from what we ordered"),
    Column("has_drift", Boolean, nullable=False),
)
Index("ix_platform_states_drift", platform_states.c.has_drift, platform_states.c.told_at)
