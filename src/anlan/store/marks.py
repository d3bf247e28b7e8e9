"""Named counters of the store: the last sequence number, versions of lists and policies, how far retention has come."""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select, text

from anlan.store.tables import marks

JOURNAL = "journal"
SECOND_LOOKS = "second_looks"
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
_MOVE = text(
    "INSERT INTO marks (name, value) VALUES (:name, :after) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE marks.value = :before"
)
_READ = select(marks.c.name, marks.c.value).where(marks.c.name.in_(bindparam("names", expanding=True)))
"""Written once: making a statement anew costs several times what running it does."""


def raise_mark(connection: Connection, name: str, by: int = 1) -> int:
    """Add `by` and return the sum; the row stays locked until the transaction ends, so numbers follow commits."""
    return int(connection.execute(_RAISE, {"name": name, "by": by}).scalar_one())


def move_mark(connection: Connection, name: str, before: int, after: int) -> bool:
    """Set a counter that stands at `before`; False when somebody else has moved it, whom this waits for."""
    return connection.execute(_MOVE, {"name": name, "before": before, "after": after}).rowcount == 1


def read_marks(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """Those of these counters that were ever raised, as they stood at one moment."""
    return {row.name: row.value for row in connection.execute(_READ, {"names": list(names)})}


def read_mark(connection: Connection, name: str) -> int:
    """The counter's value; 0 when it was never raised."""
    return connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one_or_none() or 0
