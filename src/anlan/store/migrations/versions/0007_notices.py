"""What members are told, statements of reasons, and what the platform says is in force."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _told()
    _statements()
    _platform()
    # What policies did before this version is old news; it becomes a sanction from now on.
    op.execute("INSERT INTO marks (name, value) SELECT 'sanctions.automatic', value FROM marks WHERE name = 'journal'")


def _told() -> None:
    op.create_table(
        "member_notices",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who is told"),
        sa.Column("sanction_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.LargeBinary(), comment="encrypted JSON of its words; NULL once its time is over"),
        sa.Column("read_at", sa.Double()),
        sa.CheckConstraint("kind IN ('sanctioned', 'lifted')", name=op.f("ck_member_notices_kind")),
        sa.ForeignKeyConstraint(["sanction_id"], ["sanctions.id"], name=op.f("fk_member_notices_sanction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_notices")),
        sa.UniqueConstraint("sanction_id", "account", "kind", name=op.f("uq_member_notices_sanction_id_account_kind")),
    )
    op.create_index("ix_member_notices_account", "member_notices", ["account", "at"])


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("seq", _BIG, autoincrement=False, nullable=False),
        sa.Column("puid", sa.String(length=32), nullable=False),
        sa.Column("decision_visibility", sa.String(length=64)),
        sa.Column("decision_monetary", sa.String(length=64)),
        sa.Column("decision_provision", sa.String(length=64)),
        sa.Column("decision_account", sa.String(length=64)),
        sa.Column("decision_ground", sa.String(length=64), nullable=False),
        sa.Column("incompatible_content_ground", sa.Text(), nullable=False),
        sa.Column("incompatible_content_explanation", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False, comment="comma-separated"),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("decision_facts", sa.Text(), nullable=False, comment="names nobody"),
        sa.Column("source_type", sa.String(length=40), nullable=False),
        sa.Column("automated_detection", sa.Boolean(), nullable=False),
        sa.Column("automated_decision", sa.String(length=40), nullable=False),
        sa.Column(
            "territorial_scope", sa.Text(), nullable=False,
            comment="comma-separated country codes; empty for everywhere",
        ),
        sa.Column("application_date", sa.Double(), nullable=False),
        sa.Column("end_date", sa.Double()),
        sa.Column("reversed_at", sa.Double()),
        sa.CheckConstraint(
            "automated_decision IN ('AUTOMATED_DECISION_FULLY', 'AUTOMATED_DECISION_PARTIALLY', "
            "'AUTOMATED_DECISION_NOT_AUTOMATED')",
            name=op.f("ck_statements_automated_decision"),
        ),
        sa.CheckConstraint(
            "decision_ground IN ('DECISION_GROUND_INCOMPATIBLE_CONTENT', 'DECISION_GROUND_ILLEGAL_CONTENT')",
            name=op.f("ck_statements_decision_ground"),
        ),
        sa.CheckConstraint(
            "source_type IN ('SOURCE_VOLUNTARY', 'SOURCE_TYPE_OTHER_NOTIFICATION')",
            name=op.f("ck_statements_source_type"),
        ),
        sa.CheckConstraint(
            "decision_visibility IS NOT NULL OR decision_monetary IS NOT NULL OR decision_provision IS NOT "
            "NULL OR decision_account IS NOT NULL",
            name=op.f("ck_statements_restricts_something"),
        ),
        sa.ForeignKeyConstraint(["puid"], ["sanctions.id"], name=op.f("fk_statements_puid")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_statements")),
        sa.UniqueConstraint("puid", name=op.f("uq_statements_puid")),
    )


def _platform() -> None:
    op.create_table(
        "rosters",
        sa.Column("group", sa.Text(), nullable=False, comment="group:<id>"),
        sa.Column("member_count", _BIG, nullable=False),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False, comment="key:<id>"),
        sa.CheckConstraint("member_count >= 0", name=op.f("ck_rosters_member_count")),
        sa.PrimaryKeyConstraint("group", name=op.f("pk_rosters")),
    )
    op.create_table(
        "roster_people",
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>; only those who run the group"),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'admin')", name=op.f("ck_roster_people_role")),
        sa.ForeignKeyConstraint(["group"], ["rosters.group"], name=op.f("fk_roster_people_group")),
        sa.PrimaryKeyConstraint("group", "account", name=op.f("pk_roster_people")),
    )
    op.create_table(
        "platform_states",
        sa.Column("target", sa.Text(), nullable=False, comment="kind:id"),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False, comment="key:<id>"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="JSON of what the platform has in force"),
        sa.Column(
            "differences", sa.LargeBinary(), nullable=False,
            comment="JSON of what that differs in from what we ordered",
        ),
        sa.Column("has_drift", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_platform_states")),
    )
    op.create_index("ix_platform_states_drift", "platform_states", ["has_drift", "told_at"])
