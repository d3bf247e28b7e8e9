"""What members report: reports, the evidence kept with them, and how far each reporter is to be believed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _cases()
    _reports()
    _credits()
    # Reports that came as events before this version are old news; cases are opened for those that come from now on.
    op.execute("INSERT INTO marks (name, value) SELECT 'reports.events', value FROM marks WHERE name = 'journal'")


def _cases() -> None:
    op.create_table(
        "report_cases",
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column(
            "fold", sa.Text(), nullable=False,
            comment="what later reports share to join it: the event, or entity and harm",
        ),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.Double()),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.Column("weight_sum", sa.Double(), nullable=False, comment="of its credible reports"),
        sa.Column("suspected_at", sa.Double(), comment="when its reports began to look agreed upon"),
        sa.CheckConstraint("is_open = (closed_at IS NULL)", name=op.f("ck_report_cases_closed_has_time")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_report_cases_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_report_cases")),
    )
    op.create_index(
        "uq_report_cases_open", "report_cases", ["fold"], unique=True, sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "report_evidence",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False, comment="of what was reported, as it read then"),
        sa.Column("taken_at", sa.Double(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the JSON that is sealed in body"),
        sa.Column("body", sa.LargeBinary(), comment="sealed; gone only when its time is over after the case"),
        sa.Column("forgotten_at", sa.Double()),
        sa.CheckConstraint(
            "(body IS NULL) = (forgotten_at IS NOT NULL)", name=op.f("ck_report_evidence_forgotten_has_time")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["report_cases.case_id"], name=op.f("fk_report_evidence_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_evidence")),
    )
    op.create_index("ix_report_evidence_case", "report_evidence", ["case_id", "fingerprint", "taken_at"])


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False, comment="account:<id>; never told to whom it is about"),
        sa.Column("subject", sa.Text(), nullable=False, comment="event:<key>, account:<id> or group:<id>"),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column(
            "category", sa.String(length=64), nullable=False, comment="of the harm: the topic of the reporter's record"
        ),
        sa.Column("target", sa.Text(), nullable=False, comment="account:<id> or group:<id> that it is about"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="key:<id>, member, event:<key> or system"),
        sa.Column("words", sa.LargeBinary(), comment="sealed; gone when its time is over"),
        sa.Column(
            "words_digest", sa.String(length=32), nullable=False, comment="equal for equal words; empty for hardly any"
        ),
        sa.Column("device", sa.Text(), comment="that the report was sent from"),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("evidence_id", sa.String(length=32), comment="NULL for a repeat"),
        sa.Column("weight", sa.Double(), nullable=False, comment="how much it moved the case up, 0 to 1"),
        sa.Column("is_young", sa.Boolean(), nullable=False, comment="the reporter's account was new"),
        sa.Column(
            "is_repeat", sa.Boolean(), nullable=False,
            comment="the same had been judged before and was answered at once",
        ),
        sa.Column("is_coordinated", sa.Boolean(), nullable=False, comment="looked agreed upon with others"),
        sa.Column("outcome", sa.String(length=16), comment="violation, no_violation or unclear; NULL while open"),
        sa.Column("answered_at", sa.Double()),
        sa.CheckConstraint("outcome IN ('violation', 'no_violation', 'unclear')", name=op.f("ck_reports_outcome")),
        sa.CheckConstraint("substr(reporter, 1, 8) = 'account:'", name=op.f("ck_reports_reporter")),
        sa.CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name=op.f("ck_reports_answered_has_time")),
        sa.CheckConstraint("NOT is_coordinated OR weight = 0", name=op.f("ck_reports_coordinated_weighs_nothing")),
        sa.CheckConstraint("is_repeat = (evidence_id IS NULL)", name=op.f("ck_reports_evidence_with_each")),
        sa.CheckConstraint("weight >= 0 AND weight <= 1", name=op.f("ck_reports_weight")),
        sa.ForeignKeyConstraint(["case_id"], ["report_cases.case_id"], name=op.f("fk_reports_case_id")),
        sa.ForeignKeyConstraint(["evidence_id"], ["report_evidence.id"], name=op.f("fk_reports_evidence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_at", "reports", ["at"])
    op.create_index("ix_reports_case", "reports", ["case_id", "at"])
    op.create_index("ix_reports_reporter", "reports", ["reporter", "at"])
    op.create_index("ix_reports_subject", "reports", ["subject", "fingerprint"])
    op.create_index("ix_reports_target", "reports", ["target", "at"])
    op.create_index(
        "uq_reports_open", "reports", ["reporter", "subject", "reason"], unique=True, sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )


def _credits() -> None:
    op.create_table(
        "reporter_credits",
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False, comment="a category of harm"),
        sa.Column("alpha", sa.Double(), nullable=False, comment="reports that were right, decayed to `at`"),
        sa.Column("beta", sa.Double(), nullable=False, comment="reports that were wrong, likewise"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("alpha >= 0 AND beta >= 0", name=op.f("ck_reporter_credits_counts")),
        sa.PrimaryKeyConstraint("reporter", "topic", name=op.f("pk_reporter_credits")),
    )
