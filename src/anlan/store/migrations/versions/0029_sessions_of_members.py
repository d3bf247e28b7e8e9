"""Which session of the platform members' links and sessions come from; accounts by when the platform told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    said = "session_<digest> of the platform's session it comes from; NULL for unknown"
    for table in ("member_links", "member_sessions"):
        op.add_column(table, sa.Column("platform_session", sa.String(32), comment=said))
    op.create_index("ix_recovery_accounts_told_at", "recovery_accounts", ["told_at"])
