"""Claims of people who lost their accounts: evidence, vouches, decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _recovery_accounts()
    _recovery_traces()
    _recovery_claims()
    _recovery_evidence()
    _claim_codes()
    _recovery_vouches()


def _recovery_accounts() -> None:
    op.create_table(
        "recovery_accounts",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>; every act on its claims locks the row"),
        sa.Column("value_class", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), comment="what the platform registered for recovery, encrypted"),
        sa.Column("told_at", sa.Double()),
        sa.Column("told_by", sa.Text()),
        sa.Column("locked", sa.Integer(), nullable=False, comment="raised by whoever acts, only to hold the row"),
        sa.Column("watched_until", sa.Double(), comment="given back, and not yet trusted"),
        sa.CheckConstraint("value_class IN ('ordinary', 'high')", name=op.f("ck_recovery_accounts_value_class")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_recovery_accounts")),
    )


def _recovery_traces() -> None:
    op.create_table(
        "recovery_traces",
        sa.Column("seq", _BIG, autoincrement=False, nullable=False, comment="of its event"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False, comment="event time"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="what an owner may remember of it, encrypted"),
        sa.CheckConstraint("kind IN ('group', 'payment')", name=op.f("ck_recovery_traces_kind")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_recovery_traces")),
    )
    op.create_index("ix_recovery_traces_account", "recovery_traces", ["account", "kind", "at"])
    op.create_index(op.f("ix_recovery_traces_at"), "recovery_traces", ["at"])


def _recovery_claims() -> None:
    op.create_table(
        "recovery_claims",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the claimant's address has"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>, as claimed; it need not exist"),
        sa.Column("claimant", sa.LargeBinary(), nullable=False, comment="digest of network and device"),
        sa.Column("network", sa.LargeBinary(), comment="digest of the claimant's network; NULL once its time is over"),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False, comment="public or key:<id>"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            comment="how to reach the claimant and what they wrote; NULL once its time is over",
        ),
        sa.Column("is_high_value", sa.Boolean(), nullable=False),
        sa.Column("dormant_years", sa.Double(), nullable=False),
        sa.Column("assessment", sa.LargeBinary(), comment="domain.recovery.Assessment as JSON"),
        sa.Column("submitted_at", sa.Double()),
        sa.Column("stop_hash", sa.LargeBinary(), comment="SHA-256 of what the stop button's address has"),
        sa.Column("case_id", sa.String(length=80)),
        sa.Column("first_approver", sa.Text()),
        sa.Column("second_approver", sa.Text()),
        sa.Column("settlement", sa.String(length=16), comment="what relatives are granted"),
        sa.Column("cool_off_until", sa.Double()),
        sa.Column("is_flagged", sa.Boolean(), nullable=False, comment="the owner said that it is forged"),
        sa.Column("refused_by", sa.Text()),
        sa.Column("words", sa.Text(), nullable=False, comment="what staff tell the claimant"),
        sa.Column("ended_at", sa.Double()),
        sa.Column("ended_by", sa.Text()),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('open', 'review', 'cooling'))", name=op.f("ck_recovery_claims_ended")
        ),
        sa.CheckConstraint(
            "settlement IS NULL OR settlement IN ('hand_over', 'memorial', 'close')",
            name=op.f("ck_recovery_claims_settlement"),
        ),
        sa.CheckConstraint(
            "state <> 'granted' OR ended_at >= cool_off_until", name=op.f("ck_recovery_claims_cooled_off")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'review', 'cooling', 'granted', 'refused', 'stopped', 'withdrawn', 'expired')",
            name=op.f("ck_recovery_claims_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('cooling', 'granted') OR (NOT is_high_value AND way = 'owner') OR (first_approver IS NOT NULL AND second_approver IS NOT NULL)",
            name=op.f("ck_recovery_claims_value_needs_two"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('cooling', 'granted') OR (cool_off_until IS NOT NULL AND stop_hash IS NOT NULL)",
            name=op.f("ck_recovery_claims_can_be_stopped"),
        ),
        sa.CheckConstraint(
            "way = 'owner' OR state NOT IN ('cooling', 'granted') OR settlement IS NOT NULL",
            name=op.f("ck_recovery_claims_relative_settled"),
        ),
        sa.CheckConstraint("way IN ('owner', 'relative')", name=op.f("ck_recovery_claims_way")),
        sa.CheckConstraint("first_approver <> second_approver", name=op.f("ck_recovery_claims_two_approvers")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_recovery_claims_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_claims")),
        sa.UniqueConstraint("stop_hash", name=op.f("uq_recovery_claims_stop_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_recovery_claims_token_hash")),
    )
    op.create_index("ix_recovery_claims_account", "recovery_claims", ["account", "opened_at"])
    op.create_index(op.f("ix_recovery_claims_case_id"), "recovery_claims", ["case_id"])
    op.create_index("ix_recovery_claims_ended", "recovery_claims", ["ended_at"])
    op.create_index("ix_recovery_claims_network", "recovery_claims", ["network", "opened_at"])
    op.create_index("ix_recovery_claims_state", "recovery_claims", ["state", "opened_at"])
    op.create_index(
        "ux_recovery_claims_claimant",
        "recovery_claims",
        ["account", "claimant"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'review', 'cooling')"),
        postgresql_where=sa.text("state IN ('open', 'review', 'cooling')"),
    )


def _recovery_evidence() -> None:
    op.create_table(
        "recovery_evidence",
        sa.Column("claim_id", sa.String(length=32), nullable=False),
        sa.Column(
            "kind", sa.String(length=16), nullable=False, comment="one answer to a question: there is no second try"
        ),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            comment="what was answered, encrypted; never a password; NULL once its time is over",
        ),
        sa.CheckConstraint(
            "kind IN ('password', 'mail', 'phone', 'device', 'place', 'habit', 'registered', 'city', 'inviter', 'nickname', 'contacts', 'groups', 'payment', 'friends', 'document')",
            name=op.f("ck_recovery_evidence_kind"),
        ),
        sa.CheckConstraint(
            "outcome IN ('right', 'near', 'wrong', 'unknown', 'moot')", name=op.f("ck_recovery_evidence_outcome")
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["recovery_claims.id"], name=op.f("fk_recovery_evidence_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "kind", name=op.f("pk_recovery_evidence")),
    )


def _claim_codes() -> None:
    op.create_table(
        "claim_codes",
        sa.Column("claim_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), comment="NULL where nothing was sent, which the claimant is not told"),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["recovery_claims.id"], name=op.f("fk_claim_codes_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "kind", name=op.f("pk_claim_codes")),
    )


def _recovery_vouches() -> None:
    op.create_table(
        "recovery_vouches",
        sa.Column("claim_id", sa.String(length=32), nullable=False),
        sa.Column("friend", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("answer", sa.String(length=16)),
        sa.Column("answered_at", sa.Double()),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('spoken', 'written', 'not_them', 'unsure')",
            name=op.f("ck_recovery_vouches_answer"),
        ),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_recovery_vouches_answered")),
        sa.ForeignKeyConstraint(["claim_id"], ["recovery_claims.id"], name=op.f("fk_recovery_vouches_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "friend", name=op.f("pk_recovery_vouches")),
    )
    op.create_index("ix_recovery_vouches_friend", "recovery_vouches", ["friend", "asked_at"])
