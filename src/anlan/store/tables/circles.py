"""Family protection circles: who agreed to be warned for whom, invitations, warnings, and who wants none of it.

The database keeps what must be so: one bond between two people in each direction, one open invitation from one to
another, one warning for each person and alert.
"""

from sqlalchemy import Boolean, CheckConstraint, Column, Double, Index, Integer, LargeBinary, String, Table, Text, text

from anlan.domain.circles import BOND_STATES, INVITATION_STATES, ROLES, WARNING_STATES
from anlan.store.tables.register import metadata, one_of

circle_members = Table(
    "circle_members",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id>; every act on its circle locks the row"),
    Column("safe_since", Double, comment="since when safe mode is on; NULL for never"),
    Column("safe_until", Double, comment="when bonds count again; NULL while safe mode is on"),
    Column("reminded_at", Double, comment="when they were last told who watches over them"),
    Column("locked", Integer, nullable=False, comment="changed by whoever acts, only to hold the row"),
    CheckConstraint("safe_since IS NOT NULL OR safe_until IS NULL", name="safe"),
)
Index("ix_circle_members_reminded", circle_members.c.reminded_at)

circle_invitations = Table(
    "circle_invitations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("inviter", Text, nullable=False, comment="account:<id>"),
    Column("invitee", Text, nullable=False, comment="account:<id>"),
    Column("role", String(16), nullable=False, comment="of who is invited"),
    Column("sealed", LargeBinary, nullable=False, comment="what the inviter agrees to, encrypted"),
    Column("state", String(16), nullable=False),
    Column("is_hidden", Boolean, nullable=False, comment="never shown to the invitee; the inviter cannot tell"),
    Column("made_at", Double, nullable=False),
    Column("made_by", Text, nullable=False, comment="account:<id> or key:<id>"),
    Column("expires_at", Double, nullable=False),
    Column("answered_at", Double),
    CheckConstraint(one_of("role", ROLES), name="role"),
    CheckConstraint(one_of("state", INVITATION_STATES), name="state"),
    CheckConstraint("inviter <> invitee", name="two"),
    CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
)
_OPEN = text("state = 'open'")
Index(
    "uq_circle_invitations_open", circle_invitations.c.inviter, circle_invitations.c.invitee, unique=True,
    sqlite_where=_OPEN, postgresql_where=_OPEN,
)
Index("ix_circle_invitations_inviter", circle_invitations.c.inviter, circle_invitations.c.made_at)
Index("ix_circle_invitations_invitee", circle_invitations.c.invitee, circle_invitations.c.made_at)
Index("ix_circle_invitations_expires", circle_invitations.c.expires_at)

circle_bonds = Table(
    "circle_bonds",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ward", Text, nullable=False, comment="account:<id> of who is warned of"),
    Column("guardian", Text, nullable=False, comment="account:<id> of who is warned"),
    Column("ward_harms", String(80), nullable=False, comment="comma-separated, as the ward agreed"),
    Column("guardian_harms", String(80), nullable=False, comment="comma-separated, as the guardian agreed"),
    Column("may_pause", Boolean, nullable=False, comment="the ward lets the guardian pause a payment"),
    Column("guardian_called", LargeBinary, comment="what the ward calls the guardian, encrypted"),
    Column("ward_called", LargeBinary, comment="what the guardian calls the ward, encrypted"),
    Column("state", String(16), nullable=False),
    Column("began_at", Double, nullable=False),
    Column("quieted_at", Double, comment="when it really ended; told to nobody"),
    Column("quiet_until", Double, comment="when the other learns of it; NULL for never (safe mode)"),
    Column("ended_at", Double, comment="when it ended as far as the other knows"),
    Column("left_by", Text, comment="account:<id> of who ended it; NULL for safe mode or a fresh consent"),
    CheckConstraint(one_of("state", BOND_STATES), name="state"),
    CheckConstraint("ward <> guardian", name="two"),
    CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
    CheckConstraint("state = 'ended' OR (state = 'quiet') = (quieted_at IS NOT NULL)", name="quiet"),
)
_LIVING = text("state <> 'ended'")
Index(
    "uq_circle_bonds_living", circle_bonds.c.ward, circle_bonds.c.guardian, unique=True,
    sqlite_where=_LIVING, postgresql_where=_LIVING,
)
Index("ix_circle_bonds_ward", circle_bonds.c.ward)
Index("ix_circle_bonds_guardian", circle_bonds.c.guardian)
Index("ix_circle_bonds_quiet", circle_bonds.c.quiet_until)
Index("ix_circle_bonds_ended", circle_bonds.c.ended_at)

circle_warnings = Table(
    "circle_warnings",
    metadata,
    Column("id", String(40), primary_key=True, comment="digest of alert and guardian"),
    Column("alert_id", Text, nullable=False),
    Column("bond_id", String(32), nullable=False),
    Column("ward", Text, nullable=False, comment="account:<id>"),
    Column("guardian", Text, nullable=False, comment="account:<id>"),
    Column("at", Double, nullable=False, comment="event time"),
    Column("made_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="harm and strength, encrypted"),
    Column("called_at", Double),
    Column("vouched_at", Double),
    CheckConstraint(one_of("state", WARNING_STATES), name="state"),
)
Index("uq_circle_warnings_told", circle_warnings.c.alert_id, circle_warnings.c.guardian, unique=True)
Index("ix_circle_warnings_bond", circle_warnings.c.bond_id, circle_warnings.c.made_at)
Index("ix_circle_warnings_made", circle_warnings.c.made_at)

circle_blocks = Table(
    "circle_blocks",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id> of who wants nothing from the other"),
    Column("other", Text, primary_key=True, comment="account:<id>"),
    Column("since", Double, nullable=False),
)
