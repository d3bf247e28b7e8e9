"""Named counters of the store: the last sequence number, versions of lists and policies, how far retention has come."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

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
REPORT_EVENTS = "reports.events"
SIGN_INS = "sign_ins.events"

RAISE = (
    "INSERT INTO marks (name, value) VALUES ({mark}, {mark}) "
    "ON CONFLICT (name) DO UPDATE SET value = marks.value + excluded.value RETURNING value"
)
"""The statement behind `raise_mark`, for whoever holds the driver's own cursor."""


def raise_mark(connection: Connection, name: str, by: int = 1) -> int:
    """Add `by` and return the sum; the row stays locked until the transaction ends, so numbers follow commits."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(marks).values(name=name, value=by)
    raised = row.on_conflict_do_update(
        index_elements=[marks.c.name], set_={"value": marks.c.value + row.excluded.value}
    )
    return int(connection.execute(raised.returning(marks.c.value)).scalar_one())


def read_mark(connection: Connection, name: str) -> int:
    """The counter's value; 0 when it was never raised."""
    return connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one_or_none() or 0
