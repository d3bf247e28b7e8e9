"""Security event tokens: keys that sign them, streams that carry them, what waits in each, and what partners sent."""

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

from anlan.domain.security_events import DELIVERIES, EFFECTS, STREAM_STATUSES, SUBJECT_FORMATS
from anlan.store.tables.register import HexDigest, metadata, one_of

TOKEN_STATES = ("pending", "delivered", "dead")
OUTCOMES = (*EFFECTS, "unknown_subject")

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", String(32), primary_key=True, comment="the kid"),
    Column("public_key", LargeBinary, nullable=False, comment="JWK"),
    Column("private_key", LargeBinary, nullable=False, comment="encrypted PKCS 8"),
    Column("made_at", Double, nullable=False),
    Column("is_current", Boolean, nullable=False, comment="signs; one does"),
    Column("shown_until", Double, comment="a former key stays in the key set until then"),
    CheckConstraint("is_current = (shown_until IS NULL)", name="former_is_shown"),
)
Index(
    "ux_signing_keys_current", signing_keys.c.is_current, unique=True,
    sqlite_where=text("is_current"), postgresql_where=text("is_current"),
)

event_streams = Table(
    "event_streams",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("audience", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("delivery", String(8), nullable=False),
    Column("url", Text, comment="of a receiver that is pushed to"),
    Column("authorization", LargeBinary, comment="the header that it wants, encrypted"),
    Column("receiver_key", String(32), comment="the only API key that may poll; NULL for any with the scope"),
    Column("types", Text, nullable=False, comment="comma-separated event types"),
    Column("subject_format", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False, comment="of the status"),
    Column("created_at", Double, nullable=False),
    Column("failures", Integer, nullable=False, comment="rounds in a row of which nothing arrived"),
    Column("failing_since", Double),
    Column("probe_at", Double, comment="nothing is sent before"),
    CheckConstraint(one_of("delivery", DELIVERIES), name="delivery"),
    CheckConstraint(one_of("status", STREAM_STATUSES), name="status"),
    CheckConstraint(one_of("subject_format", SUBJECT_FORMATS), name="subject_format"),
    CheckConstraint("(delivery = 'push') = (url IS NOT NULL)", name="push_has_url"),
)

stream_tokens = Table(
    "stream_tokens",
    metadata,
    Column("jti", String(32), primary_key=True),
    Column("stream_id", String(32), ForeignKey("event_streams.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("claims", LargeBinary, comment="encrypted JSON; NULL once its time is over"),
    Column("made_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("done_at", Double),
    CheckConstraint(one_of("state", TOKEN_STATES), name="state"),
    CheckConstraint("(state = 'pending') = (done_at IS NULL)", name="done_is_over"),
    CheckConstraint("state <> 'pending' OR claims IS NOT NULL", name="pending_has_claims"),
)
Index(
    "ix_stream_tokens_pending", stream_tokens.c.stream_id, stream_tokens.c.next_at,
    sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'"),
)
Index("ix_stream_tokens_done", stream_tokens.c.done_at)

transmitters = Table(
    "transmitters",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("issuer", Text, nullable=False, unique=True),
    Column("audience", Text, nullable=False, comment="what its tokens call us"),
    Column("keys", LargeBinary, comment="its key set as JSON; NULL until it was fetched"),
    Column("keys_url", Text, comment="where the key set is fetched; NULL for one that was handed over"),
    Column("keys_at", Double, nullable=False),
    Column("token_hash", HexDigest, unique=True, comment="SHA-256 of the token that it pushes with"),
    Column("poll_url", Text),
    Column("poll_authorization", LargeBinary, comment="encrypted"),
    Column("polled_at", Double),
    Column("poll_error", Text),
    Column("added_at", Double, nullable=False),
    CheckConstraint("keys IS NOT NULL OR keys_url IS NOT NULL", name="has_keys"),
)

received_tokens = Table(
    "received_tokens",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("jti", String(256), primary_key=True),
    Column("received_at", Double, nullable=False, index=True),
    Column("issued_at", Double, nullable=False),
    Column("types", Text, nullable=False, comment="comma-separated"),
    Column("account", Text, comment="account:<id>; NULL where it names none of ours, and once its time is over"),
    Column("outcome", String(16), nullable=False),
    Column("body", LargeBinary, comment="encrypted JSON of events and subject; NULL once its time is over"),
    CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
)
