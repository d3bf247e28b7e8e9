"""Security event tokens: streams, what was sent and received."""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    pass
