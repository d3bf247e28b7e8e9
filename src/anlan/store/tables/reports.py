"""What members report: reports, the evidence kept with them, their cases, and how far each reporter is believed."""

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

from anlan.store.tables.register import metadata, one_of

report_cases = Table(
    "report_cases",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("fold", Text, nullable=False, comment="what later reports share to join it: the event, or entity and harm"),
    Column("is_open", Boolean, nullable=False),
    Column("closed_at", Double),
    Column("report_count", Integer, nullable=False),
    Column("weight_sum", Double, nullable=False, comment="of its credible reports"),
    Column("suspected_at", Double, comment="when its reports began to look agreed upon"),
    CheckConstraint("is_open = (closed_at IS NULL)", name="closed_has_time"),
)
Index(
    "uq_report_cases_open", report_cases.c.fold, unique=True, sqlite_where=text("is_open"),
    postgresql_where=text("is_open"),
)

report_evidence = Table(
    "report_evidence",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(80), ForeignKey("report_cases.case_id"), nullable=False),
    Column("fingerprint", String(64), nullable=False, comment="of what was reported, as it read then"),
    Column("taken_at", Double, nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the JSON that is sealed in body"),
    Column("body", LargeBinary, comment="sealed; gone only when its time is over after the case"),
    Column("forgotten_at", Double),
    CheckConstraint("(body IS NULL) = (forgotten_at IS NOT NULL)", name="forgotten_has_time"),
)
Index("ix_report_evidence_case", report_evidence.c.case_id, report_evidence.c.fingerprint, report_evidence.c.taken_at)

reports = Table(
    "reports",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("reporter", Text, nullable=False, comment="account:<id>; never told to whom it is about"),
    Column("subject", Text, nullable=False, comment="event:<key>, account:<id> or group:<id>"),
    Column("reason", String(32), nullable=False),
    Column("category", String(64), nullable=False, comment="of the harm: the topic of the reporter's record"),
    Column("target", Text, nullable=False, comment="account:<id> or group:<id> that it is about"),
    Column("at", Double, nullable=False),
    Column("source", Text, nullable=False, comment="key:<id>, member, event:<key> or system"),
    Column("words", LargeBinary, comment="sealed; gone when its time is over"),
    Column("words_digest", String(32), nullable=False, comment="equal for equal words; empty for hardly any"),
    Column("device", Text, comment="that the report was sent from"),
    Column("fingerprint", String(64), nullable=False),
    Column("case_id", String(80), ForeignKey("report_cases.case_id"), nullable=False),
    Column("evidence_id", String(32), ForeignKey("report_evidence.id"), comment="NULL for a repeat"),
    Column("weight", Double, nullable=False, comment="how much it moved the case up, 0 to 1"),
    Column("is_young", Boolean, nullable=False, comment="the reporter's account was new"),
    Column("is_repeat", Boolean, nullable=False, comment="the same had been judged before and was answered at once"),
    Column("is_coordinated", Boolean, nullable=False, comment="looked agreed upon with others"),
    Column("outcome", String(16), comment="violation, no_violation or unclear; NULL while open"),
    Column("answered_at", Double),
    CheckConstraint(one_of("outcome", ("violation", "no_violation", "unclear")), name="outcome"),
    CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="answered_has_time"),
    CheckConstraint("weight >= 0 AND weight <= 1", name="weight"),
    CheckConstraint("is_repeat = (evidence_id IS NULL)", name="evidence_with_each"),
    CheckConstraint("NOT is_coordinated OR weight = 0", name="coordinated_weighs_nothing"),
    CheckConstraint("substr(reporter, 1, 8) = 'account:'", name="reporter"),
)
Index(
    "uq_reports_open", reports.c.reporter, reports.c.subject, reports.c.reason, unique=True,
    sqlite_where=text("outcome IS NULL"), postgresql_where=text("outcome IS NULL"),
)
Index("ix_reports_reporter", reports.c.reporter, reports.c.at)
Index("ix_reports_subject", reports.c.subject, reports.c.fingerprint)
Index("ix_reports_target", reports.c.target, reports.c.at)
Index("ix_reports_case", reports.c.case_id, reports.c.at)
Index("ix_reports_at", reports.c.at)

reporter_credits = Table(
    "reporter_credits",
    metadata,
    Column("reporter", Text, primary_key=True),
    Column("topic", String(64), primary_key=True, comment="a category of harm"),
    Column("alpha", Double, nullable=False, comment="reports that were right, decayed to `at`"),
    Column("beta", Double, nullable=False, comment="reports that were wrong, likewise"),
    Column("at", Double, nullable=False),
    CheckConstraint("alpha >= 0 AND beta >= 0", name="counts"),
)
