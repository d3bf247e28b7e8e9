"""Containments of stolen accounts and their steps."""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    pass
