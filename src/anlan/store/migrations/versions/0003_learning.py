"""What people say of texts, the models made from it, and what those say beside the one in force."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _judgements()
    _models()
    op.create_table(
        "shadow_scores",
        sa.Column("model", sa.String(length=64), nullable=False, comment="the one in shadow"),
        sa.Column("event_key", sa.LargeBinary(), nullable=False),
        sa.Column("beside", sa.String(length=64), nullable=False, comment="the model in force"),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("old", sa.LargeBinary(), nullable=False, comment="JSON: scores in order of the categories"),
        sa.Column("new", sa.LargeBinary(), nullable=False, comment="likewise, of the model in shadow"),
        sa.PrimaryKeyConstraint("model", "event_key", name=op.f("pk_shadow_scores")),
    )
    op.create_index("ix_shadow_scores_at", "shadow_scores", ["model", "at"])
    op.create_table(
        "model_references",
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Double(), nullable=False, comment="when it was first seen in force"),
        sa.Column(
            "until", sa.Double(), comment="end of the window of the histograms; NULL while they are not complete"
        ),
        sa.Column("body", sa.LargeBinary(), comment="JSON: the histograms"),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_model_references")),
    )


def _judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", _BIG, autoincrement=False, nullable=False, comment="given in order of arrival"),
        sa.Column(
            "subject", sa.LargeBinary(), nullable=False,
            comment="an event's key, or the digest of a text without an event",
        ),
        sa.Column("is_event", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False, comment="console or import"),
        sa.Column("provenance", sa.Text(), nullable=False, comment="the page, file or ticket"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False, comment="not replaced by a later one of the same person"),
        sa.Column("text", sa.Text(), comment="personal; only of texts without an event, until their retention ends"),
        sa.CheckConstraint(
            "category IN ('normal', 'abuse', 'porn', 'gambling', 'fraud', 'illicit_ad')",
            name=op.f("ck_judgements_category"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
    )
    op.create_index("ix_judgements_subject", "judgements", ["subject", "id"])
    is_current = sa.text("is_current")
    op.create_index(
        "uq_judgements_current", "judgements", ["subject", "by"], unique=True, sqlite_where=is_current,
        postgresql_where=is_current,
    )


def _models() -> None:
    op.create_table(
        "text_models",
        sa.Column("version", sa.String(length=64), nullable=False, comment="the one that decisions name"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column(
            "parent", sa.String(length=64), nullable=False,
            comment="the model that it was made from; empty if from none",
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("taught_until", _BIG, nullable=False, comment="the last judgement that it knows"),
        sa.Column("judged_texts", sa.Integer(), nullable=False, comment="how many taught it"),
        sa.Column("shadowed_by", sa.Text()),
        sa.Column("shadowed_at", sa.Double()),
        sa.Column("share", sa.Double(), nullable=False, comment="of all texts that it scores in shadow"),
        sa.Column("approved_by", sa.Text()),
        sa.Column("live_at", sa.Double()),
        sa.Column("replaced", sa.String(length=64), comment="in force before it; empty for the shipped one"),
        sa.CheckConstraint("state IN ('candidate', 'shadow', 'live', 'retired')", name=op.f("ck_text_models_state")),
        sa.CheckConstraint(
            "state <> 'live' OR (approved_by IS NOT NULL AND shadowed_by IS NOT NULL AND approved_by <> shadowed_by)",
            name=op.f("ck_text_models_live_needs_second_person"),
        ),
        sa.CheckConstraint("share > 0 AND share <= 1", name=op.f("ck_text_models_share")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_text_models")),
    )
    is_one = sa.text("state IN ('shadow', 'live')")
    op.create_index(
        "uq_text_models_one", "text_models", ["state"], unique=True, sqlite_where=is_one, postgresql_where=is_one
    )
