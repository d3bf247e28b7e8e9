"""Members at their own pages: how they come in, the files they hand in, and what they appeal against.

Who decides an appeal has neither judged nor ordered what it is about (law 12): the names stand in the appeal, and the
database compares them.
"""

from sqlalchemy import (
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

from anlan.domain.appeals import APPEAL_OUTCOMES, APPEAL_STATES
from anlan.domain.attachments import MAX_BYTES, MEDIA_TYPES
from anlan.domain.sanctions import SANCTION_KINDS
from anlan.store.tables.register import HexDigest, metadata, one_of

_FROM = "session_<digest> of the platform's session it comes from; NULL for unknown"

member_links = Table(
    "member_links",
    metadata,
    Column("token_hash", HexDigest, primary_key=True, comment="SHA-256 of what the link carries"),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("language", String(8), nullable=False, comment="zh or en; empty for what the browser asks for"),
    Column("path", Text, nullable=False, comment="where the link leads"),
    Column("made_by", Text, nullable=False, comment="key:<id> or system"),
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("used_at", Double, comment="a link opens once"),
    Column("platform_session", String(32), comment=_FROM),
)

member_sessions = Table(
    "member_sessions",
    metadata,
    Column("token_hash", HexDigest, primary_key=True, comment="SHA-256 of what the browser holds"),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("path", Text, nullable=False, comment="where its link led; the platform vouches for that"),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("platform_session", String(32), comment=_FROM),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", Text, nullable=False, comment="account:<id>"),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False, index=True),
    Column("media_type", String(32), nullable=False, comment="as its first bytes say, whatever it was called"),
    Column("byte_count", Integer, nullable=False),
    Column("sha256", HexDigest, nullable=False, comment="of the bytes as they came"),
    Column("made_at", Double, nullable=False),
    Column("sealed", LargeBinary, comment="its name and bytes, encrypted; NULL once its time is over"),
    UniqueConstraint("case_id", "sha256"),
    CheckConstraint(one_of("media_type", MEDIA_TYPES), name="media_type"),
    CheckConstraint(f"byte_count BETWEEN 1 AND {MAX_BYTES}", name="byte_count"),
)

appeals = Table(
    "appeals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sanction_id", String(32), ForeignKey("sanctions.id"), nullable=False),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False, unique=True),
    Column("account", Text, nullable=False, comment="account:<id> of who appeals"),
    Column("filed_at", Double, nullable=False),
    Column("words", LargeBinary, comment="what the member wrote, encrypted; NULL once its time is over"),
    Column("state", String(16), nullable=False),
    Column("ordered_by", Text, nullable=False, comment="who ordered what is appealed against"),
    Column("judged_by", Text, comment="who judged it; NULL for a machine alone"),
    Column("second_by", Text, comment="who judged it second, or last"),
    Column("reduced_kind", String(32), comment="what takes the place of the sanction if it is reduced"),
    Column("reduced_until", Double),
    Column("reduced_to", String(32), ForeignKey("sanctions.id"), comment="the milder one that took its place"),
    Column("outcome", String(16), comment="of a closed one"),
    Column("decided_by", Text),
    Column("decided_at", Double),
    Column("reason", Text, comment="as the member is told it"),
    CheckConstraint(one_of("state", APPEAL_STATES), name="state"),
    CheckConstraint(f"outcome IS NULL OR {one_of('outcome', APPEAL_OUTCOMES)}", name="outcome"),
    CheckConstraint(f"reduced_kind IS NULL OR {one_of('reduced_kind', SANCTION_KINDS)}", name="reduced_kind"),
    CheckConstraint(
        "(state = 'closed') = (outcome IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL "
        "AND reason IS NOT NULL)",
        name="closed_is_decided",
    ),
    CheckConstraint("decided_by IS NULL OR decided_by <> ordered_by", name="by_another_than_orderer"),
    CheckConstraint("decided_by IS NULL OR judged_by IS NULL OR decided_by <> judged_by", name="by_another_than_first"),
    CheckConstraint(
        "decided_by IS NULL OR second_by IS NULL OR decided_by <> second_by", name="by_another_than_second"
    ),
)
Index(
    "ux_appeals_open", appeals.c.sanction_id, unique=True,
    sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"),
)
Index("ix_appeals_sanction", appeals.c.sanction_id)
Index("ix_appeals_reduced", appeals.c.reduced_to)
Index("ix_appeals_account", appeals.c.account, appeals.c.filed_at)
Index("ix_appeals_decided", appeals.c.state, appeals.c.decided_at)

content_requests = Table(
    "content_requests",
    metadata,
    Column("closure_id", String(32), ForeignKey("closures.id"), primary_key=True),
    Column("account", Text, primary_key=True, comment="account:<id> of a member who asks for what they wrote"),
    Column("asked_at", Double, nullable=False),
)
