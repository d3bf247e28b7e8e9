"""Claims of risk are answered by two people, each by themselves; approvals that were given before count as answers."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_DECIDED = "state NOT IN ('cooling', 'granted') "
_BOTH = "OR (first_approver IS NOT NULL AND second_approver IS NOT NULL)"
_BEFORE = f"{_DECIDED}OR (NOT is_high_value AND way = 'owner') {_BOTH}"
_CHECKS = {
    "risk_needs_two": (
        f"{_DECIDED}OR (NOT is_high_value AND way = 'owner' AND NOT is_flagged AND NOT needs_two) {_BOTH}"
    ),
    "approved_answer": "(first_approver IS NULL) = (approved_answer IS NULL) AND approved_answer <> 'refuse'",
    "settled_as_approved": "settlement IS NULL OR settlement = approved_answer",
}
_ANSWER = ["case_id", "review", "by", "answer"]


def upgrade() -> None:
    op.create_table(
        "recovery_judgements",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("review", sa.Integer(), nullable=False, comment="which time the claim came to people, from 1"),
        sa.Column("stage", sa.Integer(), nullable=False, comment="1, 2 blind, 3 a senior between two that differ"),
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name>"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False, comment="for the claimant where it refuses, for colleagues otherwise"),
        sa.CheckConstraint("stage BETWEEN 1 AND 3", name=op.f("ck_recovery_judgements_stage")),
        sa.CheckConstraint("answer IN ('grant', 'hand_over', 'memorial', 'close', 'refuse')", name=op.f("ck_recovery_judgements_answer")),
        sa.CheckConstraint("answer <> 'refuse' OR words <> ''", name=op.f("ck_recovery_judgements_refused_in_words")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_recovery_judgements_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_judgements")),
        sa.UniqueConstraint(*_ANSWER[:2], "stage", name="uq_recovery_judgements_stage"),
        sa.UniqueConstraint(*_ANSWER[:3], name="uq_recovery_judgements_by"),
        sa.UniqueConstraint(*_ANSWER, name="uq_recovery_judgements_answer"),
    )
    for column in (
        sa.Column("reviews", sa.Integer(), nullable=False, server_default="0", comment="how often it came to people"),
        sa.Column("needs_two", sa.Boolean(), nullable=False, server_default=sa.false(), comment="by risk, or because one asked"),
        sa.Column("approved_answer", sa.String(length=16), comment="what the approvers answered, each by themselves"),
    ):
        op.add_column("recovery_claims", column)
    _take_over()
    _constraints()


def _take_over() -> None:
    """Approvals of before become answers of review 0, which no audit row of ours has to bear out."""
    for stage, column in ((1, "first_approver"), (2, "second_approver")):
        op.execute(
            "INSERT INTO recovery_judgements (id, case_id, review, stage, by, at, answer, words) "
            f"SELECT substr(id, 10) || '.{stage}', case_id, 0, {stage}, {column}, coalesce(submitted_at, opened_at), "
            f"coalesce(settlement, 'grant'), '' FROM recovery_claims WHERE {column} IS NOT NULL"
        )
    op.execute(
        "UPDATE recovery_claims SET first_approver = NULL, settlement = NULL "
        "WHERE state = 'review' AND first_approver IS NOT NULL"
    )
    op.execute(
        "UPDATE recovery_claims SET needs_two = (is_high_value OR way = 'relative' OR is_flagged) WHERE state = 'review'"
    )
    op.execute(
        "UPDATE recovery_claims SET approved_answer = coalesce(settlement, 'grant') WHERE first_approver IS NOT NULL"
    )


def _constraints() -> None:
    """On SQLite as revision 0011 does it, and for its reasons."""
    approvals = {name: ["case_id", "reviews", f"{name}_approver", "approved_answer"] for name in ("first", "second")}
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_recovery_claims_value_needs_two"), "recovery_claims")
        for name, check in _CHECKS.items():
            op.create_check_constraint(op.f(f"ck_recovery_claims_{name}"), "recovery_claims", check)
        for name, columns in approvals.items():
            op.create_foreign_key(
                f"fk_recovery_claims_{name}_approval", "recovery_claims", "recovery_judgements", columns, _ANSWER
            )
        return
    made = [f"CONSTRAINT ck_recovery_claims_{name} CHECK ({check})" for name, check in _CHECKS.items()]
    made += [
        f"CONSTRAINT fk_recovery_claims_{name}_approval FOREIGN KEY({', '.join(columns)}) "
        f"REFERENCES recovery_judgements ({', '.join(_ANSWER)})"
        for name, columns in approvals.items()
    ]
    op.execute("PRAGMA writable_schema = ON")
    corrected = sa.text("UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE name = 'recovery_claims'")
    before = f"CONSTRAINT ck_recovery_claims_value_needs_two CHECK ({_BEFORE})"
    op.execute(corrected.bindparams(before=before, after=", ".join(made)))
    op.execute("PRAGMA writable_schema = RESET")
