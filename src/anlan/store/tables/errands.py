"""What members asked the platform to do for them, and what became of it."""

from sqlalchemy import CheckConstraint, Column, Double, Index, String, Table, Text, text

from anlan.domain.errands import ERRAND_KINDS, ERRAND_STATES, STANDING
from anlan.store.tables.register import metadata, one_of

errands = Table(
    "errands",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", Text, nullable=False, comment="account:<id> of who asks"),
    Column("kind", String(16), nullable=False),
    Column("about", Text, nullable=False, comment="kind:id of who is on the other side; empty for nobody named"),
    Column("state", String(16), nullable=False),
    Column("asked_at", Double, nullable=False, index=True),
    Column("answered_at", Double, comment="by the platform"),
    Column("taken_back_at", Double),
    CheckConstraint(one_of("kind", ERRAND_KINDS), name="kind"),
    CheckConstraint(one_of("state", ERRAND_STATES), name="state"),
    CheckConstraint("kind <> 'block' OR about <> ''", name="block_names_somebody"),
    CheckConstraint("state NOT IN ('done', 'refused') OR answered_at IS NOT NULL", name="answered"),
    CheckConstraint("(state = 'taken_back') = (taken_back_at IS NOT NULL)", name="taken_back"),
)
_STANDING = text(one_of("state", STANDING))
Index(
    "uq_errands_standing", errands.c.account, errands.c.kind, errands.c.about, unique=True,
    sqlite_where=_STANDING, postgresql_where=_STANDING,
)
Index("ix_errands_account", errands.c.account, errands.c.asked_at)
