"""What members spoke about with the assistant, until its time is over."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    _consultations()
    _turns()
    _requests()
    _hours()


def _consultations() -> None:
    op.create_table(
        "consultations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("spoken_at", sa.Double(), nullable=False, comment="of the last turn; what it is kept from"),
        sa.Column("turns", sa.Integer(), nullable=False, comment="how many there are; whoever speaks takes the next number"),
        sa.Column("follow_up_at", sa.Double(), comment="when the member is asked how things are; NULL for not, or done"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="what is known of the situation, encrypted"),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_consultations_language")),
        sa.CheckConstraint("state IN ('open', 'with_person')", name=op.f("ck_consultations_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
    )
    op.create_index("ix_consultations_account", "consultations", ["account", "spoken_at"])
    op.create_index("ix_consultations_spoken_at", "consultations", ["spoken_at"])
    op.create_index("ix_consultations_follow_up", "consultations", ["follow_up_at"], sqlite_where=sa.text("follow_up_at IS NOT NULL"), postgresql_where=sa.text("follow_up_at IS NOT NULL"))


def _turns() -> None:
    op.create_table(
        "consultation_turns",
        sa.Column("consultation_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="what was said, secrets covered, encrypted"),
        sa.CheckConstraint("by IN ('member', 'assistant', 'person')", name=op.f("ck_consultation_turns_by")),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_consultation_turns_ordinal")),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultations.id"], name=op.f("fk_consultation_turns_consultation_id")),
        sa.PrimaryKeyConstraint("consultation_id", "ordinal", name=op.f("pk_consultation_turns")),
    )


def _requests() -> None:
    op.create_table(
        "assistance_requests",
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("consultation_id", sa.String(length=32), nullable=False, comment="may be deleted by its member before this"),
        sa.Column("is_urgent", sa.Boolean(), nullable=False, comment="they sounded desperate"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who asks"),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("shows_turns", sa.Integer(), nullable=False, comment="the member lets the person read so many turns"),
        sa.Column("sealed", sa.LargeBinary(), comment="the summary, encrypted; NULL once the member or time took it away"),
        sa.CheckConstraint("shows_turns >= 0", name=op.f("ck_assistance_requests_shows_turns")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_assistance_requests_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_assistance_requests")),
        sa.UniqueConstraint("consultation_id", "is_urgent", name=op.f("uq_assistance_requests_consultation_id_is_urgent")),
    )
    op.create_index("ix_assistance_requests_account", "assistance_requests", ["account", "asked_at"])
    op.create_index("ix_assistance_requests_asked_at", "assistance_requests", ["asked_at"])


def _hours() -> None:
    op.create_table(
        "consultation_hours",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("hour", sa.Double(), nullable=False, comment="when the hour began"),
        sa.Column("turns", sa.Integer(), nullable=False, comment="what the member said in it, deleted or not"),
        sa.PrimaryKeyConstraint("account", "hour", name=op.f("pk_consultation_hours")),
    )
    op.create_index("ix_consultation_hours_hour", "consultation_hours", ["hour"])
