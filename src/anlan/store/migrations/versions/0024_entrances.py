"""Ways in from the platform's own sign-in that are used up; and who looked at what is one member's, found quickly."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "spent_entrances",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the state that went out and came back"),
        sa.Column("expires_at", sa.Double(), nullable=False, comment="when the way in is over of itself"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_spent_entrances")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"])
    op.create_index(op.f("ix_spent_entrances_expires_at"), "spent_entrances", ["expires_at"])
