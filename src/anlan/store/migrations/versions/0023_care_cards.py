"""Care cards for minors: which were shown, and what came of them."""

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Nothing yet."""
