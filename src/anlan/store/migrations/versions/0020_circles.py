"""Family protection circles: who agreed to be warned for whom, and of what they were warned."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    _circle_members()
    _circle_invitations()
    _circle_bonds()
    _circle_warnings()
    _circle_blocks()


def _circle_members() -> None:
    op.create_table(
        "circle_members",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>; every act on its circle locks the row"),
        sa.Column("safe_since", sa.Double(), comment="since when safe mode is on; NULL for never"),
        sa.Column("safe_until", sa.Double(), comment="when bonds count again; NULL while safe mode is on"),
        sa.Column("reminded_at", sa.Double(), comment="when they were last told who watches over them"),
        sa.Column("locked", sa.Integer(), nullable=False, comment="changed by whoever acts, only to hold the row"),
        sa.CheckConstraint("safe_since IS NOT NULL OR safe_until IS NULL", name=op.f("ck_circle_members_safe")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_circle_members")),
    )
    op.create_index("ix_circle_members_reminded", "circle_members", ["reminded_at"])


def _circle_invitations() -> None:
    op.create_table(
        "circle_invitations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("inviter", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("invitee", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("role", sa.String(length=16), nullable=False, comment="of who is invited"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="what the inviter agrees to, encrypted"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column(
            "is_hidden", sa.Boolean(), nullable=False,
            comment="never shown to the invitee; the inviter cannot tell",
        ),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False, comment="account:<id> or key:<id>"),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.Double()),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name=op.f("ck_circle_invitations_answered")),
        sa.CheckConstraint("role IN ('guardian', 'ward', 'both')", name=op.f("ck_circle_invitations_role")),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("ck_circle_invitations_state"),
        ),
        sa.CheckConstraint("inviter <> invitee", name=op.f("ck_circle_invitations_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circle_invitations")),
    )
    op.create_index("ix_circle_invitations_expires", "circle_invitations", ["expires_at"])
    op.create_index("ix_circle_invitations_invitee", "circle_invitations", ["invitee", "made_at"])
    op.create_index("ix_circle_invitations_inviter", "circle_invitations", ["inviter", "made_at"])
    op.create_index(
        "uq_circle_invitations_open", "circle_invitations", ["inviter", "invitee"],
        unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
    )


def _circle_bonds() -> None:
    op.create_table(
        "circle_bonds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ward", sa.Text(), nullable=False, comment="account:<id> of who is warned of"),
        sa.Column("guardian", sa.Text(), nullable=False, comment="account:<id> of who is warned"),
        sa.Column("ward_harms", sa.String(length=80), nullable=False, comment="comma-separated, as the ward agreed"),
        sa.Column(
            "guardian_harms", sa.String(length=80), nullable=False,
            comment="comma-separated, as the guardian agreed",
        ),
        sa.Column("may_pause", sa.Boolean(), nullable=False, comment="the ward lets the guardian pause a payment"),
        sa.Column("guardian_called", sa.LargeBinary(), comment="what the ward calls the guardian, encrypted"),
        sa.Column("ward_called", sa.LargeBinary(), comment="what the guardian calls the ward, encrypted"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("quieted_at", sa.Double(), comment="when it really ended; told to nobody"),
        sa.Column("quiet_until", sa.Double(), comment="when the other learns of it; NULL for never (safe mode)"),
        sa.Column("ended_at", sa.Double(), comment="when it ended as far as the other knows"),
        sa.Column("left_by", sa.Text(), comment="account:<id> of who ended it; NULL for safe mode or a fresh consent"),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_circle_bonds_ended")),
        sa.CheckConstraint(
            "state = 'ended' OR (state = 'quiet') = (quieted_at IS NOT NULL)",
            name=op.f("ck_circle_bonds_quiet"),
        ),
        sa.CheckConstraint("state IN ('standing', 'quiet', 'ended')", name=op.f("ck_circle_bonds_state")),
        sa.CheckConstraint("ward <> guardian", name=op.f("ck_circle_bonds_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circle_bonds")),
    )
    op.create_index("ix_circle_bonds_ended", "circle_bonds", ["ended_at"])
    op.create_index("ix_circle_bonds_guardian", "circle_bonds", ["guardian"])
    op.create_index("ix_circle_bonds_quiet", "circle_bonds", ["quiet_until"])
    op.create_index("ix_circle_bonds_ward", "circle_bonds", ["ward"])
    op.create_index(
        "uq_circle_bonds_living", "circle_bonds", ["ward", "guardian"],
        unique=True, sqlite_where=sa.text("state <> 'ended'"), postgresql_where=sa.text("state <> 'ended'"),
    )


def _circle_warnings() -> None:
    op.create_table(
        "circle_warnings",
        sa.Column("id", sa.String(length=40), nullable=False, comment="digest of alert and guardian"),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("bond_id", sa.String(length=32), nullable=False),
        sa.Column("ward", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("guardian", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="harm and strength, encrypted"),
        sa.Column("called_at", sa.Double()),
        sa.Column("vouched_at", sa.Double()),
        sa.CheckConstraint("state IN ('sent', 'held')", name=op.f("ck_circle_warnings_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circle_warnings")),
    )
    op.create_index("ix_circle_warnings_bond", "circle_warnings", ["bond_id", "made_at"])
    op.create_index("ix_circle_warnings_made", "circle_warnings", ["made_at"])
    op.create_index("uq_circle_warnings_told", "circle_warnings", ["alert_id", "guardian"], unique=True)


def _circle_blocks() -> None:
    op.create_table(
        "circle_blocks",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who wants nothing from the other"),
        sa.Column("other", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account", "other", name=op.f("pk_circle_blocks")),
    )
