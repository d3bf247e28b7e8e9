"""Special clean-ups: scopes, their cases, bulletins, questions and answers."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pass
