"""Attacks on many accounts at once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _attacks()
    _parts()


def _attacks() -> None:
    counts = ("attempts", "failures", "stopped", "accounts", "opened", "networks", "countries")
    comments = {
        "stopped": "attempts that were not simply let in", "opened": "accounts whose right proof was let in",
    }
    op.create_table(
        "attacks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("shape", sa.String(length=16), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False, comment="event time of its first attempt"),
        sa.Column("last_at", sa.Double(), nullable=False, comment="event time of its latest attempt"),
        sa.Column("noticed_at", sa.Double(), nullable=False),
        sa.Column("touched_at", sa.Double(), nullable=False, comment="when an attempt was last added"),
        sa.Column("ended_at", sa.Double()),
        *(sa.Column(name, sa.Integer(), nullable=False, comment=comments.get(name)) for name in counts),
        sa.CheckConstraint("state IN ('standing', 'over')", name=op.f("ck_attacks_state")),
        sa.CheckConstraint("shape IN ('brute_force', 'stuffing', 'spraying')", name=op.f("ck_attacks_shape")),
        sa.CheckConstraint("(state = 'over') = (ended_at IS NOT NULL)", name=op.f("ck_attacks_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attacks")),
    )
    is_standing = sa.text("state = 'standing'")
    op.create_index(
        "uq_attacks_standing", "attacks", ["state"], unique=True, sqlite_where=is_standing,
        postgresql_where=is_standing,
    )
    op.create_index("ix_attacks_began_at", "attacks", ["began_at"])


def _parts() -> None:
    _part(
        "attack_minutes",
        sa.Column("minute", _BIG, nullable=False, autoincrement=False, comment="event time divided by 60"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("stopped", sa.Integer(), nullable=False),
    )
    _part(
        "attack_networks",
        sa.Column("network", sa.String(length=64), nullable=False, comment="a /24 or /48; no single address"),
        sa.Column("country", sa.String(length=2), comment="NULL is unknown"),
        sa.Column("asn", _BIG, comment="autonomous system; NULL is unknown"),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
    _part(
        "attack_accounts",
        sa.Column("account", sa.Text(), nullable=False, comment="account:<id>"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.Double(), comment="when a right proof was let in first"),
    )
    op.create_index("ix_attack_accounts_account", "attack_accounts", ["account"])


def _part(name: str, key: sa.Column[object], *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("attack", sa.String(length=32), nullable=False),
        key,
        *columns,
        sa.ForeignKeyConstraint(["attack"], ["attacks.id"], name=op.f(f"fk_{name}_attack")),
        sa.PrimaryKeyConstraint("attack", key.name, name=op.f(f"pk_{name}")),
    )
