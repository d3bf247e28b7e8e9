"""Cases about recoveries, and what Anlan itself says happened."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_BEFORE = "kind IN ('review', 'report', 'appeal', 'complaint', 'funds')"
_AFTER = "kind IN ('review', 'report', 'appeal', 'complaint', 'funds', 'recovery')"


def upgrade() -> None:
    _case_kinds()
    op.create_table(
        "own_events",
        sa.Column("id", sa.String(length=128), nullable=False, comment="of the CloudEvent; the source is ours"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the CloudEvent as JSON"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_events")),
    )


def _case_kinds() -> None:
    """SQLite cannot change a CHECK, and a table that others refer to cannot be made anew inside a transaction; its
    manual's way is to correct the text of the schema.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_cases_kind"), "cases")
        op.create_check_constraint(op.f("ck_cases_kind"), "cases", _AFTER)
        return
    op.execute("PRAGMA writable_schema = ON")
    corrected = sa.text("UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE name = 'cases'")
    op.execute(corrected.bindparams(before=_BEFORE, after=_AFTER))
    op.execute("PRAGMA writable_schema = RESET")
