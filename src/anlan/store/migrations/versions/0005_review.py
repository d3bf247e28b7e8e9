"""How cases are routed, checked and kept bearable: queues, golden items, ties, tickets, wellbeing."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "queues",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="in which order their conditions are asked"),
        sa.Column("condition", sa.Text(), nullable=False, comment="which cases it takes; empty for those that name it"),
        sa.Column("priority", sa.Integer(), comment="of the cases that the condition takes; NULL leaves theirs"),
        sa.Column(
            "is_blind", sa.Boolean(), nullable=False, comment="the machine's opinion is hidden until the judgement"
        ),
        sa.Column("second_share", sa.Double(), nullable=False, comment="random share that a second person judges too"),
        sa.Column(
            "golden_share", sa.Double(), nullable=False, comment="share of work that is a check with a known answer"
        ),
        sa.Column("service_hours", sa.Double(), nullable=False),
        sa.Column("is_working_time", sa.Boolean(), nullable=False, comment="count service hours in working time only"),
        sa.Column("claim_minutes", sa.Integer(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.CheckConstraint("claim_minutes BETWEEN 1 AND 240", name=op.f("ck_queues_claim_minutes")),
        sa.CheckConstraint("golden_share BETWEEN 0 AND 0.5", name=op.f("ck_queues_golden_share")),
        sa.CheckConstraint("priority BETWEEN 1 AND 5", name=op.f("ck_queues_priority")),
        sa.CheckConstraint("second_share BETWEEN 0 AND 1", name=op.f("ck_queues_second_share")),
        sa.CheckConstraint("service_hours > 0", name=op.f("ck_queues_service_hours")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_queues")),
    )
    op.create_table(
        "staff_exposures",
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "day", sa.Integer(), autoincrement=False, nullable=False, comment="days since the epoch, in the desk's zone"
        ),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("harmful", sa.Integer(), nullable=False, comment="of those, how many were violations"),
        sa.Column("working_since", sa.Double(), nullable=False, comment="since the last break"),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("by", "day", name=op.f("pk_staff_exposures")),
    )
    op.create_table(
        "staff_ties",
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name>"),
        sa.Column("entity", sa.Text(), nullable=False, comment="kind:id of an own account, of a friend, ..."),
        sa.Column("relation", sa.String(length=16), nullable=False, comment="own or near"),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.CheckConstraint("relation IN ('own', 'near')", name=op.f("ck_staff_ties_relation")),
        sa.PrimaryKeyConstraint("by", "entity", name=op.f("pk_staff_ties")),
    )
    op.create_table(
        "staff_wellbeing",
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name>"),
        sa.Column("opted_out", sa.Text(), nullable=False, comment="categories that this person is not given, JSON"),
        sa.Column("media", sa.String(length=16), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False, comment="judgements a day"),
        sa.Column("break_minutes", sa.Integer(), nullable=False, comment="of work between reminders"),
        sa.CheckConstraint("media IN ('blurred', 'grey', 'plain')", name=op.f("ck_staff_wellbeing_media")),
        sa.CheckConstraint("break_minutes BETWEEN 10 AND 240", name=op.f("ck_staff_wellbeing_break_minutes")),
        sa.CheckConstraint("daily_limit BETWEEN 1 AND 5000", name=op.f("ck_staff_wellbeing_daily_limit")),
        sa.PrimaryKeyConstraint("by", name=op.f("pk_staff_wellbeing")),
    )
    op.create_table(
        "case_links",
        sa.Column("case_id", sa.String(length=80), nullable=False, comment="the later one"),
        sa.Column("other_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="related, split off, or the same work again"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('related', 'split', 'again')", name=op.f("ck_case_links_kind")),
        sa.CheckConstraint("case_id <> other_id", name=op.f("ck_case_links_two_cases")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_links_case_id")),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name=op.f("fk_case_links_other_id")),
        sa.PrimaryKeyConstraint("case_id", "other_id", name=op.f("pk_case_links")),
    )
    op.create_index("ix_case_links_other", "case_links", ["other_id"])
    op.create_table(
        "case_skips",
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_case_skips_reason")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_skips_case_id")),
        sa.PrimaryKeyConstraint("case_id", "by", name=op.f("pk_case_skips")),
    )
    op.create_table(
        "case_tickets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("about", sa.Text(), nullable=False, comment="staff:<name> whom training is for; empty for a policy"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.Double()),
        sa.Column("closed_by", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('policy', 'training')", name=op.f("ck_case_tickets_kind")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_case_tickets_closed_by_somebody")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tickets_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_tickets")),
    )
    op.create_index("ix_case_tickets_open", "case_tickets", ["closed_at", "opened_at"])
    op.create_index("uq_case_tickets_cause", "case_tickets", ["case_id", "kind", "about"], unique=True)
    op.create_table(
        "case_watchers",
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_watchers_case_id")),
        sa.PrimaryKeyConstraint("case_id", "by", name=op.f("pk_case_watchers")),
    )
    op.create_index("ix_case_watchers_by", "case_watchers", ["by"])
    op.create_table(
        "golden_items",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False, comment="the closed case it was made from"),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('violation', 'no_violation', 'unclear', 'uphold', 'reduce', 'reverse', 'grant', 'refuse')",
            name=op.f("ck_golden_items_answer"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_golden_items_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_golden_items")),
    )
    op.create_index("ix_golden_items_queue", "golden_items", ["queue", "is_active"])
    op.create_table(
        "golden_cases",
        sa.Column("case_id", sa.String(length=80), nullable=False, comment="one showing of the item"),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name> to whom it is shown"),
        sa.Column("shown_at", sa.Double(), nullable=False),
        sa.Column("is_right", sa.Boolean(), comment="NULL until it is judged"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_golden_cases_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["golden_items.id"], name=op.f("fk_golden_cases_item_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_golden_cases")),
    )
    op.create_index("uq_golden_cases_item_by", "golden_cases", ["item_id", "by"], unique=True)
