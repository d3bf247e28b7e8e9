"""Special clean-ups: scopes, their cases, bulletins, questions and answers."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _campaigns()
    _cases()
    _bulletins()
    _questions()


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="for whoever approves it"),
        sa.Column(
            "event_types", sa.Text(), nullable=False, comment="comma-separated; what the conditions are asked of",
        ),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=False,
            comment="condition: which cases are the campaign's, by their first event",
        ),
        sa.Column(
            "widened",
            sa.Text(),
            nullable=False,
            comment="condition: for which events it opens cases itself; may be empty",
        ),
        sa.Column("widened_per_day", sa.Integer(), nullable=False, comment="how many of those at most"),
        sa.Column("queue", sa.String(length=64), nullable=False, comment="where its cases go; empty leaves them"),
        sa.Column("starts_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column(
            "targets", sa.LargeBinary(), nullable=False, comment="JSON: what is aimed at, by domain.campaigns.TARGETS",
        ),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.Double(), nullable=False),
        sa.Column("approver", sa.Text()),
        sa.Column("approved_at", sa.Double()),
        sa.Column("stopped_by", sa.Text(), comment="who ended it before its time"),
        sa.Column(
            "seen_seq", _BIG, nullable=False, comment="events up to here were asked whether they meet `widened`",
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'withdrawn') OR (approver IS NOT NULL AND approved_at IS NOT NULL)",
            name=op.f("ck_campaigns_approved"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_campaigns_ends_later")),
        sa.CheckConstraint("author <> approver", name=op.f("ck_campaigns_second_person")),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'running', 'ended', 'withdrawn')", name=op.f("ck_campaigns_state"),
        ),
        sa.CheckConstraint("widened_per_day BETWEEN 0 AND 1000", name=op.f("ck_campaigns_widened_per_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index("ix_campaigns_state", "campaigns", ["state", "starts_at"])


def _cases() -> None:
    op.create_table(
        "campaign_cases",
        sa.Column("case_id", sa.String(length=80), nullable=False, comment="of one campaign at most"),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.CheckConstraint("way IN ('scope', 'widened')", name=op.f("ck_campaign_cases_way")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_campaign_cases_case_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_cases_campaign_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_campaign_cases")),
    )
    op.create_index("ix_campaign_cases_campaign", "campaign_cases", ["campaign_id", "at"])
    op.create_table(
        "campaign_looks",
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False, comment="was asked; is not again"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_looks_campaign_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_campaign_looks_case_id")),
        sa.PrimaryKeyConstraint("campaign_id", "case_id", name=op.f("pk_campaign_looks")),
    )


def _bulletins() -> None:
    op.create_table(
        "campaign_bulletins",
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column(
            "version", sa.Integer(), autoincrement=False, nullable=False, comment="from 1; a later one corrects it",
        ),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("body_zh", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column(
            "correction_zh",
            sa.Text(),
            nullable=False,
            comment="what was wrong in the version before; empty for the first",
        ),
        sa.Column("correction_en", sa.Text(), nullable=False),
        sa.Column(
            "figures",
            sa.LargeBinary(),
            nullable=False,
            comment="JSON: domain.campaigns.CampaignFigures, as counted then",
        ),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.Double(), nullable=False),
        sa.Column("published_by", sa.Text()),
        sa.Column("published_at", sa.Double()),
        sa.CheckConstraint(
            "version = 1 OR (correction_zh <> '' AND correction_en <> '')",
            name=op.f("ck_campaign_bulletins_correction_is_said"),
        ),
        sa.CheckConstraint(
            "(published_by IS NULL) = (published_at IS NULL)", name=op.f("ck_campaign_bulletins_published_by_somebody"),
        ),
        sa.CheckConstraint("written_by <> published_by", name=op.f("ck_campaign_bulletins_second_person")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_bulletins_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_campaign_bulletins")),
    )
    op.create_index(
        "uq_campaign_bulletins_draft",
        "campaign_bulletins",
        ["campaign_id"],
        unique=True,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )


def _questions() -> None:
    op.create_table(
        "campaign_questions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("question_zh", sa.Text(), nullable=False),
        sa.Column("question_en", sa.Text(), nullable=False),
        sa.Column("answer_zh", sa.Text(), nullable=False),
        sa.Column("answer_en", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.Double(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("published_by", sa.Text()),
        sa.CheckConstraint(
            "NOT is_published OR published_by IS NOT NULL", name=op.f("ck_campaign_questions_published_by_somebody"),
        ),
        sa.CheckConstraint("written_by <> published_by", name=op.f("ck_campaign_questions_second_person")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_questions_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_questions")),
    )
    op.create_index("ix_campaign_questions_campaign", "campaign_questions", ["campaign_id", "written_at"])
