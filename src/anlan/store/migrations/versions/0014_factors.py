"""Factors, challenges and trusted devices."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _factors()
    _challenges()


def _factors() -> None:
    op.create_table(
        "factors",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False, comment="account:<id>"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), comment="sealed: secret or public key, and its owner's name for it; NULL once over"),
        sa.Column("credential_digest", sa.LargeBinary(), comment="of a passkey's credential id"),
        sa.Column("used_step", _BIG, comment="the last step of an authenticator whose code was taken"),
        sa.Column("sign_count", _BIG, comment="as a passkey last told it; it must grow unless it stays 0"),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.Column("suspended_by", sa.String(length=32), comment="the containment for which it is not taken now"),
        sa.Column("ended_at", sa.Double(), comment="NULL while it is not over"),
        sa.Column("ended_by", sa.Text(), comment="account:<id>, system, ..."),
        sa.Column("ended_because", sa.String(length=16), comment="removed, replaced, cloned, used_up or revoked"),
        sa.CheckConstraint("kind IN ('totp', 'passkey', 'recovery_codes')", name=op.f("ck_factors_kind")),
        sa.CheckConstraint("(ended_at IS NULL) = (sealed IS NOT NULL)", name=op.f("ck_factors_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factors")),
        sa.UniqueConstraint("credential_digest", name=op.f("uq_factors_credential_digest")),
    )
    op.create_index("ix_factors_account", "factors", ["account"])
    op.create_index("uq_factors_single", "factors", ["account", "kind"], unique=True, sqlite_where=sa.text("ended_at IS NULL AND suspended_by IS NULL AND kind <> 'passkey'"), postgresql_where=sa.text("ended_at IS NULL AND suspended_by IS NULL AND kind <> 'passkey'"))
    op.create_table(
        "factor_enrolments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed: what was made for it and must come back"),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('totp', 'passkey', 'recovery_codes')", name=op.f("ck_factor_enrolments_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_enrolments")),
    )
    op.create_index(op.f("ix_factor_enrolments_expires_at"), "factor_enrolments", ["expires_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("factor_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, comment="salted by the set"),
        sa.Column("used_at", sa.Double()),
        sa.ForeignKeyConstraint(["factor_id"], ["factors.id"], name=op.f("fk_recovery_codes_factor_id")),
        sa.PrimaryKeyConstraint("factor_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "account_channels",
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("since", sa.Double(), nullable=False, comment="since when it is this address, as far as we were told"),
        sa.Column("until", sa.Double(), comment="NULL while it is; a former one still reaches the owner after a theft"),
        sa.Column("hint", sa.LargeBinary(), nullable=False, comment="sealed: how the platform masks the address"),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_account_channels_channel")),
        sa.PrimaryKeyConstraint("account", "channel", "since", name=op.f("pk_account_channels")),
    )
    op.create_table(
        "trusted_devices",
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("device_digest", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False, comment="sealed: the browser's name for itself"),
        sa.Column("trusted_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account", "device_digest", name=op.f("pk_trusted_devices")),
    )
    op.create_index(op.f("ix_trusted_devices_expires_at"), "trusted_devices", ["expires_at"])


def _challenges() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the page's address carries"),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False, comment="the act that it is for, and no other"),
        sa.Column("methods", sa.Text(), nullable=False, comment="comma-separated, best first"),
        sa.Column("factors_before", sa.Double(), nullable=False, comment="factors that were added since are not taken"),
        sa.Column("session", sa.String(length=128)),
        sa.Column("device", sa.String(length=128)),
        sa.Column("party", sa.LargeBinary(), nullable=False, comment="digest of account and trusted device or network"),
        sa.Column("is_stranger", sa.Boolean(), nullable=False, comment="unless it is on a device that the account trusts"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed: address, browser, where the page leads afterwards"),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, comment="answers that were looked at"),
        sa.Column("work_salt", sa.String(length=32), nullable=False),
        sa.Column("work_bits", sa.Integer(), nullable=False),
        sa.Column("assertion", sa.LargeBinary(), comment="what a passkey must sign now; NULL while nothing is asked"),
        sa.Column("made_by", sa.Text(), nullable=False, comment="key:<id>, account:<id>, or system"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("method", sa.String(length=16), comment="by which it was passed, or the last that failed"),
        sa.Column("ended_at", sa.Double(), comment="when it was passed or failed"),
        sa.Column("used_at", sa.Double(), comment="when the act was done that it was passed for"),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_challenges_ended")),
        sa.CheckConstraint("(state = 'used') = (used_at IS NOT NULL)", name=op.f("ck_challenges_used")),
        sa.CheckConstraint("method IS NULL OR method IN ('passkey', 'totp', 'recovery_code', 'email_code', 'sms_code', 'trusted_device', 'captcha', 'proof_of_work')", name=op.f("ck_challenges_method")),
        sa.CheckConstraint("state IN ('open', 'passed', 'used', 'failed')", name=op.f("ck_challenges_state")),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_challenges_tries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_challenges_token_hash")),
    )
    op.create_index("ix_challenges_account", "challenges", ["account", "made_at"])
    op.create_index(op.f("ix_challenges_expires_at"), "challenges", ["expires_at"])
    op.create_table(
        "challenge_codes",
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, comment="salted by challenge and channel"),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_challenge_codes_channel")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_codes_challenge_id")),
        sa.PrimaryKeyConstraint("challenge_id", "channel", name=op.f("pk_challenge_codes")),
    )
    op.create_table(
        "challenge_limits",
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="digest of what is limited, for whom, and of the window"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_challenge_limits")),
    )
    op.create_index(op.f("ix_challenge_limits_expires_at"), "challenge_limits", ["expires_at"])
