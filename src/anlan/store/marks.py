"""Named counters of the store: the last sequence number, versions of lists and policies, how far retention has come."""

from sqlalchemy import Connection, select, text

from anlan.store.tables import marks

JOURNAL = "journal"
AUDIT = "audit"
LISTS = "lists"
POLICIES = "policies"
LEXICON = "lexicon"
LEXICON_CHANGES = "lexicon.changes"
JUDGEMENTS = "judgements"
TEXT_MODELS = "text_models"
AUTOMATIC = "sanctions.automatic"
AUTOMATIC_CONTAINMENTS = "containments.automatic"
REDACTED = "retention.events"
RECOVERY_TRACES = "recovery.traces"
REPORT_EVENTS = "reports.events"
ATTACKS = "attacks.events"
SIGN_INS = "sign_ins.events"
ALERTS = "alerts.decisions"
ALERTED_PAYMENTS = "alerts.payments"
CARE_CARDS = "care_cards.decisions"
COOL_DOWNS = "cool_downs.decisions"
TRANSFER_SETTLEMENTS = "transfers.settlements"
SECURITY_EVENTS = "security_events.events"

RAISE = (
    "INSERT INTO marks (name, value) VALUES ({mark}, {mark}) "
    "ON CONFLICT (name) DO UPDATE SET value = marks.value + excluded.value RETURNING value"
)
"""The statement behind `raise_mark`, for whoever holds the driver's own cursor."""

_RAISE = text(RAISE.replace("{mark}", ":name", 1).replace("{mark}", ":by", 1))
"""Written once: making the statement anew costs several times what running it does."""


def raise_mark(connection: Connection, name: str, by: int = 1) -> int:
    """Add `by` and return the sum; the row stays locked until the transaction ends, so numbers follow commits."""
    return int(connection.execute(_RAISE, {"name": name, "by": by}).scalar_one())


def read_mark(connection: Connection, name: str) -> int:
    """The counter's value; 0 when it was never raised."""
    return connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one_or_none() or 0
