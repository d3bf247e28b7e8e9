"""What Anlan itself says happened to accounts, until its own intake has taken it."""

from sqlalchemy import Column, Double, LargeBinary, String, Table

from anlan.store.tables.register import metadata

own_events = Table(
    "own_events",
    metadata,
    Column("id", String(128), primary_key=True, comment="of the CloudEvent; the source is ours"),
    Column("body", LargeBinary, nullable=False, comment="the CloudEvent as JSON"),
    Column("made_at", Double, nullable=False),
)
