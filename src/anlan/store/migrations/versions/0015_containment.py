"""Containments of stolen accounts: who asked for them, and their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _containments()
    _alarms()
    _steps()


def _containments() -> None:
    op.create_table(
        "containments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("ground", sa.String(length=16), nullable=False),
        sa.Column("is_affirmed", sa.Boolean(), nullable=False, comment="not only policies say so: none takes it back"),
        sa.Column("since", sa.Double(), nullable=False, comment="event time from which the thief may have been inside"),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False, comment="the limits end then by themselves"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("closed_at", sa.Double()),
        sa.Column("closed_by", sa.Text()),
        sa.Column("close_reason", sa.Text()),
        sa.Column("case_id", sa.String(length=80), comment="for the desk to look at"),
        sa.Column("traces", sa.LargeBinary(), nullable=False, comment="JSON of domain.thefts.Traces"),
        sa.Column("first_seq", _BIG, nullable=False, comment="what the thief did comes after this event"),
        sa.Column("seen_seq", _BIG, nullable=False, comment="the journal was searched up to here"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="of the latest order"),
        sa.Column("sent_at", sa.Double(), nullable=False, comment="when that was sent"),
        sa.Column("sendings", sa.Integer(), nullable=False, comment="how often in a row the same was asked"),
        sa.CheckConstraint(
            "(state = 'standing') = (closed_at IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)",
            name=op.f("ck_containments_closed"),
        ),
        sa.CheckConstraint(
            "ground IN ('owner', 'staff', 'policy', 'platform', 'partner')", name=op.f("ck_containments_ground")
        ),
        sa.CheckConstraint("state IN ('standing', 'lifted', 'false_alarm')", name=op.f("ck_containments_state")),
        sa.CheckConstraint("ends_at > opened_at", name=op.f("ck_containments_has_an_end")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_containments_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_containments")),
    )
    op.create_index("ix_containments_account", "containments", ["account", "opened_at"])
    op.create_index("ix_containments_state", "containments", ["state", "opened_at"])
    op.create_index(
        "uq_containments_standing",
        "containments",
        ["account"],
        unique=True,
        sqlite_where=sa.text("state = 'standing'"),
        postgresql_where=sa.text("state = 'standing'"),
    )


def _alarms() -> None:
    op.create_table(
        "containment_alarms",
        sa.Column("event_seq", _BIG, autoincrement=False, nullable=False),
        sa.Column("containment_id", sa.String(length=32), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.Column("withdrawn_at", sa.Double(), comment="a second pass saw it otherwise"),
        sa.ForeignKeyConstraint(
            ["containment_id"], ["containments.id"], name=op.f("fk_containment_alarms_containment_id")
        ),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_containment_alarms_event_seq")),
        sa.PrimaryKeyConstraint("event_seq", name=op.f("pk_containment_alarms")),
    )
    op.create_index(op.f("ix_containment_alarms_containment_id"), "containment_alarms", ["containment_id"])


def _steps() -> None:
    op.create_table(
        "containment_steps",
        sa.Column("id", sa.String(length=40), nullable=False, comment="follows from containment, kind and subject"),
        sa.Column("containment_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("details", sa.LargeBinary(), comment="JSON, encrypted; NULL once its time is over"),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False, comment="of the platform, to the act"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="the order by which the act was first asked for"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.Double()),
        sa.Column("detail", sa.Text(), nullable=False, comment="what the platform wrote; empty if nothing"),
        sa.CheckConstraint("act IN ('do', 'undo')", name=op.f("ck_containment_steps_act")),
        sa.CheckConstraint("answer IN ('waiting', 'done', 'refused')", name=op.f("ck_containment_steps_answer")),
        sa.CheckConstraint(
            "kind IN ('end_sessions', 'end_session', 'distrust_device', 'limit', 'renew_password', 'take_back_message', "
            "'restore_binding', 'restore_group', 'restore_friendship', 'hold_payment', 'warn_contact')",
            name=op.f("ck_containment_steps_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["containment_id"], ["containments.id"], name=op.f("fk_containment_steps_containment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_containment_steps")),
    )
    op.create_index("ix_containment_steps_containment", "containment_steps", ["containment_id", "ordinal"])
    op.create_index(
        "ix_containment_steps_waiting",
        "containment_steps",
        ["containment_id"],
        sqlite_where=sa.text("answer = 'waiting'"),
        postgresql_where=sa.text("answer = 'waiting'"),
    )
