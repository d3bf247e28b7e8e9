"""What members report: reports, the evidence kept with them, and how far each reporter is to be believed."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass
