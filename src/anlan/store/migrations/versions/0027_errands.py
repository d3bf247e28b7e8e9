"""What members ask the platform to do for them."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "errands",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who asks"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "about", sa.Text(), nullable=False, comment="kind:id of who is on the other side; empty for nobody named"
        ),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.Double(), comment="by the platform"),
        sa.Column("taken_back_at", sa.Double()),
        sa.CheckConstraint("kind IN ('block', 'freeze')", name=op.f("ck_errands_kind")),
        sa.CheckConstraint("state IN ('asked', 'done', 'refused', 'taken_back')", name=op.f("ck_errands_state")),
        sa.CheckConstraint("kind <> 'block' OR about <> ''", name=op.f("ck_errands_block_names_somebody")),
        sa.CheckConstraint(
            "state NOT IN ('done', 'refused') OR answered_at IS NOT NULL", name=op.f("ck_errands_answered")
        ),
        sa.CheckConstraint(
            "(state = 'taken_back') = (taken_back_at IS NOT NULL)", name=op.f("ck_errands_taken_back")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
    )
    standing = sa.text("state IN ('asked', 'done')")
    op.create_index(
        "uq_errands_standing", "errands", ["account", "kind", "about"], unique=True, sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_errands_account", "errands", ["account", "asked_at"])
    op.create_index(op.f("ix_errands_asked_at"), "errands", ["asked_at"])
