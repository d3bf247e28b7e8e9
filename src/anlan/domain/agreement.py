"""Which judgement a case needs next, who is drawn for a second one, and how far people agree beyond chance."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import chain
from typing import Literal

from anlan.domain.cases import CaseKind

Step = Literal["close", "second", "senior"]
FIRST, SECOND, SENIOR = 1, 2, 3
GRAVE = frozenset({"high", "critical"})
UNDECIDED = "unclear"


def is_sampled(token: str, share: float) -> bool:
    """Whether `token` falls into a random `share` (0 to 1) of all tokens; the same token always answers alike."""
    drawn = int.from_bytes(sha256(b"anlan sample " + token.encode()).digest()[:8])
    return drawn < share * 2**64


def is_risky(kind: CaseKind, answer: str, severity: str, priority: int) -> bool:
    """Whether too much hangs on this first answer for one person: it can lead to a permanent sanction, it pays
    money out, it is urgent, or whoever gave it could not decide."""
    if kind == "funds":
        return answer == "grant"
    return answer == UNDECIDED or (answer == "violation" and (severity in GRAVE or priority == 1))


def next_step(stage: int, answers: Sequence[str], *, needs_second: bool) -> Step:
    """What follows the answer of `stage`.

    Args:
        answers: of all stages so far, in order.
        needs_second: by risk or by sample; read after the first stage only.
    """
    if stage == FIRST:
        return "second" if needs_second else "close"
    if stage == SECOND:
        agree = answers[0] == answers[1] != UNDECIDED
        return "close" if agree else "senior"
    return "close"


def cohen_kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two raters: 1 full agreement, 0 no better than chance; None when chance alone explains all.

    Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    rows = list(pairs)
    if not rows:
        return None
    observed = sum(one == other for one, other in rows) / len(rows)
    first, second = Counter(one for one, _ in rows), Counter(other for _, other in rows)
    expected = sum(first[answer] * second[answer] for answer in first) / len(rows) ** 2
    return _beyond_chance(observed, expected)


def fleiss_kappa(items: Iterable[Sequence[str]]) -> float | None:
    """Fleiss' kappa of items that each got the answers of two or more raters, not always the same ones.

    Fleiss, "Measuring nominal scale agreement among many raters", 1971, where every item has as many answers; with
    different numbers each item weighs alike in the agreement and each answer alike in the chance.
    """
    rated = [list(answers) for answers in items if len(answers) >= 2]
    if not rated:
        return None
    agreement = [_agreement_within(answers) for answers in rated]
    totals = Counter(chain.from_iterable(rated))
    count = totals.total()
    expected = sum((held / count) ** 2 for held in totals.values())
    return _beyond_chance(sum(agreement) / len(agreement), expected)


def _agreement_within(answers: Sequence[str]) -> float:
    raters = len(answers)
    return sum(held * (held - 1) for held in Counter(answers).values()) / (raters * (raters - 1))


def _beyond_chance(observed: float, expected: float) -> float | None:
    return None if expected >= 1.0 else (observed - expected) / (1.0 - expected)
