"""Risk alerts: whom they warned of what, in which words, and what they did then."""

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Nothing yet."""
