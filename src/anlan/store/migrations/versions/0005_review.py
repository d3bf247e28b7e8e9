"""How cases are routed, checked and kept bearable: queues, golden items, ties, tickets, wellbeing."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    pass
