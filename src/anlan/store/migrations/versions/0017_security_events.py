"""Security event tokens: keys, streams, what waits in them, transmitters and what they sent."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(length=32), nullable=False, comment="the kid"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="JWK"),
        sa.Column("private_key", sa.LargeBinary(), nullable=False, comment="encrypted PKCS 8"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False, comment="signs; one does"),
        sa.Column("shown_until", sa.Double(), nullable=True, comment="a former key stays in the key set until then"),
        sa.CheckConstraint("is_current = (shown_until IS NULL)", name=op.f("ck_signing_keys_former_is_shown")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    op.create_index(
        "ux_signing_keys_current", "signing_keys", ["is_current"], unique=True,
        sqlite_where=sa.text("is_current"), postgresql_where=sa.text("is_current"),
    )
    _streams()
    _received()


def _streams() -> None:
    op.create_table(
        "event_streams",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("delivery", sa.String(length=8), nullable=False),
        sa.Column("url", sa.Text(), nullable=True, comment="of a receiver that is pushed to"),
        sa.Column("authorization", sa.LargeBinary(), nullable=True, comment="the header that it wants, encrypted"),
        sa.Column("receiver_key", sa.String(length=32), nullable=True, comment="the only API key that may poll; NULL for any with the scope"),
        sa.Column("types", sa.Text(), nullable=False, comment="comma-separated event types"),
        sa.Column("subject_format", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="of the status"),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="rounds in a row of which nothing arrived"),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("probe_at", sa.Double(), nullable=True, comment="nothing is sent before"),
        sa.CheckConstraint("delivery IN ('push', 'poll')", name=op.f("ck_event_streams_delivery")),
        sa.CheckConstraint("status IN ('enabled', 'paused', 'disabled')", name=op.f("ck_event_streams_status")),
        sa.CheckConstraint("subject_format IN ('iss_sub', 'opaque', 'account')", name=op.f("ck_event_streams_subject_format")),
        sa.CheckConstraint("(delivery = 'push') = (url IS NOT NULL)", name=op.f("ck_event_streams_push_has_url")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_streams")),
    )
    op.create_table(
        "stream_tokens",
        sa.Column("jti", sa.String(length=32), nullable=False),
        sa.Column("stream_id", sa.String(length=32), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("claims", sa.LargeBinary(), nullable=True, comment="encrypted JSON; NULL once its time is over"),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.Double(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_stream_tokens_state")),
        sa.CheckConstraint("(state = 'pending') = (done_at IS NULL)", name=op.f("ck_stream_tokens_done_is_over")),
        sa.CheckConstraint("state <> 'pending' OR claims IS NOT NULL", name=op.f("ck_stream_tokens_pending_has_claims")),
        sa.ForeignKeyConstraint(["stream_id"], ["event_streams.id"], name=op.f("fk_stream_tokens_stream_id")),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_stream_tokens")),
    )
    op.create_index(
        "ix_stream_tokens_pending", "stream_tokens", ["stream_id", "next_at"],
        sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_stream_tokens_done", "stream_tokens", ["done_at"])


def _received() -> None:
    op.create_table(
        "transmitters",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False, comment="what its tokens call us"),
        sa.Column("keys", sa.LargeBinary(), nullable=True, comment="its key set as JSON; NULL until it was fetched"),
        sa.Column("keys_url", sa.Text(), nullable=True, comment="where the key set is fetched; NULL for one that was handed over"),
        sa.Column("keys_at", sa.Double(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of the token that it pushes with"),
        sa.Column("poll_url", sa.Text(), nullable=True),
        sa.Column("poll_authorization", sa.LargeBinary(), nullable=True, comment="encrypted"),
        sa.Column("polled_at", sa.Double(), nullable=True),
        sa.Column("poll_error", sa.Text(), nullable=True),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.CheckConstraint("keys IS NOT NULL OR keys_url IS NOT NULL", name=op.f("ck_transmitters_has_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transmitters")),
        sa.UniqueConstraint("issuer", name=op.f("uq_transmitters_issuer")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_transmitters_token_hash")),
    )
    op.create_table(
        "received_tokens",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("jti", sa.String(length=256), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("issued_at", sa.Double(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False, comment="comma-separated"),
        sa.Column("account", sa.Text(), nullable=True, comment="account:<id>; NULL where it names none of ours, and once its time is over"),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="encrypted JSON of events and subject; NULL once its time is over"),
        sa.CheckConstraint("outcome IN ('contain', 'pass_on', 'keep', 'unknown_subject')", name=op.f("ck_received_tokens_outcome")),
        sa.PrimaryKeyConstraint("issuer", "jti", name=op.f("pk_received_tokens")),
    )
    op.create_index(op.f("ix_received_tokens_received_at"), "received_tokens", ["received_at"])
