"""How cases are routed, checked and kept bearable: queues, golden items, ties of staff, tickets, wellbeing, links."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from anlan.domain.cases import ANSWERS
from anlan.store.tables.register import metadata, one_of

TICKET_KINDS = ("policy", "training")
LINK_KINDS = ("related", "split", "again")
MEDIA_LOOKS = ("blurred", "grey", "plain")

queues = Table(
    "queues",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("ordinal", Integer, nullable=False, comment="in which order their conditions are asked"),
    Column("condition", Text, nullable=False, comment="which cases it takes; empty for those that name it"),
    Column("priority", Integer, comment="of the cases that the condition takes; NULL leaves theirs"),
    Column("is_blind", Boolean, nullable=False, comment="the machine's opinion is hidden until the judgement"),
    Column("second_share", Double, nullable=False, comment="random share that a second person judges too"),
    Column("golden_share", Double, nullable=False, comment="share of work that is a check with a known answer"),
    Column("service_hours", Double, nullable=False),
    Column("is_working_time", Boolean, nullable=False, comment="count service hours in working time only"),
    Column("claim_minutes", Integer, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    CheckConstraint("priority BETWEEN 1 AND 5", name="priority"),
    CheckConstraint("second_share BETWEEN 0 AND 1", name="second_share"),
    CheckConstraint("golden_share BETWEEN 0 AND 0.5", name="golden_share"),
    CheckConstraint("service_hours > 0", name="service_hours"),
    CheckConstraint("claim_minutes BETWEEN 1 AND 240", name="claim_minutes"),
)

golden_items = Table(
    "golden_items",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False, comment="the closed case it was made from"),
    Column("queue", String(64), nullable=False),
    Column("answer", String(16), nullable=False),
    Column("category", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("is_active", Boolean, nullable=False),
    CheckConstraint(one_of("answer", ANSWERS), name="answer"),
)
Index("ix_golden_items_queue", golden_items.c.queue, golden_items.c.is_active)

golden_cases = Table(
    "golden_cases",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True, comment="one showing of the item"),
    Column("item_id", String(32), ForeignKey("golden_items.id"), nullable=False),
    Column("by", Text, nullable=False, comment="staff:<name> to whom it is shown"),
    Column("shown_at", Double, nullable=False),
    Column("is_right", Boolean, comment="NULL until it is judged"),
)
Index("uq_golden_cases_item_by", golden_cases.c.item_id, golden_cases.c.by, unique=True)

staff_ties = Table(
    "staff_ties",
    metadata,
    Column("by", Text, primary_key=True, comment="staff:<name>"),
    Column("entity", Text, primary_key=True, comment="kind:id of an own account, of a friend, ..."),
    Column("relation", String(16), nullable=False, comment="own or near"),
    Column("noted_by", Text, nullable=False),
    Column("noted_at", Double, nullable=False),
    CheckConstraint("relation IN ('own', 'near')", name="relation"),
)

case_tickets = Table(
    "case_tickets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False),
    Column("policy", String(128), nullable=False),
    Column("about", Text, nullable=False, comment="staff:<name> whom training is for; empty for a policy"),
    Column("why", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("closed_by", Text),
    Column("note", Text, nullable=False),
    CheckConstraint(one_of("kind", TICKET_KINDS), name="kind"),
    CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
)
Index("ix_case_tickets_open", case_tickets.c.closed_at, case_tickets.c.opened_at)
Index("uq_case_tickets_cause", case_tickets.c.case_id, case_tickets.c.kind, case_tickets.c.about, unique=True)

staff_wellbeing = Table(
    "staff_wellbeing",
    metadata,
    Column("by", Text, primary_key=True, comment="staff:<name>"),
    Column("opted_out", Text, nullable=False, comment="categories that this person is not given, JSON"),
    Column("media", String(16), nullable=False),
    Column("daily_limit", Integer, nullable=False, comment="judgements a day"),
    Column("break_minutes", Integer, nullable=False, comment="of work between reminders"),
    CheckConstraint(one_of("media", MEDIA_LOOKS), name="media"),
    CheckConstraint("daily_limit BETWEEN 1 AND 5000", name="daily_limit"),
    CheckConstraint("break_minutes BETWEEN 10 AND 240", name="break_minutes"),
)

staff_exposures = Table(
    "staff_exposures",
    metadata,
    Column("by", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False, comment="days since the epoch, in the desk's zone"),
    Column("judged", Integer, nullable=False),
    Column("harmful", Integer, nullable=False, comment="of those, how many were violations"),
    Column("working_since", Double, nullable=False, comment="since the last break"),
    Column("last_at", Double, nullable=False),
)

case_watchers = Table(
    "case_watchers",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("by", Text, primary_key=True),
    Column("since", Double, nullable=False),
)
Index("ix_case_watchers_by", case_watchers.c.by)

case_links = Table(
    "case_links",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True, comment="the later one"),
    Column("other_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("kind", String(16), nullable=False, comment="related, split off, or the same work again"),
    Column("by", Text, nullable=False),
    Column("at", Double, nullable=False),
    CheckConstraint(one_of("kind", LINK_KINDS), name="kind"),
    CheckConstraint("case_id <> other_id", name="two_cases"),
)
Index("ix_case_links_other", case_links.c.other_id)

case_skips = Table(
    "case_skips",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("by", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Double, nullable=False),
    CheckConstraint("reason <> ''", name="reason"),
)
