"""What members spoke about with the assistant, until its time is over, and for whom a person was asked."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from anlan.domain.consultations import CONSULTATION_STATES, SPEAKERS
from anlan.store.tables.register import metadata, one_of

consultations = Table(
    "consultations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("language", String(2), nullable=False),
    Column("state", String(16), nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("spoken_at", Double, nullable=False, comment="of the last turn; what it is kept from"),
    Column("turns", Integer, nullable=False, comment="how many there are; whoever speaks takes the next number"),
    Column("follow_up_at", Double, comment="when the member is asked how things are; NULL for not, or done"),
    Column("sealed", LargeBinary, nullable=False, comment="what is known of the situation, encrypted"),
    CheckConstraint(one_of("language", ("zh", "en")), name="language"),
    CheckConstraint(one_of("state", CONSULTATION_STATES), name="state"),
)
Index("ix_consultations_account", consultations.c.account, consultations.c.spoken_at)
Index("ix_consultations_spoken_at", consultations.c.spoken_at)
Index(
    "ix_consultations_follow_up", consultations.c.follow_up_at,
    sqlite_where=text("follow_up_at IS NOT NULL"), postgresql_where=text("follow_up_at IS NOT NULL"),
)

consultation_turns = Table(
    "consultation_turns",
    metadata,
    Column("consultation_id", String(32), ForeignKey("consultations.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("by", String(16), nullable=False),
    Column("at", Double, nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="what was said, secrets covered, encrypted"),
    CheckConstraint(one_of("by", SPEAKERS), name="by"),
    CheckConstraint("ordinal >= 1", name="ordinal"),
)

assistance_requests = Table(
    "assistance_requests",
    metadata,
    Column("case_id", String(80), ForeignKey("cases.id"), primary_key=True),
    Column("consultation_id", String(32), nullable=False, comment="may be deleted by its member before this"),
    Column("is_urgent", Boolean, nullable=False, comment="they sounded desperate"),
    Column("account", Text, nullable=False, comment="account:<id> of who asks"),
    Column("asked_at", Double, nullable=False),
    Column("shows_turns", Integer, nullable=False, comment="the member lets the person read so many turns"),
    Column("sealed", LargeBinary, comment="the summary, encrypted; NULL once the member or time took it away"),
    UniqueConstraint("consultation_id", "is_urgent"),
    CheckConstraint("shows_turns >= 0", name="shows_turns"),
)
Index("ix_assistance_requests_account", assistance_requests.c.account, assistance_requests.c.asked_at)
Index("ix_assistance_requests_asked_at", assistance_requests.c.asked_at)

consultation_hours = Table(
    "consultation_hours",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id>"),
    Column("hour", Double, primary_key=True, comment="when the hour began"),
    Column("turns", Integer, nullable=False, comment="what the member said in it, deleted or not"),
)
Index("ix_consultation_hours_hour", consultation_hours.c.hour)
