"""Claims of people who lost their accounts: evidence, vouches, decisions."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    pass
