"""Ways in from the platform's own sign-in that are used up."""

from sqlalchemy import Column, Double, Table

from anlan.store.tables.register import HexDigest, metadata

spent_entrances = Table(
    "spent_entrances",
    metadata,
    Column("state_hash", HexDigest, primary_key=True, comment="SHA-256 of the state that went out and came back"),
    Column("expires_at", Double, nullable=False, index=True, comment="when the way in is over of itself"),
)
