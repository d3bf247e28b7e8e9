"""Risk alerts: whom they warned of what, in which words, what members did then, and what became of their payments."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from anlan.domain.alerts import ALERT_ANSWERS, ALERT_STATES, ARMS, CAPS, MOMENTS
from anlan.domain.prevented_loss import OUTCOMES
from anlan.domain.scenarios import STRENGTHS
from anlan.store.tables.register import BIG, metadata, one_of

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True, comment="digest of event, account and scenario"),
    Column("event_seq", BIG, nullable=False, comment="in whose decision it was ordered"),
    Column("account", Text, nullable=False, comment="account:<id> of who is at risk"),
    Column("scenario", String(64), nullable=False),
    Column("version", Integer, nullable=False, comment="of the scenario, whose words they read"),
    Column("strength", String(8), nullable=False),
    Column("moment", String(8), nullable=False),
    Column("other", Text, nullable=False, comment="kind:id of who is on the other side; empty for nobody"),
    Column("policy", String(64), nullable=False),
    Column("arm", String(8), nullable=False, comment="whose words they read; control for none"),
    Column("state", String(8), nullable=False),
    Column("cap", String(16), comment="of a capped one: which"),
    Column("day", String(10), nullable=False, comment="of the event in the operator's zone, for figures"),
    Column("at", Double, nullable=False, comment="event time"),
    Column("made_at", Double, nullable=False, index=True),
    Column("opened_at", Double),
    Column("answer", String(16)),
    Column("answered_at", Double),
    UniqueConstraint("event_seq", "account", "scenario"),
    CheckConstraint(one_of("strength", STRENGTHS), name="strength"),
    CheckConstraint(one_of("moment", MOMENTS), name="moment"),
    CheckConstraint(one_of("arm", ARMS), name="arm"),
    CheckConstraint(one_of("state", ALERT_STATES), name="state"),
    CheckConstraint(f"cap IS NULL OR {one_of('cap', CAPS)}", name="cap"),
    CheckConstraint("(state = 'capped') = (cap IS NOT NULL)", name="capped_says_why"),
    CheckConstraint("moment <> 'money' OR state IN ('sent', 'past')", name="money_is_never_waited_for"),
    CheckConstraint("(state = 'control') = (arm = 'control')", name="control_is_an_arm"),
    CheckConstraint(f"answer IS NULL OR {one_of('answer', ALERT_ANSWERS)}", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answer_has_time"),
    CheckConstraint("answer IS NULL OR state IN ('sent', 'quiet')", name="only_what_was_read_is_answered"),
)
SHOWN, CAPPED = "state NOT IN ('capped', 'past')", "state = 'capped'"
"""What a member was told, or would have been but for the arm; and what was too much: a flood must slow nobody down."""
Index("ix_alerts_account", alerts.c.account, alerts.c.at, sqlite_where=text(SHOWN), postgresql_where=text(SHOWN))
Index("ix_alerts_capped", alerts.c.account, alerts.c.at, sqlite_where=text(CAPPED), postgresql_where=text(CAPPED))

alert_days = Table(
    "alert_days",
    metadata,
    Column("day", String(10), primary_key=True, comment="of the events, in the operator's zone"),
    Column("scenario", String(64), primary_key=True),
    Column("policy", String(64), primary_key=True),
    Column("strength", String(8), primary_key=True),
    Column("arm", String(8), primary_key=True),
    Column("what", String(16), primary_key=True, comment="a state, a cap, an answer, or opened"),
    Column("alerts", BIG, nullable=False),
)

alert_wishes = Table(
    "alert_wishes",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id>"),
    Column("quiet_start", Integer, nullable=False, comment="minutes after local midnight"),
    Column("quiet_end", Integer, nullable=False, comment="likewise; the same for no quiet hours"),
    Column("set_at", Double, nullable=False),
    CheckConstraint("quiet_start BETWEEN 0 AND 1439 AND quiet_end BETWEEN 0 AND 1439", name="minutes"),
)

alerted_payments = Table(
    "alerted_payments",
    metadata,
    Column("payer", Text, primary_key=True, comment="account:<id>"),
    Column("payment_id", String(128), primary_key=True, comment="as the platform names it"),
    Column("own_id", String(32), comment="the alert about this very payment"),
    Column("earlier_id", String(32), comment="the last alert before it about the same person, held back or not"),
    Column("other", Text, nullable=False, comment="kind:id of who would get it"),
    Column("amount_minor", BIG, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at", Double, nullable=False, index=True, comment="event time"),
    Column("outcome", String(16), comment="NULL while nobody said"),
    Column("settled_at", Double, comment="event time"),
    CheckConstraint("own_id IS NOT NULL OR earlier_id IS NOT NULL", name="is_alerted"),
    CheckConstraint(f"outcome IS NULL OR {one_of('outcome', OUTCOMES)}", name="outcome"),
    CheckConstraint("(outcome IS NULL) = (settled_at IS NULL)", name="outcome_has_time"),
)

payment_days = Table(
    "payment_days",
    metadata,
    Column("day", String(10), primary_key=True, comment="in the operator's zone"),
    Column("outcome", String(16), primary_key=True),
    Column("payments", BIG, nullable=False, comment="settled without any alert: the usual share of cancelled ones"),
    CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
)

warned_payment_days = Table(
    "warned_payment_days",
    metadata,
    Column("day", String(10), primary_key=True, comment="of the payments, in the operator's zone"),
    Column("currency", String(3), primary_key=True),
    Column("payments", BIG, nullable=False, comment="that ended after a warning"),
    Column("kept", BIG, nullable=False, comment="cancelled, and not made to the same person after all"),
    Column("kept_minor", Double, nullable=False, comment="what those were about"),
    Column("possible_minor", Double, nullable=False, comment="of all but those that the platform refused"),
)

paid_after_days = Table(
    "paid_after_days",
    metadata,
    Column("day", String(10), primary_key=True, comment="of the alerts, in the operator's zone"),
    Column("currency", String(3), primary_key=True),
    Column("state", String(8), primary_key=True, comment="of the alerts"),
    Column("alerts", BIG, nullable=False, comment="after which something was paid to whom they were about"),
    Column("paid_minor", Double, nullable=False),
    Column("squares", Double, nullable=False, comment="of what was paid after each"),
)
