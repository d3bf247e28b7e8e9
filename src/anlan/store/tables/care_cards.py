"""Care cards: which a minor was shown or spared, and what they did with them.

That a row stands here says that its reader is a minor, so nothing else of them does: no age band, no words, no event
data; and it goes sooner than anything else that is personal.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from anlan.domain.care_cards import CARD_ANSWERS, CARD_STATES
from anlan.store.tables.register import BIG, metadata, one_of

care_cards = Table(
    "care_cards",
    metadata,
    Column("id", String(32), primary_key=True, comment="digest of event and account"),
    Column("event_seq", BIG, nullable=False, comment="in whose decision it was ordered"),
    Column("account", Text, nullable=False, comment="account:<id> of who reads it"),
    Column("theme", String(64), nullable=False),
    Column("version", Integer, nullable=False, comment="of the card, whose words they read"),
    Column("state", String(8), nullable=False, comment="held: one too many, or too late"),
    Column("made_at", Double, nullable=False, index=True),
    Column("case_id", String(80), ForeignKey("cases.id"), comment="of the person who was asked to be there"),
    UniqueConstraint("event_seq", "account"),
    CheckConstraint(one_of("state", CARD_STATES), name="state"),
)
Index("ix_care_cards_account", care_cards.c.account, care_cards.c.made_at)

care_card_answers = Table(
    "care_card_answers",
    metadata,
    Column("card_id", String(32), ForeignKey("care_cards.id"), primary_key=True),
    Column("answer", String(16), primary_key=True),
    Column("at", Double, nullable=False, comment="when first"),
    CheckConstraint(one_of("answer", CARD_ANSWERS), name="answer"),
)
