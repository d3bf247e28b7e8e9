"""Members at their own pages: how they come in, files they hand in, appeals."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _visits()
    _appeals()


def _visits() -> None:
    op.create_table(
        "member_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the link carries"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("language", sa.String(length=8), nullable=False, comment="zh or en; empty for what the browser asks for"),
        sa.Column("path", sa.Text(), nullable=False, comment="where the link leads"),
        sa.Column("made_by", sa.Text(), nullable=False, comment="key:<id> or system"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), comment="a link opens once"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_member_links")),
    )
    op.create_index("ix_member_links_expires_at", "member_links", ["expires_at"])
    op.create_table(
        "member_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the browser holds"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("path", sa.Text(), nullable=False, comment="where its link led; the platform vouches for that"),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_member_sessions")),
    )
    op.create_index("ix_member_sessions_expires_at", "member_sessions", ["expires_at"])


def _appeals() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False, comment="as its first bytes say, whatever it was called"),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="of the bytes as they came"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), comment="its name and bytes, encrypted; NULL once its time is over"),
        sa.CheckConstraint("media_type IN ('image/png', 'image/jpeg', 'application/pdf')", name=op.f("ck_attachments_media_type")),
        sa.CheckConstraint("byte_count BETWEEN 1 AND 5242880", name=op.f("ck_attachments_byte_count")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_attachments_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("case_id", "sha256", name=op.f("uq_attachments_case_id_sha256")),
    )
    op.create_index("ix_attachments_case_id", "attachments", ["case_id"])
    op.create_table(
        "appeals",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sanction_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who appeals"),
        sa.Column("filed_at", sa.Double(), nullable=False),
        sa.Column("words", sa.LargeBinary(), comment="what the member wrote, encrypted; NULL once its time is over"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False, comment="who ordered what is appealed against"),
        sa.Column("judged_by", sa.Text(), comment="who judged it; NULL for a machine alone"),
        sa.Column("second_by", sa.Text(), comment="who judged it second, or last"),
        sa.Column("reduced_kind", sa.String(length=32), comment="what takes the place of the sanction if it is reduced"),
        sa.Column("reduced_until", sa.Double()),
        sa.Column("reduced_to", sa.String(length=32), comment="the milder one that took its place"),
        sa.Column("outcome", sa.String(length=16), comment="of a closed one"),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.Double()),
        sa.Column("reason", sa.Text(), comment="as the member is told it"),
        sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL AND reason IS NOT NULL)", name=op.f("ck_appeals_closed_is_decided")),
        sa.CheckConstraint("outcome IS NULL OR outcome IN ('uphold', 'reduce', 'reverse')", name=op.f("ck_appeals_outcome")),
        sa.CheckConstraint("reduced_kind IS NULL OR reduced_kind IN ('notice', 'warning', 'remove_content', 'limit_feature', 'mute', 'freeze', 'suspend', 'close_group', 'ban')", name=op.f("ck_appeals_reduced_kind")),
        sa.CheckConstraint("state IN ('open', 'closed', 'withdrawn', 'settled')", name=op.f("ck_appeals_state")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> ordered_by", name=op.f("ck_appeals_by_another_than_orderer")),
        sa.CheckConstraint("decided_by IS NULL OR judged_by IS NULL OR decided_by <> judged_by", name=op.f("ck_appeals_by_another_than_first")),
        sa.CheckConstraint("decided_by IS NULL OR second_by IS NULL OR decided_by <> second_by", name=op.f("ck_appeals_by_another_than_second")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_appeals_case_id")),
        sa.ForeignKeyConstraint(["reduced_to"], ["sanctions.id"], name=op.f("fk_appeals_reduced_to")),
        sa.ForeignKeyConstraint(["sanction_id"], ["sanctions.id"], name=op.f("fk_appeals_sanction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("case_id", name=op.f("uq_appeals_case_id")),
    )
    op.create_index("ix_appeals_account", "appeals", ["account", "filed_at"])
    op.create_index("ix_appeals_decided", "appeals", ["state", "decided_at"])
    op.create_index("ix_appeals_reduced", "appeals", ["reduced_to"])
    op.create_index("ix_appeals_sanction", "appeals", ["sanction_id"])
    op.create_index("ux_appeals_open", "appeals", ["sanction_id"], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "content_requests",
        sa.Column("closure_id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of a member who asks for what they wrote"),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["closure_id"], ["closures.id"], name=op.f("fk_content_requests_closure_id")),
        sa.PrimaryKeyConstraint("closure_id", "account", name=op.f("pk_content_requests")),
    )
