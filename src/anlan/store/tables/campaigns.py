"""Special clean-ups: what they look for, the cases that are theirs, the bulletins about them, and answers to rumours.

Nothing of it reaches the public, and no campaign begins, by the word of one person: the constraints compare the names.
"""

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

from anlan.domain.campaigns import CAMPAIGN_STATES, CASE_WAYS
from anlan.store.tables.register import BIG, metadata, one_of

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("why", Text, nullable=False, comment="for whoever approves it"),
    Column("event_types", Text, nullable=False, comment="comma-separated; what the conditions are asked of"),
    Column("scope", Text, nullable=False, comment="condition: which cases are the campaign's, by their first event"),
    Column("widened", Text, nullable=False, comment="condition: for which events it opens cases itself; may be empty"),
    Column("widened_per_day", Integer, nullable=False, comment="how many of those at most"),
    Column("queue", String(64), nullable=False, comment="where its cases go; empty leaves them"),
    Column("starts_at", Double, nullable=False),
    Column("ends_at", Double, nullable=False),
    Column("targets", LargeBinary, nullable=False, comment="JSON: what is aimed at, by domain.campaigns.TARGETS"),
    Column("state", String(16), nullable=False),
    Column("author", Text, nullable=False),
    Column("proposed_at", Double, nullable=False),
    Column("approver", Text),
    Column("approved_at", Double),
    Column("stopped_by", Text, comment="who ended it before its time"),
    Column("seen_seq", BIG, nullable=False, comment="events up to here were asked whether they meet `widened`"),
    CheckConstraint(one_of("state", CAMPAIGN_STATES), name="state"),
    CheckConstraint("author <> approver", name="second_person"),
    CheckConstraint(
        "state IN ('draft', 'withdrawn') OR (approver IS NOT NULL AND approved_at IS NOT NULL)", name="approved"
    ),
    CheckConstraint("ends_at > starts_at", name="ends_later"),
    CheckConstraint("widened_per_day BETWEEN 0 AND 1000", name="widened_per_day"),
)
Index("ix_campaigns_state", campaigns.c.state, campaigns.c.starts_at)

campaign_cases = Table(
    "campaign_cases",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True, comment="of one campaign at most"),
    Column("campaign_id", String(32), ForeignKey("campaigns.id"), nullable=False),
    Column("at", Double, nullable=False),
    Column("way", String(16), nullable=False),
    CheckConstraint(one_of("way", CASE_WAYS), name="way"),
)
Index("ix_campaign_cases_campaign", campaign_cases.c.campaign_id, campaign_cases.c.at)

campaign_looks = Table(
    "campaign_looks",
    metadata,
    Column("campaign_id", String(32), ForeignKey("campaigns.id"), primary_key=True),
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True, comment="was asked; is not again"),
)

campaign_bulletins = Table(
    "campaign_bulletins",
    metadata,
    Column("campaign_id", String(32), ForeignKey("campaigns.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False, comment="from 1; a later one corrects it"),
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("body_zh", Text, nullable=False),
    Column("body_en", Text, nullable=False),
    Column("correction_zh", Text, nullable=False, comment="what was wrong in the version before; empty for the first"),
    Column("correction_en", Text, nullable=False),
    Column("figures", LargeBinary, nullable=False, comment="JSON: domain.campaigns.CampaignFigures, as counted then"),
    Column("written_by", Text, nullable=False),
    Column("written_at", Double, nullable=False),
    Column("published_by", Text),
    Column("published_at", Double),
    CheckConstraint("written_by <> published_by", name="second_person"),
    CheckConstraint("(published_by IS NULL) = (published_at IS NULL)", name="published_by_somebody"),
    CheckConstraint("version = 1 OR (correction_zh <> '' AND correction_en <> '')", name="correction_is_said"),
)
Index(
    "uq_campaign_bulletins_draft", campaign_bulletins.c.campaign_id, unique=True,
    sqlite_where=text("published_at IS NULL"), postgresql_where=text("published_at IS NULL"),
)

campaign_questions = Table(
    "campaign_questions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.id"), nullable=False),
    Column("question_zh", Text, nullable=False),
    Column("question_en", Text, nullable=False),
    Column("answer_zh", Text, nullable=False),
    Column("answer_en", Text, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", Double, nullable=False),
    Column("is_published", Boolean, nullable=False),
    Column("published_by", Text),
    CheckConstraint("written_by <> published_by", name="second_person"),
    CheckConstraint("NOT is_published OR published_by IS NOT NULL", name="published_by_somebody"),
)
Index("ix_campaign_questions_campaign", campaign_questions.c.campaign_id, campaign_questions.c.written_at)
