"""How far people agree with each other, with checks of known answer, and with the machine, from their judgements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select

from anlan.domain.agreement import cohen_kappa, fleiss_kappa
from anlan.store.tables import case_judgements, cases, golden_cases

Pair = tuple[str, str]


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How two people who judged the same cases without seeing each other agree.

    Attributes:
        name: of the policy, reviewer or queue.
        pairs: cases that two people judged.
        share: of those, on how many they said the same.
        kappa: Cohen's, agreement beyond chance; None when there is nothing to compare with.
    """

    name: str
    pairs: int
    share: float
    kappa: float | None


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """Of a policy's findings that people judged to the end, how many they confirmed; `blind` of them unseen."""

    policy: str
    judged: int
    confirmed: int
    blind: int

    @property
    def share(self) -> float:
        """Of judged findings, how many were confirmed."""
        return self.confirmed / self.judged


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """How often somebody answered checks as they should be answered."""

    by: str
    judged: int
    right: int


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """All measures since a moment; `checks_kappa` is Fleiss', over checks that several people answered."""

    policies: tuple[Agreement, ...]
    reviewers: tuple[Agreement, ...]
    queues: tuple[Agreement, ...]
    precision: tuple[Precision, ...]
    accuracy: tuple[Accuracy, ...]
    checks_kappa: float | None


def measure(connection: Connection, since: float) -> Measures:
    """Read every measure from judgements given since `since`, wall-clock seconds."""
    by_policy: dict[str, list[Pair]] = defaultdict(list)
    by_queue: dict[str, list[Pair]] = defaultdict(list)
    by_reviewer: dict[str, list[Pair]] = defaultdict(list)
    for row in connection.execute(_pairs(since)):
        pair = (row.first_answer, row.second_answer)
        by_queue[row.queue].append(pair)
        if row.policy:
            by_policy[row.policy].append(pair)
        by_reviewer[row.first_by].append(pair)
        by_reviewer[row.second_by].append((pair[1], pair[0]))
    checks = connection.execute(_checks(since)).all()
    answers: dict[str, list[str]] = defaultdict(list)
    for row in checks:
        answers[row.item_id].append(row.answer)
    return Measures(
        policies=_agreements(by_policy), reviewers=_agreements(by_reviewer), queues=_agreements(by_queue),
        precision=_precision(connection, since), accuracy=_accuracy([(row.by, row.is_right) for row in checks]),
        checks_kappa=fleiss_kappa(answers.values()),
    )


def _pairs(since: float) -> Select[Any]:
    first, second = case_judgements.alias("first"), case_judgements.alias("second")
    return (
        select(
            cases.c.queue, cases.c.policy, first.c.by.label("first_by"), first.c.answer.label("first_answer"),
            second.c.by.label("second_by"), second.c.answer.label("second_answer"),
        )
        .join(first, (first.c.case_id == cases.c.id) & (first.c.stage == 1))
        .join(second, (second.c.case_id == cases.c.id) & (second.c.stage == 2))
        .where(second.c.at >= since)
    )


def _checks(since: float) -> Select[Any]:
    return (
        select(golden_cases.c.item_id, golden_cases.c.is_right, case_judgements.c.answer, case_judgements.c.by)
        .join(case_judgements, case_judgements.c.case_id == golden_cases.c.case_id)
        .where(case_judgements.c.at >= since, golden_cases.c.is_right.is_not(None))
    )


def _agreements(pairs_of: dict[str, list[Pair]]) -> tuple[Agreement, ...]:
    made = [
        Agreement(
            name=name, pairs=len(pairs), share=sum(one == other for one, other in pairs) / len(pairs),
            kappa=cohen_kappa(pairs),
        )
        for name, pairs in pairs_of.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.pairs, one.name)))


def _precision(connection: Connection, since: float) -> tuple[Precision, ...]:
    """By the outcome of closed cases in which the machine had found a violation; what nobody could tell is left out."""
    shown = select(golden_cases.c.case_id).where(golden_cases.c.case_id == cases.c.id).exists()
    rows = connection.execute(
        select(cases.c.policy, cases.c.outcome, case_judgements.c.saw_machine)
        .join(case_judgements, (case_judgements.c.case_id == cases.c.id) & (case_judgements.c.stage == 1))
        .where(cases.c.state == "closed", cases.c.closed_at >= since, cases.c.policy != "", ~shown)
        .where(case_judgements.c.machine_answer == "violation", cases.c.outcome.in_(("violation", "no_violation")))
    )
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for row in rows:
        found[row.policy].append((row.outcome == "violation", not row.saw_machine))
    return tuple(_precision_of(policy, judged) for policy, judged in sorted(found.items()))


def _precision_of(policy: str, judged: Sequence[tuple[bool, bool]]) -> Precision:
    return Precision(
        policy=policy, judged=len(judged), confirmed=sum(is_confirmed for is_confirmed, _ in judged),
        blind=sum(is_blind for _, is_blind in judged),
    )


def _accuracy(answered: Iterable[tuple[str, bool]]) -> tuple[Accuracy, ...]:
    right: dict[str, list[bool]] = defaultdict(list)
    for by, is_right in answered:
        right[by].append(is_right)
    return tuple(Accuracy(by=by, judged=len(said), right=sum(said)) for by, said in sorted(right.items()))
