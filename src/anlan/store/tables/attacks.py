"""Attacks on sign-in: when, how large, from where, and which accounts they touched."""

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Index, Integer, String, Table, Text, text

from anlan.domain.attacks import ATTACK_SHAPES, ATTACK_STATES
from anlan.store.tables.register import BIG, metadata, one_of

attacks = Table(
    "attacks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("shape", String(16), nullable=False),
    Column("began_at", Double, nullable=False, comment="event time of its first attempt"),
    Column("last_at", Double, nullable=False, comment="event time of its latest attempt"),
    Column("noticed_at", Double, nullable=False),
    Column("touched_at", Double, nullable=False, comment="when an attempt was last added"),
    Column("ended_at", Double),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("stopped", Integer, nullable=False, comment="attempts that were not simply let in"),
    Column("accounts", Integer, nullable=False),
    Column("opened", Integer, nullable=False, comment="accounts whose right proof was let in"),
    Column("networks", Integer, nullable=False),
    Column("countries", Integer, nullable=False),
    CheckConstraint(one_of("state", ATTACK_STATES), name="state"),
    CheckConstraint(one_of("shape", ATTACK_SHAPES), name="shape"),
    CheckConstraint("(state = 'over') = (ended_at IS NOT NULL)", name="ended"),
)
Index(
    "uq_attacks_standing", attacks.c.state, unique=True,
    sqlite_where=text("state = 'standing'"), postgresql_where=text("state = 'standing'"),
)
Index("ix_attacks_began_at", attacks.c.began_at)

attack_minutes = Table(
    "attack_minutes",
    metadata,
    Column("attack", String(32), ForeignKey("attacks.id"), primary_key=True),
    Column("minute", BIG, primary_key=True, autoincrement=False, comment="event time divided by 60"),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("stopped", Integer, nullable=False),
)

attack_networks = Table(
    "attack_networks",
    metadata,
    Column("attack", String(32), ForeignKey("attacks.id"), primary_key=True),
    Column("network", String(64), primary_key=True, comment="a /24 or /48; no single address"),
    Column("country", String(2), comment="NULL is unknown"),
    Column("asn", BIG, comment="autonomous system; NULL is unknown"),
    Column("attempts", Integer, nullable=False),
)

attack_accounts = Table(
    "attack_accounts",
    metadata,
    Column("attack", String(32), ForeignKey("attacks.id"), primary_key=True),
    Column("account", Text, primary_key=True, comment="account:<id>"),
    Column("attempts", Integer, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("opened_at", Double, comment="when a right proof was let in first"),
)
Index("ix_attack_accounts_account", attack_accounts.c.account)
