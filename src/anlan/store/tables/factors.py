"""How members prove that an account is theirs: factors, devices that they trust, challenges, and what was tried.

What must happen once is a condition of an UPDATE here: a code's step only grows, a recovery code and a sent code are
used once, a challenge leaves `open` once and `passed` once.
"""

from sqlalchemy import (
    Boolean,
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
    text,
)

from anlan.domain.challenges import CHALLENGE_STATES, MAX_TRIES
from anlan.domain.factors import CHANNELS, FACTOR_KINDS, METHODS
from anlan.store.tables.register import BIG, HexDigest, metadata, one_of

factors = Table(
    "factors",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(300), nullable=False, comment="account:<id>"),
    Column("kind", String(16), nullable=False),
    Column("sealed", LargeBinary, comment="sealed: secret or public key, and its owner's name for it; NULL once over"),
    Column("credential_digest", HexDigest, unique=True, comment="of a passkey's credential id"),
    Column("used_step", BIG, comment="the last step of an authenticator whose code was taken"),
    Column("sign_count", BIG, comment="as a passkey last told it; it must grow unless it stays 0"),
    Column("added_at", Double, nullable=False),
    Column("used_at", Double),
    Column("suspended_by", String(32), comment="the containment for which it is not taken now"),
    Column("ended_at", Double, comment="NULL while it is not over"),
    Column("ended_by", Text, comment="account:<id>, system, ..."),
    Column("ended_because", String(16), comment="removed, replaced, cloned, used_up or revoked"),
    CheckConstraint(one_of("kind", FACTOR_KINDS), name="kind"),
    CheckConstraint("(ended_at IS NULL) = (sealed IS NOT NULL)", name="ended"),
)
Index("ix_factors_account", factors.c.account)
_SINGLE = text("ended_at IS NULL AND suspended_by IS NULL AND kind <> 'passkey'")
Index(
    "uq_factors_single", factors.c.account, factors.c.kind, unique=True, sqlite_where=_SINGLE, postgresql_where=_SINGLE
)

factor_enrolments = Table(
    "factor_enrolments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(300), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="sealed: what was made for it and must come back"),
    Column("expires_at", Double, nullable=False, index=True),
    CheckConstraint(one_of("kind", FACTOR_KINDS), name="kind"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("factor_id", String(32), ForeignKey("factors.id"), primary_key=True),
    Column("code_hash", HexDigest, primary_key=True, comment="salted by the set"),
    Column("used_at", Double),
)

account_channels = Table(
    "account_channels",
    metadata,
    Column("account", String(300), primary_key=True),
    Column("channel", String(8), primary_key=True),
    Column("since", Double, primary_key=True, comment="since when it is this address, as far as we were told"),
    Column("until", Double, comment="NULL while it is; a former one still reaches the owner after a theft"),
    Column("hint", LargeBinary, nullable=False, comment="sealed: how the platform masks the address"),
    CheckConstraint(one_of("channel", CHANNELS), name="channel"),
)

trusted_devices = Table(
    "trusted_devices",
    metadata,
    Column("account", String(300), primary_key=True),
    Column("device_digest", HexDigest, primary_key=True),
    Column("label", LargeBinary, nullable=False, comment="sealed: the browser's name for itself"),
    Column("trusted_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

challenges = Table(
    "challenges",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", HexDigest, nullable=False, unique=True, comment="SHA-256 of what the page's address carries"),
    Column("account", String(300), nullable=False),
    Column("purpose", String(64), nullable=False, comment="the act that it is for, and no other"),
    Column("methods", Text, nullable=False, comment="comma-separated, best first"),
    Column("factors_before", Double, nullable=False, comment="factors that were added since are not taken"),
    Column("session", String(128)),
    Column("device", String(128)),
    Column("party", HexDigest, nullable=False, comment="digest of account and trusted device or network"),
    Column("is_stranger", Boolean, nullable=False, comment="unless it is on a device that the account trusts"),
    Column("sealed", LargeBinary, nullable=False, comment="sealed: address, browser, where the page leads afterwards"),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False, comment="answers that were looked at"),
    Column("work_salt", String(32), nullable=False),
    Column("work_bits", Integer, nullable=False),
    Column("assertion", LargeBinary, comment="what a passkey must sign now; NULL while nothing is asked"),
    Column("made_by", Text, nullable=False, comment="key:<id>, account:<id>, or system"),
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("method", String(16), comment="by which it was passed, or the last that failed"),
    Column("ended_at", Double, comment="when it was passed or failed"),
    Column("used_at", Double, comment="when the act was done that it was passed for"),
    CheckConstraint(one_of("state", CHALLENGE_STATES), name="state"),
    CheckConstraint(f"tries BETWEEN 0 AND {MAX_TRIES}", name="tries"),
    CheckConstraint(f"method IS NULL OR {one_of('method', METHODS)}", name="method"),
    CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
    CheckConstraint("(state = 'used') = (used_at IS NOT NULL)", name="used"),
)
Index("ix_challenges_account", challenges.c.account, challenges.c.made_at)

challenge_codes = Table(
    "challenge_codes",
    metadata,
    Column("challenge_id", String(32), ForeignKey("challenges.id"), primary_key=True),
    Column("channel", String(8), primary_key=True),
    Column("code_hash", HexDigest, nullable=False, comment="salted by challenge and channel"),
    Column("sends", Integer, nullable=False),
    Column("sent_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    CheckConstraint(one_of("channel", CHANNELS), name="channel"),
)

challenge_limits = Table(
    "challenge_limits",
    metadata,
    Column("key", HexDigest, primary_key=True, comment="digest of what is limited, for whom, and of the window"),
    Column("count", Integer, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)
