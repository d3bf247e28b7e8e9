"""Care cards for minors: which were shown, and what came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ANSWERS = (
    "answer IN ('opened', 'helpful', 'not_for_me', 'dismissed', 'talk', 'hotline', 'trusted_adult', 'block', 'report')"
)


def upgrade() -> None:
    op.create_table(
        "care_cards",
        sa.Column("id", sa.String(length=32), nullable=False, comment="digest of event and account"),
        sa.Column("event_seq", _BIG, nullable=False, comment="in whose decision it was ordered"),
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id> of who reads it"),
        sa.Column("theme", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="of the card, whose words they read"),
        sa.Column("state", sa.String(length=8), nullable=False, comment="held: one too many, or too late"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=True, comment="of the person who was asked to be there"),
        sa.CheckConstraint("state IN ('shown', 'held')", name=op.f("ck_care_cards_state")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_care_cards_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_cards")),
        sa.UniqueConstraint("event_seq", "account", name=op.f("uq_care_cards_event_seq_account")),
    )
    op.create_index(op.f("ix_care_cards_made_at"), "care_cards", ["made_at"])
    op.create_index("ix_care_cards_account", "care_cards", ["account", "made_at"])
    op.create_table(
        "care_card_answers",
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False, comment="when first"),
        sa.CheckConstraint(_ANSWERS, name=op.f("ck_care_card_answers_answer")),
        sa.ForeignKeyConstraint(["card_id"], ["care_cards.id"], name=op.f("fk_care_card_answers_card_id")),
        sa.PrimaryKeyConstraint("card_id", "answer", name=op.f("pk_care_card_answers")),
    )
    # As revision 0021 does it, and for its reasons.
    op.execute("INSERT INTO marks (name, value) SELECT 'care_cards.decisions', value FROM marks WHERE name = 'journal'")
