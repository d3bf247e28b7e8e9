"""Members who come in from the platform's own sign-in."""

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Nothing yet."""
