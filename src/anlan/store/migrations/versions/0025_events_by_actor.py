"""What one account did is found without reading what everybody did."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_index("ix_events_actor", "events", ["actor", "time"])
    op.drop_column("containments", "first_seq")
