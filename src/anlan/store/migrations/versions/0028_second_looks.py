"""Second passes in order of commit, so that whoever follows decisions misses none; alerts about what is long past."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LAST_EVENTS = 5_000
"""So far back the version before this one looked for second passes, each time anew."""
_CHECKS = {
    "state": (
        "state IN ('sent', 'capped', 'quiet', 'control')", "state IN ('sent', 'capped', 'quiet', 'control', 'past')"
    ),
    "money_is_never_waited_for": ("moment <> 'money' OR state = 'sent'", "moment <> 'money' OR state IN ('sent', 'past')"),
}
_SHOWN = sa.text("state NOT IN ('capped', 'past')")


def upgrade() -> None:
    op.create_table(
        "second_looks",
        sa.Column("number", _BIG, autoincrement=False, nullable=False, comment="order of commit; given by the writer"),
        sa.Column("event_seq", _BIG, nullable=False, comment="judged again"),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_second_looks_event_seq")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_second_looks")),
    )
    op.execute(
        "INSERT INTO second_looks (number, event_seq) SELECT row_number() OVER (ORDER BY event_seq), event_seq "
        f"FROM decisions WHERE pass_number > 1 AND event_seq > (SELECT max(seq) - {_LAST_EVENTS} FROM events)"
    )
    op.execute(
        "INSERT INTO marks (name, value) SELECT 'second_looks', count(*) FROM second_looks HAVING count(*) > 0"
    )
    _let_alerts_be_past()


def _let_alerts_be_past() -> None:
    """As revision 0018 does it."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("PRAGMA writable_schema = ON")
    for name, (before, after) in _CHECKS.items():
        if is_sqlite:
            corrected = sa.text("UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE name = 'alerts'")
            op.execute(corrected.bindparams(before=before, after=after))
        else:
            op.drop_constraint(op.f(f"ck_alerts_{name}"), "alerts")
            op.create_check_constraint(op.f(f"ck_alerts_{name}"), "alerts", after)
    if is_sqlite:
        op.execute("PRAGMA writable_schema = RESET")
    op.drop_index("ix_alerts_account", "alerts")
    op.create_index(
        "ix_alerts_account", "alerts", ["account", "at"], sqlite_where=_SHOWN, postgresql_where=_SHOWN
    )
