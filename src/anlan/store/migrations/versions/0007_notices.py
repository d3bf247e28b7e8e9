"""What members are told, statements of reasons, and what the platform says is in force."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    pass
