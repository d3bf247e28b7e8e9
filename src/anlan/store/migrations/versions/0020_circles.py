"""Family protection circles: who agreed to be warned for whom, and of what they were warned."""

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Nothing yet."""
