"""Members' money: what they have, the ledger of every movement, what holds it back, and applications to get it out.

The ledger's lines are the truth. `holdings` repeats their sums so that the database itself refuses a movement of more
than is there, however many are made at once; an audit compares the two.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from anlan.domain.ledger import HOLDING_KINDS, TRANSACTION_KINDS
from anlan.domain.payouts import OPEN_STATES, PAYOUT_STATES, REFUSALS
from anlan.store.tables.register import BIG, metadata, one_of

fund_owners = Table(
    "fund_owners",
    metadata,
    Column("account", String(300), primary_key=True, comment="account:<id>; every act on its money locks the row"),
    Column("channel_opened_at", Double, comment="since when its owner may ask for what is held; NULL while nothing is"),
)

fund_holds = Table(
    "fund_holds",
    metadata,
    Column("sanction_id", String(32), primary_key=True),
    Column("account", String(300), ForeignKey("fund_owners.account"), nullable=False),
    Column("placed_at", Double, nullable=False),
    Column("released_at", Double, comment="NULL while it holds"),
    Column("ordinal", Integer, nullable=False, comment="how many times it was placed"),
)
Index("ix_fund_holds_account", fund_holds.c.account, fund_holds.c.released_at)

holdings = Table(
    "holdings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(300), ForeignKey("fund_owners.account"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("unit", String(64), nullable=False, comment="a currency, or the code of a virtual good"),
    Column("title", Text, nullable=False, comment="as the platform calls it"),
    Column("as_of", Double, nullable=False, comment="when the platform last counted it; an older count is refused"),
    Column("free", BIG, nullable=False, comment="minor units; like held and paid the sum of the ledger's lines"),
    Column("held", BIG, nullable=False),
    Column("paid", BIG, nullable=False),
    UniqueConstraint("account", "kind", "unit"),
    CheckConstraint(one_of("kind", HOLDING_KINDS), name="kind"),
    CheckConstraint("free >= 0 AND held >= 0 AND paid >= 0", name="never_below_zero"),
)

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reference", String(128), nullable=False, comment="what caused it; the same cause posts once"),
    Column("by", Text, nullable=False),
    UniqueConstraint("kind", "reference"),
    CheckConstraint(one_of("kind", TRANSACTION_KINDS), name="kind"),
)

ledger_lines = Table(
    "ledger_lines",
    metadata,
    Column("transaction_id", String(32), ForeignKey("ledger_transactions.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("account", String(80), nullable=False, comment="platform:<unit>, or free:, held: or paid:<holding>"),
    Column("unit", String(64), nullable=False),
    Column("amount", BIG, nullable=False),
    CheckConstraint("amount <> 0", name="amount"),
)
Index("ix_ledger_lines_account", ledger_lines.c.account)

payout_applications = Table(
    "payout_applications",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(300), ForeignKey("fund_owners.account"), nullable=False),
    Column("holding_id", String(32), ForeignKey("holdings.id"), nullable=False),
    Column("amount_minor", BIG, nullable=False, comment="all that was held when it was applied for"),
    Column("unit", String(64), nullable=False),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("applied_at", Double, nullable=False),
    Column("due_at", Double, comment="of the step it is in"),
    Column("escalated_at", Double),
    Column("evidence", LargeBinary, comment="sealed: who applied; NULL when its time is over"),
    Column("instruction", LargeBinary, comment="sealed: where to pay; NULL when its time is over"),
    Column("checked_by", Text),
    Column("checked_at", Double),
    Column("first_approver", Text),
    Column("first_approved_at", Double),
    Column("second_approver", Text),
    Column("ordered_at", Double),
    Column("refused_by", Text),
    Column("refusal", String(16)),
    Column("refusal_words", Text, nullable=False),
    Column("objection", LargeBinary, comment="sealed: why the member does not accept the refusal"),
    Column("objected_against", Text, comment="who refused before; somebody else must look now"),
    Column("ended_at", Double),
    Column("ended_by", Text),
    Column("payment_reference", String(128), nullable=False, comment="as the platform books it"),
    Column("failure", Text, nullable=False, comment="what the platform said when it could not pay"),
    CheckConstraint(one_of("state", PAYOUT_STATES), name="state"),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("first_approver <> second_approver", name="two_approvers"),
    CheckConstraint("second_approver <> checked_by", name="checker_not_last"),
    CheckConstraint(
        "state NOT IN ('ordered', 'paid', 'failed') OR (checked_by IS NOT NULL AND first_approver IS NOT NULL "
        "AND second_approver IS NOT NULL AND ordered_at IS NOT NULL)",
        name="ordered_needs_two",
    ),
    CheckConstraint("state NOT IN ('checked', 'approved') OR checked_by IS NOT NULL", name="checked_by_somebody"),
    CheckConstraint("state <> 'approved' OR first_approver IS NOT NULL", name="approved_by_somebody"),
    CheckConstraint(
        f"state <> 'refused' OR (refused_by IS NOT NULL AND refusal IS NOT NULL AND {one_of('refusal', REFUSALS)})",
        name="refused_with_ground",
    ),
    CheckConstraint(
        "(checked_by IS NULL OR objected_against IS NULL OR checked_by <> objected_against) "
        "AND (refused_by IS NULL OR objected_against IS NULL OR refused_by <> objected_against)",
        name="objection_to_another",
    ),
    CheckConstraint(f"(ended_at IS NULL) = ({one_of('state', OPEN_STATES)})", name="ended"),
)
Index(
    "uq_payout_applications_open", payout_applications.c.holding_id, unique=True,
    sqlite_where=text(one_of("state", OPEN_STATES)), postgresql_where=text(one_of("state", OPEN_STATES)),
)
Index("ix_payout_applications_account", payout_applications.c.account, payout_applications.c.applied_at)
Index("ix_payout_applications_state", payout_applications.c.state, payout_applications.c.due_at)
Index("ix_payout_applications_case", payout_applications.c.case_id)
