"""Terms that operators add to the lexicon, and how each change came about."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "lexicon_changes",
        sa.Column("id", _BIG, autoincrement=False, nullable=False, comment="given in order of proposal"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_version", _BIG, nullable=False, comment="of the lexicon that the author saw"),
        sa.Column("term_count", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.Double()),
        sa.Column("note", sa.Text(), nullable=False, comment="what whoever decided said"),
        sa.Column(
            "preview", sa.LargeBinary(), comment="the report shown to whoever approved, without members' words"
        ),
        sa.Column("version", _BIG, comment="of the lexicon that it made"),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_lexicon_changes_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> author AND version IS NOT NULL)",
            name=op.f("ck_lexicon_changes_approved_needs_second_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lexicon_changes")),
        sa.UniqueConstraint("version", name=op.f("uq_lexicon_changes_version")),
    )
    op.create_index("ix_lexicon_changes_state", "lexicon_changes", ["state", "id"])
    op.create_table(
        "lexicon_edits",
        sa.Column("change_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the term's folded text"),
        sa.Column("before", sa.LargeBinary(), comment="domain.terms.Term as JSON; NULL where there was none"),
        sa.Column("after", sa.LargeBinary(), comment="likewise; NULL retires the term"),
        sa.CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name=op.f("ck_lexicon_edits_something")),
        sa.ForeignKeyConstraint(["change_id"], ["lexicon_changes.id"], name=op.f("fk_lexicon_edits_change_id")),
        sa.PrimaryKeyConstraint("change_id", "key", name=op.f("pk_lexicon_edits")),
    )
    op.create_index("ix_lexicon_edits_key", "lexicon_edits", ["key"])
    op.create_table(
        "lexicon_terms",
        sa.Column("key", sa.Text(), nullable=False, comment="the term's folded text"),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="domain.terms.Term as JSON; a retired one as it was last"
        ),
        sa.Column("is_retired", sa.Boolean(), nullable=False, comment="no longer looked for, even if it was shipped"),
        sa.Column("change_id", _BIG, nullable=False, comment="the last that was approved"),
        sa.Column("version", _BIG, nullable=False, comment="of the lexicon that the change made"),
        sa.ForeignKeyConstraint(["change_id"], ["lexicon_changes.id"], name=op.f("fk_lexicon_terms_change_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lexicon_terms")),
    )
    op.create_table(
        "lexicon_versions",
        sa.Column("hash", sa.String(length=64), nullable=False, comment="the one that decisions name"),
        sa.Column("version", _BIG, nullable=False),
        sa.Column("loaded_at", sa.Double(), nullable=False),
        sa.Column("term_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_lexicon_versions")),
    )
