"""Cases in which a member asked for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_BEFORE = "kind IN ('review', 'report', 'appeal', 'complaint', 'funds', 'recovery')"
_AFTER = "kind IN ('review', 'report', 'appeal', 'complaint', 'funds', 'recovery', 'assistance')"


def upgrade() -> None:
    """As revision 0011 does it, and for its reasons."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_cases_kind"), "cases")
        op.create_check_constraint(op.f("ck_cases_kind"), "cases", _AFTER)
        return
    op.execute("PRAGMA writable_schema = ON")
    corrected = sa.text("UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE name = 'cases'")
    op.execute(corrected.bindparams(before=_BEFORE, after=_AFTER))
    op.execute("PRAGMA writable_schema = RESET")
