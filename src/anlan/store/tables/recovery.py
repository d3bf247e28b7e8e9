"""Claims of people who lost their accounts: what the platform registered, evidence, vouches, decisions.

Nothing is handed over without a time in which the owner can stop it, nothing of value or at risk without two people who
answered alike, each by themselves: the database refuses the row otherwise.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from anlan.domain.claim_judgements import CLAIM_ANSWERS
from anlan.domain.claims import CLAIM_STATES, CLAIM_WAYS, SETTLEMENTS, UNDER_WAY, VALUE_CLASSES
from anlan.domain.recovery import EVIDENCE_KINDS, EVIDENCE_OUTCOMES
from anlan.domain.vouching import VOUCH_ANSWERS
from anlan.store.tables.register import BIG, HexDigest, metadata, one_of

recovery_accounts = Table(
    "recovery_accounts",
    metadata,
    Column("account", Text, primary_key=True, comment="account:<id>; every act on its claims locks the row"),
    Column("value_class", String(16), nullable=False),
    Column("sealed", LargeBinary, comment="what the platform registered for recovery, encrypted"),
    Column("told_at", Double, index=True),
    Column("told_by", Text),
    Column("locked", Integer, nullable=False, comment="raised by whoever acts, only to hold the row"),
    Column("watched_until", Double, comment="given back, and not yet trusted"),
    CheckConstraint(one_of("value_class", VALUE_CLASSES), name="value_class"),
)

recovery_traces = Table(
    "recovery_traces",
    metadata,
    Column("seq", BIG, primary_key=True, autoincrement=False, comment="of its event"),
    Column("account", Text, nullable=False, comment="account:<id>"),
    Column("kind", String(16), nullable=False),
    Column("at", Double, nullable=False, index=True, comment="event time"),
    Column("sealed", LargeBinary, nullable=False, comment="what an owner may remember of it, encrypted"),
    CheckConstraint("kind IN ('group', 'payment')", name="kind"),
)
Index("ix_recovery_traces_account", recovery_traces.c.account, recovery_traces.c.kind, recovery_traces.c.at)

recovery_judgements = Table(
    "recovery_judgements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(80), ForeignKey("cases.id"), nullable=False),
    Column("review", Integer, nullable=False, comment="which time the claim came to people, from 1"),
    Column("stage", Integer, nullable=False, comment="1, 2 blind, 3 a senior between two that differ"),
    Column("by", Text, nullable=False, comment="staff:<name>"),
    Column("at", Double, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("words", Text, nullable=False, comment="for the claimant where it refuses, for colleagues otherwise"),
    UniqueConstraint("case_id", "review", "stage", name="uq_recovery_judgements_stage"),
    UniqueConstraint("case_id", "review", "by", name="uq_recovery_judgements_by"),
    UniqueConstraint("case_id", "review", "by", "answer", name="uq_recovery_judgements_answer"),
    CheckConstraint("stage BETWEEN 1 AND 3", name="stage"),
    CheckConstraint(one_of("answer", CLAIM_ANSWERS), name="answer"),
    CheckConstraint("answer <> 'refuse' OR words <> ''", name="refused_in_words"),
)

_JUDGEMENT = tuple(f"recovery_judgements.{name}" for name in ("case_id", "review", "by", "answer"))

recovery_claims = Table(
    "recovery_claims",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", HexDigest, nullable=False, unique=True, comment="SHA-256 of what the claimant's address has"),
    Column("account", Text, nullable=False, comment="account:<id>, as claimed; it need not exist"),
    Column("claimant", HexDigest, nullable=False, comment="digest of network and device"),
    Column("network", HexDigest, comment="digest of the claimant's network; NULL once its time is over"),
    Column("way", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("opened_by", Text, nullable=False, comment="public or key:<id>"),
    Column("sealed", LargeBinary, comment="how to reach the claimant and what they wrote; NULL once its time is over"),
    Column("is_high_value", Boolean, nullable=False),
    Column("dormant_years", Double, nullable=False),
    Column("assessment", LargeBinary, comment="domain.recovery.Assessment as JSON"),
    Column("submitted_at", Double),
    Column("stop_hash", HexDigest, unique=True, comment="SHA-256 of what the stop button's address has"),
    Column("case_id", String(80), ForeignKey("cases.id"), index=True),
    Column("reviews", Integer, nullable=False, server_default="0", comment="how often it came to people"),
    Column("needs_two", Boolean, nullable=False, server_default=false(), comment="by risk, or because one asked"),
    Column("first_approver", Text),
    Column("second_approver", Text),
    Column("approved_answer", String(16), comment="what the approvers answered, each by themselves"),
    Column("settlement", String(16), comment="what relatives are granted"),
    Column("cool_off_until", Double),
    Column("is_flagged", Boolean, nullable=False, comment="the owner said that it is forged"),
    Column("refused_by", Text),
    Column("words", Text, nullable=False, comment="what staff tell the claimant"),
    Column("ended_at", Double),
    Column("ended_by", Text),
    CheckConstraint(one_of("state", CLAIM_STATES), name="state"),
    CheckConstraint(one_of("way", CLAIM_WAYS), name="way"),
    CheckConstraint(f"settlement IS NULL OR {one_of('settlement', SETTLEMENTS)}", name="settlement"),
    CheckConstraint(f"(ended_at IS NULL) = ({one_of('state', UNDER_WAY)})", name="ended"),
    CheckConstraint(
        "state NOT IN ('cooling', 'granted') OR (cool_off_until IS NOT NULL AND stop_hash IS NOT NULL)",
        name="can_be_stopped",
    ),
    CheckConstraint("state <> 'granted' OR ended_at >= cool_off_until", name="cooled_off"),
    CheckConstraint(
        "state NOT IN ('cooling', 'granted') "
        "OR (NOT is_high_value AND way = 'owner' AND NOT is_flagged AND NOT needs_two) "
        "OR (first_approver IS NOT NULL AND second_approver IS NOT NULL)",
        name="risk_needs_two",
    ),
    CheckConstraint("first_approver <> second_approver", name="two_approvers"),
    CheckConstraint(
        "(first_approver IS NULL) = (approved_answer IS NULL) AND approved_answer <> 'refuse'", name="approved_answer"
    ),
    CheckConstraint("settlement IS NULL OR settlement = approved_answer", name="settled_as_approved"),
    ForeignKeyConstraint(["case_id", "reviews", "first_approver", "approved_answer"], _JUDGEMENT,
                         name="fk_recovery_claims_first_approval"),
    ForeignKeyConstraint(["case_id", "reviews", "second_approver", "approved_answer"], _JUDGEMENT,
                         name="fk_recovery_claims_second_approval"),
    CheckConstraint(
        "way = 'owner' OR state NOT IN ('cooling', 'granted') OR settlement IS NOT NULL", name="relative_settled"
    ),
)
Index(
    "ux_recovery_claims_claimant", recovery_claims.c.account, recovery_claims.c.claimant, unique=True,
    sqlite_where=text(one_of("state", UNDER_WAY)), postgresql_where=text(one_of("state", UNDER_WAY)),
)
Index("ix_recovery_claims_account", recovery_claims.c.account, recovery_claims.c.opened_at)
Index("ix_recovery_claims_network", recovery_claims.c.network, recovery_claims.c.opened_at)
Index("ix_recovery_claims_state", recovery_claims.c.state, recovery_claims.c.opened_at)
Index("ix_recovery_claims_ended", recovery_claims.c.ended_at)

recovery_evidence = Table(
    "recovery_evidence",
    metadata,
    Column("claim_id", String(32), ForeignKey("recovery_claims.id"), primary_key=True),
    Column("kind", String(16), primary_key=True, comment="one answer to a question: there is no second try"),
    Column("outcome", String(16), nullable=False),
    Column("at", Double, nullable=False),
    Column("sealed", LargeBinary, comment="what was answered, encrypted; never a password; NULL once its time is over"),
    CheckConstraint(one_of("kind", EVIDENCE_KINDS), name="kind"),
    CheckConstraint(one_of("outcome", EVIDENCE_OUTCOMES), name="outcome"),
)

claim_codes = Table(
    "claim_codes",
    metadata,
    Column("claim_id", String(32), ForeignKey("recovery_claims.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("code_hash", HexDigest, comment="NULL where nothing was sent, which the claimant is not told"),
    Column("expires_at", Double, nullable=False),
    Column("tries", Integer, nullable=False),
)

recovery_vouches = Table(
    "recovery_vouches",
    metadata,
    Column("claim_id", String(32), ForeignKey("recovery_claims.id"), primary_key=True),
    Column("friend", Text, primary_key=True, comment="account:<id>"),
    Column("asked_at", Double, nullable=False),
    Column("answer", String(16)),
    Column("answered_at", Double),
    CheckConstraint(f"answer IS NULL OR {one_of('answer', VOUCH_ANSWERS)}", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
)
Index("ix_recovery_vouches_friend", recovery_vouches.c.friend, recovery_vouches.c.asked_at)
