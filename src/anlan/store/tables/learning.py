"""What people teach: the lexicon, judgements of texts, and the models made from them."""

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
)

from anlan.store.tables.register import BIG, HexDigest, metadata

lexicon_changes = Table(
    "lexicon_changes",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False, comment="given in order of proposal"),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_version", BIG, nullable=False, comment="of the lexicon that the author saw"),
    Column("term_count", Integer, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Double),
    Column("note", Text, nullable=False, default="", comment="what whoever decided said"),
    Column("preview", LargeBinary, comment="the report shown to whoever approved, without members' words"),
    Column("version", BIG, unique=True, comment="of the lexicon that it made"),
    CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name="state"),
    CheckConstraint(
        "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> author AND version IS NOT NULL)",
        name="approved_needs_second_person",
    ),
)
Index("ix_lexicon_changes_state", lexicon_changes.c.state, lexicon_changes.c.id)

lexicon_edits = Table(
    "lexicon_edits",
    metadata,
    Column("change_id", BIG, ForeignKey("lexicon_changes.id"), primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True, comment="the term's folded text"),
    Column("before", LargeBinary, comment="domain.terms.Term as JSON; NULL where there was none"),
    Column("after", LargeBinary, comment="likewise; NULL retires the term"),
    CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name="something"),
    Index("ix_lexicon_edits_key", "key"),
)

lexicon_terms = Table(
    "lexicon_terms",
    metadata,
    Column("key", Text, primary_key=True, comment="the term's folded text"),
    Column("body", LargeBinary, nullable=False, comment="domain.terms.Term as JSON; a retired one as it was last"),
    Column("is_retired", Boolean, nullable=False, comment="no longer looked for, even if it was shipped"),
    Column("change_id", BIG, ForeignKey("lexicon_changes.id"), nullable=False, comment="the last that was approved"),
    Column("version", BIG, nullable=False, comment="of the lexicon that the change made"),
)

lexicon_versions = Table(
    "lexicon_versions",
    metadata,
    Column("hash", String(64), primary_key=True, comment="the one that decisions name"),
    Column("version", BIG, nullable=False),
    Column("loaded_at", Double, nullable=False),
    Column("term_count", Integer, nullable=False),
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False, comment="given in order of arrival"),
    Column("subject", HexDigest, nullable=False, comment="an event's key, or the digest of a text without an event"),
    Column("is_event", Boolean, nullable=False),
    Column("category", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("origin", String(16), nullable=False, comment="console or import"),
    Column("provenance", Text, nullable=False, comment="the page, file or ticket"),
    Column("note", Text, nullable=False, default=""),
    Column("is_current", Boolean, nullable=False, comment="not replaced by a later one of the same person"),
    Column("text", Text, comment="personal; only of texts without an event, until their retention ends"),
    CheckConstraint("category IN ('normal', 'abuse', 'porn', 'gambling', 'fraud', 'illicit_ad')", name="category"),
    Index("ix_judgements_subject", "subject", "id"),
)
Index(
    "uq_judgements_current", judgements.c.subject, judgements.c.by, unique=True,
    sqlite_where=judgements.c.is_current, postgresql_where=judgements.c.is_current,
)

text_models = Table(
    "text_models",
    metadata,
    Column("version", String(64), primary_key=True, comment="the one that decisions name"),
    Column("state", String(16), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("parent", String(64), nullable=False, comment="the model that it was made from; empty if from none"),
    Column("sha256", String(64), nullable=False),
    Column("taught_until", BIG, nullable=False, comment="the last judgement that it knows"),
    Column("judged_texts", Integer, nullable=False, comment="how many taught it"),
    Column("shadowed_by", Text),
    Column("shadowed_at", Double),
    Column("share", Double, nullable=False, comment="of all texts that it scores in shadow"),
    Column("approved_by", Text),
    Column("live_at", Double),
    Column("replaced", String(64), comment="in force before it; empty for the shipped one"),
    CheckConstraint("state IN ('candidate', 'shadow', 'live', 'retired')", name="state"),
    CheckConstraint(
        "state <> 'live' OR (approved_by IS NOT NULL AND shadowed_by IS NOT NULL AND approved_by <> shadowed_by)",
        name="live_needs_second_person",
    ),
    CheckConstraint("share > 0 AND share <= 1", name="share"),
)
Index(
    "uq_text_models_one", text_models.c.state, unique=True,
    sqlite_where=text_models.c.state.in_(("shadow", "live")),
    postgresql_where=text_models.c.state.in_(("shadow", "live")),
)

shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column("model", String(64), primary_key=True, comment="the one in shadow"),
    Column("event_key", HexDigest, primary_key=True),
    Column("beside", String(64), nullable=False, comment="the model in force"),
    Column("at", Double, nullable=False, comment="event time"),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("old", LargeBinary, nullable=False, comment="JSON: scores in order of the categories"),
    Column("new", LargeBinary, nullable=False, comment="likewise, of the model in shadow"),
)
Index("ix_shadow_scores_at", shadow_scores.c.model, shadow_scores.c.at)

model_references = Table(
    "model_references",
    metadata,
    Column("model", String(64), primary_key=True),
    Column("since", Double, nullable=False, comment="when it was first seen in force"),
    Column("until", Double, comment="end of the window of the histograms; NULL while they are not complete"),
    Column("body", LargeBinary, comment="JSON: the histograms"),
)
