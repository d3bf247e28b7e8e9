"""The desk: cases of every kind, what people judge of them, and sanctions with the laws that guard them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = "id, queue, priority, event_seq, policy, target, opened_at, state"


def upgrade() -> None:
    op.execute(f"CREATE TABLE cases_kept AS SELECT {_KEPT} FROM cases")
    op.drop_table("cases")
    _cases()
    op.execute(f"INSERT INTO cases ({_KEPT}, ranked_at) SELECT {_KEPT}, opened_at FROM cases_kept")
    op.drop_table("cases_kept")
    _judging()
    _sanctions()


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False, comment="1 the most urgent, 5 the least"),
        sa.Column("event_seq", _BIG, comment="the event it began with, if any"),
        sa.Column("policy", sa.String(length=128), nullable=False, comment="that opened it; empty if none did"),
        sa.Column("target", sa.Text(), nullable=False, comment="kind:id of whom it is about"),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), server_default="review", nullable=False),
        sa.Column(
            "category",
            sa.String(length=64),
            server_default="",
            nullable=False,
            comment="of the harm, as policies name it",
        ),
        sa.Column(
            "ranked_at",
            sa.Double(),
            server_default="0",
            nullable=False,
            comment="opened_at less the head start that harm and reach earn; the smallest is next",
        ),
        sa.Column("due_at", sa.Double(), comment="by the queue's service clock"),
        sa.Column("escalated_at", sa.Double()),
        sa.Column(
            "stage",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="the next judgement: 1, 2 blind, 3 senior",
        ),
        sa.Column("outcome", sa.String(length=16), comment="of a closed case: one of the answers"),
        sa.Column("closed_at", sa.Double()),
        sa.Column("merged_into", sa.String(length=80)),
        sa.CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name=op.f("ck_cases_merged_into_another")),
        sa.CheckConstraint("kind IN ('review', 'report', 'appeal', 'complaint', 'funds')", name=op.f("ck_cases_kind")),
        sa.CheckConstraint(
            "state <> 'closed' OR (outcome IS NOT NULL AND closed_at IS NOT NULL)",
            name=op.f("ck_cases_closed_has_outcome"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed', 'merged')", name=op.f("ck_cases_state")),
        sa.CheckConstraint("stage BETWEEN 1 AND 3", name=op.f("ck_cases_stage")),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name=op.f("fk_cases_event_seq")),
        sa.ForeignKeyConstraint(["merged_into"], ["cases.id"], name=op.f("fk_cases_merged_into")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("id", "target", name=op.f("uq_cases_id_target")),
    )
    op.create_index("ix_cases_next", "cases", ["state", "queue", "ranked_at", "id"])
    op.create_index("ix_cases_target", "cases", ["target", "state"])


def _judging() -> None:
    op.create_table(
        "case_claims",
        sa.Column("case_id", sa.String(length=80), nullable=False, comment="one person at a time"),
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name>"),
        sa.Column("claimed_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_claims_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_claims")),
    )
    op.create_index("ix_case_claims_by", "case_claims", ["by", "expires_at"])

    op.create_table(
        "case_findings",
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("event_seq", _BIG, autoincrement=False, nullable=False),
        sa.Column("pass_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "policy", sa.String(length=128), nullable=False, comment="what the machine found, by the policy that held"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_findings_case_id")),
        sa.ForeignKeyConstraint(
            ["event_seq", "pass_number"],
            ["decisions.event_seq", "decisions.pass_number"],
            name="fk_case_findings_decision",
        ),
        sa.PrimaryKeyConstraint("case_id", "event_seq", "pass_number", "policy", name=op.f("pk_case_findings")),
    )
    op.create_table(
        "case_history",
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name>, key:<id>, member or system"),
        sa.Column("act", sa.String(length=32), nullable=False, comment="opened, claimed, skipped, merged, judged, ..."),
        sa.Column("details", sa.LargeBinary(), nullable=False, comment="JSON"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_history_case_id")),
        sa.PrimaryKeyConstraint("case_id", "ordinal", name=op.f("pk_case_history")),
    )
    op.create_table(
        "case_judgements",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="staff:<name>"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False, comment="of the harm; empty for none"),
        sa.Column(
            "severity",
            sa.String(length=16),
            nullable=False,
            comment="low, medium, high or critical; empty for no violation",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "machine_answer",
            sa.String(length=16),
            nullable=False,
            comment="what the machine said, hidden until this was given",
        ),
        sa.Column("saw_machine", sa.Boolean(), nullable=False, comment="the policy did not ask for a blind judgement"),
        sa.Column("took_s", sa.Double(), nullable=False, comment="from claim to judgement"),
        sa.CheckConstraint(
            "answer IN ('violation', 'no_violation', 'unclear', 'uphold', 'reduce', 'reverse', 'grant', 'refuse')",
            name=op.f("ck_case_judgements_answer"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_case_judgements_reason")),
        sa.CheckConstraint("stage BETWEEN 1 AND 3", name=op.f("ck_case_judgements_stage")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_judgements_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_judgements")),
        sa.UniqueConstraint("case_id", "by", name=op.f("uq_case_judgements_case_id_by")),
        sa.UniqueConstraint("case_id", "stage", name=op.f("uq_case_judgements_case_id_stage")),
        sa.UniqueConstraint("id", "case_id", "answer", "by", name=op.f("uq_case_judgements_id_case_id_answer_by")),
    )
    op.create_index("ix_case_judgements_by", "case_judgements", ["by", "at"])


def _sanctions() -> None:
    op.create_table(
        "closures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("group", sa.Text(), nullable=False, comment="group:<id>"),
        sa.Column("case_id", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column(
            "member_count", _BIG, nullable=False, comment="as the platform told; nobody is punished for being counted"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_closures_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_table(
        "sanctions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="account:<id>, group:<id> or event:<id>"),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("feature", sa.String(length=64), nullable=False, comment="of a feature limit; else empty"),
        sa.Column("starts_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), comment="NULL: until reversed"),
        sa.Column("is_permanent", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=128), nullable=False, comment="the policy or rule that was broken"),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("strikes_until", sa.Double(), nullable=False),
        sa.Column(
            "grounds", sa.LargeBinary(), nullable=False, comment="JSON: what weighed for and against, step by step"
        ),
        sa.Column("case_id", sa.String(length=80), comment="NULL for an automatic one"),
        sa.Column("case_target", sa.Text(), comment="whom that case is about"),
        sa.Column("finding_seq", _BIG),
        sa.Column("finding_pass", sa.Integer()),
        sa.Column("finding_policy", sa.String(length=128)),
        sa.Column("judgement_id", sa.String(length=32)),
        sa.Column("judgement_answer", sa.String(length=16)),
        sa.Column("judged_by", sa.Text()),
        sa.Column(
            "needs_second", sa.Boolean(), nullable=False, comment="the policy asks for a second, blind judgement"
        ),
        sa.Column("second_id", sa.String(length=32)),
        sa.Column("second_answer", sa.String(length=16)),
        sa.Column("second_by", sa.Text()),
        sa.Column("closure_id", sa.String(length=32)),
        sa.Column("closure_role", sa.String(length=16), comment="owner, admin or member of the closed group"),
        sa.Column("ordered_by", sa.Text(), nullable=False, comment="staff:<name> or policy:<id>"),
        sa.Column("ordered_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lifted_at", sa.Double()),
        sa.Column("lifted_by", sa.Text()),
        sa.Column("lift_reason", sa.Text()),
        sa.CheckConstraint(
            "NOT (is_permanent AND needs_second) OR (second_id IS NOT NULL AND second_by IS NOT NULL AND second_answer IS NOT NULL AND second_answer = 'violation' AND second_by <> judged_by)",
            name=op.f("ck_sanctions_second_person_where_asked"),
        ),
        sa.CheckConstraint(
            "NOT is_permanent OR (case_id IS NOT NULL AND finding_seq IS NOT NULL AND finding_pass IS NOT NULL AND finding_policy IS NOT NULL AND judgement_id IS NOT NULL AND judged_by IS NOT NULL AND judgement_answer IS NOT NULL AND judgement_answer = 'violation')",
            name=op.f("ck_sanctions_permanent_needs_machine_and_person"),
        ),
        sa.CheckConstraint(
            "NOT is_permanent OR case_target = target OR (closure_role IS NOT NULL AND closure_role IN ('owner', 'admin'))",
            name=op.f("ck_sanctions_permanent_on_own_case"),
        ),
        sa.CheckConstraint(
            "closure_role IS NULL OR closure_role IN ('owner', 'admin') OR (closure_role = 'member' AND finding_seq IS NOT NULL AND judgement_id IS NOT NULL AND case_target = target)",
            name=op.f("ck_sanctions_member_only_on_own_finding"),
        ),
        sa.CheckConstraint(
            "ends_at IS NOT NULL OR kind IN ('close_group', 'ban', 'notice', 'warning', 'remove_content')",
            name=op.f("ck_sanctions_others_have_an_end"),
        ),
        sa.CheckConstraint(
            "is_permanent = (kind IN ('close_group', 'ban') AND ends_at IS NULL)",
            name=op.f("ck_sanctions_permanent_is_without_end"),
        ),
        sa.CheckConstraint(
            "kind IN ('notice', 'warning', 'remove_content', 'limit_feature', 'mute', 'freeze', 'suspend', 'close_group', 'ban')",
            name=op.f("ck_sanctions_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('scheduled', 'ordered', 'in_force', 'refused', 'ended', 'lifting', 'reversed')",
            name=op.f("ck_sanctions_state"),
        ),
        sa.CheckConstraint("closure_role IS NULL OR closure_id IS NOT NULL", name=op.f("ck_sanctions_role_in_closure")),
        sa.CheckConstraint(
            "ends_at IS NULL OR (ends_at > starts_at AND ends_at <= starts_at + 31622400)",
            name=op.f("ck_sanctions_end_is_near"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "case_target"], ["cases.id", "cases.target"], name="fk_sanctions_case_target"
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "finding_seq", "finding_pass", "finding_policy"],
            ["case_findings.case_id", "case_findings.event_seq", "case_findings.pass_number", "case_findings.policy"],
            name="fk_sanctions_finding",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_sanctions_case_id")),
        sa.ForeignKeyConstraint(["closure_id"], ["closures.id"], name=op.f("fk_sanctions_closure_id")),
        sa.ForeignKeyConstraint(
            ["judgement_id", "case_id", "judgement_answer", "judged_by"],
            ["case_judgements.id", "case_judgements.case_id", "case_judgements.answer", "case_judgements.by"],
            name="fk_sanctions_judgement",
        ),
        sa.ForeignKeyConstraint(
            ["second_id", "case_id", "second_answer", "second_by"],
            ["case_judgements.id", "case_judgements.case_id", "case_judgements.answer", "case_judgements.by"],
            name="fk_sanctions_second",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanctions")),
    )
    op.create_index("ix_sanctions_case", "sanctions", ["case_id"])
    op.create_index("ix_sanctions_ending", "sanctions", ["state", "ends_at"])
    op.create_index("ix_sanctions_target", "sanctions", ["target", "state"])

    op.create_table(
        "sanction_orders",
        sa.Column("message_id", sa.String(length=80), nullable=False, comment="of the outbox"),
        sa.Column("sanction_id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False, comment="apply or lift"),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column(
            "answer",
            sa.String(length=16),
            nullable=False,
            comment="waiting, confirmed or refused, as the platform said",
        ),
        sa.Column("answered_at", sa.Double()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("act IN ('apply', 'lift')", name=op.f("ck_sanction_orders_act")),
        sa.CheckConstraint("answer IN ('waiting', 'confirmed', 'refused')", name=op.f("ck_sanction_orders_answer")),
        sa.ForeignKeyConstraint(["sanction_id"], ["sanctions.id"], name=op.f("fk_sanction_orders_sanction_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_sanction_orders")),
    )
    op.create_index("ix_sanction_orders_sanction", "sanction_orders", ["sanction_id"])
    op.create_index("ix_sanction_orders_waiting", "sanction_orders", ["answer", "sent_at"])
