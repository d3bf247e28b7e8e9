"""Members' money: holdings, the ledger, holds and payouts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _holdings()
    _ledger()
    _payouts()


def _holdings() -> None:
    op.create_table(
        "fund_owners",
        sa.Column(
            "account",
            sa.String(length=300),
            nullable=False,
            comment="account:<id>; every act on its money locks the row",
        ),
        sa.Column(
            "channel_opened_at",
            sa.Double(),
            comment="since when its owner may ask for what is held; NULL while nothing is",
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_fund_owners")),
    )
    op.create_table(
        "fund_holds",
        sa.Column("sanction_id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("placed_at", sa.Double(), nullable=False),
        sa.Column("released_at", sa.Double(), comment="NULL while it holds"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="how many times it was placed"),
        sa.ForeignKeyConstraint(["account"], ["fund_owners.account"], name=op.f("fk_fund_holds_account")),
        sa.PrimaryKeyConstraint("sanction_id", name=op.f("pk_fund_holds")),
    )
    op.create_index("ix_fund_holds_account", "fund_holds", ["account", "released_at"])
    op.create_table(
        "holdings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False, comment="a currency, or the code of a virtual good"),
        sa.Column("title", sa.Text(), nullable=False, comment="as the platform calls it"),
        sa.Column(
            "as_of", sa.Double(), nullable=False, comment="when the platform last counted it; an older count is refused"
        ),
        sa.Column(
            "free", _BIG, nullable=False, comment="minor units; like held and paid the sum of the ledger's lines"
        ),
        sa.Column("held", _BIG, nullable=False),
        sa.Column("paid", _BIG, nullable=False),
        sa.CheckConstraint("kind IN ('wallet', 'wealth', 'goods')", name=op.f("ck_holdings_kind")),
        sa.CheckConstraint("free >= 0 AND held >= 0 AND paid >= 0", name=op.f("ck_holdings_never_below_zero")),
        sa.ForeignKeyConstraint(["account"], ["fund_owners.account"], name=op.f("fk_holdings_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holdings")),
        sa.UniqueConstraint("account", "kind", "unit", name=op.f("uq_holdings_account_kind_unit")),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "reference", sa.String(length=128), nullable=False, comment="what caused it; the same cause posts once"
        ),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('register', 'hold', 'release', 'pay')", name=op.f("ck_ledger_transactions_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_ledger_transactions_kind_reference")),
    )
    op.create_table(
        "ledger_lines",
        sa.Column("transaction_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "account",
            sa.String(length=80),
            nullable=False,
            comment="platform:<unit>, or free:, held: or paid:<holding>",
        ),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("amount", _BIG, nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_lines_amount")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transactions.id"], name=op.f("fk_ledger_lines_transaction_id")
        ),
        sa.PrimaryKeyConstraint("transaction_id", "ordinal", name=op.f("pk_ledger_lines")),
    )
    op.create_index("ix_ledger_lines_account", "ledger_lines", ["account"])


def _payouts() -> None:
    op.create_table(
        "payout_applications",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("holding_id", sa.String(length=32), nullable=False),
        sa.Column("amount_minor", _BIG, nullable=False, comment="all that was held when it was applied for"),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("applied_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), comment="of the step it is in"),
        sa.Column("escalated_at", sa.Double()),
        sa.Column("evidence", sa.LargeBinary(), comment="sealed: who applied; NULL when its time is over"),
        sa.Column("instruction", sa.LargeBinary(), comment="sealed: where to pay; NULL when its time is over"),
        sa.Column("checked_by", sa.Text()),
        sa.Column("checked_at", sa.Double()),
        sa.Column("first_approver", sa.Text()),
        sa.Column("first_approved_at", sa.Double()),
        sa.Column("second_approver", sa.Text()),
        sa.Column("ordered_at", sa.Double()),
        sa.Column("refused_by", sa.Text()),
        sa.Column("refusal", sa.String(length=16)),
        sa.Column("refusal_words", sa.Text(), nullable=False),
        sa.Column("objection", sa.LargeBinary(), comment="sealed: why the member does not accept the refusal"),
        sa.Column("objected_against", sa.Text(), comment="who refused before; somebody else must look now"),
        sa.Column("ended_at", sa.Double()),
        sa.Column("ended_by", sa.Text()),
        sa.Column("payment_reference", sa.String(length=128), nullable=False, comment="as the platform books it"),
        sa.Column("failure", sa.Text(), nullable=False, comment="what the platform said when it could not pay"),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('submitted', 'checked', 'approved', 'ordered'))",
            name=op.f("ck_payout_applications_ended"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR first_approver IS NOT NULL",
            name=op.f("ck_payout_applications_approved_by_somebody"),
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR (refused_by IS NOT NULL AND refusal IS NOT NULL AND refusal IN ('identity', 'instruction', 'dispute', 'order'))",
            name=op.f("ck_payout_applications_refused_with_ground"),
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'checked', 'approved', 'ordered', 'paid', 'refused', 'failed', 'withdrawn')",
            name=op.f("ck_payout_applications_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('checked', 'approved') OR checked_by IS NOT NULL",
            name=op.f("ck_payout_applications_checked_by_somebody"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('ordered', 'paid', 'failed') OR (checked_by IS NOT NULL AND first_approver IS NOT NULL AND second_approver IS NOT NULL AND ordered_at IS NOT NULL)",
            name=op.f("ck_payout_applications_ordered_needs_two"),
        ),
        sa.CheckConstraint(
            "(checked_by IS NULL OR objected_against IS NULL OR checked_by <> objected_against) AND (refused_by IS NULL OR objected_against IS NULL OR refused_by <> objected_against)",
            name=op.f("ck_payout_applications_objection_to_another"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payout_applications_amount_minor")),
        sa.CheckConstraint("first_approver <> second_approver", name=op.f("ck_payout_applications_two_approvers")),
        sa.CheckConstraint("second_approver <> checked_by", name=op.f("ck_payout_applications_checker_not_last")),
        sa.ForeignKeyConstraint(["account"], ["fund_owners.account"], name=op.f("fk_payout_applications_account")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_payout_applications_case_id")),
        sa.ForeignKeyConstraint(["holding_id"], ["holdings.id"], name=op.f("fk_payout_applications_holding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_applications")),
    )
    op.create_index("ix_payout_applications_account", "payout_applications", ["account", "applied_at"])
    op.create_index("ix_payout_applications_case", "payout_applications", ["case_id"])
    op.create_index("ix_payout_applications_state", "payout_applications", ["state", "due_at"])
    op.create_index(
        "uq_payout_applications_open",
        "payout_applications",
        ["holding_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('submitted', 'checked', 'approved', 'ordered')"),
        postgresql_where=sa.text("state IN ('submitted', 'checked', 'approved', 'ordered')"),
    )
