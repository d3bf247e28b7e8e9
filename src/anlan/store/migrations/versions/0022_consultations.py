"""What members spoke about with the assistant, until its time is over."""

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Nothing yet."""
