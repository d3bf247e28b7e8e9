"""Members at their own pages: sessions, files they hand in, appeals."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    pass
